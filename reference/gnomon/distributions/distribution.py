"""The base of all distributions: shapes, checks, and what one follows from another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from gnomon.distributions.constraints import Constraint, Constraints, is_dependent
from gnomon.graph.modes import no_grad
from gnomon.layout import Size
from gnomon.ops.truth import holds
from gnomon.tensor import Tensor

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Distribution"]


class Distribution:
    """A distribution of events of ``event_shape``, one for each place of ``batch_shape``.

    A sample has the shape of ``sample_shape``, batch and event, in that order. With
    ``validate_args``, which is on unless Python runs with ``-O``, parameters and values are
    checked; a violation is a ValueError.
    """

    has_rsample: bool = False
    has_enumerate_support: bool = False
    #: The region of each parameter, where it does not depend on others.
    _constraints: ClassVar[Constraints] = {}
    #: The parameters that ``expand`` expands: tensors whose first dims are the batch's.
    _batched: ClassVar[tuple[str, ...]] = ()
    #: The region in which samples lie, where it does not depend on parameters.
    _region: ClassVar[Constraint | None] = None
    _validate_args: bool = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Check arguments from now on, or not, where a distribution does not say."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args: {value!r} is no bool.")
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Sequence[int] = (),
        event_shape: Sequence[int] = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        for name, value in self._given().items():
            constraint = self.arg_constraints[name]
            if not is_dependent(constraint) and not holds(constraint.check(value)):
                raise ValueError(
                    f"Expected parameter {name} (Tensor of shape {tuple(value.shape)}) of "
                    f"distribution {self!r} to satisfy the constraint {constraint!r}, but "
                    f"found invalid values:\n{value}"
                )

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters, up to broadcasting."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one event."""
        return self._event_shape

    @property
    def arg_constraints(self) -> Constraints:
        """The region of each parameter that is a tensor, by name."""
        return self._constraints

    def _given(self) -> dict[str, Tensor]:
        """Return the parameters that were given, by name."""
        values = {name: self.__dict__.get(name) for name in self.arg_constraints}
        return {name: value for name, value in values.items() if isinstance(value, Tensor)}

    @property
    def support(self) -> Constraint:
        """The region in which samples lie."""
        if self._region is None:
            raise self._lacks("support")
        return self._region

    @property
    def mean(self) -> Tensor:
        """The mean; nan where it does not exist."""
        raise self._lacks("mean")

    @property
    def mode(self) -> Tensor:
        """The most probable value."""
        raise self._lacks("mode")

    @property
    def variance(self) -> Tensor:
        """The variance; nan where it does not exist."""
        raise self._lacks("variance")

    @property
    def stddev(self) -> Tensor:
        """The root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Return samples through which no gradient flows."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Return samples as differentiable functions of the parameters."""
        raise self._lacks("rsample")

    def log_prob(self, value: Tensor) -> Tensor:
        """Return the logarithm of the density, or of the probability, at ``value``."""
        raise self._lacks("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """Return the probability of a sample that is not larger than ``value``."""
        raise self._lacks("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """Return the number that a sample does not exceed with probability ``value``."""
        raise self._lacks("icdf")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return all values a sample may have, along a new first dim.

        The dims of the batch have size 1 unless ``expand``.
        """
        raise self._lacks("enumerate_support")

    def entropy(self) -> Tensor:
        """Return the entropy, of the shape of the batch."""
        raise self._lacks("entropy")

    def perplexity(self) -> Tensor:
        """Return the exponential of the entropy."""
        return self.entropy().exp()

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        """Return the distribution with its batch expanded to ``batch_shape``; nothing is
        copied.
        """
        shape, dims = Size(batch_shape), len(self._batch_shape)
        expanded = object.__new__(type(self))
        expanded.__dict__.update(self.__dict__)
        expanded._batch_shape = shape
        for name in self._batched:
            value = self.__dict__.get(name)
            if isinstance(value, Tensor):
                expanded.__dict__[name] = value.expand(shape + value.shape[dims:])
            elif isinstance(value, Distribution):
                inner = shape + value.batch_shape[dims:]
                expanded.__dict__[name] = value.expand(inner)
        return expanded

    def _extended_shape(self, sample_shape: Sequence[int] = ()) -> Size:
        return Size(sample_shape) + self._batch_shape + self._event_shape

    def _checked(self, value: Tensor) -> Tensor:
        """Return ``value``, checked if arguments are."""
        if self._validate_args:
            self._validate_sample(value)
        return value

    def _validate_sample(self, value: Tensor) -> None:
        """Raise ValueError unless ``value`` may be asked for."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        found, event = value.shape, self._event_shape
        if found[len(found) - len(event) :] != event:
            raise ValueError(
                f"The right-most size of value must match event_shape: {found} vs {event}."
            )
        expected = self._batch_shape + event
        for size, wanted in zip(reversed(found), reversed(expected), strict=False):
            if size != wanted and 1 not in (size, wanted):
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{found} vs {expected}."
                )
        if not holds(self.support.check(value)):
            raise ValueError(
                f"Expected value argument (Tensor of shape {tuple(found)}) to be within the "
                f"support ({self.support!r}) of the distribution {self!r}, but found invalid "
                f"values:\n{value}"
            )

    def _lacks(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} does not implement {what}.")

    def __repr__(self) -> str:
        parts = [
            f"{name}: {value if value.numel() == 1 else value.shape}"
            for name, value in self._given().items()
        ]
        return f"{type(self).__name__}({', '.join(parts)})"
