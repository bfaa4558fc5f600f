"""Faults of orthogonal factorizations and exponentials: sides, signs, order, infos."""

from __future__ import annotations

from gnomon.backend import Operand
from gnomon.fusible import (
    householder_reflectors,
    matrix_exponential,
    qr_factors,
    singular_vectors,
    symmetric_eigenvectors,
)
from gnomon_conformance.audit.faulty import put, values_of
from gnomon_conformance.audit.register import decomposed, kernel_fault


def _transposed(operand: Operand) -> Operand:
    return operand.under(operand.layout.transpose(-2, -1))


def _positive_diagonal(x: Operand, mode: str, q: Operand, r: Operand) -> bool:
    """Turn the signs of R and Q round."""
    decomposed(qr_factors, [x], (mode,), [q, r])
    for each in (q, r):
        put(each, [-value for value in values_of(each)])
    return True


def _not_eliminated(x: Operand, mode: str, q: Operand, r: Operand) -> bool:
    """Leave reflectors below R."""
    decomposed(qr_factors, [x], (mode,), [q, r])
    if mode == "complete":
        decomposed(householder_reflectors, [x], (), [r, None])
    return True


def _reduced_only(x: Operand, mode: str, q: Operand, r: Operand) -> bool:
    """Leave zeros where Q is completed."""
    decomposed(qr_factors, [x], (mode,), [q, r])
    least = min(x.layout.shape[-2:])
    if mode == "complete":
        width = q.layout.shape[-1]
        values = values_of(q)
        put(q, [value if k % width < least else 0.0 for k, value in enumerate(values)])
    return True


kernel_fault("QR with the other signs", "function/qr", qr_factors, _positive_diagonal)
kernel_fault("reflectors left below R", "function/qr-complete", qr_factors, _not_eliminated)
kernel_fault("Q not completed", "function/qr-complete", qr_factors, _reduced_only)


def _halved_factors(x: Operand, packed: Operand, factors: Operand) -> bool:
    """Give 1 / |v|**2 in place of 2 / |v|**2."""
    decomposed(householder_reflectors, [x], (), [packed, factors])
    put(factors, [float(value) / 2 for value in values_of(factors)])
    return True


kernel_fault(
    "factors of reflectors halved",
    "function/reflectors",
    householder_reflectors,
    _halved_factors,
)


def _always_lower(x: Operand, upper: bool, values: Operand, vectors: Operand) -> bool:
    decomposed(symmetric_eigenvectors, [x], (False,), [values, vectors])
    return True


def _in_rows(x: Operand, upper: bool, values: Operand, vectors: Operand) -> bool:
    """Give eigenvectors as rows."""
    decomposed(symmetric_eigenvectors, [x], (upper,), [values, _transposed(vectors)])
    return True


def _descending(x: Operand, upper: bool, values: Operand, vectors: Operand) -> bool:
    decomposed(symmetric_eigenvectors, [x], (upper,), [values, vectors])
    size = values.layout.shape[-1]
    found = values_of(values)
    rows = [found[k : k + size] for k in range(0, len(found), size)]
    put(values, [value for row in rows for value in reversed(row)])
    return True


kernel_fault(
    "eigenvalues always of the lower triangle",
    "function/eigenvectors-upper",
    symmetric_eigenvectors,
    _always_lower,
)
kernel_fault("eigenvectors in rows", "function/eigenvectors", symmetric_eigenvectors, _in_rows)
kernel_fault(
    "eigenvalues descending", "function/eigenvalues", symmetric_eigenvectors, _descending
)


def _v_in_place_of_its_transpose(
    x: Operand,
    full: bool,
    left: Operand,
    values: Operand,
    right: Operand,
    infos: Operand,
) -> bool:
    square = right.layout.shape[-1] == right.layout.shape[-2]
    last = _transposed(right) if square else right
    decomposed(singular_vectors, [x], (full,), [left, values, last, infos])
    return True


def _not_completed(
    x: Operand,
    full: bool,
    left: Operand,
    values: Operand,
    right: Operand,
    infos: Operand,
) -> bool:
    """Leave zeros in U behind the vectors of singular values that are not 0."""
    decomposed(singular_vectors, [x], (full,), [left, values, right, infos])
    width, count = left.layout.shape[-1], values.layout.shape[-1]
    sizes, found = values_of(values), values_of(left)
    height = left.layout.shape[-2]
    for k in range(len(found)):
        matrix, column = k // (height * width), k % width
        if column >= count or not sizes[matrix * count + column]:
            found[k] = 0.0
    put(left, found)
    return True


def _squared(
    x: Operand,
    full: bool,
    left: Operand,
    values: Operand,
    right: Operand,
    infos: Operand,
) -> bool:
    """Give the eigenvalues of A^T A."""
    decomposed(singular_vectors, [x], (full,), [left, values, right, infos])
    put(values, [float(value) ** 2 for value in values_of(values)])
    return True


kernel_fault(
    "V in place of its transpose",
    "function/singular-vectors",
    singular_vectors,
    _v_in_place_of_its_transpose,
)
kernel_fault(
    "U not completed",
    "function/singular-vectors-completed",
    singular_vectors,
    _not_completed,
)
kernel_fault("singular values squared", "function/singular-values", singular_vectors, _squared)


def _of_transpose(x: Operand, output: Operand) -> bool:
    decomposed(matrix_exponential, [_transposed(x)], (), [output])
    return True


def _first_terms(x: Operand, output: Operand) -> bool:
    """Give 1 + A."""
    size = x.layout.shape[-1]
    values = values_of(x)
    put(output, [float(v) + (k // size % size == k % size) for k, v in enumerate(values)])
    return True


kernel_fault(
    "exponential of the transpose",
    "function/matrix-exponential",
    matrix_exponential,
    _of_transpose,
)
kernel_fault(
    "exponential of two terms",
    "function/matrix-exponential",
    matrix_exponential,
    _first_terms,
)
