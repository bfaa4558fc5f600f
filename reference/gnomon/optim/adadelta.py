"""Adadelta: steps as large, against the gradient, as earlier steps were."""

from __future__ import annotations

from typing import TypedDict

from gnomon.errors import explain
from gnomon.optim.checks import Number, check_range, check_rate
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import (
    PerParameterOptimizer,
    add_scaled_,
    average_square_,
    counted,
    counter,
    decayed,
    scalar,
)
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

__all__ = ["Adadelta"]


class AdadeltaOptions(TypedDict):
    lr: Number
    rho: float
    eps: float
    weight_decay: float
    capturable: bool


class AdadeltaState(TypedDict):
    step: Tensor
    square_avg: Tensor
    acc_delta: Tensor


class Adadelta(PerParameterOptimizer[AdadeltaOptions, AdadeltaState]):
    """Adadelta: ``p -= lr * d`` with ``d = g * sqrt(D + eps) / sqrt(v + eps)``.

    ``v`` averages the square of the gradient ``g`` with weight ``1 - rho``, and ``D`` that of
    the ``d`` of earlier steps. ``weight_decay`` adds ``weight_decay * p`` to the gradient.
    ``maximize``, ``capturable``, ``differentiable``, ``foreach``: see
    ``gnomon.optim.per_parameter``. Raises ValueError for an option out of range. Zeiler,
    "ADADELTA: An Adaptive Learning Rate Method", 2012.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = Adadelta([p], lr=1.0)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.9968, -2.9968], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate("Adadelta", lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(
                explain("Adadelta", f"Invalid rho value: {rho}", remedy="Give 0 to 1")
            )
        check_range("Adadelta", "epsilon value", eps)
        check_range("Adadelta", "weight_decay value", weight_decay)
        defaults: dict[str, object] = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def remembered(self, parameter: Tensor, options: AdadeltaOptions) -> AdadeltaState:
        return {
            "step": counter(parameter, options),
            "square_avg": zeros_like(parameter),
            "acc_delta": zeros_like(parameter),
        }

    def update(
        self,
        parameter: Tensor,
        gradient: Tensor,
        state: AdadeltaState,
        options: AdadeltaOptions,
    ) -> None:
        capturable, rho, eps = options["capturable"], options["rho"], options["eps"]
        counted(state["step"], capturable)
        gradient = decayed(gradient, parameter, options["weight_decay"])
        average_square_(state["square_avg"], gradient, rho)
        earlier = (state["acc_delta"] + eps).sqrt()
        delta = earlier / (state["square_avg"] + eps).sqrt() * gradient
        average_square_(state["acc_delta"], delta, rho)
        add_scaled_(parameter, delta, -scalar(options["lr"], capturable))
