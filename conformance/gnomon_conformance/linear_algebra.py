"""The part of the catalogue that is about linear algebra: elimination, orthogonal
factorizations, exponentials.
"""

from __future__ import annotations

from typing import Final

import gnomon as torch
from gnomon import Tensor, linalg
from gnomon.nn import functional as F
from gnomon_conformance.cases import Level
from gnomon_conformance.entries import SQUARE, Call, Entry, entry, matrix
from gnomon_conformance.functions import Input

_BATCH: Final = Input((2, 3, 3))
_RIGHT: Final = matrix(4, 2)


def _far_from_singular(square: Tensor) -> Tensor:
    return square + 5 * _one(square)


def _out_of_order(square: Tensor) -> Tensor:
    """Return a matrix whose rows have to change places."""
    return _far_from_singular(square).roll(1, -2)


def _one(square: Tensor) -> Tensor:
    return torch.eye(square.shape[-1], dtype=square.dtype, device=square.device)


def _positive(square: Tensor) -> Tensor:
    return square @ square.mT + _one(square)


def _spread(given: Tensor) -> Tensor:
    """Return matrices whose values are far from each other."""
    height, width = given.shape[-2:]
    places = torch.arange(1, max(height, width) + 1, dtype=given.dtype, device=given.device)
    return given + torch.diag(8 * places)[:height, :width]


def _symmetric(given: Tensor) -> Tensor:
    return _spread((given + given.mT) / 2)


def _of_rank(count: int, given: Tensor) -> Tensor:
    """Return matrices that only have numbers in the first ``count`` columns."""
    return F.pad(_spread(given)[..., :count], (0, given.shape[-1] - count))


def _singular(square: Tensor) -> Tensor:
    """Return a matrix whose last column is zero."""
    return F.pad(_far_from_singular(square)[:, :-1], (0, 1))


def _adjoint(x: list[Tensor]) -> Tensor:
    factors, pivots = linalg.lu_factor(_out_of_order(x[0]))
    return linalg.lu_solve(factors, pivots, x[1], adjoint=True)


def _from_the_right(x: list[Tensor]) -> Tensor:
    factors, pivots = linalg.lu_factor(_out_of_order(x[0]))
    return linalg.lu_solve(factors, pivots, x[1].mT, left=False)


def _entry(name: str, call: Call, *inputs: Input, differentiable: bool = True) -> Entry:
    return entry(
        Level.COMPOSITE, name, call, *inputs, differentiable=differentiable, narrow=False
    )


ELIMINATIONS: Final = (
    _entry("inverse", lambda x: linalg.inv(_far_from_singular(x[0])), SQUARE),
    _entry("inverse-of-batch", lambda x: linalg.inv(_out_of_order(x[0])), _BATCH),
    _entry("inverse-of-transposed", lambda x: linalg.inv(_out_of_order(x[0]).mT), _BATCH),
    _entry(
        "inverse-of-singular",
        lambda x: linalg.inv_ex(_singular(x[0])),
        SQUARE,
        differentiable=False,
    ),
    _entry("solve", lambda x: linalg.solve(_far_from_singular(x[0]), x[1]), SQUARE, _RIGHT),
    _entry(
        "solve-from-right",
        lambda x: linalg.solve(_out_of_order(x[0]), x[1], left=False),
        SQUARE,
        matrix(3, 4),
    ),
    _entry(
        "solve-of-batch",
        lambda x: linalg.solve(_out_of_order(x[0]), x[1]),
        _BATCH,
        Input((4, 1, 3, 2)),
    ),
    _entry(
        "solve-of-vectors",
        lambda x: linalg.solve(_out_of_order(x[0]), x[1]),
        _BATCH,
        Input((2, 3)),
    ),
    _entry(
        "triangular-upper",
        lambda x: linalg.solve_triangular(_far_from_singular(x[0]), x[1], upper=True),
        SQUARE,
        _RIGHT,
    ),
    _entry(
        "triangular-from-right",
        lambda x: linalg.solve_triangular(
            _far_from_singular(x[0]), x[1].mT, upper=False, left=False
        ),
        SQUARE,
        _RIGHT,
    ),
    _entry(
        "triangular-unit",
        lambda x: linalg.solve_triangular(
            _far_from_singular(x[0]) / 4, x[1], upper=False, unitriangular=True
        ),
        SQUARE,
        _RIGHT,
    ),
    _entry("lu", lambda x: linalg.lu(_out_of_order(x[0])), _BATCH),
    _entry("lu-of-tall", lambda x: linalg.lu(4 * x[0].tril() + x[0]), matrix(5, 3)),
    _entry("lu-of-wide", lambda x: linalg.lu_factor(x[0].triu() * 4 + x[0]), matrix(3, 5)),
    _entry("lu-factors", lambda x: linalg.lu_factor(_out_of_order(x[0])), _BATCH),
    _entry("lu-solve-adjoint", _adjoint, SQUARE, _RIGHT),
    _entry("lu-solve-from-right", _from_the_right, SQUARE, _RIGHT),
    _entry("cholesky", lambda x: linalg.cholesky(_positive(x[0])), _BATCH),
    _entry(
        "cholesky-upper",
        lambda x: linalg.cholesky(_positive(x[0]), upper=True),
        SQUARE,
    ),
    _entry(
        "cholesky-of-negative",
        lambda x: linalg.cholesky_ex(_one(x[0]) - _positive(x[0]) * 9),
        SQUARE,
        differentiable=False,
    ),
    _entry("determinant", lambda x: linalg.det(_out_of_order(x[0])), SQUARE),
    _entry("log-determinant", lambda x: linalg.slogdet(_out_of_order(x[0])), SQUARE),
)
ORTHOGONALIZATIONS: Final = (
    _entry("qr", lambda x: linalg.qr(_spread(x[0])), _BATCH),
    _entry("qr-of-tall", lambda x: linalg.qr(x[0]), matrix(5, 3)),
    _entry("qr-of-wide", lambda x: linalg.qr(_spread(x[0])), matrix(3, 5)),
    _entry("qr-of-transposed", lambda x: linalg.qr(_spread(x[0]).mT), _BATCH),
    _entry(
        "qr-complete",
        lambda x: linalg.qr(x[0], "complete"),
        matrix(5, 3),
        differentiable=False,
    ),
    _entry("qr-only-r", lambda x: linalg.qr(x[0], "r"), matrix(5, 3), differentiable=False),
    _entry(
        "qr-of-triangles",  # columns with nothing to eliminate
        lambda x: linalg.qr(x[0].triu(), "complete"),
        matrix(4, 3),
        differentiable=False,
    ),
    _entry("reflectors", lambda x: torch.geqrf(x[0]), matrix(5, 3), differentiable=False),
    _entry(
        "reflectors-of-batch", lambda x: torch.geqrf(x[0].triu()), _BATCH, differentiable=False
    ),
    _entry("eigenvectors", lambda x: linalg.eigh(_symmetric(x[0])), SQUARE),
    _entry("eigenvectors-of-batch", lambda x: linalg.eigh(-_symmetric(x[0])), _BATCH),
    _entry("eigenvalues", lambda x: linalg.eigvalsh(_symmetric(x[0])), SQUARE),
    # Of others a triangle is read, but both get a slope.
    _entry(
        "eigenvectors-lower", lambda x: linalg.eigh(_spread(x[0])), SQUARE, differentiable=False
    ),
    _entry(
        "eigenvectors-upper",
        lambda x: linalg.eigh(_spread(x[0]), "U"),
        SQUARE,
        differentiable=False,
    ),
    _entry("singular-vectors", lambda x: linalg.svd(_spread(x[0])), _BATCH),
    _entry(
        "singular-vectors-of-tall", lambda x: linalg.svd(_spread(x[0]), False), matrix(5, 3)
    ),
    _entry(
        "singular-vectors-of-wide", lambda x: linalg.svd(_spread(x[0]), False), matrix(3, 5)
    ),
    _entry(
        "singular-vectors-full",
        lambda x: [*linalg.svd(_spread(x[0])), *linalg.svd(_spread(x[0].mT))],
        matrix(5, 3),
        differentiable=False,
    ),
    _entry(
        "singular-vectors-completed",
        lambda x: linalg.svd(_of_rank(2, x[0])),
        matrix(5, 4),
        differentiable=False,
    ),
    _entry("singular-values", lambda x: linalg.svdvals(_spread(x[0])), SQUARE),
    _entry("pseudoinverse", lambda x: linalg.pinv(_spread(x[0])), matrix(4, 3)),
    _entry(
        "rank",
        lambda x: linalg.matrix_rank(_of_rank(2, x[0])),
        SQUARE,
        differentiable=False,
    ),
    _entry("matrix-exponential", lambda x: linalg.matrix_exp(x[0] / 4), SQUARE),
    _entry("matrix-exponential-of-large", lambda x: linalg.matrix_exp(x[0] * 2), _BATCH),
)
LINEAR_ALGEBRA: Final = (*ELIMINATIONS, *ORTHOGONALIZATIONS)
