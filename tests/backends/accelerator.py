"""A small accelerator for tests: the reference behind memory that the host can't see into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from gnomon.backend import (
    Backend,
    ElementwiseRecord,
    FusedKernels,
    IndexedDimension,
    Operand,
    ReductionRecord,
    ScanRecord,
    ScatterRecord,
    SourceRecord,
    Stream,
)
from gnomon.cpu import ReferenceBackend
from gnomon.devices import Device
from gnomon.dtypes import DType, Scalar
from gnomon.memory import Memory


@final
class ToyBackend(Backend):
    """Runs everything but the operations it is told to lack, and counts its launches."""

    def __init__(self, index: int, lacking: frozenset[str]) -> None:
        self.device = Device("toy", index)
        self.kernels = FusedKernels()
        self.lacking = lacking
        self.launches: list[str] = []
        self.reads = 0
        self._reference = ReferenceBackend()

    def allocate(self, nbytes: int) -> Memory:
        return self._reference.allocate(nbytes)

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        self._reference.write(memory, offset, data)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        self.reads += 1
        return memoryview(bytes(self._reference.read(memory, offset, nbytes)))

    def synchronize(self) -> None:
        pass

    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        return name not in self.lacking

    def _launch(self, name: str, *operands: Operand) -> None:
        if name in self.lacking:
            raise self.lacks(name, [operand.dtype for operand in operands])
        self.launches.append(name)

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        self._launch(record.name, output)
        self._reference.elementwise(record, inputs, output)

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        self._launch(record.name, input, output)
        self._reference.reduce(record, input, dims, parameters, output)

    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        self._launch(record.name, input, output)
        self._reference.scan(record, input, dim, output)

    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        self._launch("gather", source, output)
        self._reference.gather(source, indexed, output)

    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        self._launch(f"scatter_{record.name}", destination)
        self._reference.scatter(record, source, indexed, destination)

    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        self._launch("sort", input, values)
        self._reference.sort(input, dim, descending, values, indices)

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        self._launch(record.name, output)
        self._reference.source(record, parameters, generator, output)
