"""Inverses, solutions, factors and determinants by elimination: see ``elimination.cl``.

Every kernel returns whether it did the work: where one work-item does not run as fast as a
processor's, large matrices are left to the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from gnomon.backend import Operand
from gnomon_opencl.kernels.matrices import Task, column_of, launch, number_of, sides, task_of
from gnomon_opencl.runtime import Runtime


def invert(runtime: Runtime, input: Operand, output: Operand, infos: Operand) -> bool:
    """Write inverses; of a singular matrix itself, and where its first zero pivot is."""
    task = task_of(input)
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
    task = task_of(matrices)._replace(
        columns=columns if left else rows, copies=prod([batch[dim] for dim in inner])
    )
    ordered = [
        each.under(each.layout.permute([*outer, *inner, len(batch), len(batch) + 1]))
        for each in sides(left, right, output)
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
    task = task_of(triangles)._replace(columns=columns if left else rows)
    described = sides(left, triangles, right, output)
    operands = [triangles, right, output]
    flags = (upper == left, unit)
    return _launch(
        runtime, "solve_triangular", task, operands, described, flags, exchanges=False
    )


def factor(
    runtime: Runtime, input: Operand, packed: Operand, pivots: Operand, infos: Operand
) -> bool:
    """Write LU factors, the exchanges of rows, and where the first zero pivot is."""
    operands = [input, packed, pivots, infos]
    return _launch(
        runtime, "factor", task_of(input), operands, [input, packed, column_of(pivots)]
    )


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
    task = task_of(packed)._replace(columns=columns if left else rows)
    described = [packed, column_of(pivots), *sides(left, right, output)]
    operands = [packed, pivots, right, output]
    # X A = B is the transposed system.
    flags = (adjoint == left,)
    return _launch(runtime, "solve_by_factors", task, operands, described, flags)


def permute(runtime: Runtime, pivots: Operand, output: Operand) -> bool:
    """Write the matrices of exchanges of rows."""
    *batch, size, _ = output.layout.shape
    task = Task(prod(batch), size, pivots.layout.shape[-1])
    described = [column_of(pivots), output]
    return _launch(runtime, "permute", task, [pivots, output], described, doubles=False)


def factor_positive(
    runtime: Runtime, input: Operand, upper: bool, output: Operand, infos: Operand
) -> bool:
    """Write Cholesky factors, and the order of the first minor that is not positive."""
    described = sides(not upper, input, output)
    operands = [input, output, infos]
    return _launch(
        runtime, "factor_positive", task_of(input), operands, described, exchanges=False
    )


def multiply_pivots(runtime: Runtime, input: Operand, output: Operand) -> bool:
    """Write determinants."""
    described = [input, number_of(output)]
    return _launch(runtime, "multiply_pivots", task_of(input), [input, output], described)


def add_logarithms(
    runtime: Runtime, input: Operand, signs: Operand, logarithms: Operand
) -> bool:
    """Write the signs of determinants, and the logarithms of their sizes."""
    operands = [input, signs, logarithms]
    described = [input, number_of(signs), number_of(logarithms)]
    return _launch(runtime, "add_logarithms", task_of(input), operands, described)


def _launch(
    runtime: Runtime,
    name: str,
    task: Task,
    operands: Sequence[Operand],
    described: Sequence[Operand],
    flags: Sequence[bool] = (),
    *,
    doubles: bool = True,
    exchanges: bool = True,
) -> bool:
    # A matrix and its right side, or a row besides it.
    taken = task.height * task.width + task.height * max(task.columns, 1)
    task = task._replace(
        doubles=taken if doubles else None, ints=task.height if exchanges else None
    )
    return launch(runtime, ("elimination", name), task, operands, described, flags)
