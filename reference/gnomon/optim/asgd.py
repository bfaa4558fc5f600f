"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import ClassVar, TypedDict

from gnomon.optim.checks import Number, check_range, check_rate
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import (
    PerParameterOptimizer,
    add_scaled_,
    counted,
    counter,
    decayed,
    scalar,
)
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

__all__ = ["ASGD"]


class ASGDOptions(TypedDict):
    lr: Number
    lambd: float
    alpha: float
    t0: float
    weight_decay: float
    capturable: bool


class ASGDState(TypedDict):
    step: Tensor
    eta: Tensor
    mu: Tensor
    ax: Tensor


class ASGD(PerParameterOptimizer[ASGDOptions, ASGDState]):
    """Averaged stochastic gradient descent: ``p = (1 - lambd * eta) * p - eta * g``.

    ``eta`` falls as ``lr / (1 + lambd * lr * t)^alpha`` at step ``t``; ``state[p]["ax"]`` is
    ``p`` averaged over the steps since ``t0``, and ``p`` itself before. ``weight_decay`` adds
    ``weight_decay * p`` to the gradient. ``maximize``, ``capturable``, ``differentiable``,
    ``foreach``: see ``gnomon.optim.per_parameter``. Raises ValueError for an option out of
    range. Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = ASGD([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.8000, -2.4000], requires_grad=True)
    """

    counters: ClassVar[tuple[str, ...]] = ("step", "eta", "mu")

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate("ASGD", lr)
        check_range("ASGD", "weight_decay value", weight_decay)
        defaults: dict[str, object] = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def remembered(self, parameter: Tensor, options: ASGDOptions) -> ASGDState:
        lr = options["lr"]
        return {
            "step": counter(parameter, options),
            "eta": counter(parameter, options, lr.item() if isinstance(lr, Tensor) else lr),
            "mu": counter(parameter, options, 1.0),
            "ax": zeros_like(parameter),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, state: ASGDState, options: ASGDOptions
    ) -> None:
        capturable, lambd = options["capturable"], options["lambd"]
        lr = scalar(options["lr"], capturable)
        eta, weight = scalar(state["eta"], capturable), scalar(state["mu"], capturable)
        step = counted(state["step"], capturable)
        gradient = decayed(gradient, parameter, options["weight_decay"])
        parameter.mul_(1 - lambd * eta)
        add_scaled_(parameter, gradient, -eta)
        if not isinstance(weight, Tensor) and weight == 1:
            state["ax"].copy_(parameter)
        else:
            add_scaled_(state["ax"], parameter - state["ax"], weight)
        steps_averaged = step - options["t0"]
        if isinstance(steps_averaged, Tensor):
            steps_averaged = steps_averaged.clamp(min=1)
        else:
            steps_averaged = max(1, steps_averaged)
        state["eta"].fill_(lr / (1 + lambd * lr * step) ** options["alpha"])
        state["mu"].fill_(1 / steps_averaged)
