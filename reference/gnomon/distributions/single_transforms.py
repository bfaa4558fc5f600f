"""Transforms of numbers, of vectors and of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint
from gnomon.distributions.transform import Transform
from gnomon.distributions.utils import Value, sum_rightmost
from gnomon.dtypes import finfo
from gnomon.layout import Size, broadcast_shapes
from gnomon.nn.functional import logsigmoid, pad, softmax, softplus
from gnomon.tensor import Tensor


class _Elementwise(Transform):
    """A transform without parameters, equal to every other of its class."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class ExpTransform(_Elementwise):
    """y = exp(x)."""

    bijective = True
    _codomain = constraints.positive
    _sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x


class PowerTransform(Transform):
    """y = x ** exponent, of positive numbers."""

    bijective = True
    _domain = _codomain = constraints.positive

    def __init__(self, exponent: Tensor, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = exponent

    @property
    def sign(self) -> int | Tensor:
        return self.exponent.sign()

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return _broadcast(shape, self.exponent)

    inverse_shape = forward_shape

    def _call(self, x: Tensor) -> Tensor:
        return x.pow(self.exponent)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.exponent * y / x).abs().log()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and bool(
            self.exponent.eq(other.exponent).all().item()
        )

    def __hash__(self) -> int:
        return id(self)


class SigmoidTransform(_Elementwise):
    """y = 1 / (1 + exp(-x))."""

    bijective = True
    _codomain = constraints.unit_interval
    _sign = 1

    def _call(self, x: Tensor) -> Tensor:
        bounds = finfo(x.dtype)
        return x.sigmoid().clamp(min=bounds.tiny, max=1.0 - bounds.eps)

    def _inverse(self, y: Tensor) -> Tensor:
        bounds = finfo(y.dtype)
        y = y.clamp(min=bounds.tiny, max=1.0 - bounds.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -softplus(-x) - softplus(x)


class SoftplusTransform(_Elementwise):
    """y = log(1 + exp(x))."""

    bijective = True
    _codomain = constraints.positive
    _sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -softplus(-x)


class TanhTransform(_Elementwise):
    """y = tanh(x)."""

    bijective = True
    _codomain = constraints.interval(-1.0, 1.0)
    _sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        # log(1 - tanh² x), without the cancellation.
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class AbsTransform(_Elementwise):
    """y = |x|, which has no inverse but itself."""

    _codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.abs()

    def _inverse(self, y: Tensor) -> Tensor:
        return y


class AffineTransform(Transform):
    """y = loc + scale x, for events of ``event_dim`` dims."""

    bijective = True

    def __init__(
        self, loc: Value, scale: Value, event_dim: int = 0, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.loc = loc
        self.scale = scale
        self._dims = event_dim

    @property
    def event_dim(self) -> int:
        return self._dims

    @property
    def domain(self) -> Constraint:
        return _real(self._dims)

    @property
    def codomain(self) -> Constraint:
        return _real(self._dims)

    @property
    def sign(self) -> int | Tensor:
        if isinstance(self.scale, Tensor):
            return self.scale.sign()
        return (self.scale > 0) - (self.scale < 0)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return _broadcast(shape, self.loc, self.scale)

    inverse_shape = forward_shape

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Tensor:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        if isinstance(self.scale, Tensor):
            slope = self.scale.abs().log()
        else:
            slope = x.new_full(x.shape, math.log(abs(self.scale)))
        batch = x.shape[: x.dim() - self._dims]
        return sum_rightmost(slope.expand(x.shape), self._dims).expand(batch)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AffineTransform)
            and _same(self.loc, other.loc)
            and _same(self.scale, other.scale)
        )

    def __hash__(self) -> int:
        return id(self)


def _broadcast(shape: Sequence[int], *parameters: Value) -> Size:
    shapes = [tuple(each.shape) for each in parameters if isinstance(each, Tensor)]
    return Size(broadcast_shapes(tuple(shape), *shapes))


def _real(dims: int) -> Constraint:
    return constraints.independent(constraints.real, dims) if dims else constraints.real


def _same(mine: Value, other: Value) -> bool:
    if isinstance(mine, Tensor) or isinstance(other, Tensor):
        equal = mine == other
        return bool(equal.all().item()) if isinstance(equal, Tensor) else equal
    return mine == other


class SoftmaxTransform(_Elementwise):
    """y = softmax(x), which forgets a constant; its inverse is the logarithm."""

    _domain = constraints.real_vector
    _codomain = constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        return softmax(x, -1)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()


class StickBreakingTransform(_Elementwise):
    """Vectors to vectors of sum 1 that are one longer: each number breaks off a part of what
    is left of a stick.
    """

    bijective = True
    _domain = constraints.real_vector
    _codomain = constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        share = (x - _places_left(x).log()).sigmoid()
        rest = (1 - share).cumprod(-1)
        return pad(share, [0, 1], value=1) * pad(rest, [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        parts = y[..., :-1]
        left = (1 - parts.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return parts.log() - left.log() + _places_left(parts).log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        x = x - _places_left(x).log()
        return (-x + logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        return Size((*shape[:-1], shape[-1] - 1))


def _places_left(x: Tensor) -> Tensor:
    """Return how many parts there still are to break off, at each place of the last dim."""
    count = x.shape[-1]
    return count + 1 - x.new_ones(count).cumsum(-1)


class LowerCholeskyTransform(_Elementwise):
    """Square matrices to lower triangular ones with a positive diagonal."""

    _domain = constraints.independent(constraints.real, 2)
    _codomain = constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()
