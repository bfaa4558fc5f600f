"""Products of two matrices, of batches of matrices, of a matrix and a vector, of two vectors.

All are the composite ``matrix_product``, and every other product is made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, common_backend
from gnomon.dtypes import Kind, bool_
from gnomon.errors import explain
from gnomon.layout import Layout
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite, record_composite
from gnomon.op.foundation import add, sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.ops.arithmetic import mul
from gnomon.ops.views import TRANSPOSE, unsqueeze

__all__ = ["bmm", "dot", "mm", "mv", "vdot"]

T = TypeVar("T", bound=TensorCore)

#: ``(batch of n x k, batch of k x m, output: batch of n x m)``
MatrixProductKernel: TypeAlias = Callable[[Operand, Operand, Operand], None]
MatrixProductMeaning: TypeAlias = Callable[[TensorCore, TensorCore], TensorCore]
#: ``(addend: batch of n x m, batch of n x k, batch of k x m, output: batch of n x m)``
MatrixSumKernel: TypeAlias = Callable[[Operand, Operand, Operand, Operand], None]
MatrixSumMeaning: TypeAlias = Callable[[TensorCore, TensorCore, TensorCore], TensorCore]


def _multiply_and_sum(left: TensorCore, right: TensorCore) -> TensorCore:
    terms = mul(unsqueeze(left, -1), unsqueeze(right, -3))
    return sum_of(terms, -2, dtype=left.operand.dtype)


matrix_product: Composite[MatrixProductMeaning, MatrixProductKernel] = Composite(
    name="matrix_product",
    definition="the matrix product: each row of left times each column of right, summed",
    special_cases="0 for rows of no elements",
    decompose=_multiply_and_sum,
    tolerance=SumOfTerms(),
    gradients=("left", "right"),
)


def _add(addend: TensorCore, left: TensorCore, right: TensorCore) -> TensorCore:
    return add(addend, bmm(left, right))


matrix_sum: Composite[MatrixSumMeaning, MatrixSumKernel] = Composite(
    name="matrix_sum",
    definition="addend plus the matrix product of left and right",
    decompose=_add,
    tolerance=SumOfTerms(),
    gradients=("addend", "left", "right"),
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
    return like.like(whole.under(whole.layout.view(shape)))


@numpy_names
def mm(input: T, mat2: T, *, out: T | None = None) -> T:
    """Return the product of two matrices, (n, k) and (k, m), as (n, m).

    Raises RuntimeError for other ranks, differing inner sizes or dtypes.
    """
    check_product("mm", input, mat2, 2, 2)
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
    # The right one first: after it nothing needs the left operand, often a large activation.
    of_right = right_cotangent(cotangent, left, right) if needs[1] else None
    return left_cotangent(cotangent, left, right) if needs[0] else None, of_right


def left_cotangent(cotangent: TensorCore, left: TensorCore, right: TensorCore) -> TensorCore:
    """Return what the cotangent of ``mm(left, right)`` makes that of ``left``."""
    if _lies_by_columns(left):
        return TRANSPOSE(mm(right, TRANSPOSE(cotangent, 0, 1)), 0, 1)
    return mm(cotangent, TRANSPOSE(right, 0, 1))


def right_cotangent(cotangent: TensorCore, left: TensorCore, right: TensorCore) -> TensorCore:
    """Return what the cotangent of ``mm(left, right)`` makes that of ``right``."""
    if _lies_by_columns(right):
        return TRANSPOSE(mm(TRANSPOSE(cotangent, 0, 1), left), 0, 1)
    return mm(TRANSPOSE(left, 0, 1), cotangent)


def _lies_by_columns(factor: TensorCore) -> bool:
    """Return whether the columns of a factor are one piece: its gradient is to lie as it does,
    so that that of a matrix which was used transposed is kept uncopied.
    """
    layout = factor.operand.layout
    return not layout.is_contiguous and layout.transpose(0, 1).is_contiguous


@numpy_names
def bmm(input: T, mat2: T, *, out: T | None = None) -> T:
    """Return the products of two batches of matrices, (b, n, k) and (b, k, m), as (b, n, m).

    Raises RuntimeError for other ranks, differing batch or inner sizes, or differing dtypes.
    """
    check_product("bmm", input, mat2, 3, 3)
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
        bmm(cotangent, TRANSPOSE(right, 1, 2)) if needs[0] else None,
        bmm(TRANSPOSE(left, 1, 2), cotangent) if needs[1] else None,
    )


@numpy_names
def mv(input: T, vec: T, *, out: T | None = None) -> T:
    """Return the product of a matrix (n, k) and a vector (k,), as (n,).

    Raises RuntimeError for other ranks, differing sizes or dtypes.
    """
    check_product("mv", input, vec, 2, 1)
    shape = input.operand.layout.shape[:1]
    result = _product(_unsqueezed(input, 0), _column(vec), shape, input)
    record_composite("MvBackward0", (input, vec), (result,), (input, vec), _mv_derivative)
    return result if out is None else deliver("mv", result, out, (input, vec))


def _mv_derivative(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    cotangent, matrix, vector = cotangents[0], saved[0], saved[1]
    assert cotangent is not None and matrix is not None and vector is not None
    return (
        mul(unsqueeze(cotangent, 1), unsqueeze(vector, 0)) if needs[0] else None,
        mv(TRANSPOSE(matrix, 0, 1), cotangent) if needs[1] else None,
    )


@numpy_names
def dot(input: T, tensor: T, *, out: T | None = None) -> T:
    """Return the inner product of two vectors, as 0-d.

    Raises RuntimeError for other ranks, differing sizes or dtypes.
    """
    check_product("dot", input, tensor, 1, 1)
    result = _product(_row(input), _column(tensor), (), input)
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


@numpy_names
def vdot(input: T, other: T, *, out: T | None = None) -> T:
    """Return the inner product of two vectors, as ``dot`` does for real numbers.

    >>> import gnomon as torch
    >>> torch.vdot(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor(11)
    """
    check_product("vdot", input, other, 1, 1)
    result = _product(_row(input), _column(other), (), input)
    record_composite(
        "VdotBackward0", (input, other), (result,), (input, other), _dot_derivative
    )
    return result if out is None else deliver("vdot", result, out, (input, other))


def _row(vector: TensorCore) -> Operand:
    return vector.operand.under(vector.operand.layout.unsqueeze(0).unsqueeze(0))


def _column(vector: TensorCore) -> Operand:
    return vector.operand.under(vector.operand.layout.unsqueeze(1).unsqueeze(0))


def _unsqueezed(tensor: TensorCore, dim: int) -> Operand:
    return tensor.operand.under(tensor.operand.layout.unsqueeze(dim))


def check_product(
    operation: str, left: TensorCore, right: TensorCore, left_rank: int, right_rank: int
) -> None:
    """Raise unless the operands have these ranks and agree in sizes, dtype and device.

    The error is RuntimeError, or NotImplementedError for dtypes that have no product.
    """
    left_shape, right_shape = left.operand.layout.shape, right.operand.layout.shape
    if len(left_shape) != left_rank or len(right_shape) != right_rank:
        rule = f"expected operands of {left_rank} and {right_rank} dimensions"
    elif left_rank == 3 and left_shape[0] != right_shape[0]:
        rule = f"expected operands of one batch size, got {left_shape[0]} and {right_shape[0]}"
    elif left_shape[-1] != right_shape[-2 if right_rank > 1 else 0]:
        rule = (
            "mat1 and mat2 shapes cannot be multiplied "
            f"({'x'.join(map(str, left_shape))} and {'x'.join(map(str, right_shape))})"
        )
    else:
        check_dtypes(operation, left, right)
        common_backend(operation, (left, right))
        return
    remedy = "Transpose or reshape one operand"
    raise RuntimeError(explain(operation, rule, left, right, remedy=remedy))


def check_dtypes(operation: str, *operands: TensorCore) -> None:
    """Raise RuntimeError unless the operands have one dtype, NotImplementedError for bool and
    the wide unsigned integers, on which PyTorch has no products.
    """
    dtype = operands[0].operand.dtype
    if any(operand.operand.dtype is not dtype for operand in operands):
        names = ", ".join(operand.operand.dtype.name for operand in operands)
        raise RuntimeError(
            explain(
                operation,
                f"expected operands of the same dtype, but got {names}",
                *operands,
                remedy="Convert with .to(dtype)",
            )
        )
    if dtype is bool_ or (dtype.kind is Kind.UNSIGNED and dtype.itemsize > 1):
        raise NotImplementedError(
            explain(
                operation,
                f"not defined on {dtype.name}",
                *operands,
                remedy="Convert to a signed integer dtype first",
            )
        )
