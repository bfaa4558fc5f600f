"""Faults of losses of labels in sequences, put round their meaning: lengths, steps, ends."""

from __future__ import annotations

from math import inf

from gnomon.backend import Operand
from gnomon.fusible import ctc_losses, ctc_losses_backward
from gnomon_conformance.audit.faulty import put, values_of
from gnomon_conformance.audit.register import decomposed, kernel_fault


def _to_the_last_moment(
    scores: Operand,
    targets: Operand,
    lengths: Operand,
    sizes: Operand,
    blank: int,
    labels: int,
    losses: Operand,
    forward: Operand,
) -> None:
    """Take every sequence for as long as there are moments."""
    put(lengths, [scores.layout.shape[0]] * lengths.layout.numel)
    given = [scores, targets, lengths, sizes]
    decomposed(ctc_losses, given, (blank, labels), [losses, forward])


def _first_blank(
    scores: Operand,
    targets: Operand,
    lengths: Operand,
    sizes: Operand,
    blank: int,
    labels: int,
    losses: Operand,
    forward: Operand,
) -> None:
    """Take the first label for the blank."""
    given = [scores, targets, lengths, sizes]
    decomposed(ctc_losses, given, (0, labels), [losses, forward])


def _large_for_infinite(
    scores: Operand,
    targets: Operand,
    lengths: Operand,
    sizes: Operand,
    blank: int,
    labels: int,
    losses: Operand,
    forward: Operand,
) -> None:
    """Give a large number for what no path spells."""
    given = [scores, targets, lengths, sizes]
    decomposed(ctc_losses, given, (blank, labels), [losses, forward])
    put(losses, [1e30 if value == inf else value for value in values_of(losses)])


kernel_fault(
    "sequences as long as the longest", "function/ctc-loss", ctc_losses, _to_the_last_moment
)
kernel_fault("blank always 0", "function/ctc-loss", ctc_losses, _first_blank)
kernel_fault(
    "finite loss of what no path spells",
    "function/ctc-loss-infinite",
    ctc_losses,
    _large_for_infinite,
)


def _as_if_one(
    g: Operand,
    scores: Operand,
    targets: Operand,
    lengths: Operand,
    sizes: Operand,
    losses: Operand,
    forward: Operand,
    blank: int,
    zero_infinity: bool,
    output: Operand,
) -> None:
    """Take the first cotangent for all."""
    first = g.under(g.layout._replace(strides=(0,)))
    given = [first, scores, targets, lengths, sizes, losses, forward]
    decomposed(ctc_losses_backward, given, (blank, zero_infinity), [output])


def _infinite_slopes(
    g: Operand,
    scores: Operand,
    targets: Operand,
    lengths: Operand,
    sizes: Operand,
    losses: Operand,
    forward: Operand,
    blank: int,
    zero_infinity: bool,
    output: Operand,
) -> None:
    """Forget that infinite losses are to count nothing."""
    given = [g, scores, targets, lengths, sizes, losses, forward]
    decomposed(ctc_losses_backward, given, (blank, False), [output])


kernel_fault(
    "one cotangent for all sequences", "gradient/of-ctc-loss", ctc_losses_backward, _as_if_one
)
kernel_fault(
    "slopes of infinite losses that count nothing",
    "gradient/of-ctc-loss-without-infinity",
    ctc_losses_backward,
    _infinite_slopes,
)
