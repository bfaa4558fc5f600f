"""RMSprop: steps scaled by a running average of the square of the gradient."""

from __future__ import annotations

from typing import TypedDict

from gnomon.optim.checks import Number, check_range, check_rate
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import (
    PerParameterOptimizer,
    add_quotient_,
    add_scaled_,
    average_,
    average_square_,
    counted,
    counter,
    decayed,
    kept,
    scalar,
)
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

__all__ = ["RMSprop"]


class RMSpropOptions(TypedDict):
    lr: Number
    alpha: float
    eps: float
    weight_decay: float
    momentum: float
    centered: bool
    capturable: bool


class RMSpropState(TypedDict, total=False):
    step: Tensor
    square_avg: Tensor
    momentum_buffer: Tensor
    grad_avg: Tensor


class RMSprop(PerParameterOptimizer[RMSpropOptions, RMSpropState]):
    """RMSprop: ``p -= lr * g / (sqrt(v) + eps)``, where ``v`` averages the square of ``g``.

    ``v`` becomes ``alpha * v + (1 - alpha) * g^2``; if ``centered``, the square of the average
    gradient is subtracted from it, which leaves the variance. With ``momentum`` the quotient
    goes into a buffer ``b = momentum * b + g / (sqrt(v) + eps)``, and the step is ``lr * b``.
    ``weight_decay`` adds ``weight_decay * p`` to the gradient. ``maximize``, ``capturable``,
    ``differentiable``, ``foreach``: see ``gnomon.optim.per_parameter``. Raises ValueError for
    an option out of range. Hinton, "Neural Networks for Machine Learning", lecture 6, 2012;
    Graves, "Generating Sequences With Recurrent Neural Networks", 2013.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = RMSprop([p], lr=0.01)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.9000, -2.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate("RMSprop", lr)
        check_range("RMSprop", "epsilon value", eps)
        check_range("RMSprop", "momentum value", momentum)
        check_range("RMSprop", "weight_decay value", weight_decay)
        check_range("RMSprop", "alpha value", alpha)
        defaults: dict[str, object] = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def remembered(self, parameter: Tensor, options: RMSpropOptions) -> RMSpropState:
        state: RMSpropState = {
            "step": counter(parameter, options),
            "square_avg": zeros_like(parameter),
        }
        if options["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(parameter)
        if options["centered"]:
            state["grad_avg"] = zeros_like(parameter)
        return state

    def update(
        self, parameter: Tensor, gradient: Tensor, state: RMSpropState, options: RMSpropOptions
    ) -> None:
        capturable, alpha = options["capturable"], options["alpha"]
        lr = scalar(options["lr"], capturable)
        counted(state["step"], capturable)
        square = state["square_avg"]
        gradient = decayed(gradient, parameter, options["weight_decay"])
        average_square_(square, gradient, alpha)
        if options["centered"]:
            mean = state["grad_avg"]
            average_(mean, gradient, 1 - alpha)
            square = square.addcmul(kept(mean), kept(mean), value=-1)
        root = square.sqrt() + options["eps"]
        if options["momentum"] > 0:
            buffer = state["momentum_buffer"]
            buffer.mul_(options["momentum"]).addcdiv_(gradient, root)
            add_scaled_(parameter, buffer, -lr)
        else:
            add_quotient_(parameter, gradient, root, -lr)
