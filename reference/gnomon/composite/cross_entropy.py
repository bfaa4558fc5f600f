"""The cross entropy of scores and classes, or the probabilities of classes.

Inputs have shape (C), (N, C) or (N, C, d1, ..., dk), for C classes; targets are class indices
(int64 or uint8) of that shape without C, or probabilities of that shape.

Of class indices it is one step, which keeps the largest score of each row and the sum of its
exponentials. The logarithms of the softmax, and their cotangent, are matrices that would be
written only to be read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.composite.classification_losses import (
    are_alike,
    axis_of_classes,
    check_classes,
    check_used_targets,
    check_weight,
    class_losses,
    class_losses_backward,
    label_of,
    loss_operands,
    nll_loss,
)
from gnomon.composite.losses import check_reduction
from gnomon.composite.softmax import log_softmax, log_softmax_backward_of
from gnomon.composite.standardization import wide_dtype
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout, output_layout
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite, record_composite
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import add
from gnomon.op.view import reshaped
from gnomon.ops.arithmetic import div, mul, neg
from gnomon.ops.comparison import ne, where
from gnomon.ops.indexing import take
from gnomon.ops.reduction import sum

__all__: list[str] = []

T = TypeVar("T", bound=TensorCore)

#: ``(input, target, weight, ignore_index, reduction, result, total, peaks, sums)``: the first
#: seven as ``class_losses`` has them. Each row's largest score and the sum of its
#: exp(score - peak), both float32 at least, are contiguous and have size 1 along the classes.
CrossEntropyKernel: TypeAlias = Callable[
    [
        Operand,
        Operand,
        Operand | None,
        int,
        str,
        Operand,
        Operand | None,
        Operand,
        Operand,
    ],
    None,
]
CrossEntropyMeaning: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore | None, int, str],
    tuple[TensorCore, TensorCore | None],
]
#: ``(g, input, target, weight, total, peaks, sums, ignore_index, output)``
CrossEntropyBackwardKernel: TypeAlias = Callable[
    [
        Operand,
        Operand,
        Operand,
        Operand | None,
        Operand | None,
        Operand,
        Operand,
        int,
        Operand,
    ],
    None,
]
CrossEntropyBackwardMeaning: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, TensorCore | None, TensorCore | None, int], TensorCore
]


def _entropies(
    input: TensorCore,
    target: TensorCore,
    weight: TensorCore | None,
    ignore_index: int,
    reduction: str,
) -> tuple[TensorCore, TensorCore | None]:
    dtype = input.operand.dtype
    scores = log_softmax(input, axis_of_classes(input), wide_dtype(dtype))
    loss, total = class_losses.decompose(
        scores, target, _widened(weight), ignore_index, reduction
    )
    return to_dtype(loss, dtype), None if total is None else to_dtype(total, dtype)


def _widened(weight: TensorCore | None) -> TensorCore | None:
    return None if weight is None else to_dtype(weight, wide_dtype(weight.operand.dtype))


def _entropies_backward(
    g: TensorCore,
    input: TensorCore,
    target: TensorCore,
    weight: TensorCore | None,
    total: TensorCore | None,
    ignore_index: int,
) -> TensorCore:
    """Return the cotangent of the scores, whose softmax is found again: it depends on them."""
    (_, (shape, *_), dtype), axis = input.operand, axis_of_classes(input)
    scores = log_softmax(input, axis, wide_dtype(dtype))
    of_scores = class_losses_backward.decompose(
        to_dtype(g, scores.operand.dtype), target, _widened(weight), total, ignore_index, shape
    )
    return to_dtype(log_softmax_backward_of.decompose(of_scores, scores, axis), dtype)


# The exponentials and the losses are added up: n * eps of the sum of their sizes.
cross_entropy_of: Composite[CrossEntropyMeaning, CrossEntropyKernel] = Composite(
    name="cross_entropy",
    definition="the class_losses of log_softmax(input) along the classes",
    special_cases="0 for a target that is ignored; 0 / 0 for the mean of nothing else",
    decompose=_entropies,
    tolerance=SumOfTerms(),
    gradients=("input",),
)
cross_entropy_backward_of: Composite[
    CrossEntropyBackwardMeaning, CrossEntropyBackwardKernel
] = Composite(
    name="cross_entropy_backward",
    definition="softmax(input), less 1 at each target, times g and its share of the weights",
    decompose=_entropies_backward,
    tolerance=SumOfTerms(),
    gradients=("g", "input"),
)


def cross_entropy(
    input: T,
    target: T,
    weight: T | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> T:
    """Return ``nll_loss`` of log_softmax(input); or -sum(target log_softmax(input)).

    ``label_smoothing`` mixes that share of the uniform distribution into the target. Raises as
    ``nll_loss`` does, and RuntimeError for a ``label_smoothing`` outside [0, 1].

    >>> import gnomon as torch
    >>> cross_entropy(torch.tensor([[0.0, 0.0], [0.0, 9.0]]), torch.tensor([0, 1]))
    tensor(0.3466)
    """
    check_reduction(reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(
            explain("cross_entropy", f"label_smoothing {label_smoothing} is not in [0, 1]")
        )
    shape = input.operand.layout.shape
    if not shape:
        raise ValueError(explain("cross_entropy", "expected 1 or more dimensions", input))
    axis = axis_of_classes(input)
    if target.operand.layout.shape == shape and target.operand.dtype.is_floating_point:
        if ignore_index >= 0:
            rule = "ignore_index is not supported for floating point target"
            raise RuntimeError(explain("cross_entropy", rule, input, target))
        return _of_probabilities(input, target, weight, reduction, label_smoothing, axis)
    if not label_smoothing and _is_one_step(input, target, weight):
        return _of_classes(input, target, weight, ignore_index, reduction)
    scores = log_softmax(input, axis)
    loss = nll_loss(scores, target, weight, ignore_index, reduction)
    if not label_smoothing:
        return loss
    smooth = _uniform_loss(scores, target, weight, ignore_index, reduction, axis)
    share = label_smoothing / shape[axis]
    return add(mul(loss, 1.0 - label_smoothing), mul(smooth, share))


def _is_one_step(input: TensorCore, target: TensorCore, weight: TensorCore | None) -> bool:
    return input.operand.layout.numel > 0 and are_alike(input, target, weight)


def _of_classes(input: T, target: T, weight: T | None, ignore_index: int, reduction: str) -> T:
    check_classes("nll_loss", input, target, weight)
    with no_grad():
        classes = to_dtype(target, int64)
        result, *kept = _computed(input, classes, weight, ignore_index, reduction)
    record_composite(
        label_of(input),
        (input,),
        (result,),
        (input, classes, weight, *kept),
        partial(_cotangent, ignore_index),
    )
    return result


def _computed(
    input: T, target: T, weight: T | None, ignore_index: int, reduction: str
) -> tuple[T, T | None, T | None, T | None]:
    """Return the loss, and what its derivative needs: the sum of the weights for a mean; of
    each row, if a kernel finds them, the largest score and the sum of exponentials.
    """
    storage, layout, dtype = input.operand
    kernel = cross_entropy_of.kernel_on(storage.backend)
    if kernel is None:
        loss, sum_of_weights = cross_entropy_of.decompose(
            input, target, weight, ignore_index, reduction
        )
        return input.like(loss.operand), _like(input, sum_of_weights), None, None
    losses, total = loss_operands(input, target, reduction)
    axis, shape = axis_of_classes(input), layout.shape
    rows = Layout.contiguous((*shape[:axis], 1, *shape[axis + 1 :]))
    peaks, sums = [allocate(storage.backend, rows, wide_dtype(dtype)) for _ in range(2)]
    weights = None if weight is None else weight.operand
    try:
        kernel(
            input.operand,
            target.operand,
            weights,
            ignore_index,
            reduction,
            losses,
            total,
            peaks,
            sums,
        )
    except IndexError:
        check_used_targets(input, target, ignore_index)
        raise
    return (
        input.like(losses),
        None if total is None else input.like(total),
        input.like(peaks),
        input.like(sums),
    )


def _like(input: T, tensor: TensorCore | None) -> T | None:
    return None if tensor is None else input.like(tensor.operand)


def _cotangent(
    ignore_index: int,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    g = cotangents[0]
    input, target, weight, total, peaks, sums = saved
    assert g is not None and input is not None and target is not None
    kernel = cross_entropy_backward_of.kernel_outside_graph(g, input)
    if kernel is None or peaks is None or sums is None or not are_alike(g, target, weight):
        return (
            cross_entropy_backward_of.decompose(g, input, target, weight, total, ignore_index),
        )
    storage, layout, dtype = input.operand
    output = allocate(storage.backend, output_layout([layout]), dtype)
    weights, sum_of_weights = (
        None if each is None else each.operand for each in (weight, total)
    )
    kernel(
        g.operand,
        input.operand,
        target.operand,
        weights,
        sum_of_weights,
        peaks.operand,
        sums.operand,
        ignore_index,
        output,
    )
    return (input.like(output),)


def _by_class(weight: T, ndim: int) -> T:
    """Return the weights of classes in the shape that broadcasts against an input."""
    return reshaped(weight, (-1,) + (1,) * max(ndim - 2, 0))


def _uniform_loss(
    scores: T, target: T, weight: T | None, ignore_index: int, reduction: str, axis: int
) -> T:
    """Return -scores summed over the classes, what ``nll_loss`` is for every class at once."""
    ndim = len(scores.operand.layout.shape)
    weighted = scores if weight is None else mul(scores, _by_class(weight, ndim))
    valid = ne(target, ignore_index)
    losses = where(valid, neg(sum(weighted, axis)), 0.0)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return sum(losses)
    used = to_dtype(valid, scores.operand.dtype)
    if weight is not None:
        used = where(valid, take(weight, to_dtype(where(valid, target, 0), int64)), 0.0)
    return div(sum(losses), sum(used))


def _of_probabilities(
    input: T,
    target: T,
    weight: T | None,
    reduction: str,
    label_smoothing: float,
    axis: int,
) -> T:
    shape = input.operand.layout.shape
    if label_smoothing:
        share = label_smoothing / shape[axis]
        target = add(mul(target, 1.0 - label_smoothing), share)
    terms = mul(log_softmax(input, axis), target)
    if weight is not None:
        check_weight("cross_entropy", weight, shape[axis])
        terms = mul(terms, _by_class(weight, len(shape)))
    if reduction == "none":
        return neg(sum(terms, axis))
    total = neg(sum(terms))
    return div(total, prod(shape) // shape[axis]) if reduction == "mean" else total
