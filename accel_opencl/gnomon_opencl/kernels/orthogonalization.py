"""QR, eigenvalues, singular values and exponentials of matrices: see ``orthogonalization.cl``.

Every kernel returns whether it did the work: where one work-item does not run as fast as a
processor's, large matrices are left to the host.
"""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.backend import Operand
from gnomon_opencl.kernels.matrices import Task, column_of, launch, sides, task_of
from gnomon_opencl.runtime import Runtime


def factor_orthogonally(
    runtime: Runtime, input: Operand, mode: str, q: Operand, r: Operand
) -> bool:
    """Write Q and R; for the mode "r" only R."""
    task = task_of(input)
    if mode == "r":
        return _launch(runtime, "triangularize", _reflecting(task), [input, r], [input, r])
    task = task._replace(columns=q.layout.shape[-1])
    operands = [input, q, r]
    return _launch(runtime, "factor_orthogonally", _reflecting(task), operands, operands)


def pack_reflectors(
    runtime: Runtime, input: Operand, packed: Operand, factors: Operand
) -> bool:
    """Write R with reflectors below it, and their factors."""
    task = _reflecting(task_of(input))
    described = [input, packed, column_of(factors)]
    return _launch(runtime, "pack_reflectors", task, [input, packed, factors], described)


def _reflecting(task: Task) -> Task:
    """Return the task with room for a matrix, the factors of reflectors, and a column of Q."""
    return task._replace(doubles=task.height * (task.width + 1) + task.width)


def diagonalize(
    runtime: Runtime, input: Operand, upper: bool, values: Operand, vectors: Operand
) -> bool:
    """Write the eigenvalues of symmetric matrices, and their eigenvectors."""
    task = task_of(input)
    # The matrix, what it is rotated by, and the eigenvalues out of order.
    task = task._replace(doubles=task.height * (2 * task.height + 1), ints=task.height)
    described = [*sides(not upper, input), column_of(values), vectors]
    return _launch(runtime, "diagonalize", task, [input, values, vectors], described)


def take_singular_values(
    runtime: Runtime,
    input: Operand,
    full: bool,
    left: Operand,
    values: Operand,
    right: Operand,
    infos: Operand,
) -> bool:
    """Write U, the singular values, the transpose of V, and whether a matrix is not finite."""
    is_tall = input.layout.shape[-2] >= input.layout.shape[-1]
    # Of a wide matrix, U and V change places.
    given, first, second = sides(is_tall, input, left, right)
    if not is_tall:
        first, second = second, first
    task = task_of(given)
    height, width, columns = task.height, task.width, first.layout.shape[-1]
    # The columns, what they are rotated by, their lengths, and the columns of U.
    doubles = height * width + width * (width + 1) + height * columns
    task = task._replace(columns=columns, doubles=doubles, ints=width)
    operands = [input, first, values, second, infos]
    described = [given, first, column_of(values), second]
    return _launch(runtime, "take_singular_values", task, operands, described)


def exponentiate(runtime: Runtime, input: Operand, output: Operand) -> bool:
    """Write the exponentials of matrices."""
    task = task_of(input)
    # The matrix, a term, the sum of terms, and a product.
    task = task._replace(doubles=4 * task.height * task.height)
    return _launch(runtime, "exponentiate", task, [input, output], [input, output])


def _launch(
    runtime: Runtime,
    name: str,
    task: Task,
    operands: Sequence[Operand],
    described: Sequence[Operand],
) -> bool:
    return launch(runtime, ("orthogonalization", name), task, operands, described)
