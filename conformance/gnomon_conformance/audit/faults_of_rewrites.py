"""Faults of what is remembered of tensors that are written to, and of draws that come late."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from weakref import WeakKeyDictionary

from gnomon.backend import (
    Device,
    ElementwiseRecord,
    Layout,
    Memory,
    Operand,
    ReductionRecord,
    Scalar,
    SourceRecord,
    Storage,
    Stream,
)
from gnomon.fusible import matrix_product
from gnomon_conformance.audit.faulty import FaultyBackend, put, values_of
from gnomon_conformance.audit.register import fault, right_kernel

#: The elements that a storage of some version has under a layout, or what came of them.
Remembered = WeakKeyDictionary[Storage, dict[tuple[object, ...], list[Scalar]]]


@fault("a draw does not wait for launches that read", "rewritten/turned")
class _EarlyDraw(FaultyBackend):
    """Does the elementwise launch before a draw over one of its operands behind it."""

    before: tuple[ElementwiseRecord, list[Operand | Scalar], Operand] | None = None

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        self.before = record, [*inputs], output

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        super().source(record, parameters, generator, output)
        if generator is not None and self.before is not None:
            read = [each for each in self.before[1] if isinstance(each, Operand)]
            if any(each.storage is output.storage for each in read):
                super().elementwise(*self.before)
        self.before = None


@fault("numbers drawn over remembered ones not seen", "rewritten/turned")
class _KeptCopy(FaultyBackend):
    """Keeps the elements of an operand that lies apart, until a launch that is no draw, or a
    write, changes them.
    """

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.kept: Remembered = WeakKeyDictionary()

    def seen(self, verb: str, name: str, operand: Operand) -> Operand:
        layout, dtype = operand.layout, operand.dtype
        if verb != "elementwise" or layout.is_contiguous:
            return operand
        known = self.kept.setdefault(operand.storage, {})
        return _packed(operand, known.setdefault((layout, dtype), values_of(operand)))

    def written(self, verb: str, name: str, operand: Operand) -> Operand:
        if verb != "source":
            self.kept.pop(operand.storage, None)
        return operand

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        self.kept.clear()
        super().write(memory, offset, data)


def _packed(operand: Operand, elements: Sequence[Scalar]) -> Operand:
    """Return an operand like another one, of a storage of its own, with other elements."""
    layout, backend = Layout.contiguous(operand.layout.shape), operand.storage.backend
    memory = backend.allocate(layout.numel * operand.dtype.itemsize)
    packed = Operand(Storage(backend, memory), layout, operand.dtype)
    put(packed, elements)
    return packed


@fault("sums looked up by the version of a tensor", "rewritten/sum")
class _RememberedSums(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.sums: Remembered = WeakKeyDictionary()

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        super().reduce(record, input, dims, parameters, output)
        if record.name == "sum":
            known = self.sums.setdefault(input.storage, {})
            key = (input.storage.version, input.layout, dims)
            put(output, known.setdefault(key, values_of(output)))


@fault("right factors looked up by the version of a tensor", "rewritten/*product")
class _RememberedFactors(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.factors: Remembered = WeakKeyDictionary()
        self.kernels.offer(matrix_product, self.multiply)

    def multiply(self, left: Operand, right: Operand, output: Operand) -> None:
        known = self.factors.setdefault(right.storage, {})
        key = (right.storage.version, right.layout)
        elements = known.setdefault(key, values_of(right))
        right_kernel(matrix_product)(left, _packed(right, elements), output)


@fault("numbers drawn when they are read", "random/seeds")
class _LateDraws(FaultyBackend):
    """Draws when any launch or read comes next: from what the stream is then."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.pending: list[Callable[[], None]] = []

    def flush(self) -> None:
        pending, self.pending = self.pending, []
        for draw in pending:
            draw()

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        self.pending.append(partial(self.inner.source, record, parameters, generator, output))
        if generator is None or not output.layout.numel:
            self.flush()

    def written(self, verb: str, name: str, operand: Operand) -> Operand:
        self.flush()
        return operand

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        self.flush()
        super().write(memory, offset, data)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        self.flush()
        return super().read(memory, offset, nbytes)

    def synchronize(self) -> None:
        self.flush()


@fault("scratch memory of sorts shared by threads", "behaviour/threads")
class _SharedKeys(FaultyBackend):
    scratch: Sequence[Scalar] = ()

    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        mine = self.scratch = values_of(input)
        time.sleep(5e-4)
        super().sort(input, dim, descending, values, indices)
        if self.scratch is not mine and len(self.scratch) == len(mine):
            put(values, self.scratch)


@fault("a launch lost among five thousand that wait", "behaviour/long-chain")
class _Overrun(FaultyBackend):
    waiting = 0

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        self.waiting += 1
        if self.waiting == 5000:
            self.waiting = 0
            return
        super().elementwise(record, inputs, output)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        self.waiting = 0
        return super().read(memory, offset, nbytes)
