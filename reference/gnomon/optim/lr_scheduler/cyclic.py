"""Schedulers that raise and lower the rate, and momentum against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Literal, TypedDict, cast

from gnomon.errors import explain
from gnomon.optim.checks import Number
from gnomon.optim.groups import Group
from gnomon.optim.lr_scheduler.base import (
    LRScheduler,
    SchedulerState,
    assign,
    check_optimizer,
    per_group,
)
from gnomon.optim.lr_scheduler.momentum import assign_momentum, start_momentum, uses_beta1
from gnomon.optim.optimizer import Optimizer


class CyclicLR(LRScheduler):
    """From ``base_lr`` to ``max_lr`` in ``step_size_up`` steps, back in ``step_size_down``.

    How far a cycle goes is 1 in mode "triangular", half of the cycle before in "triangular2",
    ``gamma^step`` in "exp_range", or what ``scale_fn`` says of the cycle, or of the step if
    ``scale_mode`` is "iterations". With ``cycle_momentum``, momentum (or ``betas[0]``) goes
    from ``max_momentum`` to ``base_momentum`` and back. Call ``step`` after each batch.

    Raises ValueError for an unknown mode, for lists that do not fit the groups, and for an
    optimizer without momentum to cycle. Smith, "Cyclical Learning Rates for Training Neural
    Networks", 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = per_group("CyclicLR", optimizer, "base_lr", base_lr)
        if last_epoch == -1:
            for rate, group in zip(base_lrs, optimizer.param_groups, strict=True):
                assign(group, "lr", rate)
        self.max_lrs = per_group("CyclicLR", optimizer, "max_lr", max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(
                explain(
                    "CyclicLR",
                    f"mode {mode!r} is invalid and scale_fn is None",
                    remedy="Give 'triangular', 'triangular2' or 'exp_range'",
                )
            )
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1("CyclicLR", optimizer)
            self.base_momentums = per_group(
                "CyclicLR", optimizer, "base_momentum", base_momentum
            )
            self.max_momentums = per_group("CyclicLR", optimizer, "max_momentum", max_momentum)
            if last_epoch == -1:
                start_momentum(
                    optimizer, self.use_beta1, self.max_momentums, self.base_momentums
                )
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """Return how far up cycle ``x``, counted from 1, or step ``x`` goes."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return math.pow(2.0, 1 - x) if self.mode == "triangular2" else math.pow(self.gamma, x)

    def _rates(self) -> list[Number]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        if x <= self.step_ratio:
            height = x / self.step_ratio
        else:
            height = (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups,
                self.base_momentums,
                self.max_momentums,
                strict=True,
            ):
                momentum = high - (high - low) * height * scale
                assign_momentum(group, momentum, self.use_beta1)
        return [
            low + (high - low) * height * scale
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> SchedulerState:
        """Return all attributes but the optimizer; a plain function as ``scale_fn`` is not
        saved, another object by its attributes.
        """
        state = super().state_dict()
        function = self._scale_fn_custom
        plain = function is None or isinstance(function, FunctionType)
        state["_scale_fn_custom"] = None if plain else vars(function).copy()
        return state

    def load_state_dict(self, state_dict: SchedulerState) -> None:
        """Go on from what ``state_dict`` returned; a plain ``scale_fn`` stays as it is."""
        function = self._scale_fn_custom
        super().load_state_dict(state_dict)
        self._scale_fn_custom = function
        attributes = state_dict["_scale_fn_custom"]
        if attributes is not None:
            vars(function).update(cast("dict[str, object]", attributes))


class Phase(TypedDict):
    """A part of OneCycleLR's schedule, from the end of the one before to ``end_step``; the
    others name options of the groups.
    """

    end_step: float
    start_lr: str
    end_lr: str
    start_momentum: str
    end_momentum: str


class OneCycleLR(LRScheduler):
    """From ``max_lr / div_factor`` up to ``max_lr``, then down to almost nothing, once.

    ``total_steps``, or ``epochs * steps_per_epoch``, is how many steps there are; the part
    ``pct_start`` of them goes up, along a cosine or a line (``anneal_strategy``). The last rate
    is the first divided by ``final_div_factor``; if ``three_phase``, the rate first goes down
    as it went up. With ``cycle_momentum``, momentum (or ``betas[0]``) goes from
    ``max_momentum`` to ``base_momentum`` and back. Call ``step`` after each batch.

    Raises ValueError for an option out of range, for lists that do not fit the groups, for an
    optimizer without momentum to cycle, and for a step after the last. Smith and Topin,
    "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018.

    >>> import gnomon as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> scheduler = OneCycleLR(optimizer, max_lr=1.0, total_steps=5, pct_start=0.4)
    >>> for _ in range(4):
    ...     print(f"{scheduler.get_last_lr()[0]:.2f}")
    ...     optimizer.step()
    ...     scheduler.step()
    0.04
    1.00
    0.75
    0.25
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not (0 <= pct_start <= 1 and _is_float(pct_start)):
            raise ValueError(
                explain(
                    "OneCycleLR",
                    f"Expected float between 0 and 1 pct_start, but got {pct_start}",
                )
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                explain(
                    "OneCycleLR",
                    "anneal_strategy must be one of 'cos' or 'linear', instead got "
                    f"{anneal_strategy}",
                )
            )
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        if last_epoch == -1:
            _start_rates(optimizer, max_lr, div_factor, final_div_factor)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1("OneCycleLR", optimizer)
            high = per_group("OneCycleLR", optimizer, "max_momentum", max_momentum)
            low = per_group("OneCycleLR", optimizer, "base_momentum", base_momentum)
            if last_epoch == -1:
                start_momentum(optimizer, self.use_beta1, high, low)
        super().__init__(optimizer, last_epoch)

    def _rates(self) -> list[Number]:
        if self.last_epoch > self.total_steps:
            raise ValueError(
                explain(
                    "OneCycleLR",
                    f"Tried to step {self.last_epoch} times, of {self.total_steps} steps",
                )
            )
        start = 0.0
        phase = self._schedule_phases[0]
        for phase in self._schedule_phases:
            if self.last_epoch <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        part = (self.last_epoch - start) / (phase["end_step"] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group, phase["start_lr"], phase["end_lr"], part))
            if self.cycle_momentum:
                momentum = self._between(
                    group, phase["start_momentum"], phase["end_momentum"], part
                )
                assign_momentum(group, momentum, self.use_beta1)
        return rates

    def _between(self, group: Group, start: str, end: str, part: float) -> Number:
        """Return what is ``part`` of the way from one option of a group to another."""
        first, last = cast("Number", group[start]), cast("Number", group[end])
        if self._anneal_func_type == "linear":
            return (last - first) * part + first
        return last + (first - last) / 2.0 * (math.cos(math.pi * part) + 1)


def _is_float(value: object) -> bool:
    return isinstance(value, float)


def _total_steps(
    total_steps: int | None, epochs: int | None, steps_per_epoch: int | None
) -> int:
    if total_steps is None and (epochs is None or steps_per_epoch is None):
        raise ValueError(
            explain(
                "OneCycleLR",
                "You must define either total_steps OR (epochs AND steps_per_epoch)",
            )
        )
    if total_steps is not None:
        return _positive("total_steps", total_steps)
    return _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)


def _positive(name: str, value: object) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(
            explain("OneCycleLR", f"Expected positive integer {name}, but got {value}")
        )
    return value


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> list[Phase]:
    def phase(end_step: float, rates: tuple[str, str], momenta: tuple[str, str]) -> Phase:
        return {
            "end_step": end_step,
            "start_lr": rates[0],
            "end_lr": rates[1],
            "start_momentum": momenta[0],
            "end_momentum": momenta[1],
        }

    top = pct_start * total_steps
    high, low = "max_momentum", "base_momentum"
    up = phase(top - 1, ("initial_lr", "max_lr"), (high, low))
    if not three_phase:
        return [up, phase(total_steps - 1, ("max_lr", "min_lr"), (low, high))]
    return [
        up,
        phase(2 * top - 2, ("max_lr", "initial_lr"), (low, high)),
        phase(total_steps - 1, ("initial_lr", "min_lr"), (high, high)),
    ]


def _start_rates(
    optimizer: Optimizer,
    max_lr: Number | Sequence[Number],
    div_factor: float,
    final_div_factor: float,
) -> None:
    rates = per_group("OneCycleLR", optimizer, "max_lr", max_lr)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        first = rate / div_factor
        group["initial_lr"] = first
        group["max_lr"] = rate
        group["min_lr"] = first / final_div_factor
