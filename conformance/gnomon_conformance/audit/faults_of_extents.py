"""Faults at the extents of what is computed: the largest numbers and the least, many dims,
operands of which one element stands for many, and none at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gnomon.backend import (
    ElementwiseRecord,
    IndexedDimension,
    Layout,
    Operand,
    Scalar,
    ScatterRecord,
    collapse_together,
    float16,
    float32,
)
from gnomon.fusible import (
    Geometry,
    attention,
    convolution,
    log_softmax_backward,
    matrix_product,
    matrix_sum,
    softmax,
    softmax_backward,
    standardization,
)
from gnomon_conformance.audit.faulty import (
    FaultyBackend,
    Hooks,
    cleared,
    put,
    values_of,
)
from gnomon_conformance.audit.register import (
    decomposed,
    fault,
    hooked,
    kernel_fault,
    right_kernel,
)
from gnomon_conformance.correct import largest, smallest_normal

_multiply, _convolve = right_kernel(matrix_product), right_kernel(convolution)
_soften, _standardize = right_kernel(softmax), right_kernel(standardization)


def _dense(operand: Operand) -> Operand:
    """Return an operand read as if it were contiguous from its offset on, if it might be."""
    layout = Layout.contiguous(operand.layout.shape)._replace(offset=operand.layout.offset)
    fits = layout.span[1] * operand.dtype.itemsize <= operand.storage.nbytes
    return operand.under(layout) if fits else operand


def _few_dims(operand: Operand, most: int = 3) -> Operand:
    """Return an operand as one sees it who knows so many dims: one of more as a dense one."""
    count = len(collapse_together([operand.layout])[0].shape)
    return operand if count <= most or _is_repeated(operand) else _dense(operand)


def _is_repeated(operand: Operand) -> bool:
    """Whether one element stands for several."""
    layout = operand.layout
    return any(
        size > 1 and not stride
        for size, stride in zip(layout.shape, layout.strides, strict=True)
    )


hooked(
    "seven dims and more read densely",
    "shapes/add/int64",
    Hooks(input=lambda verb, name, operand: _few_dims(operand, 6)),
)


@fault("sorts of four dims and more read densely", "sort/sort/int64/layouts")
class _SortedDensely(FaultyBackend):
    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        super().sort(_few_dims(input), dim, descending, values, indices)


@fault("indices in four dims and more read densely", "gather/gather/int64")
class _LookedUpDensely(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        read = [each._replace(indices=_few_dims(each.indices)) for each in indexed]
        super().gather(source, read, output)


@fault("what arrives in four dims and more read densely", "scatter/add/int64")
class _ArrivedDensely(FaultyBackend):
    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        arriving = _few_dims(source) if isinstance(source, Operand) else source
        super().scatter(record, arriving, indexed, destination)


@fault("conversions of six dims and more read densely", "convert/float32-to-int64")
class _ConvertedDensely(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        (given, *rest) = inputs
        if isinstance(given, Operand) and given.dtype != output.dtype:
            given = _few_dims(given, 5)
        super().elementwise(record, [given, *rest], output)


hooked(
    "results in four dims and more written densely",
    "reduce/*/*/extents",
    Hooks(
        output=lambda verb, name, operand: _few_dims(operand) if verb == "reduce" else operand
    ),
)


@fault("halves beside a number on their left read densely", "tails/div/float16")
class _BesideHalves(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        given = [*inputs]
        if len(given) == 2 and not isinstance(given[0], Operand):
            last = given[1]
            if isinstance(last, Operand) and last.dtype is float16 and not _is_repeated(last):
                given[1] = _dense(last)
        super().elementwise(record, given, output)


hooked(
    "log_sigmoid by way of an exponential that overflows",
    "edges/log_sigmoid/float32",
    Hooks(
        element=lambda name, dtype, result, row: (
            -math.inf if name == "log_sigmoid" and row[0] < -104.0 else result
        )
    ),
)


hooked(
    "arange of integers by way of float64",
    "source/arange/int64",
    Hooks(source=lambda name, parameters, output, found: [float(each) for each in found]),
)


def _to_the_nearest(
    name: str, parameters: Sequence[Scalar], output: Operand, found: Sequence[Scalar]
) -> Sequence[Scalar]:
    if name != "linspace" or len(found) < 2:
        return found
    start, end, *_ = parameters
    step = (end - start) / (len(found) - 1)
    return [round(start + number * step) for number in range(len(found))]


hooked(
    "lines of integers round to the nearest",
    "source/linspace/int64",
    Hooks(source=_to_the_nearest),
)


def _without_subnormals(a: Operand, b: Operand, y: Operand) -> None:
    _multiply(a, b, y)
    least = smallest_normal(y.dtype) if y.dtype.is_floating_point else 0
    put(y, [value if value != value or abs(value) >= least else 0 for value in values_of(y)])


kernel_fault(
    "subnormal products flushed", "sizes/least/float16", matrix_product, _without_subnormals
)


def _saturated(x: Operand, w: Operand, bias: Operand | None, g: Geometry, y: Operand) -> None:
    _convolve(x, w, bias, g, y)
    if y.dtype is float16:
        most = largest(float16)
        put(
            y,
            [
                value if value != value else min(most, max(-most, value))
                for value in values_of(y)
            ],
        )


kernel_fault(
    "convolution of halves saturates", "sizes/overflows/float16", convolution, _saturated
)


def _some_images(x: Operand, w: Operand, bias: Operand | None, g: Geometry, y: Operand) -> None:
    if not x.layout.numel:
        raise RuntimeError("a grid without a group")
    _convolve(x, w, bias, g, y)


kernel_fault("no image is an error", "sizes/nothing", convolution, _some_images)


def _sum_fault(
    name: str,
    cases: str,
    change: Callable[[Operand], Operand],
    finish: Callable[[Operand], None],
) -> None:
    """Add a fault of a sum with a product: in its addend, or in what it is made into."""

    def kernel(addend: Operand, a: Operand, b: Operand, y: Operand) -> None:
        decomposed(matrix_sum, (change(addend), a, b), (), (y,))
        finish(y)

    kernel_fault(name, cases, matrix_sum, kernel)


def _as_column(addend: Operand) -> Operand:
    """Take the addend of a square that is one row for a column."""
    _, rows, columns = addend.layout.shape
    is_row = rows == columns > 1 and not addend.layout.strides[1]
    return addend.under(addend.layout.permute((0, 2, 1))) if is_row else addend


def _numbers_only(output: Operand) -> None:
    put(output, [0.0 if value != value else value for value in values_of(output)])


_sum_fault(
    "addend of a square read as a column", "linear-square", _as_column, lambda output: None
)
_sum_fault(
    "addend without NaN", "special-inputs/addmm-plain", lambda addend: addend, _numbers_only
)


def _softened(x: Operand, dim: int, y: Operand) -> None:
    _soften(x, dim, y)
    if any(1e29 < value < math.inf for value in values_of(x)):
        put(y, [math.nan] * y.layout.numel)


kernel_fault("softmax of large elements is NaN", "special-inputs/softmax", softmax, _softened)


def _softened_once(x: Operand, dim: int, y: Operand) -> None:
    """The last of a row that one element stands for is left out."""
    _soften(x, dim, y)
    if x.layout.shape and not x.layout.strides[dim] and x.layout.shape[dim] > 1:
        cleared(y, dim, x.layout.shape[dim] - 1)


kernel_fault(
    "softmax of a row of one element one short", "options/softmax", softmax, _softened_once
)


def _backward_without_nan(g: Operand, y: Operand, dim: int, output: Operand) -> None:
    decomposed(softmax_backward, (g, y), (dim,), (output,))
    _numbers_only(output)


kernel_fault(
    "derivative of softmax without NaN",
    "special-inputs/softmax",
    softmax_backward,
    _backward_without_nan,
)


def _few_columns(g: Operand, y: Operand, dim: int, output: Operand) -> None:
    decomposed(log_softmax_backward, (g, y), (dim,), (output,))
    if len(y.layout.shape) == 2 and dim == 0:
        cleared(output, 1, 32)


kernel_fault(
    "derivative of log_softmax leaves out columns past 32",
    "log-softmax-many-columns",
    log_softmax_backward,
    _few_columns,
)


def _large_eps(
    x: Operand,
    weight: Operand | None,
    bias: Operand | None,
    dims: tuple[int, ...],
    eps: float,
    y: Operand,
    mean: Operand,
    variance: Operand,
) -> None:
    _standardize(x, weight, bias, dims, max(eps, 1e-6), y, mean, variance)


kernel_fault("eps of a norm no less than 1e-6", "options/norms", standardization, _large_eps)

#: Query, key, value and mask.
_Given = tuple[Operand, Operand, Operand, "Operand | None"]


def _attention_fault(name: str, cases: str, goes_wrong: Callable[[_Given], bool]) -> None:
    """Add a fault of attention that leaves out the last query of what goes wrong."""

    def kernel(
        query: Operand,
        key: Operand,
        value: Operand,
        mask: Operand | None,
        causal: bool,
        scale: float,
        output: Operand,
        logarithms: Operand,
    ) -> None:
        decomposed(attention, (query, key, value, mask), (causal, scale), (output,))
        if goes_wrong((query, key, value, mask)):
            cleared(output, 2, query.layout.shape[2] - 1)

    kernel_fault(name, cases, attention, kernel)


def _is_along(operand: Operand | None, dim: int) -> bool:
    """Whether one element stands for all along a dim."""
    if operand is None:
        return False
    return operand.layout.shape[dim] > 1 and not operand.layout.strides[dim]


_attention_fault(
    "mask of one query for all misread",
    "attention/masks/float32",
    lambda given: _is_along(given[3], 2),
)
_attention_fault(
    "mask of float32 on halves misread",
    "attention/masks/float16",
    lambda given: given[3] is not None and given[3].dtype is float32 is not given[0].dtype,
)
_attention_fault(
    "keys of one head for all misread",
    "attention/repeated/float32",
    lambda given: _is_along(given[1], 1),
)
_attention_fault(
    "large scores of attention overflow",
    "attention/extremes/float32",
    lambda given: any(abs(each) > 32.0 for each in values_of(given[0])),
)
_attention_fault(
    "last query of attention over more than 256 keys left out",
    "attention/lengths/float32",
    lambda given: given[1].layout.shape[2] > 256,
)
