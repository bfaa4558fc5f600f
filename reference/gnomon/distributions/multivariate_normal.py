"""The normal distribution of vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.utils import standard_normal
from gnomon.layout import broadcast_shapes
from gnomon.linalg import cholesky, solve_triangular
from gnomon.tensor import Tensor
from gnomon.tensor.factories import eye

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """The normal distribution of vectors around ``loc``, with a covariance.

    It is given as such, as its inverse (``precision_matrix``) or as the lower triangle L of
    which it is L Lᵀ (``scale_tril``); the last costs least.
    """

    _constraints: ClassVar[Constraints] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    has_rsample = True
    _batched = ("loc", "_matrix", "_triangle")
    _region = constraints.real_vector

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = [(name, matrix) for name, matrix in matrices.items() if matrix is not None]
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        ((self._form, matrix),) = given
        if matrix.dim() < 2:
            raise ValueError(
                f"{self._form} must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        batch = broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        self._matrix = matrix.expand(*batch, -1, -1)
        self.loc = loc.expand(*batch, -1)
        super().__init__(batch, self.loc.shape[-1:], validate_args)
        self._triangle = _triangle_of(self._form, matrix).expand(self._matrix.shape)

    def _given(self) -> dict[str, Tensor]:
        return {"loc": self.loc, self._form: self._matrix}

    @property
    def scale_tril(self) -> Tensor:
        """The lower triangle L of which the covariance is L Lᵀ."""
        return self._triangle

    @property
    def covariance_matrix(self) -> Tensor:
        """The covariance of every two elements."""
        if self._form == "covariance_matrix":
            return self._matrix
        return self._triangle @ self._triangle.mT

    @property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        if self._form == "precision_matrix":
            return self._matrix
        return self._triangle.cholesky_inverse()

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        squares = self._triangle.square().sum(-1)
        return squares.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = standard_normal(shape, self.loc.dtype, self.loc.device)
        return self.loc + (self._triangle @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        distance = squared_distance(self._triangle, self._checked(value) - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + distance) - half_log_determinant(self._triangle)

    def entropy(self) -> Tensor:
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return constant + half_log_determinant(self._triangle)


def half_log_determinant(triangle: Tensor) -> Tensor:
    """Return half the logarithm of the determinant of L Lᵀ."""
    return triangle.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def squared_distance(triangle: Tensor, difference: Tensor) -> Tensor:
    """Return the square of the Mahalanobis distance: of L⁻¹ times ``difference``."""
    solved = solve_triangular(triangle, difference.unsqueeze(-1), upper=False)
    return solved.squeeze(-1).square().sum(-1)


def _triangle_of(form: str, matrix: Tensor) -> Tensor:
    if form == "scale_tril":
        return matrix
    if form == "covariance_matrix":
        return cholesky(matrix)
    # The triangle of the reversed matrix, reversed and turned, is the inverse of L.
    inverse = cholesky(matrix.flip((-2, -1))).flip((-2, -1)).mT
    identity = eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    return solve_triangular(inverse, identity, upper=False)
