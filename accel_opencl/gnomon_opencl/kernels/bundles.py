"""Kernels over rows that do the work of several launches, on operands and numbers of their own.

Each of these launches is a part of the bundle, and has so many of its work-items. A work-item
looks up in a table to which part it belongs, and takes that part's plan and arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import pack
from typing import NamedTuple, final


@final
class Bundle(NamedTuple):
    """What the text of such a kernel depends on besides that of its parts."""

    parts: int
    #: For each operand, which of a part's buffers it is in: a buffer is given once.
    slots: tuple[int, ...]
    #: The places of the numbers that differ from part to part.
    varying: tuple[int, ...]

    def declaration(self, index: str) -> str:
        """Return the type of the table's rows, which hold integers of type ``index``."""
        return f"typedef struct {{ Plan plan; {index} first, end; }} Part;\n"

    def parameters(self, operands: Sequence[str], numbers: Sequence[str]) -> list[str]:
        """Return the parameters: the table, each part's buffers and numbers, other numbers.

        ``operands`` and ``numbers`` are the declarations for a single part.
        """
        own = [*self._pointers(operands), *[numbers[place] for place in self.varying]]
        shared = [number for place, number in enumerate(numbers) if place not in self.varying]
        parts = range(self.parts)
        return [
            "__global const Part *parts",
            *[f"{each}_{part}" for part in parts for each in own],
            *shared,
        ]

    def opening(self, operands: Sequence[str], numbers: Sequence[str], index: str) -> str:
        """Return the statements that make ``item`` and the names of a single part."""
        pointers = self._pointers(operands)
        varying = [numbers[place].removeprefix("const ") for place in self.varying]
        own = [each.split()[-1].removeprefix("*") for each in (*pointers, *varying)]
        lines = [
            f"{index} item = ({index})get_global_id(0);",
            "int part = 0;",
            f"while (part < {self.parts - 1} && item >= parts[part].end) ++part;",
            "const Plan plan = parts[part].plan;",
            "item -= parts[part].first;",
            *[f"{each};" for each in (*pointers, *varying)],
            "switch (part) {",
            *self._cases(own),
            "}",
        ]
        for operand, slot in zip(operands, self.slots, strict=True):
            if operand not in pointers:
                lines.append(f"{operand} = {own[slot]};")
        return "".join([f"    {line}\n" for line in lines])

    def _pointers(self, operands: Sequence[str]) -> list[str]:
        """Return the declarations of the first operand in each buffer."""
        return [operands[self.slots.index(slot)] for slot in range(max(self.slots) + 1)]

    def _cases(self, own: Sequence[str]) -> Iterator[str]:
        for part in range(self.parts):
            label = f"case {part}:" if part < self.parts - 1 else "default:"
            yield f"{label} {' '.join(f'{name} = {name}_{part};' for name in own)} break;"


def slots_of(buffers: Sequence[object]) -> tuple[int, ...]:
    """Return for each buffer how many others came before its first time.

    >>> slots_of("abac")
    (0, 1, 0, 2)
    """
    found: dict[object, int] = {}
    return tuple([found.setdefault(buffer, len(found)) for buffer in buffers])


def table_of(plans: Sequence[bytes], items: Sequence[int], index: str) -> bytes:
    """Return the table: each part's plan, its first work-item and that behind its last."""
    rows, first = [], 0
    for plan, count in zip(plans, items, strict=True):
        rows.append(plan + pack("2q" if index == "long" else "2i", first, first + count))
        first += count
    return b"".join(rows)
