"""Connectionist temporal classification: the loss of a sequence of labels that scores of a
longer sequence may spell in many ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf
from operator import index
from typing import SupportsIndex, TypeVar

from gnomon.composite.label_paths import ctc_losses_backward_of, ctc_losses_of, rows_of
from gnomon.composite.losses import check_reduction
from gnomon.core import Cotangents, TensorCore
from gnomon.devices import CPU
from gnomon.dispatch import allocate, contiguous, values_of
from gnomon.dtypes import float32, float64, int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.composite import record_composite
from gnomon.op.copying import to_backend, to_dtype
from gnomon.op.index_arguments import table_operand
from gnomon.ops.arithmetic import div
from gnomon.ops.comparison import eq, where
from gnomon.ops.reduction import mean, sum
from gnomon.ops.selection import clamp_below
from gnomon.ops.views import reshape, squeeze, unsqueeze

__all__: list[str] = []

T = TypeVar("T", bound=TensorCore)


def ctc_loss(
    log_probs: T,
    targets: T,
    input_lengths: T | Sequence[SupportsIndex],
    target_lengths: T | Sequence[SupportsIndex],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> T:
    """Return -log of the probability that ``log_probs`` spell ``targets``, reduced.

    Log-probabilities (T, N, C), or (T, C), are those of C labels at each moment, ``blank`` one
    of them; targets (N, S), or one after the other (sum of lengths,). The mean divides each
    loss by the length of its target first. Targets that are too long have the loss inf, or 0
    with ``zero_infinity``. As PyTorch's, the gradient is that of scores whose log_softmax
    ``log_probs`` are. Raises RuntimeError for shapes, lengths and labels that do not fit.

    >>> import gnomon as torch
    >>> even = torch.full((2, 1, 2), 0.5).log()
    >>> ctc_loss(even, torch.tensor([[1]]), [2], [1]).exp()
    tensor(1.3333)
    """
    check_reduction(reduction)
    batched = log_probs.operand.layout.ndim == 3
    for name, each in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
        _check_integral(name, each)
    scores = log_probs if batched else unsqueeze(log_probs, 1)
    _check(scores, targets, input_lengths, target_lengths, blank)
    with no_grad():
        backend = scores.operand.storage.backend
        given = (
            to_dtype(to_backend(targets, backend), int64),
            _lengths(scores, input_lengths),
            _lengths(scores, target_lengths),
        )
        labels = _most_labels(scores, targets, target_lengths)
        losses, forward = _losses(scores, given, blank, labels)
    record_composite(
        "CtcLossBackward0",
        (scores,),
        (losses,),
        (scores, *given, losses, forward),
        partial(_cotangent, blank, zero_infinity),
    )
    if zero_infinity:
        losses = where(eq(losses, inf), 0.0, losses)
    if reduction == "mean":
        parts = clamp_below(given[2], 1)
        return mean(div(losses, to_dtype(parts, losses.operand.dtype)))
    if reduction == "sum":
        return sum(losses)
    return losses if batched else squeeze(losses, 0)


def _losses(scores: T, given: tuple[T, T, T], blank: int, labels: int) -> tuple[T, T]:
    """Return the loss of each sequence, and what the gradient takes besides."""
    targets, lengths, sizes = given
    backend, dtype = scores.operand.storage.backend, scores.operand.dtype
    kernel = ctc_losses_of.kernel_on(backend)
    if kernel is None:
        _check_values(scores, *given)
        losses, forward = (
            each.operand for each in ctc_losses_of.decompose(scores, *given, blank, labels)
        )
        return scores.like(losses), scores.like(forward)
    moments, batch, _ = scores.operand.layout.shape
    losses = allocate(backend, Layout.contiguous((batch,)), dtype)
    forward = allocate(backend, Layout.contiguous((moments, batch, 2 * labels + 1)), dtype)
    operands = scores.operand, targets.operand, lengths.operand, sizes.operand
    try:
        kernel(*operands, blank, labels, losses, forward)
    except RuntimeError:
        _check_values(scores, *given)
        raise
    return scores.like(losses), scores.like(forward)


def _cotangent(
    blank: int,
    zero_infinity: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    """Return what the label's probability is, less how probable a path through it is."""
    (g,) = cotangents
    scores, targets, lengths, sizes, losses, forward = saved
    assert g is not None and scores is not None
    assert targets is not None and lengths is not None and sizes is not None
    assert losses is not None and forward is not None
    given = scores, targets, lengths, sizes, losses, forward
    kernel = ctc_losses_backward_of.kernel_outside_graph(g, scores)
    if kernel is None:
        return (ctc_losses_backward_of.decompose(g, *given, blank, zero_infinity),)
    storage, layout, dtype = scores.operand
    output = allocate(storage.backend, Layout.contiguous(layout.shape), dtype)
    kernel(
        g.operand,
        scores.operand,
        targets.operand,
        lengths.operand,
        sizes.operand,
        losses.operand,
        forward.operand,
        blank,
        zero_infinity,
        output,
    )
    return (scores.like(output),)


def _check_integral(name: str, given: TensorCore | Sequence[SupportsIndex]) -> None:
    if isinstance(given, TensorCore) and given.operand.dtype.is_floating_point:
        raise RuntimeError(explain("ctc_loss", f"{name} must be integral", given))


def _lengths(scores: T, given: T | Sequence[SupportsIndex]) -> T:
    """Return lengths as int64 on the device of the scores."""
    backend = scores.operand.storage.backend
    if isinstance(given, TensorCore):
        moved = to_dtype(to_backend(given, backend), int64)
        return reshape(moved.like(contiguous(moved.operand)), (-1,))
    lengths = tuple([index(value) for value in given])
    return scores.like(table_operand(backend, lengths, (len(lengths),)))


def _most_labels(
    scores: TensorCore, targets: TensorCore, sizes: TensorCore | Sequence[SupportsIndex]
) -> int:
    """Return how many labels a target has at most, or how many moments spell at most: by what
    the host knows, for reading from a device takes long.
    """
    most = min(targets.operand.layout.shape[-1], scores.operand.layout.shape[0])
    if isinstance(sizes, TensorCore) and sizes.operand.storage.backend.device != CPU:
        return most
    return min(most, max([0, *_integers(sizes)]))


def _integers(given: TensorCore | Sequence[SupportsIndex]) -> list[int]:
    if not isinstance(given, TensorCore):
        return [index(value) for value in given]
    return [int(value) for value in values_of(given.operand)]


def _check(
    scores: TensorCore,
    targets: TensorCore,
    lengths: TensorCore | Sequence[SupportsIndex],
    sizes: TensorCore | Sequence[SupportsIndex],
    blank: int,
) -> None:
    """Raise the error for shapes and dtypes that do not fit."""
    shape, given = scores.operand.layout.shape, targets.operand.layout.shape
    rule = ""
    if len(shape) != 3:
        rule = "expected log_probs of 2 or 3 dims"
    elif len(given) not in (1, 2):
        rule = "expected targets of 1 or 2 dims"
    elif not scores.operand.layout.numel:
        rule = "log_probs tensor must not be empty"
    elif scores.operand.dtype not in (float32, float64):
        raise NotImplementedError(explain("ctc_loss", "defined on float32 and float64", scores))
    elif not 0 <= blank < shape[2]:
        rule = f"blank must be in label range, 0 to {shape[2] - 1}, got {blank}"
    elif _count(lengths) != shape[1] or _count(sizes) != shape[1]:
        rule = f"input_lengths and target_lengths must be of size {shape[1]}, the batch's"
    elif len(given) == 2 and given[0] != shape[1]:
        most = max(_integers(sizes), default=0)
        rule = f"Expected targets to have size at least {most} and a batch"
    if rule:
        raise _misfit(scores, targets, rule)
    _check_integral("targets", targets)


def _count(lengths: TensorCore | Sequence[SupportsIndex]) -> int:
    if isinstance(lengths, TensorCore):
        return lengths.operand.layout.numel
    return len(lengths)


def _check_values(
    scores: TensorCore, targets: TensorCore, input_lengths: TensorCore, sizes: TensorCore
) -> None:
    """Raise RuntimeError for lengths and labels that do not fit."""
    moments, _, classes = scores.operand.layout.shape
    shape = targets.operand.layout.shape
    lengths, counts = _integers(input_lengths), _integers(sizes)
    total, most = 0, max(counts, default=0)
    for count in counts:
        total += count
    rule = ""
    if any(not 0 <= length <= moments for length in lengths):
        rule = f"Expected input_lengths to have value at most {moments} and none below 0"
    elif any(count < 0 for count in counts):
        rule = "Expected target_lengths to have no value below 0"
    elif len(shape) == 1 and shape[0] != total:
        rule = f"Expected {total} targets in all, as target_lengths say"
    elif len(shape) == 2 and shape[1] < most:
        rule = f"Expected targets to have size at least {most} and a batch"
    if rule:
        raise _misfit(scores, targets, rule)
    for row in rows_of(_integers(targets), shape, counts):
        for label in row:
            if not 0 <= label < classes:
                rule = f"label {label} is out of range of {classes} classes"
                raise RuntimeError(explain("ctc_loss", rule, scores, targets))


def _misfit(scores: TensorCore, targets: TensorCore, rule: str) -> RuntimeError:
    remedy = "Give log_probs (T, N, C), targets (N, S) and N lengths of each"
    return RuntimeError(explain("ctc_loss", rule, scores, targets, remedy=remedy))
