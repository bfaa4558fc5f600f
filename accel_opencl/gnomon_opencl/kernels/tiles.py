"""The tiles of products on processors: which fit registers, a dtype and a product."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple, final

from gnomon.backend import DType, float32
from gnomon_opencl.element_types import ElementType, element_type
from gnomon_opencl.runtime import Runtime
from gnomon_opencl.traits import WIDE_LANES
from gnomon_opencl.trials import begin_wide_vectors, wide_vectors_are_safe

#: The length of registers that some compilers can't be trusted with.
_WIDE_BYTES: Final = 4 * WIDE_LANES
#: What a load takes beside a multiplication of vectors, which takes longer for wide ones, and
#: what the beginning and the end of a tile take.
_COST_OF_WIDE_LOAD: Final = 0.1
_COST_OF_SHORT_LOAD: Final = 0.6
_COST_OF_TILE: Final = 400
#: Rows that tables place, of which each has a pointer: as many as there are registers for.
_MOST_PLACED_ROWS: Final = 8
#: Columns that are multiplied one at a time.
_NARROW: Final = 2


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
class Form(NamedTuple):
    """How a product takes its operands: by tables of places, the right one where it lies
    instead of packed, or both by their lines.
    """

    has_tables: bool = False
    is_direct: bool = False
    by_lines: bool = False


def begin_trials(runtime: Runtime) -> None:
    """Begin to try whether the compiler is to be trusted with the usual products of floats."""
    if runtime.traits.is_processor and runtime.traits.has_wide_registers:
        packed, *_ = wide_tiles(float32)
        (device,) = runtime.context.devices
        tried = (
            (line_tile(float32, is_wide=True), Form(by_lines=True)),
            (packed, Form()),
            (packed, Form(is_direct=True)),
        )
        begin_wide_vectors(device, [_trial(float32, *each) for each in tried])


@cache
def _has_wide_vectors(runtime: Runtime) -> bool:
    """Return whether registers are of 64 bytes, and the compiler is to be trusted with them.

    Loads of such vectors are calls, which fail where the compiler lacks the registers; products
    of packed operands get by without, but are slower there than in shorter vectors.
    """
    tile = line_tile(float32, is_wide=True)
    return runtime.traits.has_wide_registers and _is_safe(
        runtime, float32, tile, Form(by_lines=True)
    )


@cache
def runs_wide(runtime: Runtime, dtype: DType, tile: Tile, form: Form) -> bool:
    """Return whether products of a form by such a tile may be built and run."""
    return tile.lanes * sum_bytes(dtype) < _WIDE_BYTES or (
        _has_wide_vectors(runtime) and _is_safe(runtime, dtype, tile, form)
    )


def _is_safe(runtime: Runtime, dtype: DType, tile: Tile, form: Form) -> bool:
    (device,) = runtime.context.devices
    return wide_vectors_are_safe(device, *_trial(dtype, tile, form))


def _trial(dtype: DType, tile: Tile, form: Form) -> tuple[object, ...]:
    """Return what ``trial_of_wide_vectors`` is given."""
    return sum_type(element_type(dtype)), *tile, *form


@cache
def fitting(
    dtype: DType, is_wide: bool, rows: int, columns: int, steps: int, has_tables: bool = False
) -> Tile:
    """Return the tile for a product of these sizes, in registers of 64 bytes if ``is_wide``."""
    if columns <= _NARROW:
        return Tile(8, 1, 1)
    tiles = wide_tiles(dtype) if is_wide else short_tiles(dtype)
    if has_tables and is_wide:
        tiles = tuple([tile for tile in tiles if tile.rows <= _MOST_PLACED_ROWS])
    cost_of_load = _COST_OF_WIDE_LOAD if is_wide else _COST_OF_SHORT_LOAD

    def cost(tile: Tile) -> float:
        """Return what multiplying takes, loads included; what is padding is multiplied too."""
        loads = cost_of_load * (1 / tile.rows + 1 / tile.vectors)
        each = steps * tile.rows * tile.vectors * (1 + loads) + _COST_OF_TILE
        return -(-rows // tile.rows) * -(-columns // tile.columns) * each

    return min(tiles, key=cost)


def flat_tile(runtime: Runtime, dtype: DType, rows: int, columns: int) -> Tile:
    """Return the tile for few rows whose right operand is read where it lies."""
    lanes = 32 // sum_bytes(dtype)
    short = (Tile(1, 4, lanes), Tile(4, 2, lanes), Tile(8, 1, lanes))
    if reads_wide(dtype):
        tile = _flat(flat_tiles(dtype), rows, columns)
        if runs_wide(runtime, dtype, tile, Form(has_tables=True, is_direct=True)):
            return tile
    return _flat(short, rows, columns)


def _flat(tiles: tuple[Tile, ...], rows: int, columns: int) -> Tile:
    single, few, more = tiles
    tile = single if rows == 1 else few if rows <= few.rows else more
    return tile._replace(vectors=1) if columns <= tile.lanes else tile


def flat_tiles(dtype: DType) -> tuple[Tile, ...]:
    """Return the tiles for 1, up to 4 and more rows, for registers of 64 bytes."""
    lanes = 64 // sum_bytes(dtype)
    return (Tile(1, 4, lanes), Tile(4, 4, lanes), Tile(8, 2, lanes))


def reads_wide(dtype: DType) -> bool:
    """Return whether operands of ``dtype`` are read where they lie in vectors of 64 bytes."""
    return element_type(dtype).compute == "float"


def wide_tiles(dtype: DType) -> tuple[Tile, ...]:
    """Return the tiles for registers of 64 bytes, the best for many columns first.

    There are 32 registers: for 24 sums, 4 vectors of the right operand and an element of the
    left one.
    """
    lanes = 64 // sum_bytes(dtype)
    if not reads_wide(dtype):
        return (Tile(6, 4, lanes),)
    wide = (Tile(6, 4, lanes), Tile(12, 2, lanes), Tile(12, 1, lanes))
    return (*wide, Tile(8, 2, lanes), Tile(8, 1, lanes))


def short_tiles(dtype: DType) -> tuple[Tile, ...]:
    """Return the tiles for registers of 32 bytes, of which there are 16: for 12 sums.

    Of those that fit alike the first is taken, which fits more operands where they lie.
    """
    lanes = 32 // sum_bytes(dtype)
    return (Tile(6, 2, lanes), Tile(4, 3, lanes), Tile(8, 1, lanes))


def line_tile(dtype: DType, is_wide: bool) -> Tile:
    """Return the tile for registers of 64 bytes, or of 32, of which there are half as many."""
    if is_wide:
        return Tile(4, 5, 64 // sum_bytes(dtype))
    return Tile(3, 4, 32 // sum_bytes(dtype))


def strip_tile(runtime: Runtime, dtype: DType, lanes: int) -> Tile:
    """Return the tile for strips in vectors of ``lanes``, or of as many as a register holds.

    Where registers are of 64 bytes there are 32, for the shorter vectors too: for 16 sums.
    """
    if runtime.traits.has_wide_registers:
        return Tile(8, 2, lanes)
    tile, *_ = short_tiles(dtype)
    return tile._replace(lanes=min(lanes, tile.lanes))


def sum_bytes(dtype: DType) -> int:
    """Return the size of the type that products of ``dtype`` are added up in."""
    return 8 if dtype.itemsize == 8 else 4


def sum_type(kind: ElementType) -> str:
    """Return the type of sums: integers wrap without harm when they are unsigned."""
    if kind.dtype.is_floating_point:
        return kind.compute
    return "ulong" if kind.dtype.itemsize == 8 else "uint"


def is_summed_as_stored(dtype: DType) -> bool:
    """Return whether elements in memory have the bits of the type of sums."""
    return dtype.itemsize == sum_bytes(dtype)
