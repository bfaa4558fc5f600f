"""A scheduler that lowers the rate when a metric no longer improves."""

from __future__ import annotations

import math
from typing import Literal, SupportsFloat

from gnomon.errors import explain
from gnomon.optim.checks import Number
from gnomon.optim.lr_scheduler.base import (
    LRScheduler,
    SchedulerState,
    assign,
    check_optimizer,
    values_of,
    warn_of_epoch,
)
from gnomon.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    """The rate times ``factor`` when ``step`` was told no better metric for more than
    ``patience`` epochs; ``cooldown`` epochs after that do not count.

    A metric is better when it is below (mode "min") or above ("max") the best so far by
    ``threshold``, taken as a part of it ("rel") or as it is ("abs"). Rates do not fall below
    ``min_lr``, nor by ``eps`` or less. Raises ValueError for an unknown mode, a ``factor`` of 1
    or more, or a list of ``min_lr`` that does not fit the groups.

    >>> import gnomon as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     optimizer.step()
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError(
                explain("ReduceLROnPlateau", f"Factor should be < 1.0, not {factor}")
            )
        check_optimizer(optimizer)
        groups = len(optimizer.param_groups)
        if isinstance(min_lr, list | tuple) and len(min_lr) != groups:
            raise ValueError(
                explain("ReduceLROnPlateau", f"expected {groups} min_lrs, got {len(min_lr)}")
            )
        if mode not in ("min", "max"):
            raise ValueError(explain("ReduceLROnPlateau", f"mode {mode} is unknown"))
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(
                explain("ReduceLROnPlateau", f"threshold mode {threshold_mode} is unknown")
            )
        self.factor = factor
        self.optimizer = optimizer
        self.default_min_lr = None if isinstance(min_lr, list | tuple) else min_lr
        self.min_lrs = list(min_lr) if isinstance(min_lr, list | tuple) else [min_lr] * groups
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = values_of(optimizer, "lr")
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self._reset()

    def _reset(self) -> None:
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether epochs without improvement do not count yet."""
        return self.cooldown_counter > 0

    def step(  # type: ignore[override]  # a metric is what this scheduler goes by
        self, metrics: SupportsFloat, epoch: int | None = None
    ) -> None:
        """Take note of a metric, such as the loss; lower the rates if it is time to."""
        current = float(metrics)
        if epoch is None:
            epoch = self.last_epoch + 1
        else:
            warn_of_epoch()
        self.last_epoch = epoch
        if self._is_better(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = values_of(self.optimizer, "lr")

    def _is_better(self, current: float) -> bool:
        down = self.mode == "min"
        if self.threshold_mode == "rel":
            limit = self.best * (1.0 - self.threshold if down else self.threshold + 1.0)
        else:
            limit = self.best - self.threshold if down else self.best + self.threshold
        return current < limit if down else current > limit

    def _reduce_lr(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    explain(
                        "ReduceLROnPlateau",
                        f"there are {len(groups)} param groups, {len(self.min_lrs)} min_lrs",
                        remedy="Append to min_lrs when a group is added to the optimizer",
                    )
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        rates: list[Number] = values_of(self.optimizer, "lr")
        for group, smallest, rate in zip(groups, self.min_lrs, rates, strict=True):
            old = float(rate)
            new = max(old * self.factor, smallest)
            if old - new > self.eps:
                assign(group, "lr", new)

    def load_state_dict(self, state_dict: SchedulerState) -> None:
        """Go on from what ``state_dict`` returned, here or in PyTorch."""
        super().load_state_dict(state_dict)
        self.mode_worse = math.inf if self.mode == "min" else -math.inf
