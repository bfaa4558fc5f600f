"""Dropout: zeroing elements at random, and scaling the rest so that sums keep their mean.

Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent
neural networks from overfitting", JMLR 15, 2014. The alpha form keeps mean and variance of what
leaves a SELU: Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks",
NIPS 2017.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final, TypeVar

from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, filled
from gnomon.dtypes import bool_
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.composite import record_composite
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import add
from gnomon.op.in_place import apply_in_place, replace, snapshot
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.arithmetic import div, mul
from gnomon.ops.random import BERNOULLI

__all__ = [
    "alpha_dropout",
    "alpha_dropout_",
    "dropout",
    "dropout_",
    "feature_alpha_dropout",
    "feature_alpha_dropout_",
    "feature_dropout",
    "feature_dropout_",
    "native_dropout",
]

T = TypeVar("T", bound=TensorCore)

#: SELU's scale times its alpha: minus what a SELU tends to, which dropped elements become.
SELU_LIMIT: Final = 1.7580993408473766


@numpy_names
def dropout(input: T, p: float, train: bool) -> T:
    """Return ``input`` with elements zeroed with probability ``p``, the rest over ``1 - p``.

    Nothing changes unless ``train``. Raises RuntimeError for ``p`` outside [0, 1].

    >>> import gnomon as torch
    >>> torch.dropout(torch.tensor([1.0, 2.0]), 0.0, True)
    tensor([1., 2.])
    """
    if _leaves("dropout", input, p, train):
        return input
    return mul(input, _noise(input, p, input.operand.layout.dense_like()))


@numpy_names
def dropout_(input: T, p: float, train: bool) -> T:
    """``dropout`` in place."""
    if _leaves("dropout", input, p, train):
        return input
    return apply_in_place(mul, input, _noise(input, p, input.operand.layout.dense_like()))


@numpy_names
def feature_dropout(input: T, p: float, train: bool) -> T:
    """Return ``input`` (N, C, ...) with whole channels zeroed with probability ``p``.

    Raises RuntimeError for fewer than two dims.

    >>> import gnomon as torch
    >>> torch.feature_dropout(torch.tensor([[1.0, 2.0]]), 1.0, True)
    tensor([[0., 0.]])
    """
    if _leaves("feature_dropout", input, p, train):
        return input
    return mul(input, _noise(input, p, _channels(input)))


@numpy_names
def feature_dropout_(input: T, p: float, train: bool) -> T:
    """``feature_dropout`` in place."""
    if _leaves("feature_dropout", input, p, train):
        return input
    return apply_in_place(mul, input, _noise(input, p, _channels(input)))


@numpy_names
def alpha_dropout(input: T, p: float, train: bool) -> T:
    """Return ``input`` with elements set to SELU's limit with probability ``p``, then scaled.

    Mean 0 and variance 1 stay what they are.

    >>> import gnomon as torch
    >>> torch.alpha_dropout(torch.tensor([1.0, 2.0]), 0.5, False)
    tensor([1., 2.])
    """
    if _leaves("alpha_dropout", input, p, train):
        return input
    return _with_alpha(input, p, input.operand.layout.dense_like())


@numpy_names
def alpha_dropout_(input: T, p: float, train: bool) -> T:
    """``alpha_dropout`` in place."""
    if _leaves("alpha_dropout", input, p, train):
        return input
    whole = input.operand.layout.dense_like()
    return replace(input, "alpha_dropout_", _with_alpha(snapshot(input), p, whole))


@numpy_names
def feature_alpha_dropout(input: T, p: float, train: bool) -> T:
    """Return ``input`` (N, C, ...) after ``alpha_dropout`` of whole channels."""
    if _leaves("feature_alpha_dropout", input, p, train):
        return input
    return _with_alpha(input, p, _channels(input))


@numpy_names
def feature_alpha_dropout_(input: T, p: float, train: bool) -> T:
    """``feature_alpha_dropout`` in place."""
    if _leaves("feature_alpha_dropout", input, p, train):
        return input
    result = _with_alpha(snapshot(input), p, _channels(input))
    return replace(input, "feature_alpha_dropout_", result)


@numpy_names
def native_dropout(input: T, p: float, train: bool | None) -> tuple[T, T]:
    """Return ``dropout`` of ``input``, and a bool tensor that is True where it was kept.

    ``train`` None means True.
    """
    _check("native_dropout", p)
    storage, layout, dtype = input.operand
    if train is False or not layout.numel:
        kept, scale = filled(storage.backend, layout.shape, bool_, True), 1.0
    else:
        kept, scale = allocate(storage.backend, layout.dense_like(), bool_), 0.0
        BERNOULLI.fill(kept, (1.0 - p,))
        if p < 1.0:
            scale = 1.0 / (1.0 - p)
    mask = input.like(kept)
    with no_grad():
        # The kept factor is rounded to the dtype first, as in PyTorch.
        result = mul(input, mul(to_dtype(mask, dtype), scale))
    slope = partial(_native_slope, scale)
    record_composite("NativeDropoutBackward0", (input,), (result,), (mask,), slope)
    return result, mask


def _native_slope(
    scale: float,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    (cotangent,), (mask,) = cotangents, saved
    assert cotangent is not None and mask is not None
    return (mul(mul(cotangent, mask), scale),)


def _leaves(operation: str, input: TensorCore, p: float, train: bool) -> bool:
    """Return whether dropout leaves ``input`` as it is."""
    _check(operation, p)
    return p == 0.0 or not train or not input.operand.layout.numel


def _check(operation: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise RuntimeError(
            f"{operation}: dropout probability has to be between 0 and 1, but got {p}."
        )


def _channels(input: TensorCore) -> Layout:
    """Return the layout of one element per channel, which broadcasts to ``input``."""
    shape = input.operand.layout.shape
    if len(shape) < 2:
        raise RuntimeError(
            explain(
                "feature_dropout",
                "Feature dropout requires at least 2 dimensions in the input",
                input,
                remedy="Use dropout, or unsqueeze() it",
            )
        )
    return Layout.contiguous((*shape[:2], *(1 for _ in shape[2:])))


def _kept(input: T, p: float, layout: Layout) -> T:
    """Return 1 with probability ``1 - p`` and 0 otherwise, drawn in ``input``'s dtype."""
    storage, _, dtype = input.operand
    output = allocate(storage.backend, layout, dtype)
    BERNOULLI.fill(output, (1.0 - p,))
    return input.like(output)


def _noise(input: T, p: float, layout: Layout) -> T:
    """Return what to multiply ``input`` by: 0, or ``1 / (1 - p)`` rounded to its dtype."""
    if p == 1.0:
        storage, _, dtype = input.operand
        return input.like(filled(storage.backend, (), dtype, 0))
    kept = _kept(input, p, layout)
    with no_grad():
        return apply_in_place(div, kept, 1.0 - p)


def _with_alpha(input: T, p: float, layout: Layout) -> T:
    if p == 1.0:
        return mul(input, _noise(input, p, layout))
    scale = 1.0 / math.sqrt((SELU_LIMIT * SELU_LIMIT * p + 1.0) * (1.0 - p))
    noise = _kept(input, p, layout)
    with no_grad():
        # The limit where dropped, then the shift of the mean; the kept are scaled.
        shift = mul(add(noise, -1.0), SELU_LIMIT * scale)
        apply_in_place(add, shift, SELU_LIMIT * scale * p)
        apply_in_place(mul, noise, scale)
    return add(mul(input, noise), shift)
