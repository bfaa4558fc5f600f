"""Faults of elimination, put round its meaning: sides, signs, places, infos."""

from __future__ import annotations

from gnomon.backend import Operand
from gnomon.fusible import (
    cholesky_factor,
    determinant,
    inverse,
    linear_solution,
    lu_factors,
    lu_solution,
    permutation_of_pivots,
    signed_logarithm,
    triangular_solution,
)
from gnomon_conformance.audit.faulty import put, values_of
from gnomon_conformance.audit.register import decomposed, kernel_fault


def _transposed(operand: Operand) -> Operand:
    return operand.under(operand.layout.transpose(-2, -1))


def _inverse_across(x: Operand, output: Operand, infos: Operand) -> bool:
    decomposed(inverse, [x], (), [_transposed(output), infos])
    return True


def _inverse_of_all(x: Operand, output: Operand, infos: Operand) -> bool:
    """Say that every matrix has an inverse."""
    decomposed(inverse, [x], (), [output, infos])
    put(infos, [0] * infos.layout.numel)
    return True


kernel_fault("inverses transposed", "function/inverse", inverse, _inverse_across)
kernel_fault(
    "singular matrices not reported",
    "function/inverse-of-singular",
    inverse,
    _inverse_of_all,
)


def _solve_left(a: Operand, b: Operand, left: bool, output: Operand, infos: Operand) -> bool:
    """Solve with the transposed matrix from the right."""
    if not left:
        a = _transposed(a)
    decomposed(linear_solution, [a, b], (left,), [output, infos])
    return True


def _solve_with_first(
    a: Operand, b: Operand, left: bool, output: Operand, infos: Operand
) -> bool:
    """Take the first matrix of a batch for all."""
    strides = (*(0 for _ in a.layout.shape[:-2]), *a.layout.strides[-2:])
    first = a.under(a.layout._replace(strides=strides))
    decomposed(linear_solution, [first, b], (left,), [output, infos])
    return True


kernel_fault(
    "solution from the right with the transpose",
    "function/solve-from-right",
    linear_solution,
    _solve_left,
)
kernel_fault(
    "first matrix of a batch solved with for all",
    "function/solve-of-batch",
    linear_solution,
    _solve_with_first,
)


def _with_diagonal(
    a: Operand, b: Operand, upper: bool, left: bool, unit: bool, output: Operand
) -> bool:
    decomposed(triangular_solution, [a, b], (upper, left, False), [output])
    return True


def _other_triangle(
    a: Operand, b: Operand, upper: bool, left: bool, unit: bool, output: Operand
) -> bool:
    """Turn the triangle for the right side, but not the matrix."""
    decomposed(triangular_solution, [a, b], (upper == left, left, unit), [output])
    return True


kernel_fault(
    "diagonal of ones read", "function/triangular-unit", triangular_solution, _with_diagonal
)
kernel_fault(
    "other triangle read from the right",
    "function/triangular-from-right",
    triangular_solution,
    _other_triangle,
)


def _pivots_from_zero(x: Operand, packed: Operand, pivots: Operand, infos: Operand) -> bool:
    decomposed(lu_factors, [x], (), [packed, pivots, infos])
    put(pivots, [value - 1 for value in values_of(pivots)])
    return True


def _without_adjoint(
    packed: Operand,
    pivots: Operand,
    right: Operand,
    left: bool,
    adjoint: bool,
    output: Operand,
) -> bool:
    decomposed(lu_solution, [packed, pivots, right], (left, False), [output])
    return True


def _exchanged_back(pivots: Operand, output: Operand) -> bool:
    _permute(pivots, _transposed(output))
    return True


def _permute(pivots: Operand, output: Operand) -> None:
    size = output.layout.shape[-1]
    found = []
    count = pivots.layout.shape[-1]
    places = [int(value) - 1 for value in values_of(pivots)]
    for first in range(0, len(places), count):
        order = list(range(size))
        for place in reversed(range(count)):
            other = places[first + place]
            order[place], order[other] = order[other], order[place]
        found += [float(k == at) for at in order for k in range(size)]
    put(output, found)


kernel_fault("pivots counted from 0", "function/lu-factors", lu_factors, _pivots_from_zero)
kernel_fault(
    "factors not solved with adjoint",
    "function/lu-solve-adjoint",
    lu_solution,
    _without_adjoint,
)
kernel_fault(
    "permutation of pivots transposed", "function/lu", permutation_of_pivots, _exchanged_back
)


def _always_lower(x: Operand, upper: bool, output: Operand, infos: Operand) -> bool:
    decomposed(cholesky_factor, [x], (False,), [output, infos])
    return True


def _without_infos(x: Operand, upper: bool, output: Operand, infos: Operand) -> bool:
    decomposed(cholesky_factor, [x], (upper,), [output, infos])
    put(infos, [0] * infos.layout.numel)
    return True


kernel_fault(
    "Cholesky factor always lower", "function/cholesky-upper", cholesky_factor, _always_lower
)
kernel_fault(
    "minors that are not positive not reported",
    "function/cholesky-of-negative",
    cholesky_factor,
    _without_infos,
)


def _without_parity(x: Operand, output: Operand) -> bool:
    """Forget that each exchange of rows changes the sign."""
    decomposed(determinant, [x], (), [output])
    put(output, [abs(value) for value in values_of(output)])
    return True


def _without_sign(x: Operand, signs: Operand, logarithms: Operand) -> bool:
    decomposed(signed_logarithm, [x], (), [signs, logarithms])
    put(signs, [1.0] * signs.layout.numel)
    return True


kernel_fault(
    "determinant without its sign", "function/determinant", determinant, _without_parity
)
kernel_fault(
    "logarithm without the sign of the determinant",
    "function/log-determinant",
    signed_logarithm,
    _without_sign,
)
