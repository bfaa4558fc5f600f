"""Adafactor: the average square of a matrix's gradient kept as a row and a column."""

from __future__ import annotations

import math
from typing import TypedDict

from gnomon.dtypes import finfo
from gnomon.errors import explain
from gnomon.optim.checks import Number, check_rate
from gnomon.optim.groups import Parameters
from gnomon.optim.per_parameter import PerParameterOptimizer, counted, counter, scalar, shrink_
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

__all__ = ["Adafactor"]


class AdafactorOptions(TypedDict):
    lr: Number
    beta2_decay: float
    eps: tuple[float | None, float]
    d: float
    weight_decay: float


class AdafactorState(TypedDict, total=False):
    step: Tensor
    row_var: Tensor
    col_var: Tensor
    variance: Tensor


class Adafactor(PerParameterOptimizer[AdafactorOptions, AdafactorState]):
    """Adafactor: ``p -= a * u / max(1, rms(u) / d)`` with ``u = g / sqrt(v)``.

    ``v`` averages the square of ``g`` with weight ``t^beta2_decay`` at step ``t``. Of a tensor
    with two dimensions or more, only its means over rows and columns are kept, and ``v`` is
    estimated by their product. ``a`` is ``min(lr, 1 / sqrt(t)) * max(eps[1], rms(p))``;
    ``eps[0]``, by default the precision of the dtype, keeps ``v`` from zero. ``weight_decay``
    multiplies ``p`` by ``1 - lr * weight_decay``. ``maximize``, ``foreach``: see
    ``gnomon.optim.per_parameter``. Raises ValueError for an option out of range. Shazeer and
    Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018, with PyTorch's
    use of ``lr`` and ``eps``.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = Adafactor([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.7764, -2.7764], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_rate("Adafactor", lr)
        for rule, keeps in (
            (f"beta2_decay should be <= 0 but is: {beta2_decay}", beta2_decay <= 0.0),
            (f"epsilon1 should be >= 0 but is: {eps[0]}", eps[0] is None or eps[0] >= 0.0),
            (f"epsilon2 should be >= 0 but is: {eps[1]}", eps[1] >= 0.0),
            (f"Clipping threshold d should be >= 1 but is: {d}", d >= 1.0),
            (f"weight_decay should be >= 0 but is: {weight_decay}", weight_decay >= 0.0),
        ):
            if not keeps:
                raise ValueError(explain("Adafactor", rule))
        defaults: dict[str, object] = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def remembered(self, parameter: Tensor, options: AdafactorOptions) -> AdafactorState:
        step = counter(parameter, options)
        if parameter.dim() < 2:
            return {"step": step, "variance": zeros_like(parameter)}
        *batch, rows, columns = parameter.shape
        return {
            "step": step,
            "row_var": parameter.new_zeros([*batch, rows, 1]),
            "col_var": parameter.new_zeros([*batch, 1, columns]),
        }

    def update(
        self,
        parameter: Tensor,
        gradient: Tensor,
        state: AdafactorState,
        options: AdafactorOptions,
    ) -> None:
        lr = float(scalar(options["lr"]))
        smallest, smallest_scale = options["eps"]
        if smallest is None:
            smallest = finfo(parameter.dtype).eps
        step = float(counted(state["step"]))
        weight = step ** options["beta2_decay"]
        rate = max(smallest_scale, _root_mean_square(parameter)) * min(lr, 1 / step**0.5)
        shrink_(parameter, lr, options["weight_decay"])
        if parameter.dim() > 1:
            rows, columns = state["row_var"], state["col_var"]
            rows.lerp_(_mean_square(gradient, -1), weight)
            columns.lerp_(_mean_square(gradient, -2), weight)
            variance = rows @ columns / rows.mean(-2, keepdim=True).clamp(min=smallest)
        else:
            variance = state["variance"].lerp_(gradient * gradient, weight)
        update = variance.clamp(min=smallest * smallest).rsqrt() * gradient
        clipping = max(1.0, _root_mean_square(update) / options["d"])
        parameter.add_(update, alpha=-rate / clipping)


def _root_mean_square(x: Tensor) -> float:
    return float(x.norm(2).item()) / math.sqrt(max(1, x.numel()))


def _mean_square(x: Tensor, dim: int) -> Tensor:
    # A norm takes care of squares that overflow or vanish.
    return x.norm(dim=dim, keepdim=True).square() / x.size(dim)
