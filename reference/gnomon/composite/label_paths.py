"""Paths that spell labels in the moments of a longer sequence: their probabilities, which the
loss of connectionist temporal classification is made of, and its slopes.

Source: A. Graves et al., "Connectionist Temporal Classification" (2006). The labels are spelled
with a blank before, between and after them; a path stays in place, goes one step, or skips a
blank between two labels that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, nan
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dispatch import filled, values_of
from gnomon.dtypes import bool_
from gnomon.graph.nodes import recording
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite
from gnomon.op.foundation import add, no_slope
from gnomon.op.index_arguments import index_operand
from gnomon.ops.arithmetic import mul, neg, sub
from gnomon.ops.comparison import eq, where
from gnomon.ops.exponentials import exp
from gnomon.ops.indexing import gather
from gnomon.ops.joining import cat, stack
from gnomon.ops.norms import LOGSUMEXP
from gnomon.ops.reduction import AMAX
from gnomon.ops.scattering import scatter_add
from gnomon.ops.slicing import narrow
from gnomon.ops.splitting import unbind
from gnomon.ops.views import expand, reshape, unsqueeze

T = TypeVar("T", bound=TensorCore)
T_co = TypeVar("T_co", bound=TensorCore, covariant=True)
_Pair: TypeAlias = tuple[TensorCore, TensorCore]

# Log-probabilities are (T, N, C), of float32 or float64; targets (N, P), or one after the
# other, int64 as the lengths are, which are (N,) and contiguous.
#: ``(log_probs, targets, input_lengths, target_lengths, blank, labels, losses, forward)``: the
#: results are contiguous. RuntimeError for lengths and labels that do not fit.
CtcLossKernel: TypeAlias = Callable[
    [Operand, Operand, Operand, Operand, int, int, Operand, Operand], None
]
CtcLossMeaning: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, TensorCore, int, int], _Pair
]
#: ``(g, log_probs, targets, input_lengths, target_lengths, losses, forward, blank,
#: zero_infinity, output)``: the output is contiguous.
CtcLossBackwardKernel: TypeAlias = Callable[
    [
        Operand,
        Operand,
        Operand,
        Operand,
        Operand,
        Operand,
        Operand,
        int,
        bool,
        Operand,
    ],
    None,
]
CtcLossBackwardMeaning: TypeAlias = Callable[
    [
        TensorCore,
        TensorCore,
        TensorCore,
        TensorCore,
        TensorCore,
        TensorCore,
        TensorCore,
        int,
        bool,
    ],
    TensorCore,
]


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
    #: (T, N, S): whether there is such a moment and such a place in the sequence.
    within: T_co
    #: (N,): whether there is neither a moment nor a label, which is spelled for certain.
    empty: T_co


def _losses(
    log_probs: TensorCore,
    targets: TensorCore,
    input_lengths: TensorCore,
    target_lengths: TensorCore,
    blank: int,
    labels: int,
) -> _Pair:
    spelling = _spelled(log_probs, targets, input_lengths, target_lengths, blank, labels)
    forward = _forward(log_probs, spelling)
    return neg(_total(forward, spelling)), forward


def _slopes(
    g: TensorCore,
    log_probs: TensorCore,
    targets: TensorCore,
    input_lengths: TensorCore,
    target_lengths: TensorCore,
    losses: TensorCore,
    forward: TensorCore,
    blank: int,
    zero_infinity: bool,
) -> TensorCore:
    labels = (forward.operand.layout.shape[2] - 1) // 2
    spelling = _spelled(log_probs, targets, input_lengths, target_lengths, blank, labels)
    if recording(log_probs):
        forward = _forward(log_probs, spelling)
        losses = neg(_total(forward, spelling))
    whole = add(forward, _backward(log_probs, spelling))
    emitted = _emitted(log_probs, spelling)
    infinite = eq(_each(losses), inf)
    # Both ways count the emission here; where it has no probability, no path comes through.
    shares = sub(whole, where(eq(emitted, -inf), 0.0, emitted))
    through = exp(add(shares, where(infinite, 0.0, _each(losses))))
    spelled = expand(unsqueeze(spelling.labels, 0), through.operand.layout.shape)
    paths = scatter_add(no_slope(log_probs), 2, spelled, through)
    slopes = mul(sub(exp(log_probs), paths), _each(g))
    slopes = where(infinite, 0.0 if zero_infinity else nan, slopes)
    return where(spelling.after, 0.0, slopes)


# Logarithms of sums of products, and probabilities, of which the paths' are taken off.
ctc_losses_of: Composite[CtcLossMeaning, CtcLossKernel] = Composite(
    name="ctc_losses",
    definition=(
        "-log of the probability that each sequence spells its targets, and log of that of all "
        "paths that begin and come to each place at each moment"
    ),
    special_cases="inf and -inf for what no path does; -inf for what lies behind a sequence",
    decompose=_losses,
    tolerance=SumOfTerms(),
    gradients=("log_probs",),
)
ctc_losses_backward_of: Composite[CtcLossBackwardMeaning, CtcLossBackwardKernel] = Composite(
    name="ctc_losses_backward",
    definition="exp(log_probs), less how probable a path through each label is, times g",
    special_cases="0 behind a sequence; NaN for an infinite loss, 0 with zero_infinity",
    decompose=_slopes,
    tolerance=SumOfTerms(),
    gradients=("g", "log_probs"),
)


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
    """Return, (T, N, S), the log-probability of each label of the spelling at each moment; that
    of what lies behind a sequence is -inf.
    """
    moments = scores.operand.layout.shape[0]
    labels = spelling.labels
    shape = (moments, *labels.operand.layout.shape)
    found = gather(scores, 2, expand(unsqueeze(labels, 0), shape))
    return where(spelling.within, found, -inf)


def _total(forward: T, spelling: Spelling[T]) -> T:
    """Return log of the probability of the paths that end when their sequence does; its slope
    is 0 where there are none.
    """
    ended = where(spelling.last, where(spelling.ends, forward, -inf), -inf)
    none = eq(AMAX(ended, (0, 2), True), -inf)
    total = LOGSUMEXP(where(none, 0.0, ended), (0, 2), False)
    return where(spelling.empty, 0.0, where(reshape(none, (-1,)), -inf, total))


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


def _each(losses: TensorCore) -> TensorCore:
    """Return one number for each sequence, (1, N, 1)."""
    return reshape(losses, (1, -1, 1))


def rows_of(
    targets: Sequence[int], shape: Sequence[int], sizes: Sequence[int]
) -> list[list[int]]:
    """Return the labels of each sequence, of targets of ``shape``."""
    rows, start = [], 0
    for size in sizes:
        rows.append([*targets[start : start + size]])
        start += size if len(shape) == 1 else shape[1]
    return rows


def _spelled(
    scores: T,
    targets: TensorCore,
    input_lengths: TensorCore,
    target_lengths: TensorCore,
    blank: int,
    most: int,
) -> Spelling[T]:
    """Return the spelling of ``most`` labels of each target, those that are shorter followed by
    blanks.
    """
    backend = scores.operand.storage.backend
    moments = scores.operand.layout.shape[0]
    lengths, sizes, values = (
        [int(value) for value in values_of(each.operand)]
        for each in (input_lengths, target_lengths, targets)
    )
    rows = rows_of(values, targets.operand.layout.shape, sizes)
    size = 2 * most + 1
    spelled: list[int] = []
    skips: list[bool] = []
    ends: list[bool] = []
    for row in rows:
        labels = [blank] * size
        labels[1 : 2 * len(row) : 2] = row[:most]
        spelled += labels
        skips += [
            place % 2 == 1 and place > 2 and labels[place] != labels[place - 2]
            for place in range(size)
        ]
        ends += [2 * len(row) - 1 <= place <= 2 * len(row) for place in range(size)]
    shape, times = (len(rows), size), (moments, len(rows), 1)
    last = [moment == length - 1 for moment in range(moments) for length in lengths]
    after = [moment >= length for moment in range(moments) for length in lengths]
    within = [
        moment < length and place <= 2 * len(row)
        for moment in range(moments)
        for length, row in zip(lengths, rows, strict=True)
        for place in range(size)
    ]
    empty = [not row and not length for row, length in zip(rows, lengths, strict=True)]

    def flags(values: list[bool], shape: tuple[int, ...]) -> T:
        return scores.like(index_operand(backend, values, shape, bool_))

    return Spelling(
        scores.like(index_operand(backend, spelled, shape)),
        flags(skips, shape),
        flags(ends, shape),
        flags(last, times),
        flags(after, times),
        flags(within, (moments, *shape)),
        flags(empty, (len(rows),)),
    )
