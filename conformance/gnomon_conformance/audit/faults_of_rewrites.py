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
from gnomon_conformance.audit.faults_of_memory import Deferring
from gnomon_conformance.audit.faulty import FaultyBackend, put, values_of
from gnomon_conformance.audit.register import fault, right_kernel

#: The elements that a storage of some version has under a layout, or what came of them.
Remembered = WeakKeyDictionary[Storage, dict[tuple[object, ...], list[Scalar]]]


@fault("a draw does not wait for launches that read", "rewritten/turned")
class _EarlyDraw(Deferring):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        if generator is None:
            self.flush()
        super().source(record, parameters, generator, output)


@fault("numbers drawn over remembered ones not seen", "rewritten/turned")
class _KeptCopy(FaultyBackend):
    """Keeps a copy of an operand that lies apart, until a launch or a write changes it."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.copies: WeakKeyDictionary[Memory, dict[Layout, list[Scalar]]] = WeakKeyDictionary()

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, [*map(self.copied, inputs)], output)
        self.copies.pop(output.storage.memory, None)

    def copied(self, value: Operand | Scalar) -> Operand | Scalar:
        if not isinstance(value, Operand) or value.layout.is_contiguous:
            return value
        kept = self.copies.setdefault(value.storage.memory, {})
        elements = kept.setdefault(value.layout, values_of(value))
        layout = Layout.contiguous(value.layout.shape)
        storage = Storage(self, self.allocate(layout.numel * value.dtype.itemsize))
        copy = Operand(storage, layout, value.dtype)
        put(copy, elements)
        return copy

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        self.copies.pop(memory, None)
        super().write(memory, offset, data)


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
        layout = Layout.contiguous(right.layout.shape)
        storage = Storage(self, self.allocate(layout.numel * right.dtype.itemsize))
        packed = Operand(storage, layout, right.dtype)
        put(packed, elements)
        right_kernel(matrix_product)(left, packed, output)


@fault("numbers drawn when they are read", "random/seeds")
class _LateDraws(Deferring):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        draw: Callable[[], None] = partial(
            FaultyBackend.source, self, record, parameters, generator, output
        )
        if record.name in ("uniform", "normal"):
            self.pending.append(draw)
        else:
            self.flush()
            draw()


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
