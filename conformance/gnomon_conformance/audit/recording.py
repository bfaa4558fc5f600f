"""A right backend that records calls: the reference, whose launches are taken down and done
again. Faults of recordings are subclasses.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias, final

from gnomon.backend import (
    Device,
    DType,
    ElementwiseRecord,
    HostMemory,
    IndexedDimension,
    Layout,
    LiveNumber,
    Memory,
    NotRecordable,
    Operand,
    Recorder,
    Recording,
    ReductionRecord,
    ReplayPlan,
    Scalar,
    ScanRecord,
    ScatterRecord,
    SourceRecord,
    Storage,
    Stream,
    located,
)
from gnomon_conformance.audit.faulty import FaultyBackend


@final
class _Token:
    """What memory is known by, and outlived by nobody but it."""

    __slots__ = ("__weakref__", "serial")

    def __init__(self, serial: int) -> None:
        self.serial = serial


@final
class Numbered(NamedTuple):
    """An operand whose memory is known by a number."""

    number: int
    layout: Layout
    dtype: DType


#: A launch: its verb, and its arguments with numbered operands.
Entry: TypeAlias = tuple[str, tuple[object, ...]]


class CallRecording(Recording):
    """The launches of one call."""

    def __init__(
        self,
        backend: RecordingBackend,
        entries: Sequence[Entry],
        sizes: Mapping[int, int],
        captured: Mapping[int, Memory],
        inputs: Sequence[int],
        results: Sequence[int],
    ) -> None:
        self.backend = backend
        self.entries = entries
        #: The bytes of what the call made, by number.
        self.sizes = sizes
        self.captured = captured
        self.inputs = inputs
        self.results = results

    def matches(self, other: Recording) -> bool:
        return isinstance(other, CallRecording) and self._signature() == other._signature()

    def _signature(self) -> object:
        entries = [(verb, _alike(arguments)) for verb, arguments in self.entries]
        captured = [(number, id(memory)) for number, memory in self.captured.items()]
        return entries, self.sizes, captured, self.inputs, self.results

    def prepare(self) -> None:
        """Nothing has to be made ready."""

    def replay(self, inputs: Sequence[Memory]) -> list[Memory]:
        memory = self.memory(inputs)
        for verb, arguments in self.entries:
            given = [self.argument(each, memory) for each in arguments]
            getattr(self.backend.inner, verb)(*given)
        return [memory[number] for number in self.results]

    def memory(self, inputs: Sequence[Memory]) -> dict[int, Memory]:
        """Return what each number stands for in a replay."""
        made = {number: self.backend.allocate(size) for number, size in self.sizes.items()}
        return {**made, **self.captured, **dict(zip(self.inputs, inputs, strict=True))}

    def argument(self, value: object, memory: Mapping[int, Memory]) -> object:
        """Return an argument as a replay has it."""
        if isinstance(value, Numbered):
            storage = Storage(self.backend, memory[value.number])
            return Operand(storage, value.layout, value.dtype)
        if isinstance(value, LiveNumber):
            return value.now()
        if isinstance(value, tuple | list):
            return _rebuilt(value, [self.argument(each, memory) for each in value])
        return value

    def explain(self) -> ReplayPlan:
        return ReplayPlan((), ())


def _rebuilt(like: tuple[object, ...] | list[object], parts: list[object]) -> object:
    """Return a sequence of ``parts`` of the kind of ``like``."""
    if isinstance(like, list):
        return parts
    make: Callable[[Iterable[object]], object] = getattr(like, "_make", tuple)
    return make(parts)


def _alike(value: object) -> object:
    """Return what must be alike the next time."""
    if isinstance(value, LiveNumber):
        return "live"
    if isinstance(value, tuple | list):
        return [_alike(each) for each in value]
    return repr(value) if isinstance(value, int | float) else value


@final
class CallRecorder(Recorder):
    """Takes down what a backend is asked for."""

    def __init__(self, backend: RecordingBackend) -> None:
        self._backend = backend
        self._begin = backend.serial
        self._entries: list[Entry] = []
        self._numbers: dict[int, int] = {}
        #: By number: the size, and what memory made by the call is alive with.
        self._made: dict[int, tuple[int, weakref.ref[_Token], memoryview]] = {}
        self._captured: dict[int, Memory] = {}
        self.obstacle = ""
        backend.taking = self

    def take(self, verb: str, *arguments: object) -> None:
        """Take down a launch."""
        self._entries.append((verb, tuple([self._numbered(each) for each in arguments])))

    def _numbered(self, value: object) -> object:
        if isinstance(value, Operand):
            return Numbered(self._number(value.storage.memory), value.layout, value.dtype)
        if isinstance(value, tuple | list):
            return _rebuilt(value, [self._numbered(each) for each in value])
        return value

    def _number(self, memory: Memory) -> int:
        token = _token(memory)
        number = self._numbers.setdefault(token.serial, len(self._numbers))
        if self.made(memory):
            assert isinstance(memory, HostMemory)
            self._made[number] = (memory.nbytes, weakref.ref(token), memory.bytes)
        else:
            self._captured[number] = memory
        return number

    @property
    def has_launches(self) -> bool:
        return bool(self._entries)

    def made(self, memory: Memory) -> bool:
        return _token(memory).serial > self._begin

    def held(self) -> list[Memory]:
        found = [(alive(), cells) for _, alive, cells in self._made.values()]
        return [HostMemory(cells, token) for token, cells in found if token is not None]

    def finish(self, inputs: Sequence[Memory], results: Sequence[Memory]) -> Recording:
        self.cancel()
        given, made = ([self._number(each) for each in group] for group in (inputs, results))
        if not self.obstacle:
            for number, (nbytes, alive, _) in self._made.items():
                if number not in made and alive() is not None:
                    self.obstacle = f"{nbytes} bytes that the call made live on"
        if self.obstacle:
            raise NotRecordable(self.obstacle)
        sizes = {number: nbytes for number, (nbytes, *_) in self._made.items()}
        captured = {n: memory for n, memory in self._captured.items() if n not in given}
        entries = self._entries
        return self._backend.recording(self._backend, entries, sizes, captured, given, made)

    def cancel(self) -> None:
        self._backend.taking = None


def _token(memory: Memory) -> _Token:
    assert isinstance(memory, HostMemory)
    assert isinstance(memory.owner, _Token)
    return memory.owner


class RecordingBackend(FaultyBackend):
    """The reference, whose calls can be replayed."""

    recording: type[CallRecording] = CallRecording

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.serial = 0
        self.taking: CallRecorder | None = None

    def recorder(self) -> Recorder:
        return CallRecorder(self)

    def allocate(self, nbytes: int) -> Memory:
        self.serial += 1
        return HostMemory(memoryview(bytearray(nbytes)), _Token(self.serial))

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        self._obstruct("data was copied to the device")
        super().write(memory, offset, data)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        self._obstruct("a value was read")
        return super().read(memory, offset, nbytes)

    def _obstruct(self, obstacle: str) -> None:
        if self.taking is not None:
            self.taking.obstacle = self.taking.obstacle or located(obstacle)

    def _take(self, verb: str, *arguments: object) -> None:
        if self.taking is not None:
            self.taking.take(verb, *arguments)
        getattr(self.inner, verb)(*arguments)

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        self._take("elementwise", record, inputs, output)

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        self._take("reduce", record, input, dims, parameters, output)

    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        self._take("scan", record, input, dim, output)

    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        self._take("gather", source, indexed, output)

    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        self._take("scatter", record, source, indexed, destination)

    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        self._take("sort", input, dim, descending, values, indices)

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        self._take("source", record, parameters, generator, output)
