"""Losses of the scores of classes.

``reduction`` is "none" for every term, "mean" or "sum"; ``size_average`` and ``reduce`` are its
deprecated form.
"""

from __future__ import annotations

from gnomon.composite import classification_losses
from gnomon.composite.activations import logsigmoid
from gnomon.composite.cross_entropy import cross_entropy as cross_entropy_along_classes
from gnomon.composite.linear import linear
from gnomon.composite.losses import check_reduction
from gnomon.dtypes import bool_, int64
from gnomon.errors import explain
from gnomon.nn.functional.reduction import reduced, reduction_of
from gnomon.tensor import Tensor
from gnomon.tensor.factories import ones_like, zeros

__all__ = [
    "cross_entropy",
    "linear_cross_entropy",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
]


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return -input at each target's class, times the class's ``weight``, reduced.

    Inputs are (C), (N, C) or (N, C, d1, ...), targets class numbers of that shape without C;
    those of ``ignore_index`` count nothing. Raises ValueError for shapes that don't match,
    IndexError for a target that is no class.

    >>> import gnomon as torch
    >>> nll_loss(torch.tensor([[-0.5, -1.0]]), torch.tensor([1]))
    tensor(1.)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return classification_losses.nll_loss(input, target, weight, ignore_index, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return ``nll_loss`` of log_softmax(input), or the cross entropy with probabilities.

    Targets are class numbers, or probabilities of the input's shape. ``label_smoothing`` mixes
    that share of the uniform distribution into them.

    >>> import gnomon as torch
    >>> cross_entropy(torch.tensor([[0.0, 0.0]]), torch.tensor([1]))
    tensor(0.6931)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return cross_entropy_along_classes(
        input, target, weight, ignore_index, reduction, label_smoothing
    )


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: object = None,
) -> Tensor:
    """Return ``cross_entropy`` of the scores ``linear(input, linear_weight, linear_bias)``.

    Inputs are (N, in) or (in), weights (C, d1, ..., in) and biases (C, d1, ...) for scores
    (N, C, d1, ...). ``options`` choose among implementations, of which there is one. Raises
    RuntimeError for shapes that don't fit.

    >>> import gnomon as torch
    >>> linear_cross_entropy(torch.ones(1, 2), torch.zeros(4, 2), torch.tensor([1]))
    tensor(1.3863)
    """
    classes, *outer, features = linear_weight.shape if linear_weight.ndim > 1 else (0, 0)
    rule = ""
    if input.ndim not in (1, 2):
        rule = f"expected input with dimensionality 1 or 2, got {input.ndim}"
    elif linear_weight.ndim < 2:
        rule = "expected linear_weight with dimensionality at least 2"
    elif input.size(-1) != features:
        rule = "expected equal input and linear_weight last dimensions (in_features)"
    elif linear_bias is not None and linear_bias.shape != (classes, *outer):
        rule = f"expected linear_bias shape {(classes, *outer)}, got {tuple(linear_bias.shape)}"
    elif outer and input.ndim == 1:
        rule = "a loss of more dims requires batched input"
    elif ignore_index is not None and target.shape == (*input.shape[:-1], classes, *outer):
        rule = "ignore_index cannot be specified when target contains probabilities"
    if rule:
        raise RuntimeError(explain("linear_cross_entropy", rule, input, linear_weight, target))
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    scores = linear(input, linear_weight.reshape(-1, features), bias)
    return cross_entropy(
        scores.reshape(*input.shape[:-1], classes, *outer),
        target,
        weight,
        ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return, of each sample, sum(max(0, margin - input[target] + input[i]) ** p) / C over the
    other classes i, times the target's ``weight``, reduced.

    Inputs are (N, C) or (C). Raises ValueError for another ``p`` than 1 and 2, RuntimeError for
    targets of another shape or dtype than (N) and int64, and for one that is no class.

    >>> import gnomon as torch
    >>> multi_margin_loss(torch.tensor([[0.0, 1.0, 1.5, 0.0]]), torch.tensor([1]))
    tensor(0.3750)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    check_reduction(reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError(
            f"multi_margin_loss: weight must be one-dimensional, got {weight.ndim}"
        )
    _check_vectors("multi_margin_loss", input, target)
    scores = input if input.ndim == 2 else input.reshape(1, -1)
    samples, classes = scores.shape
    if target.ndim > 1 or target.numel() != samples:
        raise RuntimeError(
            explain(
                "multi_margin_loss",
                f"target tensor should be 1-D with the size of the batch, {samples}",
                input,
                target,
            )
        )
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(
            explain(
                "multi_margin_loss", f"inconsistent weight size, expected {classes}", weight
            )
        )
    chosen = target.reshape(-1, 1)
    _check_classes("multi_margin_loss", chosen, classes)
    excess = (margin - scores.gather(1, chosen) + scores).clamp_min(0)
    terms = excess if p == 1 else excess * excess
    if weight is not None:
        terms = terms * weight[chosen]
    others = ones_like(scores, dtype=bool_).scatter(1, chosen, False)
    losses = terms.masked_fill(~others, 0).sum(1) / classes
    return reduced(losses.reshape(target.shape), reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return, of each sample, sum(max(0, 1 - input[j] + input[i])) / C over its classes j and
    all others i, reduced.

    Inputs are (N, C) or (C); a target of the same shape lists classes up to the first -1.
    Raises RuntimeError for another shape or dtype than int64, and for what is no class.

    >>> import gnomon as torch
    >>> scores = torch.tensor([[0.1, 0.2, 0.4, 0.8]])
    >>> multilabel_margin_loss(scores, torch.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    check_reduction(reduction)
    _check_vectors("multilabel_margin_loss", input, target)
    if input.shape != target.shape:
        raise RuntimeError(
            explain("multilabel_margin_loss", "inconsistent target size", input, target)
        )
    scores = input if input.ndim == 2 else input.reshape(1, -1)
    listed = target.reshape(scores.shape)
    samples, classes = scores.shape
    # A class counts while no -1 has come before it.
    counts = (listed < 0).cumsum(1) == 0
    listed = listed.masked_fill(~counts, 0)
    _check_classes("multilabel_margin_loss", listed, classes)
    # The last column takes the marks of what does not count.
    marks = zeros(samples, classes + 1, dtype=bool_, device=input.device)
    own = marks.scatter(1, listed.masked_fill(~counts, classes), True)[:, :classes]
    chosen = scores.gather(1, listed)
    excess = (1 - chosen.unsqueeze(2) + scores.unsqueeze(1)).clamp_min(0)
    wanted = counts.unsqueeze(2) & ~own.unsqueeze(1)
    losses = excess.masked_fill(~wanted, 0).sum((1, 2)) / classes
    return reduced(losses if input.ndim == 2 else losses.reshape(()), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the binary cross entropy of sigmoid(input), weighted, as the mean over the last
    dim, reduced over the others.

    >>> import gnomon as torch
    >>> multilabel_soft_margin_loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return reduced(losses.sum(-1) / input.size(-1), reduction)


def _check_vectors(operation: str, input: Tensor, target: Tensor) -> None:
    """Raise unless ``input`` is (N, C) or (C) of floats, C above 0, and the target int64."""
    if input.ndim > 2 or 0 in input.shape[-1:]:
        raise RuntimeError(
            explain(
                operation,
                "Expected non-empty vector or matrix with optional 0-dim batch size",
                input,
            )
        )
    if not input.is_floating_point():
        raise NotImplementedError(explain(operation, "not defined on integers", input))
    if target.dtype is not int64:
        raise RuntimeError(
            explain(operation, "expected scalar type Long", target, remedy="Use target.long()")
        )


def _check_classes(operation: str, classes: Tensor, count: int) -> None:
    if bool(((classes < 0) | (classes >= count)).any()):
        raise RuntimeError(
            explain(operation, f"target out of range of {count} classes", classes)
        )
