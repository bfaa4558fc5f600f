"""Rounding, fused multiply-add and the float32 functions that the draws stand on."""

from __future__ import annotations

import math
from array import array
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gnomon.dtypes import bfloat16, float16, float32, float64
from gnomon.generator import cephes
from gnomon.generator.rounding import multiply_add, round_floats, round_integers

doubles = st.floats(-1e6, 1e6, allow_subnormal=False)
singles = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)


def nearest_single(exact: Fraction) -> float:
    """Round once, by comparing the neighbours of a first guess."""
    guess = array("f", (float(exact),))[0]
    step = max(math.ulp(guess) * 2.0**29, 2.0**-149)
    candidates = [array("f", (guess + k * step / 2,))[0] for k in (-2, -1, 0, 1, 2)]
    return min(candidates, key=lambda c: (abs(Fraction(c) - exact), c / step % 2))


@given(value=doubles, scale=doubles, shift=doubles)
@example(value=0.1, scale=10.0, shift=-1.0)
@example(value=0.3, scale=2.0**-600, shift=2.0**-601)
@example(value=-7.0, scale=2.0**900, shift=1.0)
def test_multiply_add_rounds_once_to_float64(value: float, scale: float, shift: float) -> None:
    (result,) = multiply_add([value], scale, shift, float64)
    assert result == float(Fraction(value) * Fraction(scale) + Fraction(shift))


@given(value=singles, scale=singles, shift=singles)
@example(value=1.0 + 2.0**-23, scale=1.0 + 2.0**-23, shift=2.0**-24 + 2.0**-40)
@example(value=2.0**-30, scale=2.0**-31, shift=1.0 + 2.0**-23)
def test_multiply_add_rounds_once_to_float32(value: float, scale: float, shift: float) -> None:
    exact = Fraction(value) * Fraction(scale) + Fraction(shift)
    if exact == 0 or abs(exact) >= 2.0**-100:
        assert multiply_add([value], scale, shift, float32) == [nearest_single(exact)]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_multiply_add_is_not_misled_by_a_tie_that_double_rounding_makes(sign: float) -> None:
    # The product is 2**-24 - 2**-70: half the spacing of float32 near 1, but for a sliver that
    # the double sum has no room for. Ties to even would then go the wrong way.
    value, scale, shift = sign * 2.0**-24 * (1 + 2.0**-23), 1 - 2.0**-23, 1 + 2.0**-23
    twice_rounded = array("f", (value * scale + shift,))[0]
    assert twice_rounded == (1 + 2.0**-22 if sign > 0 else 1.0)
    assert multiply_add([value], scale, shift, float32) == [shift]


def test_a_multiply_add_that_leaves_the_finite_numbers() -> None:
    assert multiply_add([0.5], math.inf, 1.0, float64) == [math.inf]
    assert multiply_add([0.5], 0.0, 3.0, float64) == [3.0]


def test_16_bit_dtypes_round_through_float32() -> None:
    # Just above the midpoint of two float16: float32 rounds it to the midpoint, then to even.
    value = 1.0 + 2.0**-11 + 2.0**-40
    assert round_floats([value], float16) == [1.0]
    assert round_floats([1.0 + 2.0**-8 + 2.0**-40], bfloat16) == [1.0]
    assert round_floats([1e30, -1e30, 0.1], float16) == [math.inf, -math.inf, 0.0999755859375]


@given(value=st.integers(-(2**63), 2**64 - 1))
def test_integers_round_once_to_float32(value: int) -> None:
    expected = nearest_single(Fraction(value)) if value else 0.0
    assert round_integers([value], float32) == [expected]


def ulps(actual: float, exact: float) -> float:
    return abs(actual - exact) / (math.ulp(exact) * 2.0**29) if exact else abs(actual)


def test_the_float32_logarithm_is_within_2_ulps() -> None:
    values = [step * 2.0**-24 for step in [*range(1, 2**24, 4099), 2**24]]
    for value, result in zip(values, cephes.log(values), strict=True):
        assert ulps(result, math.log(value)) <= 2


def test_the_float32_sine_and_cosine_are_within_2_ulps_over_one_turn() -> None:
    tau = array("f", (2 * math.pi,))[0]
    angles = array("f", [tau * (step * 2.0**-24) for step in range(0, 2**24, 4099)])
    sines, cosines = cephes.sincos(angles)
    for angle, sine, cosine in zip(angles, sines, cosines, strict=True):
        assert ulps(sine, math.sin(angle)) <= 2
        assert ulps(cosine, math.cos(angle)) <= 2


@pytest.mark.parametrize("value", [2.0**-24, 0.5, 0.7071067690849304, 0.70710676, 1.0])
def test_split_is_exact(value: float) -> None:
    ((reduced,), (exponent,)) = cephes.split([value])
    assert (1 + Fraction(reduced)) * Fraction(2) ** exponent == Fraction(value)
    assert abs(reduced) < 0.4143
