"""Losses of predictions against targets of the same shape.

``reduction`` is ``"none"`` for every term, ``"mean"`` or ``"sum"``; ValueError for other words.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from gnomon.core import Cotangents, TensorCore
from gnomon.dtypes import Scalar
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.op.composite import record_composite
from gnomon.op.copying import clone
from gnomon.op.derivative import NOT_SAVED, node_label
from gnomon.op.elementwise import Elementwise, apply, wrapped_number
from gnomon.op.foundation import add
from gnomon.op.in_place import apply_in_place
from gnomon.ops import loss_terms as terms
from gnomon.ops.arithmetic import abs as absolute_value
from gnomon.ops.arithmetic import div, mul, neg, sub
from gnomon.ops.comparison import ge, le, lt, ne, where
from gnomon.ops.exponentials import exp, log
from gnomon.ops.logic import logical_and, logical_not
from gnomon.ops.powers import xlogy
from gnomon.ops.reduction import mean, sum
from gnomon.ops.selection import clamp_below
from gnomon.ops.truth import holds
from gnomon.ops.views import unsqueeze

__all__: list[str] = []

T = TypeVar("T", bound=TensorCore)


def reduced(losses: T, reduction: str) -> T:
    """Return the terms themselves, their mean or their sum."""
    check_reduction(reduction)
    if reduction == "none":
        return losses
    return mean(losses) if reduction == "mean" else sum(losses)


def check_reduction(reduction: str, also: tuple[str, ...] = ()) -> None:
    """Raise ValueError unless ``reduction`` is one of the three words, or one of ``also``."""
    if reduction not in ("none", "mean", "sum", *also):
        raise ValueError(
            explain(
                "reduction",
                f"{reduction} is not a valid value for reduction",
                remedy="Give 'none', 'mean' or 'sum'",
            )
        )


def l1_loss(input: T, target: T, reduction: str = "mean") -> T:
    """Return |input - target|, reduced.

    >>> import gnomon as torch
    >>> l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
    tensor(1.5000)
    """
    _warn_of_broadcasting("l1_loss", input, target)
    check_reduction(reduction)
    return reduced(absolute_value(sub(input, target)), reduction)


def mse_loss(input: T, target: T, reduction: str = "mean") -> T:
    """Return (input - target)², reduced.

    >>> import gnomon as torch
    >>> mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
    tensor(4.5000)
    """
    _warn_of_broadcasting("mse_loss", input, target)
    return _pointwise(terms.squared_error, (input, target), None, reduction)


def smooth_l1_loss(input: T, target: T, reduction: str = "mean", beta: float = 1.0) -> T:
    """Return error² / (2 beta) within ``beta`` and |error| - beta / 2 beyond, reduced.

    Raises RuntimeError for a negative ``beta``; 0 is ``l1_loss``.
    Source: R. Girshick, "Fast R-CNN" (2015), equation 3.
    """
    _warn_of_broadcasting("smooth_l1_loss", input, target)
    if beta < 0:
        raise RuntimeError(explain("smooth_l1_loss", f"beta must be 0 or more, not {beta}"))
    if beta == 0:
        return l1_loss(input, target, reduction)
    return _pointwise(terms.smooth_absolute_error, (input, target, beta), None, reduction)


def huber_loss(input: T, target: T, reduction: str = "mean", delta: float = 1.0) -> T:
    """Return error² / 2 within ``delta`` and delta (|error| - delta / 2) beyond, reduced.

    Raises RuntimeError unless ``delta`` is above 0. Source: P. J. Huber, "Robust Estimation of
    a Location Parameter" (1964).
    """
    _warn_of_broadcasting("huber_loss", input, target)
    if delta <= 0:
        raise RuntimeError(explain("huber_loss", f"delta must be above 0, not {delta}"))
    return _pointwise(terms.huber_error, (input, target, delta), None, reduction)


def binary_cross_entropy(
    input: T, target: T, weight: T | None = None, reduction: str = "mean"
) -> T:
    """Return -(target log(input) + (1 - target) log(1 - input)), weighted and reduced.

    Logarithms are taken for no less than -100, so that no term is infinite. Raises RuntimeError
    for an input outside [0, 1], ValueError for differing shapes.

    >>> import gnomon as torch
    >>> binary_cross_entropy(torch.tensor([0.5, 0.75]), torch.tensor([1.0, 0.0]))
    tensor(1.0397)
    """
    _check_alike("binary_cross_entropy", input, target)
    if input.operand.dtype is not target.operand.dtype:
        raise RuntimeError(
            explain(
                "binary_cross_entropy", "input and target must share a dtype", input, target
            )
        )
    if not holds(logical_and(ge(input, 0), le(input, 1))):
        raise RuntimeError(
            explain(
                "binary_cross_entropy",
                "all elements of input should be between 0 and 1",
                input,
                remedy="Give probabilities, or use binary_cross_entropy_with_logits",
            )
        )
    return _pointwise(terms.binary_cross_entropy_of, (input, target), weight, reduction)


def binary_cross_entropy_with_logits(
    input: T,
    target: T,
    weight: T | None = None,
    reduction: str = "mean",
    pos_weight: T | None = None,
) -> T:
    """Return the cross entropy of sigmoid(input) and target, weighted and reduced.

    ``pos_weight`` multiplies the terms of positive targets. Nothing overflows, whatever the
    input. Raises ValueError for differing shapes.

    >>> import gnomon as torch
    >>> binary_cross_entropy_with_logits(torch.tensor([0.0, 900.0]), torch.tensor([1.0, 1.0]))
    tensor(0.3466)
    """
    _check_alike("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        return _pointwise(terms.logit_cross_entropy, (input, target), weight, reduction)
    inputs = (input, target, pos_weight)
    return _pointwise(terms.weighted_logit_cross_entropy, inputs, weight, reduction)


def kl_div(input: T, target: T, reduction: str = "mean", log_target: bool = False) -> T:
    """Return target (log(target) - input), where input is a logarithm, reduced.

    ``"batchmean"`` divides the sum by the first size, which is the divergence's definition.
    With ``log_target`` the target is a logarithm too.
    """
    check_reduction(reduction, also=("batchmean",))
    if log_target:
        losses = mul(exp(target), sub(target, input))
    else:
        losses = sub(xlogy(target, target), mul(target, input))
    if reduction == "batchmean":
        shape = input.operand.layout.shape
        return div(sum(losses), shape[0]) if shape else sum(losses)
    return reduced(losses, reduction)


def soft_margin_loss(input: T, target: T, reduction: str = "mean") -> T:
    """Return log(1 + exp(-target * input)) for targets of 1 and -1, reduced."""
    return _pointwise(terms.soft_margin, (input, target), None, reduction)


def margin_ranking_loss(
    input1: T, input2: T, target: T, margin: float = 0.0, reduction: str = "mean"
) -> T:
    """Return max(0, margin - target * (input1 - input2)) for targets of 1 and -1, reduced.

    Raises RuntimeError for inputs of different ranks.

    >>> import gnomon as torch
    >>> first, second = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0])
    >>> margin_ranking_loss(first, second, torch.tensor([1.0, 1.0]))
    tensor(0.5000)
    """
    check_reduction(reduction)
    if len({len(tensor.operand.layout.shape) for tensor in (input1, input2, target)}) > 1:
        raise RuntimeError(
            explain(
                "margin_ranking_loss", "all should have equal ranks", input1, input2, target
            )
        )
    losses = add(mul(neg(target), sub(input1, input2)), margin)
    return reduced(clamp_below(losses, 0), reduction)


def hinge_embedding_loss(
    input: T, target: T, margin: float = 1.0, reduction: str = "mean"
) -> T:
    """Return the input where target is 1 and max(0, margin - input) where it is -1, reduced."""
    check_reduction(reduction)
    apart = where(ne(target, 1), clamp_below(sub(margin, input), 0), 0.0)
    return reduced(add(apart, where(ne(target, -1), input, 0.0)), reduction)


def poisson_nll_loss(
    input: T,
    target: T,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> T:
    """Return the negative log-likelihood of Poisson counts, but for log(target!), reduced.

    The input is the logarithm of the rate, or with ``log_input=False`` the rate, to which
    ``eps`` is added before its logarithm is taken. ``full`` adds Stirling's formula for
    log(target!) where the target is above 1.
    """
    check_reduction(reduction)
    if log_input:
        losses = sub(exp(input), mul(target, input))
    else:
        losses = sub(input, mul(target, log(add(input, eps))))
    if full:
        half_logarithm = mul(log(mul(target, 2.0 * math.pi)), 0.5)
        stirling = add(sub(mul(target, log(target)), target), half_logarithm)
        losses = add(losses, where(le(target, 1), 0.0, stirling))
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: T,
    target: T,
    var: T,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> T:
    """Return (log(var) + (input - target)² / var) / 2, reduced.

    ``var`` has the input's shape, or that shape without its last size or with one size 1. It
    counts as no less than ``eps``, a limit that its gradient does not see. ``full`` adds
    log(2π) / 2. Raises ValueError for another shape or a negative variance.
    """
    check_reduction(reduction)
    shape, given = input.operand.layout.shape, var.operand.layout.shape
    if given != shape and given == shape[:-1]:
        var = unsqueeze(var, -1)
    elif given != shape:
        differing = [size for size, own in zip(given, shape, strict=False) if size != own]
        if len(given) != len(shape) or differing != [1]:
            raise ValueError(
                explain("gaussian_nll_loss", "var is of incorrect size", input, var)
            )
    if not holds(logical_not(lt(var, 0))):
        raise ValueError(explain("gaussian_nll_loss", "var has negative entries", var))
    var = clone(var)
    with no_grad():
        apply_in_place(clamp_below, var, eps)
    error = sub(input, target)
    losses = mul(add(log(var), div(mul(error, error), var)), 0.5)
    return reduced(add(losses, 0.5 * math.log(2.0 * math.pi)) if full else losses, reduction)


def _warn_of_broadcasting(operation: str, input: TensorCore, target: TensorCore) -> None:
    if input.operand.layout.shape != target.operand.layout.shape:
        warnings.warn(
            explain(
                operation,
                "using a target size that is different to the input size will likely lead to "
                "incorrect results due to broadcasting",
                input,
                target,
                remedy="Please ensure they have the same size",
            ),
            UserWarning,
            stacklevel=3,
        )


def _check_alike(operation: str, input: TensorCore, target: TensorCore) -> None:
    if input.operand.layout.shape != target.operand.layout.shape:
        raise ValueError(
            explain(operation, "target size must be the same as input size", input, target)
        )


def _pointwise(
    record: Elementwise, inputs: tuple[T | Scalar, ...], weight: T | None, reduction: str
) -> T:
    """Return the reduced terms as the output of one node, named as PyTorch names it."""
    check_reduction(reduction)
    if reduction == "none" and weight is None:
        return apply(record, inputs, None)
    with no_grad():
        losses = apply(record, inputs, None)
        if weight is not None:
            losses = mul(losses, weight)
        result = reduced(losses, reduction)
    tensors = [value if isinstance(value, TensorCore) else None for value in inputs]
    numbers = [None if isinstance(value, TensorCore) else value for value in inputs]
    count = losses.operand.layout.numel if reduction == "mean" else 1
    record_composite(
        record.node_name or node_label(record.name),
        tensors,
        (result,),
        (*tensors, weight),
        partial(_pointwise_cotangents, record, numbers, count),
    )
    return result


def _pointwise_cotangents(
    record: Elementwise,
    numbers: Sequence[Scalar | None],
    count: int,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    cotangent = cotangents[0]
    assert cotangent is not None
    *tensors, weight = saved
    if weight is not None:
        cotangent = mul(cotangent, weight)
    if count != 1:
        cotangent = div(cotangent, count)
    inputs = [
        wrapped_number(cotangent, number)
        if number is not None
        else NOT_SAVED
        if tensor is None
        else tensor
        for tensor, number in zip(tensors, numbers, strict=True)
    ]
    return [
        record.cotangent(position, cotangent, inputs, NOT_SAVED)
        if needed and record.derivative(position) is not None
        else None
        for position, needed in enumerate(needs)
    ]
