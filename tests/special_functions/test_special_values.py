"""Totality, IEEE special values and identities."""

import math
import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon import special_functions as special

INF, NAN = math.inf, math.nan

# Each function is drawn for on its own; a busy machine must not fail a test.
QUICK = settings(max_examples=50, deadline=None)


UNARY: list[Callable[[float], float]] = [
    special.acos,
    special.acosh,
    special.asin,
    special.atanh,
    special.bessel_j0,
    special.bessel_j1,
    special.cos,
    special.cosh,
    special.digamma,
    special.entr,
    special.erfcx,
    special.erfinv,
    special.exp,
    special.exp2,
    special.expm1,
    special.i0,
    special.i0e,
    special.i1,
    special.i1e,
    special.lgamma,
    special.log,
    special.log10,
    special.log1p,
    special.log2,
    special.log_ndtr,
    special.log_sigmoid,
    special.logit,
    special.ndtr,
    special.ndtri,
    special.round_to_integer,
    special.sigmoid,
    special.sin,
    special.sin_pi,
    special.sinc,
    special.sinh,
    special.softplus,
    special.sqrt,
    special.tan,
]
BINARY: list[Callable[[float, float], float]] = [
    special.copysign,
    special.divide,
    special.float_floor_divide,
    special.float_remainder,
    special.fmod,
    special.heaviside,
    special.hypot,
    special.ldexp,
    special.logaddexp,
    special.logaddexp2,
    special.nextafter,
    special.power,
    special.softplus,
    special.xlog1py,
    special.xlogy,
    special.zeta,
]
EDGES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    5e-324,
    1e-310,
    1e308,
    -1e308,
    171.5,
    -171.5,
    2.0,
    -3.0,
]
FLOATS = st.floats() | st.sampled_from([*EDGES, INF, -INF, NAN])


def same(x: float, y: float) -> bool:
    return (math.isnan(x) and math.isnan(y)) or (
        x == y and math.copysign(1, x) == math.copysign(1, y)
    )


@QUICK
@given(x=FLOATS)
@pytest.mark.parametrize("function", UNARY, ids=lambda function: function.__name__)
def test_unary_is_total_and_propagates_nan(
    function: Callable[[float], float], x: float
) -> None:
    assert isinstance(function(x), float)
    assert math.isnan(function(NAN))


@QUICK
@given(x=FLOATS, y=FLOATS)
@pytest.mark.parametrize("function", BINARY, ids=lambda function: function.__name__)
def test_binary_is_total(function: Callable[[float, float], float], x: float, y: float) -> None:
    assert isinstance(function(x, y), float)


@QUICK
@given(x=FLOATS, n=st.integers(0, 400))
def test_polygamma_and_multigammaln_are_total(x: float, n: int) -> None:
    assert isinstance(special.polygamma(n, x), float)
    assert isinstance(special.multigammaln(x, n % 5 + 1), float)


@QUICK
@given(x=FLOATS, decimals=st.integers(-400, 400))
def test_rounding_and_frexp_are_total(x: float, decimals: int) -> None:
    assert isinstance(special.round_half_even(x, decimals), float)
    mantissa, exponent = special.frexp(x)
    if math.isfinite(x) and x:
        assert 0.5 <= abs(mantissa) < 1 and math.ldexp(mantissa, exponent) == x


VALUES: list[tuple[Callable[..., float], tuple[float, ...], float]] = [
    (special.erfinv, (1.0,), INF),
    (special.erfinv, (-0.0,), -0.0),
    (special.erfinv, (1.5,), NAN),
    (special.ndtri, (0.0,), -INF),
    (special.ndtri, (1.0,), INF),
    (special.erfcx, (-INF,), INF),
    (special.log_ndtr, (-INF,), -INF),
    (special.digamma, (0.0,), -INF),
    (special.digamma, (-0.0,), INF),
    (special.digamma, (-4.0,), NAN),
    (special.lgamma, (-INF,), INF),
    (special.lgamma, (1e308,), INF),
    (special.lgamma, (2.0,), 0.0),
    (special.zeta, (INF, 1.0), 1.0),
    (special.zeta, (INF, 2.0), 0.0),
    (special.zeta, (1e300, 1.0), 1.0),
    (special.zeta, (1e300, 2.5), 0.0),
    (special.zeta, (2.0, INF), 0.0),
    (special.zeta, (0.5, 2.0), NAN),
    (special.polygamma, (1, -2.0), INF),
    (special.i0, (-INF,), INF),
    (special.i1, (-INF,), -INF),
    (special.i1e, (-INF,), -0.0),
    (special.sinc, (INF,), NAN),
    (special.power, (-0.0, -3.0), -INF),
    (special.power, (-0.0, -2.0), INF),
    (special.power, (NAN, 0.0), 1.0),
    (special.power, (1.0, NAN), 1.0),
    (special.power, (-1.0, INF), 1.0),
    (special.power, (-10.0, 309.0), -INF),
    (special.power, (-8.0, 1 / 3), NAN),
    (special.divide, (-0.0, 0.0), NAN),
    (special.divide, (1.0, -0.0), -INF),
    (special.float_remainder, (-1.0, INF), INF),
    (special.float_remainder, (-6.0, 3.0), -0.0),
    (special.float_floor_divide, (-1.0, INF), -1.0),
    (special.float_floor_divide, (0.0, -2.0), -0.0),
    (special.float_floor_divide, (1.0, 0.1), 9.0),
    (special.logaddexp, (-INF, -INF), -INF),
    (special.logaddexp, (INF, -INF), INF),
    (special.xlogy, (0.0, INF), 0.0),
    (special.xlogy, (0.0, NAN), NAN),
    (special.logit, (0.0,), -INF),
    (special.logit, (-0.1, 0.5), 0.0),
    (special.ldexp, (0.0, 2000.0), 0.0),
    (special.heaviside, (NAN, 0.5), 0.0),
    (special.round_half_even, (-0.3,), -0.0),
    (special.round_half_even, (15.0, -1), 20.0),
    (special.round_half_even, (1e308, 2), INF),
]


@pytest.mark.parametrize(("function", "arguments", "expected"), VALUES)
def test_special_value(
    function: Callable[..., float], arguments: tuple[float, ...], expected: float
) -> None:
    assert same(function(*arguments), expected), function(*arguments)


@QUICK
@given(x=st.floats(-5, 5))
def test_erfinv_inverts_erf(x: float) -> None:
    # erf(x) is rounded: half an ULP of it moves erfinv by that over erf'(x).
    slope = 2 / math.sqrt(math.pi) * math.exp(-x * x)
    allowed = 2 * math.ulp(math.erf(x)) / slope + 8 * math.ulp(x)
    if abs(math.erf(x)) < 1:
        assert abs(special.erfinv(math.erf(x)) - x) <= allowed


@QUICK
@given(p=st.floats(1e-300, 0.5))
def test_ndtr_inverts_ndtri(p: float) -> None:
    # ndtr magnifies a relative error of x by |x| ndtr'(x) / ndtr(x) < 1 + x², x² < 1400.
    x = special.ndtri(p)
    assert abs(special.ndtr(x) - p) <= 16 * (1 + x * x) * math.ulp(p)


@QUICK
@given(x=st.floats(1e-3, 100))
def test_recurrences(x: float) -> None:
    # ψ(x + 1) = ψ(x) + 1/x and lgamma(x + 1) = lgamma(x) + log(x); x + 1 is rounded as well.
    eps = 2.0**-52
    size = 1 / x + abs(special.digamma(x)) + 1
    assert abs(special.digamma(x + 1) - special.digamma(x) - 1 / x) <= 16 * eps * size
    size = abs(special.lgamma(x)) + abs(math.log(x)) + 6 * x + 1
    assert abs(special.lgamma(x + 1) - special.lgamma(x) - math.log(x)) <= 16 * eps * size


@QUICK
@given(x=st.floats(0.01, 700))
def test_bessel_branches_agree_with_the_scaled_form(x: float) -> None:
    for plain, scaled in ((special.i0, special.i0e), (special.i1, special.i1e)):
        assert math.isclose(plain(x), math.exp(x) * scaled(x), rel_tol=16 * 2.0**-52)
        assert math.isclose(plain(30.0), plain(math.nextafter(30.0, 31.0)), rel_tol=1e-14)


@QUICK
@given(x=st.floats(allow_nan=False, allow_infinity=False), y=st.floats(-1e9, 1e9))
def test_quotient_and_remainder_belong_together(x: float, y: float) -> None:
    if y == 0:
        return
    remainder = special.float_remainder(x, y)
    assert remainder == 0 or (remainder < 0) == (y < 0)
    assert abs(remainder) <= abs(y)
    quotient = special.float_floor_divide(x, y)
    assert not math.isfinite(quotient) or quotient.is_integer()


FORMATS = {(24, -126): ("f", "I"), (11, -14): ("e", "H"), (53, -1022): ("d", "Q")}


@QUICK
@given(bits=st.integers(0, 2**63 - 2), data=st.data())
def test_nextafter_steps_through_the_bit_patterns(bits: int, data: st.DataObject) -> None:
    for (significand, minimum), (code, integer) in FORMATS.items():
        width = 8 * struct.calcsize(code)
        infinity = ((1 << (width - significand)) - 1) << (significand - 1)
        pattern = bits % infinity
        x, above = (
            struct.unpack(code, struct.pack(integer, p))[0] for p in (pattern, pattern + 1)
        )
        assert special.nextafter(x, INF, significand, minimum) == above
        assert special.nextafter(above, -INF, significand, minimum) == x
        assert special.nextafter(-x, -INF, significand, minimum) == -above


def test_integer_division_signs() -> None:
    for x in range(-7, 8):
        for y in (-3, -2, -1, 1, 2, 3):
            floor, trunc = (
                special.integer_floor_divide(x, y),
                special.integer_trunc_divide(x, y),
            )
            assert floor == math.floor(x / y) and trunc == math.trunc(x / y)
            assert floor * y + special.integer_remainder(x, y) == x
            assert trunc * y + special.integer_fmod(x, y) == x


@pytest.mark.parametrize(
    "function",
    [
        special.integer_floor_divide,
        special.integer_trunc_divide,
        special.integer_remainder,
        special.integer_fmod,
    ],
)
def test_integer_division_by_zero_is_refused(function: Callable[[int, int], int]) -> None:
    with pytest.raises(ZeroDivisionError):
        function(1, 0)


@QUICK
@given(x=st.integers(-(2**63), 2**63 - 1), y=st.integers(0, 40))
def test_integer_power_wraps(x: int, y: int) -> None:
    result = special.integer_power(x, y)
    assert -(2**63) <= result < 2**63 and (result - x**y) % 2**64 == 0


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0, -1, 0),
        (1, -9, 1),
        (-1, -3, -1),
        (-1, -2, 1),
        (2, -1, 0),
        (0, 0, 1),
        (3, 2**62, None),
    ],
)
def test_integer_power_of_extreme_exponents(x: int, y: int, expected: int | None) -> None:
    result = special.integer_power(x, y)
    assert (
        result == expected if expected is not None else (result - pow(x, y, 2**64)) % 2**64 == 0
    )


def test_polygamma_refuses_a_negative_order() -> None:
    with pytest.raises(ValueError, match="n = -1"):
        special.polygamma(-1, 1.0)
