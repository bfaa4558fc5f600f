"""Causal masks for ``scaled_dot_product_attention``.

>>> causal_lower_right(2, 3)
tensor([[ True,  True, False],
        [ True,  True,  True]])
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import TYPE_CHECKING

from gnomon.dtypes import bool_
from gnomon.errors import warn
from gnomon.tensor import Tensor
from gnomon.tensor.factories import ones

if TYPE_CHECKING:
    from typing import Self

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(IntEnum):
    """Which corner of a mask that is no square its diagonal goes through."""

    UPPER_LEFT = auto()
    LOWER_RIGHT = auto()


class CausalBias(Tensor):
    """The mask that lets a query see the keys up to its own place, counted from the beginning
    or from the end.
    """

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> Self:
        lower = variant is CausalVariant.LOWER_RIGHT
        if lower and seq_len_q > seq_len_kv:
            warn("Lower right causal bias leaves the first queries without any key.")
        mask = object.__new__(cls)
        mask.variant = variant
        mask.seq_len_q = seq_len_q
        mask.seq_len_kv = seq_len_kv
        shift = seq_len_kv - seq_len_q if lower else 0
        mask.operand = ones(seq_len_q, seq_len_kv, dtype=bool_).tril(shift).operand
        return mask


def causal_upper_left(*size: int) -> CausalBias:
    """Return the mask (queries, keys) whose diagonal begins in the upper left corner."""
    assert len(size) == 2, "causal_upper_left only supports 2D tensors"
    return CausalBias(CausalVariant.UPPER_LEFT, *size)


def causal_lower_right(*size: int) -> CausalBias:
    """Return the mask (queries, keys) whose diagonal ends in the lower right corner."""
    assert len(size) == 2, "causal_lower_right only supports 2D tensors"
    return CausalBias(CausalVariant.LOWER_RIGHT, *size)
