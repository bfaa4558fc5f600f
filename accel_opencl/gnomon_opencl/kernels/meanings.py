"""What every elementwise record means in OpenCL C, one line each.

An expression sees its inputs as ``a``, ``b``, ``c`` and ``d``, of the type ``T`` in which the
launch computes: a scalar, or a vector of eight. ``K(x)`` is the constant ``x`` of that type.
Comparisons give the integers 1 (scalars) or -1 (vectors), so conditions are joined by ``&`` and
``|``, and a result that is a truth value passes through ``TRUTH``. ``U(x)`` reads the bits of
an integer as unsigned and ``S(x)`` turns them back, because unsigned arithmetic wraps.

``lanewise`` expressions call functions of scalars, which stand in the ``.cl`` file they name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from gnomon.backend import DType
from gnomon_opencl.element_types import kind_of


@final
@dataclass(frozen=True, slots=True)
class Meaning:
    """The expressions of a record: on floats, on integers, on bools; None where undefined."""

    floating: str | None = None
    integer: str | None = None
    boolean: str | None = None
    #: The file of functions the expressions call, one element at a time.
    functions: str | None = None
    #: Whether the expression calls them on floats computed in float32.
    calls_for_singles: bool = True

    def on(self, dtype: DType) -> str | None:
        """Return the expression for elements of ``dtype``."""
        kind = kind_of(dtype)
        if kind == "floating":
            return self.floating
        return self.integer if kind == "integer" else self.boolean

    def functions_on(self, dtype: DType) -> str | None:
        """Return the file of functions that the expression for elements of ``dtype`` calls."""
        is_single = dtype.is_floating_point and dtype.itemsize < 8
        return self.functions if self.calls_for_singles or not is_single else None


def _everywhere(expression: str) -> Meaning:
    return Meaning(expression, expression, expression)


def _numeric(floating: str, integer: str, boolean: str | None = None) -> Meaning:
    return Meaning(floating, integer, boolean)


def _floating(expression: str) -> Meaning:
    return Meaning(expression)


def _calls(
    file: str, floating: str | None, integer: str | None = None, boolean: str | None = None
) -> Meaning:
    return Meaning(floating, integer, boolean, functions=file)


def _in_vectors(file: str, floating: str, integer: str, boolean: str | None = None) -> Meaning:
    """Return what calls functions of the file on integers and doubles, but on floats those of
    ``floats.cl``, which take vectors.
    """
    return Meaning(floating, integer, boolean, functions=file, calls_for_singles=False)


def _of_angle(function: str) -> str:
    """Return ``function`` of an angle: PoCL's, of a vector, is wrong for small lanes beside
    huge ones, so that these are given to another call.
    """
    near = "(fabs(a) < K(30000))"
    both = f"({near} ? {function}({near} ? a : K(0)) : {function}({near} ? K(0) : a))"
    return f"any(!{near}) ? {both} : {function}(a)"


# PoCL's tanh of infinity is short of 1, and its log1p of the smallest numbers is 0.
_TANH: Final = "(fabs({0}) > K(20) ? copysign(K(1), {0}) : tanh({0}))"
# Next to where they overflow in float64, PoCL's exp is infinite, its sinh and cosh are NaN.
_EXP: Final = (
    "(IS_DOUBLE ? (a > K(709) ? exp(a - K(0.5)) * K(1.6487212707001282) : exp(a)) : exp(a))"
)
_LARGE_HYPERBOLIC: Final = "K(0.5) * exp(fabs(a) * K(0.5)) * exp(fabs(a) * K(0.5))"
_LOG_1P: Final = "(fabs({0}) < K(1e-20) ? {0} : log1p({0}))"
_TWICE_GELU_ANGLE: Final = "(K(1.5957691216057308) * (a + K(0.044715) * a * a * a))"
_NEGATIVE_SLOPE: Final = "(a > K(0)) ? a : a * b"
_ELU: Final = "(a > K(0)) ? a : b * expm1(c * a)"
_LOG_SIGMOID: Final = "(fmin({0}, K(0)) - log1p(exp(-fabs({0}))))"
# Of -|x|, so that the exponential does not overflow; NaN goes through it.
_SIGMOID: Final = "({0} >= K(0) ? K(1) / (K(1) + exp(-{0})) : exp({0}) / (K(1) + exp({0})))"
_DECAYED_PRODUCT: Final = "exponential_of_product(-fabs(a), fabs(b))"
_HARDSIGMOID: Final = (
    "((a <= K(-3)) ? K(0) : (a >= K(3)) ? K(1) : a * K(0.16666666666666666) + K(0.5))"
)
_SELU: Final = "((a > K(0)) ? a : K(1.6732632423543772) * expm1(a))"

MEANINGS: Final[dict[str, Meaning]] = {
    # arithmetic
    "add": _numeric("a + b", "S(U(a) + U(b))", "a | b"),
    "add_scaled": _numeric("a + c * b", "S(U(a) + U(c) * U(b))", "a | (c & b)"),
    "sub": _numeric("a - b", "S(U(a) - U(b))"),
    "sub_scaled": _numeric("a - c * b", "S(U(a) - U(c) * U(b))"),
    "mul": _numeric("a * b", "S(U(a) * U(b))", "a & b"),
    "neg": _numeric("-a", "S((UT)(0) - U(a))"),
    "abs": _numeric("fabs(a)", "a < K(0) ? S((UT)(0) - U(a)) : a"),
    "sign": _numeric(
        "a > K(0) ? K(1) : (a < K(0) ? K(-1) : K(0))",
        "a > K(0) ? K(1) : (a < K(0) ? K(-1) : K(0))",
        "a",
    ),
    "div": _floating("a / b"),
    "reciprocal": _floating("K(1) / a"),
    "square": _numeric("a * a", "S(U(a) * U(a))", "a"),
    "sqrt": _floating("sqrt(a)"),
    "rsqrt": _floating("K(1) / sqrt(a)"),
    "hypot": _floating("hypot(a, b)"),
    "addcmul": _numeric("a + d * b * c", "S(U(a) + U(d) * U(b) * U(c))"),
    "addcdiv": _floating("a + d * b / c"),
    "lerp": _floating(
        "((c > K(-0.5)) & (c < K(0.5))) ? a + c * (b - a) : b - (b - a) * (K(1) - c)"
    ),
    "floor_divide": _in_vectors(
        "division", "floored_quotient(a, b)", "integer_floored_quotient(a, b)"
    ),
    "trunc_divide": _calls("division", "cut_quotient(a, b)", "integer_quotient(a, b)"),
    "remainder": _in_vectors(
        "division", "floored_remainder(a, b)", "integer_floored_remainder(a, b)"
    ),
    "fmod": _in_vectors("division", "cut_remainder(a, b)", "integer_remainder(a, b)"),
    "pow": _in_vectors(
        "integers", "raised(a, b)", "integer_power(a, b)", "integer_power(a, b)"
    ),
    # rounding: the identity on integers
    "floor": _numeric("floor(a)", "a"),
    "ceil": _numeric("ceil(a)", "a"),
    "trunc": _numeric("trunc(a)", "a"),
    "round": _numeric("rint(a)", "a"),
    "frac": _floating("isinf(a) ? K(NAN) : (a == K(0) ? a : a - trunc(a))"),
    "round_decimals": _calls("division", "rounded_to_decimals(a, b)"),
    # comparison and tests
    "eq": _everywhere("TRUTH(a == b)"),
    "ne": _everywhere("TRUTH(a != b)"),
    "lt": _everywhere("TRUTH(a < b)"),
    "le": _everywhere("TRUTH(a <= b)"),
    "gt": _everywhere("TRUTH(a > b)"),
    "ge": _everywhere("TRUTH(a >= b)"),
    "isnan": _numeric("TRUTH(a != a)", "TRUTH(a != a)", "TRUTH(a != a)"),
    "isinf": _numeric("TRUTH(fabs(a) == K(INFINITY))", "TRUTH(a != a)", "TRUTH(a != a)"),
    "isfinite": _numeric("TRUTH(fabs(a) < K(INFINITY))", "TRUTH(a == a)", "TRUTH(a == a)"),
    "isposinf": _numeric("TRUTH(a == K(INFINITY))", "TRUTH(a != a)", "TRUTH(a != a)"),
    "isneginf": _numeric("TRUTH(a == K(-INFINITY))", "TRUTH(a != a)", "TRUTH(a != a)"),
    "isreal": _everywhere("TRUTH((a == a) | (a != a))"),
    "signbit": _numeric("TRUTH(signbit(a))", "TRUTH(a < K(0))", "TRUTH(a != a)"),
    # logic
    "logical_and": _everywhere("TRUTH((a != K(0)) & (b != K(0)))"),
    "logical_or": _everywhere("TRUTH((a != K(0)) | (b != K(0)))"),
    "logical_xor": _everywhere("TRUTH((a != K(0)) != (b != K(0)))"),
    "logical_not": _everywhere("TRUTH(a == K(0))"),
    # bits
    "bitwise_and": _numeric("", "a & b", "a & b"),
    "bitwise_or": _numeric("", "a | b", "a | b"),
    "bitwise_xor": _numeric("", "a ^ b", "a ^ b"),
    "bitwise_not": _numeric("", "~a", "a ^ K(1)"),
    "bitwise_left_shift": _calls("integers", None, "shifted_left(a, b)"),
    "bitwise_right_shift": _calls("integers", None, "shifted_right(a, b)"),
    "gcd": _calls("integers", None, "common_divisor(a, b)"),
    "lcm": _calls("integers", None, "common_multiple(a, b)"),
    # choice: comparisons, because fmax and fmin lose NaN
    "where": _everywhere("CONDITION(a) ? b : c"),
    "maximum": _everywhere("((a >= b) | (a != a)) ? a : b"),
    "minimum": _everywhere("((a <= b) | (a != a)) ? a : b"),
    "fmax": _everywhere("((a >= b) | (b != b)) ? a : b"),
    "fmin": _everywhere("((a <= b) | (b != b)) ? a : b"),
    "clamp": _everywhere("SMALLER(LARGER(a, b), c)"),
    "clamp_min": _everywhere("LARGER(a, b)"),
    "clamp_max": _everywhere("SMALLER(a, b)"),
    "nan_to_num": _floating(
        "fabs(a) < K(INFINITY) ? a : ((a != a) ? b : ((a > K(0)) ? c : d))"
    ),
    # the written form of floats
    "copysign": _floating("copysign(a, b)"),
    "heaviside": _everywhere("a == K(0) ? b : (a > K(0) ? K(1) : K(0))"),
    "nextafter": _calls("division", "neighbour(a, b)"),
    "ldexp": _calls("division", "scaled(a, b)"),
    "frexp_mantissa": _calls("division", "mantissa(a)"),
    "frexp_exponent": _calls("division", "exponent_of(a)"),
    # exponentials and logarithms
    "exp": _floating(_EXP),
    "exp2": _floating("exp2(a)"),
    "expm1": _floating("expm1(a)"),
    "log": _floating("log(a)"),
    "log2": _floating("log2(a)"),
    "log10": _floating("log10(a)"),
    "log1p": _floating(_LOG_1P.format("a")),
    "logaddexp": _floating(
        "((a == b) & (fabs(a) == K(INFINITY))) ? a : LARGER(a, b) + log1p(exp(-fabs(a - b)))"
    ),
    "logaddexp2": _floating(
        "((a == b) & (fabs(a) == K(INFINITY))) ? a"
        " : LARGER(a, b) + log1p(exp2(-fabs(a - b))) / K(0.6931471805599453)"
    ),
    "xlogy": _floating("((a == K(0)) & (b == b)) ? K(0) : a * log(b)"),
    "special_xlog1py": _floating(
        f"((a == K(0)) & (b == b)) ? K(0) : a * {_LOG_1P.format('b')}"
    ),
    "special_entr": _floating(
        "a > K(0) ? -a * log(a) : ((a == K(0)) ? K(0) : ((a != a) ? a : K(-INFINITY)))"
    ),
    # trigonometric and hyperbolic functions
    "sin": _floating(_of_angle("sin")),
    "cos": _floating(_of_angle("cos")),
    "tan": _floating(_of_angle("tan")),
    "asin": _floating("asin(a)"),
    "acos": _floating("acos(a)"),
    "atan": _floating("atan(a)"),
    "atan2": _floating("atan2(a, b)"),
    "sinh": _floating(f"fabs(a) > K(710.4) ? copysign({_LARGE_HYPERBOLIC}, a) : sinh(a)"),
    "cosh": _floating(f"fabs(a) > K(710.4) ? {_LARGE_HYPERBOLIC} : cosh(a)"),
    "tanh": _floating(_TANH.format("a")),
    "asinh": _floating("asinh(a)"),
    "acosh": _floating("acosh(a)"),
    "atanh": _floating("atanh(a)"),
    "sinc": _floating("a == K(0) ? K(1) : sinpi(a) / (K(3.141592653589793) * a)"),
    "deg2rad": _floating("a * K(0.017453292519943295)"),
    "rad2deg": _floating("a * K(57.29577951308232)"),
    # the logistic function and activations
    "sigmoid": _floating(_SIGMOID.format("a")),
    "log_sigmoid": _floating(f"(a != a) ? a : {_LOG_SIGMOID.format('a')}"),
    "logit": _calls("special", "log_odds(a)"),
    "logit_clamped": _calls("special", "log_odds(a < b ? b : (a > 1 - b ? 1 - b : a))"),
    "relu": _numeric("a < K(0) ? K(0) : a", "a < K(0) ? K(0) : a"),
    "threshold": _numeric("a <= b ? c : a", "a <= b ? c : a"),
    "threshold_backward": _numeric("b <= c ? K(0) : a", "b <= c ? K(0) : a"),
    "hardtanh": _numeric("a < b ? b : (a > c ? c : a)", "a < b ? b : (a > c ? c : a)"),
    "between_backward": _numeric(
        "((c < b) & (b < d)) ? a : K(0)", "((c < b) & (b < d)) ? a : K(0)"
    ),
    "leaky_relu": _floating(_NEGATIVE_SLOPE),
    "leaky_relu_backward": _floating("(b > K(0)) ? a : a * c"),
    "prelu": _floating(_NEGATIVE_SLOPE),
    "rrelu": _floating(_NEGATIVE_SLOPE),
    "hardsigmoid": _floating(_HARDSIGMOID),
    "hardswish": _floating(f"a * {_HARDSIGMOID}"),
    "hardshrink": _floating("((-b <= a) & (a <= b)) ? K(0) : a"),
    "softshrink": _floating("a > b ? a - b : (a < -b ? a + b : a * K(0))"),
    "shrink_backward": _floating("((-c <= b) & (b <= c)) ? K(0) : a"),
    "elu": _floating(_ELU),
    "celu": _floating(_ELU),
    "elu_slope": _floating("a > K(0) ? K(1) : b * c * exponential_of_product(c, a)"),
    "selu": _floating(f"K(1.0507009873554805) * {_SELU}"),
    "gelu": _floating("a * normal_below(a)"),
    "gelu_tanh": _floating(f"a * {_SIGMOID.format(_TWICE_GELU_ANGLE)}"),
    "silu": _floating(f"a * {_SIGMOID.format('a')}"),
    "mish": _floating("a * tanh(a > K(20) ? a : (LARGER(a, K(0)) + log1p(exp(-fabs(a)))))"),
    "softplus": _floating(
        f"a * b > c ? a : (LARGER(a * b, K(0)) + log1p({_DECAYED_PRODUCT})) / b"
    ),
    "softplus_slope": _floating(
        f"b * a > c ? K(1)"
        f" : ((a * b >= K(0)) ? K(1) : {_DECAYED_PRODUCT}) / (K(1) + {_DECAYED_PRODUCT})"
    ),
    "glu": _floating(f"a * {_SIGMOID.format('b')}"),
    # terms of losses
    "mse_loss": _floating("(a - b) * (a - b)"),
    "smooth_l1_loss": _floating(
        "fabs(a - b) < c ? K(0.5) * fabs(a - b) * fabs(a - b) / c : fabs(a - b) - K(0.5) * c"
    ),
    "huber_loss": _floating(
        "fabs(a - b) <= c ? K(0.5) * fabs(a - b) * fabs(a - b) : c * (fabs(a - b) - K(0.5) * c)"
    ),
    "binary_cross_entropy": _floating(
        "(b - K(1)) * LARGER(log1p(-a), K(-100)) - b * LARGER(log(a), K(-100))"
    ),
    "binary_cross_entropy_with_logits": _floating(
        f"(K(1) - b) * a - ((a != a) ? a : {_LOG_SIGMOID.format('a')})"
    ),
    "weighted_binary_cross_entropy_with_logits": _floating(
        "(K(1) - b) * a - (K(1) + (c - K(1)) * b)"
        f" * ((a != a) ? a : {_LOG_SIGMOID.format('a')})"
    ),
    "soft_margin_loss": _floating(
        f"(a * b != a * b) ? a * b : log1p({_DECAYED_PRODUCT}) - SMALLER(a * b, K(0))"
    ),
    # special functions
    "erf": _floating("erf(a)"),
    "erfc": _floating("complementary_error(a)"),
    "erfinv": _calls("special", "inverse_error(a)"),
    "special_erfcx": _calls("special", "scaled_complement(a)"),
    "special_ndtr": _floating("normal_below(a)"),
    "special_ndtri": _calls("special", "normal_quantile(a)"),
    "special_log_ndtr": _calls("special", "log_normal_below(a)"),
    "lgamma": _calls("gamma", "log_gamma(a)"),
    "digamma": _calls("gamma", "digamma(a)"),
    "polygamma": _calls("gamma", "polygamma(b, a)"),
    "mvlgamma": _calls("gamma", "multivariate_log_gamma(a, b)"),
    "special_zeta": _calls("gamma", "hurwitz_zeta(a, b)"),
    "i0": _calls("bessel", "modified_bessel(0, a)"),
    "special_i1": _calls("bessel", "modified_bessel(1, a)"),
    "special_i0e": _calls("bessel", "decayed_bessel(0, a)"),
    "special_i1e": _calls("bessel", "decayed_bessel(1, a)"),
    "special_bessel_j0": _calls("bessel", "bessel(0, a)"),
    "special_bessel_j1": _calls("bessel", "bessel(1, a)"),
}
