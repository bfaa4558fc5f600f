"""What elimination computes, by the kernel of a backend that has one, or else by its meaning.

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
from gnomon.composite.linalg.eliminations import (
    cholesky_factor_of,
    determinant_of,
    inverse_of,
    lu_factors_of,
    lu_solution_of,
    permutation_of,
    signed_logarithm_of,
    solution_of,
    triangular_solution_of,
)
from gnomon.core import TensorCore
from gnomon.dtypes import int32

T = TypeVar("T", bound=TensorCore)


def inverses(input: T) -> tuple[T, T]:
    """Return the inverses, and for each matrix 0 or the place of the first zero pivot."""
    kernel = inverse_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        output = fresh_matrices(input)
        infos = fresh_numbers(input, batch_of(input), int32)
        if kernel(input.operand, output, infos):
            return input.like(output), input.like(infos)
    output, infos = (each.operand for each in inverse_of.decompose(input))
    return input.like(output), input.like(infos)


def solutions(matrices: T, right: T, left: bool) -> tuple[T, T]:
    """Return X with ``matrices @ X = right``, or ``X @ matrices = right`` unless ``left``, and
    0 or the place of the first zero pivot for each of ``matrices``, which broadcast.
    """
    kernel = solution_of.kernel_on(matrices.operand.storage.backend)
    if kernel is not None:
        shape = right.operand.layout.shape
        output = (fresh_matrices if left else fresh_numbers)(right, shape)
        infos = fresh_numbers(matrices, batch_of(matrices), int32)
        if kernel(matrices.operand, right.operand, left, output, infos):
            return matrices.like(output), matrices.like(infos)
    output, infos = (each.operand for each in solution_of.decompose(matrices, right, left))
    return matrices.like(output), matrices.like(infos)


def triangular_solutions(triangles: T, right: T, upper: bool, left: bool, unit: bool) -> T:
    """Return X with ``triangles @ X = right``, or ``X @ triangles = right`` unless ``left``."""
    given = triangles.operand, right.operand
    kernel = triangular_solution_of.kernel_on(triangles.operand.storage.backend)
    if kernel is not None:
        output = fresh_matrices(right)
        if kernel(*given, upper, left, unit, output):
            return triangles.like(output)
    found = triangular_solution_of.decompose(triangles, right, upper, left, unit)
    return triangles.like(found.operand)


def lu_factors(input: T) -> tuple[T, T, T]:
    """Return L and U in one matrix, the exchanges of rows counted from 1, and 0 or the place of
    the first zero pivot.
    """
    kernel = lu_factors_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        batch, packed = batch_of(input), fresh_matrices(input)
        pivots = fresh_numbers(input, (*batch, min(sizes_of(input))), int32)
        infos = fresh_numbers(input, batch, int32)
        if kernel(input.operand, packed, pivots, infos):
            return input.like(packed), input.like(pivots), input.like(infos)
    packed, pivots, infos = (each.operand for each in lu_factors_of.decompose(input))
    return input.like(packed), input.like(pivots), input.like(infos)


def lu_solutions(packed: T, pivots: T, right: T, left: bool, adjoint: bool) -> T:
    """Return X with ``A @ X = right``, or ``X @ A = right`` unless ``left``, for the A, or with
    ``adjoint`` its transpose, of LU factors.
    """
    kernel = lu_solution_of.kernel_on(packed.operand.storage.backend)
    if kernel is not None:
        output = fresh_matrices(right)
        given = packed.operand, pivots.operand, right.operand
        if kernel(*given, left, adjoint, output):
            return packed.like(output)
    found = lu_solution_of.decompose(packed, pivots, right, left, adjoint)
    return packed.like(found.operand)


def permutations(pivots: TensorCore, size: int, like: T) -> T:
    """Return the matrix of the exchanges of ``size`` rows, of the dtype of ``like``."""
    kernel = permutation_of.kernel_on(like.operand.storage.backend)
    if kernel is not None:
        shape = (*pivots.operand.layout.shape[:-1], size, size)
        output = fresh_numbers(like, shape, like.operand.dtype)
        if kernel(pivots.operand, output):
            return like.like(output)
    return like.like(permutation_of.decompose(pivots, size, like).operand)


def cholesky_factors(input: T, upper: bool) -> tuple[T, T]:
    """Return the triangles, and 0 or the order of the first minor that is not positive."""
    kernel = cholesky_factor_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        output = fresh_matrices(input)
        infos = fresh_numbers(input, batch_of(input), int32)
        if kernel(input.operand, upper, output, infos):
            return input.like(output), input.like(infos)
    output, infos = (each.operand for each in cholesky_factor_of.decompose(input, upper))
    return input.like(output), input.like(infos)


def determinants(input: T) -> T:
    """Return the determinants."""
    kernel = determinant_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        output = fresh_numbers(input, batch_of(input), input.operand.dtype)
        if kernel(input.operand, output):
            return input.like(output)
    return input.like(determinant_of.decompose(input).operand)


def signed_logarithms(input: T) -> tuple[T, T]:
    """Return the signs of determinants, and the logarithms of their sizes."""
    kernel = signed_logarithm_of.kernel_on(input.operand.storage.backend)
    if kernel is not None:
        dtype, batch = input.operand.dtype, batch_of(input)
        signs, logarithms = (fresh_numbers(input, batch, dtype) for _ in range(2))
        if kernel(input.operand, signs, logarithms):
            return input.like(signs), input.like(logarithms)
    signs, logarithms = (each.operand for each in signed_logarithm_of.decompose(input))
    return input.like(signs), input.like(logarithms)
