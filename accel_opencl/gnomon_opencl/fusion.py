"""Which waiting writes run, and which of them together as one kernel.

A write joins a group of writes of its shape if nothing between that group and itself touches
what it reads and writes, and if whatever the two share is read and written at the same
positions, as the same dtype: then each element can go through the whole group by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias, final

from gnomon.backend import DType, Layout
from gnomon_opencl.kernels.expressions import Expression, Formula, Step

#: Steps of one kernel at most.
_MOST_STEPS: Final = 48


class Part(NamedTuple):
    """Elements of a buffer: of which, at which positions, as what."""

    buffer: int
    layout: Layout
    dtype: DType


class Number(NamedTuple):
    """A number that a kernel is given: which of the window's, and as what."""

    place: int
    dtype: DType


#: The part that a write reads, or just the dtype of the window's next number.
Read: TypeAlias = tuple[int, Layout, DType] | DType


class Write(NamedTuple):
    """An elementwise launch that waits."""

    formula: Formula
    compute: DType
    reads: tuple[Read, ...]
    buffer: int
    layout: Layout
    dtype: DType


@final
class Node(NamedTuple):
    """A write whose numbers are known by their places."""

    formula: Formula
    compute: DType
    reads: tuple[Part | Number, ...]
    target: Part

    @property
    def parts(self) -> list[Part]:
        """What is read of buffers."""
        return [read for read in self.reads if isinstance(read, Part)]


@final
class Opaque(NamedTuple):
    """A launch that stays what it is: which one, and which buffers it may read and write."""

    place: int
    buffers: frozenset[int]


class Content(NamedTuple):
    """A group as one kernel: its expression, and the operands and numbers it is given."""

    expression: Expression
    #: Of what is stored, then of what is loaded.
    operands: tuple[Part, ...]
    numbers: tuple[Number, ...]

    @property
    def layouts(self) -> tuple[Layout, ...]:
        return tuple([operand.layout for operand in self.operands])


@final
@dataclass(slots=True)
class Group:
    """Nodes of one shape, in order, that run as one kernel."""

    nodes: list[Node] = field(default_factory=list)
    #: What is written and read again later: by other groups, or through a tensor.
    stored: set[Part] = field(default_factory=set)
    _operands: set[Part] = field(default_factory=set)

    def add(self, node: Node) -> None:
        """Append ``node``."""
        self.nodes.append(node)
        self._operands.update(node.parts, (node.target,))

    def has_room_for(self, node: Node, most_bytes: int) -> bool:
        """Return whether the kernel, and its arguments' bytes, stay within their limits."""
        if len(self.nodes) >= _MOST_STEPS or node.formula.functions or self._calls_functions:
            return False
        operands = len(self._operands.union(node.parts, (node.target,)))
        numbers = sum(len(each.reads) - len(each.parts) for each in (*self.nodes, node))
        dims = len(node.target.layout.shape)
        members = 6 + dims + operands * (dims + 1)
        return 8 * (members + operands + numbers) <= most_bytes

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the elements that go through the group."""
        return self.nodes[0].target.layout.shape

    @property
    def _calls_functions(self) -> bool:
        """Whether elements go through functions one by one, which vectors can't join."""
        return self.nodes[0].formula.functions is not None

    def without(self, dropped: set[int]) -> Group:
        """Return the group less the nodes at the places ``dropped``."""
        kept = Group(stored=self.stored)
        for place, node in enumerate(self.nodes):
            if place not in dropped:
                kept.add(node)
        return kept

    def separately(self) -> Iterator[Group]:
        """Yield the nodes as groups of one, everything stored."""
        for node in self.nodes:
            group = Group(stored={node.target})
            group.add(node)
            yield group

    def content(self) -> Content:
        """Return the group as one kernel."""
        loads: dict[Part, int] = {}
        numbers: dict[Number, int] = {}
        written: set[Part] = set()
        for node in self.nodes:
            for read in node.reads:
                if isinstance(read, Number):
                    numbers[read] = len(numbers)
                elif read not in written:
                    loads.setdefault(read, len(loads))
            written.add(node.target)
        values: dict[Part | Number, int] = {}
        values.update(loads.items())
        values.update((number, len(loads) + k) for number, k in numbers.items())
        first = len(values)
        steps: list[Step] = []
        for node in self.nodes:
            sources = tuple([values[read] for read in node.reads])
            values[node.target] = first + len(steps)
            steps.append(Step(node.formula, node.compute, sources, node.target.dtype))
        targets = dict.fromkeys(node.target for node in self.nodes)
        stored = [target for target in targets if target in self.stored]
        expression = Expression(
            tuple([part.dtype for part in loads]),
            tuple([number.dtype for number in numbers]),
            tuple(steps),
            tuple([values[part] for part in stored]),
        )
        return Content(expression, (*stored, *loads), tuple(numbers))


def nodes_of(writes: Iterable[Write | Opaque]) -> Iterator[Node | Opaque]:
    """Yield the writes with the places of their numbers."""
    place = 0
    for write in writes:
        if isinstance(write, Opaque):
            yield write
            continue
        formula, compute, reads, buffer, layout, dtype = write
        found: list[Part | Number] = []
        for read in reads:
            if isinstance(read, DType):
                found.append(Number(place, read))
                place += 1
            else:
                found.append(Part(*read))
        yield Node(formula, compute, tuple(found), Part(buffer, layout, dtype))


#: By buffer: the last group that touched each part of it, None standing for any part.
Touched: TypeAlias = dict[int, dict[Part | None, int]]


def grouped(nodes: Iterable[Node | Opaque], most_bytes: int) -> list[Group | Opaque]:
    """Return groups that, run in their order, have the effect of the nodes in theirs."""
    groups: list[Group | Opaque] = []
    writers: Touched = {}
    readers: Touched = {}
    for node in nodes:
        if isinstance(node, Opaque):
            for buffer in node.buffers:
                writers.setdefault(buffer, {})[None] = len(groups)
            groups.append(node)
            continue
        target = node.target
        earliest = max(
            _behind(target, writers.get(target.buffer)),
            _behind(target, readers.get(target.buffer)),
            *[_behind(part, writers.get(part.buffer)) for part in node.parts],
        )
        place = _place(groups, node, earliest, most_bytes)
        for part in node.parts:
            read = readers.setdefault(part.buffer, {})
            read[part] = max(place, read.get(part, 0))
        writers.setdefault(target.buffer, {})[target] = place
    return groups


def _behind(part: Part, seen: dict[Part | None, int] | None) -> int:
    """Return the first group that may touch ``part`` after those that touched its buffer."""
    if not seen:
        return 0
    return max([place if other == part else place + 1 for other, place in seen.items()])


def _place(groups: list[Group | Opaque], node: Node, earliest: int, most_bytes: int) -> int:
    """Add ``node`` to the last group from ``earliest`` on that takes it, or to a new one."""
    shape = node.target.layout.shape
    for place in range(len(groups) - 1, earliest - 1, -1):
        group = groups[place]
        if (
            isinstance(group, Group)
            and group.shape == shape
            and group.has_room_for(node, most_bytes)
        ):
            group.add(node)
            return place
    made = Group()
    made.add(node)
    groups.append(made)
    return len(groups) - 1


def needed(groups: Sequence[Group | Opaque], held: Sequence[bool]) -> list[Group | Opaque]:
    """Return the groups without what nobody reads, and with what they have to store.

    ``held`` says of each buffer whether it can be read after the window.
    """
    wanted = {buffer for buffer, is_held in enumerate(held) if is_held}
    kept: list[Group | Opaque] = []
    for group in reversed(groups):
        if isinstance(group, Opaque):
            wanted.update(group.buffers)
            kept.append(group)
            continue
        group.stored = {node.target for node in group.nodes if node.target.buffer in wanted}
        live = set(group.stored)
        dropped = set()
        for place in reversed(range(len(group.nodes))):
            node = group.nodes[place]
            if node.target in live:
                live.discard(node.target)
                live.update(node.parts)
            else:
                dropped.add(place)
        remaining = group.without(dropped)
        if remaining.nodes:
            kept.append(remaining)
        wanted.update(part.buffer for node in remaining.nodes for part in node.parts)
    return kept[::-1]
