"""Schedulers made of others: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import cast

from gnomon.errors import explain
from gnomon.optim.checks import Number
from gnomon.optim.lr_scheduler.base import LRScheduler, SchedulerState, assign, values_of
from gnomon.optim.lr_scheduler.plateau import ReduceLROnPlateau
from gnomon.optim.optimizer import Optimizer


class ComposedScheduler(LRScheduler):
    """A scheduler that leaves the rates to others of the same optimizer."""

    _schedulers: Sequence[LRScheduler]

    def _check(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler]) -> None:
        name = type(self).__name__
        for index, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(
                    explain(name, f"the scheduler at index {index} has no `optimizer`")
                )
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    explain(
                        name,
                        "does not support `ReduceLROnPlateau`, whose step takes a metric; got "
                        f"one at index {index}",
                    )
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    explain(
                        name,
                        "expects all schedulers to belong to the same optimizer; "
                        f"{type(scheduler).__name__} at index {index} belongs to another one",
                    )
                )

    def state_dict(self) -> SchedulerState:
        """Return all attributes but the optimizer, the schedulers as their state dicts."""
        state = super().state_dict()
        state["_schedulers"] = [scheduler.state_dict() for scheduler in self._schedulers]
        return state

    def load_state_dict(self, state_dict: SchedulerState) -> None:
        """Go on from what ``state_dict`` returned, here or in PyTorch."""
        schedulers = self._schedulers
        super().load_state_dict(state_dict)
        self._schedulers = schedulers
        saved = cast("list[SchedulerState]", state_dict["_schedulers"])
        for scheduler, state in zip(schedulers, saved, strict=True):
            scheduler.load_state_dict(state)


class SequentialLR(ComposedScheduler):
    """One scheduler after the other; each but the first begins at its epoch in ``milestones``.

    Raises ValueError unless there is one milestone less than schedulers, all of the same
    optimizer, and none a ReduceLROnPlateau.

    >>> import gnomon as torch
    >>> from gnomon.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> warm_up = ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> scheduler = SequentialLR(optimizer, [warm_up, ExponentialLR(optimizer, 0.5)], [2])
    >>> for _ in range(4):
    ...     print(scheduler.get_last_lr())
    ...     optimizer.step()
    ...     scheduler.step()
    [0.5]
    [0.5]
    [1.0]
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        if not schedulers:
            raise ValueError(explain("SequentialLR", "expects at least one scheduler"))
        self._check(optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                explain(
                    "SequentialLR",
                    "expects one milestone less than schedulers, but got "
                    f"{len(schedulers)} schedulers and {len(milestones)} milestones",
                )
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            assign(group, "lr", cast("Number", group["initial_lr"]))
        _undo(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]  # it counts epochs by itself
        """Set the rates of the next epoch, by the scheduler whose turn it is."""
        self.last_epoch += 1
        index = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[index]
        if index > 0 and self._milestones[index - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _undo(scheduler: LRScheduler) -> None:
    """Take back the first step that making a scheduler took."""
    if isinstance(scheduler, ComposedScheduler):
        for part in scheduler._schedulers:
            _undo(part)
    else:
        scheduler.last_epoch -= 1


class ChainedScheduler(ComposedScheduler):
    """Several schedulers at once, each going on from the rates the one before has set.

    Raises ValueError unless there is a scheduler, all are of the same optimizer, and none is a
    ReduceLROnPlateau.
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        if not schedulers:
            raise ValueError(explain("ChainedScheduler", "expects at least one scheduler"))
        optimizer = optimizer or schedulers[0].optimizer
        self._check(optimizer, schedulers)
        self._schedulers = schedulers
        self.optimizer = optimizer
        self._last_lr = values_of(optimizer, "lr")

    def step(self) -> None:  # type: ignore[override]  # it counts epochs by itself
        """Let every scheduler take its step, in order."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = values_of(self.optimizer, "lr")
