"""Channels turned into pixels and back, and channels dealt out among groups."""

from __future__ import annotations

from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.op.copying import clone_as
from gnomon.op.linear import linear
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.joining import joined_layout
from gnomon.ops.views import permute, reshape, transpose

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def pixel_shuffle(input: T, upscale_factor: int) -> T:
    """Return (..., C r r, H, W) as (..., C, H r, W r), r being ``upscale_factor``.

    Raises RuntimeError for fewer than three dims, and where r r does not divide the channels.

    >>> import gnomon as torch
    >>> torch.pixel_shuffle(torch.tensor([[[1]], [[2]], [[3]], [[4]]]), 2)
    tensor([[[1, 2],
             [3, 4]]])
    """
    ratio = upscale_factor
    *batch, channels, height, width = _image("pixel_shuffle", input, ratio, "upscale_factor")
    if channels % (ratio * ratio):
        raise _refused(
            "pixel_shuffle",
            input,
            "its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {ratio * ratio}",
        )
    fewer = channels // (ratio * ratio)
    parts = reshape(_free(input), (*batch, fewer, ratio, ratio, height, width))
    first = len(batch)
    order = (*range(first), first, first + 3, first + 1, first + 4, first + 2)
    shape = (*batch, fewer, height * ratio, width * ratio)
    result = _settled(input, permute(parts, order), shape)
    return linear(
        "PixelShuffleBackward0", input, result, lambda g: pixel_unshuffle(g, upscale_factor)
    )


@numpy_names
def pixel_unshuffle(input: T, downscale_factor: int) -> T:
    """Return (..., C, H r, W r) as (..., C r r, H, W), r being ``downscale_factor``.

    Raises RuntimeError for fewer than three dims, and where r does not divide height and width.

    >>> import gnomon as torch
    >>> torch.pixel_unshuffle(torch.tensor([[[1, 2], [3, 4]]]), 2).flatten()
    tensor([1, 2, 3, 4])
    """
    ratio = downscale_factor
    *batch, channels, height, width = _image(
        "pixel_unshuffle", input, ratio, "downscale_factor"
    )
    for name, size, dim in (("height", height, -2), ("width", width, -1)):
        if size % ratio:
            raise _refused(
                "pixel_unshuffle",
                input,
                f"{name} to be divisible by downscale_factor, but input.size({dim})={size} is "
                f"not divisible by {ratio}",
            )
    height, width = height // ratio, width // ratio
    parts = reshape(_free(input), (*batch, channels, height, ratio, width, ratio))
    first = len(batch)
    order = (*range(first), first, first + 2, first + 4, first + 1, first + 3)
    shape = (*batch, channels * ratio * ratio, height, width)
    result = _settled(input, permute(parts, order), shape)
    return linear(
        "PixelUnshuffleBackward0", input, result, lambda g: pixel_shuffle(g, downscale_factor)
    )


@numpy_names
def channel_shuffle(input: T, groups: int) -> T:
    """Return (N, C, ...) with its channels, of ``groups`` equal groups, dealt out in turn.

    Raises RuntimeError for fewer than three dims, and where the groups are not equal.

    >>> import gnomon as torch
    >>> torch.channel_shuffle(torch.arange(4).view(1, 4, 1), 2).flatten()
    tensor([0, 2, 1, 3])
    """
    shape = input.operand.layout.shape
    if len(shape) <= 2:
        raise _refused(
            "channel_shuffle", input, f"input with > 2 dims, but got sizes {list(shape)}"
        )
    if groups <= 0:
        rule = f"a positive number of groups to divide channels in. Value of groups:{groups}"
        raise _refused("channel_shuffle", input, rule)
    if shape[1] % groups:
        rule = f"channels divisible by groups. Got {shape[1]} channels and {groups} groups"
        raise _refused("channel_shuffle", input, rule)
    each = shape[1] // groups
    parts = reshape(_free(input), (shape[0], groups, each, *shape[2:]))
    result = _settled(input, transpose(parts, 1, 2), shape)
    return linear(
        "ChannelShuffleBackward0", input, result, lambda g: channel_shuffle(g, max(each, 1))
    )


def _image(operation: str, input: TensorCore, ratio: int, name: str) -> tuple[int, ...]:
    """Return the shape, if it is one of images and ``ratio`` is positive."""
    shape = input.operand.layout.shape
    if len(shape) < 3:
        raise _refused(
            operation,
            input,
            f"input to have at least 3 dimensions, but got one with {len(shape)} dimension(s)",
        )
    if ratio <= 0:
        raise _refused(operation, input, f"a positive {name}, but got {ratio}")
    return shape


def _refused(operation: str, input: TensorCore, expected: str) -> RuntimeError:
    rule = f"{operation} expects {expected}"
    return RuntimeError(explain(operation, rule, input, remedy="Reshape or pad the input"))


def _free(input: T) -> T:
    """Return ``input`` outside the graph."""
    return input.like(input.operand)


def _settled(input: TensorCore, moved: T, shape: tuple[int, ...]) -> T:
    """Return a copy of ``moved`` as ``shape``, channels-last if the input is."""
    flat = reshape(moved, shape)
    return clone_as(flat, joined_layout([input.operand.layout], shape))
