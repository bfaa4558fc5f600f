"""What schedulers of the learning rate share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from gnomon.errors import explain, warn
from gnomon.optim.checks import Number
from gnomon.optim.groups import Group
from gnomon.optim.optimizer import Optimizer
from gnomon.tensor import Tensor

#: What a scheduler saves: its attributes by name, those of PyTorch's schedulers.
SchedulerState = dict[str, object]


def check_optimizer(optimizer: object) -> None:
    """Raise TypeError unless ``optimizer`` is one."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            explain("LRScheduler", f"{type(optimizer).__name__} is not an Optimizer")
        )


def copied(value: Number) -> Number:
    """Return a number that does not change when the tensor it may be is written to."""
    return value.clone() if isinstance(value, Tensor) else value


def values_of(optimizer: Optimizer, name: str) -> list[Number]:
    """Return the option ``name`` of every group."""
    return [copied(cast("Number", group[name])) for group in optimizer.param_groups]


def assign(group: Group, name: str, value: Number) -> None:
    """Set an option; one that is a tensor keeps its place, so that captured steps see it."""
    present = group[name]
    if isinstance(present, Tensor):
        present.fill_(value.squeeze() if isinstance(value, Tensor) else value)
    else:
        group[name] = value


def per_group(
    scheduler: str, optimizer: Optimizer, name: str, value: Number | Sequence[Number]
) -> list[Number]:
    """Return one value for each group, from one for all of them or a list.

    Raises ValueError when a list has not as many values as there are groups.
    """
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [copied(cast("Number", value)) for _ in range(count)]
    if len(value) != count:
        raise ValueError(
            explain(
                scheduler,
                f"{name} must have the same length as optimizer.param_groups: it has "
                f"{len(value)} values for {count} groups",
            )
        )
    return [copied(one) for one in value]


def warn_of_epoch() -> None:
    """Warn that a number of an epoch was given, which schedulers count themselves."""
    warn(
        "scheduler.step: the epoch parameter is deprecated. The learning rate of that epoch is "
        "taken from the closed form, where there is one; call step() without it to go on"
    )


class LRScheduler:
    """The base of schedulers, which change the learning rates of an optimizer's groups.

    A subclass defines ``get_lr``. The initial rates of the groups are kept there as
    ``initial_lr``; with a ``last_epoch`` other than -1 the scheduler goes on from that epoch,
    and they must be there. Making a scheduler sets the rates of its first epoch.

    Raises TypeError unless ``optimizer`` is one, KeyError when ``initial_lr`` is missing.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(cast("Number", group["lr"])))
            elif "initial_lr" not in group:
                raise KeyError(
                    explain(
                        type(self).__name__,
                        "param 'initial_lr' is not specified in "
                        f"param_groups[{number}] when resuming with last_epoch {last_epoch}",
                        remedy="Load the optimizer's state dict first, or start with -1",
                    )
                )
        self.base_lrs = values_of(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> SchedulerState:
        """Return all attributes but the optimizer."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: SchedulerState) -> None:
        """Go on from what ``state_dict`` returned, here or in PyTorch."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Number]:
        """Return the rates that the last step set, one for each group."""
        return self._last_lr

    def get_lr(self) -> list[Number]:
        """Return the rates of the epoch ``last_epoch``, which ``step`` sets."""
        if not self._get_lr_called_within_step:
            warn(
                "scheduler.get_lr: this computes the next rates. To get the last learning rate "
                "computed by the scheduler, please use `get_last_lr()`"
            )
        return self._rates()

    def _rates(self) -> list[Number]:
        raise NotImplementedError(
            explain(
                type(self).__name__,
                "a scheduler must define the rates it sets",
                remedy="Define get_lr(self), a list with a rate for each group",
            )
        )

    def _get_closed_form_lr(self) -> list[Number]:
        """Return the rates of ``last_epoch`` without reference to those before."""
        return self.get_lr()

    def step(self, epoch: int | None = None) -> None:
        """Set the rates of the next epoch, or of ``epoch``, which is deprecated."""
        if self._step_count == 1 and not self.optimizer.stepped:
            warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them "
                "in the opposite order, or the first rate of the schedule is never used"
            )
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch()
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                rates = self._get_closed_form_lr()
        finally:
            self._get_lr_called_within_step = False
        self._assign(rates)

    def _assign(self, rates: list[Number]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            assign(group, "lr", rate)
        self._last_lr = values_of(self.optimizer, "lr")


# What programs written for earlier PyTorch derive their schedulers from.
_LRScheduler = LRScheduler
