"""``max_pool1d`` to ``max_unpool3d``, and the adaptive forms."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import SupportsIndex, TypeVar

from gnomon.composite.max_pooling import gathered, max_pooled, put
from gnomon.composite.pooling_windows import (
    Sizes,
    adaptive_windows,
    check_rank,
    per_dim,
    pooling_of,
)
from gnomon.core import Cotangents, TensorCore
from gnomon.dtypes import int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.layout.strides import prefers_channels_last
from gnomon.op.arguments import IntegerArgument
from gnomon.op.composite import record_composite
from gnomon.op.copying import clone_as
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import floating
from gnomon.ops.views import squeeze, unsqueeze

__all__ = [
    "adaptive_max_pool1d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool3d",
]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def max_pool1d(
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
) -> T:
    """Return the largest element of each window of signals (N, C, L) or (C, L).

    ``stride`` is the window's size by default; what ``padding`` adds never wins; ``ceil_mode``
    also takes a last window that reaches over the end. Raises RuntimeError for windows that do
    not fit.

    >>> import gnomon as torch
    >>> torch.max_pool1d(torch.tensor([[1.0, 3.0, 2.0, 5.0, 4.0]]), 2)
    tensor([[3., 5.]])
    """
    floating("max_pool1d", input.operand.dtype)
    return max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)[0]


@numpy_names
def max_pool1d_with_indices(
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
) -> tuple[T, T]:
    """Return what ``max_pool1d`` returns, and where in its signal each element stands.

    >>> import gnomon as torch
    >>> torch.max_pool1d_with_indices(torch.tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
    (tensor([[3., 5.]]), tensor([[1, 3]]))
    """
    pooling = pooling_of(
        "max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode
    )
    windows = ((0,),), *pooling.windows(input.operand.layout.shape[-1:])
    label = "MaxPool2DWithIndicesBackward0"
    rows, places = max_pooled("max_pool1d", label, unsqueeze(input, -2), windows)
    return squeeze(rows, -2), squeeze(places, -2)


@numpy_names
def max_pool2d(
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
) -> T:
    """Return the largest element of each window of images (N, C, H, W) or (C, H, W).

    The arguments are those of ``max_pool1d``, with one number for both dims or a pair.

    >>> import gnomon as torch
    >>> torch.max_pool2d(torch.arange(16.0).view(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    return max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)[0]


def max_pool2d_with_indices(
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
) -> tuple[T, T]:
    """Return what ``max_pool2d`` returns, and where in its image each element stands."""
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


@numpy_names
def max_pool3d(
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
) -> T:
    """Return the largest element of each window of volumes (N, C, D, H, W) or (C, D, H, W).

    The arguments are those of ``max_pool1d``, with one number for all three dims or three.

    >>> import gnomon as torch
    >>> torch.max_pool3d(torch.arange(8.0).view(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    return max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)[0]


def max_pool3d_with_indices(
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
) -> tuple[T, T]:
    """Return what ``max_pool3d`` returns, and where in its volume each element stands."""
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode)


def _max_pool(
    operation: str,
    count: int,
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None,
    padding: IntegerArgument,
    dilation: IntegerArgument,
    ceil_mode: bool,
) -> tuple[T, T]:
    pooling = pooling_of(
        operation, count, input, kernel_size, stride, padding, dilation, ceil_mode
    )
    windows = pooling.windows(input.operand.layout.shape[-count:])
    return max_pooled(operation, f"MaxPool{count}DWithIndicesBackward0", input, windows)


@numpy_names
def adaptive_max_pool1d(input: T, output_size: IntegerArgument) -> tuple[T, T]:
    """Return the largest elements of ``output_size`` windows that cover a signal, and where.

    ``input`` is (N, C, L) or (C, L).

    >>> import gnomon as torch
    >>> torch.adaptive_max_pool1d(torch.tensor([[1.0, 3.0, 2.0, 5.0, 4.0]]), 2)
    (tensor([[3., 5.]]), tensor([[1, 3]]))
    """
    count = per_dim("adaptive_max_pool1d", "output_size", output_size, 1)
    check_rank("adaptive_max_pool1d", 1, input, no_channels=True)
    floating("adaptive_max_pool1d", input.operand.dtype)
    if count[0] < 0:
        rule = f"output_size must not be negative, got {count[0]}"
        raise RuntimeError(explain("adaptive_max_pool1d", rule, input))
    windows = ((0,),), *adaptive_windows(input.operand.layout.shape[-1:], count)
    label = "AdaptiveMaxPool2DBackward0"
    rows, places = max_pooled("adaptive_max_pool1d", label, unsqueeze(input, -2), windows)
    return squeeze(rows, -2), squeeze(places, -2)


def adaptive_max_pool(
    count: int, input: T, output_size: SupportsIndex | Sequence[SupportsIndex | None] | None
) -> tuple[T, T]:
    """Return the largest elements of windows that cover images or volumes, and where.

    None in ``output_size`` leaves a dim as it is.

    >>> import gnomon as torch
    >>> adaptive_max_pool(2, torch.arange(16.0).view(1, 4, 4), (1, 2))[0]
    tensor([[[13., 15.]]])
    """
    operation = f"adaptive_max_pool{count}d"
    counts = adaptive_counts(operation, count, input, output_size)
    floating(operation, input.operand.dtype)
    sizes = input.operand.layout.shape[-count:]
    label = f"AdaptiveMaxPool{count}DBackward0"
    return max_pooled(operation, label, input, adaptive_windows(sizes, counts))


def adaptive_counts(
    operation: str,
    count: int,
    input: TensorCore,
    output_size: SupportsIndex | Sequence[SupportsIndex | None] | None,
) -> Sizes:
    """Return how many windows there are along each dim; None is the dim's own size."""
    ndim = input.operand.layout.ndim
    if isinstance(output_size, Sequence) and len(output_size) >= ndim:
        rule = f"Input dimension should be at least {len(output_size) + 1}"
        raise ValueError(explain(operation, rule, input))
    check_rank(operation, count, input, no_channels=True)
    sizes = input.operand.layout.shape[-count:]
    given: list[SupportsIndex | None] = (
        list(output_size) if isinstance(output_size, Sequence) else [output_size] * len(sizes)
    )
    if len(given) != len(sizes):
        raise RuntimeError(
            f"{operation}: output_size must be one int or {len(sizes)} of them, got {given}."
        )
    counts = tuple(
        [
            size if each is None else each.__index__()
            for each, size in zip(given, sizes, strict=True)
        ]
    )
    if min(counts) < 0:
        raise RuntimeError(
            f"{operation}: elements of output_size must be greater than or equal to 0 but "
            f"received {list(counts)}."
        )
    return counts


def max_unpool(count: int, input: T, indices: T, output_size: Sizes) -> T:
    """Return images of ``output_size`` that are 0 but for ``input``, put where ``indices`` say.

    ``indices`` are those that a max pool returned. Where one place is named twice, the last
    stays. Raises RuntimeError for shapes that differ and for places out of range.

    >>> import gnomon as torch
    >>> max_unpool(1, torch.tensor([[3.0, 5.0]]), torch.tensor([[1, 3]]), (5,))
    tensor([[0., 3., 0., 5., 0.]])
    """
    operation = f"max_unpool{count}d"
    shape = input.operand.layout.shape
    rule = ""
    if len(shape) not in (count + 1, count + 2):
        rule = f"Expected {count + 1}D or {count + 2}D input, got {len(shape)}D"
    elif indices.operand.dtype is not int64:
        rule = "elements in indices should be type int64"
    elif indices.operand.layout.shape != shape:
        rule = "Expected shape of indices to be the same as that of the input tensor"
    if rule:
        remedy = "Give the values and the indices that a max pool returned"
        raise RuntimeError(explain(operation, rule, input, indices, remedy=remedy))
    whole = (*shape[: len(shape) - count], *output_size)
    with no_grad():
        result = put(input, indices, whole, count)
        if count == 2 and len(shape) == 4:
            given = input.operand.layout
            if prefers_channels_last(given.shape, given.strides):
                result = clone_as(result, Layout.contiguous(whole).channels_last())
    derivative = partial(_read_places, count)
    label = f"MaxUnpool{count}DBackward0"
    record_composite(label, (input,), (result,), (indices,), derivative)
    return result


def _read_places(
    count: int,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    (g,), (indices,) = cotangents, saved
    assert g is not None and indices is not None
    return (gathered(g, indices, count),)
