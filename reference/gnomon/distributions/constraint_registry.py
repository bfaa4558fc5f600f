"""Transforms from unconstrained numbers to the region of a constraint.

>>> import gnomon as torch
>>> from gnomon.distributions import constraints
>>> transform_to(constraints.positive)(torch.tensor(0.0))
tensor(1.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast, final

from gnomon.distributions import constraints
from gnomon.distributions.combined_transforms import (
    ComposeTransform,
    IndependentTransform,
    identity_transform,
)
from gnomon.distributions.constraints import Bound, Constraint
from gnomon.distributions.single_transforms import (
    AffineTransform,
    ExpTransform,
    LowerCholeskyTransform,
    SigmoidTransform,
    SoftmaxTransform,
    StickBreakingTransform,
)
from gnomon.distributions.transform import Transform
from gnomon.tensor import Tensor

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]

C = TypeVar("C", bound=Constraint)


@final
class ConstraintRegistry:
    """Transforms by the class of the constraint they lead to."""

    def __init__(self) -> None:
        self._factories: dict[type, Callable[[Constraint], Transform]] = {}

    def register(
        self,
        constraint: type[Constraint] | Constraint,
        factory: Callable[[C], Transform],
    ) -> Callable[[C], Transform]:
        """Let ``factory(constraint)`` make the transform for constraints of that class."""
        kind = constraint if isinstance(constraint, type) else type(constraint)
        if not issubclass(kind, Constraint):
            raise TypeError(
                "Expected constraint to be either a Constraint subclass or instance, but got "
                f"{constraint}"
            )
        self._factories[kind] = cast("Callable[[Constraint], Transform]", factory)
        return factory

    def __call__(self, constraint: Constraint) -> Transform:
        """Return the transform to the region of ``constraint``.

        Raises NotImplementedError where there is none.
        """
        factory = self._factories.get(type(constraint))
        if factory is None:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__} constraints. Register a factory."
            )
        return factory(constraint)


#: One-to-one transforms.
biject_to = ConstraintRegistry()
#: Transforms that need not be one-to-one, and work better in optimization.
transform_to = ConstraintRegistry()


def _bounds(constraint: Constraint) -> tuple[Bound | None, Bound | None]:
    lower = getattr(constraint, "lower_bound", None)
    upper = getattr(constraint, "upper_bound", None)
    return cast("Bound | None", lower), cast("Bound | None", upper)


def _half_line(constraint: Constraint) -> Transform:
    lower, upper = _bounds(constraint)
    if lower is not None:
        if not isinstance(lower, Tensor) and lower == 0:
            return ExpTransform()
        return ComposeTransform([ExpTransform(), AffineTransform(lower, 1)])
    assert upper is not None
    return ComposeTransform([ExpTransform(), AffineTransform(upper, -1)])


def _between(constraint: Constraint) -> Transform:
    lower, upper = _bounds(constraint)
    assert lower is not None and upper is not None
    are_numbers = not isinstance(lower, Tensor) and not isinstance(upper, Tensor)
    if are_numbers and (lower, upper) == (0, 1):
        return SigmoidTransform()
    return ComposeTransform([SigmoidTransform(), AffineTransform(lower, upper - lower)])


def _independent_to(registry: ConstraintRegistry) -> None:
    def factory(constraint: constraints._IndependentConstraint) -> Transform:
        base = registry(constraint.base_constraint)
        return IndependentTransform(base, constraint.reinterpreted_batch_ndims)

    registry.register(constraints.independent, factory)


def _fill(registry: ConstraintRegistry) -> None:
    registry.register(constraints.real, lambda constraint: identity_transform)
    for half_line in (
        constraints.greater_than,
        constraints.greater_than_eq,
        constraints.less_than,
    ):
        registry.register(half_line, _half_line)
    for between in (constraints.interval, constraints.half_open_interval):
        registry.register(between, _between)
    registry.register(constraints.lower_cholesky, lambda constraint: LowerCholeskyTransform())
    _independent_to(registry)


_fill(biject_to)
_fill(transform_to)
biject_to.register(constraints.simplex, lambda constraint: StickBreakingTransform())
transform_to.register(constraints.simplex, lambda constraint: SoftmaxTransform())
