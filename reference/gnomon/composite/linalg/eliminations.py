"""The records of what elimination computes: inverses, solutions, LU and Cholesky factors,
determinants.

Their meaning goes through lists of Python's floats: nothing is rounded to the dtype before the
end. A backend may offer a kernel for each, which computes in float64 too. Results are laid out
column by column, as LAPACK's are.
"""

from __future__ import annotations

from collections.abc import Callable
from math import copysign, fsum, log, prod
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
from gnomon.composite.linalg.elimination import (
    Factors,
    Matrix,
    eliminate,
    exchange_back,
    identity,
    solve,
    solve_transposed,
    substitute,
    transposed,
)
from gnomon.composite.linalg.elimination import cholesky as cholesky_rows
from gnomon.core import TensorCore
from gnomon.dispatch import values_of
from gnomon.layout import Layout
from gnomon.op.claims import EXACT, SumOfTerms
from gnomon.op.composite import Composite

T = TypeVar("T", bound=TensorCore)
_Pair: TypeAlias = tuple[TensorCore, TensorCore]
_Triple: TypeAlias = tuple[TensorCore, TensorCore, TensorCore]

# Kernels take operands of any strides, write any dense ones, and return whether they did: False
# for matrices that the meaning is faster with. ``infos`` are int32 and contiguous, one for each
# matrix.
#: ``(input, output, infos)``
InverseKernel: TypeAlias = Callable[[Operand, Operand, Operand], bool]
InverseMeaning: TypeAlias = Callable[[TensorCore], _Pair]
#: ``(matrices, right, left, output, infos)``: ``right`` has the batch of the output, to which
#: that of ``matrices`` broadcasts.
SolutionKernel: TypeAlias = Callable[[Operand, Operand, bool, Operand, Operand], bool]
SolutionMeaning: TypeAlias = Callable[[TensorCore, TensorCore, bool], _Pair]
#: ``(triangles, right, upper, left, unit, output)``: all of one batch.
TriangularKernel: TypeAlias = Callable[[Operand, Operand, bool, bool, bool, Operand], bool]
TriangularMeaning: TypeAlias = Callable[[TensorCore, TensorCore, bool, bool, bool], TensorCore]
#: ``(input, packed, pivots, infos)``: int32 pivots, counted from 1.
LUKernel: TypeAlias = Callable[[Operand, Operand, Operand, Operand], bool]
LUMeaning: TypeAlias = Callable[[TensorCore], _Triple]
#: ``(packed, pivots, right, left, adjoint, output)``: all of one batch.
LUSolutionKernel: TypeAlias = Callable[[Operand, Operand, Operand, bool, bool, Operand], bool]
LUSolutionMeaning: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, bool, bool], TensorCore
]
#: ``(pivots, output)``
PermutationKernel: TypeAlias = Callable[[Operand, Operand], bool]
PermutationMeaning: TypeAlias = Callable[[TensorCore, int, TensorCore], TensorCore]
#: ``(input, upper, output, infos)``
CholeskyKernel: TypeAlias = Callable[[Operand, bool, Operand, Operand], bool]
CholeskyMeaning: TypeAlias = Callable[[TensorCore, bool], _Pair]
#: ``(input, output)``
DeterminantKernel: TypeAlias = Callable[[Operand, Operand], bool]
DeterminantMeaning: TypeAlias = Callable[[TensorCore], TensorCore]
#: ``(input, signs, logarithms)``
SignedLogarithmKernel: TypeAlias = Callable[[Operand, Operand, Operand], bool]
SignedLogarithmMeaning: TypeAlias = Callable[[TensorCore], _Pair]


def _inverted(input: TensorCore) -> _Pair:
    size, _ = sizes_of(input)
    results: list[Matrix] = []
    infos: list[int] = []
    for matrix in matrices_of(input):
        factors = eliminate(matrix)
        infos.append(factors.info)
        results.append(matrix if factors.info else solve(factors, identity(size)))
    shape = input.operand.layout.shape
    return tensor_of(input, results, shape), integers_of(input, infos, shape[:-2])


inverse_of: Composite[InverseMeaning, InverseKernel] = Composite(
    name="inverse",
    definition="the inverses of square matrices, and where the first zero pivot of each is",
    special_cases="a singular matrix stays as it is; 0 where no pivot is zero",
    decompose=_inverted,
    tolerance=SumOfTerms(),
    gradients=("input",),
)


def _solved(matrices: TensorCore, right: TensorCore, left: bool) -> _Pair:
    rows, columns = sizes_of(right)
    all_factors = [eliminate(matrix) for matrix in matrices_of(matrices)]
    spread = _positions(batch_of(matrices), batch_of(right))
    results: list[Matrix] = []
    for place, matrix in zip(spread, matrices_of(right), strict=True):
        factors = all_factors[place]
        if factors.info:
            results.append(matrix)
        elif left:
            results.append(solve(factors, matrix))
        else:
            across = solve_transposed(factors, transposed(matrix, columns))
            results.append(transposed(across, rows))
    infos = [factors.info for factors in all_factors]
    result = tensor_of(matrices, results, right.operand.layout.shape, by_columns=left)
    return result, integers_of(matrices, infos, batch_of(matrices))


def _positions(given: tuple[int, ...], batch: tuple[int, ...]) -> list[int]:
    """Return, for each element of ``batch``, which of the elements of ``given`` broadcasts
    there.
    """
    return list(Layout.contiguous(given).expand(batch).positions())


solution_of: Composite[SolutionMeaning, SolutionKernel] = Composite(
    name="linear_solution",
    definition=(
        "X with matrices @ X = right, or X @ matrices = right unless left, and where the first "
        "zero pivot of each matrix is"
    ),
    special_cases="for a singular matrix the right side; 0 where no pivot is zero",
    decompose=_solved,
    tolerance=SumOfTerms(),
    gradients=("matrices", "right"),
)


def _substituted(
    triangles: TensorCore, right: TensorCore, upper: bool, left: bool, unit: bool
) -> TensorCore:
    rows, columns = sizes_of(right)
    results: list[Matrix] = []
    for triangle, matrix in zip(matrices_of(triangles), matrices_of(right), strict=True):
        if left:
            results.append(substitute(triangle, matrix, upper, unit))
        else:
            across, over = transposed(triangle, columns), transposed(matrix, columns)
            results.append(transposed(substitute(across, over, not upper, unit), rows))
    return tensor_of(triangles, results, right.operand.layout.shape)


triangular_solution_of: Composite[TriangularMeaning, TriangularKernel] = Composite(
    name="triangular_solution",
    definition="X with triangles @ X = right, or X @ triangles = right unless left",
    special_cases="inf or NaN for a zero on the diagonal, which is not read if unit",
    decompose=_substituted,
    tolerance=SumOfTerms(),
    gradients=("triangles", "right"),
)


def _factored(input: TensorCore) -> _Triple:
    height, width = sizes_of(input)
    batch = batch_of(input)
    factors = [eliminate(matrix) for matrix in matrices_of(input)]
    packed = tensor_of(input, [each.packed for each in factors], (*batch, height, width))
    exchanges = [place + 1 for each in factors for place in each.pivots]
    pivots = integers_of(input, exchanges, (*batch, min(height, width)))
    return packed, pivots, integers_of(input, [each.info for each in factors], batch)


lu_factors_of: Composite[LUMeaning, LUKernel] = Composite(
    name="lu_factors",
    definition=(
        "L below and U on and above the diagonal, the exchanges of rows, and where the first "
        "zero pivot is"
    ),
    special_cases="a column of zeros is left out; 0 where no pivot is zero",
    decompose=_factored,
    tolerance=SumOfTerms(),
    gradients=("input",),
)


def _solved_by_factors(
    packed: TensorCore, pivots: TensorCore, right: TensorCore, left: bool, adjoint: bool
) -> TensorCore:
    rows, columns = sizes_of(right)
    # X A = B is the transposed system.
    solver = solve_transposed if adjoint == left else solve
    results: list[Matrix] = []
    for matrix, places, given in zip(
        matrices_of(packed), _places_of(pivots), matrices_of(right), strict=True
    ):
        factors = Factors(matrix, places, 0)
        if left:
            results.append(solver(factors, given))
        else:
            results.append(transposed(solver(factors, transposed(given, columns)), rows))
    return tensor_of(packed, results, right.operand.layout.shape)


def _places_of(pivots: TensorCore) -> list[list[int]]:
    *batch, count = pivots.operand.layout.shape
    values = [int(value) - 1 for value in values_of(pivots.operand)]
    return [values[k * count : (k + 1) * count] for k in range(prod(batch))]


lu_solution_of: Composite[LUSolutionMeaning, LUSolutionKernel] = Composite(
    name="lu_solution",
    definition=(
        "X with A @ X = right, or X @ A = right unless left, for the A, or with adjoint its "
        "transpose, of LU factors"
    ),
    decompose=_solved_by_factors,
    tolerance=SumOfTerms(),
    gradients=("packed", "right"),
)


def _permuted(pivots: TensorCore, size: int, like: TensorCore) -> TensorCore:
    rows = [exchange_back(identity(size), places) for places in _places_of(pivots)]
    shape = (*pivots.operand.layout.shape[:-1], size, size)
    return tensor_of(like, rows, shape, by_columns=False)


permutation_of: Composite[PermutationMeaning, PermutationKernel] = Composite(
    name="permutation_of_pivots",
    definition="the matrix P of the exchanges of rows that LU factors were found with",
    decompose=_permuted,
    tolerance=EXACT,
)


def _rooted(input: TensorCore, upper: bool) -> _Pair:
    size, _ = sizes_of(input)
    matrices = matrices_of(input)
    if upper:
        matrices = [transposed(matrix, size) for matrix in matrices]
    factored = [cholesky_rows(matrix) for matrix in matrices]
    triangles = [lower for lower, _ in factored]
    if upper:
        triangles = [transposed(lower, size) for lower in triangles]
    shape = input.operand.layout.shape
    infos = integers_of(input, [info for _, info in factored], shape[:-2])
    return tensor_of(input, triangles, shape), infos


cholesky_factor_of: Composite[CholeskyMeaning, CholeskyKernel] = Composite(
    name="cholesky_factor",
    definition=(
        "the triangle L with L @ L.T = input, or its transpose if upper, and the order of the "
        "first minor that is not positive"
    ),
    special_cases="the rest of L is then the input's; 0 where all are positive",
    decompose=_rooted,
    tolerance=SumOfTerms(),
    gradients=("input",),
)


def _determinants(input: TensorCore) -> TensorCore:
    values = []
    for matrix in matrices_of(input):
        factors = eliminate(matrix)
        values.append(_parity(factors) * prod(_diagonal(factors)))
    return vectors_of(input, [values], batch_of(input))


def _diagonal(factors: Factors) -> list[float]:
    return [row[k] for k, row in enumerate(factors.packed)]


def _parity(factors: Factors) -> float:
    exchanges = sum(place != other for place, other in enumerate(factors.pivots))
    return -1.0 if exchanges % 2 else 1.0


determinant_of: Composite[DeterminantMeaning, DeterminantKernel] = Composite(
    name="determinant",
    definition="the determinants of square matrices",
    decompose=_determinants,
    tolerance=SumOfTerms(),
    gradients=("input",),
)


def _signs_and_logarithms(input: TensorCore) -> _Pair:
    signs: list[float] = []
    logarithms: list[float] = []
    for matrix in matrices_of(input):
        factors = eliminate(matrix)
        diagonal = _diagonal(factors)
        zero = 0.0 in diagonal
        signs.append(0.0 if zero else _parity(factors) * prod(copysign(1, x) for x in diagonal))
        logarithms.append(-float("inf") if zero else fsum(log(abs(x)) for x in diagonal))
    batch = batch_of(input)
    return vectors_of(input, [signs], batch), vectors_of(input, [logarithms], batch)


signed_logarithm_of: Composite[SignedLogarithmMeaning, SignedLogarithmKernel] = Composite(
    name="signed_logarithm_of_determinant",
    definition="the signs of determinants, and the logarithms of their sizes",
    special_cases="0 and -inf for a singular matrix",
    decompose=_signs_and_logarithms,
    tolerance=SumOfTerms(),
    gradients=("input",),
)
