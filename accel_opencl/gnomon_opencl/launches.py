"""What a recording launches: kernels and their arguments, memory being known by numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, final

import pyopencl as cl

from gnomon.backend import DType, LiveBytes, LiveNumber, Scalar
from gnomon_opencl.element_types import element_type
from gnomon_opencl.kernels.endings import Made
from gnomon_opencl.work import Work


class Place(NamedTuple):
    """An argument that is memory: which."""

    number: int


@final
class Flag:
    """The argument that is the recording's own flag: set where an index is out of range."""


FLAG = Flag()


class Live(NamedTuple):
    """A number that is packed anew at each replay."""

    number: LiveNumber
    dtype: DType


class Table(NamedTuple):
    """An argument that is memory of the recording's own, with this content."""

    content: bytes


RecordedArgument: TypeAlias = Place | Flag | bytes | cl.LocalMemory | Live | Table


class KernelLaunch(NamedTuple):
    """A kernel and its arguments."""

    source: str
    name: str
    arguments: tuple[RecordedArgument, ...]
    items: int
    group: int
    work: Work = Work()
    #: What it makes in its last buffer, if elementwise steps can end it.
    made: Made | None = None

    def signature(self) -> tuple[object, ...]:
        """Return what must be alike the next time."""
        return self.source, self.name, self.items, self.group, *map(_alike, self.arguments)

    def numbers(self) -> frozenset[int]:
        """Return which memory the kernel is given."""
        return frozenset([number for _, number in self.places()])

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield the positions of the arguments that are memory, and which memory."""
        for position, argument in enumerate(self.arguments):
            if isinstance(argument, Place):
                yield position, argument.number


def _alike(argument: RecordedArgument) -> object:
    if isinstance(argument, Live | LiveBytes):
        return "live"
    return argument.size if isinstance(argument, cl.LocalMemory) else argument


def packed(number: Scalar, dtype: DType) -> RecordedArgument:
    """Return the argument that is ``number``, as an element of ``dtype``."""
    if isinstance(number, LiveNumber):
        return Live(number, dtype)
    return element_type(dtype).packed(number)
