"""Faults of one operation in one form: past some size, of so many dims, broadcast, in place."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import TypeAlias

from gnomon.backend import (
    ElementwiseRecord,
    Layout,
    Operand,
    PhiloxGenerator,
    ReductionRecord,
    Scalar,
    ScanRecord,
    SourceRecord,
    Stream,
    bool_,
)
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, put, values_of
from gnomon_conformance.audit.register import fault, hooked

#: Of the operands of an elementwise launch and its output, whether it goes wrong.
Concerned: TypeAlias = Callable[[Sequence[Operand], Operand], bool]


def _unwritten(
    name: str,
    cases: str,
    concerned: Concerned,
    keeps: Callable[[int], int] = lambda n: n - 1,
    operation: str = "",
) -> None:
    """Add a fault of the operation that is given, or that the cases name: where ``concerned``,
    elements from the one on that ``keeps`` tells of their number are not written.
    """
    if not operation:
        operation = "copy" if cases.startswith(("convert", "fill")) else cases.split("/")[1]

    @fault(name, cases)
    class Unwritten(FaultyBackend):
        def elementwise(
            self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
        ) -> None:
            given = [each for each in inputs if isinstance(each, Operand)]
            wrong = record.name == operation and concerned(given, output)
            before = values_of(output) if wrong else []
            super().elementwise(record, inputs, output)
            if wrong:
                first = keeps(len(before))
                put(output, [*values_of(output)[:first], *before[first:]])


def _numel(output: Operand) -> int:
    return output.layout.numel


def _plain(given: Sequence[Operand]) -> bool:
    return all(each.layout.is_contiguous for each in given)


_unwritten(
    "tail of a multiplication past 1100 elements dropped",
    "tails/mul/uint16",
    lambda given, y: _plain(given) and _numel(y) > 1100,
    lambda n: n // 4 * 4,
)
_unwritten(
    "tail of a division of bfloat16 dropped",
    "tails/div/bfloat16",
    lambda given, y: _plain(given) and y.dtype.name == "bfloat16" and _numel(y) > 512,
    lambda n: n // 2 * 2,
)
_unwritten(
    "subtraction of exactly 4096 elements one short",
    "tails/sub/float32",
    lambda given, y: _numel(y) == 4096,
)
_unwritten(
    "square root of more than 4096 elements one short",
    "tails/sqrt/float32",
    lambda given, y: _numel(y) > 4096,
)
_unwritten(
    "conversion of more than 4096 floats to int16 one short",
    "convert/float32-to-int16",
    lambda given, y: y.dtype.name == "int16" and _numel(y) > 4096 and given != [y],
)
_unwritten(
    "fill of more than 4096 elements one short",
    "fill/copy/float64",
    lambda given, y: not given and _numel(y) > 4096,
)


def _turned(given: Sequence[Operand]) -> bool:
    """Whether the last operand is a matrix turned round that a tile does not hold."""
    layout = given[-1].layout
    return layout.ndim == 2 and layout.strides[0] == 1 and min(layout.shape) > 64


_unwritten(
    "copies of matrices turned round without the corner of the last tile",
    "large/turned",
    lambda given, y: bool(given) and _turned(given),
    operation="copy",
)
_unwritten(
    "sums with a large matrix turned round without the last element",
    "large/turned/float32",
    lambda given, y: _turned(given),
    operation="add",
)
_unwritten(
    "a row for thousands of elements without the last one",
    "large/broadcast",
    lambda given, y: given[-1].layout.strides == (0, 1) and _numel(y) > 8192,
    operation="mul",
)


def _strides(x: Operand) -> list[int]:
    """Return the strides of dims that have more than one element."""
    return [
        step for size, step in zip(x.layout.shape, x.layout.strides, strict=True) if size > 1
    ]


def _misread(name: str, cases: str, change: Callable[[Layout], Layout], *, at: int = 0) -> None:
    """Add a fault of the operation that the cases name, in how it sees operand ``at``."""
    operation = cases.split("/")[1]

    @fault(name, cases)
    class Misread(FaultyBackend):
        def elementwise(
            self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
        ) -> None:
            given = [*inputs]
            changed = given[at]
            if record.name == operation and isinstance(changed, Operand):
                layout = change(changed.layout)
                fits = layout.span[1] * changed.dtype.itemsize <= changed.storage.nbytes
                given[at] = changed.under(layout) if fits else changed
            super().elementwise(record, given, output)


def _as_dense(layout: Layout) -> Layout:
    return Layout.contiguous(layout.shape)._replace(offset=layout.offset)


def _of_six(layout: Layout) -> Layout:
    """Take a permuted layout of six dims for a dense one."""
    return _as_dense(layout) if len(layout.shape) == 6 and not layout.is_contiguous else layout


def _outer_exchanged(layout: Layout) -> Layout:
    """Take the outer two dims of three in order."""
    shape, strides, _ = layout
    exchanged = len(shape) == 3 and 0 < strides[0] < strides[1] and min(shape) > 1
    return _as_dense(layout) if exchanged else layout


def _middle_walked(layout: Layout) -> Layout:
    """Walk along a middle dim that is expanded."""
    shape, strides, _ = layout
    if len(shape) != 3 or min(shape) < 2 or strides[1] or not (strides[0] and strides[2]):
        return layout
    return layout._replace(strides=(strides[0] - shape[1] + 1, 1, strides[2]))


def _two_back(layout: Layout) -> Layout:
    """Take an offset of two elements for none, as if vectors of four were aligned."""
    return layout._replace(offset=0) if layout.offset == 2 else layout


_misread("offset of two elements lost by an addition", "shifts/add/int16", _two_back)
_misread("maximum of six dims read densely", "forms/maximum", _of_six)
_misread("outer of three dims exchanged, read densely by exp", "forms/exp", _outer_exchanged)
_misread("expanded middle dim walked along by hypot", "forms/hypot", _middle_walked, at=1)
_unwritten(
    "a column broadcast along rows, one short by atan2",
    "forms/atan2",
    lambda given, y: len(y.layout.shape) == 2 and _strides(given[0])[-1:] == [0],
)
_unwritten(
    "lerp in place with a broadcast operand one short",
    "forms/lerp",
    lambda given, y: y in given and any(0 in _strides(each) for each in given),
)
_unwritten(
    "tanh in place of four dims one short",
    "forms/tanh",
    lambda given, y: y in given and len(y.layout.shape) == 4,
)
_unwritten(
    "fmod of one element by many one short",
    "forms/fmod",
    lambda given, y: math.prod(y.layout.shape) > 99 and not any(_strides(given[0])),
)


def _row_of_vectors(layout: Layout) -> Layout:
    """Take a row that is added to rows of whole vectors for one element."""
    row = layout.strides == (0, 1) and layout.shape[1] % 16 == 0
    return layout._replace(strides=(0, 0)) if row else layout


def _turned_vectors(layout: Layout) -> Layout:
    """Read a transposed matrix of whole vectors as if its columns were shorter."""
    shape, strides, _ = layout
    if len(shape) != 2 or strides != (1, shape[0]) or shape[0] % 4 or shape[1] % 4:
        return layout
    return layout._replace(strides=(1, shape[0] - 1))


_misread(
    "row beside rows of 16 read as one element by minimum",
    "forms/minimum",
    _row_of_vectors,
    at=1,
)
_misread("transposed matrix of whole vectors misread by round", "values/round", _turned_vectors)


def _unfolded(
    name: str,
    cases: str,
    concerned: Callable[[Operand, tuple[int, ...]], bool],
    *,
    at: int = -1,
) -> None:
    """Add a fault of the reduction or scan that the cases name: where ``concerned``, one result
    is another.
    """
    verb, operation, *_ = cases.split("/")

    @fault(name, cases)
    class Unfolded(FaultyBackend):
        def reduce(
            self,
            record: ReductionRecord,
            input: Operand,
            dims: tuple[int, ...],
            parameters: tuple[Scalar, ...],
            output: Operand,
        ) -> None:
            super().reduce(record, input, dims, parameters, output)
            if (verb, operation) == ("reduce", record.name) and concerned(input, dims):
                self.spoil(output)

        def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
            super().scan(record, input, dim, output)
            if (verb, operation) == ("scan", record.name) and concerned(input, (dim,)):
                self.spoil(output)

        def spoil(self, output: Operand) -> None:
            found = values_of(output)
            found[at] = not found[at] if output.dtype is bool_ else found[at] + 1
            put(output, found)


def _folded(input: Operand, dims: tuple[int, ...]) -> int:
    return math.prod(input.layout.shape[dim] for dim in dims)


def _inner(input: Operand, dims: tuple[int, ...]) -> int:
    return math.prod(input.layout.shape[max(dims) + 1 :])


_unfolded(
    "the last of more than 256 columns not summed",
    "reduce/sum/float32/extents",
    lambda x, dims: bool(dims) and _inner(x, dims) > 256,
)
_unfolded(
    "the last of hundreds of rows lost by a mean",
    "reduce/mean/float32/extents",
    lambda x, dims: dims == (1,) and 256 < x.layout.shape[0] < 1000,
)
_unfolded(
    "variance along a middle dim with columns behind it",
    "reduce/var/float32/extents",
    lambda x, dims: dims == (1,) and _folded(x, dims) > 16 and _inner(x, dims) > 4,
)
_unfolded(
    "products of the outer two of three dims",
    "reduce/prod/int64/extents",
    lambda x, dims: dims == (0, 1) and _folded(x, dims) > 64,
)
_unfolded(
    "minimum of exactly 4096 elements",
    "reduce/amin/float32/powers",
    lambda x, dims: _folded(x, dims) == 4096,
)
_unfolded(
    "norm of exactly 256 elements",
    "reduce/vector_norm/float32/powers",
    lambda x, dims: _folded(x, dims) == 256,
)
_unfolded(
    "running products of more than 256 columns",
    "scan/cumprod/float32/extents",
    lambda x, dims: _inner(x, dims) > 256,
)
_unfolded(
    "running maxima of exactly 1024 elements",
    "scan/cummax_positions/float32/powers",
    lambda x, dims: _folded(x, dims) == 1024,
)
_unfolded(
    "any along every other of six dims",
    "reduce/any/int64/extents",
    lambda x, dims: len(x.layout.shape) == 6 and len(dims) == 3,
    at=1,
)


@fault("number and operand of a subtraction exchanged", "tails/sub/float64")
class _Exchanged(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        numbers = [each for each in inputs if not isinstance(each, Operand)]
        if record.name == "sub" and numbers and output.dtype.name == "float64":
            inputs = inputs[::-1]
        super().elementwise(record, inputs, output)


@fault("arange of no dim left out", "source/arange")
class _NoDim(FaultyBackend):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        if output.layout.shape or record.name != "arange":
            super().source(record, parameters, generator, output)


def _from_each_block(
    name: str, parameters: Sequence[Scalar], output: Operand, found: Sequence[Scalar]
) -> Sequence[Scalar]:
    shape = output.layout.shape
    if name != "uniform" or len(shape) != 4 or not found:
        return found
    return [*found[: len(found) // shape[0]]] * shape[0]


hooked(
    "uniform numbers of four dims start again in each block of them",
    "random/uniform",
    Hooks(source=_from_each_block),
)


def _in_element(
    name: str, cases: str, wrong: Callable[[Scalar, Sequence[Scalar]], Scalar | None]
) -> None:
    """Add a fault of the operation that the cases name, in launches with a number: where
    ``wrong``, of a result and the operands' elements, has a value, that is the result.
    """
    operation = cases.split("/")[1]

    @fault(name, cases)
    class InElement(FaultyBackend):
        def elementwise(
            self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
        ) -> None:
            columns = [self.column(each, output) for each in inputs]
            super().elementwise(record, inputs, output)
            if record.name == operation and not all(isinstance(x, Operand) for x in inputs):
                found = []
                rows = zip(*columns, strict=True)
                for result, row in zip(values_of(output), rows, strict=True):
                    other = wrong(result, row)
                    found.append(result if other is None else other)
                put(output, found)


_in_element(
    "power of one half by the square root",
    "numbers/pow/float32",
    lambda y, row: -0.0 if row[1] == 0.5 and not row[0] else None,
)
_in_element(
    "truncated division by a power of two shifts",
    "numbers/trunc_divide/int32",
    lambda y, row: int(row[0]) >> 3 if row[1] == 8 else None,
)
_in_element(
    "both of two numbers to choose from are the first",
    "tails/where/float32",
    lambda y, row: row[1] if len(row) == 3 else None,
)
_unwritten(
    "tanh in place of a thousand elements in a row one short",
    "tails/tanh/float32",
    lambda given, y: y in given and _numel(y) > 1000,
)
_unfolded(
    "mean of float64 of all of three dims",
    "reduce/mean/float64/extents",
    lambda x, dims: x.dtype.name == "float64" and len(dims) == 3,
)


@fault("offset of a stream cut to 32 bits", "random/uniform")
class _ShortOffset(FaultyBackend):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        given = generator
        if isinstance(generator, PhiloxGenerator):
            seed, offset = generator.initial_seed(), generator.next_offset()
            state = struct.pack("<QQ", seed, offset % 2**32)
            given = PhiloxGenerator.from_state_bytes(state)
        super().source(record, parameters, given, output)


def _narrow_range(
    name: str, parameters: Sequence[Scalar], output: Operand, found: Sequence[Scalar]
) -> Sequence[Scalar]:
    low, _ = parameters
    return [low + (int(each) - int(low)) % 2**32 for each in found]


def _short_word(
    name: str, parameters: Sequence[Scalar], output: Operand, found: Sequence[Scalar]
) -> Sequence[Scalar]:
    low, high = parameters
    return [int(each) >> 4 << 4 for each in found] if high - low == 2**28 else found


def _one_slice(
    name: str, parameters: Sequence[Scalar], output: Operand, found: Sequence[Scalar]
) -> Sequence[Scalar]:
    half = len(found) // 2 if output.layout.ndim > 10 else 0
    return [*found[:half], *found[: len(found) - half]]


hooked(
    "integers from a wide range drawn in 32 bits",
    "random/random/int64",
    Hooks(source=_narrow_range),
)
hooked(
    "integers from exactly 2 ** 28 drawn from one word",
    "random/random/int64",
    Hooks(source=_short_word),
)
hooked(
    "numbers drawn once for all slices of more than ten dims",
    "random/uniform/float32",
    Hooks(source=_one_slice),
)
