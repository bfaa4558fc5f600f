"""Poolings: one number for each window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, SupportsIndex, TypeAlias, overload

from gnomon.composite import average_pools, max_pools
from gnomon.composite.average_pools import (
    adaptive_avg_pool1d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
)
from gnomon.composite.max_pools import (
    max_pool1d_with_indices,
    max_pool2d_with_indices,
    max_pool3d_with_indices,
)
from gnomon.composite.pooling_windows import per_dim
from gnomon.op.arguments import IntegerArgument
from gnomon.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]

#: One number for all dims or one for each, None for a dim's own size.
OutputSize: TypeAlias = "SupportsIndex | Sequence[SupportsIndex | None] | None"


@overload
def max_pool1d(
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...
@overload
def max_pool1d(
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]: ...
def max_pool1d(
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Return the largest element of each window of signals (N, C, L) or (C, L).

    ``stride`` is the window's size by default; ``return_indices`` adds where each element
    stands, counted through all spatial dims.

    >>> import gnomon as torch
    >>> max_pool1d(torch.tensor([[1.0, 3.0, 2.0, 5.0]]), 2, return_indices=True)
    (tensor([[3., 5.]]), tensor([[1, 3]]))
    """
    pool = max_pool1d_with_indices if return_indices else max_pools.max_pool1d
    return pool(input, kernel_size, stride, padding, dilation, ceil_mode)


@overload
def max_pool2d(
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...
@overload
def max_pool2d(
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]: ...
def max_pool2d(
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Return the largest element of each window of images (N, C, H, W) or (C, H, W).

    ``stride`` is the window's size by default; ``return_indices`` adds where each element
    stands, counted through all spatial dims.

    >>> import gnomon as torch
    >>> max_pool2d(torch.arange(4.0).view(1, 2, 2), 2, return_indices=True)
    (tensor([[[3.]]]), tensor([[[3]]]))
    """
    pool = max_pool2d_with_indices if return_indices else max_pools.max_pool2d
    return pool(input, kernel_size, stride, padding, dilation, ceil_mode)


@overload
def max_pool3d(
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...
@overload
def max_pool3d(
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]: ...
def max_pool3d(
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Return the largest element of each window of volumes (N, C, D, H, W) or (C, D, H, W).

    ``stride`` is the window's size by default; ``return_indices`` adds where each element
    stands, counted through all spatial dims.

    >>> import gnomon as torch
    >>> max_pool3d(torch.arange(8.0).view(1, 2, 2, 2), 2, return_indices=True)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    pool = max_pool3d_with_indices if return_indices else max_pools.max_pool3d
    return pool(input, kernel_size, stride, padding, dilation, ceil_mode)


def adaptive_avg_pool2d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return the means of windows that cover images evenly.

    There are ``output_size`` of them along each dim; None leaves a dim as it is.

    >>> import gnomon as torch
    >>> adaptive_avg_pool2d(torch.arange(4.0).view(1, 2, 2), 1).flatten()
    tensor([1.5000])
    """
    return average_pools.adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return the means of windows that cover volumes evenly.

    There are ``output_size`` of them along each dim; None leaves a dim as it is.

    >>> import gnomon as torch
    >>> adaptive_avg_pool3d(torch.arange(8.0).view(1, 2, 2, 2), 1).flatten()
    tensor([3.5000])
    """
    return average_pools.adaptive_avg_pool(3, input, output_size)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: IntegerArgument, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """Return what ``adaptive_max_pool1d`` returns, and where each element stands.

    ``return_indices`` is there for PyTorch's signature: indices are always returned.
    """
    return max_pools.adaptive_max_pool1d(input, output_size)


@overload
def adaptive_max_pool1d(
    input: Tensor, output_size: IntegerArgument, return_indices: Literal[False] = False
) -> Tensor: ...
@overload
def adaptive_max_pool1d(
    input: Tensor, output_size: IntegerArgument, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]: ...
def adaptive_max_pool1d(
    input: Tensor, output_size: IntegerArgument, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """Return the largest elements of windows that cover signals evenly.

    There are ``output_size`` of them along each dim.

    >>> import gnomon as torch
    >>> adaptive_max_pool1d(torch.tensor([[1.0, 3.0, 2.0, 5.0]]), 1).flatten()
    tensor([5.])
    """
    result, indices = max_pools.adaptive_max_pool1d(input, output_size)
    return (result, indices) if return_indices else result


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: OutputSize, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """Return what ``adaptive_max_pool2d`` returns, and where each element stands.

    ``return_indices`` is there for PyTorch's signature: indices are always returned.
    """
    return max_pools.adaptive_max_pool(2, input, output_size)


@overload
def adaptive_max_pool2d(
    input: Tensor, output_size: OutputSize, return_indices: Literal[False] = False
) -> Tensor: ...
@overload
def adaptive_max_pool2d(
    input: Tensor, output_size: OutputSize, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]: ...
def adaptive_max_pool2d(
    input: Tensor, output_size: OutputSize, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """Return the largest elements of windows that cover images evenly.

    There are ``output_size`` of them along each dim; None leaves a dim as it is.

    >>> import gnomon as torch
    >>> adaptive_max_pool2d(torch.arange(4.0).view(1, 2, 2), 1).flatten()
    tensor([3.])
    """
    result, indices = max_pools.adaptive_max_pool(2, input, output_size)
    return (result, indices) if return_indices else result


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: OutputSize, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """Return what ``adaptive_max_pool3d`` returns, and where each element stands.

    ``return_indices`` is there for PyTorch's signature: indices are always returned.
    """
    return max_pools.adaptive_max_pool(3, input, output_size)


@overload
def adaptive_max_pool3d(
    input: Tensor, output_size: OutputSize, return_indices: Literal[False] = False
) -> Tensor: ...
@overload
def adaptive_max_pool3d(
    input: Tensor, output_size: OutputSize, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]: ...
def adaptive_max_pool3d(
    input: Tensor, output_size: OutputSize, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """Return the largest elements of windows that cover volumes evenly.

    There are ``output_size`` of them along each dim; None leaves a dim as it is.

    >>> import gnomon as torch
    >>> adaptive_max_pool3d(torch.arange(8.0).view(1, 2, 2, 2), 1).flatten()
    tensor([7.])
    """
    result, indices = max_pools.adaptive_max_pool(3, input, output_size)
    return (result, indices) if return_indices else result


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the root of order ``norm_type`` of the sum of powers over each window.

    >>> import gnomon as torch
    >>> lp_pool1d(torch.ones(1, 2), 1, 2).flatten()
    tensor([2.])
    """
    return average_pools.lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the root of order ``norm_type`` of the sum of powers over each window.

    >>> import gnomon as torch
    >>> lp_pool2d(torch.ones(1, 2, 2), 2, 2).flatten()
    tensor([2.])
    """
    return average_pools.lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the root of order ``norm_type`` of the sum of powers over each window.

    >>> import gnomon as torch
    >>> lp_pool3d(torch.ones(1, 2, 2, 2), 3, 2).flatten()
    tensor([2.])
    """
    return average_pools.lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    output_size: Sequence[SupportsIndex] | None = None,
) -> Tensor:
    """Return signals that are 0 but for ``input``, put where ``indices`` say.

    Both come from ``max_pool1d`` with the same windows; ``output_size`` tells which of the
    lengths that it pools to this one is meant.

    >>> import gnomon as torch
    >>> max_unpool1d(torch.tensor([[3.0, 5.0]]), torch.tensor([[1, 3]]), 2)
    tensor([[0., 3., 0., 5.]])
    """
    size = _unpooled_size(1, input, kernel_size, stride, padding, output_size)
    rows = max_pools.max_unpool(2, input.unsqueeze(-1), indices.unsqueeze(-1), (*size, 1))
    return rows.squeeze(-1)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    output_size: Sequence[SupportsIndex] | None = None,
) -> Tensor:
    """Return images that are 0 but for ``input``, put where ``indices`` say.

    The arguments are those of ``max_unpool1d``.

    >>> import gnomon as torch
    >>> max_unpool2d(torch.tensor([[[3.0]]]), torch.tensor([[[2]]]), 2)
    tensor([[[0., 0.],
             [3., 0.]]])
    """
    size = _unpooled_size(2, input, kernel_size, stride, padding, output_size)
    return max_pools.max_unpool(2, input, indices, size)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    output_size: Sequence[SupportsIndex] | None = None,
) -> Tensor:
    """Return volumes that are 0 but for ``input``, put where ``indices`` say.

    The arguments are those of ``max_unpool1d``.

    >>> import gnomon as torch
    >>> max_unpool3d(torch.tensor([[[[3.0]]]]), torch.tensor([[[[2]]]]), (1, 2, 2))
    tensor([[[[0., 0.],
              [3., 0.]]]])
    """
    size = _unpooled_size(3, input, kernel_size, stride, padding, output_size)
    return max_pools.max_unpool(3, input, indices, size)


def _unpooled_size(
    count: int,
    input: Tensor,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None,
    padding: IntegerArgument,
    output_size: Sequence[SupportsIndex] | None,
) -> tuple[int, ...]:
    """Return the spatial size of what was pooled; ``output_size`` may be the whole shape."""
    operation = f"max_unpool{count}d"
    kernel = per_dim(operation, "kernel_size", kernel_size, count)
    steps = kernel if stride is None else per_dim(operation, "stride", stride, count)
    margins = per_dim(operation, "padding", padding, count)
    least = tuple(
        [
            (size - 1) * step - 2 * margin + length
            for size, step, margin, length in zip(
                input.shape[-count:], steps, margins, kernel, strict=True
            )
        ]
    )
    if output_size is None:
        return least
    given = tuple([size.__index__() for size in output_size])
    if len(given) == count + 2:
        given = given[2:]
    if len(given) != count:
        raise ValueError(
            f"{operation}: output_size should be a sequence of {count} or {count + 2} numbers, "
            f"but got {len(given)}."
        )
    for dim, (size, default, step) in enumerate(zip(given, least, steps, strict=True)):
        if not default - step < size < default + step:
            raise ValueError(
                f'{operation}: invalid output_size "{given}" (dim {dim} must be between '
                f"{default - step} and {default + step})."
            )
    return given
