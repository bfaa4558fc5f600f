"""Muon: steps along the orthogonal matrix nearest to momentum."""

from __future__ import annotations

import math
from typing import TypedDict

from gnomon.errors import explain
from gnomon.optim.checks import Number, check_range, check_rate
from gnomon.optim.groups import Group, Parameters, parameters_of
from gnomon.optim.per_parameter import PerParameterOptimizer, scalar, shrink_
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

__all__ = ["Muon"]

# The polynomial a*x + b*x^3 + c*x^5 of the iteration, which takes singular values near 1 in few
# steps: Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024.
COEFFICIENTS = (3.4445, -4.775, 2.0315)


class MuonOptions(TypedDict):
    lr: Number
    weight_decay: float
    momentum: float
    nesterov: bool
    ns_coefficients: tuple[float, float, float]
    eps: float
    ns_steps: int
    adjust_lr_fn: str | None


class MuonState(TypedDict):
    momentum_buffer: Tensor


class Muon(PerParameterOptimizer[MuonOptions, MuonState]):
    """Muon: ``p = (1 - lr * weight_decay) * p - r * lr * O(m)``, for matrices only.

    ``m`` is the average gradient with weight ``1 - momentum``, moved towards the gradient once
    more if ``nesterov``; ``O`` sets its singular values to nearly 1, by ``ns_steps`` steps of
    a Newton-Schulz iteration in bfloat16. ``r`` is ``sqrt(max(1, rows / columns))``, or with
    ``adjust_lr_fn="match_rms_adamw"`` ``0.2 * sqrt(max(rows, columns))``.

    Raises ValueError for an option out of range, or a parameter that is no matrix. Jordan,
    "Muon: An optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is
    Scalable for LLM Training", 2025.

    >>> import gnomon as torch
    >>> p = torch.zeros(2, 2, requires_grad=True)
    >>> optimizer = Muon([p], lr=0.1)
    >>> (p * torch.tensor([[5.0, 0.0], [0.0, -0.1]])).sum().backward()
    >>> optimizer.step()
    >>> [[round(x, 1) for x in row] for row in p.tolist()]
    [[-0.1, 0.0], [0.0, 0.1]]
    """

    counters = ()

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = COEFFICIENTS,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_rate("Muon", lr)
        check_range("Muon", "momentum value", momentum)
        check_range("Muon", "weight_decay value", weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(
                explain(
                    "Muon", f"Adjust learning rate function {adjust_lr_fn} is not supported"
                )
            )
        defaults: dict[str, object] = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: Group) -> None:
        """Optimize more matrices, as ``Optimizer.add_param_group`` does."""
        super().add_param_group(param_group)
        for parameter in parameters_of(param_group):
            if parameter.dim() != 2:
                self.param_groups.pop()
                raise ValueError(
                    explain("Muon", "Muon only supports 2D parameters", parameter.operand)
                )

    def remembered(self, parameter: Tensor, options: MuonOptions) -> MuonState:
        return {"momentum_buffer": zeros_like(parameter)}

    def update(
        self, parameter: Tensor, gradient: Tensor, state: MuonState, options: MuonOptions
    ) -> None:
        momentum, lr = options["momentum"], scalar(options["lr"])
        average = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        direction = gradient.lerp(average, momentum) if options["nesterov"] else average
        update = _orthogonalized(direction, options)
        rows, columns = parameter.shape
        if options["adjust_lr_fn"] == "match_rms_adamw":
            ratio = 0.2 * math.sqrt(max(rows, columns))
        else:
            ratio = math.sqrt(max(1, rows / columns))
        shrink_(parameter, lr, options["weight_decay"])
        parameter.add_(update, alpha=-float(lr) * ratio)


def _orthogonalized(matrix: Tensor, options: MuonOptions) -> Tensor:
    """Return ``matrix`` with its singular values brought near 1."""
    coefficients, steps = options["ns_coefficients"], options["ns_steps"]
    if steps >= 100 or len(coefficients) != 3:
        raise ValueError(
            explain(
                "Muon",
                f"ns_steps must be below 100 and ns_coefficients be 3, not {steps} and "
                f"{len(coefficients)}",
                matrix.operand,
            )
        )
    first, third, fifth = coefficients
    tall = matrix.size(0) > matrix.size(1)
    x = (matrix.t() if tall else matrix).bfloat16()
    x = x / x.norm().clamp(min=options["eps"])
    for _ in range(steps):
        gram = x @ x.t()
        x = x.addmm(gram.addmm(gram, gram, beta=third, alpha=fifth), x, beta=first)
    return x.t() if tall else x
