"""Parametrizations of weights: orthogonal ones, of a spectral norm of 1, and of a direction
and a length.
"""

from __future__ import annotations

from typing import TypeVar

from gnomon.composite.linalg.householder import geqrf, householder_product
from gnomon.composite.linalg.inverses import solve
from gnomon.composite.linalg.powers import matrix_exp
from gnomon.dtypes import finfo
from gnomon.graph.modes import no_grad
from gnomon.nn import functional as F
from gnomon.nn.modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from gnomon.nn.modules.module import Module
from gnomon.nn.modules.state import Metadata, StateDict
from gnomon.nn.utils.parametrize import register_parametrization
from gnomon.nn.utils.weight_norm import lengths
from gnomon.ops.joining import cat
from gnomon.tensor import Tensor
from gnomon.tensor.factories import eye, zeros_like
from gnomon.tensor.random_factories import randn

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def orthogonal(
    module: M,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> M:
    """Keep the matrices in ``module``'s tensor ``name`` orthogonal; return ``module``.

    Tall ones have orthonormal columns, wide ones orthonormal rows. ``orthogonal_map`` is
    "matrix_exp" or "cayley", of a skew-symmetric matrix, or "householder", of reflectors; by
    default the first for square matrices and the last for others. With ``use_trivialization``
    the map starts from the present value, made orthogonal. Raises ValueError for a tensor that
    is missing or no matrix, and another map.

    Source: M. Lezcano-Casado, "Trivializations for Gradient-Based Optimization on Manifolds"
    (2019).

    >>> import gnomon as torch
    >>> weight = orthogonal(torch.nn.Linear(2, 2)).weight
    >>> torch.allclose(weight @ weight.mT, torch.eye(2), atol=1e-6)
    True
    """
    weight = _weight_of(module, name)
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: '
            f"{orthogonal_map}"
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)


def _weight_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


class _Orthogonal(Module):
    """A map from matrices to orthogonal ones, from ``base`` on if there is one."""

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        self.use_trivialization = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        """Return the orthogonal matrices that ``X`` stands for."""
        wide = X.size(-2) < X.size(-1)
        tall = X.mT if wide else X
        if self.orthogonal_map == "householder":
            Q = self._of_reflectors(tall)
        else:
            Q = self._of_skew_symmetric(tall)
        if self.use_trivialization and self.base is not None:
            Q = self.base @ Q
        return Q.mT if wide else Q

    def _of_reflectors(self, X: Tensor) -> Tensor:
        below = X.tril(-1)
        tau = 2.0 / (1.0 + (below * below).sum(-2))
        signs = X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        return householder_product(below, tau) * signs

    def _of_skew_symmetric(self, X: Tensor) -> Tensor:
        n, k = X.size(-2), X.size(-1)
        lower = X.tril()
        if n != k:
            lower = cat([lower, lower.new_zeros((*X.shape[:-1], n - k))], -1)
        skew = lower - lower.mT
        if self.orthogonal_map == "matrix_exp":
            Q = matrix_exp(skew)
        else:
            unit = eye(n, dtype=X.dtype, device=X.device)
            Q = solve(unit.add(skew, alpha=-0.5), unit.add(skew, alpha=0.5))
        return Q[..., :k] if n != k else Q

    @no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        """Return what stands for ``Q``, which with a base becomes the base, made orthogonal."""
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor "
                f"of shape {Q.shape}."
            )
        wide = Q.size(-2) < Q.size(-1)
        tall = Q.mT if wide else Q
        if self.use_trivialization:
            self.base = _completed(tall)
            origin = zeros_like(Q)
            origin.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return origin
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        reflectors, tau = geqrf(tall)
        diagonal = reflectors.diagonal(dim1=-2, dim2=-1)
        diagonal.sign_()
        diagonal[tau == 0.0] *= -1
        return reflectors.mT if wide else reflectors


def _completed(Q: Tensor) -> Tensor:
    """Return a square orthogonal matrix that begins with the columns of a tall ``Q``."""
    n, k = Q.size(-2), Q.size(-1)
    if n == k and _is_orthogonal(Q):
        return Q.clone()
    if n != k:
        more = randn(*Q.shape[:-2], n, n - k, dtype=Q.dtype, device=Q.device)
        Q = cat([Q, more], -1)
    reflectors, tau = geqrf(Q)
    signs = reflectors.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
    return householder_product(reflectors, tau) * signs


def _is_orthogonal(Q: Tensor) -> bool:
    unit = eye(Q.size(-1), dtype=Q.dtype, device=Q.device)
    return (Q.mT @ Q).allclose(unit, atol=10.0 * Q.size(-2) * finfo(Q.dtype).eps)


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Let ``module``'s tensor ``name`` be a direction times a length; return ``module``.

    There is one length, ``original0``, for each index of ``dim``, or with None or -1 a single
    one. State dicts of ``nn.utils.weight_norm`` load as well.

    Source: T. Salimans and D. P. Kingma, "Weight Normalization" (2016).

    >>> import gnomon as torch
    >>> layer = weight_norm(torch.nn.Linear(3, 2))
    >>> layer.parametrizations.weight.original0.shape
    torch.Size([2, 1])
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module._register_load_state_dict_pre_hook(_FromParts(name))
    return module


class _WeightNorm(Module):
    """The direction ``weight_v`` times the length ``weight_g`` over its own."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """Return the weight."""
        return weight_v * (weight_g / lengths(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weight's length and direction."""
        return lengths(weight, self.dim), weight


class _FromParts:
    """A hook before loading: takes ``name_g`` and ``name_v`` for the originals."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(
        self, state_dict: StateDict, prefix: str, local_metadata: Metadata, *others: object
    ) -> None:
        parts = [f"{prefix}{self.name}_g", f"{prefix}{self.name}_v"]
        if all(part in state_dict for part in parts):
            for place, part in enumerate(parts):
                key = f"{prefix}parametrizations.{self.name}.original{place}"
                state_dict[key] = state_dict.pop(part)


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Divide ``module``'s tensor ``name`` by its spectral norm; return ``module``.

    The norm is that of the matrix with a row for each index of ``dim``, by default 1 for
    transposed convolutions and 0 for others. Its singular vectors are buffers, which
    ``n_power_iterations`` bring nearer at each use in training; norms below ``eps`` count as
    ``eps``. Raises ValueError for no iterations, IndexError for a dim out of range.

    Source: T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks"
    (2018).

    >>> import gnomon as torch
    >>> layer = spectral_norm(torch.nn.Linear(20, 40))
    >>> abs(float(torch.linalg.matrix_norm(layer.weight.detach(), 2)) - 1) < 0.1
    True
    """
    weight = _weight_of(module, name)
    if dim is None:
        dim = int(isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d))
    made = _SpectralNorm(weight, n_power_iterations, dim, eps)
    return register_parametrization(module, name, made)


class _SpectralNorm(Module):
    """A weight divided by its largest singular value, which ``_u`` and ``_v`` estimate."""

    _u: Tensor
    _v: Tensor

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but "
                f"got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight)
            u, v = [matrix.new_empty(size).normal_(0, 1) for size in matrix.shape]
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        """Return the weight with a row for each index of its dim."""
        return weight.movedim(self.dim, 0).flatten(1)

    @no_grad()
    def _power_method(self, matrix: Tensor, n_power_iterations: int) -> None:
        for _ in range(n_power_iterations):
            self._u.copy_(F.normalize(matrix.mv(self._v), dim=0, eps=self.eps))
            self._v.copy_(F.normalize(matrix.mT.mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight over its norm."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # The vectors change at the next use, maybe before this one's backward.
        u, v = self._u.clone(), self._v.clone()
        return weight / u.dot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        """Return ``value``, which is assumed to have the norm 1 already."""
        return value
