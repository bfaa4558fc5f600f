"""The table of a profile, as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, final

Row = TypeVar("Row")

#: Units and the microseconds of each, the largest last.
_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}


@final
@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A title, and what stands below it."""

    title: str
    cell: Callable[[Row], str]

    @staticmethod
    def text(title: str, value: Callable[[Row], str], width: int) -> Column[Row]:
        """Return a column of texts, cut to ``width`` unless that is 0."""

        def cell(row: Row) -> str:
            whole = value(row)
            return f"{whole[: width - 3]}..." if 3 < width < len(whole) else whole

        return Column(title, cell)

    @staticmethod
    def time(title: str, value: Callable[[Row], float], unit: str | None) -> Column[Row]:
        """Return a column of times in microseconds, shown in ``unit``."""
        return Column(title, lambda row: time_text(value(row), unit))

    @staticmethod
    def part(title: str, value: Callable[[Row], float], whole: float) -> Column[Row]:
        """Return a column of parts of ``whole``."""
        return Column(title, lambda row: f"{100 * value(row) / whole if whole else 0:.2f}%")


def time_text(microseconds: float, unit: str | None = None) -> str:
    """Return a time with three decimals.

    >>> time_text(12345.678), time_text(12345.678, "us")
    ('12.346ms', '12345.678us')
    """
    if unit is None:
        unit = "s" if microseconds >= 1e6 else "ms" if microseconds >= 1e3 else "us"
    if unit not in _UNITS:
        raise ValueError(f"table: time_unit {unit!r} is none of {', '.join(_UNITS)}.")
    return f"{microseconds / _UNITS[unit]:.3f}{unit}"


def table_of(
    rows: Sequence[Row],
    columns: Sequence[Column[Row]],
    sums: tuple[float, float],
    header: str | None = None,
) -> str:
    """Return the table, and below it the host's and the devices' time."""
    cells = [[column.title for column in columns]]
    cells += [[column.cell(row) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = "  ".join("-" * width for width in widths)
    lines = [
        "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True))
        for line in cells
    ]
    host, device = sums
    parts = [rule, lines[0], rule, *lines[1:], rule]
    if header is not None:
        parts = ["=" * len(rule), header, *parts]
    parts.append(f"Self CPU time total: {time_text(host)}")
    if device:
        parts.append(f"Self device time total: {time_text(device)}")
    return "\n".join(parts) + "\n"
