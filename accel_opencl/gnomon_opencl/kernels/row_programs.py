"""What a kernel does along rows, in a few words: passes, each with what it adds up and writes.

A row is what lies along some dims of the operands; :mod:`gnomon_opencl.kernels.rows` runs
programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, final

#: Vectors that hide how long an addition takes.
_CHAINS: Final = 4

#: A name and the expression it stands for.
Named = tuple[str, str]


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pass:
    """One walk along a row. Expressions may name operands, numbers and what came before."""

    #: Sums of a term of each element, and the largest of such terms, where NaN counts nothing.
    sums: tuple[Named, ...] = ()
    largest: tuple[Named, ...] = ()
    #: What follows from these, one number a row.
    results: tuple[Named, ...] = ()
    #: What is written for each element, by operand, and once a row.
    writes: tuple[Named, ...] = ()
    keeps: tuple[Named, ...] = ()
    #: What is added up down the rows of a work-item, by the name of the partial sums.
    downward: tuple[Named, ...] = ()

    @property
    def chains(self) -> int:
        """Return in how many vectors elements along a row are added up, lest each addition
        waits for the one before; passes that write have other work to do meanwhile.
        """
        return 1 if self.writes or self.downward else _CHAINS

    def of_elements(self) -> str:
        """Return the text that is evaluated for each element."""
        terms = (*self.sums, *self.largest, *self.writes, *self.downward)
        return " ".join(text for _, text in terms)


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowProgram:
    """What a kernel does along each row: ``K(x)`` is a constant, ``COUNT`` the row's length,
    ``EXP(x)`` the exponential of what is at most 64.
    """

    name: str
    inputs: tuple[str, ...]
    passes: tuple[Pass, ...]
    #: Operands that are written element by element, which later passes may read, and those that
    #: are written once a row.
    outputs: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    #: Sums down the rows of each work-item, only for rows that lie in one line.
    partial: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    #: What follows from the inputs element by element; computed once where they don't change.
    definitions: tuple[Named, ...] = ()

    @property
    def operands(self) -> tuple[str, ...]:
        return (*self.inputs, *self.outputs, *self.kept)


@final
class Way(NamedTuple):
    """How a kernel goes through its operands, as far as its text depends on that."""

    kernel: str
    lanes: int
    #: Vectors across that are taken together.
    vectors: int
    #: Dims that number the rows, and dims that number the lines of a row.
    kept: int
    lines: int
    #: The stride of each operand from lane to lane, any but 0 and 1 being alike.
    steps: tuple[int, ...]
    #: Whether each operand is the same along a row, and whether all rows are the same.
    fixed: tuple[bool, ...]
    repeated: tuple[bool, ...]
    index_type: str

    @property
    def lane_dim(self) -> int:
        """The dim along which neighbouring lanes lie: the row's last one, or that of rows."""
        return self.kept - 1 if self.kernel == "across" else self.kept + self.lines
