"""Stochastic gradient descent, plain or with momentum."""

from __future__ import annotations

from typing import TypedDict

from gnomon.errors import explain
from gnomon.optim.checks import Number, check_implementation, check_range, check_rate
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import PerParameterOptimizer, add_scaled_, decayed, scalar
from gnomon.tensor import Tensor

__all__ = ["SGD"]


class SGDOptions(TypedDict):
    lr: Number
    momentum: float
    dampening: float
    weight_decay: Number
    nesterov: bool


class SGDState(TypedDict, total=False):
    momentum_buffer: Tensor | None


class SGD(PerParameterOptimizer[SGDOptions, SGDState]):
    """Stochastic gradient descent: ``p -= lr * g``, where ``g`` is the gradient or momentum.

    With ``momentum``, the buffer ``b`` of a parameter is its first gradient, then
    ``momentum * b + (1 - dampening) * g``; the step goes along ``b``, or along
    ``g + momentum * b`` if ``nesterov``. ``weight_decay`` adds ``weight_decay * p`` to ``g``.
    ``maximize``, ``differentiable``, ``foreach``, ``fused``: see
    ``gnomon.optim.per_parameter``.

    Raises ValueError for an option out of range, RuntimeError for ``fused`` together with
    ``foreach`` or ``differentiable``. Momentum after Sutskever et al., "On the importance of
    initialization and momentum in deep learning", 2013, with the learning rate outside.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([p], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> p
    tensor([0.4600], requires_grad=True)
    """

    counters = ()

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Number = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate("SGD", lr)
        check_range("SGD", "momentum value", momentum)
        check_range("SGD", "weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                explain("SGD", "Nesterov momentum requires a momentum and zero dampening")
            )
        defaults: dict[str, object] = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_implementation("SGD", foreach, fused, differentiable)

    def remembered(self, parameter: Tensor, options: SGDOptions) -> SGDState:
        return {"momentum_buffer": None} if options["momentum"] else {}

    def update(
        self, parameter: Tensor, gradient: Tensor, state: SGDState, options: SGDOptions
    ) -> None:
        momentum = options["momentum"]
        direction = decayed(gradient, parameter, options["weight_decay"])
        if momentum != 0:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buffer = state["momentum_buffer"] = direction.clone()
            else:
                buffer.mul_(momentum).add_(direction, alpha=1 - options["dampening"])
            direction = direction.add(buffer, alpha=momentum) if options["nesterov"] else buffer
        add_scaled_(parameter, direction, -scalar(options["lr"]))
