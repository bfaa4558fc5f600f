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


def _with_what_is_lost(tensors: list[Tensor]) -> list[Tensor]:
    """Return numbers, and a thousand times what adding 1 rounds off them."""
    (x,) = tensors
    return [x + 1000 * (((x + 1) - 1) - x)]


def test_what_is_too_far_off_by_few_samples_is_judged_by_many() -> None:
    # Of a half nothing is lost, by chance; of what is next to it, as much as of any other.
    (right,) = right_results(_with_what_is_lost, [Input((1,))], [[0.5]], float32, Random(0))
    loss = 1000 * epsilon(float32) / 2
    (few,) = right.slack
    assert few < loss
    compare([gnomon.tensor([0.5 + loss / 16])], [right])
    compare([gnomon.tensor([0.5 + loss])], [right])
    with pytest.raises(Wrong, match="within"):
        compare([gnomon.tensor([0.5 + 16 * loss])], [right])


def test_many_samples_never_allow_less_than_few() -> None:
    inputs, chooser = [Input((9,))], Random(3)
    values = [each.draw(chooser, float32) for each in inputs]
    (right,) = right_results(lambda x: [x[0].sin()], inputs, values, float32, chooser)
    assert right.measured_more is not None
    many = right.measured_more()
    assert all(few <= more for few, more in zip(right.slack, many, strict=True))
    assert many == right.measured_more()


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
