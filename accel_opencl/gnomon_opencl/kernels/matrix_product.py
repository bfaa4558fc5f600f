"""Products of matrices: the kernel behind the composite ``matrix_product``.

float16 and bfloat16 are added up in float32 and rounded once; integers wrap, which sums in
unsigned arithmetic of 32 or 64 bits, cut to the dtype, do by themselves.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand
from gnomon_opencl.element_types import ElementType, element_type, wide
from gnomon_opencl.generation import Plan, source_file, whole_source
from gnomon_opencl.kernels import copying
from gnomon_opencl.runtime import Runtime, buffer_of
from gnomon_opencl.trials import wide_vectors_are_safe

_CACHED: Final = 4096
#: Multiplications per matrix below which packing costs more than it gains.
_FEW_TERMS: Final = 16384
#: Steps along the inner dim that one work-item packs: CHUNK of the kernels.
_PACKED_STEPS: Final = 256
#: Rows that one work-item multiplies by a vector where they lie side by side: LENGTH.
_VECTOR_ROWS: Final = 64
#: Work-items that are enough to fill a device.
_ENOUGH_ITEMS: Final = 64
#: Fewest steps that are worth a partial sum of their own.
_PART_STEPS: Final = 4096
#: Items along a side of a group that shares a tile, and elements along a side of the tile.
_TEAM: Final = 16
_SHARED_TILE: Final = 64


@final
class Tile(NamedTuple):
    """The part of a product that one work-item of a processor keeps in registers."""

    rows: int
    vectors: int
    lanes: int

    @property
    def columns(self) -> int:
        return self.vectors * self.lanes


@final
class Vector(NamedTuple):
    """How the rows of a matrix that meets a vector are shared out; unset otherwise."""

    together: int = 0
    parts: int = 0
    part_steps: int = 0


_NO_VECTOR: Final = Vector()


def multiply_matrices(runtime: Runtime, left: Operand, right: Operand, output: Operand) -> None:
    """Write the products of two batches of matrices, (b, n, k) and (b, k, m), to (b, n, m)."""
    batch, rows, depth = left.layout.shape
    columns = right.layout.shape[2]
    if not output.layout.numel:
        return
    if not depth:
        copying.copy(runtime, 0, output)
    elif rows == 1 or columns == 1:
        _multiply_by_vector(runtime, left, right, output)
    elif rows * columns * depth <= _FEW_TERMS:
        _launch(runtime, "multiply_directly", left, right, output, batch * rows)
    elif runtime.traits.is_processor:
        tile = tile_of(runtime, left.dtype)
        multiply_packed(runtime, left, right, output, tile)
    else:
        tiles = batch * -(-rows // _SHARED_TILE) * -(-columns // _SHARED_TILE)
        team = _TEAM * _TEAM
        _launch(runtime, "multiply_shared", left, right, output, tiles * team, team)


def _launch(
    runtime: Runtime,
    name: str,
    left: Operand,
    right: Operand,
    output: Operand,
    items: int,
    group: int = 0,
) -> None:
    source, plan = _program(left, right, output, tile_of(runtime, left.dtype))
    buffers = [buffer_of(operand) for operand in (left, right, output)]
    runtime.launch(source, name, [*buffers, plan], items, group)


def _program(
    left: Operand,
    right: Operand,
    output: Operand,
    tile: Tile,
    by_vector: Vector = _NO_VECTOR,
) -> tuple[str, bytes]:
    layouts = (output.layout, left.layout, right.layout)
    return _planned(left.dtype, tile, layouts, by_vector)


def multiply_packed(
    runtime: Runtime, left: Operand, right: Operand, output: Operand, tile: Tile
) -> None:
    """Pack both operands and multiply them tile by tile."""
    batch, rows, depth = left.layout.shape
    columns = right.layout.shape[2]
    source, packed = _program(left, right, output, tile)
    itemsize = _sum_bytes(left.dtype)
    row_strips, column_strips = -(-rows // tile.rows), -(-columns // tile.columns)
    chunks = -(-depth // _PACKED_STEPS)
    sizes = (row_strips * tile.rows, column_strips * tile.columns)
    first, second = (
        runtime.pool.allocate(batch * size * depth * itemsize).buffer for size in sizes
    )
    items = batch * row_strips * chunks
    runtime.launch(source, "pack_left", [buffer_of(left), first, packed], items, 1)
    items = batch * column_strips * chunks
    runtime.launch(source, "pack_right", [buffer_of(right), second, packed], items, 1)
    arguments = [first, second, buffer_of(output), packed]
    runtime.launch(source, "multiply_packed", arguments, batch * row_strips * column_strips, 1)


def _multiply_by_vector(
    runtime: Runtime, left: Operand, right: Operand, output: Operand
) -> None:
    """Multiply where one operand of each product is a vector, which is put on the right."""
    if left.layout.shape[1] == 1:
        left, right, output = (_transposed(each) for each in (right, left, output))
    batch, rows, depth = left.layout.shape
    side_by_side = left.layout.strides[1] == 1 and rows >= _VECTOR_ROWS
    length = _VECTOR_ROWS if side_by_side else min(8, -(-rows * batch // _ENOUGH_ITEMS))
    items = batch * -(-rows // length)
    parts = max(1, min(-(-_ENOUGH_ITEMS // items), depth // _PART_STEPS))
    part_steps = -(-depth // parts)
    parts = -(-depth // part_steps)
    tile = tile_of(runtime, left.dtype)
    by_vector = Vector(length, parts, part_steps)
    source, plan = _program(left, right, output, tile, by_vector)
    itemsize = _sum_bytes(left.dtype)
    partial = runtime.pool.allocate(parts * batch * rows * itemsize).buffer
    arguments = [buffer_of(left), buffer_of(right), partial, plan]
    runtime.launch(source, "multiply_by_vector", arguments, items * parts)
    arguments = [partial, buffer_of(output), plan]
    runtime.launch(source, "add_partial_sums", arguments, batch * rows)


def _transposed(operand: Operand) -> Operand:
    return operand._replace(layout=operand.layout.transpose(1, 2))


def tile_of(runtime: Runtime, dtype: DType) -> Tile:
    """Return the tile for which a processor's registers suffice.

    There are 32 registers of 64 bytes: for 24 sums, 3 vectors of the right operand and an
    element of the left one. Of 32 bytes there are 16, for 12 sums.
    """
    (device,) = runtime.context.devices
    is_wide = runtime.traits.is_processor and runtime.traits.register_bytes >= 64
    if is_wide and wide_vectors_are_safe(device):
        return wide_tile(dtype)
    return Tile(4, 3, 32 // _sum_bytes(dtype))


def wide_tile(dtype: DType) -> Tile:
    """Return the tile for registers of 64 bytes."""
    return Tile(8, 3, 64 // _sum_bytes(dtype))


def _sum_bytes(dtype: DType) -> int:
    return 8 if dtype.itemsize == 8 else 4


@lru_cache(_CACHED)
def _planned(
    dtype: DType, tile: Tile, layouts: tuple[Layout, ...], by_vector: Vector
) -> tuple[str, bytes]:
    """Return the program for output, left and right operand of these layouts, and its plan."""
    _, (batch, rows, depth), (_, _, columns) = (layout.shape for layout in layouts)
    plan = Plan(wide_index=True)
    plan.members |= {"batch": batch, "rows": rows, "columns": columns, "depth": depth}
    plan.members |= by_vector._asdict()
    for number, layout in enumerate(layouts):
        plan.add_layout(number, layout)
    return _source(dtype, tile, plan.declaration()), plan.packed()


@cache
def _source(dtype: DType, tile: Tile, declaration: str) -> str:
    kind = element_type(dtype)
    compute = _sum_type(kind)
    return whole_source(
        f"#define STORAGE {kind.storage}\n",
        f"#define COMPUTE {compute}\n",
        f"#define VECTOR {wide(compute, tile.lanes)}\n",
        f"#define ROWS {tile.rows}\n",
        f"#define VECTORS {tile.vectors}\n",
        f"#define LANES {tile.lanes}\n",
        f"#define TEAM {_TEAM}\n",
        f"#define TILE {_SHARED_TILE}\n",
        f"#define LOAD(p, i) ((COMPUTE)({kind.load(1, '(p)', '(i)')}))\n",
        f"#define STORE(x, p, i) {kind.store(1, f'({kind.compute})(x)', '(p)', '(i)')}\n",
        declaration,
        source_file("matrix_product"),
    )


def _sum_type(kind: ElementType) -> str:
    """Return the type of sums: integers wrap without harm when they are unsigned."""
    if kind.dtype.is_floating_point:
        return kind.compute
    return "ulong" if kind.dtype.itemsize == 8 else "uint"
