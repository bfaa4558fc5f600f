"""Faults of elementwise launches and copies: layouts, special values, conversions, sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gnomon.backend import (
    DType,
    ElementwiseRecord,
    Kind,
    Layout,
    Operand,
    Scalar,
    bool_,
    float16,
    float32,
    int8,
    int64,
)
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, cells_of, put, values_of
from gnomon_conformance.audit.register import fault, hooked
from gnomon_conformance.correct import largest, smallest_normal
from gnomon_conformance.zoo import GUARD


def _layouts(
    name: str, cases: str, change: Callable[[Layout], Layout], *, output: bool = False
) -> None:
    """Add a fault in how elementwise launches see the layout of inputs, or of outputs."""

    def changed(verb: str, _name: str, operand: Operand) -> Operand:
        if verb != "elementwise":
            return operand
        return operand.under(change(operand.layout))

    hooked(name, cases, Hooks(output=changed) if output else Hooks(input=changed))


def _as_dense(layout: Layout) -> Layout:
    return Layout.contiguous(layout.shape)._replace(offset=layout.offset)


def _is_transposed(layout: Layout) -> bool:
    return (
        len(layout.shape) > 1
        and layout.strides[0] < layout.strides[-1]
        and min(layout.shape) > 1
    )


def _stepping(layout: Layout) -> Layout:
    """Return a layout that walks where the other one stands still."""
    strides = tuple([stride or 1 for stride in layout.strides])
    repeats = sum(
        size - 1 for size, step in zip(layout.shape, layout.strides, strict=True) if not step
    )
    return layout if repeats > GUARD else layout._replace(strides=strides)


_layouts(
    "stride of a transposed operand ignored",
    "layouts/add",
    lambda x: _as_dense(x) if _is_transposed(x) else x,
)
_layouts("offset ignored", "layouts/add", lambda x: x._replace(offset=0))
_layouts(
    "offset in bytes instead of elements",
    "values/neg",
    lambda x: x._replace(offset=min(x.offset * 2, x.offset + 8)),
)
_layouts(
    "expanded dim walked along",
    "layouts/add",
    _stepping,
)
_layouts(
    "step along the last dim ignored",
    "layouts/neg",
    lambda x: x._replace(strides=(*x.strides[:-1], min(x.strides[-1], 1))) if x.strides else x,
)
_layouts(
    "padding between rows ignored",
    "layouts/add",
    lambda x: _as_dense(x) if x.strides and x.strides[-1] == 1 else x,
)
_layouts(
    "dims beyond the fourth forgotten",
    "shapes",
    lambda x: Layout(x.shape, (*[0] * (len(x.shape) - 4), *x.strides[-4:]), x.offset),
)
_layouts(
    "write through a view to the wrong place",
    "layouts/add",
    lambda x: _as_dense(x) if not x.is_contiguous else x,
    output=True,
)
_layouts(
    "offset of the output ignored", "values/add", lambda x: x._replace(offset=0), output=True
)
_layouts(
    "rows of an output with gaps written densely",
    "copy-layouts",
    lambda x: _as_dense(x) if x.strides and x.strides[-1] == 1 else x,
    output=True,
)


def _elements(
    name: str, cases: str, change: Callable[[Scalar, Sequence[Scalar], DType], Scalar]
) -> None:
    """Add a fault in what one operation makes of an element: of its result, its operands and
    the dtype of the result. The operation is the one that the cases are about.
    """
    family, operation, *_ = cases.split("/")
    operation = "copy" if family == "convert" else operation

    def changed(mine: str, dtype: DType, result: Scalar, row: Sequence[Scalar]) -> Scalar:
        return change(result, row, dtype) if mine == operation else result

    hooked(name, cases, Hooks(element=changed))


_elements(
    "negative zero lost", "values/neg", lambda y, row, d: y + 0.0 if isinstance(y, float) else y
)
_elements(
    "NaN lost in maximum",
    "values/maximum",
    lambda y, row, d: next((x for x in row if x == x), y) if y != y else y,
)
_elements(
    "NaN equals NaN",
    "values/eq",
    lambda y, row, d: True if row[0] != row[0] and row[1] != row[1] else y,
)
_elements("relu of NaN is 0", "values/relu", lambda y, row, d: 0.0 if y != y else y)
_elements(
    "subnormals flushed",
    "values/mul",
    lambda y, row, d: 0.0 if d.is_floating_point and abs(y) < smallest_normal(d) else y,
)
_elements(
    "largest number overflows",
    "values/abs",
    lambda y, row, d: math.inf if d.is_floating_point and abs(y) >= largest(d) else y,
)
_elements(
    "infinity becomes the largest number",
    "values/exp",
    lambda y, row, d: (
        math.copysign(largest(d), y) if d.is_floating_point and math.isinf(y) else y
    ),
)
_elements(
    "int8 saturates",
    "values/add/int8",
    lambda y, row, d: max(-128, min(127, int(sum(row)))) if d is int8 else y,
)
_elements(
    "int64 through float64",
    "values/add/int64",
    lambda y, row, d: int(float(y)) if d is int64 and abs(y) < 2**62 else y,
)
_elements(
    "uint8 compares as signed",
    "values/lt/uint8",
    lambda y, row, d: (int(row[0]) ^ 128) < (int(row[1]) ^ 128),
)
_elements(
    "floor division truncates",
    "values/floor_divide",
    lambda y, row, d: math.trunc(row[0] / row[1]) if d.kind < Kind.FLOAT else y,
)
_elements(
    "remainder has the sign of the dividend",
    "values/remainder",
    lambda y, row, d: (
        math.fmod(row[0], row[1])
        if math.isfinite(row[0]) and row[1] and math.isfinite(row[1])
        else y
    ),
)
_elements(
    "round half away from zero",
    "values/round",
    lambda y, row, d: math.floor(row[0] + 0.5) if math.isfinite(row[0]) else y,
)
_elements(
    "asin wrong between two special values",
    "values/asin",
    lambda y, row, d: y * 1.001 if 0.55 < row[0] < 0.75 else y,
)
_elements("sqrt off by one part in a thousand", "values/sqrt", lambda y, row, d: y * 1.001)
_elements(
    "exp off by ten ULP",
    "values/exp/float32",
    lambda y, row, d: y * (1 + 10 * 2.0**-23) if d is float32 else y,
)
_elements(
    "sin of large arguments by a short reduction",
    "values/sin/float32",
    lambda y, row, d: (
        math.sin(math.fmod(row[0], 6.2831855))
        if math.isfinite(row[0]) and abs(row[0]) > 20
        else y
    ),
)
_elements(
    "pow of 0 and 0",
    "values/pow",
    lambda y, row, d: math.nan if row[0] == 0 == row[1] and d.is_floating_point else y,
)
_elements(
    "pow of a negative base",
    "values/pow",
    lambda y, row, d: math.nan if d.is_floating_point and row[0] < 0 else y,
)
_elements("where chooses by the sign of a byte", "values/where", lambda y, row, d: row[2])
_elements(
    "comparison of infinities",
    "values/le",
    lambda y, row, d: False if math.isinf(row[0]) and row[0] == row[1] else y,
)
_elements(
    "copysign forgets the sign of zero",
    "values/copysign",
    lambda y, row, d: abs(y) if row[1] == 0 else y,
)
_elements(
    "shift by 64",
    "values/bitwise_left_shift",
    lambda y, row, d: row[0] if row[1] >= 8 * d.itemsize else y,
)
_elements(
    "log1p as log of 1 + x",
    "values/log1p",
    lambda y, row, d: (
        math.log(d.round(1.0 + row[0]))
        if row[0] > -1 and math.isfinite(row[0]) and d.round(1.0 + row[0]) > 0
        else y
    ),
)
_elements(
    "clamp with NaN bounds", "values/clamp", lambda y, row, d: row[0] if row[1] != row[1] else y
)
_elements(
    "float to integer rounds",
    "convert/float32-to-int32",
    lambda y, row, d: (
        round(row[0])
        if d.kind is Kind.SIGNED
        and isinstance(row[0], float)
        and math.isfinite(row[0])
        and abs(row[0]) < 2**30
        else y
    ),
)
_elements(
    "float to int8 saturates",
    "convert/float32-to-int8",
    lambda y, row, d: (
        max(-128, min(127, int(row[0])))
        if d is int8 and isinstance(row[0], float) and math.isfinite(row[0])
        else y
    ),
)
_elements(
    "NaN converts to 0",
    "convert/float64-to-int64",
    lambda y, row, d: 0 if d is int64 and row[0] != row[0] else y,
)
_elements(
    "NaN is false",
    "convert/float32-to-bool",
    lambda y, row, d: False if d is bool_ and row[0] != row[0] else y,
)
_elements(
    "rounding to float16 truncates",
    "convert/float32-to-float16",
    lambda y, row, d: (
        _toward_zero(float(row[0]), float(y), d)
        if d is float16 and isinstance(row[0], float)
        else y
    ),
)
_elements(
    "negative numbers to unsigned become 0",
    "convert/int32-to-uint8",
    lambda y, row, d: 0 if d.kind is Kind.UNSIGNED and row[0] < 0 else y,
)
_elements(
    "logical not of NaN",
    "values/logical_not",
    lambda y, row, d: True if row[0] != row[0] else y,
)
_elements(
    "sigmoid overflows below zero",
    "values/sigmoid",
    lambda y, row, d: math.nan if row[0] < -50 else y,
)
_elements("nextafter toward the wrong side", "values/nextafter", lambda y, row, d: row[0])
_elements(
    "rounded twice, in float32 and float64",
    "values/mul/float64",
    lambda y, row, d: float32.round(y) if d.itemsize == 8 and d.is_floating_point else y,
)


def _toward_zero(exact: float, rounded: float, dtype: DType) -> float:
    if not math.isfinite(exact) or not math.isfinite(rounded) or abs(rounded) <= abs(exact):
        return rounded
    step = abs(rounded) * 2.0**-10
    return dtype.round(rounded - math.copysign(step, rounded)) if step else rounded


@fault("tail of a loop of 4 dropped", "lengths/add")
class _Tail4(FaultyBackend):
    width = 4

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        before = values_of(output)
        super().elementwise(record, inputs, output)
        whole = len(before) - len(before) % self.width
        put(output, [*values_of(output)[:whole], *before[whole:]])


@fault("tail of a loop of 8 dropped", "lengths/add")
class _Tail8(_Tail4):
    width = 8


@fault("tail of a loop of 16 dropped", "copy-lengths")
class _Tail16(_Tail4):
    width = 16


@fault("only the first 65536 elements computed", "long/add")
class _Limited(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        before = values_of(output) if output.layout.numel > 65536 else []
        super().elementwise(record, inputs, output)
        if before:
            put(output, [*values_of(output)[:65536], *before[65536:]])


@fault("guard behind the output overwritten", "values/add")
class _Guard(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        cells = cells_of(output)
        if output.layout.numel % 4 and output.layout.span[1] < len(cells):
            cells[output.layout.span[1]] = 0


@fault("gaps of the output overwritten", "copy-layouts")
class _Gaps(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        positions = {*output.layout.positions()}
        cells = cells_of(output)
        for position in range(*output.layout.span):
            if position not in positions:
                cells[position] = 0


@fault("an input overwritten", "values/add")
class _Scratch(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        first = inputs[0]
        if isinstance(first, Operand) and first.dtype is output.dtype and len(inputs) > 1:
            same = first.layout.shape == output.layout.shape
            if same and first.layout.is_injective and first != output:
                put(first, values_of(output))


@fault("bool stored as 2", "values/lt")
class _Two(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        if output.dtype is bool_:
            cells = cells_of(output)
            for position in output.layout.positions():
                cells[position] = 2 * cells[position] if cells[position] == 1 else 0


@fault("in place from overwritten input", "in-place")
class _Overwritten(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        if len(inputs) > 1 and inputs[1] == output and inputs[0] != output:
            super().elementwise(record, inputs, output)


@fault("number kept from the first launch", "numbers/add")
class _StaleNumber(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        if not hasattr(self, "kept"):
            self.kept: dict[tuple[str, str, int], Scalar] = {}
        given: list[Operand | Scalar] = []
        for position, value in enumerate(inputs):
            if isinstance(value, Operand) or record.name == "copy":
                given.append(value)
            else:
                key = (record.name, output.dtype.name, position)
                given.append(self.kept.setdefault(key, value))
        super().elementwise(record, given, output)


@fault("strides kept from the first launch of a shape", "layouts/add")
class _StaleStrides(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        if not hasattr(self, "kept"):
            self.kept: dict[tuple[str, tuple[int, ...], int], Layout] = {}
        given: list[Operand | Scalar] = []
        for position, value in enumerate(inputs):
            if isinstance(value, Operand):
                key = (record.name, value.layout.shape, position)
                layout = self.kept.setdefault(key, value.layout)
                fits = layout.span[1] * value.dtype.itemsize <= value.storage.nbytes
                value = value.under(layout) if fits else value
            given.append(value)
        super().elementwise(record, given, output)


@fault("fill ignores the dtype of the output", "fill")
class _Fill(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        (first, *_) = inputs
        if record.name == "copy" and isinstance(first, float):
            inputs = [float32.convert(first)]
        super().elementwise(record, inputs, output)


@fault("number among 16-bit floats rounded too early", "numbers/mul/float16")
class _EarlyNumber(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        narrow = output.dtype.is_floating_point and output.dtype.itemsize == 2
        given = [
            output.dtype.convert(each) if narrow and not isinstance(each, Operand) else each
            for each in inputs
        ]
        super().elementwise(record, given, output)
