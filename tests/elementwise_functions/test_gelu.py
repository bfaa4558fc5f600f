"""The tanh form of gelu where 1 + tanh would cancel, against decimals of 60 digits."""

from __future__ import annotations

import sys
from decimal import Decimal, localcontext

import pytest

import gnomon
from device import reference_only

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def exact(x: float) -> tuple[float, float, float]:
    """Return gelu of ``x``, its slope, and twice the angle whose tanh it is made of."""
    with localcontext() as context:
        context.prec = 60
        a, steep = Decimal(x), 2 * (2 / PI).sqrt()
        angle = steep * (a + Decimal("0.044715") * a**3)
        gate = 1 / (1 + (-angle).exp())
        bend = steep * (1 + 3 * Decimal("0.044715") * a**2)
        return float(a * gate), float(gate * (1 + a * (1 - gate) * bend)), float(angle)


@reference_only("float64 is what is compared, which not every device has")
@pytest.mark.parametrize("x", [-12.0, -8.0, -6.0, -4.0, -2.5, 1.0, 6.0])
def test_nothing_cancels_far_below_zero(x: float) -> None:
    given = gnomon.tensor(x, dtype=gnomon.float64, requires_grad=True)
    value = gnomon.nn.functional.gelu(given, approximate="tanh")
    (slope,) = gnomon.autograd.grad(value, given)
    expected, expected_slope, angle = exact(x)
    # Four roundings at most in the angle, which the exponential multiplies by it; those of the
    # record's bound and as many in the slope.
    allowed = (4 / 2 * abs(angle) + 16) * sys.float_info.epsilon
    assert value.item() == pytest.approx(expected, rel=allowed, abs=0)
    assert slope.item() == pytest.approx(expected_slope, rel=allowed, abs=0)
