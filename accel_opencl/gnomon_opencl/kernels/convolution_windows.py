"""Where the windows of a convolution stand in memory: what its products of matrices look up.

A row of a product is a place of the result, a step is a channel and an element of the kernel;
where an element stands in the image is the sum of a place for the row and one for the step.

A transposed convolution of stride s is, along each dim, s convolutions, each with every s-th
element of the kernel and every s-th place of the result: its phases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Final, NamedTuple, TypeAlias, final

import numpy as np

from gnomon.backend import Layout
from gnomon.fusible import Geometry
from gnomon_opencl.kernels.panels import Product

#: Images of fewer places of the result than this are put below each other in one matrix.
_FEW_PLACES: Final = 64
#: Kernels of more elements are gone through once for each channel.
_LARGE_KERNEL: Final = 256

Entries: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]


@final
class Phase(NamedTuple):
    """Every ``step``-th place of the result along a dim, from ``first`` on, and what it reads.

    ``taps`` pairs elements of the kernel with the positions in the image that the first place
    reads; each further place reads ``stride`` further on.
    """

    first: int
    step: int
    results: int
    stride: int
    taps: tuple[tuple[int, int], ...]


@final
@dataclass(frozen=True, slots=True)
class Window:
    """Where a convolution's operands stand: images, with zeros ``before`` them along each dim
    or none at all, kernels and results.
    """

    images: Layout
    weight: Layout
    output: Layout
    geometry: Geometry
    before: tuple[int, ...]

    @property
    def depth(self) -> int:
        """Channels of a group."""
        return self.images.shape[1] // self.geometry.groups

    @property
    def merges_images(self) -> bool:
        return prod(self.output.shape[2:]) < _FEW_PLACES

    @property
    def repeats_channels(self) -> bool:
        return prod(self.weight.shape[2:]) > _LARGE_KERNEL

    @property
    def weight_strides(self) -> tuple[int, int]:
        """The strides of channels of the images, and of the result."""
        first, second = self.weight.strides[:2]
        return (first, second) if self.geometry.transposed else (second, first)

    @property
    def group_stride(self) -> int:
        """How far apart the kernels of two groups lie."""
        return self.weight.shape[0] // self.geometry.groups * self.weight.strides[0]

    @property
    def results(self) -> int:
        """Channels of the result that belong to a group."""
        return self.output.shape[1] // self.geometry.groups

    def product(self, bias: Layout | None) -> Product:
        """Return what the products of all phases have in common: places of the result are
        their rows, channels of the result their columns.
        """
        images, weight, output = self.images, self.weight, self.output
        channel, column = self.weight_strides
        return self._with(
            bias,
            Product(
                rows=0,
                columns=self.results,
                steps=0,
                width=1,
                repeats=self.depth if self.repeats_channels else 1,
                outer=1 if self.merges_images else images.shape[0],
                inner=self.geometry.groups,
                left_offset=images.offset,
                left_repeat=images.strides[1],
                left_outer=images.strides[0],
                left_inner=self.depth * images.strides[1],
                right_offset=weight.offset,
                right_column=column,
                right_repeat=channel,
                right_inner=self.group_stride,
                product_column=output.strides[1],
            ),
        )

    def product_across(self, bias: Layout | None, is_direct: bool) -> Product:
        """Return what the products of all phases have in common where channels of the result
        are their rows, and their columns lines of places of the result where the images are
        read as they lie, ``is_direct``, or else all places.
        """
        images, weight, output = self.images, self.weight, self.output
        channel, row = self.weight_strides
        return self._with(
            bias,
            Product(
                rows=self.results,
                columns=0,
                steps=0,
                width=self.results,
                repeats=self.depth if self.repeats_channels else 1,
                outer=1 if self.merges_images and not is_direct else images.shape[0],
                inner=self.geometry.groups,
                left_offset=weight.offset,
                left_row=row,
                left_repeat=channel,
                left_inner=self.group_stride,
                right_offset=images.offset,
                right_outer=images.strides[0],
                right_repeat=images.strides[1],
                right_inner=self.depth * images.strides[1],
                product_row=output.strides[1],
                is_direct=int(is_direct),
                is_gathered=int(not is_direct),
            ),
        )

    def _with(self, bias: Layout | None, product: Product) -> Product:
        """Return ``product`` with the places of the result, and the bias if there is one."""
        output = self.output
        found = product._replace(
            product_offset=output.offset,
            product_outer=output.strides[0],
            product_inner=self.results * output.strides[1],
        )
        if bias is None:
            return found
        is_across = product.is_direct or product.is_gathered
        return found._replace(
            has_addend=1,
            addend_offset=bias.offset,
            addend_row=bias.strides[0] if is_across else 0,
            addend_column=0 if is_across else bias.strides[0],
            addend_inner=self.results * bias.strides[0],
        )

    def lines(self, phases: Sequence[Phase], merges: bool) -> tuple[Entries, Entries]:
        """Return where lines along the last dim begin in the images, and in the result; of all
        images if it ``merges`` them.
        """
        images, output = self.images.strides, self.output.strides
        lefts, places = [], []
        if merges:
            numbers = np.arange(self.images.shape[0], dtype=np.int64)
            lefts.append(numbers * images[0])
            places.append(numbers * output[0])
        for dim, phase in enumerate(phases, 2):
            count = phase.results if dim + 1 < len(images) else 1
            numbers = np.arange(count, dtype=np.int64)
            lefts.append(numbers * (phase.stride * images[dim]))
            places.append((phase.first + numbers * phase.step) * output[dim])
        return _grid(lefts), _grid(places)

    def places(self, phases: Sequence[Phase]) -> tuple[Entries, Entries]:
        """Return where all places of the result stand in the images, and in the result."""
        lefts, results = self.lines(phases, self.merges_images)
        last = phases[-1]
        along = np.arange(last.results, dtype=np.int64)
        return (
            _grid([lefts, along * (last.stride * self.images.strides[-1])]),
            _grid([results, along * (last.step * self.output.strides[-1])]),
        )

    def steps(self, phases: Sequence[Phase]) -> tuple[Entries, Entries]:
        """Return where the elements that a place reads stand in the images, and what they are
        multiplied with in the kernels.
        """
        images, weight = self.images.strides, self.weight.strides
        lefts, rights = [], []
        for dim, (phase, before) in enumerate(zip(phases, self.before, strict=True), 2):
            taps = np.array(phase.taps, np.int64).reshape(-1, 2)
            lefts.append((taps[:, 1] + before) * images[dim])
            rights.append(taps[:, 0] * weight[dim])
        if not self.repeats_channels:
            # What lies close together in the images follows each other.
            place = len(lefts) if images[1] < min(images[2:]) else 0
            channels = np.arange(self.depth, dtype=np.int64)
            lefts.insert(place, channels * images[1])
            rights.insert(place, channels * self.weight_strides[0])
        return _grid(lefts), _grid(rights)


def _grid(parts: Sequence[Entries]) -> Entries:
    """Return the sums of one number of each part, the last part's fastest."""
    found = np.zeros(1, np.int64)
    for part in parts:
        found = (found[:, None] + part).reshape(-1)
    return found


def phases_of(geometry: Geometry, dim: int, kernel: int, count: int) -> tuple[Phase, ...]:
    """Return the phases along a spatial dim of ``count`` results."""
    stride, margin = geometry.stride[dim], geometry.padding[dim]
    spread = geometry.dilation[dim]
    if not geometry.transposed:
        taps = tuple([(tap, tap * spread - margin) for tap in range(kernel)])
        return (Phase(0, 1, count, stride, taps),)
    found = []
    for first in range(min(stride, count)):
        places = [(tap, divmod(first + margin - tap * spread, stride)) for tap in range(kernel)]
        taps = tuple([(tap, position) for tap, (position, rest) in places[::-1] if not rest])
        found.append(Phase(first, stride, -(-(count - first) // stride), 1, taps))
    return tuple(found)


def zeros_of(phases: tuple[Phase, ...], size: int) -> tuple[int, int]:
    """Return how many zeros phases read before and behind an image of ``size``."""
    before = [-position for phase in phases for _, position in phase.taps]
    behind = [
        position + (phase.results - 1) * phase.stride - (size - 1)
        for phase in phases
        for _, position in phase.taps
    ]
    return max([0, *before]), max([0, *behind])
