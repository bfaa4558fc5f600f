"""How the terms of a loss are reduced, in today's words and in those of PyTorch's past."""

from __future__ import annotations

import warnings

from gnomon.composite.losses import check_reduction
from gnomon.tensor import Tensor


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """Return what the deprecated flags mean if one is given, else ``reduction``.

    >>> reduction_of(None, None, "sum")
    'sum'
    """
    if size_average is None and reduce is None:
        return reduction
    if reduce is False:
        meant = "none"
    else:
        meant = "sum" if size_average is False else "mean"
    warnings.warn(
        "size_average and reduce args will be deprecated, please use "
        f"reduction='{meant}' instead.",
        UserWarning,
        stacklevel=3,
    )
    return meant


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """Return the terms themselves, their mean or their sum; ValueError for another word."""
    check_reduction(reduction)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()
