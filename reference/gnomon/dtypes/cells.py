"""Cells: how the elements of a dtype lie in memory, and how values become cells and back.

A cell is one machine number of an `array.array` or `memoryview`. A codec knows one cell format.
`unpack` reads cells as Python values; `pack` rounds, wraps or tests values of the dtype's own
kind; `from_integers` and `from_floats` bring values of another kind to a form `pack` accepts.
All of them work on whole sequences, because one call per element is what makes Python slow.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias, final

Scalar: TypeAlias = bool | int | float
Cell: TypeAlias = Literal["b", "B", "h", "H", "i", "I", "q", "Q", "f", "d"]
"""Type codes that `array.array` and `memoryview.cast` share."""
Cells: TypeAlias = "array[int] | array[float]"  # quoted: not subscriptable before 3.12
CellSequence: TypeAlias = Sequence[int] | Sequence[float]
Source: TypeAlias = Callable[[], Iterable[Scalar]]
"""Something that can be asked more than once for the same values."""

IntegerSource: TypeAlias = Callable[[], Iterable[int]]

# array("B", ...) of these bytes is the truth value of every byte.
_TRUTH = bytes((0,)) + bytes((1,)) * 255


class Codec(ABC):
    """One cell format: the `array` type code, and the way between cells and values."""

    __slots__ = ("cell",)

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    @abstractmethod
    def unpack(self, cells: CellSequence) -> Sequence[Scalar]:
        """The values in `cells`; the argument itself where cells are the values."""

    @abstractmethod
    def pack(self, source: Source) -> Cells:
        """Cells for the values of `source`, which is asked again only when some do not fit."""

    @abstractmethod
    def from_integers(self, values: Sequence[int]) -> Sequence[Scalar]:
        """Integers (or bools) as values that `pack` takes to the right cell."""

    @abstractmethod
    def from_floats(self, values: Sequence[float]) -> Sequence[Scalar]:
        """Floats as values that `pack` takes to the right cell."""

    def convert(self, value: Scalar) -> Scalar:
        """The element that `value`, a bool, int or float, becomes."""
        if isinstance(value, float):
            values = self.from_floats((value,))
        else:
            values = self.from_integers((value,))
        return self.unpack(self.pack(lambda: values))[0]


def raw_cells(cell: Cell, cells: CellSequence) -> bytes:
    """The bytes of `cells`, which are of type code `cell`."""
    if isinstance(cells, (array, memoryview)):
        return cells.tobytes()
    return array(cell, cells).tobytes()


@final
class BoolCodec(Codec):
    """One byte an element: 0 is False, all else is True; packing writes 0 or 1."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("B")

    def unpack(self, cells: CellSequence) -> Sequence[bool]:
        return memoryview(raw_cells("B", cells)).cast("?")

    def pack(self, source: Source) -> array[int]:
        try:
            cells = array(self.cell, source())
        except (OverflowError, TypeError):  # not a small non-negative integer
            return array(self.cell, map(bool, source()))
        return array(self.cell, cells.tobytes().translate(_TRUTH))

    def from_integers(self, values: Sequence[int]) -> Sequence[bool]:
        return list(map(bool, values))

    def from_floats(self, values: Sequence[float]) -> Sequence[bool]:
        return list(map(bool, values))


@final
class IntegerCodec(Codec):
    """Two's complement integers.

    `register` is the type code of the integer that a float passes through on its way here:
    the truncated value is taken in that width (out of range and NaN give its minimum), then
    wrapped. The widths are those PyTorch 2.13 uses on x86-64; docs/semantics/dtypes.md.
    """

    __slots__ = ("mask", "minimum", "register")

    def __init__(self, cell: Cell, register: Cell) -> None:
        super().__init__(cell)
        bits = 8 * array(cell).itemsize
        self.mask = (1 << bits) - 1
        self.minimum = -(1 << (bits - 1)) if cell.islower() else 0
        self.register = register

    def unpack(self, cells: CellSequence) -> Sequence[Scalar]:
        return cells

    def pack(self, source: Source) -> array[int]:
        integers: IntegerSource = source  # type: ignore[assignment]  # values of the own kind
        try:
            return array(self.cell, integers())
        except OverflowError:
            low, mask = self.minimum, self.mask
            return array(self.cell, [((value - low) & mask) + low for value in integers()])

    def from_integers(self, values: Sequence[int]) -> Sequence[int]:
        return values

    def from_floats(self, values: Sequence[float]) -> Sequence[int]:
        try:
            return array(self.register, map(int, values))
        except (OverflowError, ValueError):  # out of range or infinite; NaN
            truncate = _truncate_unsigned if self.register == "Q" else _truncate
            limit = 2.0 ** (8 * array(self.register).itemsize - 1)
            return [truncate(value, limit) for value in values]


@final
class FloatCodec(Codec):
    """The machine's float32 ("f") and float64 ("d"), which `array` rounds to nearest even."""

    __slots__ = ()

    def unpack(self, cells: CellSequence) -> Sequence[Scalar]:
        return cells

    def pack(self, source: Source) -> array[float]:
        return array(self.cell, source())

    def from_integers(self, values: Sequence[int]) -> Sequence[float]:
        return values if self.cell == "d" else round_once(values)

    def from_floats(self, values: Sequence[float]) -> Sequence[float]:
        return values

    def convert(self, value: Scalar) -> Scalar:
        if isinstance(value, float):  # as most are, and without a detour
            return array(self.cell, (value,))[0]
        return super().convert(value)


def round_once(integers: Sequence[int]) -> Sequence[float]:
    """Stand-ins for integers that survive a second rounding to at most 51 bits.

    Rounding to double and then to a narrower float may land on a tie that was none. A double
    rounded to odd keeps the trace of what was cut off (Boldo and Melquiond, "Emulation of a
    FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
    """
    exact = 1 << 53
    if not integers or (min(integers) >= -exact and max(integers) <= exact):
        return integers
    return list(map(_round_to_odd, integers))


def _round_to_odd(integer: int) -> float:
    magnitude = abs(integer)
    excess = max(magnitude.bit_length() - 53, 0)
    kept = magnitude >> excess
    odd = kept | (kept << excess != magnitude)
    return float(odd << excess if integer > 0 else -(odd << excess))


def _truncate(value: float, limit: float) -> int:
    """Toward zero in the signed register of range [-limit, limit); outside it, the minimum."""
    return int(value) if -limit <= value < limit else int(-limit)


def _truncate_unsigned(value: float, limit: float) -> int:
    """Toward zero in the unsigned register of range [0, 2 * limit).

    Negative values and NaN go through the signed register of that width; too large gives 0.
    """
    if value >= limit:
        return int(value) if value < 2 * limit else 0
    return _truncate(value, limit)
