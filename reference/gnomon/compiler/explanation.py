"""What ``explain()`` returns: for each signature a table of kernels, which can be drawn too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, final

from gnomon.compiler.picture import drawn
from gnomon.recording import PlannedKernel, ReplayPlan

_HEADER: Final = ("kernel", "items", "moved", "flops", "predicted", "measured", "operations")
#: How many letters the names of a kernel's operations may take.
_MOST_LETTERS: Final = 60


@final
class Section(NamedTuple):
    """What is to be said of a signature, or of its derivative."""

    title: str
    plan: ReplayPlan | None = None

    def text(self) -> str:
        """Return the section with its plan as a table."""
        return self.title if self.plan is None else f"{self.title}\n{_table(self.plan)}"


@final
class Explanation(str):
    """The tables of all signatures of a compiled function, as text.

    >>> from gnomon.recording import PlannedBuffer
    >>> sum_rows = PlannedKernel("reduce", ("sum",), 4, (0,), (1,), 4112, 1024.0, 2e-6, None)
    >>> buffers = PlannedBuffer("input", 4096), PlannedBuffer("result", 16)
    >>> explanation = Explanation([Section("replayed:", ReplayPlan((sum_rows,), buffers))])
    >>> print(explanation)
    replayed:
    kernel    items   moved  flops  predicted  measured  operations
    reduce        4  4.1 kB  1.0 k     2.0 us         -  sum
    1 kernel         4.1 kB  1.0 k     2.0 us         -
    """

    __slots__ = ("sections",)

    sections: Sequence[Section]

    def __new__(cls, sections: Sequence[Section]) -> Explanation:
        """Return the explanation that consists of ``sections``."""
        made = super().__new__(cls, "\n\n".join([section.text() for section in sections]))
        made.sections = sections
        return made

    def svg(self) -> str:
        """Return the plans as one picture: a box for each kernel, an arrow for each buffer
        from the kernel that writes it to one that reads it.

        The darker a box, the more of the time is spent there.
        """
        plans = [(each.title, each.plan) for each in self.sections if each.plan is not None]
        return drawn(plans)

    def save(self, path: str | Path) -> None:
        """Write the explanation to a file: drawn if its name ends in ``.svg``, otherwise as
        text.
        """
        path = Path(path)
        path.write_text(self.svg() if path.suffix == ".svg" else self, encoding="utf-8")


def _table(plan: ReplayPlan) -> str:
    kernels = plan.kernels
    lines = [_HEADER, *[_line(kernel) for kernel in kernels], _totals(kernels)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join([_aligned(line, widths) for line in lines])


def _line(kernel: PlannedKernel) -> tuple[str, ...]:
    return (
        kernel.name,
        str(kernel.items),
        amount(kernel.nbytes, "B"),
        amount(kernel.flops, ""),
        duration(kernel.predicted),
        duration(kernel.measured),
        shortened(kernel.operations, _MOST_LETTERS),
    )


def _totals(kernels: Sequence[PlannedKernel]) -> tuple[str, ...]:
    return (
        f"{len(kernels)} kernel{'s' if len(kernels) != 1 else ''}",
        "",
        amount(sum(kernel.nbytes for kernel in kernels), "B"),
        amount(sum(kernel.flops for kernel in kernels), ""),
        duration(_sum(kernel.predicted for kernel in kernels)),
        duration(_sum(kernel.measured for kernel in kernels)),
        "",
    )


def _sum(times: Iterable[float | None]) -> float | None:
    total = 0.0
    for time in times:
        if time is None:
            return None
        total += time
    return total


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers, last = line
    cells = [word.rjust(width) for word, width in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join([first.ljust(widths[0]), *cells, last]).rstrip()


def amount(number: float, unit: str) -> str:
    """Return a number with two digits or more, in thousands of a ``unit``.

    >>> amount(4112, "B"), amount(17, ""), amount(2.5e9, "")
    ('4.1 kB', '17', '2.5 G')
    """
    scale = 0
    while number >= 1000 and scale < len(_PREFIXES) - 1:
        number, scale = number / 1000, scale + 1
    digits = 1 if scale and number < 100 else 0
    return f"{number:.{digits}f} {_PREFIXES[scale]}{unit}".rstrip()


_PREFIXES: Final = ("", "k", "M", "G", "T")


def duration(seconds: float | None) -> str:
    """Return a time in microseconds, or a dash where it is not known."""
    return "-" if seconds is None else f"{seconds * 1e6:.1f} us"


def shortened(names: Sequence[str], letters: int) -> str:
    """Return as many of the names as there is room for, each once, and how often it comes.

    >>> shortened(["mul", "add", "mul"], 20), shortened(["mul", "add", "sqrt"], 8)
    ('2 mul, add', 'mul, add, ...')
    """
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    words = [f"{count} {name}" if count > 1 else name for name, count in counts.items()]
    kept = list(words)
    while len(", ".join(kept)) > letters and len(kept) > 1:
        kept.pop()
    return ", ".join(kept if kept == words else [*kept, "..."])
