"""Faults of fused kernels at sizes, scales and masks for which they have a way of their own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from gnomon.backend import Operand, Scalar
from gnomon.fusible import (
    Geometry,
    Windows,
    attention,
    convolution,
    log_softmax,
    matrix_product,
    max_pooling,
    softmax,
)
from gnomon_conformance.audit.faulty import put, values_of
from gnomon_conformance.audit.register import decomposed, kernel_fault, right_kernel

Softmax: TypeAlias = Callable[[Operand, int, Operand], None]

_multiply, _convolve = right_kernel(matrix_product), right_kernel(convolution)
_pool, _soften = right_kernel(max_pooling), right_kernel(softmax)


def _part(operand: Operand, dim: int, start: int, length: int) -> Operand:
    return operand.under(operand.layout.narrow(dim, start, length))


def _clear_from(output: Operand, dim: int, start: int) -> None:
    length = output.layout.shape[dim] - start
    if length > 0:
        rest = _part(output, dim, start, length)
        put(rest, [0.0] * rest.layout.numel)


def _without_last(right: Softmax, length: int) -> Softmax:
    """Return a kernel that does not store the last element of rows of a length."""

    def kernel(x: Operand, dim: int, y: Operand) -> None:
        right(x, dim, y)
        if y.layout.ndim and y.layout.shape[dim] == length:
            _clear_from(y, dim, length - 1)

    return kernel


kernel_fault(
    "softmax of rows of 129 without the last element",
    "function/softmax-lengths",
    softmax,
    _without_last(_soften, 129),
)
kernel_fault(
    "log_softmax of rows of 33 without the last element",
    "function/log-softmax-lengths",
    log_softmax,
    _without_last(right_kernel(log_softmax), 33),
)


def _of_nothing(x: Operand, dim: int, y: Operand) -> None:
    _soften(x, dim, y)
    if not y.layout.ndim:
        put(y, [0.0])


kernel_fault("softmax of a scalar is 0", "function/softmax-scalar", softmax, _of_nothing)


def _shy_of_64(left: Operand, right: Operand, output: Operand) -> None:
    """Leave out the last product where the inner size is a whole block."""
    if left.layout.shape[-1] == 64:
        left, right = _part(left, -1, 0, 63), _part(right, -2, 0, 63)
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
        _clear_from(y, 3, 32)


kernel_fault(
    "columns past 32 of a convolution not stored",
    "function/conv2d-line",
    convolution,
    _narrow_images,
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


def _attention_fault(name: str, scale_of: Callable[[Operand, float], float]) -> None:
    """Add a fault of attention, in the scale that it is computed with."""

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
        scale = scale_of(query, scale)
        decomposed(attention, (query, key, value, mask), (causal, scale), (output,))

    kernel_fault(name, "options/attention", attention, kernel)


_attention_fault("scale of attention by its magnitude", lambda query, scale: abs(scale))
_attention_fault(
    "scale of attention of 0 as none",
    lambda query, scale: scale or 1 / math.sqrt(query.layout.shape[-1]),
)


def _by_blocks(
    query: Operand,
    key: Operand,
    value: Operand,
    mask: Operand | None,
    causal: bool,
    scale: float,
    output: Operand,
    logarithms: Operand,
) -> None:
    """Give NaN where a whole first block of keys is masked: -inf less -inf."""
    decomposed(attention, (query, key, value, mask), (causal, scale), (output,))
    if mask is None or mask.layout.shape[-1] < 9:
        return
    rows = output.layout.shape[:-1]
    wide = mask.under(mask.layout.expand((*rows, mask.layout.shape[-1])))
    masked, keys, width = values_of(wide), mask.layout.shape[-1], output.layout.shape[-1]
    found: list[Scalar] = []
    for number, element in enumerate(values_of(output)):
        start = number // width * keys
        lost = all(each in (0, -math.inf) for each in masked[start : start + 8])
        found.append(math.nan if lost else element)
    put(output, found)


kernel_fault(
    "rows of attention whose first 8 keys are masked",
    "function/attention-masked-start",
    attention,
    _by_blocks,
)
