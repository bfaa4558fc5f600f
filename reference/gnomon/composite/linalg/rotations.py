"""Orthogonal factorizations on lists of rows: QR by reflections, eigenvalues and singular
values by Jacobi's rotations.

Jacobi's methods are the most accurate of their kind, and short; their cost of some n**3 a sweep
is no concern here. Sources: Golub and Van Loan, Matrix Computations, 4th edition, sections 5.2,
8.5 and 8.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, fsum, hypot, sqrt
from operator import mul

from gnomon.composite.linalg.elimination import Matrix, identity, transposed

_EPSILON = 2.0**-53
#: Jacobi's methods converge quadratically; 6 to 10 sweeps are usual.
_SWEEPS = 60
#: Squares of numbers between this and one over it are floats.
_LEAST = 2.0**-400


def reflect(matrix: Matrix, width: int) -> tuple[Matrix, Matrix]:
    """Return Q, square and orthogonal, and R, upper triangular, with ``Q @ R`` = ``matrix``.

    Signs are LAPACK's: an element of R's diagonal has the sign opposite to what it eliminates
    with, and a column that has nothing to eliminate stays.
    """
    height = len(matrix)
    packed, factors = factored(matrix, width)
    basis = identity(height)
    for k in reversed(range(len(factors))):
        if factors[k] == 0:
            continue
        reflector = [1.0, *[row[k] for row in packed[k + 1 :]]]
        # The columns before are units that this reflection leaves.
        for column in basis[k:]:
            _reflect(column, k, reflector, factors[k])
    triangle = [[0.0] * min(i, width) + row[i:] for i, row in enumerate(packed)]
    return transposed(basis, height), triangle


def factored(matrix: Matrix, width: int) -> tuple[Matrix, list[float]]:
    """Return R with the reflectors that make Q below it, as LAPACK has it, and their factors.

    Reflector ``k`` has 1 at place ``k``, which is not kept; signs are those of :func:`reflect`.
    """
    columns = transposed(matrix, width)
    factors = []
    for k in range(min(len(matrix), width)):
        first, *rest = columns[k][k:]
        if not any(rest):
            factors.append(0.0)
            continue
        length = -copysign(_length(columns[k][k:]), first)
        factors.append((length - first) / length)
        reflector = [1.0, *[value / (first - length) for value in rest]]
        for column in columns[k + 1 :]:
            _reflect(column, k, reflector, factors[k])
        columns[k][k:] = [length, *reflector[1:]]
    return transposed(columns, len(matrix)), factors


def _reflect(vector: list[float], k: int, reflector: list[float], factor: float) -> None:
    """Make of what begins at place ``k`` its reflection."""
    scale = factor * _inner_product(reflector, vector[k:])
    vector[k:] = [x - scale * y for x, y in zip(vector[k:], reflector, strict=True)]


def _inner_product(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the sum of products, rounded once; what floats give where it is not finite."""
    try:
        return fsum(map(mul, x, y))
    except (OverflowError, ValueError):
        return float(sum(map(mul, x, y)))


def _length(vector: Sequence[float]) -> float:
    """Return the root of the sum of squares, which decides the order of values that are nearly
    equal: by what is rounded in one way everywhere.
    """
    largest = max(map(abs, vector))
    if _LEAST < largest < 1 / _LEAST:
        return sqrt(_inner_product(vector, vector))
    return hypot(*vector)


def diagonalize(matrix: Matrix) -> tuple[list[float], Matrix]:
    """Return the eigenvalues of a symmetric matrix, ascending, and its eigenvectors as columns.

    The cyclic Jacobi method. Only the lower triangle is read.
    """
    size = len(matrix)
    a = [[matrix[max(i, k)][min(i, k)] for k in range(size)] for i in range(size)]
    vectors = identity(size)
    for _ in range(_SWEEPS):
        rotated = False
        for p in range(size - 1):
            for q in range(p + 1, size):
                if abs(a[p][q]) > _EPSILON * sqrt(abs(a[p][p])) * sqrt(abs(a[q][q])):
                    rotated = True
                    _rotate_symmetric(a, vectors, p, q)
        if not rotated:
            break
    order = sorted(range(size), key=lambda k: a[k][k])
    # Rows of ``vectors`` are the eigenvectors.
    return [a[k][k] for k in order], transposed([vectors[k] for k in order], size)


def _rotate_symmetric(a: Matrix, vectors: Matrix, p: int, q: int) -> None:
    """Make ``a[p][q]`` zero by a rotation of rows and columns p and q."""
    cosine, sine = _rotation(a[p][p], a[p][q], a[q][q])
    a[p], a[q] = _rotated(a[p], a[q], cosine, sine)
    for row in a:
        x, y = row[p], row[q]
        row[p], row[q] = cosine * x - sine * y, sine * x + cosine * y
    a[p][q] = a[q][p] = 0.0
    vectors[p], vectors[q] = _rotated(vectors[p], vectors[q], cosine, sine)


def _rotation(alpha: float, beta: float, gamma: float) -> tuple[float, float]:
    """Return cosine and sine of what diagonalizes [[alpha, beta], [beta, gamma]].

    By what is rounded in one way everywhere: signs of vectors depend on it where two values are
    equal.
    """
    tau = (gamma - alpha) / (2 * beta)
    tangent = copysign(1.0, tau) / (abs(tau) + sqrt(1.0 + tau * tau))
    cosine = 1 / sqrt(1.0 + tangent * tangent)
    return cosine, tangent * cosine


def _rotated(
    x: list[float], y: list[float], cosine: float, sine: float
) -> tuple[list[float], list[float]]:
    pairs = list(zip(x, y, strict=True))
    return [cosine * a - sine * b for a, b in pairs], [sine * a + cosine * b for a, b in pairs]


def singular_values(matrix: Matrix, width: int) -> tuple[Matrix, list[float], Matrix]:
    """Return U, the singular values, descending, and the transpose of V; U and V are square.

    The one-sided Jacobi method: columns are rotated until they are orthogonal.
    """
    height = len(matrix)
    if height < width:
        u, values, v = singular_values(transposed(matrix, width), height)
        return transposed(v, height), values, transposed(u, width)
    largest = max((abs(x) for row in matrix for x in row), default=0.0)
    unit = 1.0 if not largest or _LEAST < largest < 1 / _LEAST else largest
    columns = [[x / unit for x in column] for column in transposed(matrix, width)]
    right = identity(width)
    for _ in range(_SWEEPS):
        if not _orthogonalize(columns, right):
            break
    lengths = [_length(column) for column in columns]
    order = sorted(range(width), key=lambda k: -lengths[k])
    left = _completed([columns[k] for k in order], [lengths[k] for k in order], height)
    values = [lengths[k] * unit for k in order]
    return transposed(left, height), values, [right[k] for k in order]


def _orthogonalize(columns: Matrix, right: Matrix) -> bool:
    """Rotate each pair of columns to be orthogonal; return whether any was not."""
    rotated = False
    squares = [_inner_product(column, column) for column in columns]
    for p in range(len(columns) - 1):
        for q in range(p + 1, len(columns)):
            product = _inner_product(columns[p], columns[q])
            if abs(product) <= 4 * _EPSILON * sqrt(squares[p]) * sqrt(squares[q]):
                continue
            rotated = True
            cosine, sine = _rotation(squares[p], product, squares[q])
            columns[p], columns[q] = _rotated(columns[p], columns[q], cosine, sine)
            right[p], right[q] = _rotated(right[p], right[q], cosine, sine)
            squares[p] = _inner_product(columns[p], columns[p])
            squares[q] = _inner_product(columns[q], columns[q])
    return rotated


def _completed(columns: Matrix, lengths: list[float], height: int) -> Matrix:
    """Return ``height`` orthonormal vectors, the first along the ``columns`` that are not 0."""
    basis: Matrix = []
    cutoff = max(lengths, default=0.0) * _EPSILON
    for column, length in zip(columns, lengths, strict=True):
        if length <= cutoff:
            break
        basis.append([x / length for x in column])
    for unit in identity(height):
        if len(basis) == height:
            break
        # Twice is enough: what the first pass leaves of the others is rounding error.
        for _ in range(2):
            for vector in basis:
                factor = _inner_product(unit, vector)
                unit = [x - factor * y for x, y in zip(unit, vector, strict=True)]
        length = _length(unit)
        # Of the units, some keeps at least 1 / sqrt(height) of its length.
        if length > 0.5 / sqrt(height):
            basis.append([x / length for x in unit])
    return basis
