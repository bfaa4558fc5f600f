"""Constraints: regions that parameters and samples of a distribution lie in.

>>> import gnomon as torch
>>> positive.check(torch.tensor([-1.0, 2.0]))
tensor([False,  True])
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, final

from gnomon.linalg import cholesky_ex, eigvalsh
from gnomon.ops.joining import cat as _joined
from gnomon.ops.joining import stack as _stacked
from gnomon.tensor import Tensor

__all__ = [
    "Constraint",
    "boolean",
    "cat",
    "dependent",
    "dependent_property",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "is_dependent",
    "less_than",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "positive_semidefinite",
    "real",
    "real_vector",
    "simplex",
    "square",
    "stack",
    "symmetric",
    "unit_interval",
]

Bound: TypeAlias = "float | Tensor"


class Constraint(ABC):
    """A region of values: of numbers, or of events of ``event_dim`` dims."""

    is_discrete = False
    event_dim = 0

    @abstractmethod
    def check(self, value: Tensor) -> Tensor:
        """Return, for each event in ``value``, whether it lies in the region."""

    def __repr__(self) -> str:
        return f"{type(self).__name__.removeprefix('_')}()"


#: The region of each parameter by name.
Constraints: TypeAlias = Mapping[str, Constraint]


@final
class _Dependent(Constraint):
    """A region that depends on other values, so that it cannot be checked by itself."""

    def __init__(self, *, is_discrete: bool = False, event_dim: int = 0) -> None:
        self.is_discrete = is_discrete
        self.event_dim = event_dim

    def __call__(self, *, is_discrete: bool = False, event_dim: int = 0) -> _Dependent:
        return _Dependent(is_discrete=is_discrete, event_dim=event_dim)

    def check(self, value: Tensor) -> Tensor:
        raise ValueError("Cannot determine validity of dependent constraint")


class _DependentProperty(property):
    """A property that gives a constraint which depends on the distribution."""

    def __init__(
        self,
        fget: Callable[[object], Constraint] | None = None,
        *,
        is_discrete: bool = False,
        event_dim: int = 0,
    ) -> None:
        super().__init__(fget)
        self.is_discrete = is_discrete
        self.event_dim = event_dim

    def __call__(self, fget: Callable[[object], Constraint]) -> _DependentProperty:
        return _DependentProperty(fget, is_discrete=self.is_discrete, event_dim=self.event_dim)


def is_dependent(constraint: object) -> bool:
    """Return whether ``constraint`` cannot be checked by itself."""
    return isinstance(constraint, _Dependent | _DependentProperty)


@final
class _IndependentConstraint(Constraint):
    """Values whose last dims all lie in a region make one event."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        valid = self.base_constraint.check(value)
        dims = self.reinterpreted_batch_ndims
        if valid.dim() < dims:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        return valid.flatten(-dims).all(-1) if dims else valid

    def __repr__(self) -> str:
        return (
            f"IndependentConstraint({self.base_constraint}, {self.reinterpreted_batch_ndims})"
        )


@final
class _Boolean(Constraint):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value == 0) | (value == 1)


@final
class _OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Bounded(Constraint):
    """A region that its bounds describe."""

    def __init__(self, **bounds: Bound) -> None:
        self._bounds = bounds

    def __repr__(self) -> str:
        bounds = ", ".join(f"{name}={value}" for name, value in self._bounds.items())
        return f"{super().__repr__()[:-1]}{bounds})"


@final
class _IntegerInterval(_Bounded):
    is_discrete = True

    def __init__(self, lower_bound: Bound, upper_bound: Bound) -> None:
        super().__init__(lower_bound=lower_bound, upper_bound=upper_bound)
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Tensor) -> Tensor:
        whole = value % 1 == 0
        return whole & (value >= self.lower_bound) & (value <= self.upper_bound)


@final
class _IntegerGreaterThan(_Bounded):
    is_discrete = True

    def __init__(self, lower_bound: Bound) -> None:
        super().__init__(lower_bound=lower_bound)
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return (value % 1 == 0) & (value >= self.lower_bound)


@final
class _Real(Constraint):
    def check(self, value: Tensor) -> Tensor:
        return value == value  # all but nan


@final
class _GreaterThan(_Bounded):
    def __init__(self, lower_bound: Bound) -> None:
        super().__init__(lower_bound=lower_bound)
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return value > self.lower_bound


@final
class _GreaterThanEq(_Bounded):
    def __init__(self, lower_bound: Bound) -> None:
        super().__init__(lower_bound=lower_bound)
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return value >= self.lower_bound


@final
class _LessThan(_Bounded):
    def __init__(self, upper_bound: Bound) -> None:
        super().__init__(upper_bound=upper_bound)
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return value < self.upper_bound


@final
class _Interval(_Bounded):
    def __init__(self, lower_bound: Bound, upper_bound: Bound) -> None:
        super().__init__(lower_bound=lower_bound, upper_bound=upper_bound)
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (value >= self.lower_bound) & (value <= self.upper_bound)


@final
class _HalfOpenInterval(_Bounded):
    def __init__(self, lower_bound: Bound, upper_bound: Bound) -> None:
        super().__init__(lower_bound=lower_bound, upper_bound=upper_bound)
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (value >= self.lower_bound) & (value < self.upper_bound)


# How far the sum of probabilities may be from 1, in any dtype.
_SIMPLEX_TOLERANCE = 1e-6


@final
class _Simplex(Constraint):
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < _SIMPLEX_TOLERANCE)


@final
class _Multinomial(Constraint):
    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Bound) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


class _Matrix(Constraint):
    event_dim = 2


@final
class _LowerTriangular(_Matrix):
    def check(self, value: Tensor) -> Tensor:
        return _all_of_matrix(value.tril() == value)


@final
class _LowerCholesky(_Matrix):
    def check(self, value: Tensor) -> Tensor:
        positive = (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)
        return _all_of_matrix(value.tril() == value) & positive


@final
class _Square(_Matrix):
    def check(self, value: Tensor) -> Tensor:
        is_square = value.shape[-2] == value.shape[-1]
        return value.new_full(value.shape[:-2], is_square).bool()


class _Symmetric(_Matrix):
    def check(self, value: Tensor) -> Tensor:
        if value.shape[-2] != value.shape[-1]:
            return value.new_zeros(value.shape[:-2]).bool()
        turned = value.mT
        return _all_of_matrix((value - turned).abs() <= 1e-6 + 1e-5 * turned.abs())


@final
class _PositiveSemidefinite(_Symmetric):
    def check(self, value: Tensor) -> Tensor:
        symmetric = super().check(value)
        return symmetric & (eigvalsh(value) >= 0).all(-1) if symmetric.all() else symmetric


@final
class _PositiveDefinite(_Symmetric):
    def check(self, value: Tensor) -> Tensor:
        symmetric = super().check(value)
        return cholesky_ex(value).info == 0 if symmetric.all() else symmetric


def _all_of_matrix(valid: Tensor) -> Tensor:
    return valid.flatten(-2).all(-1)


@final
class _Cat(Constraint):
    """Parts of a dim, one behind the other, each in a region of its own."""

    def __init__(
        self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None
    ) -> None:
        self.cseq = list(cseq)
        self.dim = dim
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        self.is_discrete = any(part.is_discrete for part in self.cseq)
        self.event_dim = max(part.event_dim for part in self.cseq)

    def check(self, value: Tensor) -> Tensor:
        parts = value.split(self.lengths, self.dim)
        valid = [part.check(piece) for part, piece in zip(self.cseq, parts, strict=True)]
        return _joined(valid, self.dim)


@final
class _Stack(Constraint):
    """Slices of a dim, each in a region of its own."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        self.cseq = list(cseq)
        self.dim = dim
        self.is_discrete = any(part.is_discrete for part in self.cseq)
        dim_within = max(part.event_dim for part in self.cseq)
        self.event_dim = dim_within + 1 if dim + dim_within < 0 else dim_within

    def check(self, value: Tensor) -> Tensor:
        slices = value.unbind(self.dim)
        valid = [part.check(each) for part, each in zip(self.cseq, slices, strict=True)]
        return _stacked(valid, self.dim)


@final
class MixtureSameFamilyConstraint(Constraint):
    """The region of a mixture's samples: that of its components."""

    def __init__(self, base_constraint: Constraint) -> None:
        self.base_constraint = base_constraint
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim

    def check(self, value: Tensor) -> Tensor:
        place = value.dim() - self.event_dim
        return self.base_constraint.check(value.unsqueeze(place)).all(-1)

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint})"


dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean = _Boolean()
one_hot = _OneHot()
integer_interval = _IntegerInterval
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat = _Cat
stack = _Stack
