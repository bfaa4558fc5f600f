"""The records of orthogonal factorizations: QR, eigenvalues of symmetric matrices, and singular
values.

Their meaning goes through lists of Python's floats: nothing is rounded to the dtype before the
end. A backend may offer a kernel for each, which computes in float64 too. Results are laid out
column by column, as LAPACK's are.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, nan
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.composite.linalg.batches import (
    batch_of,
    integers_of,
    matrices_of,
    sizes_of,
    tensor_of,
    vectors_of,
)
from gnomon.composite.linalg.elimination import Matrix, transposed
from gnomon.composite.linalg.rotations import (
    diagonalize,
    factored,
    reflect,
    singular_values,
)
from gnomon.core import TensorCore
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite

T = TypeVar("T", bound=TensorCore)
_Pair: TypeAlias = tuple[TensorCore, TensorCore]
_Four: TypeAlias = tuple[TensorCore, TensorCore, TensorCore, TensorCore]

# Kernels take operands of any strides, write any dense ones, and return whether they did: False
# for matrices that the meaning is faster with.
#: ``(input, mode, q, r)``: the mode "reduced", "complete", or "r", whose q is empty.
QRKernel: TypeAlias = Callable[[Operand, str, Operand, Operand], bool]
QRMeaning: TypeAlias = Callable[[TensorCore, str], _Pair]
#: ``(input, packed, factors)``
ReflectorsKernel: TypeAlias = Callable[[Operand, Operand, Operand], bool]
ReflectorsMeaning: TypeAlias = Callable[[TensorCore], _Pair]
#: ``(input, upper, values, vectors)``
EigenvectorsKernel: TypeAlias = Callable[[Operand, bool, Operand, Operand], bool]
EigenvectorsMeaning: TypeAlias = Callable[[TensorCore, bool], _Pair]
#: ``(input, full, left, values, right, infos)``: int32 infos, one for each matrix.
SingularVectorsKernel: TypeAlias = Callable[
    [Operand, bool, Operand, Operand, Operand, Operand], bool
]
SingularVectorsMeaning: TypeAlias = Callable[[TensorCore, bool], _Four]


def shapes_of_qr(input: TensorCore, mode: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shapes of Q, which is empty for the mode "r", and of R."""
    height, width = sizes_of(input)
    inner = height if mode == "complete" else min(height, width)
    basis = (0,) if mode == "r" else (*batch_of(input), height, inner)
    return basis, (*batch_of(input), inner, width)


def _reflected(input: TensorCore, mode: str) -> _Pair:
    _, width = sizes_of(input)
    of_basis, of_triangle = shapes_of_qr(input, mode)
    inner = of_triangle[-2]
    bases: list[Matrix] = []
    triangles: list[Matrix] = []
    for matrix in matrices_of(input):
        basis, triangle = reflect(matrix, width)
        bases.append([row[:inner] for row in basis])
        triangles.append(triangle[:inner])
    r = tensor_of(input, triangles, of_triangle)
    q = vectors_of(input, [], of_basis) if mode == "r" else tensor_of(input, bases, of_basis)
    return q, r


qr_factors_of: Composite[QRMeaning, QRKernel] = Composite(
    name="qr_factors",
    definition=(
        "Q with orthonormal columns and R upper triangular, with Q @ R = input; a number on "
        "the diagonal of R has the sign opposite to that of what it eliminates with"
    ),
    special_cases="a column with nothing to eliminate stays; Q is empty for the mode 'r'",
    decompose=_reflected,
    tolerance=SumOfTerms(),
    gradients=("input",),
)


def _packed(input: TensorCore) -> _Pair:
    height, width = sizes_of(input)
    found = [factored(matrix, width) for matrix in matrices_of(input)]
    batch = batch_of(input)
    packed = tensor_of(input, [matrix for matrix, _ in found], (*batch, height, width))
    factors = [each for _, each in found]
    return packed, vectors_of(input, factors, (*batch, min(height, width)))


reflectors_of: Composite[ReflectorsMeaning, ReflectorsKernel] = Composite(
    name="householder_reflectors",
    definition=(
        "R on and above the diagonal, the reflectors whose product is Q below, and their "
        "factors"
    ),
    special_cases="the factor 0 for a column with nothing to eliminate",
    decompose=_packed,
    tolerance=SumOfTerms(),
)


def _diagonalized(input: TensorCore, upper: bool) -> _Pair:
    size, _ = sizes_of(input)
    values: list[list[float]] = []
    vectors: list[Matrix] = []
    for matrix in matrices_of(input):
        lower = transposed(matrix, size) if upper else matrix
        if all(isfinite(x) for k, row in enumerate(lower) for x in row[: k + 1]):
            diagonal, columns = diagonalize(lower)
        else:
            diagonal, columns = [nan] * size, [[nan] * size] * size
        values.append(diagonal)
        vectors.append(columns)
    shape = input.operand.layout.shape
    return vectors_of(input, values, shape[:-1]), tensor_of(input, vectors, shape)


eigenvectors_of: Composite[EigenvectorsMeaning, EigenvectorsKernel] = Composite(
    name="symmetric_eigenvectors",
    definition=(
        "the eigenvalues of symmetric matrices, ascending, and their eigenvectors, of the "
        "signs that Jacobi's rotations of the identity leave"
    ),
    special_cases="NaN where the triangle that is read is not finite",
    decompose=_diagonalized,
    tolerance=SumOfTerms(),
    gradients=("input",),
)


def shapes_of_svd(
    input: TensorCore, full: bool
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return the shapes of U, of the singular values, and of the transpose of V."""
    height, width = sizes_of(input)
    batch, least = batch_of(input), min(height, width)
    rows, columns = (height, width) if full else (least, least)
    return (*batch, height, rows), (*batch, least), (*batch, columns, width)


def _orthogonalized(input: TensorCore, full: bool) -> _Four:
    height, width = sizes_of(input)
    of_left, of_values, of_right = shapes_of_svd(input, full)
    rows, columns = of_left[-1], of_right[-2]
    lefts: list[Matrix] = []
    values: list[list[float]] = []
    rights: list[Matrix] = []
    infos: list[int] = []
    for matrix in matrices_of(input):
        finite = all(isfinite(x) for row in matrix for x in row)
        if finite:
            left, sizes, right = singular_values(matrix, width)
        else:
            left, right = [[nan] * height] * height, [[nan] * width] * width
            sizes = [nan] * min(height, width)
        lefts.append([row[:rows] for row in left])
        values.append(sizes)
        rights.append(right[:columns])
        infos.append(int(not finite))
    return (
        tensor_of(input, lefts, of_left),
        vectors_of(input, values, of_values),
        tensor_of(input, rights, of_right),
        integers_of(input, infos, batch_of(input)),
    )


singular_vectors_of: Composite[SingularVectorsMeaning, SingularVectorsKernel] = Composite(
    name="singular_vectors",
    definition=(
        "U, the singular values, descending, and the transpose of V, of the signs that "
        "Jacobi's rotations of the identity leave, and whether a matrix is not finite"
    ),
    special_cases="NaN, and 1, for a matrix that is not finite",
    decompose=_orthogonalized,
    tolerance=SumOfTerms(),
    gradients=("input",),
)
