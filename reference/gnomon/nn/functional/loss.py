"""Losses of predictions against targets of the same shape, and of vectors against each other.

``reduction`` is "none" for every term, "mean" or "sum"; ``size_average`` and ``reduce`` are its
deprecated form.
"""

from __future__ import annotations

from collections.abc import Callable

from gnomon.composite import losses as composite
from gnomon.composite.selection import where
from gnomon.errors import explain
from gnomon.nn.functional.distance import pairwise_distance
from gnomon.nn.functional.reduction import reduced, reduction_of
from gnomon.ops.selection import minimum
from gnomon.tensor import Tensor
from gnomon.tensor.factories import full_like

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "margin_ranking_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Return |input - target|, reduced; the mean divides by the sum of ``weight``, if given.

    Raises ValueError for a weight of another shape than the input's.

    >>> import gnomon as torch
    >>> l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]), reduction="sum")
    tensor(3.)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if weight is None:
        return composite.l1_loss(input, target, reduction)
    return _weighted(composite.l1_loss(input, target, "none"), weight, input, reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Return (input - target)², reduced; the mean divides by the sum of ``weight``, if given.

    Raises ValueError for a weight of another shape than the input's.

    >>> import gnomon as torch
    >>> mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
    tensor(4.5000)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if weight is None:
        return composite.mse_loss(input, target, reduction)
    return _weighted(composite.mse_loss(input, target, "none"), weight, input, reduction)


def _weighted(losses: Tensor, weight: Tensor, input: Tensor, reduction: str) -> Tensor:
    _check_weight(weight, input)
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduced(losses, reduction)


def _check_weight(weight: Tensor, input: Tensor) -> None:
    if weight.shape != input.shape:
        rule = "Weights and input must have the same size"
        raise ValueError(explain("loss", rule, weight, input))


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Return error² / (2 beta) within ``beta`` and |error| - beta / 2 beyond, reduced.

    Raises RuntimeError for a negative ``beta``.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return composite.smooth_l1_loss(input, target, reduction, beta)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Return error² / 2 within ``delta`` and delta (|error| - delta / 2) beyond, times
    ``weight``, reduced.

    Raises RuntimeError unless ``delta`` is above 0, ValueError for a weight of another shape
    than the input's.
    """
    if weight is None:
        return composite.huber_loss(input, target, reduction, delta)
    _check_weight(weight, input)
    return reduced(composite.huber_loss(input, target, "none", delta) * weight, reduction)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return -(target log(input) + (1 - target) log(1 - input)), weighted and reduced.

    Raises RuntimeError for an input outside [0, 1], ValueError for differing shapes.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return composite.binary_cross_entropy(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Return the cross entropy of sigmoid(input) and target, weighted and reduced.

    ``pos_weight`` multiplies the terms of positive targets. Raises ValueError for differing
    shapes.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return composite.binary_cross_entropy_with_logits(
        input, target, weight, reduction, pos_weight
    )


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Return target (log(target) - input), where input is a logarithm, reduced.

    "batchmean" divides the sum by the first size, which is the divergence's definition.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return composite.kl_div(input, target, reduction, log_target)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the negative log-likelihood of Poisson counts, reduced.

    The input is the logarithm of the rate, or the rate itself; ``full`` adds Stirling's formula
    for log(target!).
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return composite.poisson_nll_loss(input, target, log_input, full, eps, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Return (log(var) + (input - target)² / var) / 2, reduced.

    ``var`` is a number, or a tensor of the input's shape, of that without its last size or with
    a size 1 there. Raises ValueError for another shape or a negative variance.
    """
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError("gaussian_nll_loss: var has negative entry/entries.")
        var = full_like(input, var)
    return composite.gaussian_nll_loss(input, target, var, full, eps, reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return log(1 + exp(-target * input)) for targets of 1 and -1, reduced."""
    reduction = reduction_of(size_average, reduce, reduction)
    return composite.soft_margin_loss(input, target, reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the input where target is 1 and max(0, margin - input) where it is -1, reduced."""
    reduction = reduction_of(size_average, reduce, reduction)
    return composite.hinge_embedding_loss(input, target, margin, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return max(0, margin - target * (input1 - input2)) for targets of 1 and -1, reduced.

    Raises RuntimeError for inputs of different ranks.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return composite.margin_ranking_loss(input1, input2, target, margin, reduction)


#: Added to squared norms before they divide, as in PyTorch.
_SMALLEST_SQUARE = 1e-12


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return 1 - cos(input1, input2) where target is 1 and max(0, cos - margin) where it is -1,
    reduced.

    The inputs are (N, D) with targets (N), or (D) with a 0-d target. Raises RuntimeError for
    other numbers of dims.

    >>> import gnomon as torch
    >>> up, right = torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.0])
    >>> cosine_embedding_loss(up, right, torch.tensor(1))
    tensor(1.)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if target.ndim > 1:
        raise RuntimeError(
            explain(
                "cosine_embedding_loss",
                "0D or 1D target tensor expected, multi-target not supported",
                target,
            )
        )
    if {input1.ndim, input2.ndim} != {target.ndim + 1}:
        raise RuntimeError(
            explain(
                "cosine_embedding_loss",
                f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors",
                input1,
                input2,
            )
        )
    product = (input1 * input2).sum(-1)
    squares = [(each * each).sum(-1) + _SMALLEST_SQUARE for each in (input1, input2)]
    cosine = product / (squares[0] * squares[1]).sqrt()
    alike = where(target == 1, 1 - cosine, 0)
    apart = where(target == -1, (cosine - margin).clamp_min(0), 0)
    return reduced(alike + apart, reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return max(0, margin + |anchor - positive| - |anchor - negative|), reduced.

    Distances are ``pairwise_distance``'s, of order ``p``. With ``swap``, the negative's
    distance is that to the nearer of anchor and positive. Raises ValueError for a margin that
    is not above 0, RuntimeError for different ranks. Source: V. Balntas et al., "Learning
    shallow convolutional feature descriptors with triplet losses" (2016).
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda x, y: pairwise_distance(x, y, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction,
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Do what ``triplet_margin_loss`` does, with distances of the caller's own."""
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if len({anchor.ndim, positive.ndim, negative.ndim}) > 1:
        raise RuntimeError(
            explain(
                "triplet_margin_loss",
                "The anchor, positive, and negative tensors are expected to have the same "
                "number of dimensions",
                anchor,
                positive,
                negative,
            )
        )
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced((margin + near - far).clamp_min(0), reduction)
