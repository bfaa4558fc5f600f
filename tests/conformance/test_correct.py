"""How far from the exact value an element may be."""

from __future__ import annotations

import math

from gnomon.backend import float32, float64
from gnomon.records import SumOfTerms, Ulps
from gnomon_conformance.correct import Terms, of_fold, unit


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
