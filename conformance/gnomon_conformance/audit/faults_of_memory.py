"""Faults of the memory verbs, and of what has to wait for what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from gnomon.backend import (
    Device,
    ElementwiseRecord,
    HostMemory,
    IndexedDimension,
    Memory,
    Operand,
    OutOfMemoryError,
    PhiloxGenerator,
    ReductionRecord,
    Scalar,
    ScatterRecord,
    SourceRecord,
    Stream,
)
from gnomon_conformance.audit.faulty import FaultyBackend
from gnomon_conformance.audit.register import fault


@fault("read ignores its offset", "memory/parts")
class _ReadOffset(FaultyBackend):
    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        return super().read(memory, 0, nbytes)


@fault("write ignores its offset", "memory/parts")
class _WriteOffset(FaultyBackend):
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        super().write(memory, 0, data)


@fault("write in whole words only", "memory/round-trip")
class _Words(FaultyBackend):
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        super().write(memory, offset, data[: data.nbytes // 4 * 4])


@fault("write clears what follows", "memory/parts")
class _Clears(FaultyBackend):
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        super().write(memory, offset, data)
        rest = memory.nbytes - offset - data.nbytes
        if rest and offset % 8 == 3:
            super().write(memory, offset + data.nbytes, memoryview(bytes(1)))


@fault("memory rounded up in size", "memory/round-trip")
class _Rounded(FaultyBackend):
    def allocate(self, nbytes: int) -> Memory:
        return super().allocate(-(-nbytes // 16) * 16)


@fault("memory of equal size handed out twice", "memory/neighbours")
class _Shared(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.pool: dict[int, Memory] = {}

    def allocate(self, nbytes: int) -> Memory:
        if nbytes == 100:
            return self.pool.setdefault(nbytes, super().allocate(nbytes))
        return super().allocate(nbytes)


@fault("written bytes not copied", "memory/kept")
class _Borrowed(FaultyBackend):
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        if offset == 0 and data.nbytes == memory.nbytes > 64 and not data.readonly:
            assert isinstance(memory, HostMemory)
            memory.bytes = data
            memory._cells.clear()
            return
        super().write(memory, offset, data)


@fault("parts to write not copied before something is read", "memory/parts")
class _BorrowedParts(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.parts: list[tuple[Memory, int, memoryview]] = []

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        if offset:
            self.parts.append((memory, offset, data))
        else:
            super().write(memory, offset, data)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        for part in self.parts:
            super().write(*part)
        self.parts.clear()
        return super().read(memory, offset, nbytes)


@fault("no error when memory is exhausted", "memory/exhausted")
class _Endless(FaultyBackend):
    def allocate(self, nbytes: int) -> Memory:
        try:
            return super().allocate(nbytes)
        except OutOfMemoryError:
            return super().allocate(64)


class Deferring(FaultyBackend):
    """Does elementwise launches late: when something is read, waited for or written."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.pending: list[Callable[[], None]] = []

    def flush(self) -> None:
        pending, self.pending = self.pending, []
        for launch in pending:
            launch()

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        self.pending.append(partial(self.inner.elementwise, record, [*inputs], output))

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        self.flush()
        super().reduce(record, input, dims, parameters, output)

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        self.flush()
        super().write(memory, offset, data)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        self.flush()
        return super().read(memory, offset, nbytes)

    def synchronize(self) -> None:
        self.flush()


@fault("write does not wait for launches that read", "sequences/elementwise-only")
class _EarlyWrite(Deferring):
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        FaultyBackend.write(self, memory, offset, data)


@fault("read does not wait for launches", "values/add")
class _EarlyRead(Deferring):
    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        return FaultyBackend.read(self, memory, offset, nbytes)


@fault("read waits for the last launch only", "sequences/elementwise-only")
class _LastOnly(Deferring):
    def flush(self) -> None:
        *_, last = self.pending or [lambda: None]
        self.pending = []
        last()


@fault("deferred launches done in the wrong order", "sequences/elementwise-only")
class _Backwards(Deferring):
    def flush(self) -> None:
        self.pending.reverse()
        super().flush()


@fault("one missing synchronize before a reduction", "sequences/all-verbs")
class _Unsynchronized(Deferring):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        FaultyBackend.reduce(self, record, input, dims, parameters, output)


@fault("equal launches computed once", "sequences/elementwise-only")
class _Remembered(FaultyBackend):
    """Skips a launch that equals the one before it, though its input was written since."""

    before: object = None

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        key = (record.name, *inputs)
        if key == self.before and not any(each == output for each in inputs):
            return
        self.before = (record.name, *inputs)
        super().elementwise(record, inputs, output)


@fault("the second of two equal launches in a row left out", "writing/again")
class _Once(FaultyBackend):
    """Skips a launch that equals the one before it, though it writes to what it reads."""

    before: object = None

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        key = (record.name, *inputs, output)
        if key != self.before:
            super().elementwise(record, inputs, output)
        self.before = key


@fault("the second of two equal sums through indices left out", "writing/again-in-order")
class _SummedOnce(FaultyBackend):
    before: object = None

    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        key = (record.name, destination)
        if key != self.before:
            super().scatter(record, source, indexed, destination)
        self.before = key


@fault("leak per launch", "behaviour/no-leak")
class _Leak(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.launched: list[object] = []

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        self.launched.append((record, [*inputs], output))


@fault("leak per allocation", "behaviour/no-leak")
class _LeakedMemory(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.allocated: list[Memory] = []

    def allocate(self, nbytes: int) -> Memory:
        memory = super().allocate(nbytes)
        self.allocated.append(memory)
        return memory


@fault("memory reused while a result still lives in it", "behaviour/many-alive")
class _Recycled(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.ring: list[Memory] = []

    def allocate(self, nbytes: int) -> Memory:
        if nbytes != 48:
            return super().allocate(nbytes)
        if len(self.ring) < 300:
            self.ring.append(super().allocate(nbytes))
            return self.ring[-1]
        self.ring.append(self.ring.pop(0))
        return self.ring[-1]


@fault("scratch memory shared by threads", "behaviour/threads")
class _SharedScratch(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.scratch: Sequence[Operand | Scalar] = ()

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        import time

        self.scratch = inputs
        time.sleep(0)
        mine = [*self.scratch]
        if [getattr(each, "layout", None) for each in mine] != [
            getattr(each, "layout", None) for each in inputs
        ]:
            mine = [*inputs]
        super().elementwise(record, mine, output)


@fault("a result changes once in a hundred launches", "behaviour/deterministic")
class _Seldom(FaultyBackend):
    calls = 0

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        self.calls += 1
        if self.calls % 101 == 0 and output.dtype.is_floating_point:
            super().elementwise(record, inputs, output)
            cells = self.inner.read(output.storage.memory, 0, output.storage.nbytes)
            if cells.nbytes:
                cells[output.layout.offset * output.dtype.itemsize] ^= 1


@fault("to_host begins at the front of the memory", "memory/copies")
class _HostFront(FaultyBackend):
    def to_host(self, memory: Memory, offset: int, nbytes: int) -> HostMemory:
        return super().to_host(memory, 0, nbytes)


@fault("to_host gives the memory itself", "memory/copies")
class _HostShared(FaultyBackend):
    def to_host(self, memory: Memory, offset: int, nbytes: int) -> HostMemory:
        assert isinstance(memory, HostMemory)
        return HostMemory(memory.bytes[offset : offset + nbytes])


@fault("what is lent is rounded down to whole words", "memory/lent")
class _LentWords(FaultyBackend):
    def lend(
        self, memory: Memory, offset: int, nbytes: int
    ) -> AbstractContextManager[memoryview]:
        return super().lend(memory, offset // 4 * 4, nbytes)


@fault("long writes into the middle one byte short", "memory/large-parts")
class _LongInto(FaultyBackend):
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        super().write(memory, offset, data[:-1] if offset and data.nbytes > 65536 else data)


@fault("reads from past 64 KiB one byte off", "memory/large-parts")
class _FarRead(FaultyBackend):
    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        return super().read(memory, offset - (offset > 65536), nbytes)


@fault("the last byte not written from the middle", "memory/parts")
class _LastByte(FaultyBackend):
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        whole = not offset or offset + data.nbytes < memory.nbytes
        super().write(memory, offset, data if whole else data[:-1])


@fault("what is written from within a buffer comes from its front", "memory/parts")
class _FrontOfBuffer(FaultyBackend):
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        whole = memoryview(data.obj).cast("B")
        super().write(memory, offset, whole[: data.nbytes])


@fault("to_host does not wait for launches", "sequences/*/*/program*")
class _HostEarly(Deferring):
    def to_host(self, memory: Memory, offset: int, nbytes: int) -> HostMemory:
        return HostMemory(memoryview(bytearray(self.inner.read(memory, offset, nbytes))))


@fault("lending does not wait for launches", "sequences/*/*/program*")
class _LentEarly(Deferring):
    def lend(
        self, memory: Memory, offset: int, nbytes: int
    ) -> AbstractContextManager[memoryview]:
        return nullcontext(self.inner.read(memory, offset, nbytes))


@fault("emptying caches drops what waits", "sequences/*/*/program*")
class _EmptiedEarly(Deferring):
    def empty_cache(self) -> int:
        self.pending.clear()
        return 0


@fault("more than a block of random numbers takes two draws", "random/uniform")
class _TwoDraws(FaultyBackend):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        super().source(record, parameters, generator, output)
        if isinstance(generator, PhiloxGenerator) and output.layout.numel > 1024:
            generator.next_offset()
