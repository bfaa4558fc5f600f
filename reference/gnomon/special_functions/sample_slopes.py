"""How a gamma or a Dirichlet sample moves when its concentration does.

A sample z at the quantile p of a distribution stays there when a parameter a changes:
F(z; a) = p, so that dz/da = -(∂F/∂a) / f(z), with F the distribution function and f its
derivative. Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients", 2018.

∂F/∂a is an integral of the density times ln t minus its mean. On one side of z that factor has
one sign, so that the integral over that side loses no digits; it is done by the double
exponential rule of Takahasi and Mori, 1974.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from .gamma import digamma

_STEP: Final = 1 / 32
_STEPS: Final = 144

# Points and weights on the half line: u = exp(π/2 sinh t) at equal steps of t.
_RULE: Final = [
    (point, _STEP * math.pi / 2 * math.cosh(t) * point)
    for t in (_STEP * step for step in range(-_STEPS, _STEPS + 1))
    for point in (math.exp(math.pi / 2 * math.sinh(t)),)
]

# Where the exponential of a double is 0 for good.
_NOTHING: Final = -745.0


def gamma_slope(concentration: float, sample: float) -> float:
    """Return the derivative of a standard gamma ``sample`` by its ``concentration``.

    >>> round(gamma_slope(1.0, 1.0), 6)
    1.173563
    """
    if not (sample > 0.0 and concentration > 0.0 and math.isfinite(sample)):
        return 0.0 if sample == 0.0 else math.nan
    if concentration < 1.0 and sample < 1.0:
        return _small_gamma_slope(concentration, sample)
    mean, logarithm = digamma(concentration), math.log(sample)
    if logarithm < mean:
        # t = sample e^-u
        decay = concentration - sample
        return sample * _integral(
            lambda u: -u * concentration - sample * math.expm1(-u),
            lambda u: mean - logarithm + u,
            1 / (max(decay, 0.0) + math.sqrt(sample)),
        )
    # t = sample + s
    power = concentration - 1
    decay = 1 - power / sample
    return _integral(
        lambda s: power * math.log1p(s / sample) - s,
        lambda s: math.log(sample + s) - mean,
        1 / (max(decay, 0.0) + math.sqrt(max(power, 0.0)) / sample),
    )


def _small_gamma_slope(concentration: float, sample: float) -> float:
    """The same by the power series of the incomplete gamma function, whose terms fall fast:
    the sum of z^n / (a)_(n+1) times ψ(a + n + 1) - ln z, times z.
    """
    psi, logarithm = digamma(concentration + 1), math.log(sample)
    term, shifted, terms = 1 / concentration, concentration + 1, []
    while term > 1e-18 / concentration:
        terms.append(term * (psi - logarithm))
        term *= sample / shifted
        psi += 1 / shifted
        shifted += 1
    return sample * math.fsum(terms)


def dirichlet_slope(sample: float, concentration: float, total: float) -> float:
    """Return d(sample)/d(concentration) / (1 - sample) for one part of a Dirichlet sample.

    ``total`` is the sum of all concentrations. By themselves the parts are beta numbers; the
    others shrink in proportion when one grows.

    >>> round(dirichlet_slope(0.5, 1.0, 2.0), 6)
    0.693147
    """
    rest, other = 1 - sample, total - concentration
    if not (0.0 < sample < 1.0 and concentration > 0.0 and other > 0.0):
        return 0.0 if sample in (0.0, 1.0) else math.nan
    mean, logarithm = digamma(concentration) - digamma(total), math.log(sample)
    if logarithm < mean:
        # t = sample e^-u
        power = other - 1
        decay = concentration - power * sample / rest
        return (
            sample
            / rest
            * _integral(
                lambda u: (
                    -u * concentration
                    + power * (math.log1p(-sample * math.exp(-u)) - math.log1p(-sample))
                ),
                lambda u: mean - logarithm + u,
                1 / (max(decay, 0.0) + math.sqrt(abs(power) * sample) / rest + 1e-300),
            )
        )
    # 1 - t = (1 - sample) e^-u
    power = concentration - 1
    decay = other - power * rest / sample
    return _integral(
        lambda u: -u * other + power * (math.log1p(-rest * math.exp(-u)) - logarithm),
        lambda u: math.log1p(-rest * math.exp(-u)) - mean,
        1 / (max(decay, 0.0) + math.sqrt(abs(power) * rest) / sample + 1e-300),
    )


def _integral(
    exponent: Callable[[float], float], factor: Callable[[float], float], width: float
) -> float:
    """Return the integral of ``exp(exponent(u)) * factor(u)`` over u from 0 on.

    ``width`` is about how far the integrand reaches.
    """
    terms = []
    for point, weight in _RULE:
        u = width * point
        power = exponent(u) if u < 1e300 else _NOTHING
        if power > _NOTHING:
            terms.append(weight * math.exp(power) * factor(u))
    return width * math.fsum(terms)
