"""Faults of fused kernels at sizes, scales and masks for which they have a way of their own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from gnomon.backend import Operand, Scalar
from gnomon.fusible import (
    Geometry,
    Windows,
    attention,
    chosen_positions,
    convolution,
    leading_places,
    log_softmax,
    matrix_product,
    max_pooling,
    softmax,
)
from gnomon_conformance.audit.faulty import cleared, narrowed, put, repeated, values_of
from gnomon_conformance.audit.register import decomposed, kernel_fault, right_kernel

Softmax: TypeAlias = Callable[[Operand, int, Operand], None]

_multiply, _convolve = right_kernel(matrix_product), right_kernel(convolution)
_pool, _soften = right_kernel(max_pooling), right_kernel(softmax)


def _without_last(right: Softmax, length: int) -> Softmax:
    """Return a kernel that does not store the last element of rows of a length."""

    def kernel(x: Operand, dim: int, y: Operand) -> None:
        right(x, dim, y)
        if y.layout.ndim and y.layout.shape[dim] == length:
            cleared(y, dim, length - 1)

    return kernel


kernel_fault(
    "softmax of rows of 129 without the last element",
    "function/softmax-lengths",
    softmax,
    _without_last(_soften, 129),
)
kernel_fault(
    "log_softmax of rows of 33 without the last element",
    "function/softmax-lengths",
    log_softmax,
    _without_last(right_kernel(log_softmax), 33),
)


def _narrow_columns(x: Operand, dim: int, y: Operand) -> None:
    _soften(x, dim, y)
    if y.layout.ndim == 2 and not dim:
        cleared(y, 1, 512)


kernel_fault(
    "softmax of 512 columns side by side at most",
    "sizes/softmax/float32",
    softmax,
    _narrow_columns,
)


def _of_nothing(x: Operand, dim: int, y: Operand) -> None:
    _soften(x, dim, y)
    if not y.layout.ndim:
        put(y, [0.0])


kernel_fault("softmax of a scalar is 0", "function/softmax-scalar", softmax, _of_nothing)


def _shy_of_64(left: Operand, right: Operand, output: Operand) -> None:
    """Leave out the last product where the inner size is a whole block."""
    if left.layout.shape[-1] == 64:
        left, right = narrowed(left, -1, 0, 63), narrowed(right, -2, 0, 63)
    _multiply(left, right, output)


kernel_fault(
    "products of an inner size of 64 lose the last",
    "function/matmul-lengths",
    matrix_product,
    _shy_of_64,
)


def _narrow_images(
    x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
) -> None:
    _convolve(x, weight, bias, g, y)
    if len(g.stride) == 2:
        cleared(y, 3, 32)


kernel_fault(
    "columns past 32 of a convolution not stored",
    "function/conv2d-line",
    convolution,
    _narrow_images,
)


def _dilated_alike(
    x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
) -> None:
    """Dilate rows as columns, where each group is one channel."""
    if g.groups == x.layout.shape[1] > 1 and not g.transposed:
        g = replace(g, dilation=g.dilation[-1:] * len(g.dilation))
        narrower = g.output_shape(x.layout.shape, weight.layout.shape)
        for dim, size in enumerate(narrower):
            if size < y.layout.shape[dim]:
                y = narrowed(y, dim, 0, size)
        if narrower != y.layout.shape:
            return
    _convolve(x, weight, bias, g, y)


kernel_fault(
    "rows of channels dilated as columns", "sizes/convolutions", convolution, _dilated_alike
)


def _pool_by_bytes(
    x: Operand, windows: tuple[Windows, ...], values: Operand, indices: Operand
) -> None:
    _pool(x, windows, values, indices)
    put(indices, [int(place) % 256 for place in values_of(indices)])


kernel_fault(
    "places of a max pooling counted in bytes",
    "function/max-pool2d-many-places",
    max_pooling,
    _pool_by_bytes,
)


def _attention_fault(
    name: str,
    change: Callable[[Operand | None, bool, float, Operand], tuple[Operand | None, float]],
    after: Callable[[Operand | None, Operand], None] = lambda mask, y: None,
    cases: str = "options/attention",
) -> None:
    """Add a fault of attention: in the mask and the scale that it is computed with, or in what
    becomes of the result.
    """

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
        mask, scale = change(mask, causal, scale, query)
        decomposed(attention, (query, key, value, mask), (causal, scale), (output,))
        after(mask, output)

    kernel_fault(name, cases, attention, kernel)


_attention_fault(
    "mask of the first row for all",
    lambda mask, causal, scale, query: (
        mask
        and mask.under(
            mask.layout._replace(strides=(*mask.layout.strides[:2], 0, mask.layout.strides[3]))
        ),
        scale,
    ),
)
_attention_fault(
    "mask of the first of a batch for all",
    lambda mask, causal, scale, query: (mask and repeated(mask), scale),
)
_attention_fault(
    "results of queries past 16 not stored",
    lambda mask, causal, scale, query: (mask, scale),
    lambda mask, y: cleared(y, 2, 16),
)
_attention_fault(
    "scale of attention by its magnitude",
    lambda mask, causal, scale, query: (mask, abs(scale)),
)
_attention_fault(
    "scale of attention of 0 as none",
    lambda mask, causal, scale, query: (
        mask,
        scale or 1 / math.sqrt(query.layout.shape[-1]),
    ),
)


def _lose_masked_starts(mask: Operand | None, y: Operand) -> None:
    """Give NaN where a whole first block of keys is masked: -inf less -inf."""
    if mask is None or mask.layout.shape[-1] < 9:
        return
    *rows, width = y.layout.shape
    keys = mask.layout.shape[-1]
    masked = values_of(mask.under(mask.layout.expand((*rows, keys))))
    found: list[Scalar] = []
    for number, element in enumerate(values_of(y)):
        start = number // width * keys
        lost = all(each in (0, -math.inf) for each in masked[start : start + 8])
        found.append(math.nan if lost else element)
    put(y, found)


_attention_fault(
    "rows of attention whose first 8 keys are masked",
    lambda mask, causal, scale, query: (mask, scale),
    _lose_masked_starts,
    "function/attention-masked-start",
)


def _lead(x: Operand, dim: int, descending: bool, places: Operand) -> None:
    decomposed(leading_places, [x], (dim, places.layout.shape[dim], descending), [places])


def _later_of_equals(x: Operand, dim: int, descending: bool, places: Operand) -> None:
    """Take the last of the largest elements for the first of them."""
    _lead(x, dim, descending, places)
    if places.layout.ndim != 2 or dim != 1 or not places.layout.numel:
        return
    count, length = places.layout.shape[1], x.layout.shape[1]
    found, elements = values_of(places), values_of(x)
    for row, begin in enumerate(range(0, len(found), count)):
        line = elements[row * length : (row + 1) * length]
        best = line[int(found[begin])]
        if count == 1:
            found[begin] = max(k for k, each in enumerate(line) if each == best or k == 0)
    put(places, found)


kernel_fault(
    "the last of the largest elements",
    "options/leading-places",
    leading_places,
    _later_of_equals,
)


def _long_rows(x: Operand, dim: int, descending: bool, places: Operand) -> None:
    """Store places up to 2047."""
    _lead(x, dim, descending, places)
    put(places, [min(int(each), 2047) for each in values_of(places)])


kernel_fault(
    "places past 2048 of long rows cut",
    "options/leading-places",
    leading_places,
    _long_rows,
)


def _short_of_last(x: Operand, dim: int, descending: bool, places: Operand) -> None:
    """Find 63 elements at most, and the first again for the 64th."""
    _lead(x, dim, descending, places)
    if places.layout.shape[dim] == 64:
        cleared(places, dim, 63)


kernel_fault(
    "the 64th of the largest elements",
    "options/leading-places",
    leading_places,
    _short_of_last,
)


def _choose_of_blocks(chosen: Operand, running: Operand, output: Operand) -> None:
    """Leave out what is chosen past the last whole block."""
    length = output.layout.numel
    decomposed(chosen_positions, [chosen, running], (length,), [output])
    rest = chosen.layout.numel % 64
    found = values_of(output)
    if rest and chosen.layout.numel > 64:
        whole = chosen.layout.numel - rest
        put(output, [each if each < whole else 0 for each in found])


kernel_fault(
    "positions past the last whole block",
    "options/chosen-positions",
    chosen_positions,
    _choose_of_blocks,
)
