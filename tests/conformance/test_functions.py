"""How far a function of tensors may be off."""

from __future__ import annotations

import math
from random import Random

import pytest

import gnomon
from gnomon import Tensor
from gnomon.backend import DType, float16, float32, int64
from gnomon_conformance.correct import epsilon
from gnomon_conformance.functions import (
    BEFORE,
    Input,
    Right,
    amid,
    compare,
    elements_of,
    right_results,
    strided,
)
from gnomon_conformance.judging import Wrong


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


def test_an_element_that_is_exact_by_chance_may_be_off_by_what_is_usual() -> None:
    values = [[0.0, *[1.0] * 7]]
    (right,) = right_results(lambda x: [x[0] / 3], [Input((8,))], values, float32, Random(0))
    # Of the quotient of 0 nothing is lost, however it moves; to the others it is as to 1.
    assert right.slack[0] > 1.1 * 4 * epsilon(float32)


@pytest.mark.parametrize(
    ("mine", "value", "is_right"),
    [
        (math.inf, 70000.0, True),  # which halves don't hold
        (-math.inf, -70000.0, True),
        (-math.inf, 70000.0, False),
        (65504.0, 70000.0, False),
        (math.inf, 60000.0, False),
        (math.inf, 65510.0, True),  # with what is allowed it is too large
    ],
)
def test_what_a_dtype_does_not_hold_is_infinite(
    mine: float, value: float, is_right: bool
) -> None:
    got = gnomon.tensor([mine], dtype=float16)
    right = Right((1,), (1,), float16, [value], [16.0])
    if is_right:
        compare([got], [right])
    else:
        with pytest.raises(Wrong):
            compare([got], [right])


@pytest.mark.parametrize("dtype", [float32, int64])
@pytest.mark.parametrize("before", BEFORE)
def test_what_lies_amid_others_is_equal_and_no_more(dtype: DType, before: int) -> None:
    plain = gnomon.arange(6).reshape(2, 3).to(dtype)
    for tensor in (amid(plain, before), strided(plain)):
        assert elements_of(tensor) == elements_of(plain)
        storage = elements_of(tensor.as_strided((12,), (1,), 0))
        assert any(each not in elements_of(plain) for each in storage)
    assert amid(plain, before).is_contiguous()
    assert amid(plain, before).storage_offset() == before
