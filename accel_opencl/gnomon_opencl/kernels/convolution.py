"""Convolutions as products of matrices whose left operand is the images, read in windows.

A row of the left operand is a place of the result, a step is a channel and an element of the
kernel; where an element stands in the image is the sum of a place for the row and one for the
step, so no window is ever copied. Images that need a margin, or conversion, are copied once
with it (``staging.cl``).

A transposed convolution of stride s is, along each dim, s convolutions, each with every s-th
element of the kernel and every s-th place of the result: its phases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product as combinations
from math import prod
from typing import Final, NamedTuple, TypeAlias, final

import numpy as np

from gnomon.backend import Layout, Operand
from gnomon.fusible import Geometry
from gnomon_opencl.kernels import panels, staging
from gnomon_opencl.kernels.panels import Factors, Product
from gnomon_opencl.kernels.staging import Margins
from gnomon_opencl.memory import Buffer
from gnomon_opencl.runtime import Runtime, buffer_of

_CACHED: Final = 64
#: Images of fewer places of the result than this are put below each other in one matrix.
_FEW_PLACES: Final = 64
#: Kernels of more elements are gone through once for each channel.
_LARGE_KERNEL: Final = 256

_Entries: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]


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
@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """The products that make a convolution, and the table they look places up in."""

    products: tuple[Product, ...]
    table: _Entries
    #: How the images are copied first, if they are.
    margins: Margins | None


def convolve(
    runtime: Runtime,
    input: Operand,
    weight: Operand,
    bias: Operand | None,
    geometry: Geometry,
    output: Operand,
) -> None:
    """Write the convolution of ``input`` (N, C, \\*spatial) with ``weight`` to ``output``."""
    if not output.layout.numel:
        return
    dtype = input.dtype
    converts = runtime.traits.is_processor and not panels.is_summed_as_stored(dtype)
    recipe = recipe_of(
        input.layout,
        weight.layout,
        None if bias is None else bias.layout,
        output.layout,
        geometry,
        converts,
    )
    images = buffer_of(input)
    if recipe.margins is not None:
        images = staging.stage(runtime, dtype, recipe.margins, images)
    factors = Factors(
        images,
        buffer_of(weight),
        buffer_of(output),
        None if bias is None else buffer_of(bias),
        _table(runtime, recipe),
    )
    if runtime.traits.is_processor:
        tile = panels.tile_of(runtime, dtype, recipe.products[0].columns)
        packed = panels.pack_right(runtime, dtype, recipe.products[0], factors, tile)
        for product in recipe.products:
            panels.multiply_panels(runtime, dtype, product, factors, packed, tile)
    else:
        for product in recipe.products:
            panels.multiply_shared(runtime, dtype, product, factors)


@lru_cache(_CACHED)
def _table(runtime: Runtime, recipe: Recipe) -> Buffer:
    memory = runtime.pool.allocate(recipe.table.nbytes)
    runtime.pool.write(memory, 0, recipe.table.data.cast("B"))
    return memory.buffer


@lru_cache(_CACHED)
def recipe_of(
    input: Layout,
    weight: Layout,
    bias: Layout | None,
    output: Layout,
    geometry: Geometry,
    converts: bool,
) -> Recipe:
    """Return the products that make a convolution of operands of these layouts."""
    along = [
        _phases(geometry, dim, weight.shape[2 + dim], output.shape[2 + dim])
        for dim in range(len(geometry.stride))
    ]
    zeros = [_zeros(phases, size) for phases, size in zip(along, input.shape[2:], strict=True)]
    margins = None
    if converts or any(before or behind for before, behind in zeros):
        margins = Margins(input, ((0, 0), (0, 0), *zeros))
    befores = tuple([before for before, _ in zeros])
    images = input if margins is None else margins.layout
    window = _Window(images, weight, output, geometry, befores)
    whole = window.product(bias)
    products = []
    entries: list[_Entries] = []
    rights: list[_Entries] = []
    for phases in combinations(*along):
        lefts, places = window.lines(phases)
        steps, right = window.steps(phases)
        start = sum(map(len, entries))
        products.append(
            whole._replace(
                rows=len(lefts) * phases[-1].results,
                steps=len(steps),
                width=phases[-1].results,
                left_row=phases[-1].stride * images.strides[-1],
                product_row=phases[-1].step * output.strides[-1],
                left_table=start,
                place_table=start + len(lefts),
                step_table=start + len(lefts) + len(places),
                first_step=sum(map(len, rights)),
            )
        )
        entries += [lefts, places, steps]
        rights.append(right)
    steps_in_all, start = sum(map(len, rights)), sum(map(len, entries))
    shared = [
        product._replace(right_steps=steps_in_all, right_table=start) for product in products
    ]
    return Recipe(tuple(shared), np.concatenate([*entries, *rights]), margins)


@final
@dataclass(frozen=True, slots=True)
class _Window:
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

    def product(self, bias: Layout | None) -> Product:
        """Return what the products of all phases have in common."""
        images, weight, output, groups = (
            self.images,
            self.weight,
            self.output,
            self.geometry.groups,
        )
        channel, column = self.weight_strides
        columns = output.shape[1] // groups
        found = Product(
            rows=0,
            columns=columns,
            steps=0,
            width=1,
            repeats=self.depth if self.repeats_channels else 1,
            outer=1 if self.merges_images else images.shape[0],
            inner=groups,
            left_offset=images.offset,
            left_repeat=images.strides[1],
            left_outer=images.strides[0],
            left_inner=self.depth * images.strides[1],
            right_offset=weight.offset,
            right_column=column,
            right_repeat=channel,
            right_inner=weight.shape[0] // groups * weight.strides[0],
            product_offset=output.offset,
            product_column=output.strides[1],
            product_outer=output.strides[0],
            product_inner=columns * output.strides[1],
        )
        if bias is None:
            return found
        return found._replace(
            has_addend=1,
            addend_offset=bias.offset,
            addend_column=bias.strides[0],
            addend_inner=columns * bias.strides[0],
        )

    def lines(self, phases: Sequence[Phase]) -> tuple[_Entries, _Entries]:
        """Return where lines along the last dim begin in the images, and in the result."""
        images, output = self.images.strides, self.output.strides
        lefts, places = [], []
        if self.merges_images:
            numbers = np.arange(self.images.shape[0], dtype=np.int64)
            lefts.append(numbers * images[0])
            places.append(numbers * output[0])
        for dim, phase in enumerate(phases, 2):
            count = phase.results if dim + 1 < len(images) else 1
            numbers = np.arange(count, dtype=np.int64)
            lefts.append(numbers * (phase.stride * images[dim]))
            places.append((phase.first + numbers * phase.step) * output[dim])
        return _grid(lefts), _grid(places)

    def steps(self, phases: Sequence[Phase]) -> tuple[_Entries, _Entries]:
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


def _grid(parts: Sequence[_Entries]) -> _Entries:
    """Return the sums of one number of each part, the last part's fastest."""
    found = np.zeros(1, np.int64)
    for part in parts:
        found = (found[:, None] + part).reshape(-1)
    return found


def _phases(geometry: Geometry, dim: int, kernel: int, count: int) -> tuple[Phase, ...]:
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


def _zeros(phases: tuple[Phase, ...], size: int) -> tuple[int, int]:
    """Return how many zeros phases read before and behind an image of ``size``."""
    before = [-position for phase in phases for _, position in phase.taps]
    behind = [
        position + (phase.results - 1) * phase.stride - (size - 1)
        for phase in phases
        for _, position in phase.taps
    ]
    return max([0, *before]), max([0, *behind])
