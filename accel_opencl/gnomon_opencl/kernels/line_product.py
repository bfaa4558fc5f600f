"""Products of matrices whose lines lie along the steps: see ``line_product.cl``."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, NamedTuple, final

from gnomon.backend import DType
from gnomon_opencl.element_types import element_type, wide
from gnomon_opencl.generation import source_file
from gnomon_opencl.kernels import panels
from gnomon_opencl.kernels.endings import NO_ENDING, Made
from gnomon_opencl.kernels.panels import Factors, Product
from gnomon_opencl.kernels.tiles import (
    Form,
    Tile,
    is_summed_as_stored,
    line_tile,
    runs_wide,
    sum_type,
)
from gnomon_opencl.kernels.walks import integers
from gnomon_opencl.runtime import Runtime

_CACHED: Final = 4096
#: What it takes to add up the lanes of a sum, to pack an element instead, and to launch another
#: kernel for that, in cycles.
_COST_OF_SUM: Final = 10
_COST_OF_PACKING: Final = 3
_COST_OF_LAUNCH: Final = 20000
#: Rows at most: a core reads all of them again for each tile.
_MOST_ROWS: Final = 128
#: Work-items that keep a processor busy.
_ENOUGH_ITEMS: Final = 32


@final
class Work(NamedTuple):
    """A product: its program, plan and work-items, and what elementwise steps can end of it."""

    source: str
    plan: bytes
    items: int
    made: Made | None


def is_worth_it(product: Product, dtype: DType) -> bool:
    """Return whether the lines of both operands lie along the steps, and there are so few rows
    that packing the right operand takes longer than adding up the lanes.
    """
    if product.left_step != 1 or product.right_step != 1 or product.right_column == 1:
        return False
    if not (is_summed_as_stored(dtype) and dtype.is_floating_point):
        return False
    sums, elements = product.rows * product.columns, product.steps * product.columns
    packing = _COST_OF_PACKING * elements + _COST_OF_LAUNCH / product.outer
    return product.rows <= _MOST_ROWS and _COST_OF_SUM * sums <= packing


def multiply(runtime: Runtime, work: Work, factors: Factors) -> None:
    """Queue the kernel of a product."""
    left, right, output, addend, _ = factors
    arguments = [left, right, addend or output, output, work.plan]
    made = work.made if factors.can_end else None
    runtime.launch(work.source, "multiply_lines", arguments, work.items, 1, made)


def tile_of(runtime: Runtime, dtype: DType) -> Tile:
    """Return how many rows and, as vectors, columns a work-item keeps in registers."""
    wide_tile = line_tile(dtype, is_wide=True)
    is_safe = runs_wide(runtime, dtype, wide_tile, Form(by_lines=True))
    return wide_tile if is_safe else line_tile(dtype, is_wide=False)


@lru_cache(_CACHED)
def work_of(product: Product, dtype: DType, tile: Tile) -> Work:
    """Return what is done for a product whose work-items make such tiles."""
    strips, panels_across = -(-product.rows // tile.rows), -(-product.columns // tile.vectors)
    shares = -(-_ENOUGH_ITEMS // (product.outer * panels_across))
    tiles = max(1, strips // shares)
    items = product.outer * panels_across * -(-strips // tiles)
    plan = integers(*product._replace(tiles=tiles))
    return Work(_source(dtype, tile), plan, items, panels.made_by(product, dtype, tile))


@cache
def _source(dtype: DType, tile: Tile) -> str:
    sizes = (
        f"#define ROWS {tile.rows}\n"
        f"#define COLUMNS {tile.vectors}\n"
        f"#define LANES {tile.lanes}\n"
        f"#define VECTOR {wide(sum_type(element_type(dtype)), tile.lanes)}\n"
    )
    return panels.program(dtype, False, sizes, NO_ENDING, source_file("line_product"))
