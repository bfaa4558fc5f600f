"""Schedulers that change momentum against the rate: the one where the other is low."""

from __future__ import annotations

from typing import cast

from gnomon.errors import explain
from gnomon.optim.checks import Number
from gnomon.optim.groups import Group
from gnomon.optim.optimizer import Optimizer


def uses_beta1(scheduler: str, optimizer: Optimizer) -> bool:
    """Return whether the optimizer's momentum is the first of its ``betas``.

    Raises ValueError when it has no momentum.
    """
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            explain(
                scheduler,
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled",
                remedy="Give cycle_momentum=False",
            )
        )
    return "betas" in optimizer.defaults


def assign_momentum(group: Group, momentum: Number, beta1: bool) -> None:
    """Set the momentum of a group."""
    if beta1:
        _, *others = cast("tuple[Number, ...]", group["betas"])
        group["betas"] = (momentum, *others)
    else:
        group["momentum"] = momentum


def start_momentum(
    optimizer: Optimizer, beta1: bool, largest: list[Number], smallest: list[Number]
) -> None:
    """Set every group's momentum to its largest, where a cycle begins, and note its range."""
    for group, high, low in zip(optimizer.param_groups, largest, smallest, strict=True):
        assign_momentum(group, high, beta1)
        group["max_momentum"] = high
        group["base_momentum"] = low
