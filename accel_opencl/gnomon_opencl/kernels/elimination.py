"""Inverses, solutions, factors and determinants by elimination: see ``elimination.cl``.

Every kernel returns whether it did the work: where one work-item does not run as fast as a
processor's, large matrices are left to the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod
from struct import pack
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import source_file, whole_source
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
class _Task(NamedTuple):
    """How many matrices there are, of which sizes, and the right sides of each."""

    matrices: int
    height: int
    width: int
    columns: int = 0
    copies: int = 1

    def doubles(self) -> int:
        """Return what one matrix and its right side, or a row besides it, take of scratch."""
        return self.height * self.width + self.height * max(self.columns, 1)


def invert(runtime: Runtime, input: Operand, output: Operand, infos: Operand) -> bool:
    """Write inverses; of a singular matrix itself, and where its first zero pivot is."""
    task = _square(input)
    task = task._replace(columns=task.height)
    return _launch(runtime, "invert", task, [input, output, infos], [input, output])


def solve(
    runtime: Runtime,
    matrices: Operand,
    right: Operand,
    left: bool,
    output: Operand,
    infos: Operand,
) -> bool:
    """Write the X of ``matrices @ X = right``, or ``X @ matrices = right`` unless ``left``."""
    given = matrices.layout.shape[:-2]
    batch = right.layout.shape[:-2]
    aligned = (1,) * (len(batch) - len(given)) + given
    dims = range(len(batch))
    # Each matrix is eliminated once, for all right sides that it is broadcast to.
    inner = [dim for dim in dims if aligned[dim] != batch[dim]]
    outer = [dim for dim in dims if aligned[dim] == batch[dim]]
    rows, columns = right.layout.shape[-2:]
    task = _square(matrices)._replace(
        columns=columns if left else rows, copies=prod([batch[dim] for dim in inner])
    )
    ordered = [
        each.under(each.layout.permute([*outer, *inner, len(batch), len(batch) + 1]))
        for each in _sides(left, right, output)
    ]
    operands = [matrices, right, output, infos]
    return _launch(runtime, "solve", task, operands, [matrices, *ordered], (not left,))


def solve_triangular(
    runtime: Runtime,
    triangles: Operand,
    right: Operand,
    upper: bool,
    left: bool,
    unit: bool,
    output: Operand,
) -> bool:
    """Write the X of ``triangles @ X = right``, or ``X @ triangles = right``."""
    rows, columns = right.layout.shape[-2:]
    task = _square(triangles)._replace(columns=columns if left else rows)
    described = _sides(left, triangles, right, output)
    operands = [triangles, right, output]
    flags = (upper == left, unit)
    return _launch(
        runtime, "solve_triangular", task, operands, described, flags, exchanges=False
    )


def factor(
    runtime: Runtime, input: Operand, packed: Operand, pivots: Operand, infos: Operand
) -> bool:
    """Write LU factors, the exchanges of rows, and where the first zero pivot is."""
    *batch, height, width = input.layout.shape
    task = _Task(prod(batch), height, width)
    operands = [input, packed, pivots, infos]
    return _launch(runtime, "factor", task, operands, [input, packed, _column(pivots)])


def solve_by_factors(
    runtime: Runtime,
    packed: Operand,
    pivots: Operand,
    right: Operand,
    left: bool,
    adjoint: bool,
    output: Operand,
) -> bool:
    """Write the X of ``A @ X = right``, or ``X @ A = right``, for the factors of A."""
    rows, columns = right.layout.shape[-2:]
    task = _square(packed)._replace(columns=columns if left else rows)
    described = [packed, _column(pivots), *_sides(left, right, output)]
    operands = [packed, pivots, right, output]
    # X A = B is the transposed system.
    flags = (adjoint == left,)
    return _launch(runtime, "solve_by_factors", task, operands, described, flags)


def permute(runtime: Runtime, pivots: Operand, output: Operand) -> bool:
    """Write the matrices of exchanges of rows."""
    *batch, size, _ = output.layout.shape
    task = _Task(prod(batch), size, pivots.layout.shape[-1])
    described = [_column(pivots), output]
    return _launch(runtime, "permute", task, [pivots, output], described, doubles=False)


def factor_positive(
    runtime: Runtime, input: Operand, upper: bool, output: Operand, infos: Operand
) -> bool:
    """Write Cholesky factors, and the order of the first minor that is not positive."""
    described = _sides(not upper, input, output)
    operands = [input, output, infos]
    return _launch(
        runtime, "factor_positive", _square(input), operands, described, exchanges=False
    )


def multiply_pivots(runtime: Runtime, input: Operand, output: Operand) -> bool:
    """Write determinants."""
    described = [input, _number(output)]
    return _launch(runtime, "multiply_pivots", _square(input), [input, output], described)


def add_logarithms(
    runtime: Runtime, input: Operand, signs: Operand, logarithms: Operand
) -> bool:
    """Write the signs of determinants, and the logarithms of their sizes."""
    operands = [input, signs, logarithms]
    described = [input, _number(signs), _number(logarithms)]
    return _launch(runtime, "add_logarithms", _square(input), operands, described)


def _square(input: Operand) -> _Task:
    *batch, height, width = input.layout.shape
    return _Task(prod(batch), height, width)


def _sides(left: bool, *operands: Operand) -> list[Operand]:
    """Return matrices, transposed unless they stand on the ``left``."""
    if left:
        return list(operands)
    return [each.under(each.layout.transpose(-2, -1)) for each in operands]


def _column(vectors: Operand) -> Operand:
    """Return vectors as matrices of one column."""
    return vectors.under(vectors.layout.unsqueeze(vectors.layout.ndim))


def _number(numbers: Operand) -> Operand:
    """Return numbers as matrices of one row and one column."""
    return _column(_column(numbers))


def _launch(
    runtime: Runtime,
    name: str,
    task: _Task,
    operands: Sequence[Operand],
    described: Sequence[Operand],
    flags: Sequence[bool] = (),
    *,
    doubles: bool = True,
    exchanges: bool = True,
) -> bool:
    """Launch a kernel that is given ``operands``, scratch, and how the ``described`` lie."""
    is_processor = runtime.traits.is_processor
    if not is_processor and max(task.height, task.width, task.columns) > _LARGEST:
        return False
    if not task.matrices:
        return True
    most = _ITEMS_OF_CORE * runtime.traits.compute_units if is_processor else _ITEMS
    room = _SCRATCH // max(_DOUBLE * task.doubles(), 1)
    together = -(-task.matrices // max(1, min(most, room)))
    items = -(-task.matrices // together)
    arguments: list[Argument] = [buffer_of(each) for each in operands]
    if doubles:
        nbytes = _DOUBLE * items * task.doubles()
        arguments.append(runtime.pool.allocate(nbytes).buffer)
    if exchanges:
        arguments.append(runtime.pool.allocate(_INT * items * task.height).buffer)
    arguments.append(
        integers(
            task.matrices,
            together,
            task.doubles(),
            task.height,
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
    runtime.launch(_source(floats, dims), name, arguments, items)
    return True


def _batch(layout: Layout) -> Layout:
    return Layout(layout.shape[:-2], layout.strides[:-2], 0)


@cache
def _source(dtype: DType, dims: int) -> str:
    return whole_source(
        f"#define STORAGE {element_type(dtype).storage}\n",
        f"#define DIMS {dims}\n",
        source_file("walk"),
        source_file("elimination"),
    )
