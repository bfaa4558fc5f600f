"""Linear algebra: ``gnomon.linalg``, with PyTorch's names.

>>> import gnomon as torch
>>> torch.linalg.vector_norm(torch.tensor([3.0, 4.0]))
tensor(5.)
"""

from __future__ import annotations

from typing import TypeVar

from gnomon.composite.linalg import powers as _powers
from gnomon.composite.linalg.batches import LinAlgError as LinAlgError
from gnomon.composite.linalg.cholesky import cholesky_ex as cholesky_ex
from gnomon.composite.linalg.cholesky import linalg_cholesky as cholesky
from gnomon.composite.linalg.determinants import linalg_det as det
from gnomon.composite.linalg.determinants import linalg_slogdet_of as slogdet
from gnomon.composite.linalg.householder import householder_product as householder_product
from gnomon.composite.linalg.inverses import inv as inv
from gnomon.composite.linalg.inverses import inv_ex as inv_ex
from gnomon.composite.linalg.inverses import solve as solve
from gnomon.composite.linalg.inverses import solve_ex as solve_ex
from gnomon.composite.linalg.inverses import solve_triangular as solve_triangular
from gnomon.composite.linalg.lu import linalg_lu_of as lu
from gnomon.composite.linalg.lu import linalg_lu_solve as lu_solve
from gnomon.composite.linalg.lu import lu_factor as lu_factor
from gnomon.composite.linalg.lu import lu_factor_ex as lu_factor_ex
from gnomon.composite.linalg.matrix_norms import cond as cond
from gnomon.composite.linalg.matrix_norms import matrix_norm as matrix_norm
from gnomon.composite.linalg.matrix_norms import norm as norm
from gnomon.composite.linalg.orthogonal import eigh as eigh
from gnomon.composite.linalg.orthogonal import eigvalsh as eigvalsh
from gnomon.composite.linalg.orthogonal import linalg_qr_of as qr
from gnomon.composite.linalg.orthogonal import svd_of as svd
from gnomon.composite.linalg.orthogonal import svdvals as svdvals
from gnomon.composite.linalg.powers import linalg_vander as vander
from gnomon.composite.linalg.powers import matrix_exp as matrix_exp
from gnomon.composite.linalg.powers import multi_dot as multi_dot
from gnomon.composite.linalg.powers import tensorinv as tensorinv
from gnomon.composite.linalg.powers import tensorsolve as tensorsolve
from gnomon.composite.linalg.powers import vecdot as vecdot
from gnomon.composite.linalg.pseudoinverses import lstsq as lstsq
from gnomon.composite.linalg.pseudoinverses import matrix_rank as matrix_rank
from gnomon.composite.linalg.pseudoinverses import pinv as pinv
from gnomon.composite.matmul import matmul as matmul
from gnomon.composite.tensordot import cross_along as _cross_along
from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.norms import vector_norm as vector_norm
from gnomon.ops.slicing import diagonal as _diagonal

T = TypeVar("T", bound=TensorCore)

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]


@numpy_names
def cross(input: T, other: T, *, dim: int = -1, out: T | None = None) -> T:
    """Return the cross products of vectors of 3 elements along ``dim``; other dims broadcast.

    >>> import gnomon as torch
    >>> torch.linalg.cross(torch.tensor([1, 0, 0]), torch.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    return _cross_along("linalg.cross", input, other, dim, out)


def diagonal(A: T, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> T:
    """Return a view of a diagonal of the matrices; its elements stand in a new last dim."""
    return _diagonal(A, offset, dim1, dim2)


def matrix_power(A: T, n: int, *, out: T | None = None) -> T:
    """Return the ``n``-th powers of square matrices: ``gnomon.matrix_power``."""
    return _powers.matrix_power(A, n, out=out)
