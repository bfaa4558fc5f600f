"""Losses of the scores of classes.

Inputs have shape (C), (N, C) or (N, C, d1, ..., dk), for C classes; targets are class indices
(int64 or uint8) of that shape without C.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.composite.losses import check_reduction
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, filled, values_of
from gnomon.dtypes import DType, int64, uint8
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.claims import SumOfTerms, Ulps
from gnomon.op.composite import Composite, record_composite
from gnomon.op.copying import to_dtype
from gnomon.ops.arithmetic import div, mul, neg
from gnomon.ops.comparison import ne, where
from gnomon.ops.indexing import gather, take
from gnomon.ops.reduction import sum
from gnomon.ops.scatter_reduce import scatter_in_place
from gnomon.ops.views import squeeze, unsqueeze

__all__: list[str] = []

T = TypeVar("T", bound=TensorCore)

#: ``(input, target, weight, ignore_index, reduction, result, total)``: floats of one dtype but
#: for the target, which is int64. ``result`` is contiguous; ``total``, the sum of the weights,
#: is there for a mean only.
ClassLossKernel: TypeAlias = Callable[
    [Operand, Operand, Operand | None, int, str, Operand, Operand | None], None
]
ClassLossMeaning: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore | None, int, str],
    tuple[TensorCore, TensorCore | None],
]
#: ``(g, target, weight, total, ignore_index, output)``
ClassLossBackwardKernel: TypeAlias = Callable[
    [Operand, Operand, Operand | None, Operand | None, int, Operand], None
]
ClassLossBackwardMeaning: TypeAlias = Callable[
    [
        TensorCore,
        TensorCore,
        TensorCore | None,
        TensorCore | None,
        int,
        tuple[int, ...],
    ],
    TensorCore,
]


def axis_of_classes(input: TensorCore) -> int:
    """Return the dim of the classes."""
    return min(1, len(input.operand.layout.shape) - 1)


def _losses(
    input: TensorCore,
    target: TensorCore,
    weight: TensorCore | None,
    ignore_index: int,
    reduction: str,
) -> tuple[TensorCore, TensorCore | None]:
    axis = axis_of_classes(input)
    valid = ne(target, ignore_index)
    classes = where(valid, target, 0)
    picked = squeeze(_picked(input, axis, unsqueeze(classes, axis)), axis)
    weights = _weights(valid, classes, weight, input.operand.dtype)
    losses = where(valid, neg(mul(picked, weights)), 0.0)
    if reduction == "mean":
        total = sum(weights)
        return div(sum(losses), total), total
    return (losses if reduction == "none" else sum(losses)), None


def _weights(
    valid: TensorCore, classes: TensorCore, weight: TensorCore | None, dtype: DType
) -> TensorCore:
    """Return the weight of each target, 0 for those that are ignored."""
    if weight is None:
        return to_dtype(valid, dtype)
    return where(valid, take(weight, classes), 0.0)


def _picked(input: T, axis: int, classes: T) -> T:
    """Return the elements of ``input`` at the classes; raises IndexError for what is none."""
    try:
        return gather(input, axis, classes)
    except RuntimeError:
        _check_targets(classes, input.operand.layout.shape[axis])
        raise


def _scores_cotangent(
    g: TensorCore,
    target: TensorCore,
    weight: TensorCore | None,
    total: TensorCore | None,
    ignore_index: int,
    shape: tuple[int, ...],
) -> TensorCore:
    axis = min(1, len(shape) - 1)
    with no_grad():
        valid = ne(target, ignore_index)
        classes = where(valid, target, 0)
        weights = _weights(valid, classes, weight, g.operand.dtype)
        # What counts nothing has no slope, though the mean of nothing else is 0 / 0.
        shares = weights if total is None else where(ne(weights, 0), div(weights, total), 0.0)
    terms = unsqueeze(neg(mul(g, shares)), axis)
    zeros = g.like(filled(g.operand.storage.backend, shape, g.operand.dtype, 0))
    return scatter_in_place(zeros, axis, unsqueeze(classes, axis), terms)


# The losses are added up: n * eps of the sum of their sizes.
class_losses: Composite[ClassLossMeaning, ClassLossKernel] = Composite(
    name="class_losses",
    definition="-input at each target times its weight, or the sum or mean; the sum of weights",
    special_cases="0 for a target that is ignored; 0 / 0 for the mean of nothing else",
    decompose=_losses,
    tolerance=SumOfTerms(),
    gradients=("input",),
)
# Three roundings: of the share, of the product with g, and 2.5 ULP for the division.
class_losses_backward: Composite[ClassLossBackwardMeaning, ClassLossBackwardKernel] = Composite(
    name="class_losses_backward",
    definition="zeros, but for -g times its share of the weights at each target",
    decompose=_scores_cotangent,
    tolerance=Ulps(4, 2, 2),
    gradients=("g",),
)


def nll_loss(
    input: T,
    target: T,
    weight: T | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> T:
    """Return -input at each target's class, times the class's ``weight``, reduced.

    Targets of ``ignore_index`` count nothing; the mean divides by the sum of the weights used.
    Raises ValueError for shapes that don't match, RuntimeError for a target or weight of the
    wrong dtype or size, IndexError for a target that is no class.

    >>> import gnomon as torch
    >>> scores = torch.tensor([[-0.5, -1.0], [-2.0, -0.25]])
    >>> nll_loss(scores, torch.tensor([0, 1]))
    tensor(0.3750)
    """
    check_reduction(reduction)
    check_classes("nll_loss", input, target, weight)
    with no_grad():
        classes = to_dtype(target, int64)
        result, total = _losses_and_weight(input, classes, weight, ignore_index, reduction)
    record_composite(
        label_of(input),
        (input,),
        (result,),
        (input, classes, weight, total),
        partial(_nll_cotangent, ignore_index),
    )
    return result


def label_of(input: TensorCore) -> str:
    """Return what PyTorch calls the node of a loss of such scores."""
    return "NllLoss2DBackward0" if len(input.operand.layout.shape) > 2 else "NllLossBackward0"


def _losses_and_weight(
    input: T, target: T, weight: T | None, ignore_index: int, reduction: str
) -> tuple[T, T | None]:
    operand = input.operand
    kernel = class_losses.kernel_on(operand.storage.backend)
    if kernel is None or not are_alike(input, target, weight):
        result, total = class_losses.decompose(input, target, weight, ignore_index, reduction)
        return input.like(result.operand), None if total is None else input.like(total.operand)
    losses, sum_of_weights = loss_operands(input, target, reduction)
    weights = None if weight is None else weight.operand
    try:
        kernel(
            operand, target.operand, weights, ignore_index, reduction, losses, sum_of_weights
        )
    except IndexError:
        check_used_targets(input, target, ignore_index)
        raise
    return input.like(losses), None if sum_of_weights is None else input.like(sum_of_weights)


def loss_operands(
    input: TensorCore, target: TensorCore, reduction: str
) -> tuple[Operand, Operand | None]:
    """Return what a kernel writes losses to, and the sum of the weights, if it is asked for."""
    storage, _, dtype = input.operand
    shape = target.operand.layout.shape if reduction == "none" else ()
    losses = allocate(storage.backend, Layout.contiguous(shape), dtype)
    if reduction != "mean":
        return losses, None
    return losses, allocate(storage.backend, Layout.contiguous(()), dtype)


def are_alike(input: TensorCore, target: TensorCore, weight: TensorCore | None) -> bool:
    """Return whether a kernel can take these: of one device, and floats of one dtype."""
    storage, _, dtype = input.operand
    return (
        dtype.is_floating_point
        and target.operand.storage.backend is storage.backend
        and (
            weight is None
            or (
                weight.operand.dtype is dtype
                and weight.operand.storage.backend is storage.backend
            )
        )
    )


def _nll_cotangent(
    ignore_index: int,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    g = cotangents[0]
    input, target, weight, total = saved
    assert g is not None and input is not None and target is not None
    shape, dtype = input.operand.layout.shape, input.operand.dtype
    kernel = class_losses_backward.kernel_outside_graph(g)
    if kernel is None or not are_alike(g, target, weight):
        return (class_losses_backward.decompose(g, target, weight, total, ignore_index, shape),)
    output = allocate(g.operand.storage.backend, Layout.contiguous(shape), dtype)
    weights, sum_of_weights = (
        None if each is None else each.operand for each in (weight, total)
    )
    kernel(g.operand, target.operand, weights, sum_of_weights, ignore_index, output)
    return (input.like(output),)


def check_classes(
    operation: str, input: TensorCore, target: TensorCore, weight: TensorCore | None
) -> None:
    """Raise the error for scores, class numbers and weights that don't fit each other."""
    shape, given = input.operand.layout.shape, target.operand.layout.shape
    if not shape:
        raise ValueError(explain(operation, "expected 1 or more dimensions", input, target))
    if len(shape) > 1 and shape[0] != (given[0] if given else None):
        raise ValueError(
            explain(operation, "expected input batch size to match target's", input, target)
        )
    if target.operand.dtype not in (int64, uint8):
        raise RuntimeError(
            explain(operation, "expected target dtype to be int64 or uint8", input, target)
        )
    expected = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if given != expected:
        raise RuntimeError(
            explain(operation, f"expected target size {list(expected)}", input, target)
        )
    if weight is not None:
        check_weight(operation, weight, shape[1] if len(shape) > 1 else shape[0])


def check_weight(operation: str, weight: TensorCore, classes: int) -> None:
    """Raise RuntimeError unless there is a weight for each class."""
    if weight.operand.layout.shape != (classes,):
        raise RuntimeError(
            explain(
                operation, f"weight must have one element for each of {classes} classes", weight
            )
        )


def check_used_targets(input: TensorCore, target: TensorCore, ignore_index: int) -> None:
    """Raise IndexError for a target that is no class."""
    classes = where(ne(target, ignore_index), target, 0)
    _check_targets(classes, input.operand.layout.shape[axis_of_classes(input)])


def _check_targets(classes: TensorCore, count: int) -> None:
    for value in values_of(classes.operand):
        if not 0 <= value < count:
            raise IndexError(
                explain(
                    "nll_loss",
                    f"target {value} is out of bounds",
                    remedy=f"Classes are 0 to {count - 1}; ignore_index is left out",
                )
            )
