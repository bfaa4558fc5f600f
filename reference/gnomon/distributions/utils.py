"""What the distributions share: broadcasting of parameters, probabilities and log odds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from gnomon.composite.grids import broadcast_tensors
from gnomon.devices import Device
from gnomon.dtypes import DType, finfo, get_default_dtype
from gnomon.nn.functional import softmax
from gnomon.tensor import Tensor
from gnomon.tensor.factories import empty, full

__all__ = ["broadcast_all", "clamp_probs", "logits_to_probs", "probs_to_logits"]

#: A parameter as programs give it.
Value: TypeAlias = "Tensor | float"


def broadcast_all(*values: Value) -> tuple[Tensor, ...]:
    """Return ``values`` as tensors of one shape.

    Numbers take dtype and device of the first tensor. Raises ValueError for anything else.

    >>> import gnomon as torch
    >>> broadcast_all(torch.zeros(2), 1)
    (tensor([0., 0.]), tensor([1., 1.]))
    """
    for value in values:
        if not isinstance(value, Tensor | bool | int | float):
            raise ValueError(
                "Input arguments must all be instances of Number or torch.Tensor, not "
                f"{type(value).__name__}."
            )
    given = [value for value in values if isinstance(value, Tensor)]
    dtype = given[0].dtype if given else get_default_dtype()
    device = given[0].device if given else None
    return broadcast_tensors(
        *[
            value if isinstance(value, Tensor) else full((), value, dtype=dtype, device=device)
            for value in values
        ]
    )


def standard_normal(shape: Sequence[int], dtype: DType, device: Device) -> Tensor:
    """Return normal numbers of mean 0 and variance 1."""
    return empty(tuple(shape), dtype=dtype, device=device).normal_()


def sum_rightmost(value: Tensor, dims: int) -> Tensor:
    """Return the sum over the last ``dims`` dims."""
    return value.flatten(-dims).sum(-1) if dims else value


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Return the probabilities of log odds, or of log probabilities up to a constant."""
    return logits.sigmoid() if is_binary else softmax(logits, dim=-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Return ``probs`` from the dtype's epsilon to 1 less that."""
    epsilon = finfo(probs.dtype).eps
    return probs.clamp(min=epsilon, max=1 - epsilon)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Return the log odds of probabilities, or their logarithms."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()
