"""A backend that writes no launch verb lacks every launch, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import pytest

from gnomon.backend import (
    Backend,
    Device,
    DType,
    FusedKernels,
    HostMemory,
    IndexedDimension,
    Layout,
    Memory,
    NotSupported,
    Operand,
    Storage,
    float32,
    int64,
)
from gnomon.op.copy import COPY
from gnomon.op.foundation import sum_of
from gnomon.op.scatter_records import ADD_TO
from gnomon.ops.scans import CUMSUM
from gnomon.ops.sources import arange


@final
class MemoryBackend(Backend):
    """Bytes, and nothing that computes."""

    def __init__(self) -> None:
        self.device = Device("memory", 0)
        self.kernels = FusedKernels()

    def allocate(self, nbytes: int) -> HostMemory:
        return HostMemory(memoryview(bytearray(nbytes)))

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        assert isinstance(memory, HostMemory)
        memory.bytes[offset : offset + data.nbytes] = data

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        assert isinstance(memory, HostMemory)
        return memory.bytes[offset : offset + nbytes]

    def synchronize(self) -> None:
        pass

    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        return False


BACKEND = MemoryBackend()
OPERAND = Operand(Storage(BACKEND, BACKEND.allocate(24)), Layout.contiguous((3,)), float32)
INDICES = OPERAND._replace(dtype=int64)

LAUNCHES = {
    "copy": lambda: BACKEND.elementwise(COPY, [OPERAND], INDICES),
    "sum": lambda: BACKEND.reduce(sum_of, OPERAND, (0,), (), OPERAND),
    "cumsum": lambda: BACKEND.scan(CUMSUM, OPERAND, 0, OPERAND),
    "gather": lambda: BACKEND.gather(OPERAND, [IndexedDimension(INDICES, 3, 1)], OPERAND),
    "add": lambda: BACKEND.scatter(ADD_TO, 1.0, [IndexedDimension(INDICES, 3, 1)], OPERAND),
    "sort": lambda: BACKEND.sort(OPERAND, 0, False, OPERAND, INDICES),
    "arange": lambda: BACKEND.source(arange, (0, 1), None, OPERAND),
}


@pytest.mark.parametrize("operation", LAUNCHES)
def test_a_verb_that_is_not_written_lacks_every_launch(operation: str) -> None:
    with pytest.raises(
        NotSupported, match=f"^{operation}: the device memory:0 has no kernel .*float32"
    ) as caught:
        LAUNCHES[operation]()
    assert caught.value.operation == operation
