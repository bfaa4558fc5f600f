"""Dropout: elements or whole channels left out at random in training.

``p`` is the probability of each to be left out; ValueError for one outside [0, 1]. ``inplace``
writes the result to the input.
"""

from __future__ import annotations

import warnings

from gnomon.composite import dropout as composite
from gnomon.errors import explain
from gnomon.tensor import Tensor

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]


def dropout(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Return the input with elements left out, the others over 1 - p, when ``training``.

    Source: N. Srivastava et al., "Dropout" (2014).

    >>> import gnomon as torch
    >>> dropout(torch.ones(2), training=False)
    tensor([1., 1.])
    """
    _check(p)
    return (composite.dropout_ if inplace else composite.dropout)(input, p, training)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Return the input with elements set to what SELU tends to, mean and variance kept.

    Source: G. Klambauer et al., "Self-Normalizing Neural Networks" (2017).
    """
    _check(p)
    function = composite.alpha_dropout_ if inplace else composite.alpha_dropout
    return function(input, p, training)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Do what ``alpha_dropout`` does to whole channels, of (N, C, ...)."""
    _check(p)
    function = composite.feature_alpha_dropout_ if inplace else composite.feature_alpha_dropout
    return function(input, p, training)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Return (N, C, L) or (C, L) with channels left out.

    Raises RuntimeError for other numbers of dims.
    """
    _check(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            explain("dropout1d", "Expected 2D or 3D input", input, remedy="Use dropout instead")
        )
    return _channels(input, p, training, inplace, batched=input.ndim == 3)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Return (N, C, H, W) with channels left out; (N, C, L) counts as ``dropout1d``'s.

    Warns of other numbers of dims, and of 3, which may come to mean (C, H, W).
    """
    _check(p)
    if input.ndim not in (3, 4):
        _warn("dropout2d", f"Received a {input.ndim}-D input to dropout2d, which is deprecated")
    if input.ndim == 3:
        _warn("dropout2d", "Received a 3D input to dropout2d, read as shape (N, C, L)")
    return _channels(input, p, training, inplace, batched=True)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Return (N, C, D, H, W) or (C, D, H, W) with channels left out.

    Warns of other numbers of dims.
    """
    _check(p)
    if input.ndim not in (4, 5):
        _warn("dropout3d", f"Received a {input.ndim}-D input to dropout3d, which is deprecated")
    return _channels(input, p, training, inplace, batched=input.ndim == 5)


def _channels(input: Tensor, p: float, training: bool, inplace: bool, batched: bool) -> Tensor:
    function = composite.feature_dropout_ if inplace else composite.feature_dropout
    if batched:
        return function(input, p, training)
    result = function(input.unsqueeze(0), p, training).squeeze(0)
    return input if inplace else result


def _check(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _warn(operation: str, rule: str) -> None:
    warnings.warn(
        explain(operation, rule, remedy="Use the dropout of that number of dims"),
        UserWarning,
        stacklevel=3,
    )
