"""Convolutions as products of matrices whose one operand is the images, read in windows.

Windows are read where they lie: ``convolution_windows`` says where their elements stand. Images
that need a margin, or conversion, are copied once with it (``staging.cl``).

Places of the result are the rows of the product, and its channels the columns, which vectors
hold. Where a group has few channels, vectors hold places along the last dim instead. Where it
has many more than there are places or steps, vectors hold places of any image, of which copies
are packed instead of kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product as combinations
from math import prod
from typing import Final, final

import numpy as np

from gnomon.backend import Layout, Operand
from gnomon.fusible import Geometry
from gnomon_opencl.kernels import depthwise, panels, staging, tiles
from gnomon_opencl.kernels.convolution_windows import (
    Entries,
    Phase,
    Window,
    phases_of,
    zeros_of,
)
from gnomon_opencl.kernels.panels import Factors, Product
from gnomon_opencl.kernels.staging import Margins
from gnomon_opencl.memory import Buffer
from gnomon_opencl.runtime import Runtime, buffer_of

_CACHED: Final = 64
#: Channels of the result in a group up to which vectors hold places.
_FEW_CHANNELS: Final = 8
#: Where windows are packed: channels of the result for each place, or for each step.
_MANY_CHANNELS: Final = 8
_MANY_RESULTS: Final = 2
#: Elements that a vector may read behind the images.
_SLACK: Final = 64


@final
@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """The products that make a convolution, and the table they look places up in."""

    products: tuple[Product, ...]
    table: Entries
    #: How the images are copied first, if they are.
    margins: Margins | None
    #: Whether vectors hold places of the result.
    is_across: bool


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
    dtype, is_processor = input.dtype, runtime.traits.is_processor
    if is_processor and depthwise.is_depthwise(input.layout, geometry):
        depthwise.convolve_channels(runtime, input, weight, bias, geometry, output)
        return
    converts = is_processor and not tiles.is_summed_as_stored(dtype)
    recipe = recipe_of(
        input.layout,
        weight.layout,
        None if bias is None else bias.layout,
        output.layout,
        geometry,
        converts,
        is_processor and not converts,
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
    if not is_processor:
        for product in recipe.products:
            panels.multiply_shared(runtime, dtype, product, factors)
    elif recipe.is_across:
        swapped = factors._replace(left=factors.right, right=images)
        for product in recipe.products:
            if product.is_direct:
                tile = tiles.flat_tile(runtime, dtype, product.rows, product.columns)
            else:
                tile = panels.tile_of(runtime, dtype, product, has_tables=True)
            work = panels.work_of(product, dtype, tile, has_tables=True)
            panels.multiply(runtime, work, swapped)
    else:
        first, *_ = recipe.products
        tile = panels.tile_of(runtime, dtype, first, has_tables=True)
        works = [panels.work_of(each, dtype, tile, has_tables=True) for each in recipe.products]
        packed = panels.pack_right(runtime, works[0], factors)
        for work in works:
            panels.multiply_panels(runtime, work, factors, packed)


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
    has_direct: bool,
) -> Recipe:
    """Return the products that make a convolution of operands of these layouts."""
    along = [
        phases_of(geometry, dim, weight.shape[2 + dim], output.shape[2 + dim])
        for dim in range(len(geometry.stride))
    ]
    sizes = input.shape[2:]
    zeros = [zeros_of(phases, size) for phases, size in zip(along, sizes, strict=True)]
    is_direct = has_direct and _goes_across(output, geometry, along[-1])
    is_across = is_direct or (has_direct and _packs_windows(input, weight, output, geometry))
    margins = None
    if converts or is_direct or any(before or behind for before, behind in zeros):
        margins = Margins(input, ((0, 0), (0, 0), *zeros), _SLACK if is_direct else 0)
    befores = tuple([before for before, _ in zeros])
    images = input if margins is None else margins.layout
    window = Window(images, weight, output, geometry, befores)
    phases = tuple(combinations(*along))
    products, table = (
        _across(window, bias, phases, is_direct) if is_across else _down(window, bias, phases)
    )
    return Recipe(products, table, margins, is_across)


def _goes_across(output: Layout, geometry: Geometry, last: tuple[Phase, ...]) -> bool:
    """Return whether vectors had better hold places along the last dim than channels."""
    channels = output.shape[1] // geometry.groups
    return channels <= min(_FEW_CHANNELS, last[0].results - 1) and last[0].stride == 1


def _packs_windows(input: Layout, weight: Layout, output: Layout, geometry: Geometry) -> bool:
    """Return whether windows had better be packed than kernels: they are much less, or what
    packing takes does not count beside storing results, which lie next to each other then.
    """
    channels = output.shape[1] // geometry.groups
    places = output.shape[0] * prod(output.shape[2:])
    steps = input.shape[1] // geometry.groups * prod(weight.shape[2:])
    return _MANY_CHANNELS * places <= channels or _MANY_RESULTS * steps <= channels <= places


def _down(
    window: Window, bias: Layout | None, combined: tuple[tuple[Phase, ...], ...]
) -> tuple[tuple[Product, ...], Entries]:
    """Return the products of phases whose rows are places, and their table."""
    whole = window.product(bias)
    products = []
    entries: list[Entries] = []
    rights: list[Entries] = []
    for phases in combined:
        lefts, places = window.lines(phases, window.merges_images)
        steps, right = window.steps(phases)
        start = sum(map(len, entries))
        products.append(
            whole._replace(
                rows=len(lefts) * phases[-1].results,
                steps=len(steps),
                width=phases[-1].results,
                left_row=phases[-1].stride * window.images.strides[-1],
                product_row=phases[-1].step * window.output.strides[-1],
                left_table=start,
                place_table=start + len(lefts),
                step_table=start + len(lefts) + len(places),
                first_step=sum(map(len, rights)),
            )
        )
        entries += [lefts, places, steps]
        rights.append(right)
    # All phases share the panels of the kernels.
    steps_in_all, start = sum(map(len, rights)), sum(map(len, entries))
    shared = [
        product._replace(right_steps=steps_in_all, right_table=start) for product in products
    ]
    return tuple(shared), np.concatenate([*entries, *rights])


def _across(
    window: Window,
    bias: Layout | None,
    combined: tuple[tuple[Phase, ...], ...],
    is_direct: bool,
) -> tuple[tuple[Product, ...], Entries]:
    """Return the products of phases whose columns are places, and their table: of lines of
    columns where they are read, ``is_direct``, or of all columns where they are packed.
    """
    whole = window.product_across(bias, is_direct)
    products = []
    # The only line of rows is at place 0.
    entries = [np.zeros(1, np.int64)]
    for phases in combined:
        last = phases[-1]
        rights, places = (
            window.lines(phases, merges=False) if is_direct else window.places(phases)
        )
        right, steps = window.steps(phases)
        start = sum(map(len, entries))
        product = whole._replace(
            steps=len(steps),
            right_steps=len(steps),
            right_lines=start,
            column_places=start + len(rights),
            step_table=start + 2 * len(rights),
            right_table=start + 2 * len(rights) + len(steps),
        )
        if is_direct:
            stride = last.step * window.output.strides[-1]
            product = product._replace(
                columns=last.results, lines=len(rights), product_column=stride
            )
        else:
            product = product._replace(columns=len(rights))
        products.append(product)
        entries += [rights, places, steps, right]
    return tuple(products), np.concatenate(entries)
