"""Recordings: the launches of one call, fused, planned and bound once, then queued again.

A recording knows memory by numbers. Each is an input, which every replay is given; or captured,
memory that was there before the call; or made by the call, and then a result, which is fresh at
each replay, or temporary: temporaries share a few slabs, according to when they are used. Small
ones that hold the same each time are made once.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from gnomon.backend import (
    DType,
    LiveBytes,
    Memory,
    NotRecordable,
    Operand,
    PlannedBuffer,
    Recorder,
    Recording,
    ReplayPlan,
    Scalar,
    bool_,
    located,
)
from gnomon_opencl.arena import Arena
from gnomon_opencl.binding import BoundLaunches, DeviceBuffer
from gnomon_opencl.explaining import accesses, explained, measured
from gnomon_opencl.fusion import Read, Reduction, Write
from gnomon_opencl.hoisting import hoisted
from gnomon_opencl.kernels.endings import Made
from gnomon_opencl.kernels.expressions import Formula
from gnomon_opencl.kernels.reduce import Reducing
from gnomon_opencl.launches import FLAG, KernelLaunch, Place, RecordedArgument
from gnomon_opencl.memory import Buffer, DeviceMemory, buffer_in
from gnomon_opencl.planning import DeferredReduction, DeferredWrite, Entry, plan
from gnomon_opencl.work import Operation

if TYPE_CHECKING:
    from gnomon_opencl.runtime import Argument, Runtime


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

    def __init__(self, runtime: Runtime, refutes: Callable[[Memory, int], bool]) -> None:
        """``refutes`` tells whether a bool of memory is false by a launch that reports it."""
        self._runtime = runtime
        self._refutes = refutes
        runtime.flush()
        self._begin = runtime.pool.serial
        self._entries: list[Entry] = []
        self._draws: list[LiveBytes] = []
        self._numbers: dict[int, int] = {}
        self._seen: list[Seen] = []
        self._obstacle: str | None = None
        self._operation = Operation()
        #: The operations whose formulas have come.
        self._names: dict[Formula, str] = {}
        self._thread = threading.get_ident()
        with runtime.turn():
            if runtime.recorder is not None:  # of another thread, whose launches are mixed in
                for recorder in (runtime.recorder, self):
                    recorder.obstruct("another thread recorded a call meanwhile")
            runtime.recorder = self

    def begin(self, name: str, arguments: Sequence[object]) -> None:
        """Note what the launches that follow are for."""
        self._operation = Operation(name, arguments)

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
        self._names.setdefault(formula, self._operation.name)
        self._entries.append(DeferredWrite(write, tuple(numbers)))

    def defer_reduction(
        self, reducing: Reducing, input: Operand, output: Operand, scratch: Sequence[Buffer]
    ) -> None:
        """Take down a reduction."""
        self._check_thread()
        source = self.number(buffer_in(input.storage.memory))
        target = self.number(buffer_in(output.storage.memory))
        spare = tuple([self.number(buffer) for buffer in scratch])
        reduction = Reduction(reducing, source, input.dtype, target, spare)
        self._entries.append(DeferredReduction(reduction))

    def launch(
        self,
        source: str,
        name: str,
        arguments: Sequence[Argument],
        items: int,
        group: int,
        flag: Buffer | None = None,
        made: Made | None = None,
    ) -> None:
        """Take down a launch; ``flag`` is the argument, if any, that reports indices, and
        ``made`` tells of what may go through elementwise steps before it is stored.
        """
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
        given = [each for each in arguments if isinstance(each, Buffer) and each is not flag]
        work = self._operation.work(name, given)
        launch = KernelLaunch(source, name, tuple(recorded), items, group, work, made)
        self._entries.append(launch)

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
        with self._runtime.turn():
            if self._runtime.recorder is self:
                self._runtime.recorder = None

    @property
    def has_launches(self) -> bool:
        return bool(self._entries)

    def made(self, memory: Memory) -> bool:
        return buffer_in(memory).serial > self._begin

    def held(self) -> list[Memory]:
        found = [seen.holder() for seen in self._seen if seen.made]
        return [memory for memory in found if memory is not None]

    def demand(self, memory: Memory, place: int) -> bool:
        return not self._refutes(memory, place)

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
            self._runtime, self._entries, self._names, self._draws, self._seen, given, made
        )


@final
class LaunchRecording(Recording):
    """The launches of one call."""

    def __init__(
        self,
        runtime: Runtime,
        entries: Sequence[Entry],
        names: Mapping[Formula, str],
        draws: Sequence[LiveBytes],
        seen: Sequence[Seen],
        inputs: Sequence[int],
        results: Sequence[int],
    ) -> None:
        self._runtime = runtime
        self._entries = entries
        self._names = names
        self._draws = draws
        self._seen = seen
        self._inputs = inputs
        self._results = results
        self._arena: Arena | None = None
        #: What holds the same at each replay.
        self._constants: dict[int, DeviceMemory] = {}
        self._bound: BoundLaunches | None = None
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
        sizes = {number: self._seen[number].nbytes for number in self._temporary()}
        once, again, made = hoisted(self._entries, sizes)
        pool, traits = self._runtime.pool, self._runtime.traits
        self._constants = {number: pool.allocate(sizes.pop(number)) for number in made}
        temporary = sizes.keys()
        held = [number not in temporary for number in range(len(self._seen))]
        self._planned = plan(again, self._names, held, traits)
        used = [launch.numbers() & temporary for launch in self._planned]
        self._arena = Arena(used, sizes, pool, traits)
        memory: dict[int, DeviceBuffer] = {**self._arena.parts}
        memory |= {n: constant.buffer.pooled for n, constant in self._constants.items()}
        for number, seen in enumerate(self._seen):
            if seen.buffer is not None and number not in self._inputs:
                memory[number] = seen.buffer.pooled
        if once:
            first = plan(once, self._names, held, traits)
            with self._runtime.turn():
                self._runtime.flush()
                BoundLaunches(self._runtime, first, memory, ()).queue({})
        self._bound = BoundLaunches(self._runtime, self._planned, memory, self._draws)

    def _temporary(self) -> set[int]:
        """Return the numbers of memory that nobody sees from outside."""
        lasting = {*self._inputs, *self._results}
        return {n for n, seen in enumerate(self._seen) if seen.made and n not in lasting}

    def replay(self, inputs: Sequence[Memory]) -> list[Memory]:
        bound, runtime = self._bound, self._runtime
        assert bound is not None
        with runtime.turn():
            runtime.flush()
            results = [runtime.pool.allocate(self._seen[n].nbytes) for n in self._results]
            bound.renew()
            bound.queue(self._numbered([*inputs, *results]))
            if bound.flag is not None:
                runtime.watch(bound.flag)
        return list(results)

    def _numbered(self, memories: Sequence[Memory]) -> dict[int, Buffer]:
        """Return the buffers of inputs and results by their numbers."""
        numbers = (*self._inputs, *self._results)
        return dict(zip(numbers, map(buffer_in, memories), strict=True))

    def explain(self) -> ReplayPlan:
        with self._runtime.turn():
            self._runtime.flush()
            buffers = [PlannedBuffer(self._kind(n), s.nbytes) for n, s in enumerate(self._seen)]
            peak, times = self._runtime.peak(), self._times()
            return explained(self._planned, buffers, peak, times)

    def _kind(self, number: int) -> str:
        if number in self._inputs:
            return "input"
        if number in self._results:
            return "result"
        is_temporary = self._seen[number].made and number not in self._constants
        return "temporary" if is_temporary else "captured"

    def _times(self) -> list[float] | None:
        """Return the seconds of each kernel in a replay of inputs that are 0, after which
        everything is as it was.
        """
        pool, bound = self._runtime.pool, self._bound
        assert bound is not None
        given = [pool.allocate(self._seen[n].nbytes) for n in (*self._inputs, *self._results)]
        for memory in given:
            pool.clear(memory)
        written = {number for launch in self._planned for number in accesses(launch)[1]}
        kept = [
            seen.buffer.pooled
            for number, seen in enumerate(self._seen)
            if seen.buffer is not None and number in written and number not in self._inputs
        ]
        numbered = self._numbered(given)
        times = measured(self._runtime, lambda: bound.queue(numbered), kept)
        if bound.flag is not None:
            pool.clear(bound.flag)
        return times
