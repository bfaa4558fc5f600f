"""The exponentials of matrices: their record, and what computes them."""

from __future__ import annotations

from collections.abc import Callable
from math import frexp
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.composite.linalg.batches import fresh_numbers, matrices_of, sizes_of, tensor_of
from gnomon.composite.linalg.elimination import Matrix, identity, transposed
from gnomon.core import TensorCore
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite

T = TypeVar("T", bound=TensorCore)

#: ``(input, output)``: takes operands of any strides, writes any dense one, and returns whether
#: it did: False for matrices that the meaning is faster with.
MatrixExponentialKernel: TypeAlias = Callable[[Operand, Operand], bool]
MatrixExponentialMeaning: TypeAlias = Callable[[TensorCore], TensorCore]


def matrix_exponentials(input: T) -> T:
    """Return the exponentials of square matrices, outside the graph."""
    kernel = matrix_exponential_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        output = fresh_numbers(input, input.operand.layout.shape)
        if kernel(input.operand, output):
            return input.like(output)
    return input.like(matrix_exponential_of.decompose(input).operand)


def _exponentials(input: TensorCore) -> TensorCore:
    size, _ = sizes_of(input)
    results = [_exponential(matrix, size) for matrix in matrices_of(input)]
    return tensor_of(input, results, input.operand.layout.shape, by_columns=False)


def _exponential(matrix: Matrix, size: int) -> Matrix:
    """Scale until the norm is at most 1/2, sum Taylor's series, and square as often.

    With norm 1/2, 16 terms leave less than 2**-60 of the sum (0.5**17 / 17! = 2e-20).
    """
    norm = max((sum(map(abs, row)) for row in matrix), default=0.0)
    if not norm < float("inf"):
        return [[float("nan")] * size for _ in range(size)]
    halvings = max(0, frexp(norm)[1] + 1)
    scaled = [[x / 2.0**halvings for x in row] for row in matrix]
    total = term = identity(size)
    for k in range(1, 17):
        term = [[x / k for x in row] for row in _times(term, scaled, size)]
        total = [
            [x + y for x, y in zip(*rows, strict=True)]
            for rows in zip(total, term, strict=True)
        ]
    for _ in range(halvings):
        total = _times(total, total, size)
    return total


def _times(left: Matrix, right: Matrix, width: int) -> Matrix:
    columns = transposed(right, width)
    return [
        [sum(x * y for x, y in zip(row, column, strict=True)) for column in columns]
        for row in left
    ]


matrix_exponential_of: Composite[MatrixExponentialMeaning, MatrixExponentialKernel] = Composite(
    name="matrix_exponential",
    definition="the sum of A**k / k! over all k, for each square matrix A",
    special_cases="NaN for a matrix whose norm is not finite",
    decompose=_exponentials,
    tolerance=SumOfTerms(),
    gradients=("input",),
)
