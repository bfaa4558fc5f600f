"""Schedulers that multiply the rate by a factor at each epoch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import cast

from gnomon.errors import explain
from gnomon.optim.checks import Number
from gnomon.optim.lr_scheduler.base import LRScheduler, SchedulerState, values_of
from gnomon.optim.optimizer import Optimizer

#: From the number of an epoch to a factor.
Factor = Callable[[int], float]


class FactorScheduler(LRScheduler, ABC):
    """A scheduler given by the factor of each epoch, and by the product of all so far."""

    @abstractmethod
    def _factor(self) -> float:
        """Return what rates are multiplied by at ``last_epoch``."""

    @abstractmethod
    def _product(self) -> float:
        """Return what initial rates have been multiplied by, ``last_epoch`` included."""

    def _rates(self) -> list[Number]:
        factor = self._factor()
        return [rate * factor for rate in values_of(self.optimizer, "lr")]

    def _get_closed_form_lr(self) -> list[Number]:
        product = self._product()
        return [rate * product for rate in self.base_lrs]


class FunctionScheduler(LRScheduler):
    """A scheduler given by functions, one for each group."""

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int = -1
    ) -> None:
        groups = len(optimizer.param_groups)
        given = list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * groups
        if len(given) != groups:
            raise ValueError(
                explain(
                    type(self).__name__, f"Expected {groups} lr_lambdas, but got {len(given)}"
                )
            )
        for function in given:
            if not callable(function):
                raise TypeError(
                    explain(
                        type(self).__name__,
                        f"lr_lambda should be a function, but got {type(function).__name__}",
                    )
                )
        self.lr_lambdas = given
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> SchedulerState:
        """Return all attributes but the optimizer; of the functions, those that are objects
        with attributes are saved by these, and plain functions are not.
        """
        state = super().state_dict()
        state["lr_lambdas"] = [
            None if isinstance(function, FunctionType) else vars(function).copy()
            for function in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict: SchedulerState) -> None:
        """Go on from what ``state_dict`` returned; plain functions stay as they are."""
        saved = cast("list[dict[str, object] | None]", state_dict["lr_lambdas"])
        functions = self.lr_lambdas
        super().load_state_dict(state_dict)
        self.lr_lambdas = functions
        for function, attributes in zip(functions, saved, strict=True):
            if attributes is not None:
                vars(function).update(attributes)


class LambdaLR(FunctionScheduler):
    """The initial rate times ``lr_lambda(epoch)``, one function or one for each group.

    >>> import gnomon as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    >>> for _ in range(3):
    ...     print(scheduler.get_last_lr())
    ...     optimizer.step()
    ...     scheduler.step()
    [0.5]
    [0.25]
    [0.16666666666666666]
    """

    def _rates(self) -> list[Number]:
        return [
            rate * function(self.last_epoch)
            for function, rate in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]


class MultiplicativeLR(FunctionScheduler):
    """The rate times ``lr_lambda(epoch)`` at each epoch after the first."""

    def _rates(self) -> list[Number]:
        rates = values_of(self.optimizer, "lr")
        if self._is_initial:
            return rates
        return [
            rate * function(self.last_epoch)
            for function, rate in zip(self.lr_lambdas, rates, strict=True)
        ]


class StepLR(FactorScheduler):
    """The rate times ``gamma`` every ``step_size`` epochs.

    >>> import gnomon as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     print(scheduler.get_last_lr())
    ...     optimizer.step()
    ...     scheduler.step()
    [0.5]
    [0.5]
    [0.25]
    [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        steps = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return self.gamma if steps else 1

    def _product(self) -> float:
        return self.gamma ** (self.last_epoch // self.step_size)


class MultiStepLR(FactorScheduler):
    """The rate times ``gamma`` at each of the epochs in ``milestones``."""

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        here = self.milestones[self.last_epoch]
        return self.gamma**here if here else 1

    def _product(self) -> float:
        return self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch)


class ConstantLR(FactorScheduler):
    """The initial rate times ``factor``, until epoch ``total_iters``.

    Raises ValueError unless ``factor`` is from 0 to 1.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0.0 <= factor <= 1.0:
            raise ValueError(
                explain(
                    "ConstantLR",
                    f"the multiplicative factor must be between 0 and 1, not {factor}",
                )
            )
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        if self.last_epoch == 0:
            return self.factor
        return 1.0 / self.factor if self.last_epoch == self.total_iters else 1

    def _product(self) -> float:
        return 1.0 if self.last_epoch >= self.total_iters else self.factor


class LinearLR(FactorScheduler):
    """The initial rate times a factor that goes from ``start_factor`` to ``end_factor`` in
    equal steps, at epoch ``total_iters``.

    Raises ValueError unless both are from 0 to 1, and the first is not 0.

    >>> import gnomon as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> for _ in range(3):
    ...     print(scheduler.get_last_lr())
    ...     optimizer.step()
    ...     scheduler.step()
    [0.25]
    [0.375]
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0.0 < start_factor <= 1.0:
            raise ValueError(
                explain(
                    "LinearLR",
                    "the starting factor must be greater than 0 and at most 1, not "
                    f"{start_factor}",
                )
            )
        if not 0.0 <= end_factor <= 1.0:
            raise ValueError(
                explain("LinearLR", f"the ending factor must be 0 to 1, not {end_factor}")
            )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1
        rise = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * rise
        return 1.0 + rise / before

    def _product(self) -> float:
        rise = self.end_factor - self.start_factor
        done = min(self.total_iters, self.last_epoch)
        return self.start_factor + rise * done / self.total_iters


class ExponentialLR(FactorScheduler):
    """The rate times ``gamma`` at each epoch after the first."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        return 1 if self._is_initial else self.gamma

    def _product(self) -> float:
        return self.gamma**self.last_epoch


class PolynomialLR(FactorScheduler):
    """The initial rate times ``(1 - epoch / total_iters)^power``, and 0 from there on."""

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1
        left = 1.0 - self.last_epoch / self.total_iters
        left_before = 1.0 - (self.last_epoch - 1) / self.total_iters
        return cast("float", (left / left_before) ** self.power)

    def _product(self) -> float:
        done = min(self.total_iters, self.last_epoch) / self.total_iters
        return cast("float", (1.0 - done) ** self.power)
