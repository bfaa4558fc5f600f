"""Attention on processors, tile by tile, and its derivative; see ``attention.cl``.

Elsewhere attention is run as the products and the softmax that it is made of.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from gnomon.backend import DType, Operand, bool_, float32
from gnomon_opencl.element_types import element_type, wide
from gnomon_opencl.generation import Plan, exponential_text, source_file, whole_source
from gnomon_opencl.kernels.rows import lanes_for
from gnomon_opencl.kernels.tiles import Tile, strip_tile
from gnomon_opencl.runtime import Argument, Runtime, buffer_of
from gnomon_opencl.traits import Traits

#: Rows that are gone along at a time, at least: whole tiles of them.
_BLOCK: Final = 64
#: Workers that keep a core busy.
_WORKERS_OF_A_CORE: Final = 8


def attend(
    runtime: Runtime,
    query: Operand,
    key: Operand,
    value: Operand,
    mask: Operand | None,
    causal: bool,
    scale: float,
    output: Operand,
    logarithms: Operand,
) -> None:
    """Write the attention of (B, H, L, E), (B, H, S, E), (B, H, S, F), and the logarithms of
    the sums of exponentials, (B, H, L).
    """
    tile = strip_tile(runtime, query.dtype, lanes_for(runtime, (query,)))
    operands = [query, key, value, mask or query, output]
    plan = _plan(operands, causal, tile)
    strips = -(-query.layout.shape[2] // tile.columns)
    heads = query.layout.shape[0] * query.layout.shape[1]
    size = plan.members["padded_size"] + plan.members["padded_width"] + _block(tile)
    _launch(
        runtime,
        "attention_forward",
        [*operands, logarithms],
        mask,
        (plan, heads * strips, size * tile.columns),
        tile,
        scale,
    )


def attend_backward(
    runtime: Runtime,
    cotangent: Operand,
    query: Operand,
    key: Operand,
    value: Operand,
    mask: Operand | None,
    output: Operand,
    logarithms: Operand,
    causal: bool,
    scale: float,
    of_query: Operand,
    of_key: Operand,
    of_value: Operand,
) -> None:
    """Write the cotangents of query, key and value."""
    tile = strip_tile(runtime, query.dtype, lanes_for(runtime, (query,)))
    first = [query, key, value, mask or query, output, cotangent]
    written = [of_query, of_key, of_value]
    plan = _plan([*first, *written], causal, tile)
    heads = query.layout.shape[0] * query.layout.shape[1]
    size, other = plan.members["padded_size"], plan.members["padded_width"]
    whole = plan.members["padded_queries"] * (size + 1)
    scratch = whole + tile.columns * (3 * size + 2 * other + 2 * _block(tile))
    _launch(
        runtime,
        "attention_backward",
        [*first, logarithms, *written],
        mask,
        (plan, heads, scratch),
        tile,
        scale,
    )


def _launch(
    runtime: Runtime,
    name: str,
    operands: list[Operand],
    mask: Operand | None,
    work: tuple[Plan, int, int],
    tile: Tile,
    scale: float,
) -> None:
    """Let workers share ``work``: what they are told, how many items, and their scratch."""
    plan, items, scratch = work
    workers = min(items, _WORKERS_OF_A_CORE * runtime.traits.compute_units)
    plan.members |= {"workers": workers, "scratch": scratch}
    dtype = operands[0].dtype
    itemsize = max(dtype.itemsize, float32.itemsize)
    space = runtime.pool.allocate(workers * scratch * itemsize).buffer
    arguments: list[Argument] = [buffer_of(operand) for operand in operands]
    arguments += [space, plan.packed(), element_type(dtype).packed(scale)]
    given = None if mask is None else mask.dtype
    source = _source(name, dtype, given, tile, plan.declaration(), runtime.traits)
    runtime.launch(source, name, arguments, workers, 1)


def _plan(operands: list[Operand], causal: bool, tile: Tile) -> Plan:
    """Return sizes and strides; lengths are padded so that scratch holds whole tiles."""
    outer, inner, queries, size = operands[0].layout.shape
    keys, width = operands[2].layout.shape[2:]
    plan = Plan(wide_index=True)
    plan.members |= {
        "outer": outer,
        "inner": inner,
        "queries": queries,
        "keys": keys,
        "size": size,
        "width": width,
        "padded_queries": _padded(queries, tile),
        "padded_size": _padded(size, tile),
        "padded_width": _padded(width, tile),
        "causal": int(causal),
    }
    for number, operand in enumerate(operands):
        plan.add_layout(number, operand.layout)
    return plan


def _block(tile: Tile) -> int:
    """Return how many rows are gone along at a time."""
    return _rounded(_BLOCK, tile.rows)


def _padded(size: int, tile: Tile) -> int:
    """Return what holds ``size`` rows or columns in whole tiles."""
    return _rounded(_rounded(size, tile.rows), tile.columns)


def _rounded(size: int, step: int) -> int:
    return -(-size // step) * step


@cache
def _source(
    name: str, dtype: DType, mask: DType | None, tile: Tile, declaration: str, traits: Traits
) -> str:
    kind = element_type(dtype)
    given = element_type(bool_ if mask is None else mask)
    compute = kind.compute
    return whole_source(
        f"#define STORAGE {kind.storage}\n",
        f"#define COMPUTE {compute}\n",
        f"#define VECTOR {wide(compute, tile.lanes)}\n",
        f"#define LANES {tile.lanes}\n",
        f"#define VECTORS {tile.vectors}\n",
        f"#define ROWS {tile.rows}\n",
        f"#define BLOCK {_block(tile)}\n",
        f"#define vload_lanes(p) vload{tile.lanes}(0, p)\n",
        f"#define LOAD(p, i) ({kind.load(1, '(p)', '(i)')})\n",
        f"#define STORE(x, p, i) {kind.store(1, '(x)', '(p)', '(i)')}\n",
        f"#define MASKED {0 if mask is None else 1 if mask is bool_ else 2}\n",
        f"#define MASK {kind.storage if mask is None else given.storage}\n",
        f"#define LOAD_MASK(p, i) ((COMPUTE)({given.load(1, '(p)', '(i)')}))\n",
        declaration,
        exponential_text(kind, tile.lanes, traits),
        source_file("attention"),
        source_file(name),
    )
