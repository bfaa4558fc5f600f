"""Checks of the options that optimizers share."""

from __future__ import annotations

from gnomon.errors import explain
from gnomon.tensor import Tensor

#: A number, or a tensor of one element, which can be changed in place or learned.
Number = float | Tensor


def check_rate(optimizer: str, lr: Number) -> None:
    """Raise ValueError unless ``lr`` is one number, 0 or more."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError(explain(optimizer, "Tensor lr must be 1-element", lr.operand))
    check_range(optimizer, "learning rate", lr)


def check_range(optimizer: str, name: str, value: Number) -> None:
    """Raise ValueError unless ``value`` is 0 or more."""
    if not value >= 0.0:
        raise ValueError(
            explain(optimizer, f"Invalid {name}: {value}", remedy="Give 0 or more")
        )


def check_betas(optimizer: str, betas: tuple[Number, Number]) -> None:
    """Raise ValueError unless both weights of running averages are from 0 to less than 1."""
    for index, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(
                explain(
                    optimizer,
                    f"Invalid beta parameter at index {index}: {beta}",
                    remedy="Give 0 or more and less than 1",
                )
            )


def check_implementation(
    optimizer: str, foreach: bool | None, fused: bool | None, differentiable: bool
) -> None:
    """Raise RuntimeError where PyTorch would have no implementation to choose.

    gnomon has one implementation, and gives its results whichever is asked for.
    """
    if fused and differentiable:
        raise RuntimeError(explain(optimizer, "`fused` does not support `differentiable`"))
    if fused and foreach:
        raise RuntimeError(
            explain(optimizer, "`fused` and `foreach` cannot be `True` together")
        )
