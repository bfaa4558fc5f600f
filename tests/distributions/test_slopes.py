"""How gamma and Dirichlet samples move with their concentrations, to all digits."""

from __future__ import annotations

import math

import pytest

import gnomon
from device import reference_only
from gnomon import distributions
from gnomon.special_functions.sample_slopes import dirichlet_slope, gamma_slope

# Concentration, sample, slope; computed with mpmath 1.3 from derivatives of the regularized
# incomplete functions, in 50 digits.
GAMMA = [
    (0.01, 1e-30, 6.85166673319527e-27),
    (0.01, 0.5, 46.67927940515068),
    (0.1, 0.001, 0.06490724738374097),
    (0.5, 0.2, 0.7940505663308434),
    (0.5, 3.0, 2.9129424164403646),
    (1.0, 1e-08, 1.884346517576816e-07),
    (1.0, 0.7, 0.9732187409923876),
    (1.0, 20.0, 3.6206664839514846),
    (3.0, 0.1, 0.12186533324500184),
    (3.0, 2.5, 0.9633618288399733),
    (3.0, 15.0, 2.1197278583163413),
    (50.0, 40.0, 0.8955497027460754),
    (50.0, 70.0, 1.1815725627654057),
    (3000.0, 2900.0, 0.9831996174581251),
    (3000.0, 3200.0, 1.032673699784355),
]

# Sample, concentration, sum of concentrations, slope over what is left of 1.
DIRICHLET = [
    (1e-12, 0.1, 0.2, 3.249630607211482e-10),
    (0.3, 0.1, 0.2, 18.588499425760745),
    (0.99, 0.1, 0.2, 50.91756007996762),
    (0.001, 0.1, 1.1, 0.06914669948931068),
    (0.5, 0.5, 3.0, 0.8616024214117665),
    (0.01, 1.0, 2.0, 0.04651687056553628),
    (0.9, 1.0, 2.0, 0.9482446409204367),
    (0.2, 2.5, 3.5, 0.16094379124341004),
    (0.999, 2.5, 2.6, 0.4786520079646682),
    (0.4, 10.0, 25.0, 0.04122063588872935),
    (0.7, 10.0, 12.0, 0.0796656407099445),
    (0.5, 100.0, 200.0, 0.005016699951906953),
]


@pytest.mark.parametrize(("concentration", "sample", "slope"), GAMMA)
def test_gamma(concentration: float, sample: float, slope: float) -> None:
    assert gamma_slope(concentration, sample) == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize(("sample", "concentration", "total", "slope"), DIRICHLET)
def test_dirichlet(sample: float, concentration: float, total: float, slope: float) -> None:
    found = dirichlet_slope(sample, concentration, total)
    assert found == pytest.approx(slope, rel=1e-10)


def test_at_the_ends_of_the_range() -> None:
    assert gamma_slope(2.0, 0.0) == 0.0 and math.isnan(gamma_slope(2.0, math.nan))
    assert dirichlet_slope(0.0, 1.0, 2.0) == dirichlet_slope(1.0, 1.0, 2.0) == 0.0
    assert math.isnan(dirichlet_slope(0.5, math.nan, 2.0))


def test_samples_without_elements() -> None:
    none = gnomon.ones(0, 3, requires_grad=True)
    for made in (distributions.Gamma(none, 1.0), distributions.Dirichlet(none)):
        sample = made.rsample((2,))
        assert sample.shape == (2, 0, 3)
        sample.sum().backward()
    assert none.grad is not None and none.grad.shape == (0, 3)


@reference_only("it opens the accelerator itself")
def test_on_an_accelerator() -> None:
    pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")
    from opencl.devices import default_backend

    default_backend()
    parameter = gnomon.tensor([0.5, 2.0], device="opencl", requires_grad=True)
    sample = distributions.Gamma(parameter, 1.0, validate_args=False).rsample((3,))
    sample.sum().backward()
    assert str(sample.device) == "opencl:0" and parameter.grad is not None
    expected = [
        sum(gamma_slope(concentration, row[place]) for row in sample.tolist())
        for place, concentration in enumerate((0.5, 2.0))
    ]
    assert parameter.grad.tolist() == pytest.approx(expected, rel=1e-6)
