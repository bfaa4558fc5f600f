"""Connectionist temporal classification: the loss of a sequence of labels that scores of a
longer sequence may spell in many ways.

Source: A. Graves et al., "Connectionist Temporal Classification" (2006). The labels are spelled
with a blank before, between and after them; a path stays in place, goes one step, or skips a
blank between two labels that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf, nan
from operator import index
from typing import Generic, NamedTuple, SupportsIndex, TypeVar

from gnomon.composite.losses import check_reduction
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import filled, values_of
from gnomon.dtypes import bool_, float32, float64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.graph.nodes import recording
from gnomon.op.composite import record_composite
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import add, no_slope
from gnomon.op.index_arguments import index_operand
from gnomon.ops.arithmetic import div, mul, neg, sub
from gnomon.ops.comparison import eq, where
from gnomon.ops.exponentials import exp
from gnomon.ops.indexing import gather
from gnomon.ops.joining import cat, stack
from gnomon.ops.norms import LOGSUMEXP
from gnomon.ops.reduction import AMAX, mean, sum
from gnomon.ops.scattering import scatter_add
from gnomon.ops.slicing import narrow
from gnomon.ops.splitting import unbind
from gnomon.ops.views import expand, reshape, squeeze, unsqueeze

__all__: list[str] = []

T = TypeVar("T", bound=TensorCore)
T_co = TypeVar("T_co", bound=TensorCore, covariant=True)


class Spelling(NamedTuple, Generic[T_co]):
    """The labels of a batch with blanks between them, S = 2 * (most labels) + 1 of them."""

    #: (N, S), int64.
    labels: T_co
    #: (N, S): whether a path may come from two places before.
    skips: T_co
    #: (N, S): whether a path may end here.
    ends: T_co
    #: (T, N, 1): whether this is the last moment, and whether it comes after that.
    last: T_co
    after: T_co
    #: (N,): whether there is neither a moment nor a label, which is spelled for certain.
    empty: T_co


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
    lengths = _integers("input_lengths", input_lengths)
    sizes = _integers("target_lengths", target_lengths)
    scores = log_probs if batched else unsqueeze(log_probs, 1)
    _check(scores, targets, lengths, sizes, blank)
    rows = _targets(scores, targets, sizes)
    with no_grad():
        spelling = _spelled(scores, rows, lengths, blank)
        forward = _forward(scores, spelling)
        losses = neg(_total(forward, spelling))
    record_composite(
        "CtcLossBackward0",
        (scores,),
        (losses,),
        (scores, forward, losses),
        partial(_cotangent, spelling, zero_infinity),
    )
    if zero_infinity:
        losses = where(eq(losses, inf), 0.0, losses)
    if reduction == "mean":
        backend = losses.operand.storage.backend
        parts = index_operand(backend, [max(size, 1) for size in sizes], (len(sizes),))
        return mean(div(losses, to_dtype(losses.like(parts), losses.operand.dtype)))
    if reduction == "sum":
        return sum(losses)
    return losses if batched else squeeze(losses, 0)


def _forward(scores: T, spelling: Spelling[T]) -> T:
    """Return, (T, N, S), log of the probability of all paths that begin and come here."""
    emitted = _emitted(scores, spelling)
    moments = unbind(emitted)
    starts = min(2, moments[0].operand.layout.shape[1])
    state = cat([narrow(moments[0], 1, 0, starts), _nothing(moments[0], starts)], 1)
    states = [state]
    for moment in moments[1:]:
        one = _moved(state, 1)
        two = where(spelling.skips, _moved(state, 2), -inf)
        state = add(_log_sum([state, one, two]), moment)
        states.append(state)
    return stack(states)


def _backward(scores: T, spelling: Spelling[T]) -> T:
    """Return, (T, N, S), log of the probability of all paths that go on from here and end."""
    emitted = _emitted(scores, spelling)
    moments, last = unbind(emitted), unbind(spelling.last)
    state = _nothing(moments[0], 0)
    states = []
    for moment, ends in zip(reversed(moments), reversed(last), strict=True):
        one = _moved(state, -1)
        two = _moved(where(spelling.skips, state, -inf), -2)
        goes_on = _log_sum([state, one, two])
        state = add(where(ends, where(spelling.ends, 0.0, -inf), goes_on), moment)
        states.append(state)
    return stack(states[::-1])


def _log_sum(states: Sequence[T]) -> T:
    """Return the logarithm of a sum of probabilities; its slope is 0 where all are 0."""
    ways = stack(states)
    none = eq(AMAX(ways, 0, False), -inf)
    return where(none, -inf, LOGSUMEXP(where(none, 0.0, ways), 0, False))


def _emitted(scores: T, spelling: Spelling[T]) -> T:
    """Return, (T, N, S), the log-probability of each label of the spelling at each moment."""
    moments = scores.operand.layout.shape[0]
    labels = spelling.labels
    shape = (moments, *labels.operand.layout.shape)
    return gather(scores, 2, expand(unsqueeze(labels, 0), shape))


def _total(forward: T, spelling: Spelling[T]) -> T:
    """Return log of the probability of the paths that end when their sequence does."""
    ended = where(spelling.last, where(spelling.ends, forward, -inf), -inf)
    return where(spelling.empty, 0.0, LOGSUMEXP(ended, (0, 2), False))


def _moved(state: T, places: int) -> T:
    """Return the states of as many places before, or after; -inf from beyond the border."""
    size = state.operand.layout.shape[1]
    kept = max(size - abs(places), 0)
    nothing = narrow(_nothing(state, 0), 1, 0, size - kept)
    if places > 0:
        return cat([nothing, narrow(state, 1, 0, kept)], 1)
    return cat([narrow(state, 1, size - kept, kept), nothing], 1)


def _nothing(state: T, without: int) -> T:
    """Return states of probability 0, so many fewer than there are places."""
    batch, size = state.operand.layout.shape
    backend, dtype = state.operand.storage.backend, state.operand.dtype
    return state.like(filled(backend, (batch, size - without), dtype, -inf))


def _cotangent(
    spelling: Spelling[TensorCore],
    zero_infinity: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    """Return what the label's probability is, less how probable a path through it is."""
    (cotangent,) = cotangents
    scores, forward, losses = saved
    assert cotangent is not None
    assert scores is not None and forward is not None and losses is not None
    if recording(scores):
        forward = _forward(scores, spelling)
        losses = neg(_total(forward, spelling))
    whole = add(forward, _backward(scores, spelling))
    emitted = _emitted(scores, spelling)
    # Both ways count the emission here; where it has no probability, no path comes through.
    through = exp(add(sub(whole, where(eq(emitted, -inf), 0.0, emitted)), _each(losses)))
    labels = expand(unsqueeze(spelling.labels, 0), through.operand.layout.shape)
    paths = scatter_add(no_slope(scores), 2, labels, through)
    slopes = mul(sub(exp(scores), paths), _each(cotangent))
    slopes = where(eq(_each(losses), inf), 0.0 if zero_infinity else nan, slopes)
    return (where(spelling.after, 0.0, slopes),)


def _each(losses: TensorCore) -> TensorCore:
    """Return one number for each sequence, (1, N, 1)."""
    return reshape(losses, (1, -1, 1))


def _integers(name: str, given: TensorCore | Sequence[SupportsIndex]) -> list[int]:
    if not isinstance(given, TensorCore):
        return [index(value) for value in given]
    if given.operand.dtype.is_floating_point:
        raise RuntimeError(explain("ctc_loss", f"{name} must be integral", given))
    return [int(value) for value in values_of(given.operand)]


def _targets(scores: T, targets: T, sizes: list[int]) -> list[list[int]]:
    """Return the labels of each sequence; RuntimeError for what is no label."""
    labels = _integers("targets", targets)
    if targets.operand.layout.ndim == 1:
        starts = [0]
        for size in sizes:
            starts.append(starts[-1] + size)
        rows = [
            labels[start : start + size] for start, size in zip(starts, sizes, strict=False)
        ]
    else:
        width = targets.operand.layout.shape[1]
        rows = [
            labels[place * width : place * width + size] for place, size in enumerate(sizes)
        ]
    classes = scores.operand.layout.shape[2]
    for row in rows:
        for label in row:
            if not 0 <= label < classes:
                rule = f"label {label} is out of range of {classes} classes"
                raise RuntimeError(explain("ctc_loss", rule, scores, targets))
    return rows


def _spelled(scores: T, rows: list[list[int]], lengths: list[int], blank: int) -> Spelling[T]:
    """Return the spelling of ``rows``, those that are shorter followed by blanks."""
    backend = scores.operand.storage.backend
    moments = scores.operand.layout.shape[0]
    size = 2 * max(map(len, rows), default=0) + 1
    spelled: list[int] = []
    skips: list[bool] = []
    ends: list[bool] = []
    for row in rows:
        labels = [blank] * size
        labels[1 : 2 * len(row) : 2] = row
        spelled += labels
        skips += [
            place % 2 == 1 and place > 2 and labels[place] != labels[place - 2]
            for place in range(size)
        ]
        ends += [2 * len(row) - 1 <= place <= 2 * len(row) for place in range(size)]
    shape, times = (len(rows), size), (moments, len(rows), 1)
    last = [moment == length - 1 for moment in range(moments) for length in lengths]
    after = [moment >= length for moment in range(moments) for length in lengths]
    empty = [not row and not length for row, length in zip(rows, lengths, strict=True)]

    def flags(values: list[bool], shape: tuple[int, ...]) -> T:
        return scores.like(index_operand(backend, values, shape, bool_))

    return Spelling(
        scores.like(index_operand(backend, spelled, shape)),
        flags(skips, shape),
        flags(ends, shape),
        flags(last, times),
        flags(after, times),
        flags(empty, (len(rows),)),
    )


def _check(
    scores: TensorCore, targets: TensorCore, lengths: list[int], sizes: list[int], blank: int
) -> None:
    rule = ""
    if scores.operand.layout.ndim != 3:
        rule = "expected log_probs of 2 or 3 dims"
    elif targets.operand.layout.ndim not in (1, 2):
        rule = "expected targets of 1 or 2 dims"
    elif not scores.operand.layout.numel:
        rule = "log_probs tensor must not be empty"
    elif scores.operand.dtype not in (float32, float64):
        raise NotImplementedError(explain("ctc_loss", "defined on float32 and float64", scores))
    else:
        moments, batch, classes = scores.operand.layout.shape
        width = targets.operand.layout.shape[-1]
        if not 0 <= blank < classes:
            rule = f"blank must be in label range, 0 to {classes - 1}, got {blank}"
        elif len(lengths) != batch or len(sizes) != batch:
            rule = f"input_lengths and target_lengths must be of size {batch}, the batch's"
        elif any(not 0 <= length <= moments for length in lengths):
            rule = f"Expected input_lengths to have value at most {moments} and none below 0"
        elif any(size < 0 for size in sizes):
            rule = "Expected target_lengths to have no value below 0"
        elif targets.operand.layout.ndim == 1 and width != _total_of(sizes):
            rule = f"Expected {_total_of(sizes)} targets in all, as target_lengths say"
        elif targets.operand.layout.ndim == 2 and (
            targets.operand.layout.shape[0] != batch or width < max(sizes, default=0)
        ):
            rule = f"Expected targets to have size at least {max(sizes, default=0)} and a batch"
    if rule:
        remedy = "Give log_probs (T, N, C), targets (N, S) and N lengths of each"
        raise RuntimeError(explain("ctc_loss", rule, scores, targets, remedy=remedy))


def _total_of(sizes: list[int]) -> int:
    total = 0
    for size in sizes:
        total += size
    return total
