"""Rows of a table by their number, alone and in bags, and numbers as vectors."""

from __future__ import annotations

import warnings

from gnomon.composite import embedding_bags
from gnomon.composite.encoding import embedding, one_hot
from gnomon.dtypes import int64
from gnomon.tensor import Tensor

__all__ = ["embedding", "embedding_bag", "one_hot"]


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Return the mean, sum or maximum of the rows of ``weight`` in each bag, by ``mode``.

    A bag is a row of a matrix ``input``, or what of a vector stands from one of ``offsets`` to
    the next; with ``include_last_offset`` the last offset ends the last bag. Rows
    ``padding_idx`` are left out. ``per_sample_weights``, for sums only, multiply the rows. The
    other arguments are those of ``embedding``. Raises ValueError for shapes and modes that do
    not fit.

    >>> import gnomon as torch
    >>> weight = torch.tensor([[1.0], [2.0], [4.0]])
    >>> embedding_bag(torch.tensor([[0, 1], [1, 2]]), weight)
    tensor([[1.5000],
            [3.0000]])
    """
    if weight.dtype is int64 and input.is_floating_point():
        warnings.warn(
            "embedding_bag(weight, input, ...) is deprecated. Use embedding_bag(input, weight, "
            "...).",
            stacklevel=2,
        )
        weight, input = input, weight
    rule = _shape_rule(input, weight, offsets, per_sample_weights)
    if not rule and mode not in ("sum", "mean", "max"):
        rule = "mode has to be one of sum, mean or max"
    elif not rule and mode == "max" and scale_grad_by_freq:
        rule = "max mode does not support scaling the gradient by the frequency"
    elif not rule and mode == "max" and sparse:
        rule = "max mode does not support sparse weights"
    if rule:
        raise ValueError(f"embedding_bag: {rule}.")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            f"embedding_bag: per_sample_weights are for mode='sum' (got mode='{mode}'). "
            "Multiply the rows of embedding() instead."
        )
    return embedding_bags.embedding_bag(
        input,
        weight,
        offsets,
        max_norm,
        norm_type,
        scale_grad_by_freq,
        mode,
        per_sample_weights,
        include_last_offset,
        padding_idx,
    )


def _shape_rule(
    input: Tensor, weight: Tensor, offsets: Tensor | None, per_sample_weights: Tensor | None
) -> str:
    """Return the rule that the shapes break, if any."""
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        return (
            f"If per_sample_weights ({per_sample_weights.shape}) is not None, then it must "
            f"have the same shape as the input ({input.shape})"
        )
    if weight.ndim != 2:
        return f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}"
    if input.ndim == 2:
        if offsets is not None:
            return "if input is 2D, its rows are the bags, and offsets has to be None"
    elif input.ndim != 1:
        return f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}"
    elif offsets is None or offsets.ndim != 1:
        return "offsets has to be a 1D Tensor"
    return ""
