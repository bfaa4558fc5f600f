"""Which positions each result of a pooling reads: integers only, without any tensor."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor
from typing import Final, NamedTuple, TypeAlias

from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.op.arguments import IntegerArgument, integer_or_integers

_CACHED: Final = 64
Sizes = tuple[int, ...]
#: For each result along one dim, the positions it reads.
Windows: TypeAlias = tuple[tuple[int, ...], ...]


class Pooling(NamedTuple):
    """The checked arguments of a pooling, one number for each spatial dim."""

    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    ceil_mode: bool

    def counts(self, sizes: Sizes) -> Sizes:
        """Return how many windows there are along each dim of images of ``sizes``.

        With ``ceil_mode`` the last may reach beyond the padding, but must begin inside.
        """
        found = []
        for size, length, step, margin, spread in zip(
            sizes, self.kernel, self.stride, self.padding, self.dilation, strict=True
        ):
            room = size + 2 * margin - spread * (length - 1) - 1
            count = (room + (step - 1 if self.ceil_mode else 0)) // step + 1
            if self.ceil_mode and (count - 1) * step >= size + margin:
                count -= 1
            found.append(count)
        return tuple(found)

    def windows(self, sizes: Sizes) -> tuple[Windows, ...]:
        """Return what each result reads along each dim; positions in the padding are left out.

        >>> Pooling((3,), (2,), (1,), (1,), False).windows((4,))
        (((0, 1), (1, 2, 3)),)
        """
        return _windows(self, sizes)

    def lengths(self, sizes: Sizes) -> list[list[int]]:
        """Return how long each window along each dim is, padding included."""
        return [
            [
                min(place * step - margin + length, size + margin) - (place * step - margin)
                for place in range(count)
            ]
            for size, count, length, step, margin in zip(
                sizes, self.counts(sizes), self.kernel, self.stride, self.padding, strict=True
            )
        ]


@lru_cache(_CACHED)
def _windows(pooling: Pooling, sizes: Sizes) -> tuple[Windows, ...]:
    return tuple(
        [
            tuple(
                [
                    tuple(
                        [
                            at
                            for tap in range(length)
                            if 0 <= (at := place * step - margin + tap * spread) < size
                        ]
                    )
                    for place in range(count)
                ]
            )
            for size, count, length, step, margin, spread in zip(
                sizes,
                pooling.counts(sizes),
                pooling.kernel,
                pooling.stride,
                pooling.padding,
                pooling.dilation,
                strict=True,
            )
        ]
    )


@lru_cache(_CACHED)
def adaptive_windows(sizes: Sizes, counts: Sizes) -> tuple[Windows, ...]:
    """Return windows that cover ``sizes`` as evenly as ``counts`` of them can.

    >>> adaptive_windows((5,), (2,))
    (((0, 1, 2), (2, 3, 4)),)
    """
    return tuple(
        [
            tuple(
                [
                    tuple(range(floor(place * size / count), ceil((place + 1) * size / count)))
                    for place in range(count)
                ]
            )
            for size, count in zip(sizes, counts, strict=True)
        ]
    )


def per_dim(operation: str, name: str, given: IntegerArgument, count: int) -> Sizes:
    """Return one number for each spatial dim; one number holds for all."""
    numbers = integer_or_integers(operation, given)
    if isinstance(numbers, int):
        return (numbers,) * count
    if len(numbers) == 1:
        return numbers * count
    if len(numbers) != count:
        raise RuntimeError(
            f"{operation}: {name} must either be a single int, or a tuple of {count} ints, got "
            f"{list(numbers)}."
        )
    return numbers


def pooling_of(
    operation: str,
    count: int,
    input: TensorCore,
    kernel_size: IntegerArgument,
    stride: IntegerArgument | None,
    padding: IntegerArgument,
    dilation: IntegerArgument,
    ceil_mode: bool,
) -> Pooling:
    """Return the checked arguments of a pooling of ``input`` along its last ``count`` dims."""
    kernel = per_dim(operation, "kernel_size", kernel_size, count)
    same = stride is None or (isinstance(stride, tuple | list) and not stride)
    steps = kernel if same or stride is None else per_dim(operation, "stride", stride, count)
    margins = per_dim(operation, "padding", padding, count)
    spread = per_dim(operation, "dilation", dilation, count)
    pooling = Pooling(kernel, steps, margins, spread, ceil_mode)
    check_rank(operation, count, input)
    shape = input.operand.layout.shape
    rule = ""
    if min(kernel) < 1:
        rule = f"kernel size should be greater than zero, but got {list(kernel)}"
    elif min(steps) < 1:
        rule = f"stride should not be zero, but got {list(steps)}"
    elif min(spread) < 1:
        rule = f"dilation should be greater than zero, but got {list(spread)}"
    elif min(margins) < 0:
        rule = f"pad must be non-negative, but got {list(margins)}"
    elif any(
        margin > (step * (length - 1) + 1) // 2
        for margin, length, step in zip(margins, kernel, spread, strict=True)
    ):
        rule = (
            "pad should be at most half of effective kernel size, but got "
            f"pad={list(margins)}, kernel_size={list(kernel)} and dilation={list(spread)}"
        )
    elif min(pooling.counts(shape[-count:])) < 1:
        rule = f"Calculated output size: {list(pooling.counts(shape[-count:]))} is too small"
    if rule:
        remedy = "Choose windows that fit the input"
        raise RuntimeError(explain(operation, rule, input, remedy=remedy))
    return pooling


def check_rank(
    operation: str, count: int, input: TensorCore, no_channels: bool = False
) -> None:
    """Raise RuntimeError unless ``input`` is (N, C, \\*spatial) or without N, not empty; with
    ``no_channels`` C may be 0.
    """
    shape = input.operand.layout.shape
    sizes = shape[-count:] if no_channels else shape[-count - 1 :]
    if len(shape) not in (count + 1, count + 2) or 0 in sizes:
        rule = (
            f"Expected {count + 1}D or {count + 2}D (batch mode) tensor with optional 0 dim "
            f"batch size for input, but got {list(shape)}"
        )
        raise RuntimeError(
            explain(operation, rule, input, remedy="Give a tensor (N, C, *spatial)")
        )
