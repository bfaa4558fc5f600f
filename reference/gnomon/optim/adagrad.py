"""Adagrad: steps scaled by the sum of the squares of all gradients so far."""

from __future__ import annotations

from typing import TypedDict

from gnomon.optim.checks import Number, check_implementation, check_range, check_rate
from gnomon.optim.groups import Parameters, parameters_of
from gnomon.optim.per_parameter import (
    PerParameterOptimizer,
    add_quotient_,
    counted,
    counter,
    decayed,
    scalar,
)
from gnomon.tensor import Tensor
from gnomon.tensor.factories import full_like

__all__ = ["Adagrad"]


class AdagradOptions(TypedDict):
    lr: Number
    lr_decay: float
    eps: float
    weight_decay: float
    initial_accumulator_value: float


class AdagradState(TypedDict):
    step: Tensor
    sum: Tensor


class Adagrad(PerParameterOptimizer[AdagradOptions, AdagradState]):
    """Adagrad: ``p -= lr * g / (sqrt(G) + eps)``, where ``G`` sums the squares of ``g``.

    ``G`` starts at ``initial_accumulator_value``; at step ``t`` the learning rate is divided by
    ``1 + (t - 1) * lr_decay``. ``weight_decay`` adds ``weight_decay * p`` to the gradient.
    ``maximize``, ``differentiable``, ``foreach``, ``fused``: see
    ``gnomon.optim.per_parameter``. Raises ValueError for an option out of range, RuntimeError
    for ``fused`` together with ``foreach`` or ``differentiable``. Duchi, Hazan and Singer,
    "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = Adagrad([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.9000, -2.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate("Adagrad", lr)
        check_range("Adagrad", "lr_decay value", lr_decay)
        check_range("Adagrad", "weight_decay value", weight_decay)
        check_range("Adagrad", "initial_accumulator_value value", initial_accumulator_value)
        check_range("Adagrad", "epsilon value", eps)
        defaults: dict[str, object] = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_implementation("Adagrad", foreach, fused, differentiable)
        for group in self.param_groups:
            for parameter in parameters_of(group):
                self.remember(parameter, group)

    def remembered(self, parameter: Tensor, options: AdagradOptions) -> AdagradState:
        return {
            "step": counter(parameter, options),
            "sum": full_like(parameter, options["initial_accumulator_value"]),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, state: AdagradState, options: AdagradOptions
    ) -> None:
        step = counted(state["step"])
        gradient = decayed(gradient, parameter, options["weight_decay"])
        rate = scalar(options["lr"]) / (1 + (step - 1) * options["lr_decay"])
        squares = state["sum"].addcmul_(gradient, gradient)
        add_quotient_(parameter, gradient, squares.sqrt() + options["eps"], -rate)
