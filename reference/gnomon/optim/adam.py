"""Adam: steps scaled by running averages of the gradient and of its square."""

from __future__ import annotations

from typing import TypedDict

from gnomon.errors import explain
from gnomon.ops.selection import maximum
from gnomon.optim.checks import (
    Number,
    check_betas,
    check_implementation,
    check_range,
    check_rate,
)
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import (
    PerParameterOptimizer,
    add_quotient_,
    average_,
    average_square_,
    counted,
    counter,
    decayed,
    kept,
    scalar,
    shrink_,
)
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

__all__ = ["Adam"]


class AdamOptions(TypedDict):
    lr: Number
    betas: tuple[Number, Number]
    eps: float
    weight_decay: Number
    amsgrad: bool
    capturable: bool
    decoupled_weight_decay: bool


class AdamState(TypedDict, total=False):
    step: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor
    max_exp_avg_sq: Tensor


class Adam(PerParameterOptimizer[AdamOptions, AdamState]):
    """Adam: ``p -= lr * m / (sqrt(v) + eps)``, from averages of the gradient and its square.

    After ``t`` steps ``m`` is the average of the gradient with weight ``1 - betas[0]``, divided
    by ``1 - betas[0]^t``, as the average started at zero; ``v`` that of its square, likewise
    with ``betas[1]``, and with ``amsgrad`` the largest so far. ``weight_decay`` adds
    ``weight_decay * p`` to the gradient, or if ``decoupled_weight_decay`` multiplies ``p`` by
    ``1 - lr * weight_decay``. ``maximize``, ``capturable``, ``differentiable``, ``foreach``,
    ``fused``: see ``gnomon.optim.per_parameter``.

    Raises ValueError for an option out of range, RuntimeError for ``fused`` together with
    ``foreach`` or ``differentiable``. Kingma and Ba, "Adam: A Method for Stochastic
    Optimization", 2015; Reddi et al., "On the Convergence of Adam and Beyond", 2018.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = Adam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.9000, -2.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-3,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Number = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        name = type(self).__name__
        _check_tensors(name, lr, betas, foreach=bool(foreach and not capturable))
        check_rate(name, lr)
        check_range(name, "epsilon value", eps)
        check_betas(name, betas)
        check_range(name, "weight_decay value", weight_decay)
        beta1, beta2 = (_flat(beta) for beta in betas)
        defaults: dict[str, object] = {
            "lr": lr,
            "betas": (beta1, beta2),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_implementation(name, foreach, fused, differentiable)

    def remembered(self, parameter: Tensor, options: AdamOptions) -> AdamState:
        state: AdamState = {
            "step": counter(parameter, options),
            "exp_avg": zeros_like(parameter),
            "exp_avg_sq": zeros_like(parameter),
        }
        if options["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(parameter)
        return state

    def update(
        self, parameter: Tensor, gradient: Tensor, state: AdamState, options: AdamOptions
    ) -> None:
        capturable = options["capturable"]
        lr = scalar(options["lr"], capturable)
        beta1, beta2 = (scalar(beta, capturable) for beta in options["betas"])
        step = counted(state["step"], capturable)
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        if options["decoupled_weight_decay"]:
            shrink_(parameter, lr, options["weight_decay"])
        else:
            gradient = decayed(gradient, parameter, options["weight_decay"])
        average_(mean, gradient, 1 - beta1)
        average_square_(square, gradient, beta2)
        if options["amsgrad"]:
            largest = state["max_exp_avg_sq"]
            square = largest.copy_(maximum(kept(largest), kept(square)))
        root = square.sqrt() / (1 - beta2**step) ** 0.5
        add_quotient_(parameter, mean, root + options["eps"], -lr / (1 - beta1**step))


def _flat(beta: Number) -> Number:
    return beta.squeeze() if isinstance(beta, Tensor) else beta


def _check_tensors(name: str, lr: Number, betas: tuple[Number, Number], foreach: bool) -> None:
    if len({isinstance(beta, Tensor) for beta in betas}) > 1:
        raise ValueError(explain(name, "betas must be either both floats or both Tensors"))
    for argument, value in (("lr", lr), ("betas[0]", betas[0]), ("betas[1]", betas[1])):
        if not isinstance(value, Tensor):
            continue
        if foreach:
            raise ValueError(
                explain(
                    name,
                    f"{argument} as a Tensor is not supported for capturable=False and "
                    "foreach=True",
                )
            )
        if value.numel() != 1:
            raise ValueError(
                explain(name, f"Tensor {argument} must be 1-element", value.operand)
            )
