"""Norms of matrices, and condition numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TypeVar

from gnomon.composite.linalg.batches import check_matrices, check_square
from gnomon.composite.linalg.inverses import inv_ex
from gnomon.composite.linalg.orthogonal import svdvals
from gnomon.composite.selection import where
from gnomon.core import TensorCore
from gnomon.dtypes import DType, Scalar
from gnomon.errors import explain
from gnomon.layout import normalize_dim
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.reduction import Dims
from gnomon.op.view import view_as
from gnomon.ops.arithmetic import div, mul
from gnomon.ops.comparison import eq
from gnomon.ops.norms import vector_norm
from gnomon.ops.reduction import AMAX, AMIN
from gnomon.ops.slicing import select
from gnomon.ops.views import PERMUTE

T = TypeVar("T", bound=TensorCore)


@numpy_names
def matrix_norm(
    A: T,
    ord: Scalar | str = "fro",
    dim: Sequence[int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: T | None = None,
) -> T:
    """Return a norm of the matrices that ``dim`` names the rows and columns of.

    "fro" is the root of the sum of squares, "nuc" the sum of singular values, 2 and -2 the
    largest and smallest of them; 1 and -1 are the largest and smallest sum of sizes of a
    column, inf and -inf of a row. ``dtype`` converts first. Raises RuntimeError for other
    orders and other than floats.

    >>> import gnomon as torch
    >>> torch.linalg.matrix_norm(torch.tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    """
    operation = "linalg.matrix_norm"
    check_matrices(operation, A)
    rows, columns = (normalize_dim(each, A.operand.layout.ndim, operation) for each in dim)
    if rows == columns:
        raise RuntimeError(explain(operation, f"dims must be different. Got {tuple(dim)}", A))
    matrices = A if dtype is None else to_dtype(A, dtype)
    if ord == "fro":
        result = vector_norm(matrices, 2, (rows, columns), keepdim)
    elif ord in ("nuc", 2, -2):
        result = _of_singular_values(matrices, ord, rows, columns, keepdim)
    elif ord in (1, -1, inf, -inf) and not isinstance(ord, str):
        along, others = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = vector_norm(matrices, 1, along, keepdim)
        if not keepdim and others > along:
            others -= 1
        result = (AMAX if ord > 0 else AMIN)(sums, others, keepdim)
    else:
        raise RuntimeError(
            explain(
                operation,
                f"Order {ord} not supported",
                A,
                remedy="Give 'fro', 'nuc', 1, 2 or inf, or one of the numbers negative",
            )
        )
    return result if out is None else deliver(operation, result, out, (A,))


def _of_singular_values(
    input: T, ord: Scalar | str, rows: int, columns: int, keepdim: bool
) -> T:
    ndim = input.operand.layout.ndim
    batch = [dim for dim in range(ndim) if dim not in (rows, columns)]
    values = svdvals(PERMUTE(input, (*batch, rows, columns)))
    if ord == "nuc":
        result = sum_of(values, [-1])
    else:
        result = (AMAX if ord == 2 else AMIN)(values, -1)
    if keepdim:
        shape = input.operand.layout.shape
        ones = [1 if dim in (rows, columns) else size for dim, size in enumerate(shape)]
        result = view_as(result, tuple(ones))
    return result


@numpy_names
def norm(
    A: T,
    ord: Scalar | str | None = None,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    out: T | None = None,
    dtype: DType | None = None,
) -> T:
    """Return a norm of vectors or of matrices, whichever ``dim`` names.

    One dim gives ``vector_norm``, two ``matrix_norm``; without ``dim``, ``ord`` is that of all
    elements if None, else of the vector or the matrix that ``A`` is.

    >>> import gnomon as torch
    >>> torch.linalg.norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]), 2)
    tensor(4.)
    """
    ndim = A.operand.layout.ndim
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype, out=out)
    if dim is None:
        if ndim not in (1, 2):
            raise RuntimeError(
                explain(
                    "linalg.norm",
                    "If dim is not specified but ord is, the input must be 1D or 2D. Got "
                    f"{ndim}D",
                    A,
                    remedy="Give dim",
                )
            )
        dim = tuple(range(ndim))
    dims = tuple(dim) if isinstance(dim, Sequence) else (dim,)
    if len(dims) == 2:
        pair = [int(each.__index__()) for each in dims]
        return matrix_norm(A, ord, pair, keepdim, dtype=dtype, out=out)
    if isinstance(ord, str):
        raise RuntimeError(
            explain("linalg.norm", f"order {ord!r} is one of matrices", A, remedy="Give 2 dims")
        )
    return vector_norm(A, ord, dims, keepdim, dtype=dtype, out=out)


def cond(
    A: T,
    p: Scalar | str | None = None,
    *,
    out: T | None = None,
) -> T:
    """Return the condition numbers of matrices: the norm times that of the inverse.

    ``p`` is the order of the norm; None means 2, the ratio of the extreme singular values, and
    takes matrices of any size. A singular matrix has the condition number inf.

    >>> import gnomon as torch
    >>> torch.linalg.cond(torch.tensor([[2.0, 0.0], [0.0, 0.5]]))
    tensor(4.)
    """
    operation = "linalg.cond"
    check_matrices(operation, A)
    if p is None or p in (2, -2):
        values = svdvals(A)
        largest, smallest = select(values, -1, 0), select(values, -1, -1)
        result = div(smallest, largest) if p == -2 else div(largest, smallest)
    else:
        check_square(f"{operation}(ord={p})", A)
        inverted, info = inv_ex(A)
        product = mul(matrix_norm(A, p), matrix_norm(inverted, p))
        result = where(eq(info, 0), product, inf)
    return result if out is None else deliver(operation, result, out, (A,))
