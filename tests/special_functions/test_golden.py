"""Errors in ULP against values computed to 50 digits with mpmath, stored in `golden.json`.

A stored point is [arguments, value] or [arguments, value, scale]: the error is counted in units
of the last place of the scale, where terms of that size cancel (documented at each function).
"""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from gnomon import special_functions as special

POINTS: dict[str, list[list[object]]] = json.loads(
    Path(__file__).with_name("golden.json").read_text()
)

# The bounds that the docstrings state, or that follow from the number of roundings.
BOUNDS = {
    "erfinv": 6,
    "ndtri": 6,
    "erfcx": 5,
    "ndtr": 6,
    "log_ndtr": 6,
    "lgamma": 6,
    "digamma": 5,
    "zeta": 5,
    "polygamma": 6,
    "i0": 5,
    "i1": 5,
    "i0e": 5,
    "i1e": 5,
    "bessel_j0": 2,
    "bessel_j1": 2,
    "sinc": 3,
    "sigmoid": 2,
    "log_sigmoid": 2,
    "softplus": 2,
    "logit": 3,
    "entr": 2,
    "xlogy": 2,
    "xlog1py": 2,
    "logaddexp": 2,
    "logaddexp2": 2,
    "exp2": 1,
    "power": 1,
    "multigammaln": 5,
}


def test_every_stored_function_has_a_bound() -> None:
    assert set(POINTS) == set(BOUNDS)


@pytest.mark.parametrize("name", BOUNDS)
def test_error_is_within_the_stated_bound(name: str) -> None:
    function: Callable[..., float] = getattr(special, name)
    for arguments, value, *scales in POINTS[name]:
        assert isinstance(arguments, list) and isinstance(value, str)
        exact = Decimal(value)
        scale = Decimal(str(scales[0])) if scales else exact
        unit = Decimal(math.ulp(float(scale)))
        error = abs(Decimal(function(*arguments)) - exact) / unit
        assert error <= BOUNDS[name], (name, arguments, float(error))
