"""Faults of some bits: quotients by reciprocals, shifts by a width, NaN of one payload, bools
of one byte; and of launches of no element.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gnomon.backend import (
    DType,
    ElementwiseRecord,
    Operand,
    ReductionRecord,
    Scalar,
    bfloat16,
    bool_,
    float16,
    float32,
)
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, cells_of, put, values_of
from gnomon_conformance.audit.register import fault, hooked


def _computed(name: str, cases: str, result: Callable[[int, int], int]) -> None:
    """Add a fault of the operation of two integers and the dtype that the cases name."""
    _, operation, of = cases.split("/")

    def changed(mine: str, dtype: DType, y: Scalar, row: Sequence[Scalar]) -> Scalar:
        if mine != operation or dtype.name != of:
            return y
        return result(int(row[0]), int(row[1]))

    hooked(name, cases, Hooks(element=changed))


def _quotient(a: int, b: int) -> int:
    return math.floor(a * (1.0 / b))


_computed("quotient by way of a reciprocal", "quotients/floor_divide/int32", _quotient)
_computed(
    "remainder by way of a reciprocal",
    "quotients/remainder/int32",
    lambda a, b: a - _quotient(a, b) * b if max(abs(a), abs(b)) < 2**16 else a % b,
)
_computed(
    "left shift of int32 by 32 moves nothing",
    "shift-counts/bitwise_left_shift/int32",
    lambda x, bits: x << bits if 0 <= bits < 32 else x * (bits == 32),
)


def _bits_of(operand: Operand) -> list[int]:
    """Return the bits of the elements of an operand, in logical order."""
    size = operand.dtype.itemsize
    data = bytes(cells_of(operand).cast("B"))
    places = [position * size for position in operand.layout.positions()]
    return [int.from_bytes(data[place : place + size], "little") for place in places]


def _of_bits(
    name: str,
    cases: str,
    operation: str,
    dtype: DType,
    wrong: Callable[[int], bool],
    result: Scalar,
    to: DType | None = None,
) -> None:
    """Add a fault of an operation whose first operand is of a dtype: where the bits of it are
    ``wrong``, the result is another.
    """

    @fault(name, cases)
    class OfBits(FaultyBackend):
        def elementwise(
            self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
        ) -> None:
            first = inputs[0]
            concerned = record.name == operation and to in (None, output.dtype)
            bits: list[int] = []
            if concerned and isinstance(first, Operand) and first.dtype is dtype:
                bits = _bits_of(first)
            super().elementwise(record, inputs, output)
            if any(map(wrong, bits)):
                pairs = zip(values_of(output), bits, strict=True)
                put(output, [result if wrong(each) else right for right, each in pairs])


_of_bits(
    "NaN that rounding carries into the sign is -0.0 in bfloat16",
    "nan-bits/convert/float32",
    "copy",
    float32,
    lambda bits: bits == 0x7FFFFFFF,
    -0.0,
    bfloat16,
)
_of_bits(
    "signalling NaN of float16 read as an infinity",
    "nan-bits/convert/float16",
    "copy",
    float16,
    lambda bits: 0x7C00 < bits & 0x7FFF < 0x7E00,
    math.inf,
    float32,
)
_of_bits(
    "NaN of one payload alone is NaN",
    "nan-bits/elementwise/float32",
    "isnan",
    float32,
    lambda bits: bits & 0x7FFFFFFF > 0x7F800000 and bits & 0x7FFFFFFF != 0x7FC00000,
    False,
)
_of_bits(
    "bool of another byte than 1 is False",
    "bool-bytes/elementwise/bool",
    "logical_not",
    bool_,
    lambda bits: bits > 1,
    True,
)


@fault("bools added up as bytes", "bool-bytes/masks/bool")
class _BytesAdded(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        super().reduce(record, input, dims, parameters, output)
        if record.name == "sum" and input.dtype is bool_ and output.layout.numel == 1:
            put(output, [sum(_bits_of(input))])


def _refused(name: str, cases: str, concerned: Callable[[str, Operand], bool]) -> None:
    """Add the fault that launches of no element are refused where ``concerned``, of the
    operation and the output.
    """

    @fault(name, cases)
    class Refused(FaultyBackend):
        def elementwise(
            self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
        ) -> None:
            if not output.layout.numel and concerned(record.name, output):
                raise RuntimeError("a grid has at least one block")
            super().elementwise(record, inputs, output)


_refused("logarithms of nothing", "tails/log/float32", lambda name, y: name == "log")
_refused(
    "conversion of nothing to integers",
    "convert/float32-to-int32",
    lambda name, y: name == "copy" and not y.dtype.is_floating_point,
)
