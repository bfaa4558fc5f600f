"""Scaled dot-product attention: values averaged by how well their keys fit a query."""

from __future__ import annotations

from math import sqrt
from typing import TypeVar

from gnomon.composite.attention_of_heads import attention_of_heads, weights_of
from gnomon.composite.dropout import dropout
from gnomon.composite.matmul import matmul
from gnomon.composite.standardization import wide_dtype
from gnomon.core import TensorCore
from gnomon.dispatch import common_backend
from gnomon.dtypes import bool_
from gnomon.errors import explain
from gnomon.op.copying import to_dtype
from gnomon.op.rules import floating
from gnomon.ops.views import EXPAND, reshape, unsqueeze

T = TypeVar("T", bound=TensorCore)


def scaled_dot_product_attention(
    query: T,
    key: T,
    value: T,
    attn_mask: T | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> T:
    """Return softmax(query @ key.T * scale + mask) @ value, over the last two dims.

    Shapes (\\*, L, E), (\\*, S, E) and (\\*, S, F) give (\\*, L, F); ``scale`` is 1 / sqrt(E)
    by default. ``attn_mask`` broadcasts to (\\*, L, S): a bool one is True where it may go,
    another is added. ``is_causal`` lets a query see the keys up to its own place. Attention
    weights are dropped with probability ``dropout_p``, also in evaluation. With ``enable_gqa``,
    several heads of queries share one of keys. A query that sees no key gives zeros.

    Raises RuntimeError for shapes and dtypes that do not fit, and for both kinds of mask.

    >>> import gnomon as torch
    >>> query, value = torch.zeros(1, 2, 4), torch.tensor([[[1.0], [3.0]]])
    >>> scaled_dot_product_attention(query, query, value, is_causal=True)
    tensor([[[1.],
             [2.]]])
    """
    _check(query, key, value, attn_mask, is_causal)
    if enable_gqa:
        heads = query.operand.layout.shape[-3]
        key, value = _shared(query, key, heads), _shared(query, value, heads)
    size = query.operand.layout.shape[-1]
    factor = (1.0 / sqrt(size) if size else 1.0) if scale is None else scale
    if not dropout_p:
        result = attention_of_heads(query, key, value, attn_mask, is_causal, factor)
        if result is not None:
            return result
    weights = weights_of(query, key, attn_mask, is_causal, factor)
    if dropout_p:
        weights = dropout(weights, dropout_p, True)
    dtype = query.operand.dtype
    return to_dtype(matmul(weights, to_dtype(value, wide_dtype(dtype))), dtype)


def _shared(query: T, heads: T, count: int) -> T:
    """Return ``heads`` (\\*, H, S, E) with each one repeated, so that there are ``count``."""
    *lead, present, length, size = heads.operand.layout.shape
    if not present or count % present:
        rule = f"{count} heads of queries cannot share {present} heads of keys and values"
        remedy = "Give a number of heads that divides that of the queries"
        raise RuntimeError(
            explain("scaled_dot_product_attention", rule, query, heads, remedy=remedy)
        )
    if present == count:
        return heads
    repeated = EXPAND(unsqueeze(heads, -3), (*lead, present, count // present, length, size))
    return reshape(repeated, (*lead, count, length, size))


def _check(query: T, key: T, value: T, mask: T | None, is_causal: bool) -> None:
    operands = (query, key, value)
    floating("scaled_dot_product_attention", query.operand.dtype)
    rule = ""
    if any(each.operand.layout.ndim < 2 for each in operands):
        rule = "expected query, key and value to be of 2 dims or more"
    elif len({each.operand.dtype for each in operands}) > 1:
        rule = "expected query, key and value to have the same dtype"
    elif mask is not None and is_causal:
        rule = "explicit attn_mask should not be set when is_causal=True"
    elif mask is not None and mask.operand.dtype not in (
        bool_,
        query.operand.dtype,
        wide_dtype(query.operand.dtype),
    ):
        rule = "expected attn_mask to be bool, or of the dtype of query"
    if rule:
        remedy = "Give (*, L, E), (*, S, E), (*, S, F) and at most one kind of mask"
        raise RuntimeError(
            explain("scaled_dot_product_attention", rule, *operands, remedy=remedy)
        )
    common_backend("scaled_dot_product_attention", operands)
