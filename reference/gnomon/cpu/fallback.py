"""Running on the reference what an accelerator lacks, when the user has asked for it.

``GNOMON_FALLBACK=cpu`` in the environment, or ``with gnomon.fallback("cpu"):`` around the code.
Without either, an operation that a device lacks raises ``NotSupported``: a slow trip through
the host is never taken silently.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import final

from gnomon.backend import (
    Backend,
    DeviceEvent,
    ElementwiseRecord,
    Gap,
    IndexedDimension,
    MemoryUse,
    Operand,
    ReductionRecord,
    ScanRecord,
    ScatterRecord,
    SourceRecord,
    Storage,
    Stream,
)
from gnomon.devices import CPU
from gnomon.dtypes import DType, Scalar
from gnomon.errors import NotSupported
from gnomon.memory import HostMemory, Memory
from gnomon.recording import Recorder
from gnomon.registry import backend_for


class _Choice(threading.local):
    enabled: bool = os.environ.get("GNOMON_FALLBACK") == "cpu"


_choice = _Choice()


@contextmanager
def fallback(device: str | None) -> Iterator[None]:
    """Let the reference run, inside, what a device lacks: ``"cpu"`` allows it, None forbids it.

    Raises ValueError for any other device.

    >>> with fallback("cpu"):
    ...     pass
    """
    if device not in ("cpu", None):
        raise ValueError(f'fallback: only "cpu" can run what a device lacks, not {device!r}.')
    previous = _choice.enabled
    _choice.enabled = device is not None
    try:
        yield
    finally:
        _choice.enabled = previous


@final
class FallbackBackend(Backend):
    """A backend, and the reference behind it for what it lacks."""

    def __init__(self, inner: Backend) -> None:
        self.device = inner.device
        self.kernels = inner.kernels
        self.inner = inner

    def allocate(self, nbytes: int) -> Memory:
        return self.inner.allocate(nbytes)

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        self.inner.write(memory, offset, data)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        return self.inner.read(memory, offset, nbytes)

    def synchronize(self) -> None:
        self.inner.synchronize()

    def lend(
        self, memory: Memory, offset: int, nbytes: int
    ) -> AbstractContextManager[memoryview]:
        return self.inner.lend(memory, offset, nbytes)

    def to_host(self, memory: Memory, offset: int, nbytes: int) -> HostMemory:
        return self.inner.to_host(memory, offset, nbytes)

    def memory_use(self, reset_peaks: bool = False) -> MemoryUse:
        return self.inner.memory_use(reset_peaks)

    def empty_cache(self) -> int:
        return self.inner.empty_cache()

    def start_profiling(self) -> bool:
        return self.inner.start_profiling()

    def stop_profiling(self) -> list[DeviceEvent]:
        return self.inner.stop_profiling()

    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        return self.inner.supports(name, dtypes)

    def gaps(self) -> Sequence[Gap]:
        return self.inner.gaps()

    def recorder(self) -> Recorder | None:
        return self.inner.recorder()

    def flushes_subnormals(self, dtype: DType) -> bool:
        return self.inner.flushes_subnormals(dtype)

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        try:
            self.inner.elementwise(record, inputs, output)
        except NotSupported:
            with _host_copies(output) as copy:
                copies = [
                    copy(value) if isinstance(value, Operand) else value for value in inputs
                ]
                backend_for(CPU).elementwise(record, copies, copy(output))

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        try:
            self.inner.reduce(record, input, dims, parameters, output)
        except NotSupported:
            with _host_copies(output) as copy:
                backend_for(CPU).reduce(record, copy(input), dims, parameters, copy(output))

    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        try:
            self.inner.scan(record, input, dim, output)
        except NotSupported:
            with _host_copies(output) as copy:
                backend_for(CPU).scan(record, copy(input), dim, copy(output))

    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        try:
            self.inner.gather(source, indexed, output)
        except NotSupported:
            with _host_copies(output) as copy:
                backend_for(CPU).gather(copy(source), _copied(indexed, copy), copy(output))

    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        try:
            self.inner.scatter(record, source, indexed, destination)
        except NotSupported:
            with _host_copies(destination) as copy:
                values = copy(source) if isinstance(source, Operand) else source
                backend_for(CPU).scatter(
                    record, values, _copied(indexed, copy), copy(destination)
                )

    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        try:
            self.inner.sort(input, dim, descending, values, indices)
        except NotSupported:
            with _host_copies(values, indices) as copy:
                backend_for(CPU).sort(copy(input), dim, descending, copy(values), copy(indices))

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        try:
            self.inner.source(record, parameters, generator, output)
        except NotSupported:
            with _host_copies(output) as copy:
                backend_for(CPU).source(record, parameters, generator, copy(output))


@contextmanager
def _host_copies(*written: Operand) -> Iterator[Callable[[Operand], Operand]]:
    """Yield a function that gives an operand's copy on the host; copy back ``written`` at the
    end.

    Whole storages are copied, so that layouts stay as they are. Raises the NotSupported being
    handled when the user has not allowed the fallback.
    """
    if not _choice.enabled:
        raise
    host = backend_for(CPU)
    storages: dict[Storage, Storage] = {}

    def copy(operand: Operand) -> Operand:
        storage = operand.storage
        if storage not in storages:
            data = storage.backend.read(storage.memory, 0, storage.nbytes)
            storages[storage] = Storage(host, HostMemory(memoryview(bytearray(data))))
        return operand._replace(storage=storages[storage])

    yield copy
    for operand in written:
        storage = operand.storage
        data = host.read(storages[storage].memory, 0, storage.nbytes)
        storage.backend.write(storage.memory, 0, data)


def _copied(
    indexed: Sequence[IndexedDimension], copy: Callable[[Operand], Operand]
) -> list[IndexedDimension]:
    return [dimension._replace(indices=copy(dimension.indices)) for dimension in indexed]
