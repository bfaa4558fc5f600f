"""Values of PyTorch in float64, special values included; departures come with their reason."""

import ctypes
import math
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon import special_functions as special

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

INF, NAN = math.inf, math.nan

# Each function is drawn for on its own; a busy machine must not fail a test.
QUICK = settings(max_examples=50, deadline=None)

EDGES = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 1e-300, 1e300, -1e300]
FLOATS = st.floats(-40, 40) | st.sampled_from(EDGES)

# Where PyTorch's own formula loses digits the tolerance is its error, not ours: the third entry
# is relative, the fourth absolute (a cancellation near a root). Without one: 8 ULP.
EPS = 2.0**-52
UNARY: list[tuple[str, Callable[[float], float], float, float]] = [
    ("special.erfinv", special.erfinv, 64 * EPS, 0),
    ("special.erfcx", special.erfcx, 2048 * EPS, 0),
    ("special.ndtri", special.ndtri, 64 * EPS, 4 * EPS),
    ("special.ndtr", special.ndtr, 8 * EPS, 2 * EPS),  # PyTorch's is (1 + erf) / 2
    ("special.log_ndtr", special.log_ndtr, 2048 * EPS, 0),
    ("lgamma", special.lgamma, 8 * EPS, 64 * EPS),
    ("special.i0", special.i0, 16 * EPS, 0),
    ("special.i0e", special.i0e, 16 * EPS, 0),
    ("special.i1", special.i1, 16 * EPS, 0),
    ("special.i1e", special.i1e, 16 * EPS, 0),
    # PyTorch's j0 and j1 are off by 4e-7 around 5, in float64 too.
    ("special.bessel_j0", special.bessel_j0, 0, 1e-6),
    ("special.bessel_j1", special.bessel_j1, 0, 1e-6),
    ("sinc", special.sinc, 8 * EPS, EPS),
    ("special.entr", special.entr, 8 * EPS, 0),
    ("special.logit", special.logit, 8 * EPS, 4 * EPS),
    ("sigmoid", special.sigmoid, 8 * EPS, 0),
    ("nn.functional.logsigmoid", special.log_sigmoid, 8 * EPS, 0),
    ("nn.functional.softplus", special.softplus, 8 * EPS, 0),
    ("exp2", special.exp2, 8 * EPS, 0),
    ("exp", special.exp, 8 * EPS, 0),
    ("expm1", special.expm1, 8 * EPS, 0),
    ("log", special.log, 8 * EPS, 0),
    ("log2", special.log2, 8 * EPS, 0),
    ("log10", special.log10, 8 * EPS, 0),
    ("log1p", special.log1p, 8 * EPS, 0),
    ("sqrt", special.sqrt, EPS, 0),  # PyTorch's is not always the nearest float
    ("sin", special.sin, 8 * EPS, 0),
    ("cos", special.cos, 8 * EPS, 0),
    ("tan", special.tan, 8 * EPS, 0),
    ("asin", special.asin, 8 * EPS, 0),
    ("acos", special.acos, 8 * EPS, 0),
    ("sinh", special.sinh, 8 * EPS, 0),
    ("cosh", special.cosh, 8 * EPS, 0),
    ("acosh", special.acosh, 8 * EPS, 0),
    ("atanh", special.atanh, 8 * EPS, 0),
]
BINARY: list[tuple[str, Callable[[float, float], float], float, float]] = [
    ("remainder", special.float_remainder, 0, 0),
    ("floor_divide", special.float_floor_divide, 0, 0),
    ("fmod", special.fmod, 0, 0),
    ("true_divide", special.divide, 0, 0),
    ("pow", special.power, 8 * EPS, 0),
    ("special.xlogy", special.xlogy, 8 * EPS, 0),
    ("special.xlog1py", special.xlog1py, 8 * EPS, 0),
    ("logaddexp", special.logaddexp, 8 * EPS, 8 * EPS),
    ("logaddexp2", special.logaddexp2, 8 * EPS, 8 * EPS),
    ("hypot", special.hypot, 4 * EPS, 0),
    ("copysign", special.copysign, 0, 0),
    ("nextafter", special.nextafter, 0, 0),
    ("heaviside", special.heaviside, 0, 0),
    ("ldexp", special.ldexp, 0, 0),
]

# PyTorch multiplies an overflow with zero there; the limits exist and are given instead.
LIMITS = {"special.i0", "special.i1", "special.bessel_j0", "special.bessel_j1"}


def of_torch(name: str, *arguments: float) -> float:
    function = attrgetter(name)(torch)
    result: float = function(*(torch.tensor(x, dtype=torch.float64) for x in arguments)).item()
    return result


def agree(ours: float, theirs: float, relative: float, absolute: float) -> bool:
    if math.isnan(theirs):
        return math.isnan(ours)
    # Results below the smallest normal number hold fewer digits.
    return math.isclose(ours, theirs, rel_tol=relative, abs_tol=max(absolute, 1e-320))


@QUICK
@given(x=FLOATS)
@pytest.mark.parametrize(
    ("name", "function", "relative", "absolute"), UNARY, ids=[case[0] for case in UNARY]
)
def test_unary(
    name: str, function: Callable[[float], float], relative: float, absolute: float, x: float
) -> None:
    if name in LIMITS and math.isinf(x):
        return
    assert agree(function(x), of_torch(name, x), relative, absolute), (function(x), x)


@QUICK
@given(x=FLOATS, y=FLOATS)
@pytest.mark.parametrize(
    ("name", "function", "relative", "absolute"), BINARY, ids=[case[0] for case in BINARY]
)
def test_binary(
    name: str,
    function: Callable[[float, float], float],
    relative: float,
    absolute: float,
    x: float,
    y: float,
) -> None:
    ours, theirs = function(x, y), of_torch(name, x, y)
    assert agree(ours, theirs, relative, absolute), (ours, theirs)
    if relative == 0 and ours == 0:
        assert math.copysign(1, ours) == math.copysign(1, theirs)


@QUICK
@given(x=st.floats(0, 1e300) | st.sampled_from([*EDGES, -3.0]))
def test_digamma(x: float) -> None:
    # Left of 0 PyTorch loses digits near the poles: golden values judge there.
    assert agree(special.digamma(x), of_torch("digamma", x), 64 * EPS, 64 * EPS)


@QUICK
@given(s=st.floats(1.01, 20), q=st.floats(0.05, 30))
def test_zeta(s: float, q: float) -> None:
    # PyTorch stops summing at 1.1e-16 of the sum, each addition rounded.
    assert agree(special.zeta(s, q), of_torch("special.zeta", s, q), 64 * EPS, 0)


@QUICK
@given(n=st.integers(2, 12), x=st.floats(0.05, 30))
def test_polygamma(n: int, x: float) -> None:
    theirs = torch.special.polygamma(n, torch.tensor(x, dtype=torch.float64)).item()
    assert agree(special.polygamma(n, x), theirs, 128 * EPS, 0)


@QUICK
@given(x=st.floats(0.05, 30))
def test_trigamma(x: float) -> None:
    # PyTorch's trigamma is a truncated series with an error near 1e-9.
    theirs = torch.special.polygamma(1, torch.tensor(x, dtype=torch.float64)).item()
    assert agree(special.polygamma(1, x), theirs, 1e-8, 0)


@QUICK
@given(x=st.floats(-1e6, 1e6) | st.sampled_from(EDGES), decimals=st.integers(-12, 320))
def test_round_to_decimals(x: float, decimals: int) -> None:
    theirs = torch.round(torch.tensor(x, dtype=torch.float64), decimals=decimals).item()
    # 10^decimals is within an ULP in either library, and the quotient carries it.
    assert agree(special.round_half_even(x, decimals), theirs, 4 * EPS, 0)


def as_float32(x: float) -> float:
    return ctypes.c_float(x).value


@QUICK
@given(x=st.floats(-1e5, 1e5, width=32), decimals=st.integers(-3, 6))
def test_round_to_decimals_in_float32(x: float, decimals: int) -> None:
    theirs = torch.round(torch.tensor(x, dtype=torch.float32), decimals=decimals).item()
    assert special.round_half_even(x, decimals, as_float32) == theirs


@QUICK
@given(x=FLOATS, beta=st.sampled_from([0.5, 1.0, 3.0, -1.0]), threshold=st.floats(-5, 100))
def test_softplus_with_beta(x: float, beta: float, threshold: float) -> None:
    argument = torch.tensor(x, dtype=torch.float64)
    theirs = torch.nn.functional.softplus(argument, beta, threshold).item()
    assert agree(special.softplus(x, beta, threshold), theirs, 8 * EPS, 0)


@QUICK
@given(x=FLOATS | st.floats(0, 1), eps=st.floats(1e-6, 0.5))
def test_clamped_logit(x: float, eps: float) -> None:
    theirs = torch.logit(torch.tensor(x, dtype=torch.float64), eps).item()
    assert agree(special.logit(x, eps), theirs, 8 * EPS, 4 * EPS)


def as_int64(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


# Without -2^63, whose absolute value overflows: PyTorch's gcd(5, -2^63) is -1.
INT64 = st.integers(1 - 2**63, 2**63 - 1) | st.integers(-9, 9)


@QUICK
@given(x=INT64, y=INT64)
def test_integers(x: int, y: int) -> None:
    a, b = torch.tensor(x), torch.tensor(y)
    cases: list[
        tuple[
            Callable[[int, int], int],
            Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        ]
    ] = [
        (special.gcd, torch.gcd),
        (special.lcm, torch.lcm),
    ]
    if y != 0:
        cases += [
            (special.integer_floor_divide, torch.floor_divide),
            (special.integer_trunc_divide, lambda m, n: torch.div(m, n, rounding_mode="trunc")),
            (special.integer_remainder, torch.remainder),
            (special.integer_fmod, torch.fmod),
        ]
    if y < 200:
        cases.append((special.integer_power, torch.pow))
    for ours, theirs in cases:
        wrapped = as_int64(ours(x, y))
        if ours is special.lcm:
            wrapped = as_int64(abs(wrapped))  # PyTorch takes it after the overflow
        assert wrapped == theirs(a, b).item(), ours.__name__
