"""Where the windows of a convolution lie: sizes and layouts, without any tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

from gnomon.layout import Layout

Sizes = tuple[int, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """How a kernel is laid over images (N, C, \\*spatial); one number for each spatial dim.

    A ``transposed`` convolution reads the same windows the other way round: what a convolution
    reads as its input, it writes.

    >>> halving = Geometry(stride=(2,), padding=(1,), dilation=(1,))
    >>> halving.output_shape((1, 3, 8), (5, 3, 4))
    (1, 5, 4)
    """

    stride: Sizes
    padding: Sizes
    dilation: Sizes
    transposed: bool = False
    #: How much larger the result is at the end of each dim: of a transposed convolution, or,
    #: below zero, how many of the last windows are left out.
    output_padding: Sizes = ()
    groups: int = 1

    def output_shape(self, input: Sizes, weight: Sizes) -> Sizes:
        """Return the shape of the result for an input and a weight of these shapes."""
        channels = weight[1] * self.groups if self.transposed else weight[0]
        sizes = self.spans(weight[2:])
        if self.transposed:
            spatial = [
                (count - 1) * step - 2 * margin + span + extra
                for count, step, margin, span, extra in zip(
                    input[2:],
                    self.stride,
                    self.padding,
                    sizes,
                    self.output_padding,
                    strict=True,
                )
            ]
        else:
            spatial = [
                (size + 2 * margin - span) // step + 1 + extra
                for size, step, margin, span, extra in zip(
                    input[2:],
                    self.stride,
                    self.padding,
                    sizes,
                    self.output_padding or (0,) * len(sizes),
                    strict=True,
                )
            ]
        return (input[0], channels, *spatial)

    def spans(self, kernel: Sizes) -> Sizes:
        """Return over how many positions a kernel of this size reaches."""
        return tuple(
            [step * (size - 1) + 1 for step, size in zip(self.dilation, kernel, strict=True)]
        )

    def margins(self) -> list[int]:
        """Return the padding as ``nn.functional.pad`` takes it."""
        return [margin for margin in reversed(self.padding) for _ in range(2)]

    def windows(self, padded: Layout, kernel: Sizes, counts: Sizes) -> Layout:
        """Return (N, C, \\*kernel, \\*counts) of padded images (N, C, \\*spatial)."""
        steps = padded.strides[2:]
        inside = [step * each for step, each in zip(steps, self.dilation, strict=True)]
        between = [step * each for step, each in zip(steps, self.stride, strict=True)]
        return Layout(
            (*padded.shape[:2], *kernel, *counts),
            (*padded.strides[:2], *inside, *between),
            padded.offset,
        )

    def taps(self, dim: int, size: int, kernel: int, count: int) -> list[list[tuple[int, int]]]:
        """Return, for each of ``count`` results along a spatial dim, what it is made of.

        That is pairs of a position in the input, which has ``size``, and one in the kernel;
        padding has none.

        >>> Geometry(stride=(1,), padding=(1,), dilation=(1,)).taps(0, 3, 2, 4)
        [[(0, 1)], [(0, 0), (1, 1)], [(1, 0), (2, 1)], [(2, 0)]]
        """
        step, margin, spread = self.stride[dim], self.padding[dim], self.dilation[dim]
        if self.transposed:
            found = [
                [(*divmod(place + margin - tap * spread, step), tap) for tap in range(kernel)]
                for place in range(count)
            ]
        else:
            found = [
                [(place * step - margin + tap * spread, 0, tap) for tap in range(kernel)]
                for place in range(count)
            ]
        return [
            [(at, tap) for at, rest, tap in pairs if rest == 0 and 0 <= at < size]
            for pairs in found
        ]

    def opposite(self, output_padding: Sizes = ()) -> Geometry:
        """Return the convolution that carries cotangents of the result to the input."""
        return Geometry(
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            transposed=not self.transposed,
            output_padding=output_padding,
            groups=self.groups,
        )

    def across_weights(self, size: Sizes, counts: Sizes, kernel: Sizes) -> Geometry:
        """Return the convolution of images of ``size`` with cotangents of ``counts`` as its
        kernel.

        Its result is the cotangent of the ``kernel``: what was a step between windows is now a
        step inside one.

        >>> halving = Geometry(stride=(2,), padding=(1,), dilation=(1,))
        >>> halving.across_weights((6,), (3,), (3,)).output_shape((1, 1, 6), (1, 1, 3))
        (1, 1, 3)
        """
        windows = Geometry(
            stride=self.dilation,
            padding=self.padding,
            dilation=self.stride,
            groups=self.groups,
        )
        found = windows.output_shape((1, self.groups, *size), (self.groups, 1, *counts))[2:]
        extra = [wanted - present for wanted, present in zip(kernel, found, strict=True)]
        return replace(windows, output_padding=tuple(extra))

    def left_over(self, size: Sequence[int], kernel: Sizes, counts: Sequence[int]) -> Sizes:
        """Return how much of padded images of ``size`` lies behind the last of the windows."""
        return tuple(
            [
                image + 2 * margin - (count - 1) * step - span
                for image, margin, count, step, span in zip(
                    size, self.padding, counts, self.stride, self.spans(kernel), strict=True
                )
            ]
        )
