"""The composite behind attention: queries, keys and values of heads, in one piece.

A backend that has a kernel for it runs it on (B, H, L, E), (B, H, S, E) and (B, H, S, F), which
is when PyTorch runs a kernel of its own. Everything is computed in float32 at least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import inf, sqrt
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.composite.matmul import matmul
from gnomon.composite.softmax import softmax
from gnomon.composite.standardization import wide_dtype
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import bool_, int64
from gnomon.layout import Layout
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite, record_composite
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import add, sum_of
from gnomon.ops.arithmetic import mul, sub
from gnomon.ops.comparison import eq, le, where
from gnomon.ops.reduction import AMAX
from gnomon.ops.sources import arange
from gnomon.ops.views import transpose

T = TypeVar("T", bound=TensorCore)

#: ``(query, key, value, mask, causal, scale, output, logarithms)``. The mask, which may be
#: None, is bool or of a floating-point dtype and expanded to (B, H, L, S); the logarithms of
#: the sums of exponentials, (B, H, L), which the derivative starts from, are float32 at least.
AttentionKernel: TypeAlias = Callable[
    [Operand, Operand, Operand, "Operand | None", bool, float, Operand, Operand], None
]
AttentionMeaning: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, "TensorCore | None", bool, float], TensorCore
]
#: ``(cotangent, query, key, value, mask, output, logarithms, causal, scale, of_query, of_key,
#: of_value)``; the last three are written.
AttentionBackwardKernel: TypeAlias = Callable[
    [
        Operand,
        Operand,
        Operand,
        Operand,
        "Operand | None",
        Operand,
        Operand,
        bool,
        float,
        Operand,
        Operand,
        Operand,
    ],
    None,
]
AttentionBackwardMeaning: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, TensorCore, "TensorCore | None", bool, float],
    Cotangents,
]


def weights_of(query: T, key: T, mask: T | None, causal: bool, scale: float) -> T:
    """Return by how much each query counts each value: softmax(query @ key.T * scale + mask).

    The mask is bool, True where a query may look, or is added; a causal one lets it see the
    keys up to its own place. What sees nothing counts nothing.
    """
    wide = wide_dtype(query.operand.dtype)
    # The root goes to both factors, so that their products stay in range.
    root = sqrt(abs(scale))
    sign = -1.0 if scale < 0 else 1.0
    scores = matmul(
        mul(to_dtype(query, wide), root * sign),
        mul(transpose(to_dtype(key, wide), -2, -1), root),
    )
    if causal:
        mask = _causal(scores)
    return softmax(scores, -1) if mask is None else _masked_softmax(scores, mask)


def _masked_softmax(scores: T, mask: T) -> T:
    """Return the softmax of what the mask leaves; zeros where it leaves nothing."""
    if mask.operand.dtype is bool_:
        masked = where(mask, scores, -inf)
    else:
        masked = add(scores, to_dtype(mask, scores.operand.dtype))
    if not masked.operand.layout.numel:
        return softmax(masked, -1)
    nothing = eq(AMAX(masked, -1, True), -inf)
    return where(nothing, 0.0, softmax(where(nothing, 0.0, masked), -1))


def _causal(scores: T) -> T:
    """Return which key, (L, S), each query may see: those up to its own place."""
    queries, keys = scores.operand.layout.shape[-2:]
    backend = scores.operand.storage.backend
    own, other = (
        scores.like(arange(backend, shape, int64, (0, 1)))
        for shape in ((queries, 1), (1, keys))
    )
    return le(other, own)


def _attention(
    query: TensorCore,
    key: TensorCore,
    value: TensorCore,
    mask: TensorCore | None,
    causal: bool,
    scale: float,
) -> TensorCore:
    weights = weights_of(query, key, mask, causal, scale)
    return matmul(weights, to_dtype(value, weights.operand.dtype))


def _attention_backward(
    g: TensorCore,
    query: TensorCore,
    key: TensorCore,
    value: TensorCore,
    mask: TensorCore | None,
    causal: bool,
    scale: float,
) -> Cotangents:
    """Return the cotangents of query, key and value."""
    weights = weights_of(query, key, mask, causal, scale)
    wide = weights.operand.dtype
    g, query, key, value = [to_dtype(each, wide) for each in (g, query, key, value)]
    slopes = matmul(g, transpose(value, -2, -1))
    weighted = mul(weights, slopes)
    change = mul(sub(weighted, mul(weights, sum_of(weighted, -1, True))), scale)
    return (
        matmul(change, key),
        matmul(transpose(change, -2, -1), query),
        matmul(transpose(weights, -2, -1), g),
    )


attention_of: Composite[AttentionMeaning, AttentionKernel] = Composite(
    name="attention",
    definition="softmax(query @ key.T * scale + mask) @ value",
    special_cases="0 for a query that sees no key",
    decompose=_attention,
    tolerance=SumOfTerms(),
    gradients=("query", "key", "value"),
)
attention_backward_of: Composite[AttentionBackwardMeaning, AttentionBackwardKernel] = Composite(
    name="attention_backward",
    definition="the derivative of attention in query, key and value",
    decompose=_attention_backward,
    tolerance=SumOfTerms(),
    gradients=("g", "query", "key", "value"),
)


def attention_of_heads(
    query: T, key: T, value: T, mask: T | None, causal: bool, scale: float
) -> T | None:
    """Return the attention of heads as the output of one node; None where there is no kernel
    for such operands.
    """
    kernel = attention_of.kernel_on(query.operand.storage.backend)
    if kernel is None or not _are_heads(query, key, value, mask):
        return None
    storage, layout, dtype = query.operand
    lead, width = layout.shape[:3], value.operand.layout.shape[3]
    output = allocate(storage.backend, Layout.contiguous((*lead, width)), dtype)
    logarithms = allocate(storage.backend, Layout.contiguous(lead), wide_dtype(dtype))
    kernel(
        query.operand,
        key.operand,
        value.operand,
        _expanded(mask, query, key),
        causal,
        scale,
        output,
        logarithms,
    )
    result = query.like(output)
    record_composite(
        "ScaledDotProductFlashAttentionForCpuBackward0",
        (query, key, value),
        (result,),
        (query, key, value, mask, result, query.like(logarithms)),
        partial(_derivative, causal, scale),
    )
    return result


def _are_heads(query: TensorCore, key: TensorCore, value: TensorCore, mask: T | None) -> bool:
    """Return whether shapes are those a kernel takes, and nothing is asked of the mask."""
    shapes = [each.operand.layout.shape for each in (query, key, value)]
    if any(len(shape) != 4 or 0 in shape for shape in shapes):
        return False
    of_query, of_key, of_value = shapes
    return (
        of_query[:2] == of_key[:2] == of_value[:2]
        and of_query[3] == of_key[3]
        and of_key[2] == of_value[2]
        and (mask is None or not mask.tracked)
    )


def _expanded(mask: TensorCore | None, query: TensorCore, key: TensorCore) -> Operand | None:
    if mask is None:
        return None
    shape = (*query.operand.layout.shape[:3], key.operand.layout.shape[2])
    return mask.operand.under(mask.operand.layout.expand(shape))


def _derivative(
    causal: bool,
    scale: float,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    g, (query, key, value, mask, result, logarithms) = cotangents[0], saved
    assert g is not None and query is not None and key is not None and value is not None
    assert result is not None and logarithms is not None
    kernel = attention_backward_of.kernel_outside_graph(g, query, key, value)
    if kernel is None:
        return attention_backward_of.decompose(g, query, key, value, mask, causal, scale)
    written = [
        allocate(
            each.operand.storage.backend,
            Layout.contiguous(each.operand.layout.shape),
            each.operand.dtype,
        )
        for each in (query, key, value)
    ]
    kernel(
        g.operand,
        query.operand,
        key.operand,
        value.operand,
        _expanded(mask, query, key),
        result.operand,
        logarithms.operand,
        causal,
        scale,
        *written,
    )
    return tuple([query.like(operand) for operand in written])
