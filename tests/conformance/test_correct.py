"""How far from the exact value an element may be."""

from __future__ import annotations

import math

import pytest

from gnomon.backend import float32, float64
from gnomon.records import ProductOfTerms, SumOfTerms, Ulps
from gnomon_conformance.correct import Terms, of_fold, unit, verdict


def test_a_logarithm_of_a_sum_is_judged_in_the_units_of_the_sum() -> None:
    near_zero = of_fold(2.0**-20, Terms([0.0, -1.0]), Ulps(8, 8, 4), float32)
    assert near_zero.slack == 8 * unit(1.0, float32)
    larger = of_fold(10.0, Terms([0.0, -1.0]), Ulps(8, 8, 4), float32)
    assert larger.slack == 8 * unit(10.0, float32)
    assert of_fold(0.5, Terms([0.5]), Ulps(0, 0, 0), float32).slack == 0


def test_a_sum_of_squares_may_be_larger_than_its_terms() -> None:
    terms = Terms([1e10 + 0.5, -1e10])
    eps = math.ulp(1.0)
    small = of_fold(3.25, terms, SumOfTerms(), float64)
    assert small.slack == 2 * eps * terms.size + 0.5 * unit(3.25, float64)
    squares = of_fold(2e20, terms, SumOfTerms(), float64)
    assert squares.slack == 2 * eps * 2e20 + 0.5 * unit(2e20, float64)


@pytest.mark.parametrize(
    ("value", "terms", "tolerance", "certain"),
    [
        # 5e-324 * 0.1 is 0, which times infinity is NaN; in another order it is infinite.
        (math.nan, Terms([0.1, 5e-324, -math.inf], multiplied=True), ProductOfTerms(), False),
        (math.nan, Terms([5e-324, math.nan, 0.1], multiplied=True), ProductOfTerms(), True),
        (
            math.nan,
            Terms([0.1, 5e-324, 0.0, math.inf], multiplied=True),
            ProductOfTerms(),
            True,
        ),
        (math.nan, Terms([2.0, 0.0, math.inf], multiplied=True), ProductOfTerms(), True),
        (math.nan, Terms([1e308, 1e308, -math.inf]), SumOfTerms(), False),
        (math.nan, Terms([math.inf, -math.inf]), SumOfTerms(), True),
        (-math.inf, Terms([1.0, -math.inf]), SumOfTerms(), True),
    ],
)
def test_what_depends_on_the_order_is_left_open(
    value: float, terms: Terms, tolerance: ProductOfTerms | SumOfTerms, certain: bool
) -> None:
    assert of_fold(value, terms, tolerance, float64).anything is not certain


def test_terms_that_come_one_by_one_are_those_that_come_at_once() -> None:
    terms = [0.1, 5e-324, -math.inf, 0.0, math.nan, 3]
    for multiplied in (False, True):
        one_by_one = Terms(multiplied=multiplied)
        for term in terms:
            one_by_one.add(term)
        at_once = Terms(terms, multiplied=multiplied)
        assert one_by_one.special == at_once.special
        assert one_by_one.may_leave(float64) is at_once.may_leave(float64)


def test_a_mean_may_be_off_by_less_than_its_sum() -> None:
    row = [1.25] * 1000
    total = of_fold(1250.0 + 2.0**-9, Terms(row), SumOfTerms(), float32)
    mean = of_fold(1.25, Terms(row), SumOfTerms(), float32, divided=True)
    assert mean.slack < total.slack / 900


@pytest.mark.parametrize(
    ("terms", "either"),
    [([0.3, -0.3], True), ([3.0, -3.0], False), ([0.0, 0.0], False)],
)
def test_terms_that_cancel_leave_a_zero_of_either_sign(
    terms: list[float], either: bool
) -> None:
    expected = of_fold(0.0, Terms(terms), SumOfTerms(), float32)
    assert verdict(0.0, expected, float32).right
    assert verdict(-0.0, expected, float32).right is either
