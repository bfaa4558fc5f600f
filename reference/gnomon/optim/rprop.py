"""Rprop: steps that follow the sign of the gradient alone."""

from __future__ import annotations

from typing import TypedDict

from gnomon.errors import explain
from gnomon.optim.checks import Number, check_rate
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import (
    PerParameterOptimizer,
    counted,
    counter,
    kept,
)
from gnomon.tensor import Tensor
from gnomon.tensor.factories import full_like, zeros_like

__all__ = ["Rprop"]


class RpropOptions(TypedDict):
    lr: Number
    etas: tuple[float, float]
    step_sizes: tuple[float, float]
    capturable: bool


class RpropState(TypedDict):
    step: Tensor
    prev: Tensor
    step_size: Tensor


class Rprop(PerParameterOptimizer[RpropOptions, RpropState]):
    """Resilient backpropagation: ``p -= s * sign(g)``, each element with a step of its own.

    ``s`` starts at ``lr``; it is multiplied by ``etas[1]`` where the gradient has the sign it
    had before, and by ``etas[0]`` where the sign changed, where this step is then left out; it
    stays within ``step_sizes``. ``maximize``, ``capturable``, ``differentiable``, ``foreach``:
    see ``gnomon.optim.per_parameter``. Raises ValueError unless
    ``0 < etas[0] < 1 < etas[1]``. Riedmiller and Braun, "A Direct Adaptive Method for Faster
    Backpropagation Learning: The RPROP Algorithm", 1993.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = Rprop([p], lr=0.1)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> p
    tensor([ 0.7800, -2.7800], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate("Rprop", lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(
                explain(
                    "Rprop",
                    f"Invalid eta values: {etas[0]}, {etas[1]}",
                    remedy="Give one between 0 and 1, and one above 1",
                )
            )
        defaults: dict[str, object] = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def remembered(self, parameter: Tensor, options: RpropOptions) -> RpropState:
        lr = options["lr"]
        return {
            "step": counter(parameter, options),
            "prev": zeros_like(parameter),
            "step_size": full_like(parameter, lr.item() if isinstance(lr, Tensor) else lr),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, state: RpropState, options: RpropOptions
    ) -> None:
        counted(state["step"], options["capturable"])
        shrink, grow = options["etas"]
        smallest, largest = options["step_sizes"]
        agreement = (gradient * kept(state["prev"])).sign()
        turned = agreement < 0
        factor = (
            agreement.masked_fill(turned, shrink)
            .masked_fill(agreement > 0, grow)
            .masked_fill(agreement == 0, 1)
        )
        step_size = state["step_size"].mul_(factor).clamp_(smallest, largest)
        gradient = gradient.masked_fill(turned, 0)
        parameter.addcmul_(gradient.sign(), kept(step_size), value=-1)
        state["prev"].copy_(gradient)
