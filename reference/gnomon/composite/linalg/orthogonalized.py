"""Orthogonal factorizations, by the kernel of a backend that has one, or else by their meaning.

All of it lies outside the graph: the operations record what they make of it themselves.
"""

from __future__ import annotations

from typing import TypeVar

from gnomon.composite.linalg.batches import (
    batch_of,
    fresh_matrices,
    fresh_numbers,
    sizes_of,
)
from gnomon.composite.linalg.orthogonalizations import (
    eigenvectors_of,
    qr_factors_of,
    reflectors_of,
    shapes_of_qr,
    shapes_of_svd,
    singular_vectors_of,
)
from gnomon.core import TensorCore
from gnomon.dtypes import int32

T = TypeVar("T", bound=TensorCore)


def qr_factors(input: T, mode: str) -> tuple[T, T]:
    """Return Q and R of the mode "reduced", "complete", or "r", whose Q is empty."""
    kernel = qr_factors_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        of_basis, of_triangle = shapes_of_qr(input, mode)
        q = fresh_numbers(input, of_basis) if mode == "r" else fresh_matrices(input, of_basis)
        r = fresh_matrices(input, of_triangle)
        if kernel(input.operand, mode, q, r):
            return input.like(q), input.like(r)
    q, r = (each.operand for each in qr_factors_of.decompose(input, mode))
    return input.like(q), input.like(r)


def reflectors(input: T) -> tuple[T, T]:
    """Return R with the reflectors that make Q below its diagonal, and their factors."""
    kernel = reflectors_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        packed = fresh_matrices(input)
        factors = fresh_numbers(input, (*batch_of(input), min(sizes_of(input))))
        if kernel(input.operand, packed, factors):
            return input.like(packed), input.like(factors)
    packed, factors = (each.operand for each in reflectors_of.decompose(input))
    return input.like(packed), input.like(factors)


def eigenvectors(input: T, upper: bool) -> tuple[T, T]:
    """Return the eigenvalues of symmetric matrices, of which one triangle is read, ascending,
    and their eigenvectors.
    """
    kernel = eigenvectors_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        values = fresh_numbers(input, input.operand.layout.shape[:-1])
        vectors = fresh_matrices(input)
        if kernel(input.operand, upper, values, vectors):
            return input.like(values), input.like(vectors)
    values, vectors = (each.operand for each in eigenvectors_of.decompose(input, upper))
    return input.like(values), input.like(vectors)


def singular_vectors(input: T, full: bool) -> tuple[T, T, T, T]:
    """Return U, the singular values, the transpose of V, and 1 for a matrix that is not finite,
    else 0.
    """
    kernel = singular_vectors_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        of_left, of_values, of_right = shapes_of_svd(input, full)
        left, right = fresh_matrices(input, of_left), fresh_matrices(input, of_right)
        values = fresh_numbers(input, of_values)
        infos = fresh_numbers(input, batch_of(input), int32)
        if kernel(input.operand, full, left, values, right, infos):
            return input.like(left), input.like(values), input.like(right), input.like(infos)
    parts = singular_vectors_of.decompose(input, full)
    left, values, right, infos = (each.operand for each in parts)
    return input.like(left), input.like(values), input.like(right), input.like(infos)
