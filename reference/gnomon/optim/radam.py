"""RAdam: Adam that does without the average square until it can be trusted."""

from __future__ import annotations

from typing import TypedDict

from gnomon.graph.modes import modes
from gnomon.ops.comparison import where
from gnomon.optim.checks import Number, check_betas, check_range, check_rate
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import (
    PerParameterOptimizer,
    average_,
    average_square_,
    counted,
    counter,
    decayed,
    scalar,
    shrink_,
)
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

__all__ = ["RAdam"]


class RAdamOptions(TypedDict):
    lr: Number
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    decoupled_weight_decay: bool
    capturable: bool


class RAdamState(TypedDict):
    step: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor


class RAdam(PerParameterOptimizer[RAdamOptions, RAdamState]):
    """RAdam: ``p -= lr * m * r / (sqrt(v) + eps)``, with ``m`` and ``v`` nearly Adam's.

    ``r`` corrects for the variance of ``v`` over few steps; while it cannot, at five effective
    samples and less, the step is ``p -= lr * m``. ``weight_decay`` adds ``weight_decay * p`` to
    the gradient, or if ``decoupled_weight_decay`` multiplies ``p`` by
    ``1 - lr * weight_decay``. ``maximize``, ``capturable``, ``differentiable``, ``foreach``:
    see ``gnomon.optim.per_parameter``. Raises ValueError for an option out of range. Liu et
    al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = RAdam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.8000, -2.4000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate("RAdam", lr)
        check_range("RAdam", "epsilon value", eps)
        check_betas("RAdam", betas)
        check_range("RAdam", "weight_decay value", weight_decay)
        defaults: dict[str, object] = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def remembered(self, parameter: Tensor, options: RAdamOptions) -> RAdamState:
        return {
            "step": counter(parameter, options),
            "exp_avg": zeros_like(parameter),
            "exp_avg_sq": zeros_like(parameter),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, state: RAdamState, options: RAdamOptions
    ) -> None:
        capturable = options["capturable"]
        lr = scalar(options["lr"], capturable)
        beta1, beta2 = options["betas"]
        step = counted(state["step"], capturable)
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        if options["decoupled_weight_decay"]:
            shrink_(parameter, lr, options["weight_decay"])
        else:
            gradient = decayed(gradient, parameter, options["weight_decay"])
        average_(mean, gradient, 1 - beta1)
        average_square_(square, gradient, beta2)
        update = mean / (1 - beta1**step) * lr
        correction = 1 - beta2**step
        most = 2 / (1 - beta2) - 1
        samples = most - 2 * step * beta2**step / correction
        if modes.notes is not None and not isinstance(samples, Tensor):
            modes.notes.obstruct("what a step of RAdam does depends on how many there were")
        if isinstance(samples, Tensor):
            scaled = update * _scale(square, correction, samples, most, options["eps"])
            parameter.sub_(where(samples > 5.0, scaled, update))
        elif samples > 5.0:
            scale = _scale(square, correction, samples, most, options["eps"])
            parameter.sub_(update * scale)
        else:
            parameter.sub_(update)


def _scale(
    square: Tensor, correction: Number, samples: Number, most: float, eps: float
) -> Tensor:
    """Return what RAdam multiplies the step by: ``r / (sqrt(v) + eps)``."""
    rectified = (samples - 4) * (samples - 2) * most / ((most - 4) * (most - 2) * samples)
    return correction**0.5 / (square.sqrt() + eps) * rectified**0.5
