"""Products of matrices by panels: see ``panel_product.cl`` and, for devices on which many
work-items run side by side, ``shared_product.cl``.

float16 and bfloat16 are added up in float32 and rounded once; integers wrap, which sums in
unsigned arithmetic of 32 or 64 bits, cut to the dtype, do by themselves.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout
from gnomon_opencl.element_types import element_type, wide
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels.endings import NO_ENDING, Made
from gnomon_opencl.kernels.tiles import (
    Form,
    Tile,
    fitting,
    is_summed_as_stored,
    runs_wide,
    sum_bytes,
    sum_type,
)
from gnomon_opencl.kernels.walks import integers
from gnomon_opencl.memory import Buffer
from gnomon_opencl.runtime import Runtime

_CACHED: Final = 4096
#: CHUNK and BLOCK of the kernels: steps that one work-item packs, and that are multiplied for
#: all tiles of a work-item before the next ones.
_PACKED_STEPS: Final = 64
#: STRIPS and PANELS of the kernels: how many of them one work-item packs.
_PACKED_STRIPS: Final = 8
_PACKED_PANELS: Final = 16
_BLOCK: Final = 1024
#: Tiles that one work-item makes at most; where all steps are one block, as many as have so
#: many steps together that the work-item's own cost does not count, and at least two.
_MOST_TILES: Final = 8
_STEPS_OF_ITEM: Final = 1024
#: Work-items that keep a processor busy.
_ENOUGH_ITEMS: Final = 16
#: Items along a side of a group that shares a tile, and elements along a side of the tile.
_TEAM: Final = 16
_SHARED_TILE: Final = 64


@final
class Product(NamedTuple):
    """Where the elements of operands stand, and how the work is shared out: ``Plan``.

    An element of the left operand stands at ``left_offset`` plus ``outer * left_outer``,
    ``inner * left_inner``, ``repeat * left_repeat``, and the places of its row and step.
    Rows lie ``left_row`` apart in lines of ``width``, which is the number of rows unless a
    table has the lines' places from ``left_table`` on; steps lie ``left_step`` apart, or where
    the table says from ``step_table`` on. The other operands are alike. The product multiplies
    ``steps`` of the ``right_steps`` that are packed, from ``first_step`` on.

    A right operand that is read where it lies has ``lines`` of ``columns``, whose places are in
    tables too if there is more than one. One that is packed may have a place for each column
    in those tables.
    """

    rows: int
    columns: int
    steps: int
    width: int
    repeats: int = 1
    outer: int = 1
    inner: int = 1

    left_offset: int = 0
    left_row: int = 0
    left_step: int = 0
    left_repeat: int = 0
    left_outer: int = 0
    left_inner: int = 0

    right_offset: int = 0
    right_column: int = 0
    right_step: int = 0
    right_repeat: int = 0
    right_outer: int = 0
    right_inner: int = 0
    right_steps: int = 0
    first_step: int = 0

    product_offset: int = 0
    product_row: int = 0
    product_column: int = 0
    product_outer: int = 0
    product_inner: int = 0

    has_addend: int = 0
    addend_offset: int = 0
    addend_row: int = 0
    addend_column: int = 0
    addend_outer: int = 0
    addend_inner: int = 0

    #: Lines of columns, where the right operand is read where it lies.
    lines: int = 1

    left_table: int = 0
    step_table: int = 0
    right_table: int = 0
    place_table: int = 0
    right_lines: int = 0
    column_places: int = 0

    #: Whether the left operand is packed, the right one is read where it lies, or columns stand
    #: where tables say; and where the left operand stands before it is packed.
    is_packed: int = 0
    is_direct: int = 0
    is_gathered: int = 0
    source_offset: int = 0
    source_row: int = 0
    source_step: int = 0
    source_outer: int = 0

    tiles: int = 1
    parts: int = 1
    part_blocks: int = 0
    panel_outer: int = 0
    panel_inner: int = 0

    def with_left_packed(self, tile: Tile) -> Product:
        """Return the product of the left operand as ``pack_left`` leaves it."""
        assert self.repeats == 1 and self.inner == 1
        size = _round_up(self.rows, tile.rows) * self.steps
        return self._replace(
            is_packed=1,
            source_offset=self.left_offset,
            source_row=self.left_row,
            source_step=self.left_step,
            source_outer=self.left_outer,
            left_offset=0,
            left_step=tile.rows,
            left_outer=size if self.left_outer else 0,
        )


@final
class Work(NamedTuple):
    """A product on a processor: programs, plan, and the work-items and bytes of each step."""

    packing: str
    source: str
    plan: bytes
    left_items: int
    left_bytes: int
    right_items: int
    right_bytes: int
    items: int
    partial_bytes: int
    add_items: int
    #: Whether the right operand is read where it lies, and what elementwise steps can end.
    is_direct: bool
    made: Made | None


@final
class Factors(NamedTuple):
    """The buffers of a product; those of the tables and the addend where it has them."""

    left: Buffer
    right: Buffer
    output: Buffer
    addend: Buffer | None = None
    tables: Buffer | None = None

    @property
    def can_end(self) -> bool:
        """Whether elementwise steps may follow before anything is stored."""
        return self.tables is None and self.addend is not self.output


def multiply(runtime: Runtime, work: Work, factors: Factors) -> None:
    """Queue the kernels of a product on a processor, which packs what it needs first.

    The left operand is of the type of sums, unless it is to be packed.
    """
    panels = factors.right if work.is_direct else pack_right(runtime, work, factors)
    multiply_panels(runtime, work, factors, panels)


def multiply_shared(runtime: Runtime, dtype: DType, product: Product, factors: Factors) -> None:
    """Multiply by groups of work-items that share tiles of both operands."""
    left, right, output, addend, tables = factors
    source = _shared_source(dtype, tables is not None)
    tiles = -(-product.rows // _SHARED_TILE) * -(-product.columns // _SHARED_TILE)
    arguments = [left, right, tables or left, addend or output, output, integers(*product)]
    group = _TEAM * _TEAM
    items = product.outer * product.inner * tiles * group
    runtime.launch(source, "multiply_shared", arguments, items, group)


def pack_right(runtime: Runtime, work: Work, factors: Factors) -> Buffer:
    """Return the panels of the right operand, for all products that share its steps."""
    panels = runtime.pool.allocate(work.right_bytes).buffer
    if work.right_items:
        arguments = [factors.right, factors.tables or factors.right, panels, work.plan]
        runtime.launch(work.packing, "pack_right", arguments, work.right_items, 1)
    return panels


def multiply_panels(runtime: Runtime, work: Work, factors: Factors, panels: Buffer) -> None:
    """Multiply the left operand by panels that are packed, or lie as if they were."""
    left, _, output, addend, tables = factors
    tables, addend = tables or panels, addend or output
    if work.left_items:
        source, left = left, runtime.pool.allocate(work.left_bytes).buffer
        runtime.launch(work.packing, "pack_left", [source, left, work.plan], work.left_items, 1)
    if not work.partial_bytes:
        arguments = [left, panels, tables, addend, output, work.plan]
        made = work.made if factors.can_end else None
        runtime.launch(work.source, "multiply_panels", arguments, work.items, 1, made)
        return
    partial = runtime.pool.allocate(work.partial_bytes).buffer
    arguments = [left, panels, tables, partial, work.plan]
    runtime.launch(work.source, "multiply_parts", arguments, work.items, 1)
    arguments = [partial, tables, addend, output, work.plan]
    runtime.launch(work.source, "add_parts", arguments, work.add_items, 1)


def made_by(product: Product, dtype: DType, tile: Tile) -> Made | None:
    """Return what elementwise steps can end of a product."""
    if product.inner > 1 or not (is_summed_as_stored(dtype) and dtype.is_floating_point):
        return None
    strides = product.product_outer, product.product_row, product.product_column
    layout = Layout(
        (product.outer, product.rows, product.columns), strides, product.product_offset
    )
    return Made(layout, dtype, tile.lanes)


@lru_cache(_CACHED)
def work_of(product: Product, dtype: DType, tile: Tile, has_tables: bool) -> Work:
    """Return what a processor does for a product by such tiles."""
    strips, panels = -(-product.rows // tile.rows), -(-product.columns // tile.columns)
    itemsize = sum_bytes(dtype)
    blocks = product.repeats * -(-product.steps // _BLOCK)
    matrices = product.outer * product.inner * panels * product.lines
    tiles, parts = _shares(strips, matrices, product, blocks)
    panel_size = panels * product.repeats * product.right_steps * tile.columns
    outer = product.outer if product.right_outer else 1
    shared = product._replace(
        tiles=tiles,
        parts=parts,
        part_blocks=-(-blocks // parts),
        panel_outer=panel_size * product.inner if product.right_outer else 0,
        panel_inner=panel_size,
    )
    chunks = -(-product.right_steps // _PACKED_STEPS)
    partial = parts * product.outer * product.inner * product.rows * product.columns
    left_outer = product.outer if product.left_outer else 1
    left_chunks = -(-product.steps // _PACKED_STEPS)
    strip_groups = -(-strips // _PACKED_STRIPS)
    panel_groups = -(-panels // _PACKED_PANELS)
    is_packed = bool(product.is_packed)
    return Work(
        packing=_source(dtype, tile, has_tables, "panel_packing"),
        source=_source(
            dtype, tile, has_tables, "panel_product", parts > 1, bool(product.is_direct)
        ),
        plan=integers(*shared),
        left_items=left_outer * strip_groups * left_chunks if is_packed else 0,
        left_bytes=left_outer * strips * tile.rows * product.steps * itemsize,
        right_items=outer * product.inner * panel_groups * product.repeats * chunks,
        right_bytes=outer * product.inner * panel_size * itemsize,
        items=matrices * parts * -(-strips // tiles),
        partial_bytes=partial * itemsize if parts > 1 else 0,
        add_items=product.outer * product.inner * product.rows,
        is_direct=bool(product.is_direct),
        made=made_by(product, dtype, tile),
    )


def _shares(strips: int, matrices: int, product: Product, blocks: int) -> tuple[int, int]:
    """Return how many tiles a work-item makes, and into how many parts the steps are split.

    Both depend on sizes alone, so that sums are the same on every run.
    """
    tiles = _MOST_TILES
    if blocks <= 1:
        tiles = max(2, min(tiles, _STEPS_OF_ITEM // max(product.steps, 1)))
    tiles = -(-strips // -(-strips // tiles))
    items = matrices * -(-strips // tiles)
    parts = max(1, min(blocks, -(-_ENOUGH_ITEMS // items))) if product.lines == 1 else 1
    parts = max(1, -(-blocks // -(-blocks // parts))) if blocks else 1
    while tiles > 1 and matrices * parts * -(-strips // tiles) < _ENOUGH_ITEMS:
        tiles //= 2
    return tiles, parts


def tile_of(runtime: Runtime, dtype: DType, product: Product, has_tables: bool) -> Tile:
    """Return the tile for which a processor's registers suffice, and that fits ``product``."""
    rows, columns, steps = product.rows, product.columns, product.steps * product.repeats
    tile = fitting(dtype, True, rows, columns, steps, has_tables)
    is_safe = runs_wide(runtime, dtype, tile, Form(has_tables))
    return tile if is_safe else fitting(dtype, False, rows, columns, steps)


def _round_up(count: int, step: int) -> int:
    return -(-count // step) * step


@cache
def _source(
    dtype: DType,
    tile: Tile,
    has_tables: bool,
    name: str,
    in_parts: bool = False,
    is_direct: bool = False,
) -> str:
    kernels = [
        f"#define ROWS {tile.rows}\n",
        f"#define COLUMNS {tile.columns}\n",
    ]
    if name == "panel_product":
        kernels += [
            f"#define VECTOR {wide(sum_type(element_type(dtype)), tile.lanes)}\n",
            f"#define VECTORS {tile.vectors}\n",
            f"#define TILES {_MOST_TILES}\n",
            f"#define IN_PARTS {int(in_parts)}\n",
            f"#define IS_DIRECT {int(is_direct)}\n",
            f"#define LANES {tile.lanes}\n",
            NO_ENDING,
        ]
    return program(dtype, has_tables, *kernels, source_file(name))


@cache
def _shared_source(dtype: DType, has_tables: bool) -> str:
    sizes = f"#define TEAM {_TEAM}\n#define TILE {_SHARED_TILE}\n"
    return program(dtype, has_tables, sizes, source_file("shared_product"))


def program(dtype: DType, has_tables: bool, *kernels: str) -> str:
    return whole_source(
        arithmetic(dtype),
        f"#define HAS_TABLES {int(has_tables)}\n",
        _DECLARATION,
        source_file("fetch"),
        source_file("panel_places"),
        *kernels,
    )


_DECLARATION: Final = f"typedef struct {{ long {', '.join(Product._fields)}; }} Plan;\n"


def arithmetic(dtype: DType) -> str:
    """Return the definitions with which kernels load, add up and store elements."""
    kind = element_type(dtype)
    return (
        f"#define STORAGE {kind.storage}\n"
        f"#define COMPUTE {sum_type(kind)}\n"
        f"#define LOAD(p, i) ((COMPUTE)({kind.load(1, '(p)', '(i)')}))\n"
        f"#define STORE(x, p, i) {kind.store(1, f'({kind.compute})(x)', '(p)', '(i)')}\n"
    )
