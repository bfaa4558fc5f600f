"""Faults that only uncommon arguments show: corrections, wide results, narrow integers, and the
options of fused kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, final

from gnomon.backend import (
    IndexedDimension,
    Layout,
    Operand,
    ReductionRecord,
    Scalar,
    ScatterRecord,
)
from gnomon.fusible import (
    Geometry,
    Windows,
    class_losses_backward,
    convolution,
    cross_entropy,
    insertion_points,
    matrix_product,
    matrix_sum,
    max_pooling,
    softmax,
    standardization,
)
from gnomon_conformance.audit.faulty import (
    FaultyBackend,
    cleared,
    narrowed,
    put,
    repeated,
    values_of,
)
from gnomon_conformance.audit.register import decomposed, fault, kernel_fault, right_kernel

_multiply, _convolve = right_kernel(matrix_product), right_kernel(convolution)
_standardize, _pool = right_kernel(standardization), right_kernel(max_pooling)
_soften, _find = right_kernel(softmax), right_kernel(insertion_points)


@fault("variance over less than no degree of freedom is negative", "reduce/var")
class _NegativeVariance(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        super().reduce(record, input, dims, parameters, output)
        count = input.layout.numel // max(output.layout.numel, 1)
        if record.name == "var" and parameters[0] > count:
            put(output, [-value for value in values_of(output)])


@fault("columns past 1024 left out where the first dim is folded", "reduce/amin")
class _FewColumns(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        before = values_of(output)
        super().reduce(record, input, dims, parameters, output)
        if dims == (0,):
            put(output, values_of(output)[:1024] + before[1024:])


@final
class _OfNumbers(NamedTuple):
    """A combination with which a NaN that stands there gives way."""

    right: ScatterRecord

    @property
    def name(self) -> str:
        return self.right.name

    def combine(self, present: Scalar, value: Scalar) -> Scalar:
        return self.right.combine(present, value) if present == present else value


@fault("NaN that stands where a maximum arrives gives way", "scatter/maximum/float32")
class _GivingWay(FaultyBackend):
    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        super().scatter(_OfNumbers(record), source, indexed, destination)


@fault("indices in one dim read without their stride", "scatter/add/float32")
class _DenseIndices(FaultyBackend):
    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        if destination.layout.ndim == 1:
            indexed = [
                each._replace(
                    indices=each.indices.under(each.indices.layout._replace(strides=(1,)))
                )
                for each in indexed
            ]
        super().scatter(record, source, indexed, destination)


def _from_start(operand: Operand | None) -> Operand | None:
    """Return the operand read from the beginning of its storage."""
    if operand is None:
        return None
    return operand.under(operand.layout._replace(offset=0))


def _by_fours(left: Operand, right: Operand, output: Operand) -> None:
    """Leave out what is behind the last four of the inner size, of bytes."""
    inner = left.layout.shape[-1]
    if inner > 4 and output.dtype.itemsize == 1:
        left = narrowed(left, -1, 0, inner // 4 * 4)
        right = narrowed(right, -2, 0, inner // 4 * 4)
    _multiply(left, right, output)


kernel_fault(
    "products of bytes drop a tail of 4", "sizes/products/int8", matrix_product, _by_fours
)


def _sum_fault(
    name: str, change: Callable[[Operand, Operand, Operand], tuple[Operand, Operand, Operand]]
) -> None:
    """Add a fault in what a sum with a product reads."""
    kernel_fault(
        name,
        "options/sums-with-products",
        matrix_sum,
        lambda c, a, b, y: decomposed(matrix_sum, change(c, a, b), (), (y,)),
    )


_sum_fault("addend of the first of a batch for all", lambda c, a, b: (repeated(c), a, b))
_sum_fault(
    "addend read from the beginning of its storage",
    lambda c, a, b: (_from_start(c) or c, a, b),
)
_sum_fault(
    "addend read without its strides",
    lambda c, a, b: (
        c.under(Layout.contiguous(c.layout.shape)) if 1 in c.layout.strides[:-1] else c,
        a,
        b,
    ),
)
_sum_fault(
    "inner size of a sum with a product cut to blocks of 16",
    lambda c, a, b: (
        (
            c,
            narrowed(a, -1, 0, a.layout.shape[-1] // 16 * 16),
            narrowed(b, -2, 0, a.layout.shape[-1] // 16 * 16),
        )
        if a.layout.shape[-1] > 16
        else (c, a, b)
    ),
)


def _no_addend(addend: Operand, left: Operand, right: Operand, output: Operand) -> None:
    if left.layout.shape[-1]:
        decomposed(matrix_sum, (addend, left, right), (), (output,))
    else:
        put(output, [0.0] * output.layout.numel)


kernel_fault(
    "no addend where a product is empty", "options/sums-with-products", matrix_sum, _no_addend
)
kernel_fault(
    "offset of a norm left out without a weight",
    "options/norms",
    standardization,
    lambda x, w, b, d, e, *outputs: _standardize(x, w, b if w else None, d, e, *outputs),
)
kernel_fault(
    "weight of a norm read from the beginning of its storage",
    "options/norms",
    standardization,
    lambda x, w, b, d, e, *outputs: _standardize(x, _from_start(w), b, d, e, *outputs),
)


def _norm_fault(
    name: str, after: Callable[[Operand, tuple[int, ...], Operand, Operand], None]
) -> None:
    """Add a fault of a norm in what becomes of its result or its variances."""

    def kernel(
        x: Operand,
        weight: Operand | None,
        bias: Operand | None,
        dims: tuple[int, ...],
        eps: float,
        *outputs: Operand,
    ) -> None:
        output, mean, variance = outputs
        _standardize(x, weight, bias, dims, eps, output, mean, variance)
        after(x, dims, output, variance)

    kernel_fault(name, "options/*norms", standardization, kernel)


_norm_fault(
    "norm of single elements is NaN",  # which divides by one less than their number
    lambda x, dims, y, variance: (
        put(y, [math.nan] * y.layout.numel)
        if math.prod(x.layout.shape[dim] for dim in dims) == 1
        else None
    ),
)
_norm_fault(
    "rows of a norm past 256 not stored", lambda x, dims, y, variance: cleared(y, 0, 256)
)
_norm_fault(
    "elements of a norm past 1024 not stored",
    lambda x, dims, y, variance: cleared(y, y.layout.ndim - 1, 1024),
)
_norm_fault(
    "variances of a norm past 32 not stored",
    lambda x, dims, y, variance: put(
        variance, [v if k < 32 else 1.0 for k, v in enumerate(values_of(variance))]
    ),
)


def _loss_fault(
    name: str,
    change: Callable[
        [Operand | None, int, str, Operand], tuple[Operand | None, int]
    ] = lambda weight, ignored, reduction, target: (weight, ignored),
    after: Callable[[Operand, Operand, str, Operand], None] = lambda x, t, reduction, y: None,
    cases: str = "options/class-losses",
) -> None:
    """Add a fault of cross entropy: in which weights and ignored index it is computed with, or
    in what becomes of the result.
    """

    def kernel(
        x: Operand,
        target: Operand,
        weight: Operand | None,
        ignored: int,
        reduction: str,
        output: Operand,
        total: Operand | None,
        peaks: Operand,
        sums: Operand,
    ) -> None:
        weight, ignored = change(weight, ignored, reduction, target)
        given = (x, target, weight)
        decomposed(cross_entropy, given, (ignored, reduction), (output, total))
        after(x, target, reduction, output)

    kernel_fault(name, cases, cross_entropy, kernel)


_loss_fault(
    "ignored index not looked at where nothing is reduced",
    lambda weight, ignored, reduction, target: (
        weight,
        -100 if reduction == "none" else ignored,
    ),
)
_loss_fault(
    "weights of classes left out of a sum",
    lambda weight, ignored, reduction, target: (
        None if reduction == "sum" else weight,
        ignored,
    ),
)
_loss_fault(
    "weights of classes left out where one is 0",
    lambda weight, ignored, reduction, target: (
        None if weight and 0 in values_of(weight) else weight,
        ignored,
    ),
    cases="targets/weightless",
)
_loss_fault(
    "weights of classes read from the beginning of their storage",
    lambda weight, ignored, reduction, target: (_from_start(weight), ignored),
)
_loss_fault(
    "losses of one class are 1",
    after=lambda x, t, reduction, y: (
        put(y, [1.0] * y.layout.numel) if x.layout.shape[1] == 1 else None
    ),
)
_loss_fault(
    "mean of no losses is 0",
    after=lambda x, t, reduction, y: (
        put(y, [0.0]) if reduction == "mean" and math.isnan(*values_of(y)) else None
    ),
)
_loss_fault(
    "losses of rows past 32 not stored",
    after=lambda x, t, reduction, y: (
        cleared(y, 0, 32) if reduction == "none" and y.layout.ndim == 1 else None
    ),
)
_loss_fault(
    "sum of more than 4096 losses not stored",
    after=lambda x, t, reduction, y: (
        put(y, [0.0]) if reduction != "none" and t.layout.numel > 4096 else None
    ),
    cases="targets/many",
)
_loss_fault(
    "losses beside ignored ones that are no class are 0",
    after=lambda x, t, reduction, y: (
        put(y, [0.0] * y.layout.numel) if 255 in values_of(t) else None
    ),
    cases="targets/any-number",
)


def _slopes_of_dense_targets(
    g: Operand,
    target: Operand,
    weight: Operand | None,
    total: Operand | None,
    ignored: int,
    dx: Operand,
) -> None:
    shape = dx.layout.shape
    decomposed(class_losses_backward, (g, target, weight, total), (ignored, shape), (dx,))
    if 0 in target.layout.strides:
        cleared(dx, 0, 1)


kernel_fault(
    "derivative of losses of one target for all rows reads it as dense",
    "targets/one-for-all",
    class_losses_backward,
    _slopes_of_dense_targets,
)


def _geometry_fault(name: str, concerned: Callable[[Operand, Geometry], bool]) -> None:
    """Add a fault of a convolution: the first column of its result is cleared where the weight
    and the geometry are ``concerned``.
    """

    def kernel(
        x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
    ) -> None:
        _convolve(x, weight, bias, g, y)
        if concerned(weight, g):
            column = narrowed(y, -1, 0, 1)
            put(column, [9.0] * column.layout.numel)

    kernel_fault(name, "options/convolutions", convolution, kernel)


_geometry_fault(
    "transposed convolution with strides beyond its kernel",
    lambda w, g: (
        g.transposed and any(s > k for s, k in zip(g.stride, w.layout.shape[2:], strict=True))
    ),
)
_geometry_fault(
    "convolution of volumes in groups with strides",
    lambda w, g: len(g.stride) == 3 and g.groups > 1 and max(g.stride) > 1,
)


def _channels_by_twos(
    x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
) -> None:
    """Leave out the last of an odd number of channels of volumes."""
    channels = weight.layout.shape[1]
    if len(g.stride) == 3 and g.groups == 1 and not g.transposed and channels > 2:
        x = narrowed(x, 1, 0, channels // 2 * 2)
        weight = narrowed(weight, 1, 0, channels // 2 * 2)
    _convolve(x, weight, bias, g, y)


kernel_fault(
    "convolution of volumes drops a tail of 2 channels",
    "options/convolutions",
    convolution,
    _channels_by_twos,
)


def _few_channels(
    x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
) -> None:
    _convolve(x, weight, bias, g, y)
    cleared(y, 1, 32)


kernel_fault(
    "channels past 32 of a convolution not stored",
    "options/convolutions",
    convolution,
    _few_channels,
)


def _few_images(
    x: Operand, windows: tuple[Windows, ...], values: Operand, indices: Operand
) -> None:
    _pool(x, windows, values, indices)
    place = math.prod(map(len, windows))
    put(values, [v if k // place < 16 else 0.0 for k, v in enumerate(values_of(values))])


kernel_fault(
    "largest elements of images past 16 not stored",
    "options/max-pools",
    max_pooling,
    _few_images,
)


def _first_stride(x: Operand, dim: int, y: Operand) -> None:
    """Lose the first stride of four dims and more."""
    inner = x.layout.ndim > 3 and dim % x.layout.ndim > 0
    _soften(repeated(x) if inner else x, dim, y)


kernel_fault(
    "softmax loses the first stride of four", "options/softmax", softmax, _first_stride
)


def _few_boundaries(sequence: Operand, values: Operand, right: bool, output: Operand) -> None:
    _find(sequence, values, right, output)
    put(output, [min(place, 128) for place in values_of(output)])


kernel_fault(
    "insertion points past 128 boundaries",
    "options/insertion-points",
    insertion_points,
    _few_boundaries,
)
