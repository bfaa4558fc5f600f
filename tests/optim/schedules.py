"""Schedulers that are tried: each sets the rates of an optimizer with two groups."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import cast

#: An expression for a scheduler ``s.Name`` of the optimizer ``o``, or for several in a list.
SCHEDULES = [
    "s.LambdaLR(o, lambda e: 0.9 ** e)",
    "s.LambdaLR(o, [lambda e: 0.9 ** e, lambda e: 1 / (1 + e)])",
    "s.MultiplicativeLR(o, lambda e: 1 - e / 20)",
    "s.StepLR(o, step_size=3)",
    "s.StepLR(o, 4, gamma=0.5)",
    "s.MultiStepLR(o, [2, 5, 5, 9], gamma=0.3)",
    "s.ConstantLR(o)",
    "s.ConstantLR(o, factor=0.25, total_iters=4)",
    "s.LinearLR(o)",
    "s.LinearLR(o, start_factor=0.9, end_factor=0.1, total_iters=7)",
    "s.ExponentialLR(o, gamma=0.8)",
    "s.PolynomialLR(o, total_iters=8, power=2.5)",
    "s.PolynomialLR(o)",
    "s.CosineAnnealingLR(o, T_max=4)",
    "s.CosineAnnealingLR(o, T_max=5, eta_min=0.02)",
    "s.CosineAnnealingWarmRestarts(o, T_0=3)",
    "s.CosineAnnealingWarmRestarts(o, 2, T_mult=2, eta_min=0.01)",
    "s.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=3)",
    "s.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 3, 2, mode='triangular2', base_momentum=0.7)",
    "s.CyclicLR(o, 0.01, 0.1, 2, mode='exp_range', gamma=0.9, cycle_momentum=False)",
    "s.CyclicLR(o, 0.01, 0.1, 2, scale_fn=lambda x: 1 / x)",
    "s.OneCycleLR(o, max_lr=0.5, total_steps=14)",
    "s.OneCycleLR(o, [0.5, 0.2], epochs=7, steps_per_epoch=2, anneal_strategy='linear')",
    "s.OneCycleLR(o, 0.5, 14, three_phase=True, pct_start=0.4, div_factor=5.0)",
    "s.SequentialLR(o, [s.ConstantLR(o), s.ExponentialLR(o, 0.9)], milestones=[4])",
    "s.SequentialLR(o, [s.LinearLR(o, total_iters=3), s.CosineAnnealingLR(o, 6), "
    "s.StepLR(o, 2)], [3, 9])",
    "s.SequentialLR(o, [s.LinearLR(o), s.CosineAnnealingWarmRestarts(o, 3)], [4])",
    "s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)])",
    "s.ChainedScheduler([s.LinearLR(o), s.StepLR(o, 3)], optimizer=o)",
]

EPOCHS = 13


def optimizer_of(t: ModuleType, name: str, tensor_rate: bool = False) -> object:
    """Return an optimizer of two groups with different rates."""
    groups = [
        {"params": [t.zeros(2, requires_grad=True)]},
        {"params": [t.zeros(1, requires_grad=True)], "lr": 0.05},
    ]
    rate = t.tensor(0.2, dtype=t.float64) if tensor_rate else 0.2
    options = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(t.optim, name)(groups, lr=rate, **options)


def scheduler_of(t: ModuleType, text: str, optimizer: object) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(text, {"t": t, "s": t.optim.lr_scheduler, "o": optimizer})


def run(scheduler: object, optimizer: object, epochs: int = EPOCHS) -> list[list[float]]:
    """Return the rates, and momenta, of each epoch."""
    history = []
    for _ in range(epochs):
        rates = [float(rate) for rate in scheduler.get_last_lr()]  # type: ignore[attr-defined]
        groups = cast("list[dict[str, float]]", optimizer.param_groups)  # type: ignore[attr-defined]
        assert rates == [float(group["lr"]) for group in groups]
        history.append(rates + [momentum_of(group) for group in groups])
        optimizer.step()  # type: ignore[attr-defined]
        scheduler.step()  # type: ignore[attr-defined]
    return history


def momentum_of(group: dict[str, float]) -> float:
    if "betas" in group:
        return cast("tuple[float, float]", group["betas"])[0]
    return group["momentum"]
