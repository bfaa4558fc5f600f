"""AdamW: Adam with weight decay apart from the gradient."""

from __future__ import annotations

from gnomon.optim.adam import Adam
from gnomon.optim.checks import Number
from gnomon.optim.groups import Parameters

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam whose weight decay multiplies parameters by ``1 - lr * weight_decay`` first.

    Options are those of ``Adam``. Loshchilov and Hutter, "Decoupled Weight Decay
    Regularization", 2019.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = AdamW([p], lr=0.1, weight_decay=0.5)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.8500], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1e-3,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: Number = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
