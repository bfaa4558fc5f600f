"""Second derivatives where the formula of the first divides 0 by 0."""

from __future__ import annotations

import math

import gnomon


def test_second_derivative_of_sinc_at_zero() -> None:
    x = gnomon.tensor([0.0, -0.0], dtype=gnomon.float64, requires_grad=True)
    (slope,) = gnomon.autograd.grad(gnomon.sinc(x).sum(), x, create_graph=True)
    (second,) = gnomon.autograd.grad(slope.sum(), x)
    assert slope.tolist() == [0.0, 0.0]
    assert second.tolist() == [-(math.pi**2) / 3] * 2
