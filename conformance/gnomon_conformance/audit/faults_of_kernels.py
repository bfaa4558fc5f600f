"""Faults of fused kernels, put round the reference's own: windows, masks, blocks, factors."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import itemgetter

from gnomon.backend import Layout, Operand, Scalar, float16, int64
from gnomon.fusible import (
    Geometry,
    Resampling,
    Windows,
    convolution,
    insertion_points,
    log_softmax,
    matrix_product,
    max_pooling,
    resampling,
    softmax,
    softmax_backward,
    standardization,
)
from gnomon_conformance.audit.faulty import put, rows_of, values_of
from gnomon_conformance.audit.register import kernel_fault, right_kernel

_convolve, _pool = right_kernel(convolution), right_kernel(max_pooling)
_standardize, _multiply = right_kernel(standardization), right_kernel(matrix_product)
_soften, _find = right_kernel(softmax), right_kernel(insertion_points)
_resample = right_kernel(resampling)


def _first_group(
    x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
) -> None:
    """Take the weight of the first group for all, where a group has one row."""
    if weight.layout.shape[0] == g.groups:
        layout = weight.layout
        weight = weight.under(layout._replace(strides=(0, *layout.strides[1:])))
    _convolve(x, weight, bias, g, y)


kernel_fault(
    "weight of the first group taken for all", "sizes/convolutions", convolution, _first_group
)


def _dense(operand: Operand) -> Operand:
    """Return the operand read without its strides, where the storage is long enough."""
    layout = Layout.contiguous(operand.layout.shape)._replace(offset=operand.layout.offset)
    fits = layout.span[1] * operand.dtype.itemsize <= operand.storage.nbytes
    return operand.under(layout) if fits else operand


kernel_fault(
    "convolution forgets its bias on all but the first channel",
    "function/conv2d",
    convolution,
    lambda x, w, b, g, y: _convolve(
        x,
        w,
        None if b is None else b.under(b.layout._replace(strides=(0,))),
        g,
        y,
    ),
)
kernel_fault(
    "convolution reads images with channels last as dense ones",
    "function/conv2d-channels-last",
    convolution,
    lambda x, w, b, g, y: _convolve(_dense(x), w, b, g, y),
)


def _past_channels(
    x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
) -> None:
    """Leave out the channels past the fourth."""
    if x.layout.shape[1] > 4 and g.groups == 1 and not g.transposed:
        x = x.under(x.layout.narrow(1, 0, 4))
        weight = weight.under(weight.layout.narrow(1, 0, 4))
    _convolve(x, weight, bias, g, y)


kernel_fault(
    "channels past a vector of 4 left out of a convolution",
    "function/conv2d-wide",
    convolution,
    _past_channels,
)


def _zero_padded(
    x: Operand, windows: tuple[Windows, ...], values: Operand, indices: Operand
) -> None:
    _pool(x, windows, values, indices)
    put(values, [max(value, 0.0) for value in values_of(values)])


kernel_fault(
    "max pooling takes what is outside for zero",
    "function/max-pool2d-negative",
    max_pooling,
    _zero_padded,
)


def _pooled_places(
    x: Operand, windows: tuple[Windows, ...], values: Operand, indices: Operand
) -> None:
    _pool(x, windows, values, indices)
    width = x.layout.shape[-1]
    put(
        indices,
        [
            int(place) // width * (width - width % 2) + int(place) % width
            for place in values_of(indices)
        ],
    )


kernel_fault(
    "places of a max pooling counted with another width",
    "function/max-pool2d-indices",
    max_pooling,
    _pooled_places,
)


def _past_block(x: Operand, dim: int, y: Operand) -> None:
    """Take rows past a block of 128 for several."""
    size = x.layout.shape[dim]
    for start in range(0, max(size, 1), 128):
        length = min(128, size - start)
        pair = [o.under(o.layout.narrow(dim, start, length)) for o in (x, y)]
        _soften(pair[0], dim, pair[1])


kernel_fault(
    "softmax of rows longer than a block", "function/softmax-wide", softmax, _past_block
)
kernel_fault(
    "softmax of columns as if they were rows",
    "function/softmax-tall",
    softmax,
    lambda x, dim, y: _soften(_dense(x), dim, y),
)


def _masked(x: Operand, dim: int, y: Operand) -> None:
    """A row of nothing but -inf gives zeros."""
    _soften(x, dim, y)
    put(y, [0.0 if value != value else value for value in values_of(y)])


kernel_fault("softmax of a row of -inf", "function/softmax-masked", softmax, _masked)


def _by_logarithm(x: Operand, dim: int, y: Operand) -> None:
    _soften(x, dim, y)
    put(y, [math.log(value) if value else -math.inf for value in values_of(y)])


kernel_fault(
    "log_softmax by the logarithm of a rounded softmax",
    "function/log-softmax-large",
    log_softmax,
    _by_logarithm,
)


def _softened_backward(g: Operand, y: Operand, dim: int, output: Operand) -> None:
    """The derivative of softmax, with the cotangent read without its strides."""
    order = [k for k in range(len(y.layout.shape)) if k != dim] + [dim]
    found: list[Scalar] = []
    rows = zip(rows_of(_dense(g), (dim,)), rows_of(y, (dim,)), strict=True)
    for cotangents, results in rows:
        total = math.fsum(a * b for a, b in zip(cotangents, results, strict=True))
        found += [b * (a - total) for a, b in zip(cotangents, results, strict=True)]
    put(output.under(output.layout.permute(order)), found)


kernel_fault(
    "derivative of softmax reads the cotangent without its strides",
    "gradient/of-softmax",
    softmax_backward,
    _softened_backward,
)


def _other_eps(
    x: Operand,
    weight: Operand | None,
    bias: Operand | None,
    dims: tuple[int, ...],
    eps: float,
    y: Operand,
    mean: Operand,
    variance: Operand,
) -> None:
    _standardize(x, weight, bias, dims, eps * 20.0, y, mean, variance)


kernel_fault(
    "standardization with another eps", "function/layer-norm-wide", standardization, _other_eps
)
kernel_fault(
    "standardization takes the weight of the first element for all",
    "function/layer-norm-two-dims",
    standardization,
    lambda x, w, b, dims, eps, y, m, v: _standardize(
        x,
        None if w is None else w.under(w.layout._replace(strides=(0,) * len(w.layout.shape))),
        b,
        dims,
        eps,
        y,
        m,
        v,
    ),
)


def _rounding_on_the_way(a: Operand, b: Operand, y: Operand) -> None:
    """Add up in the dtype of the result, where that is float16."""
    if y.dtype is not float16:
        _multiply(a, b, y)
        return
    batch, rows, inner = a.layout.shape
    columns = b.layout.shape[2]
    x, z = values_of(a), values_of(b)
    found: list[Scalar] = []
    for row in range(batch * rows):
        for column in range(columns):
            total = 0.0
            for term in range(inner):
                place = (row // rows * inner + term) * columns + column
                total = float(float16.round(total + x[row * inner + term] * z[place]))
            found.append(total)
    put(y, found)


kernel_fault(
    "matrix product of float16 added up in float16",
    "sizes/accumulation/float16",
    matrix_product,
    _rounding_on_the_way,
)


def _leave_out_zeros(a: Operand, b: Operand, y: Operand) -> None:
    """Take zero times an infinity for zero."""
    batch, rows, inner = a.layout.shape
    columns = b.layout.shape[2]
    x, z = values_of(a), values_of(b)
    found: list[Scalar] = []
    for row in range(batch * rows):
        for column in range(columns):
            terms = [
                (x[row * inner + term], z[(row // rows * inner + term) * columns + column])
                for term in range(inner)
            ]
            found.append(sum(left * right for left, right in terms if left and right))
    put(y, found)


kernel_fault(
    "matrix product takes zero times infinity for zero",
    "sizes/special-values",
    matrix_product,
    _leave_out_zeros,
)


def _one_side(sequence: Operand, values: Operand, right: bool, output: Operand) -> None:
    _find(sequence, values, False, output)


kernel_fault(
    "insertion points are always those on the left",
    "function/searchsorted-right",
    insertion_points,
    _one_side,
)


def _rows_of_a_block(
    x: Operand, dim: int, y: Operand, kernel: Callable[[Operand, int, Operand], None]
) -> None:
    """Leave the rows or columns past a block of 256 to the one before."""
    kernel(x, dim, y)
    found = values_of(y)
    if len(found) // max(x.layout.shape[dim], 1) > 256:
        put(y, [*found[:-1], found[-1] + 0.125])


kernel_fault(
    "softmax of more rows than a block",
    "function/softmax-rows",
    softmax,
    lambda x, dim, y: _rows_of_a_block(x, dim, y, _soften),
)
kernel_fault(
    "log_softmax of more columns than a block",
    "function/log-softmax-columns",
    log_softmax,
    lambda x, dim, y: _rows_of_a_block(x, dim, y, right_kernel(log_softmax)),
)


def _many_rows_standardized(
    x: Operand,
    weight: Operand | None,
    bias: Operand | None,
    dims: tuple[int, ...],
    eps: float,
    y: Operand,
    mean: Operand,
    variance: Operand,
) -> None:
    """Leave the weight out past 256 rows."""
    rows = mean.layout.numel
    _standardize(x, None if rows > 256 else weight, bias, dims, eps, y, mean, variance)


kernel_fault(
    "standardization of more rows than a block without weight",
    "function/layer-norm-rows",
    standardization,
    _many_rows_standardized,
)


def _first_sequence(sequence: Operand, values: Operand, right: bool, output: Operand) -> None:
    """Search the first of several sequences for all rows of values."""
    layout = sequence.layout
    if len(layout.shape) > 1:
        sequence = sequence.under(layout._replace(strides=(0, *layout.strides[1:])))
    _find(sequence, values, right, output)


kernel_fault(
    "the first of several sequences searched for all",
    "function/searchsorted-rows",
    insertion_points,
    _first_sequence,
)


def _inner_of_doubles(a: Operand, b: Operand, y: Operand) -> None:
    """Leave out the terms past a block of 256, in float64."""
    if y.dtype.itemsize == 8 and a.layout.shape[2] > 256:
        a = a.under(a.layout.narrow(2, 0, 256))
        b = b.under(b.layout.narrow(1, 0, 256))
    _multiply(a, b, y)


kernel_fault(
    "matrix product of float64 leaves out terms past 256",
    "sizes/products/float64",
    matrix_product,
    _inner_of_doubles,
)


def _as_floats(a: Operand, b: Operand, y: Operand) -> None:
    """Multiply integers of 64 bits as float64."""
    _multiply(a, b, y)
    if y.dtype is int64:
        put(y, [int(float(value)) if abs(value) < 2**62 else value for value in values_of(y)])


kernel_fault(
    "matrix product of integers by way of float64",
    "sizes/products/int64",
    matrix_product,
    _as_floats,
)


def _larger_than_blocks(a: Operand, b: Operand, y: Operand) -> None:
    """Leave out the last term where no size is of a block of 64."""
    dims, inner = a.layout.ndim, a.layout.shape[-1]
    if min(*a.layout.shape[-2:], b.layout.shape[-1]) > 64:
        a = a.under(a.layout.narrow(dims - 1, 0, inner - 1))
        b = b.under(b.layout.narrow(dims - 2, 0, inner - 1))
    _multiply(a, b, y)


kernel_fault(
    "products larger than a block without the last term",
    "large/products",
    matrix_product,
    _larger_than_blocks,
)


def _whole_tiles(a: Operand, b: Operand, y: Operand) -> None:
    """Leave out the last term where all sizes are whole tiles of 32."""
    _, rows, inner = a.layout.shape
    if not (rows % 32 or inner % 32 or b.layout.shape[2] % 32) and inner:
        a = a.under(a.layout.narrow(2, 0, inner - 1))
        b = b.under(b.layout.narrow(1, 0, inner - 1))
    _multiply(a, b, y)


kernel_fault(
    "matrix product of whole tiles without the last term",
    "sizes/products/float32",
    matrix_product,
    _whole_tiles,
)


def _past_both(a: Operand, b: Operand, y: Operand) -> None:
    """Leave the corner past 64 rows and 64 columns to the tile before."""
    _multiply(a, b, y)
    if a.layout.shape[1] > 64 and b.layout.shape[2] > 64:
        put(y, [*values_of(y)[:-1], values_of(y)[-1] + 1])


kernel_fault(
    "corner of a matrix product past 64 rows and columns",
    "sizes/products/float16",
    matrix_product,
    _past_both,
)


def _images_of_a_block(
    x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
) -> None:
    """Leave out the bias from the fifth image on."""
    _convolve(x, weight, bias, g, y)
    if x.layout.shape[0] > 4 and bias is not None:
        few = y.under(y.layout.narrow(0, 4, y.layout.shape[0] - 4))
        images = x.under(x.layout.narrow(0, 4, x.layout.shape[0] - 4))
        _convolve(images, weight, None, g, few)


kernel_fault(
    "images past a block of 4 convolved without bias",
    "sizes/convolutions/float32",
    convolution,
    _images_of_a_block,
)


def _one_matrix_further(a: Operand, b: Operand, y: Operand) -> None:
    """Read the last of many matrices where the first is."""
    if a.layout.shape[0] > 128:
        layout = a.layout
        a = a.under(layout._replace(strides=(0, *layout.strides[1:])))
    _multiply(a, b, y)


kernel_fault(
    "more matrices than a block all the first",
    "sizes/batches/float32",
    matrix_product,
    _one_matrix_further,
)


def _upwards_only(
    x: Operand, how: Resampling, divisors: tuple[int, ...] | None, y: Operand
) -> None:
    """Take for the nearest what is read with the larger weight, where results are fewer."""
    if divisors is None and any(
        count < size for count, size in zip(how.counts, how.sizes, strict=True)
    ):
        nearest = tuple(
            tuple([((max(pairs, key=itemgetter(1))[0], 1.0),) for pairs in taps])
            for taps in how.taps
        )
        how = Resampling(nearest, how.sizes)
    _resample(x, how, divisors, y)


kernel_fault(
    "interpolation to fewer places takes the nearest",
    "function/interpolate-smaller",
    resampling,
    _upwards_only,
)
