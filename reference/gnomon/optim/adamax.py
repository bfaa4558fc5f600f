"""Adamax: Adam with the largest gradient in place of the average square."""

from __future__ import annotations

from typing import TypedDict

from gnomon.ops.selection import maximum
from gnomon.optim.checks import Number, check_betas, check_range, check_rate
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import (
    PerParameterOptimizer,
    add_quotient_,
    average_,
    counted,
    counter,
    decayed,
    kept,
    scalar,
)
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

__all__ = ["Adamax"]


class AdamaxOptions(TypedDict):
    lr: Number
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    capturable: bool


class AdamaxState(TypedDict):
    step: Tensor
    exp_avg: Tensor
    exp_inf: Tensor


class Adamax(PerParameterOptimizer[AdamaxOptions, AdamaxState]):
    """Adamax: ``p -= lr * m / u``, from averages of the gradient of orders one and infinity.

    ``m`` is that of Adam; ``u`` is the larger of ``betas[1] * u`` and ``|g| + eps``.
    ``weight_decay`` adds ``weight_decay * p`` to the gradient. ``maximize``, ``capturable``,
    ``differentiable``, ``foreach``: see ``gnomon.optim.per_parameter``. Raises ValueError for
    an option out of range. Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015,
    section 7.1.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = Adamax([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.9000, -2.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate("Adamax", lr)
        check_range("Adamax", "epsilon value", eps)
        check_betas("Adamax", betas)
        check_range("Adamax", "weight_decay value", weight_decay)
        defaults: dict[str, object] = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def remembered(self, parameter: Tensor, options: AdamaxOptions) -> AdamaxState:
        return {
            "step": counter(parameter, options),
            "exp_avg": zeros_like(parameter),
            "exp_inf": zeros_like(parameter),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, state: AdamaxState, options: AdamaxOptions
    ) -> None:
        capturable = options["capturable"]
        lr = scalar(options["lr"], capturable)
        beta1, beta2 = options["betas"]
        step = counted(state["step"], capturable)
        mean, largest = state["exp_avg"], state["exp_inf"]
        gradient = decayed(gradient, parameter, options["weight_decay"])
        average_(mean, gradient, 1 - beta1)
        largest.copy_(maximum(kept(largest) * beta2, gradient.abs() + options["eps"]))
        add_quotient_(parameter, mean, largest, -lr / (1 - beta1**step))
