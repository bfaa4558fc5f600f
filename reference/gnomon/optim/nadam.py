"""NAdam: Adam with Nesterov momentum."""

from __future__ import annotations

from typing import ClassVar, TypedDict

from gnomon.optim.checks import Number, check_betas, check_range, check_rate
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import (
    PerParameterOptimizer,
    add_quotient_,
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

__all__ = ["NAdam"]


class NAdamOptions(TypedDict):
    lr: Number
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    momentum_decay: float
    decoupled_weight_decay: bool
    capturable: bool


class NAdamState(TypedDict):
    step: Tensor
    mu_product: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor


class NAdam(PerParameterOptimizer[NAdamOptions, NAdamState]):
    """NAdam: Adam that steps along the average gradient as it will be after the next one.

    The weight of momentum at step ``t`` is ``betas[0] * (1 - 0.96^(t * momentum_decay) / 2)``.
    ``weight_decay`` adds ``weight_decay * p`` to the gradient, or if ``decoupled_weight_decay``
    multiplies ``p`` by ``1 - lr * weight_decay``. ``maximize``, ``capturable``,
    ``differentiable``, ``foreach``: see ``gnomon.optim.per_parameter``. Raises ValueError for
    an option out of range. Dozat, "Incorporating Nesterov Momentum into Adam", 2016.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = NAdam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.8944, -2.8944], requires_grad=True)
    """

    counters: ClassVar[tuple[str, ...]] = ("step", "mu_product")

    def __init__(
        self,
        params: Parameters,
        lr: Number = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate("NAdam", lr)
        check_range("NAdam", "epsilon value", eps)
        check_betas("NAdam", betas)
        check_range("NAdam", "weight_decay value", weight_decay)
        check_range("NAdam", "momentum_decay value", momentum_decay)
        defaults: dict[str, object] = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def remembered(self, parameter: Tensor, options: NAdamOptions) -> NAdamState:
        return {
            "step": counter(parameter, options),
            "mu_product": counter(parameter, options, 1.0),
            "exp_avg": zeros_like(parameter),
            "exp_avg_sq": zeros_like(parameter),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, state: NAdamState, options: NAdamOptions
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
        decay = options["momentum_decay"]
        momentum = beta1 * (1.0 - 0.5 * 0.96 ** (step * decay))
        next_momentum = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * decay))
        product = scalar(state["mu_product"].mul_(momentum), capturable)
        average_(mean, gradient, 1 - beta1)
        average_square_(square, gradient, beta2)
        root = (square / (1 - beta2**step)).sqrt() + options["eps"]
        add_quotient_(parameter, gradient, root, -lr * (1.0 - momentum) / (1.0 - product))
        add_quotient_(
            parameter, mean, root, -lr * next_momentum / (1.0 - product * next_momentum)
        )
