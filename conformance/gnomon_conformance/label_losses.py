"""The part of the catalogue that is about losses of labels in sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import gnomon as torch
from gnomon import Tensor
from gnomon.nn import functional as F
from gnomon_conformance.cases import Level
from gnomon_conformance.entries import Call, Entry, entry
from gnomon_conformance.functions import Input, indices

#: Scores of four labels in six moments, of three sequences; two targets, one after the other,
#: and rows of four labels.
_SCORES: Final = Input((6, 3, 4))
_LINE: Final = indices((5,), 3)
_ROWS: Final = indices((3, 4), 3)


def _entry(name: str, call: Call, *inputs: Input, differentiable: bool = True) -> Entry:
    return entry(
        Level.COMPOSITE, name, call, *inputs, differentiable=differentiable, narrow=False
    )


def _losses(
    x: list[Tensor],
    lengths: Sequence[int],
    sizes: Sequence[int],
    *,
    blank: int = 3,
    reduction: str = "none",
    zero_infinity: bool = False,
) -> Tensor:
    logarithms = x[0].log_softmax(-1)
    return F.ctc_loss(logarithms, x[1], lengths, sizes, blank, reduction, zero_infinity)


def _on_device(x: list[Tensor]) -> Tensor:
    """Take lengths that are on the device, as targets are."""
    device = x[0].device
    lengths = torch.tensor([6, 4, 5], device=device)
    sizes = torch.tensor([2, 1, 2], device=device)
    return F.ctc_loss(x[0].log_softmax(2), x[1], lengths, sizes, blank=3)


def _of_labels_in_a_row(x: list[Tensor]) -> Tensor:
    """Spell one label after itself, which takes a blank between them."""
    return _losses([x[0], torch.zeros_like(x[1])], (6, 5, 4), (2, 3, 1), reduction="sum")


LABEL_LOSSES: Final = (
    _entry(
        "ctc-loss",
        lambda x: _losses(x, (6, 4, 5), (2, 1, 2)) * x[2],
        _SCORES,
        _LINE,
        Input((3,)),
    ),
    _entry(
        "ctc-loss-of-rows",
        lambda x: _losses(x, (6, 6, 5), (1, 3, 0), reduction="mean"),
        _SCORES,
        _ROWS,
    ),
    _entry("ctc-loss-of-lengths-there", _on_device, _SCORES, _LINE),
    _entry("ctc-loss-in-a-row", _of_labels_in_a_row, _SCORES, _ROWS),
    _entry(
        "ctc-loss-of-one",
        lambda x: _losses(x, (9,), (5,), reduction="sum"),
        Input((9, 4)),
        _LINE,
    ),
    _entry(
        "ctc-loss-without-infinity",
        lambda x: _losses(x, (6, 1, 0), (2, 3, 1), reduction="sum", zero_infinity=True),
        _SCORES,
        _ROWS,
    ),
    _entry(
        "ctc-loss-infinite",
        lambda x: _losses(x, (2, 0, 0), (3, 2, 0)),
        _SCORES,
        _LINE,
        differentiable=False,
    ),
)
