"""Faults of numbers: Python numbers beside an operand, and where a narrower float ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gnomon.backend import (
    DType,
    ElementwiseRecord,
    Operand,
    Scalar,
    bfloat16,
    bool_,
    float16,
    float32,
    int8,
    int32,
    int64,
    uint64,
)
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, put, values_of
from gnomon_conformance.audit.register import fault, hooked
from gnomon_conformance.correct import largest, smallest_normal


def _number(name: str, cases: str, change: Callable[[Scalar], Scalar]) -> None:
    """Add a fault in the number that launches of the operation and the dtype get which the
    cases name.
    """
    _, operation, dtype = cases.split("/")

    @fault(name, cases)
    class Numbered(FaultyBackend):
        def elementwise(
            self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
        ) -> None:
            dtypes = {each.dtype.name for each in inputs if isinstance(each, Operand)}
            if record.name == operation and dtypes == {dtype}:
                inputs = [x if isinstance(x, Operand) else change(x) for x in inputs]
            super().elementwise(record, inputs, output)


_number("number among factors of 64 bits cut to 32", "tails/mul/int64", int32.convert)
_number(
    "number among uint64 to compare with as a signed one",
    "tails/lt/uint64",
    lambda x: int64.convert(x) if x < 2**63 else 0,
)
_number(
    "number among uint8 to take the maximum with as a signed one",
    "tails/maximum/uint8",
    lambda x: int8.convert(x) if x < 128 else 0,
)
_number(
    "number among factors of bfloat16 rounded too early", "tails/mul/bfloat16", bfloat16.convert
)


def _beside(
    name: str,
    cases: str,
    number: Scalar,
    result: Callable[[Scalar, Scalar, DType], Scalar],
) -> None:
    """Add a fault of the operation that the cases name where its second operand is a number:
    ``result``, of the right one, the first operand and the dtype.
    """
    operation = cases.split("/")[1]

    @fault(name, cases)
    class Beside(FaultyBackend):
        def elementwise(
            self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
        ) -> None:
            columns = [self.column(each, output) for each in inputs]
            concerned = record.name == operation and not isinstance(inputs[-1], Operand)
            super().elementwise(record, inputs, output)
            if concerned and inputs[-1] == number:
                rows = zip(values_of(output), columns[0], strict=True)
                put(output, [result(y, x, output.dtype) for y, x in rows])


_beside(
    "square of integers by way of float32",
    "numbers/pow/int32",
    2,
    lambda y, x, d: int32.convert(int(float32.round(float(x) * float(x)))) if d is int32 else y,
)
_beside(
    "NaN to the power of the number 0 is NaN",
    "numbers/pow/float32",
    0,
    lambda y, x, d: math.nan if x != x else y,
)


def _narrowed(
    name: str,
    cases: str,
    result: DType,
    wrong: Callable[[float, float], float | None],
) -> None:
    """Add a fault in conversions of floats to a narrower dtype: where ``wrong``, of the number
    and what it is rounded to, has a value, that is the result.
    """

    def changed(mine: str, dtype: DType, y: Scalar, row: Sequence[Scalar]) -> Scalar:
        (x,) = row[:1]
        if mine != "copy" or dtype is not result or not isinstance(x, float):
            return y
        other = wrong(x, float(y)) if math.isfinite(x) else None
        return y if other is None else other

    hooked(name, cases, Hooks(element=changed))


_narrowed(
    "numbers above the largest float16 all infinite",
    "convert/float32-to-float16",
    float16,
    lambda x, y: math.copysign(math.inf, x) if abs(x) > largest(float16) else None,
)
_narrowed(
    "numbers that round to infinity made the largest float16",
    "convert/float64-to-float16",
    float16,
    lambda x, y: math.copysign(largest(float16), x) if 65520 <= abs(x) < 65536 else None,
)
_narrowed(
    "numbers above the largest float32 all infinite",
    "convert/float64-to-float32",
    float32,
    lambda x, y: math.copysign(math.inf, x) if abs(x) > largest(float32) else None,
)
_narrowed(
    "subnormal results of narrowing to float32 flushed",
    "convert/float64-to-float32",
    float32,
    lambda x, y: math.copysign(0.0, x) if abs(y) < smallest_normal(float32) else None,
)
_narrowed(
    "subnormal results of narrowing to bfloat16 flushed",
    "convert/float32-to-bfloat16",
    bfloat16,
    lambda x, y: math.copysign(0.0, x) if abs(y) < smallest_normal(bfloat16) else None,
)


@fault("an operand is equal to itself without looking", "numbers/eq/float32")
class _SameOperand(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        if output.dtype is bool_ and record.name == "eq" and inputs[0] == inputs[1]:
            put(output, [True] * output.layout.numel)


def _near_zero(operation: str, zero: float) -> None:
    """Add the fault that results next to a zero of a function are 0."""

    def changed(name: str, dtype: DType, y: Scalar, row: Sequence[Scalar]) -> Scalar:
        return 0.0 if name == operation and abs(row[0] - zero) < 1e-3 else y

    hooked(f"{operation} next to a zero is 0", f"*/{operation}/float32", Hooks(element=changed))


_near_zero("lgamma", 1.0)
_near_zero("logit", 0.5)
_near_zero("sin", math.pi)
_near_zero("cos", math.pi / 2)
_narrowed(
    "floats past 63 bits to unsigned integers as signed ones",
    "convert/float64-to-uint64",
    uint64,
    lambda x, y: 2**63 if 2**63 < x < 2**64 else None,
)
