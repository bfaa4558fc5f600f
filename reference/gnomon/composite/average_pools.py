"""``avg_pool1d`` to ``avg_pool3d``, the adaptive forms, and means of powers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import inf
from typing import Final, SupportsIndex, TypeVar

from gnomon.composite.max_pools import (
    adaptive_counts,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from gnomon.composite.pooling_windows import (
    Pooling,
    Windows,
    adaptive_windows,
    check_rank,
    per_dim,
    pooling_of,
)
from gnomon.composite.powers import pow
from gnomon.composite.resampling import Resampling, divisors_of, resampled
from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.op.arguments import IntegerArgument
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import floating
from gnomon.ops.arithmetic import mul, sign
from gnomon.ops.piecewise_activations import relu
from gnomon.ops.reduction import MEAN
from gnomon.ops.views import squeeze, unsqueeze

__all__ = ["adaptive_avg_pool1d", "avg_pool1d"]

T = TypeVar("T", bound=TensorCore)
_CACHED: Final = 64


@numpy_names
def avg_pool1d(
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> T:
    """Return the mean of each window of signals (N, C, L) or (C, L).

    ``stride`` is the window's size by default; the zeros of ``padding`` count unless
    ``count_include_pad`` is False; ``ceil_mode`` also takes a last window that reaches over the
    end. Raises RuntimeError for windows that do not fit.

    >>> import gnomon as torch
    >>> torch.avg_pool1d(torch.tensor([[1.0, 3.0, 2.0, 6.0, 4.0]]), 2)
    tensor([[2., 4.]])
    """
    rows = _avg_pool(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )
    return squeeze(rows, -2)


@numpy_names
def avg_pool2d(
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> T:
    """Return the mean of each window of images (N, C, H, W) or (C, H, W).

    The arguments are those of ``avg_pool1d``, with one number for both dims or a pair;
    ``divisor_override`` divides the sums instead of the windows' sizes.

    >>> import gnomon as torch
    >>> avg_pool2d(torch.arange(16.0).view(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    return _avg_pool(
        "avg_pool2d",
        2,
        input,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
    )


@numpy_names
def avg_pool3d(
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    padding: IntegerArgument = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> T:
    """Return the mean of each window of volumes (N, C, D, H, W) or (C, D, H, W).

    The arguments are those of ``avg_pool2d``, with one number for all three dims or three.

    >>> import gnomon as torch
    >>> avg_pool3d(torch.arange(8.0).view(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    return _avg_pool(
        "avg_pool3d",
        3,
        input,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
    )


def _avg_pool(
    operation: str,
    count: int,
    input: T,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None,
    padding: IntegerArgument,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> T:
    pooling = pooling_of(operation, count, input, kernel_size, stride, padding, 1, ceil_mode)
    floating(operation, input.operand.dtype)
    if divisor == 0:
        raise RuntimeError(explain(operation, "divisor must be not zero", input))
    sizes = input.operand.layout.shape[-count:]
    if count == 1:  # a signal is an image of one row
        input = unsqueeze(input, -2)
    label = f"AvgPool{max(count, 2)}DBackward0"
    return resampled(label, input, *_averages(pooling, sizes, count_include_pad, divisor))


@lru_cache(_CACHED)
def _averages(
    pooling: Pooling, sizes: tuple[int, ...], count_include_pad: bool, divisor: int | None
) -> tuple[Resampling, tuple[int, ...]]:
    """Return the map that adds up every window, and what the sums are divided by."""
    windows = pooling.windows(sizes)
    lengths = pooling.lengths(sizes) if count_include_pad else _lengths(windows)
    if len(sizes) == 1:
        sizes, windows, lengths = (1, *sizes), (((0,),), *windows), [[1], *lengths]
    divisors = divisors_of(lengths)
    if divisor is not None:
        divisors = (divisor,) * len(divisors)
    return _sums(sizes, windows), divisors


def _lengths(windows: tuple[Windows, ...]) -> list[list[int]]:
    return [list(map(len, along)) for along in windows]


def _sums(sizes: tuple[int, ...], windows: tuple[Windows, ...]) -> Resampling:
    """Return the map that adds up every window."""
    taps = [tuple([tuple([(at, 1.0) for at in each]) for each in along]) for along in windows]
    return Resampling(tuple(taps), sizes)


@numpy_names
def adaptive_avg_pool1d(input: T, output_size: IntegerArgument) -> T:
    """Return the means of ``output_size`` windows that cover a signal (N, C, L) or (C, L).

    >>> import gnomon as torch
    >>> torch.adaptive_avg_pool1d(torch.tensor([[1.0, 3.0, 2.0, 6.0]]), 2)
    tensor([[2., 4.]])
    """
    (count,) = per_dim("adaptive_avg_pool1d", "output_size", output_size, 1)
    check_rank("adaptive_avg_pool1d", 1, input, no_channels=True)
    return squeeze(adaptive_avg_pool(2, unsqueeze(input, -2), (1, count)), -2)


def adaptive_avg_pool(
    count: int, input: T, output_size: SupportsIndex | Sequence[SupportsIndex | None] | None
) -> T:
    """Return the means of windows that cover images or volumes.

    None in ``output_size`` leaves a dim as it is.

    >>> import gnomon as torch
    >>> adaptive_avg_pool(2, torch.arange(16.0).view(1, 4, 4), (1, 2))
    tensor([[[6.5000, 8.5000]]])
    """
    operation = f"adaptive_avg_pool{count}d"
    counts = adaptive_counts(operation, count, input, output_size)
    sizes = input.operand.layout.shape[-count:]
    if counts == (1,) * count:
        return MEAN(input, tuple(range(-count, 0)), True)
    floating(operation, input.operand.dtype)
    label = f"AdaptiveAvgPool{count}DBackward0"
    return resampled(label, input, *_adaptive_averages(sizes, counts))


@lru_cache(_CACHED)
def _adaptive_averages(
    sizes: tuple[int, ...], counts: tuple[int, ...]
) -> tuple[Resampling, tuple[int, ...]]:
    windows = adaptive_windows(sizes, counts)
    return _sums(sizes, windows), divisors_of(_lengths(windows))


def lp_pool(
    count: int,
    input: T,
    norm_type: float,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None = None,
    ceil_mode: bool = False,
) -> T:
    """Return the root of order ``norm_type`` of the sum of powers over each window.

    Order infinity is the largest element.

    >>> import gnomon as torch
    >>> lp_pool(1, torch.tensor([[3.0, 4.0, 6.0, 8.0]]), 2, 2)
    tensor([[ 5., 10.]])
    """
    operation = f"lp_pool{count}d"
    if norm_type == inf:
        pool = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}[count]
        return pool(input, kernel_size, stride, 0, 1, ceil_mode)
    powers = pow(input, norm_type)
    size = 1
    for length in per_dim(operation, "kernel_size", kernel_size, count):
        size *= length
    means = _avg_pool(operation, count, powers, kernel_size, stride, 0, ceil_mode, True, None)
    if count == 1:
        means = squeeze(means, -2)
    positive = mul(sign(means), relu(mul(means, sign(means))))
    return pow(mul(positive, size), 1.0 / norm_type)
