"""Launches of kernels that go through batches of matrices: see ``matrices.cl``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod
from struct import pack
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import some_kernels, source_file, whole_source
from gnomon_opencl.kernels.walks import even_dims, integers, walk
from gnomon_opencl.runtime import Argument, Runtime, buffer_of

#: The largest matrices, by the longer side, that other devices than processors are given.
_LARGEST: Final = 32
#: Work-items among which matrices are shared out: those of a core, and elsewhere.
_ITEMS_OF_CORE: Final = 4
_ITEMS: Final = 4096
#: The scratch that items may have together, in bytes, if one can do with less.
_SCRATCH: Final = 1 << 28
_DOUBLE: Final = 8
_INT: Final = 4


@final
class Task(NamedTuple):
    """How many matrices there are, of which sizes, and the right sides of each."""

    matrices: int
    height: int
    width: int
    columns: int = 0
    copies: int = 1
    #: What one matrix takes of scratch; None for a kernel without it.
    doubles: int | None = None
    ints: int | None = None


def task_of(input: Operand) -> Task:
    """Return what is to be done with a batch of matrices."""
    *batch, height, width = input.layout.shape
    return Task(prod(batch), height, width)


def sides(left: bool, *operands: Operand) -> list[Operand]:
    """Return matrices, transposed unless they stand on the ``left``."""
    if left:
        return list(operands)
    return [each.under(each.layout.transpose(-2, -1)) for each in operands]


def column_of(vectors: Operand) -> Operand:
    """Return vectors as matrices of one column."""
    return vectors.under(vectors.layout.unsqueeze(vectors.layout.ndim))


def number_of(numbers: Operand) -> Operand:
    """Return numbers as matrices of one row and one column."""
    return column_of(column_of(numbers))


def launch(
    runtime: Runtime,
    kernel: tuple[str, str],
    task: Task,
    operands: Sequence[Operand],
    described: Sequence[Operand],
    flags: Sequence[bool] = (),
) -> bool:
    """Launch a kernel, named after its file, that is given ``operands``, scratch, and how the
    ``described`` lie. False says that a processor is faster with matrices as large.
    """
    file, name = kernel
    is_processor = runtime.traits.is_processor
    if not is_processor and max(task.height, task.width, task.columns) > _LARGEST:
        return False
    if not task.matrices:
        return True
    most = _ITEMS_OF_CORE * runtime.traits.compute_units if is_processor else _ITEMS
    room = _SCRATCH // max(_DOUBLE * (task.doubles or 0), 1)
    together = -(-task.matrices // max(1, min(most, room)))
    items = -(-task.matrices // together)
    arguments: list[Argument] = [buffer_of(each) for each in operands]
    for each, size in ((task.doubles, _DOUBLE), (task.ints, _INT)):
        if each is not None:
            arguments.append(runtime.pool.allocate(size * items * each).buffer)
    arguments.append(
        integers(
            task.matrices,
            together,
            task.doubles or 0,
            task.ints or 0,
            task.height,
            task.width,
            task.columns,
            task.copies,
        )
    )
    batches = [_batch(each.layout) for each in described]
    dims = even_dims(*batches)
    for operand, batch in zip(described, batches, strict=True):
        row, column = operand.layout.strides[-2:]
        arguments.append(integers(operand.layout.offset, row, column) + walk(batch, dims))
    arguments += [pack("i", flag) for flag in flags]
    floats = next(each.dtype for each in operands if each.dtype.is_floating_point)
    runtime.launch(_source(file, name, floats, dims), name, arguments, items)
    return True


def _batch(layout: Layout) -> Layout:
    return Layout(layout.shape[:-2], layout.strides[:-2], 0)


@cache
def _source(file: str, name: str, dtype: DType, dims: int) -> str:
    return whole_source(
        f"#define STORAGE {element_type(dtype).storage}\n",
        f"#define DIMS {dims}\n",
        source_file("walk"),
        source_file("matrices"),
        some_kernels(file, name),
    )
