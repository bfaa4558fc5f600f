"""What a replay launches: what was recorded, fused and bundled.

Memory is known by numbers here: see ``recording``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias, final

from gnomon.backend import LiveNumber, Scalar
from gnomon_opencl.bundling import Task, bundled
from gnomon_opencl.element_types import element_type
from gnomon_opencl.finishing import Run, finished
from gnomon_opencl.fusion import (
    Content,
    Opaque,
    Part,
    Reduction,
    Write,
    grouped,
    needed,
    nodes_of,
)
from gnomon_opencl.kernels.bundles import Bundle, slots_of, table_of
from gnomon_opencl.kernels.expressions import (
    Expression,
    Formula,
    Launch,
    kernel_source,
    launches,
)
from gnomon_opencl.launches import KernelLaunch, Live, Place, RecordedArgument, Table, packed
from gnomon_opencl.traits import Traits
from gnomon_opencl.work import Work, joined, work_of_group

#: The bytes of an argument that counts for the limit of them: no type here has more.
_ARGUMENT_BYTES = 8


class DeferredWrite(NamedTuple):
    """An elementwise launch, and its numbers."""

    write: Write
    numbers: tuple[Scalar, ...]

    def signature(self) -> tuple[object, ...]:
        """Return what must be alike the next time."""
        return self.write, *[
            "live" if isinstance(each, LiveNumber) else repr(each) for each in self.numbers
        ]


class DeferredReduction(NamedTuple):
    """A reduction."""

    reduction: Reduction

    def signature(self) -> tuple[object, ...]:
        """Return what must be alike the next time."""
        return (self.reduction,)


Entry: TypeAlias = DeferredWrite | DeferredReduction | KernelLaunch


def plan(
    entries: Sequence[Entry],
    names: Mapping[Formula, str],
    held: Sequence[bool],
    traits: Traits,
) -> list[KernelLaunch]:
    """Return launches that have the effect of the recorded ones on the memory that is ``held``,
    which others may see. ``names`` tells which operation a formula is of.
    """
    writes: list[Write | Reduction | Opaque] = []
    numbers: list[Scalar] = []
    for place, entry in enumerate(entries):
        if isinstance(entry, DeferredWrite):
            writes.append(entry.write)
            numbers += entry.numbers
        elif isinstance(entry, DeferredReduction):
            writes.append(entry.reduction)
        else:
            writes.append(Opaque(place, entry.numbers()))
    runs: list[Run] = []
    for group in needed(grouped(nodes_of(writes), traits.max_parameter_bytes), held):
        if isinstance(group, Opaque):
            entry = entries[group.place]
            assert isinstance(entry, KernelLaunch)
            runs.append(entry)
        else:
            runs.append(group)
    found: list[KernelLaunch | _Elementwise] = []
    for run in finished(runs, numbers, names, held, traits):
        if isinstance(run, KernelLaunch):
            found.append(run)
            continue
        content, work = run.content(), work_of_group(run, names)
        given = tuple([packed(numbers[place], dtype) for place, dtype in content.numbers])
        if run.reduction is None:
            found += _elementwise(content, given, work, traits)
        else:
            found += _reducing(content, given, work, traits)
    tasks = [_task(each, traits.max_parameter_bytes) for each in found]
    return [_one_launch([found[k] for k in places], traits) for places in bundled(tasks)]


@final
class _Elementwise(NamedTuple):
    """A launch of fused writes, which may become part of a bundle."""

    expression: Expression
    launch: Launch
    #: What is stored, then what is loaded.
    operands: tuple[Part, ...]
    numbers: tuple[RecordedArgument, ...]
    work: Work

    @property
    def slots(self) -> tuple[int, ...]:
        """Which of the buffers each operand is in, as what type of cells."""
        return slots_of(
            [(part.buffer, element_type(part.dtype).storage) for part in self.operands]
        )

    @property
    def varying(self) -> tuple[int, ...]:
        """The places of the numbers that are made anew at each replay."""
        return tuple([k for k, each in enumerate(self.numbers) if isinstance(each, Live)])

    def task(self, most_bytes: int) -> Task:
        """Return what bundling has to know: a bundle shares what is not the parts' own."""
        stored = len(self.expression.stores)
        slots, varying = self.slots, self.varying
        own = max(slots) + 1 + len(varying)
        shared = 1 + len(self.numbers) - len(varying)
        constants = tuple([each for each in self.numbers if not isinstance(each, Live)])
        return Task(
            reads=frozenset(part.buffer for part in self.operands[stored:]),
            writes=frozenset(part.buffer for part in self.operands[:stored]),
            kind=(self.expression, self.launch.kinds, slots, varying, constants),
            room=(most_bytes // _ARGUMENT_BYTES - shared) // own,
        )

    def alone(self) -> KernelLaunch:
        """Return the launch of nothing else."""
        places = [Place(part.buffer) for part in self.operands]
        source, name, constants, items, size, _ = self.launch
        arguments = (*places, *constants, *self.numbers)
        return KernelLaunch(source, name, arguments, items, size, self.work)


def _elementwise(
    content: Content, numbers: tuple[RecordedArgument, ...], work: Work, traits: Traits
) -> Iterator[_Elementwise]:
    expression, operands = content.expression, content.operands
    for launch in launches(expression, content.layouts, traits):
        yield _Elementwise(expression, launch, operands, numbers, work)
        work = Work(work.operations, nbytes=0)  # counted with the first part


def _reducing(
    content: Content, numbers: tuple[RecordedArgument, ...], work: Work, traits: Traits
) -> Iterator[KernelLaunch]:
    for launch, buffers, given in content.launches(traits):
        # Copies of operands are given no numbers.
        arguments = (*map(Place, buffers), *launch.constants, *(numbers if given else ()))
        yield KernelLaunch(
            launch.source, launch.name, arguments, launch.items, launch.group, work
        )
        work = Work(work.operations, nbytes=0)  # counted with the first kernel


def _task(launch: KernelLaunch | _Elementwise, most_bytes: int) -> Task:
    if isinstance(launch, KernelLaunch):
        return Task(frozenset(), launch.numbers())
    return launch.task(most_bytes)


def _one_launch(parts: Sequence[KernelLaunch | _Elementwise], traits: Traits) -> KernelLaunch:
    first = parts[0]
    if isinstance(first, KernelLaunch):
        return first
    if len(parts) == 1:
        return first.alone()
    kinds, slots, varying = first.launch.kinds, first.slots, first.varying
    assert kinds is not None
    arguments: list[RecordedArgument] = []
    plans: list[bytes] = []
    items = []
    for part in parts:
        assert isinstance(part, _Elementwise)
        places = [part.operands[slots.index(slot)].buffer for slot in range(max(slots) + 1)]
        arguments += [*map(Place, places), *[part.numbers[place] for place in varying]]
        plans += part.launch.constants
        items.append(part.launch.items)
    table = Table(table_of(plans, items, kinds.index_type))
    shared = [each for place, each in enumerate(first.numbers) if place not in varying]
    source = kernel_source(first.expression, kinds, traits, Bundle(len(parts), slots, varying))
    given = (table, *arguments, *shared)
    work = joined(part.work for part in parts)
    return KernelLaunch(source, "elementwise", given, sum(items), 0, work)
