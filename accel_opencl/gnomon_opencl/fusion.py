"""Which waiting writes run, and which of them together as one kernel.

A write joins a group of writes of its shape if nothing between that group and itself touches
what it reads and writes, and if whatever the two share is read and written at the same
positions, as the same dtype: then each element can go through the whole group by itself.

A reduction joins the group that makes its elements, and ends it; otherwise it runs alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias, final

from gnomon.backend import DType, Layout
from gnomon_opencl.kernels.expressions import Expression, Formula, Launch, Step, launches
from gnomon_opencl.kernels.lining_up import copying_for
from gnomon_opencl.kernels.reduce import (
    Reducing,
    argument_bytes,
    can_be_fed,
    courses_of,
    stages_of,
)
from gnomon_opencl.traits import Traits

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
class Reduction(NamedTuple):
    """A reduction that waits: what it reads and writes, and buffers for what its stages leave
    to each other.
    """

    reducing: Reducing
    source: int
    dtype: DType
    target: int
    scratch: tuple[int, ...]

    @property
    def elements(self) -> Part:
        """What is folded."""
        return Part(self.source, self.reducing.input, self.dtype)


@final
class Opaque(NamedTuple):
    """A launch that stays what it is: which one, and which buffers it may read and write."""

    place: int
    buffers: frozenset[int]


@final
class BoundLaunch(NamedTuple):
    """A launch, with the buffers and the numbers of the window that it is given."""

    launch: Launch
    buffers: tuple[int, ...]
    numbers: tuple[Number, ...]


class Content(NamedTuple):
    """A group as one kernel: its expression, and the operands and numbers it is given."""

    expression: Expression
    #: Of what is stored, then of what is loaded.
    operands: tuple[Part, ...]
    numbers: tuple[Number, ...]
    reduction: Reduction | None

    @property
    def layouts(self) -> tuple[Layout, ...]:
        return tuple([operand.layout for operand in self.operands])

    @property
    def kind(self) -> tuple[Expression, tuple[Layout, ...], Reducing | None]:
        """What the launches depend on."""
        reducing = None if self.reduction is None else self.reduction.reducing
        return self.expression, self.layouts, reducing

    def launches(self, traits: Traits) -> Iterator[BoundLaunch]:
        """Yield what computes the group."""
        expression, layouts, reducing = self.kind
        buffers = tuple([operand.buffer for operand in self.operands])
        if self.reduction is None or reducing is None:
            for launch in launches(expression, layouts, traits):
                yield BoundLaunch(launch, buffers, self.numbers)
            return
        room = self.reduction.source
        if room not in buffers:
            # Nothing is kept of what the group hands to its reduction: its memory is free.
            size = reducing.input.numel * self.reduction.dtype.itemsize
            copying = copying_for(reducing, expression, layouts, size, traits)
            for place, launch in copying.launches:
                yield BoundLaunch(launch, (room, buffers[place]), ())
            moved = {place for place, _ in copying.launches}
            buffers = tuple([room if k in moved else each for k, each in enumerate(buffers)])
            layouts = copying.layouts
        ends = (self.reduction.target, *self.reduction.scratch)
        for stage in stages_of(reducing, expression, layouts, traits):
            target, partial = ends[stage.target], ends[stage.partial]
            # A kernel that needs no centers is given what it reads anyhow.
            centers = buffers[-1] if stage.centers is None else ends[stage.centers]
            for launch in stage.launches:
                given = (*buffers, target, partial, centers)
                yield BoundLaunch(launch, given, self.numbers)


@final
@dataclass(slots=True)
class Group:
    """Nodes of one shape, in order, and a reduction of what they make, that run together."""

    nodes: list[Node] = field(default_factory=list)
    reduction: Reduction | None = None
    #: What is written and read again later: by other groups, or through a tensor.
    stored: set[Part] = field(default_factory=set)
    _operands: set[Part] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.nodes) + (self.reduction is not None)

    def add(self, node: Node) -> None:
        """Append ``node``."""
        self.nodes.append(node)
        self._operands.update(node.parts, (node.target,))

    def has_room_for(self, node: Node, most_bytes: int) -> bool:
        """Return whether the kernel, and its arguments' bytes, stay within their limits."""
        if self.reduction is not None or node.target.layout.shape != self.shape:
            return False
        if len(self.nodes) >= _MOST_STEPS or node.formula.functions or self._calls_functions:
            return False
        operands = len(self._operands.union(node.parts, (node.target,)))
        numbers = sum(len(each.reads) - len(each.parts) for each in (*self.nodes, node))
        dims = len(node.target.layout.shape)
        members = 6 + dims + operands * (dims + 1)
        return 8 * (members + operands + numbers) <= most_bytes

    def can_feed(self, reduction: Reduction, most_bytes: int) -> bool:
        """Return whether ``reduction`` may fold what a node of the group makes."""
        if self.reduction is not None or not can_be_fed(reduction.reducing):
            return False
        layouts = tuple([part.layout for part in self._operands])
        courses = courses_of(reduction.reducing, layouts)
        numbers = sum(len(node.reads) - len(node.parts) for node in self.nodes)
        return courses is not None and argument_bytes(courses, numbers) <= most_bytes

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
        kept = Group(stored=self.stored, reduction=self.reduction)
        for place, node in enumerate(self.nodes):
            if place not in dropped:
                kept.add(node)
        return kept

    def separately(self) -> Iterator[Group]:
        """Yield the nodes as groups of one, everything stored, and the reduction by itself."""
        for node in self.nodes:
            group = Group(stored={node.target})
            group.add(node)
            yield group
        if self.reduction is not None:
            yield Group(reduction=self.reduction)

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
        reduction = self.reduction
        if reduction is not None and reduction.elements not in written:
            loads.setdefault(reduction.elements, len(loads))
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
        if reduction is not None and not loads and not stored:
            stored = [reduction.elements]  # kernels go by operands
        expression = Expression(
            tuple([part.dtype for part in loads]),
            tuple([number.dtype for number in numbers]),
            tuple(steps),
            tuple([values[part] for part in stored]),
            None if reduction is None else values[reduction.elements],
        )
        return Content(expression, (*stored, *loads), tuple(numbers), reduction)


def nodes_of(
    writes: Iterable[Write | Reduction | Opaque],
) -> Iterator[Node | Reduction | Opaque]:
    """Yield the writes with the places of their numbers."""
    place = 0
    for write in writes:
        if not isinstance(write, Write):
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


def grouped(
    nodes: Iterable[Node | Reduction | Opaque], most_bytes: int
) -> list[Group | Opaque]:
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
        if isinstance(node, Reduction):
            _place_reduction(groups, node, writers, readers, most_bytes)
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
    for place in range(len(groups) - 1, earliest - 1, -1):
        group = groups[place]
        if isinstance(group, Group) and group.has_room_for(node, most_bytes):
            group.add(node)
            return place
    made = Group()
    made.add(node)
    groups.append(made)
    return len(groups) - 1


def _place_reduction(
    groups: list[Group | Opaque],
    reduction: Reduction,
    writers: Touched,
    readers: Touched,
    most_bytes: int,
) -> None:
    """Add a reduction to the group that makes its elements, or to a new one."""
    elements, target = reduction.elements, reduction.target
    written = writers.get(elements.buffer)
    place = written.get(elements) if written else None
    if place is not None:
        touched = (*writers.get(target, {}).values(), *readers.get(target, {}).values())
        group = groups[place]
        assert isinstance(group, Group)
        if (
            _behind(elements, written) > place
            or any(each >= place for each in touched)
            or not group.can_feed(reduction, most_bytes)
        ):
            place = None
        else:
            group.reduction = reduction
    if place is None:
        place = len(groups)
        groups.append(Group(reduction=reduction))
    read = readers.setdefault(elements.buffer, {})
    read[elements] = max(place, read.get(elements, 0))
    writers.setdefault(target, {})[None] = place


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
        if group.reduction is not None and group.reduction.target not in wanted:
            group.reduction = None
        live = set(group.stored)
        if group.reduction is not None:
            live.add(group.reduction.elements)
        dropped = set()
        for place in reversed(range(len(group.nodes))):
            node = group.nodes[place]
            if node.target in live:
                live.discard(node.target)
                live.update(node.parts)
            else:
                dropped.add(place)
        remaining = group.without(dropped)
        if len(remaining):
            kept.append(remaining)
        wanted.update(part.buffer for node in remaining.nodes for part in node.parts)
        if remaining.reduction is not None:
            wanted.add(remaining.reduction.source)
    return kept[::-1]
