"""Elimination on lists of rows: LU with row exchanges, Cholesky, triangular systems."""

from __future__ import annotations

from math import isnan, sqrt
from typing import NamedTuple, TypeAlias

Matrix: TypeAlias = list[list[float]]


class Factors(NamedTuple):
    """L below and U on and above the diagonal of one matrix, for a matrix whose row ``i`` was
    exchanged with row ``pivots[i]``, in order.
    """

    packed: Matrix
    pivots: list[int]
    #: 0, or the place (from 1) of the first zero on the diagonal of U.
    info: int


def eliminate(matrix: Matrix) -> Factors:
    """Return the factors of ``matrix``, the largest element of a column as its pivot.

    >>> eliminate([[0.0, 1.0], [2.0, 4.0]])
    Factors(packed=[[2.0, 4.0], [0.0, 1.0]], pivots=[1, 1], info=0)
    """
    rows = [row[:] for row in matrix]
    height, width = len(rows), len(rows[0]) if rows else 0
    pivots: list[int] = []
    info = 0
    for k in range(min(height, width)):
        place = max(range(k, height), key=lambda i: abs(rows[i][k]))
        pivots.append(place)
        rows[k], rows[place] = rows[place], rows[k]
        pivot_row = rows[k]
        pivot = pivot_row[k]
        if pivot == 0:
            info = info or k + 1
            continue
        tail = pivot_row[k + 1 :]
        for row in rows[k + 1 :]:
            factor = row[k] = row[k] / pivot
            if factor:
                row[k + 1 :] = [x - factor * y for x, y in zip(row[k + 1 :], tail, strict=True)]
    return Factors(rows, pivots, info)


def exchange(matrix: Matrix, pivots: list[int]) -> Matrix:
    """Return the rows of ``matrix`` exchanged as the elimination exchanged them."""
    rows = matrix[:]
    for place, other in enumerate(pivots):
        rows[place], rows[other] = rows[other], rows[place]
    return rows


def exchange_back(matrix: Matrix, pivots: list[int]) -> Matrix:
    """Undo :func:`exchange`."""
    rows = matrix[:]
    for place in reversed(range(len(pivots))):
        other = pivots[place]
        rows[place], rows[other] = rows[other], rows[place]
    return rows


def transposed(matrix: Matrix, width: int) -> Matrix:
    """Return the columns of ``matrix``, of which there are ``width``, as rows."""
    return [[row[k] for row in matrix] for k in range(width)]


def identity(size: int) -> Matrix:
    """Return the identity matrix."""
    return [[float(i == k) for k in range(size)] for i in range(size)]


def substitute(triangle: Matrix, right: Matrix, upper: bool, unit: bool = False) -> Matrix:
    """Return the solution X of ``triangle @ X = right``; only one triangle is read.

    A zero on the diagonal divides as IEEE numbers do.
    """
    size = len(triangle)
    solution: Matrix = [[] for _ in range(size)]
    for i in reversed(range(size)) if upper else range(size):
        row = right[i][:]
        for k in range(i + 1, size) if upper else range(i):
            factor = triangle[i][k]
            row = [x - factor * y for x, y in zip(row, solution[k], strict=True)]
        solution[i] = row if unit else [_quotient(x, triangle[i][i]) for x in row]
    return solution


def _quotient(dividend: float, divisor: float) -> float:
    if divisor:
        return dividend / divisor
    return dividend * float("inf") if dividend else float("nan")


def solve(factors: Factors, right: Matrix) -> Matrix:
    """Return the solution X of ``matrix @ X = right`` for the matrix that has ``factors``."""
    exchanged = exchange(right, factors.pivots)
    return substitute(factors.packed, substitute(factors.packed, exchanged, False, True), True)


def solve_transposed(factors: Factors, right: Matrix) -> Matrix:
    """Return the solution X of ``matrix.T @ X = right`` for the matrix that has ``factors``."""
    columns = transposed(factors.packed, len(factors.packed))
    inner = substitute(columns, right, False)
    return exchange_back(substitute(columns, inner, True, True), factors.pivots)


def cholesky(matrix: Matrix) -> tuple[Matrix, int]:
    """Return the lower triangle L with ``L @ L.T`` = ``matrix``, whose lower triangle is read.

    The second result is 0, or the order of the first leading minor that is not positive; the
    rest of L is then left as the matrix has it.

    >>> cholesky([[4.0, 0.0], [2.0, 2.0]])
    ([[2.0, 0.0], [1.0, 1.0]], 0)
    """
    size = len(matrix)
    lower = [row[: i + 1] + [0.0] * (size - i - 1) for i, row in enumerate(matrix)]
    for k in range(size):
        pivot = lower[k][k] - sum(x * x for x in lower[k][:k])
        if pivot <= 0 or isnan(pivot):
            return lower, k + 1
        root = lower[k][k] = sqrt(pivot)
        head = lower[k][:k]
        for row in lower[k + 1 :]:
            row[k] = (row[k] - sum(x * y for x, y in zip(row, head, strict=False))) / root
    return lower, 0
