"""The normal distribution of vectors whose covariance is of low rank, but for its diagonal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.multivariate_normal import half_log_determinant, squared_distance
from gnomon.distributions.utils import standard_normal
from gnomon.layout import broadcast_shapes
from gnomon.linalg import cholesky
from gnomon.tensor import Tensor
from gnomon.tensor.factories import eye

__all__ = ["LowRankMultivariateNormal"]


class LowRankMultivariateNormal(Distribution):
    """The normal distribution of vectors around ``loc`` with covariance W Wᵀ + D.

    W is ``cov_factor``, with few columns, and D the diagonal matrix of ``cov_diag``. Only
    matrices with as many rows as W has columns are inverted (the Woodbury identity).
    """

    _constraints: ClassVar[Constraints] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    has_rsample = True
    _batched = ("loc", "cov_factor", "cov_diag", "_capacitance")
    _region = constraints.real_vector

    def __init__(
        self,
        loc: Tensor,
        cov_factor: Tensor,
        cov_diag: Tensor,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if cov_factor.shape[-2:-1] != event:
            raise ValueError(
                f"cov_factor must be a batch of matrices with shape {event[0]} x m"
            )
        if cov_diag.shape[-1:] != event:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event}")
        batch = broadcast_shapes(
            tuple(loc.shape[:-1]), tuple(cov_factor.shape[:-2]), tuple(cov_diag.shape[:-1])
        )
        self.loc = loc.expand(*batch, -1)
        self.cov_diag = cov_diag.expand(*batch, -1)
        self.cov_factor = cov_factor.expand(*batch, -1, -1)
        super().__init__(batch, event, validate_args)
        self._capacitance = self._triangle()

    def _triangle(self) -> Tensor:
        """Return the Cholesky factor of I + Wᵀ D⁻¹ W."""
        weighted = self.cov_factor.mT / self.cov_diag.unsqueeze(-2)
        rank = self.cov_factor.shape[-1]
        identity = eye(rank, dtype=self.loc.dtype, device=self.loc.device)
        return cholesky(weighted @ self.cov_factor + identity)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.cov_factor.square().sum(-1) + self.cov_diag

    @property
    def covariance_matrix(self) -> Tensor:
        """The covariance of every two elements."""
        return self.cov_factor @ self.cov_factor.mT + self.cov_diag.diag_embed()

    @property
    def scale_tril(self) -> Tensor:
        """The lower triangle L of which the covariance is L Lᵀ."""
        return cholesky(self.covariance_matrix)

    @property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self.scale_tril.cholesky_inverse()

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        dtype, device = self.loc.dtype, self.loc.device
        common = standard_normal((*shape[:-1], self.cov_factor.shape[-1]), dtype, device)
        own = standard_normal(shape, dtype, device)
        shift = (self.cov_factor @ common.unsqueeze(-1)).squeeze(-1)
        return self.loc + shift + self.cov_diag.sqrt() * own

    def log_prob(self, value: Tensor) -> Tensor:
        difference = self._checked(value) - self.loc
        weighted = self.cov_factor.mT / self.cov_diag.unsqueeze(-2)
        inner = (weighted @ difference.unsqueeze(-1)).squeeze(-1)
        whole = (difference.square() / self.cov_diag).sum(-1)
        distance = whole - squared_distance(self._capacitance, inner)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + distance) - self._half_log_determinant()

    def _half_log_determinant(self) -> Tensor:
        return half_log_determinant(self._capacitance) + 0.5 * self.cov_diag.log().sum(-1)

    def entropy(self) -> Tensor:
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return constant + self._half_log_determinant()
