"""LU factorizations with row exchanges, and what is solved with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from gnomon.backend import Operand
from gnomon.composite.linalg.batches import (
    all_zero,
    batch_of,
    check_matrices,
    check_square,
    identity_like,
    mT,
    sizes_of,
    tensor_of,
)
from gnomon.composite.linalg.eliminated import lu_factors, lu_solutions, permutations
from gnomon.composite.linalg.inverses import check_fit, solve_triangular
from gnomon.composite.matmul import matmul
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import common_backend, contiguous, filled, values_of
from gnomon.dtypes import int32
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.graph.nodes import recording
from gnomon.layout import broadcast_shapes
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.composite import record_composite
from gnomon.op.foundation import add
from gnomon.op.output import deliver
from gnomon.ops.arithmetic import mul, neg, sub
from gnomon.ops.comparison import ge, le
from gnomon.ops.joining import cat
from gnomon.ops.logic import logical_and
from gnomon.ops.rearranging import tril, triu
from gnomon.ops.slicing import narrow
from gnomon.ops.truth import holds
from gnomon.ops.views import EXPAND
from gnomon.return_types import linalg_lu, linalg_lu_factor, linalg_lu_factor_ex
from gnomon.return_types import lu_unpack as unpacked

__all__ = ["lu", "lu_solve", "lu_unpack"]

T = TypeVar("T", bound=TensorCore)


def linalg_lu_of(
    A: T,
    *,
    pivot: bool = True,
) -> linalg_lu[T]:
    """Return P, L and U with ``P @ L @ U`` = A, of matrices (\\*, m, n).

    P permutes rows, L has ones on its diagonal, U is upper triangular. Raises RuntimeError
    unless ``pivot``: elimination without row exchanges is not defined on the CPU.
    """
    _check_factors("linalg.lu", A, pivot)
    packed, pivots, _ = lu_factors(A)
    lower, upper = _parts(packed)
    permutation = permutations(pivots, sizes_of(A)[0], A)
    record_composite(
        "LinalgLuBackward0",
        (A,),
        (lower, upper),
        (permutation, lower, upper),
        lambda g, saved, _: (_slope(g[0], g[1], saved),),
    )
    return linalg_lu((permutation, lower, upper))


def lu_factor(
    A: T,
    *,
    pivot: bool = True,
) -> linalg_lu_factor[T]:
    """Return L and U in one matrix, and the row exchanges as int32, counted from 1.

    Raises RuntimeError for a zero on U's diagonal, with which ``lu_solve`` would divide.
    """
    result, pivots, infos = _factored("linalg.lu_factor", A, pivot)
    if not all_zero(infos):
        info = next(info for info in values_of(infos.operand) if info)
        raise RuntimeError(
            explain(
                "linalg.lu_factor",
                f"U[{info},{info}] is zero and using it on lu_solve would result in a division "
                "by zero",
                A,
                remedy="Use linalg.lu or linalg.lu_factor_ex, which do not look at it",
            )
        )
    return linalg_lu_factor((result, pivots))


def lu_factor_ex(
    A: T,
    *,
    pivot: bool = True,
    check_errors: bool = False,
) -> linalg_lu_factor_ex[T]:
    """Return what ``lu_factor`` does, and the place of the first zero on U's diagonal, or 0."""
    if check_errors:
        lu_factor(A.like(A.operand), pivot=pivot)
    result, pivots, infos = _factored("linalg.lu_factor_ex", A, pivot)
    return linalg_lu_factor_ex((result, pivots, infos))


@kinds_checked
def lu(
    A: T,
    pivot: bool = True,
    get_infos: bool = False,
) -> tuple[T, ...]:
    """Return L and U in one matrix and the row exchanges; with ``get_infos``, infos too."""
    results = lu_factor_ex(A, pivot=pivot)
    return tuple(results) if get_infos else tuple(results[:2])


def _check_factors(operation: str, input: TensorCore, pivot: bool) -> None:
    check_matrices(operation, input)
    if not pivot:
        raise RuntimeError(
            explain(
                operation,
                "LU without pivoting is not implemented on the CPU",
                input,
                remedy="Leave pivot=False away",
            )
        )


def _parts(packed: T) -> tuple[T, T]:
    """Return the L and the U that are packed into one matrix, with no history."""
    height, width = sizes_of(packed)
    least = min(height, width)
    with no_grad():
        ones = identity_like(packed, height, least)
        lower = add(tril(narrow(packed, -1, 0, least), -1), ones)
        upper = triu(narrow(packed, -2, 0, least))
    return packed.like(contiguous(lower.operand)), packed.like(contiguous(upper.operand))


def _factored(operation: str, input: T, pivot: bool) -> tuple[T, T, T]:
    _check_factors(operation, input, pivot)
    result, pivots, infos = lu_factors(input)
    if recording(input):
        permutation = permutations(pivots, sizes_of(input)[0], input)
        saved = (permutation, result)
        label = "LinalgLuFactorExBackward0"
        record_composite(label, (input,), (result,), saved, _packed_slope)
    return result, pivots, infos


def _packed_slope(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    g, permutation, packed = cotangents[0], saved[0], saved[1]
    assert g is not None and permutation is not None and packed is not None
    height, width = sizes_of(packed)
    least = min(height, width)
    ones = identity_like(packed, height, least)
    lower = add(tril(narrow(packed, -1, 0, least), -1), ones)
    upper = triu(narrow(packed, -2, 0, least))
    parts = (permutation, lower, upper)
    return (_slope(narrow(g, -1, 0, least), narrow(g, -2, 0, least), parts),)


def _slope(
    lower_slope: TensorCore | None,
    upper_slope: TensorCore | None,
    parts: Sequence[TensorCore | None],
) -> TensorCore:
    """Return the cotangent of P @ L @ U, given those of L and U; of each its own triangle
    counts.

    For square factors P L^-T (tril(L^T gL, -1) + triu(gU U^T)) U^-T; what a tall L or a wide U
    has beyond the square is the solution of a triangular system, and is differentiated as such.
    """
    permutation, lower, upper = parts
    assert permutation is not None and lower is not None and upper is not None
    height, least = sizes_of(lower)
    _, width = sizes_of(upper)
    lower_slope = mul(lower, 0) if lower_slope is None else tril(lower_slope, -1)
    upper_slope = mul(upper, 0) if upper_slope is None else triu(upper_slope)
    below = right = None
    square_lower, square_upper = narrow(lower, -2, 0, least), narrow(upper, -1, 0, least)
    if height > least:
        rest = narrow(lower, -2, least, height - least)
        below = _over(narrow(lower_slope, -2, least, height - least), square_upper)
        upper_slope = sub(upper_slope, triu(matmul(mT(rest), below)))
    if width > least:
        rest = narrow(upper, -1, least, width - least)
        right = _under(square_lower, narrow(upper_slope, -1, least, width - least))
        lower_slope = sub(lower_slope, tril(matmul(right, mT(rest)), -1))
    inner = add(
        tril(matmul(mT(square_lower), narrow(lower_slope, -2, 0, least)), -1),
        triu(matmul(narrow(upper_slope, -1, 0, least), mT(square_upper))),
    )
    result = _over(_under(square_lower, inner), square_upper)
    if below is not None:
        result = cat([result, below], -2)
    if right is not None:
        result = cat([result, right], -1)
    return matmul(permutation, result)


def _under(lower: TensorCore, right: TensorCore) -> TensorCore:
    """Return L^-T @ right."""
    return solve_triangular(mT(lower), right, upper=True, unitriangular=True)


def _over(left: TensorCore, upper: TensorCore) -> TensorCore:
    """Return left @ U^-T."""
    return solve_triangular(mT(upper), left, upper=False, left=False)


@kinds_checked
def lu_unpack(
    LU_data: T,
    LU_pivots: T,
    unpack_data: bool = True,
    unpack_pivots: bool = True,
) -> unpacked[T]:
    """Return P, L and U of what ``lu_factor`` returned; empty where not wanted."""
    _check_pivots("lu_unpack", LU_data, LU_pivots)
    permutation = lower = upper = tensor_of(LU_data, [], (0, 0))
    if unpack_data:
        lower, upper = _parts(LU_data)
        derivative = partial(_unpacked_slope, LU_data.operand.layout.shape)
        record_composite("LuUnpackBackward0", (LU_data,), (lower, upper), (), derivative)
    if unpack_pivots:
        _check_places("lu_unpack", LU_data, LU_pivots)
        permutation = permutations(LU_pivots, sizes_of(LU_data)[0], LU_data)
    return unpacked((permutation, lower, upper))


def _unpacked_slope(
    shape: tuple[int, ...],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    *batch, height, width = shape
    lower, upper = cotangents
    least = min(height, width)
    parts: list[TensorCore] = []
    if lower is not None:
        beside = (*batch, height, width - least)
        parts.append(cat([tril(lower, -1), lower.like(_zeros(lower, beside))], -1))
    if upper is not None:
        beneath = (*batch, height - least, width)
        parts.append(cat([triu(upper), upper.like(_zeros(upper, beneath))], -2))
    return (parts[0] if len(parts) == 1 else add(parts[0], parts[1]),)


def _zeros(like: TensorCore, shape: tuple[int, ...]) -> Operand:
    return filled(like.operand.storage.backend, shape, like.operand.dtype, 0)


def _check_pivots(operation: str, packed: TensorCore, pivots: TensorCore) -> None:
    check_matrices(operation, packed)
    common_backend(operation, (packed, pivots))
    shape = packed.operand.layout.shape
    if pivots.operand.dtype is not int32:
        rule = "pivots should be a Tensor of scalar type gnomon.int32"
    elif pivots.operand.layout.shape != (*shape[:-2], min(shape[-2:])):
        rule = "the number of pivots should be the smaller size of the matrices"
    else:
        return
    raise RuntimeError(
        explain(operation, rule, packed, pivots, remedy="Give what lu_factor returned")
    )


def _check_places(operation: str, packed: TensorCore, pivots: TensorCore) -> None:
    """Raise RuntimeError for a pivot that is no row."""
    height, _ = sizes_of(packed)
    with no_grad():
        are_rows = holds(logical_and(ge(pivots, 1), le(pivots, height)))
    if not are_rows:
        rule = f"pivots should be between 1 and {height}, the number of rows"
        remedy = "Give what lu_factor returned"
        raise RuntimeError(explain(operation, rule, packed, pivots, remedy=remedy))


def linalg_lu_solve(
    LU: T,
    pivots: T,
    B: T,
    *,
    left: bool = True,
    adjoint: bool = False,
    out: T | None = None,
) -> T:
    """Return X with ``A @ X = B``, or ``X @ A = B`` unless ``left``, for the factors of A.

    ``adjoint`` puts the transpose of A in its place. Batches broadcast.
    """
    operation = "linalg.lu_solve"
    _check_pivots(operation, LU, pivots)
    check_square(operation, LU)
    check_matrices(operation, LU, B)
    check_fit(operation, LU, B, left)
    batch = broadcast_shapes(batch_of(LU), batch_of(B), operation=operation)
    _check_places(operation, LU, pivots)
    with no_grad():
        factors, right = (EXPAND(each, (*batch, *sizes_of(each))) for each in (LU, B))
        places = EXPAND(pivots, (*batch, pivots.operand.layout.shape[-1]))
    result = lu_solutions(factors, places, right, left, adjoint)
    derivative = partial(_solution_slope, left, adjoint)
    record_composite(
        "LinalgLuSolveBackward0", (LU, B), (result,), (LU, pivots, result), derivative
    )
    return result if out is None else deliver(operation, result, out, (LU, B))


def _solution_slope(
    left: bool,
    adjoint: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    g, packed, pivots, x = cotangents[0], *saved
    assert g is not None and packed is not None and pivots is not None and x is not None
    right_slope = linalg_lu_solve(packed, pivots, g, left=left, adjoint=not adjoint)
    if not needs[0]:
        return None, right_slope
    product = matmul(right_slope, mT(x)) if left else matmul(mT(x), right_slope)
    matrix_slope = neg(mT(product) if adjoint else product)
    permutation, lower, upper = lu_unpack(packed, pivots)
    exchanged = matmul(mT(permutation), matrix_slope)
    packed_slope = add(
        tril(matmul(exchanged, mT(upper)), -1), triu(matmul(mT(lower), exchanged))
    )
    return packed_slope, right_slope


@kinds_checked
def lu_solve(
    b: T,
    LU_data: T,
    LU_pivots: T,
    *,
    out: T | None = None,
) -> T:
    """Return X with ``A @ X = b`` for the factors of A: ``linalg.lu_solve``."""
    return linalg_lu_solve(LU_data, LU_pivots, b, out=out)
