"""The window: elementwise launches and reductions wait in it until something needs what they
write.

When it is flushed, writes that nobody can read any more are left out, and chains of the others
run as one kernel (see ``fusion``). A fused kernel takes longer to build than several launches
of kernels that are there already; so a chain that comes for the first time runs write by write,
and is fused when it comes again.

A launch that fails, for want of memory above all, is an error when it is queued; the others run
nevertheless. What it should have written is lost, and reading it the same error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar, final

from gnomon.backend import DType, Layout, Operand, Scalar, bool_
from gnomon_opencl.element_types import element_type
from gnomon_opencl.fusion import (
    BoundLaunch,
    Content,
    Group,
    Read,
    Reduction,
    Write,
    grouped,
    needed,
    nodes_of,
)
from gnomon_opencl.kernels.expressions import Expression, Formula
from gnomon_opencl.kernels.reduce import Reducing
from gnomon_opencl.memory import Buffer, Pool, buffer_in
from gnomon_opencl.traits import Traits

#: Writes that wait at most, which bounds how long the device idles.
_MOST_WRITES: Final = 128
#: The part of the device's memory that the results of waiting writes may come to.
_PART_OF_MEMORY: Final = 8
_REMEMBERED: Final = 1024

#: What a schedule depends on: the writes, and which buffers can be read afterwards.
Situation: TypeAlias = tuple[tuple[Write | Reduction, ...], tuple[bool, ...]]


class Enqueue(Protocol):
    """What queues a kernel."""

    def __call__(
        self,
        source: str,
        name: str,
        arguments: Sequence[Buffer | bytes],
        items: int,
        group: int,
    ) -> None: ...


@final
class Schedule(NamedTuple):
    """What a window runs; it is ``settled`` unless a chain waits to come again."""

    launches: tuple[BoundLaunch, ...]
    settled: bool


@final
class Window:
    """The elementwise launches and reductions of one device that have not run yet."""

    def __init__(self, traits: Traits, pool: Pool, enqueue: Enqueue) -> None:
        self._traits = traits
        self._pool = pool
        self._enqueue = enqueue
        self._schedules: dict[Situation, Schedule] = {}
        #: How often each chain came.
        self._met: dict[tuple[Expression, tuple[Layout, ...], Reducing | None], int] = {}
        #: How often a chain must come to be fused; 0 runs every write at once, by itself.
        self.fuse_at = 2
        self._clear()

    def _clear(self) -> None:
        self._writes: list[Write | Reduction] = []
        self._numbers: list[Scalar] = []
        self._buffers: dict[Buffer, int] = {}
        self._bytes = 0

    def add(
        self,
        formula: Formula,
        compute: DType,
        inputs: Sequence[Operand | Scalar],
        output: Operand,
        conditions: int,
    ) -> None:
        """Let ``formula`` of the inputs be written to ``output``, now or later.

        The first ``conditions`` of the numbers among the inputs are bools.
        """
        buffers = self._buffers
        reads: list[Read] = []
        for position, value in enumerate(inputs):
            if isinstance(value, Operand):
                storage, layout, dtype = value
                buffer = buffer_in(storage.memory)
                reads.append((buffers.setdefault(buffer, len(buffers)), layout, dtype))
            else:
                reads.append(bool_ if position < conditions else compute)
                self._numbers.append(value)
        storage, layout, dtype = output
        buffer = buffer_in(storage.memory)
        number = buffers.setdefault(buffer, len(buffers))
        self._add(Write(formula, compute, tuple(reads), number, layout, dtype), buffer)

    def add_reduction(
        self, reducing: Reducing, input: Operand, output: Operand, scratch: Sequence[Buffer]
    ) -> None:
        """Let a reduction of ``input`` be written to ``output``, now or later."""
        buffers = self._buffers
        source, target = buffer_in(input.storage.memory), buffer_in(output.storage.memory)
        numbers = [
            buffers.setdefault(each, len(buffers)) for each in (source, target, *scratch)
        ]
        reduction = Reduction(reducing, numbers[0], input.dtype, numbers[1], tuple(numbers[2:]))
        self._add(reduction, target)

    def _add(self, write: Write | Reduction, target: Buffer) -> None:
        self._writes.append(write)
        self._bytes += target.nbytes
        if (
            not self.fuse_at
            or len(self._writes) >= _MOST_WRITES
            or self._bytes > self._pool.limit // _PART_OF_MEMORY
        ):
            self.flush()

    def flush(self) -> None:
        """Run what waits."""
        if not self._writes:
            return
        writes, numbers, buffers = tuple(self._writes), self._numbers, list(self._buffers)
        self._clear()
        situation = writes, tuple([buffer.is_held for buffer in buffers])
        schedule = self._schedules.get(situation)
        if schedule is None or not schedule.settled:
            schedule = self._schedule(situation)
            _remember(self._schedules, situation, schedule)
        failure: RuntimeError | None = None
        for launch, used, given in schedule.launches:
            packed = [element_type(dtype).packed(numbers[place]) for place, dtype in given]
            operands = [buffers[k] for k in used]
            try:
                self._enqueue(
                    launch.source,
                    launch.name,
                    [*operands, *launch.constants, *packed],
                    launch.items,
                    launch.group,
                )
            except RuntimeError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def _schedule(self, situation: Situation) -> Schedule:
        writes, held = situation
        made: list[BoundLaunch] = []
        settled = True
        groups = grouped(nodes_of(writes), self._traits.max_parameter_bytes)
        for group in needed(groups, held):
            assert isinstance(group, Group)
            content = group.content()
            if len(group) == 1 or self._came_again(content):
                made += content.launches(self._traits)
                continue
            settled = False
            for single in group.separately():
                made += single.content().launches(self._traits)
        return Schedule(tuple(made), settled)

    def _came_again(self, content: Content) -> bool:
        """Return whether a chain has come often enough to be built."""
        met = self._met.get(content.kind, 0) + 1
        _remember(self._met, content.kind, met)
        return met >= self.fuse_at


Key = TypeVar("Key")
Value = TypeVar("Value")


def _remember(memory: dict[Key, Value], key: Key, value: Value) -> None:
    """Put ``value`` into ``memory``, from which the oldest goes when there are too many."""
    if key not in memory and len(memory) >= _REMEMBERED:
        del memory[next(iter(memory))]
    memory[key] = value
