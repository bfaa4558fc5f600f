"""Max pools whose windows lie at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, overload

from gnomon.composite.fractional_pools import fractional_max_pool
from gnomon.composite.pooling_windows import per_dim
from gnomon.op.arguments import IntegerArgument
from gnomon.tensor import Tensor
from gnomon.tensor.random_factories import rand

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]

#: By which the sizes of an input are multiplied, one for all dims or one for each.
Ratio: TypeAlias = float | Sequence[float]


def _pooled(
    count: int,
    input: Tensor,
    kernel_size: IntegerArgument,
    output_size: IntegerArgument | None,
    output_ratio: Ratio | None,
    samples: Tensor | None,
) -> tuple[Tensor, Tensor]:
    operation = f"fractional_max_pool{count}d"
    kernel = per_dim(operation, "kernel_size", kernel_size, count)
    if output_size is not None:
        output = per_dim(operation, "output_size", output_size, count)
    elif output_ratio is None:
        raise ValueError(
            f"{operation} requires specifying either an output_size or an output_ratio"
        )
    else:
        given = output_ratio if isinstance(output_ratio, Sequence) else (output_ratio,) * count
        if len(given) != count:
            raise ValueError(
                f"{operation} requires output_ratio to be one number or {count} of them, got "
                f"{len(given)}"
            )
        sizes = input.shape[-count:]
        output = tuple([int(size * ratio) for size, ratio in zip(sizes, given, strict=True)])
    if samples is None:
        batch = 1 if input.ndim == count + 1 else input.size(0)
        channels = input.size(-count - 1)
        samples = rand(batch, channels, count, dtype=input.dtype, device=input.device)
    return fractional_max_pool(count, input, kernel, output, samples)


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: IntegerArgument,
    output_size: IntegerArgument | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return what ``fractional_max_pool2d`` returns with ``return_indices``."""
    return _pooled(2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: IntegerArgument,
    output_size: IntegerArgument | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return what ``fractional_max_pool3d`` returns with ``return_indices``."""
    return _pooled(3, input, kernel_size, output_size, output_ratio, _random_samples)


@overload
def fractional_max_pool2d(
    input: Tensor,
    kernel_size: IntegerArgument,
    output_size: IntegerArgument | None = None,
    output_ratio: Ratio | None = None,
    return_indices: Literal[False] = False,
    _random_samples: Tensor | None = None,
) -> Tensor: ...
@overload
def fractional_max_pool2d(
    input: Tensor,
    kernel_size: IntegerArgument,
    output_size: IntegerArgument | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]: ...
def fractional_max_pool2d(
    input: Tensor,
    kernel_size: IntegerArgument,
    output_size: IntegerArgument | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    """Return the largest element of each of randomly placed windows of images (N, C, H, W) or
    (C, H, W).

    There are ``output_size`` windows along the two dims, or ``output_ratio`` times the input's
    sizes; ``return_indices`` adds where each element stands. ``_random_samples`` (N, C, 2) are
    the numbers that place them, drawn by default. Raises ValueError for neither of both,
    RuntimeError for windows that do not fit.

    >>> import gnomon as torch
    >>> fractional_max_pool2d(torch.ones(1, 5, 5), 2, output_size=(3, 2)).shape
    torch.Size([1, 3, 2])
    """
    found = _pooled(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


@overload
def fractional_max_pool3d(
    input: Tensor,
    kernel_size: IntegerArgument,
    output_size: IntegerArgument | None = None,
    output_ratio: Ratio | None = None,
    return_indices: Literal[False] = False,
    _random_samples: Tensor | None = None,
) -> Tensor: ...
@overload
def fractional_max_pool3d(
    input: Tensor,
    kernel_size: IntegerArgument,
    output_size: IntegerArgument | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]: ...
def fractional_max_pool3d(
    input: Tensor,
    kernel_size: IntegerArgument,
    output_size: IntegerArgument | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    """Do what ``fractional_max_pool2d`` does to volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import gnomon as torch
    >>> fractional_max_pool3d(torch.ones(1, 4, 4, 4), 2, output_ratio=0.5).shape
    torch.Size([1, 2, 2, 2])
    """
    found = _pooled(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]
