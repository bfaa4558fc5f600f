"""Recordings: the launches of one call, fused, planned and bound once, then queued again.

A recording knows memory by numbers. Each is an input, which every replay is given; or captured,
memory that was there before the call; or made by the call, and then a result, which is fresh at
each replay, or temporary: temporaries share a few slabs, according to when they are used.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

import pyopencl as cl
from pyopencl.tools import PooledBuffer

from gnomon.backend import (
    DType,
    LiveBytes,
    Memory,
    NotRecordable,
    Operand,
    Recorder,
    Recording,
    Scalar,
    bool_,
    located,
)
from gnomon_opencl.element_types import element_type
from gnomon_opencl.failures import failure
from gnomon_opencl.fusion import Read, Write
from gnomon_opencl.generation import title_of
from gnomon_opencl.kernels.expressions import Formula
from gnomon_opencl.memory import Buffer, DeviceMemory, buffer_in
from gnomon_opencl.planning import (
    FLAG,
    DeferredWrite,
    Flag,
    KernelLaunch,
    Live,
    Place,
    RecordedArgument,
    Table,
    plan,
)
from gnomon_opencl.programs import declare

if TYPE_CHECKING:
    from gnomon_opencl.runtime import Argument, Runtime

#: A slab serves a temporary that fills at least this part of it.
_FILLED: Final = 0.5


@final
@dataclass(slots=True)
class Seen:
    """Memory that a recorder came across."""

    nbytes: int
    made: bool
    holder: weakref.ref[DeviceMemory]
    #: Kept only of memory that was there before, so that recording does not hold temporaries.
    buffer: Buffer | None


@final
class LaunchRecorder(Recorder):
    """Takes down what a runtime is asked to launch."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        runtime.flush()
        self._begin = runtime.pool.serial
        self._entries: list[DeferredWrite | KernelLaunch] = []
        self._draws: list[LiveBytes] = []
        self._numbers: dict[int, int] = {}
        self._seen: list[Seen] = []
        self._obstacle: str | None = None
        self._thread = threading.get_ident()
        runtime.recorder = self

    def number(self, buffer: Buffer) -> int:
        """Return the number of ``buffer`` here."""
        found = self._numbers.get(buffer.serial)
        if found is None:
            found = self._numbers[buffer.serial] = len(self._seen)
            made = buffer.serial > self._begin
            kept = None if made else buffer
            self._seen.append(Seen(buffer.nbytes, made, buffer.holder, kept))
        return found

    def defer(
        self,
        formula: Formula,
        compute: DType,
        inputs: Sequence[Operand | Scalar],
        output: Operand,
        conditions: int,
    ) -> None:
        """Take down an elementwise launch."""
        self._check_thread()
        reads: list[Read] = []
        numbers = []
        for position, value in enumerate(inputs):
            if isinstance(value, Operand):
                number = self.number(buffer_in(value.storage.memory))
                reads.append((number, value.layout, value.dtype))
            else:
                reads.append(bool_ if position < conditions else compute)
                numbers.append(value)
        target = self.number(buffer_in(output.storage.memory))
        write = Write(formula, compute, tuple(reads), target, output.layout, output.dtype)
        self._entries.append(DeferredWrite(write, tuple(numbers)))

    def launch(
        self,
        source: str,
        name: str,
        arguments: Sequence[Argument],
        items: int,
        group: int,
        flag: Buffer | None = None,
    ) -> None:
        """Take down a launch; ``flag`` is the argument, if any, that reports indices."""
        self._check_thread()
        recorded: list[RecordedArgument] = []
        for argument in arguments:
            if argument is flag:
                recorded.append(FLAG)
            elif isinstance(argument, Buffer):
                recorded.append(Place(self.number(argument)))
            else:
                if isinstance(argument, LiveBytes):
                    self.draw(argument)
                recorded.append(argument)
        self._entries.append(KernelLaunch(source, name, tuple(recorded), items, group))

    def draw(self, draw: LiveBytes) -> None:
        """Take down bytes that a replay makes anew, whether or not a kernel needs them."""
        self._check_thread()
        if not self._draws or self._draws[-1] is not draw:  # one for several kernels
            self._draws.append(draw)

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            self.obstruct("another thread used the device meanwhile")

    def obstruct(self, obstacle: str) -> None:
        """Note why there can be no recording."""
        self._obstacle = self._obstacle or located(obstacle)

    def cancel(self) -> None:
        self._runtime.recorder = None

    @property
    def has_launches(self) -> bool:
        return bool(self._entries)

    def made(self, memory: Memory) -> bool:
        return buffer_in(memory).serial > self._begin

    def held(self) -> list[Memory]:
        found = [seen.holder() for seen in self._seen if seen.made]
        return [memory for memory in found if memory is not None]

    def finish(self, inputs: Sequence[Memory], results: Sequence[Memory]) -> LaunchRecording:
        self.cancel()
        if self._obstacle is not None:
            raise NotRecordable(self._obstacle)
        given = [self.number(buffer_in(memory)) for memory in inputs]
        made = [self.number(buffer_in(memory)) for memory in results]
        for number, seen in enumerate(self._seen):
            if seen.made and number not in made and seen.holder() is not None:
                raise NotRecordable(
                    f"a tensor of {seen.nbytes} bytes that the call made is kept by something "
                    "that a replay would not give another to"
                )
        return LaunchRecording(
            self._runtime, self._entries, self._draws, self._seen, given, made
        )


#: What a kernel is given: memory, packed values, or local memory; None between replays, for
#: what a recording must not hold on to.
BoundArgument: TypeAlias = PooledBuffer | bytes | cl.LocalMemory | None


@final
class BoundKernel(NamedTuple):
    """A kernel, its arguments, and of how many items it is queued."""

    kernel: cl.Kernel
    arguments: list[BoundArgument]
    items: tuple[int]
    group: tuple[int]
    name: str


@final
@dataclass(slots=True)
class _Bound:
    """What ``prepare`` makes: everything a replay needs."""

    kernels: list[BoundKernel] = field(default_factory=list)
    #: The kernels whose arguments are not the same at each replay.
    changing: list[BoundKernel] = field(default_factory=list)
    #: Which arguments are the memory of each number that changes from replay to replay.
    rebound: dict[int, list[tuple[list[BoundArgument], int]]] = field(default_factory=dict)
    #: Which arguments each live value is, by identity; draws first, in the order of the call.
    live: dict[int, tuple[Live | LiveBytes, list[tuple[list[BoundArgument], int]]]] = field(
        default_factory=dict
    )
    flag: DeviceMemory | None = None
    slabs: list[PooledBuffer] = field(default_factory=list)
    tables: list[DeviceMemory] = field(default_factory=list)


@final
class LaunchRecording(Recording):
    """The launches of one call."""

    def __init__(
        self,
        runtime: Runtime,
        entries: Sequence[DeferredWrite | KernelLaunch],
        draws: Sequence[LiveBytes],
        seen: Sequence[Seen],
        inputs: Sequence[int],
        results: Sequence[int],
    ) -> None:
        self._runtime = runtime
        self._entries = entries
        self._draws = draws
        self._seen = seen
        self._inputs = inputs
        self._results = results
        self._bound: _Bound | None = None
        self._planned: list[KernelLaunch] = []

    def matches(self, other: Recording) -> bool:
        return (
            isinstance(other, LaunchRecording)
            and self._inputs == other._inputs
            and self._results == other._results
            and len(self._draws) == len(other._draws)
            and self._memory() == other._memory()
            and [entry.signature() for entry in self._entries]
            == [entry.signature() for entry in other._entries]
        )

    def _memory(self) -> list[object]:
        """Return what memory there is: which, if captured; of which size, otherwise."""
        return [
            seen.nbytes if seen.made or number in self._inputs else seen.buffer
            for number, seen in enumerate(self._seen)
        ]

    def prepare(self) -> None:
        temporary = self._temporary()
        held = [number not in temporary for number in range(len(self._seen))]
        self._planned = plan(self._entries, held, self._runtime.traits)
        self._bound = self._bind(self._planned)

    def _temporary(self) -> set[int]:
        """Return the numbers of memory that nobody sees from outside."""
        lasting = {*self._inputs, *self._results}
        return {n for n, seen in enumerate(self._seen) if seen.made and n not in lasting}

    def _bind(self, planned: Sequence[KernelLaunch]) -> _Bound:
        bound = _Bound(live={id(draw): (draw, []) for draw in self._draws})
        memory = self._slabs(planned, bound)
        for number, seen in enumerate(self._seen):
            if seen.buffer is not None and number not in self._inputs:
                memory[number] = seen.buffer.pooled
        if any(FLAG in each.arguments for each in planned):
            bound.flag = self._runtime.pool.allocate(4)
            self._runtime.pool.clear_word(bound.flag)
        for launch in planned:
            bound.kernels.append(self._bind_one(launch, memory, bound))
        return bound

    def _bind_one(
        self, launch: KernelLaunch, memory: dict[int, PooledBuffer], bound: _Bound
    ) -> BoundKernel:
        arguments: list[BoundArgument] = []
        changes = False
        for position, argument in enumerate(launch.arguments):
            if isinstance(argument, Live | LiveBytes):
                _, places = bound.live.setdefault(id(argument), (argument, []))
                places.append((arguments, position))
                arguments.append(_recorded(argument))
                changes = True
            elif isinstance(argument, Flag):
                assert bound.flag is not None
                arguments.append(bound.flag.buffer.pooled)
            elif isinstance(argument, Table):
                arguments.append(self._written(argument, bound))
            elif not isinstance(argument, Place):
                arguments.append(argument)
            elif argument.number in memory:
                arguments.append(memory[argument.number])
            else:
                bound.rebound.setdefault(argument.number, []).append((arguments, position))
                arguments.append(None)
                changes = True
        kernel = self._runtime.programs.fresh_kernel(launch.source, launch.name)
        declare(kernel, arguments)
        size = launch.group or self._runtime.traits.group_size
        whole = -(-launch.items // size) * size
        name = title_of(launch.source, launch.name)
        made = BoundKernel(kernel, arguments, (whole,), (size,), name)
        if changes:
            bound.changing.append(made)
        else:
            kernel.set_args(*arguments)
        return made

    def _written(self, table: Table, bound: _Bound) -> PooledBuffer:
        pool = self._runtime.pool
        memory = pool.allocate(len(table.content))
        pool.write(memory, 0, memoryview(table.content))
        bound.tables.append(memory)
        return memory.buffer.pooled

    def _slabs(self, planned: Sequence[KernelLaunch], bound: _Bound) -> dict[int, PooledBuffer]:
        """Return a slab for each temporary, shared by those that are never used together."""
        temporary = self._temporary()
        last: dict[int, int] = {}
        for place, launch in enumerate(planned):
            last.update(dict.fromkeys(launch.numbers() & temporary, place))
        memory: dict[int, PooledBuffer] = {}
        free: list[PooledBuffer] = []
        for place, launch in enumerate(planned):
            used = launch.numbers() & temporary
            for number in sorted(used - memory.keys(), key=lambda n: -self._seen[n].nbytes):
                memory[number] = self._slab(self._seen[number].nbytes, free, bound)
            free += [memory[number] for number in sorted(used) if last[number] == place]
        return memory

    def _slab(self, nbytes: int, free: list[PooledBuffer], bound: _Bound) -> PooledBuffer:
        fitting = [slab for slab in free if nbytes <= slab.size <= max(nbytes / _FILLED, 4096)]
        if fitting:
            slab = min(fitting, key=lambda each: each.size)
            free.remove(slab)
            return slab
        bound.slabs.append(self._runtime.pool.take(nbytes))
        return bound.slabs[-1]

    def replay(self, inputs: Sequence[Memory]) -> list[Memory]:
        bound, runtime = self._bound, self._runtime
        assert bound is not None
        with runtime.turn():
            runtime.flush()
            results = [runtime.pool.allocate(self._seen[n].nbytes) for n in self._results]
            given = [*map(buffer_in, inputs), *[memory.buffer for memory in results]]
            for number, buffer in zip((*self._inputs, *self._results), given, strict=True):
                for arguments, position in bound.rebound.get(number, ()):
                    arguments[position] = buffer.pooled
            for value, places in bound.live.values():
                renewed = _renewed(value)
                for arguments, position in places:
                    arguments[position] = renewed
            for changing in bound.changing:
                changing.kernel.set_args(*changing.arguments)
            for places in bound.rebound.values():
                for arguments, position in places:
                    arguments[position] = None
            timeline = runtime.timeline
            try:
                for kernel, _, items, group, name in bound.kernels:
                    event = cl.enqueue_nd_range_kernel(timeline.queue, kernel, items, group)
                    timeline.note(name, event)
            except cl.Error as error:
                raise failure(name, runtime.name, error) from error
            runtime.launches += len(bound.kernels)
            if bound.flag is not None:
                runtime.watch(bound.flag)
        return list(results)

    def explain(self) -> str:
        """Return the kernels of a replay, one a line, with how many operations each runs."""
        lines = [f"{'kernel':32} {'operations':>10} {'items':>10} {'buffers':>8}"]
        lines += [
            f"{each.name:32} {each.steps:10} {each.items:10} {len(each.numbers()):8}"
            for each in self._planned
        ]
        return "\n".join(lines)


def _recorded(value: Live | LiveBytes) -> bytes:
    if isinstance(value, LiveBytes):
        return value
    return element_type(value.dtype).packed(float(value.number))


def _renewed(value: Live | LiveBytes) -> bytes:
    if isinstance(value, LiveBytes):
        return value.now()
    return element_type(value.dtype).packed(value.number.now())
