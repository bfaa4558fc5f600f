"""The 16-bit float formats, kept as unsigned 16-bit cells and rounded once from double."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from struct import error, pack, unpack
from typing import final

from gnomon.dtypes.cells import CellSequence, Codec, Scalar, Source, raw_cells, round_once

# Where a float32 cell keeps its upper and lower half, counted in 16-bit cells.
_UPPER, _LOWER = (1, 0) if sys.byteorder == "little" else (0, 1)

# A float32 with this lower half lies midway between two numbers of bfloat16.
_TIE = 0x8000

# The smallest double that rounds to infinity in float16: halfway from 65504 to 2**16.
_FLOAT16_OVERFLOW = 65520.0


@final
class Float16Codec(Codec):
    """IEEE 754 binary16."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("H")

    def unpack(self, cells: CellSequence) -> Sequence[Scalar]:
        return unpack(f"{len(cells)}e", raw_cells(self.cell, cells))

    def pack(self, source: Source) -> array[int]:
        values = tuple(source())
        try:
            raw = pack(f"{len(values)}e", *values)
        except (OverflowError, error):  # a float or an integer beyond the format
            raw = pack(f"{len(values)}e", *map(_overflow_to_infinity, values))
        return array(self.cell, raw)

    def from_integers(self, values: Sequence[int]) -> Sequence[float]:
        return values  # those a double cannot hold are infinite here

    def from_floats(self, values: Sequence[float]) -> Sequence[float]:
        return values


def _overflow_to_infinity(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) >= _FLOAT16_OVERFLOW else value


@final
class BFloat16Codec(Codec):
    """The upper half of an IEEE 754 binary32."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("H")

    def unpack(self, cells: CellSequence) -> Sequence[float]:
        raw = raw_cells(self.cell, cells)
        wide = bytearray(2 * len(raw))
        wide[2 * _UPPER :: 4] = raw[0::2]
        wide[2 * _UPPER + 1 :: 4] = raw[1::2]
        return memoryview(wide).cast("f")

    def pack(self, source: Source) -> array[int]:
        singles = array("f", source())
        cells = array(self.cell, _round_to_upper_halves(singles))[_UPPER::2]
        lower = array(self.cell, singles.tobytes())[_LOWER::2]
        if _TIE in lower:
            _repair_ties(cells, singles, lower, array("d", source()))
        return cells

    def from_integers(self, values: Sequence[int]) -> Sequence[float]:
        return round_once(values)

    def from_floats(self, values: Sequence[float]) -> Sequence[float]:
        return values


def _round_to_upper_halves(singles: array[float]) -> bytes:
    """Round every float32 to its upper 16 bits, ties to even; the lower 16 are left over.

    The bits of all elements are one large integer with 32-bit lanes: a handful of operations
    at C speed instead of a Python expression per element. No lane may carry into the next,
    and only a NaN whose upper mantissa is all ones could; it gives up its bit 15 first.
    """
    size = 4 * len(singles)
    bits = int.from_bytes(singles.tobytes(), sys.byteorder)
    ones = int.from_bytes(b"\x00\x00\x00\x01" * len(singles), "big")
    full = (((bits & (ones * 0x7FFF_FFFF)) + ones * 0x8000) >> 31) & ones
    bits ^= full << 15
    bits += ones * 0x7FFF + ((bits >> 16) & ones)
    return bits.to_bytes(size, sys.byteorder)


def _repair_ties(
    cells: array[int], singles: array[float], lower: array[int], doubles: array[float]
) -> None:
    """Undo the double rounding where double to float32 made a tie that was none.

    Rounding is monotone and ties of bfloat16 are float32 numbers, so nothing else can differ.
    """
    upper = array("H", singles.tobytes())[_UPPER::2]
    index = -1
    for _ in range(lower.count(_TIE)):
        index = lower.index(_TIE, index + 1)
        distance = abs(doubles[index]) - abs(singles[index])
        if distance != 0.0 and not math.isnan(distance):
            cells[index] = upper[index] + (distance > 0.0)
