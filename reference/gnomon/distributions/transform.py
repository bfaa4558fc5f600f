"""The base of all transforms of samples, and their inverses."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint
from gnomon.layout import Size
from gnomon.tensor import Tensor


class Transform(ABC):
    """A function of samples from ``domain`` to ``codomain``, and its inverse ``inv``.

    A subclass defines ``_call``, ``_inverse`` and ``log_abs_det_jacobian``. With
    ``cache_size=1`` the last value is remembered, so that its inverse is exact and cheap.
    """

    bijective = False
    _domain: Constraint = constraints.real
    _codomain: Constraint = constraints.real
    _sign: int | None = None

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size = cache_size
        self._inverse_view: weakref.ref[Transform] | None = None
        self._cached: tuple[Tensor, Tensor] | None = None

    @property
    def domain(self) -> Constraint:
        """The region of what is transformed."""
        return self._domain

    @property
    def codomain(self) -> Constraint:
        """The region of what comes out."""
        return self._codomain

    @property
    def event_dim(self) -> int:
        """How many dims of an event are transformed together."""
        if self.domain.event_dim == self.codomain.event_dim:
            return self.domain.event_dim
        raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")

    @property
    def sign(self) -> int | Tensor:
        """1 for a function that rises, -1 for one that falls."""
        if self._sign is None:
            raise NotImplementedError(f"{type(self).__name__} has no sign.")
        return self._sign

    @property
    def inv(self) -> Transform:
        """The inverse."""
        view = None if self._inverse_view is None else self._inverse_view()
        if view is None:
            view = _InverseTransform(self)
            self._inverse_view = weakref.ref(view)
        return view

    def with_cache(self, cache_size: int = 1) -> Transform:
        """Return the same transform with a cache of that size."""
        if self._cache_size == cache_size:
            return self
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        copied._cache_size = cache_size
        copied._inverse_view = copied._cached = None
        return copied

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``x`` transformed."""
        if self._cache_size and self._cached is not None and self._cached[0] is x:
            return self._cached[1]
        y = self._call(x)
        if self._cache_size:
            self._cached = x, y
        return y

    def _inv_call(self, y: Tensor) -> Tensor:
        if self._cache_size and self._cached is not None and self._cached[1] is y:
            return self._cached[0]
        x = self._inverse(y)
        if self._cache_size:
            self._cached = x, y
        return x

    @abstractmethod
    def _call(self, x: Tensor) -> Tensor: ...

    def _inverse(self, y: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no inverse.")

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the logarithm of |dy/dx|, where ``y`` is ``x`` transformed."""
        raise NotImplementedError(f"{type(self).__name__} has no log_abs_det_jacobian.")

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """Return the shape of what becomes of a tensor of ``shape``."""
        return Size(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        """Return the shape of what becomes a tensor of ``shape``."""
        return Size(shape)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@final
class _InverseTransform(Transform):
    """The inverse of another transform."""

    def __init__(self, transform: Transform) -> None:
        super().__init__(transform._cache_size)
        self._of = transform
        self.bijective = transform.bijective

    @property
    def domain(self) -> Constraint:
        return self._of.codomain

    @property
    def codomain(self) -> Constraint:
        return self._of.domain

    @property
    def sign(self) -> int | Tensor:
        return self._of.sign

    @property
    def inv(self) -> Transform:
        return self._of

    def with_cache(self, cache_size: int = 1) -> Transform:
        return self._of.with_cache(cache_size).inv

    def __call__(self, x: Tensor) -> Tensor:
        return self._of._inv_call(x)

    def _call(self, x: Tensor) -> Tensor:
        return self._of._inv_call(x)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -self._of.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return self._of.inverse_shape(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        return self._of.forward_shape(shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _InverseTransform) and self._of == other._of

    def __hash__(self) -> int:
        return hash((_InverseTransform, self._of))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._of!r})"
