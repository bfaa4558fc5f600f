"""The reference backend, device ``cpu``: a launch evaluates the record's own meaning."""

from __future__ import annotations

from collections.abc import Sequence
from operator import ne
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
from gnomon.composite.convolution import convolution_of
from gnomon.composite.matrix import matrix_product
from gnomon.composite.max_pooling import max_pooling
from gnomon.composite.resampling import resampling_of
from gnomon.composite.searching import insertion_points
from gnomon.composite.softmax import log_softmax_of, softmax_of
from gnomon.composite.standardization import standardization
from gnomon.cpu.convolution import convolve
from gnomon.cpu.elements import (
    read_elements,
    read_rows,
    with_last,
    write_cells,
)
from gnomon.cpu.lookup import combine_cells, gather_cells, overwrite_cells
from gnomon.cpu.matrix_product import multiply_matrices
from gnomon.cpu.searching import find_insertion_points
from gnomon.cpu.softmax import log_softmax_rows, softmax_rows
from gnomon.cpu.standardization import standardize_rows
from gnomon.cpu.windows import largest_in_windows, resample_images
from gnomon.devices import CPU
from gnomon.dtypes import DType, Scalar
from gnomon.errors import OutOfMemoryError
from gnomon.graph.modes import modes
from gnomon.memory import HostMemory, Memory
from gnomon.op.scatter_records import REPLACE


@final
class ReferenceBackend(Backend):
    """The processor of this machine, driven in pure Python."""

    def __init__(self) -> None:
        self.device = CPU
        self.kernels = FusedKernels()
        self.kernels.offer(matrix_product, multiply_matrices)
        self.kernels.offer(convolution_of, convolve)
        self.kernels.offer(standardization, standardize_rows)
        self.kernels.offer(max_pooling, largest_in_windows)
        self.kernels.offer(resampling_of, resample_images)
        self.kernels.offer(insertion_points, find_insertion_points)
        self.kernels.offer(softmax_of, softmax_rows)
        self.kernels.offer(log_softmax_of, log_softmax_rows)

    def allocate(self, nbytes: int) -> HostMemory:
        try:
            return HostMemory(memoryview(bytearray(nbytes)))
        except (MemoryError, OverflowError) as error:
            raise OutOfMemoryError(
                f"allocate: the host has no {nbytes} bytes left for a tensor. Free tensors, or "
                "make smaller ones."
            ) from error

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        assert isinstance(memory, HostMemory)
        memory.bytes[offset : offset + data.nbytes] = data

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        assert isinstance(memory, HostMemory)
        if modes.notes is not None:
            modes.notes.obstruct("it reads a value on the CPU")
        return memory.bytes[offset : offset + nbytes]

    def synchronize(self) -> None:
        """Do nothing: every launch is done when it returns."""

    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        return True

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        columns: list[Sequence[Scalar]] = []
        compute = output.dtype
        for value in inputs:
            if isinstance(value, Operand):
                compute = value.dtype
                columns.append(read_elements(value))
            else:
                columns.append([value] * output.layout.numel)
        write_cells(output, record.evaluate(columns, compute, output.dtype))

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        fold = record.meaning_on(input.dtype)
        rows = read_rows(input, dims)
        folded = [fold(row, parameters) for row in rows]
        write_cells(output, output.dtype.pack(folded))

    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        accumulate = record.meaning_on(input.dtype)
        running: list[Scalar] = []
        for row in read_rows(input, (dim,)):
            running.extend(accumulate(row))
        write_cells(with_last(output, (dim,)), output.dtype.pack(running))

    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        gather_cells(source, indexed, output)

    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        if record is REPLACE:
            overwrite_cells(source, indexed, destination)
        else:
            combine_cells(record, source, indexed, destination)

    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        order: list[int] = []
        sorted_values: list[Scalar] = []
        floating = input.dtype.is_floating_point
        for row in read_rows(input, (dim,)):
            keys: Sequence[Scalar | tuple[bool, Scalar]] = row
            if floating and any(map(ne, row, row)):
                keys = [(value != value, value) for value in row]
            ranks = sorted(range(len(row)), key=keys.__getitem__, reverse=descending)
            order.extend(ranks)
            sorted_values.extend(map(row.__getitem__, ranks))
        write_cells(with_last(values, (dim,)), values.dtype.pack(sorted_values))
        write_cells(with_last(indices, (dim,)), indices.dtype.pack(order))

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        values = record.generate(output.layout, output.dtype, parameters, generator)
        write_cells(output, output.dtype.pack(values))
