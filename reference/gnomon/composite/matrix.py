"""Products of matrices and vectors: one composite, and the shape rules around it.

``matmul`` reduces every case to a product of two matrices, of two batches of matrices, of a
matrix and a vector, or of two vectors; all four are the composite ``matrix_product``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, common_backend
from gnomon.dtypes import bool_
from gnomon.errors import explain
from gnomon.layout import Layout, broadcast_shapes
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite, record_composite
from gnomon.op.foundation import sum_of
from gnomon.op.output import deliver
from gnomon.ops.arithmetic import mul
from gnomon.ops.views import EXPAND, reshape, transpose, unsqueeze

__all__ = ["bmm", "dot", "matmul", "mm", "mv"]

T = TypeVar("T", bound=TensorCore)

#: ``(batch of n x k, batch of k x m, output: batch of n x m)``
MatrixProductKernel: TypeAlias = Callable[[Operand, Operand, Operand], None]
MatrixProductMeaning: TypeAlias = Callable[[TensorCore, TensorCore], TensorCore]


def _multiply_and_sum(left: TensorCore, right: TensorCore) -> TensorCore:
    terms = mul(unsqueeze(left, -1), unsqueeze(right, -3))
    return sum_of(terms, -2, dtype=left.operand.dtype)


matrix_product: Composite[MatrixProductMeaning, MatrixProductKernel] = Composite(
    name="matrix_product",
    decompose=_multiply_and_sum,
    tolerance=SumOfTerms(),
)


def _product(left: Operand, right: Operand, shape: tuple[int, ...], like: T) -> T:
    """Return the product of two batches of matrices as a tensor of ``shape``, outside any
    graph.
    """
    backend = left.storage.backend
    batch, rows, _ = left.layout.shape
    columns = right.layout.shape[2]
    kernel = matrix_product.kernel_on(backend)
    if kernel is None:
        whole = matrix_product.decompose(like.like(left), like.like(right)).operand
    else:
        whole = allocate(backend, Layout.contiguous((batch, rows, columns)), left.dtype)
        kernel(left, right, whole)
    return like.like(whole._replace(layout=whole.layout.view(shape)))


def mm(input: T, mat2: T, *, out: T | None = None) -> T:
    """Return the product of two matrices, (n, k) and (k, m), as (n, m).

    Raises RuntimeError for other ranks, differing inner sizes or dtypes.
    """
    _check("mm", input, mat2, 2, 2)
    result = _product(
        _unsqueezed(input, 0),
        _unsqueezed(mat2, 0),
        (input.operand.layout.shape[0], mat2.operand.layout.shape[1]),
        input,
    )
    record_composite("MmBackward0", (input, mat2), (result,), (input, mat2), _mm_derivative)
    return result if out is None else deliver("mm", result, out, (input, mat2))


def _mm_derivative(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    cotangent, left, right = cotangents[0], saved[0], saved[1]
    assert cotangent is not None and left is not None and right is not None
    return (
        mm(cotangent, transpose(right, 0, 1)) if needs[0] else None,
        mm(transpose(left, 0, 1), cotangent) if needs[1] else None,
    )


def bmm(input: T, mat2: T, *, out: T | None = None) -> T:
    """Return the products of two batches of matrices, (b, n, k) and (b, k, m), as (b, n, m).

    Raises RuntimeError for other ranks, differing batch or inner sizes, or differing dtypes.
    """
    _check("bmm", input, mat2, 3, 3)
    batch, rows, _ = input.operand.layout.shape
    shape = (batch, rows, mat2.operand.layout.shape[2])
    result = _product(input.operand, mat2.operand, shape, input)
    record_composite("BmmBackward0", (input, mat2), (result,), (input, mat2), _bmm_derivative)
    return result if out is None else deliver("bmm", result, out, (input, mat2))


def _bmm_derivative(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    cotangent, left, right = cotangents[0], saved[0], saved[1]
    assert cotangent is not None and left is not None and right is not None
    return (
        bmm(cotangent, transpose(right, 1, 2)) if needs[0] else None,
        bmm(transpose(left, 1, 2), cotangent) if needs[1] else None,
    )


def mv(input: T, vec: T, *, out: T | None = None) -> T:
    """Return the product of a matrix (n, k) and a vector (k,), as (n,).

    Raises RuntimeError for other ranks, differing sizes or dtypes.
    """
    _check("mv", input, vec, 2, 1)
    column = vec.operand._replace(layout=vec.operand.layout.unsqueeze(1).unsqueeze(0))
    result = _product(_unsqueezed(input, 0), column, input.operand.layout.shape[:1], input)
    record_composite("MvBackward0", (input, vec), (result,), (input, vec), _mv_derivative)
    return result if out is None else deliver("mv", result, out, (input, vec))


def _mv_derivative(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    cotangent, matrix, vector = cotangents[0], saved[0], saved[1]
    assert cotangent is not None and matrix is not None and vector is not None
    return (
        mul(unsqueeze(cotangent, 1), unsqueeze(vector, 0)) if needs[0] else None,
        mv(transpose(matrix, 0, 1), cotangent) if needs[1] else None,
    )


def dot(input: T, tensor: T, *, out: T | None = None) -> T:
    """Return the inner product of two vectors, as 0-d.

    Raises RuntimeError for other ranks, differing sizes or dtypes.
    """
    _check("dot", input, tensor, 1, 1)
    row = input.operand._replace(layout=input.operand.layout.unsqueeze(0).unsqueeze(0))
    column = tensor.operand._replace(layout=tensor.operand.layout.unsqueeze(1).unsqueeze(0))
    result = _product(row, column, (), input)
    record_composite(
        "DotBackward0", (input, tensor), (result,), (input, tensor), _dot_derivative
    )
    return result if out is None else deliver("dot", result, out, (input, tensor))


def _dot_derivative(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    cotangent, left, right = cotangents[0], saved[0], saved[1]
    assert cotangent is not None and left is not None and right is not None
    return (
        mul(cotangent, right) if needs[0] else None,
        mul(cotangent, left) if needs[1] else None,
    )


def matmul(input: T, other: T, *, out: T | None = None) -> T:
    """Return the matrix product of ``input`` and ``other``, of any ranks from 1 on.

    A 1-d operand is a row on the left and a column on the right, and its dim does not appear in
    the result; leading dims are batches and broadcast.

    Raises RuntimeError for a 0-d operand and for sizes that do not fit.
    """
    result = _matmul(input, other)
    return result if out is None else deliver("matmul", result, out, (input, other))


def _matmul(input: T, other: T) -> T:
    left, right = input.operand.layout.shape, other.operand.layout.shape
    if not left or not right:
        raise RuntimeError(
            explain(
                "matmul",
                f"both arguments to matmul need to be at least 1D, but they are {len(left)}D and "
                f"{len(right)}D",
                input,
                other,
                remedy="Use mul for a 0-d factor",
            )
        )
    if len(left) == 1 and len(right) == 1:
        return dot(input, other)
    if len(left) == 2 and len(right) == 1:
        return mv(input, other)
    if len(left) == 1 and len(right) == 2:
        return reshape(mm(unsqueeze(input, 0), other), right[1:])
    if len(left) == 2 and len(right) == 2:
        return mm(input, other)
    if len(left) > 2 and len(right) <= 2:
        return _fold(input, other)
    return _batched(input, other)


def _fold(input: T, other: T) -> T:
    """The batches of ``input`` meet one matrix or vector: one product of a tall matrix."""
    *batch, inner = input.operand.layout.shape
    rows = reshape(input, (prod(batch), inner))
    if other.operand.layout.ndim == 1:
        return reshape(mv(rows, other), tuple(batch))
    return reshape(mm(rows, other), (*batch, other.operand.layout.shape[1]))


def _batched(input: T, other: T) -> T:
    left = unsqueeze(input, 0) if input.operand.layout.ndim == 1 else input
    right = unsqueeze(other, 1) if other.operand.layout.ndim == 1 else other
    left_shape, right_shape = left.operand.layout.shape, right.operand.layout.shape
    batch = broadcast_shapes(left_shape[:-2], right_shape[:-2], operation="matmul")
    count = prod(batch)
    product = bmm(
        reshape(EXPAND(left, (*batch, *left_shape[-2:])), (count, *left_shape[-2:])),
        reshape(EXPAND(right, (*batch, *right_shape[-2:])), (count, *right_shape[-2:])),
    )
    shape = list(batch)
    if input.operand.layout.ndim > 1:
        shape.append(left_shape[-2])
    if other.operand.layout.ndim > 1:
        shape.append(right_shape[-1])
    return reshape(product, tuple(shape))


def _unsqueezed(tensor: TensorCore, dim: int) -> Operand:
    return tensor.operand._replace(layout=tensor.operand.layout.unsqueeze(dim))


def _check(
    operation: str, left: TensorCore, right: TensorCore, left_rank: int, right_rank: int
) -> None:
    """Raise RuntimeError unless the operands have these ranks and agree in sizes, dtype and
    device.
    """
    left_shape, right_shape = left.operand.layout.shape, right.operand.layout.shape
    rule = ""
    remedy = "Transpose or reshape one operand"
    if len(left_shape) != left_rank or len(right_shape) != right_rank:
        rule = f"expected operands of {left_rank} and {right_rank} dimensions"
    elif left_rank == 3 and left_shape[0] != right_shape[0]:
        rule = f"expected operands of one batch size, got {left_shape[0]} and {right_shape[0]}"
    elif left_shape[-1] != right_shape[-2 if right_rank > 1 else 0]:
        rule = (
            "mat1 and mat2 shapes cannot be multiplied "
            f"({'x'.join(map(str, left_shape))} and {'x'.join(map(str, right_shape))})"
        )
    elif left.operand.dtype is not right.operand.dtype:
        rule = (
            f"expected operands of the same dtype, but got {left.operand.dtype.name} and "
            f"{right.operand.dtype.name}"
        )
        remedy = "Convert one with .to(dtype)"
    elif left.operand.dtype is bool_:
        rule, remedy = "not defined on bool", "Convert to an integer dtype first"
    if rule:
        raise RuntimeError(explain(operation, rule, left, right, remedy=remedy))
    common_backend(operation, (left, right))
