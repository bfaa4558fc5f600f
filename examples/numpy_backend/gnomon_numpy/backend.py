"""The device ``numpy``: the verbs of the protocol, and the table each finds its formula in."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import final

import numpy as np

from gnomon.backend import (
    Backend,
    Device,
    DType,
    ElementwiseRecord,
    FusedKernels,
    IndexedDimension,
    Memory,
    Operand,
    OutOfMemoryError,
    PhiloxGenerator,
    ReductionRecord,
    Scalar,
    ScanRecord,
    ScatterRecord,
    SourceRecord,
    Stream,
)
from gnomon.fusible import matrix_product
from gnomon_numpy import formulas, indexing
from gnomon_numpy.cells import ArrayMemory, elements, elements_or_number, store
from gnomon_numpy.folds import FOLDS, SCANS
from gnomon_numpy.sources import RANDOM, REGULAR, Draw

#: The names of everything that can be launched here.
SUPPORTED = frozenset(
    {
        *formulas.NAMES,
        *FOLDS,
        *SCANS,
        *indexing.RULES,
        *RANDOM,
        *REGULAR,
        "gather",
        "sort",
        "matrix_product",
    }
)

#: NumPy's warnings are no part of what an operation means: NaN and infinities are values.
quietly = np.errstate(all="ignore")


@final
class NumPyBackend(Backend):
    """The processor of this machine, driven through NumPy."""

    def __init__(self) -> None:
        self.device = Device("numpy", 0)
        self.kernels = FusedKernels()
        self.kernels.offer(matrix_product, multiply_matrices)

    def allocate(self, nbytes: int) -> ArrayMemory:
        try:
            return ArrayMemory(nbytes)
        except (MemoryError, OverflowError, ValueError) as error:
            raise OutOfMemoryError(
                f"allocate: the host has no {nbytes} bytes left for a tensor. Free tensors, or "
                "make smaller ones."
            ) from error

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        assert isinstance(memory, ArrayMemory)
        memory.bytes[offset : offset + data.nbytes] = np.frombuffer(data, np.uint8)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        assert isinstance(memory, ArrayMemory)
        return memory.bytes[offset : offset + nbytes].data

    def synchronize(self) -> None:
        """Do nothing: every launch is done when it returns."""

    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        return name in SUPPORTED

    @quietly
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        name = record.name
        dtypes = [value.dtype for value in inputs if isinstance(value, Operand)]
        # A choice computes in what it returns; a comparison in what it is given.
        compute = output.dtype if name == "where" or not dtypes else dtypes[-1]
        formula = formulas.formula_of(name, compute)
        if formula is None:
            raise self.lacks(name, (*dtypes, output.dtype))
        if output.layout.numel:
            wide = formulas.needs_float64(name, compute)
            arrays = [elements_or_number(value, compute, wide=wide) for value in inputs]
            store(output, formula(arrays))

    @quietly
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        fold = FOLDS.get(record.name)
        if fold is None:
            raise self.lacks(record.name, (input.dtype, output.dtype))
        values = elements(input, wide=True)
        shape = output.layout.shape
        kept = [dim for dim in range(values.ndim) if dim not in dims]
        length = prod(values.shape[dim] for dim in dims)
        rows = values.transpose(*kept, *dims).reshape(*(shape[dim] for dim in kept), length)
        rows = np.ascontiguousarray(rows)  # whose sums NumPy makes pairwise
        store(output, np.reshape(fold(rows, parameters), shape))

    @quietly
    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        running = SCANS.get(record.name)
        if running is None:
            raise self.lacks(record.name, (input.dtype, output.dtype))
        rows = np.moveaxis(elements(input, wide=True), dim, -1)
        store(output, np.moveaxis(running(rows), -1, dim))

    @quietly
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        indexing.gather(source, indexed, output)

    @quietly
    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        if record.name not in indexing.RULES:
            raise self.lacks(record.name, (destination.dtype,))
        indexing.scatter(record.name, source, indexed, destination)

    @quietly
    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        indexing.sort(input, dim, descending, values, indices)

    @quietly
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        name, dtype = record.name, output.dtype
        shape, count = output.layout.shape, output.layout.numel
        if isinstance(generator, PhiloxGenerator) and name in RANDOM:
            values = RANDOM[name](Draw(generator), count, dtype, parameters)
        elif name in REGULAR:
            values = REGULAR[name](np.arange(count), parameters)
        else:
            raise self.lacks(name, (dtype,))
        store(output, values.reshape(shape))


@quietly
def multiply_matrices(left: Operand, right: Operand, output: Operand) -> None:
    """Write the products of two batches of matrices, (b, n, k) and (b, k, m), to (b, n, m)."""
    store(output, np.matmul(elements(left), elements(right)))
