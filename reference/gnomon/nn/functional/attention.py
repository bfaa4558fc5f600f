"""Attention: with one head, and with several after learned projections."""

from __future__ import annotations

from math import inf, sqrt

from gnomon.composite.attention import scaled_dot_product_attention
from gnomon.composite.dropout import dropout
from gnomon.composite.linear import linear
from gnomon.composite.matrix import bmm
from gnomon.composite.matrix_sums import baddbmm
from gnomon.composite.padding import pad
from gnomon.composite.softmax import softmax
from gnomon.dtypes import bool_
from gnomon.errors import explain, warn
from gnomon.ops.joining import cat
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Return the attention of several heads, (L, N, E) or (L, E), and its weights if needed.

    Query (L, N, E), key (S, N, K) and value (S, N, V), or all without N, are projected by rows
    of ``in_proj_weight`` or by the three separate weights, cut into ``num_heads`` heads, and
    the heads' results projected by ``out_proj_weight``. Masks are True, or -inf, where
    attention must not go: ``key_padding_mask`` (N, S), ``attn_mask`` (L, S) or
    (N * num_heads, L, S). ``is_causal`` says that ``attn_mask`` is causal. Weights are
    (N, L, S), or (N, num_heads, L, S) unless averaged. Raises RuntimeError or AssertionError
    for shapes that do not fit.

    >>> import gnomon as torch
    >>> x, eye = torch.ones(3, 1, 2), torch.eye(2)
    >>> result, weights = multi_head_attention_forward(
    ...     x, x, x, 2, 1, eye.repeat(3, 1), None, None, None, False, 0.0, eye, None
    ... )
    >>> result.shape, weights.sum(-1)
    (torch.Size([3, 1, 2]), tensor([[1., 1., 1.]]))
    """
    batched = query.ndim == 3
    _check_ranks(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    length, batch, size = query.shape
    width = size // num_heads
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    padding = additive_mask(key_padding_mask, "key_padding_mask", query, attn_mask)
    mask = additive_mask(attn_mask, "attn_mask", query)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "multi_head_attention_forward: Need attn_mask if specifying the is_causal hint."
        )
    if is_causal and padding is None and not need_weights:
        mask = None
    else:
        is_causal = False
    if mask is not None and mask.ndim == 2:
        mask = mask.unsqueeze(0)
    weights = _projections(
        in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, use_separate_proj_weight
    )
    biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
    q, k, v = [
        linear(given, weight, bias)
        for given, weight, bias in zip((query, key, value), weights, biases, strict=True)
    ]
    added = 0
    if bias_k is not None and bias_v is not None:
        k = cat([k, bias_k.repeat(1, batch, 1)])
        v = cat([v, bias_v.repeat(1, batch, 1)])
        added += 1
    q = q.reshape(length, batch * num_heads, width).transpose(0, 1)
    k = static_k if static_k is not None else _heads(k, batch * num_heads, width)
    v = static_v if static_v is not None else _heads(v, batch * num_heads, width)
    if add_zero_attn:
        k = cat([k, zeros_like(k[:, :1])], 1)
        v = cat([v, zeros_like(v[:, :1])], 1)
        added += 1
    keys = k.size(1)
    if added:
        mask = None if mask is None else pad(mask, (0, added))
        padding = None if padding is None else pad(padding, (0, added))
    mask = _merged(mask, padding, batch, num_heads, keys)
    dropped = dropout_p if training else 0.0
    attention: Tensor | None = None
    if need_weights:
        scaled = q * sqrt(1.0 / width)
        if mask is None:
            scores = bmm(scaled, k.transpose(1, 2))
        else:
            scores = baddbmm(mask, scaled, k.transpose(1, 2))
        attention = softmax(scores, -1)
        if dropped > 0.0:
            attention = dropout(attention, dropped, True)
        found = bmm(attention, v).transpose(0, 1)
    else:
        heads = (batch, num_heads, -1, width)
        shaped = mask
        if mask is not None:
            shaped = (
                mask.unsqueeze(0)
                if mask.size(0) == 1
                else mask.view(batch, num_heads, -1, keys)
            )
        found = scaled_dot_product_attention(
            q.view(heads), k.view(heads), v.view(heads), shaped, dropped, is_causal
        ).permute(2, 0, 1, 3)
    flat = found.contiguous().view(length * batch, size)
    result = linear(flat, out_proj_weight, out_proj_bias).view(length, batch, -1)
    if attention is not None:
        attention = attention.view(batch, num_heads, length, keys)
        if average_attn_weights:
            attention = attention.mean(1)
    if batched:
        return result, attention
    return result.squeeze(1), None if attention is None else attention.squeeze(0)


def _heads(projected: Tensor, count: int, width: int) -> Tensor:
    """Return (L, N, E) as (N * heads, L, E / heads)."""
    return projected.reshape(projected.size(0), count, width).transpose(0, 1)


def _projections(
    packed: Tensor | None,
    query: Tensor | None,
    key: Tensor | None,
    value: Tensor | None,
    separate: bool,
) -> tuple[Tensor, ...]:
    if not separate:
        assert packed is not None, (
            "use_separate_proj_weight is False but in_proj_weight is None"
        )
        return tuple(packed.chunk(3))
    assert query is not None, "use_separate_proj_weight is True but q_proj_weight is None"
    assert key is not None, "use_separate_proj_weight is True but k_proj_weight is None"
    assert value is not None, "use_separate_proj_weight is True but v_proj_weight is None"
    return query, key, value


def additive_mask(
    mask: Tensor | None, name: str, query: Tensor, other: Tensor | None = None
) -> Tensor | None:
    """Return ``mask`` as one to add to scores: -inf where a bool one is True.

    Warns when ``other``, the mask it goes with, has another dtype. Raises AssertionError for a
    mask of integers.

    >>> import gnomon as torch
    >>> additive_mask(torch.tensor([True, False]), "mask", torch.ones(2))
    tensor([-inf, 0.])
    """
    if mask is None:
        return None
    if mask.dtype is not bool_ and not mask.dtype.is_floating_point:
        raise AssertionError(
            f"{name}: only bool and floating types are supported, got {mask.dtype}"
        )
    if other is not None and other.dtype is not mask.dtype:
        warn(
            f"Support for mismatched dtypes of {name}, {mask.dtype}, and of the other mask, "
            f"{other.dtype}, is deprecated. Use the same type for both."
        )
    if mask.dtype is bool_:
        return mask.new_zeros(mask.shape, dtype=query.dtype).masked_fill(mask, -inf)
    return mask


def _merged(
    mask: Tensor | None, padding: Tensor | None, batch: int, heads: int, keys: int
) -> Tensor | None:
    """Return both masks as one, (N * heads, L or 1, S), or (1, L, S) without padding."""
    if padding is None:
        return mask
    spread = padding.view(batch, 1, 1, keys).expand(-1, heads, -1, -1)
    spread = spread.reshape(batch * heads, 1, keys)
    return spread if mask is None else mask + spread


def _check_ranks(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    padding: Tensor | None,
    mask: Tensor | None,
    heads: int,
) -> None:
    ndim = query.ndim
    rule = ""
    if ndim not in (2, 3):
        rule = f"query should be unbatched 2D or batched 3D tensor but received {ndim}-D"
    elif key.ndim != ndim or value.ndim != ndim:
        rule = f"For {ndim}-D query, expected key and value to be {ndim}-D"
    elif padding is not None and padding.ndim != ndim - 1:
        rule = f"For {ndim}-D query, expected key_padding_mask to be None or {ndim - 1}-D"
    elif mask is not None and mask.ndim not in (2, 3):
        rule = f"expected attn_mask to be None, 2-D or 3-D but found {mask.ndim}-D"
    if rule:
        raise AssertionError(explain("multi_head_attention_forward", rule, query, key, value))
    if mask is None:
        return
    batch = query.size(1) if ndim == 3 else 1
    shape = (query.size(0), key.size(0))
    expected = shape if mask.ndim == 2 else (batch * heads, *shape)
    if tuple(mask.shape) != expected:
        rule = f"The shape of the {mask.ndim}D attn_mask should be {expected}"
        raise RuntimeError(explain("multi_head_attention_forward", rule, mask))


def _check_sizes(
    query: Tensor, key: Tensor, value: Tensor, size: int, heads: int, separate: bool
) -> None:
    rule = ""
    if query.size(-1) != size:
        rule = f"was expecting embedding dimension of {size}, but got {query.size(-1)}"
    elif query.size(-1) % heads:
        rule = f"embed_dim {query.size(-1)} not divisible by num_heads {heads}"
    elif separate and key.shape[:2] != value.shape[:2]:
        rule = "key's sequence and batch dims do not match value's"
    elif not separate and key.shape != value.shape:
        rule = "key shape does not match value shape"
    if rule:
        raise AssertionError(explain("multi_head_attention_forward", rule, query, key, value))
