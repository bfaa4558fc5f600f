"""How far a function of tensors may be off."""

from __future__ import annotations

from random import Random

from gnomon import Tensor
from gnomon.backend import float32
from gnomon_conformance.functions import Input, right_results


def _what_is_left(tensors: list[Tensor]) -> list[Tensor]:
    """Return sums of what lies around its mean, which are nothing but what was rounded."""
    (x,) = tensors
    return [(x - x.mean(1, keepdim=True)).sum(1)]


def test_what_cancels_may_be_off_by_what_the_oracle_loses_anywhere() -> None:
    inputs, chooser = [Input((40, 7))], Random(0)
    values = [each.draw(chooser, float32) for each in inputs]
    (right,) = right_results(_what_is_left, inputs, values, float32, chooser)
    assert all(abs(value) < 1e-12 for value in right.elements)
    assert max(right.slack) < 1.01 * min(right.slack)
