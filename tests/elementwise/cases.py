"""The elementwise operations under test, and the inputs on which to look.

A case is a function of a module, gnomon or torch, and of the operands; the two modules have the
same names, so that one case asks both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
DTYPES = ("bool", *INTEGERS, *FLOATS)

INF, NAN = math.inf, math.nan
ORDINARY = (0.5, -0.75, 1.25, 2.0, -3.0, 2.5, 1.0, -1.0)
SPECIAL = (0.0, -0.0, INF, -INF, NAN, 1e-40, -1e-40, 65504.0, -3e38, 0.1)


@dataclass(frozen=True)
class Case:
    """An operation of ``arity`` tensors; ``call`` may add Python numbers and options."""

    label: str
    call: Callable[..., Any]
    arity: int = 1
    #: Units in the last place between the two libraries' results; PyTorch rounds every step.
    ulps: float = 0
    #: Whether PyTorch differentiates it, with respect to all its inputs.
    derivative: bool = True
    #: Values at which the two differ on purpose.
    excused: Sequence[float] = ()
    #: Dtypes in which they do.
    without: Sequence[str] = ()
    #: Whether PyTorch's loops disagree with each other about the sign of a zero.
    unsigned_zero: bool = False

    def __str__(self) -> str:
        return self.label


def named(
    names: str,
    arity: int = 1,
    ulps: float = 0,
    derivative: bool = True,
    excused: Sequence[float] = (),
    unsigned_zero: bool = False,
) -> list[Case]:
    """Return a case for each function that is called with its tensors alone."""
    return [
        Case(
            name,
            lambda m, *x, name=name: getattr(m, name)(*x),
            arity,
            ulps,
            derivative,
            excused,
            unsigned_zero=unsigned_zero,
        )
        for name in names.split()
    ]


# PyTorch wraps -1 to 255 here; gnomon refuses a bound that the dtype does not hold.
WRAPPED = ("uint8",)
# The vector library of PyTorch takes subnormals for zero, and quotients out of range for NaN.
TINY_OR_HUGE = (1e-40, -1e-40, -3e38)
# PyTorch takes the power first, which overflows where the result need not.
LARGE = (65504.0, -3e38, 128, 255, 1000, 32767, 70000, 2**31 - 1, 2**40, 2**63 - 1)

UNARY = [
    *named("neg abs sign sgn square positive nan_to_num"),
    *named("reciprocal sqrt rsqrt", ulps=1),
    *named(
        "isnan isinf isfinite isposinf isneginf isreal logical_not bitwise_not signbit",
        derivative=False,
    ),
    Case("add 2", lambda m, x: m.add(x, 2)),
    Case("add 2.5", lambda m, x: m.add(x, 2.5)),
    Case("add True", lambda m, x: m.add(x, True)),
    Case("3 - x", lambda m, x: 3 - x),
    Case("sub 1.5", lambda m, x: x - 1.5),
    Case("mul 3", lambda m, x: x * 3),
    Case("mul 0.25", lambda m, x: x * 0.25),
    Case("div 4", lambda m, x: x / 4),
    Case("div 0", lambda m, x: x / 0),
    Case("1 / x", lambda m, x: 1 / x, ulps=1),
    Case("pow 2", lambda m, x: x**2),
    Case("pow 3", lambda m, x: x**3, ulps=1),
    Case("pow 0", lambda m, x: x**0),
    Case("pow -1.0", lambda m, x: x**-1.0, ulps=1),
    Case("pow 1.5", lambda m, x: x**1.5, ulps=2),
    Case("pow 0.5", lambda m, x: x**0.5, ulps=1, excused=(-INF, -0.0)),
    Case("pow of 2", lambda m, x: m.pow(2, x), ulps=2),
    Case("pow of 2.5", lambda m, x: m.pow(2.5, x), ulps=2),
    Case("pow of 0", lambda m, x: m.pow(0, x)),
    Case("float_power 2", lambda m, x: m.float_power(x, 2)),
    Case("remainder 3", lambda m, x: x % 3),
    Case("remainder -2.5", lambda m, x: x % -2.5, ulps=1),
    Case("fmod 3", lambda m, x: m.fmod(x, 3)),
    Case("floor_divide 3", lambda m, x: x // 3, derivative=False),
    Case("trunc 3", lambda m, x: m.div(x, 3, rounding_mode="trunc")),
    Case("rsub 3", lambda m, x: m.rsub(x, 3)),
    Case("clamp -1 1", lambda m, x: m.clamp(x, -1, 1), without=WRAPPED),
    Case("clamp 1.5", lambda m, x: m.clamp(x, 1.5)),
    Case("clamp max 1.5", lambda m, x: m.clamp(x, max=1.5)),
    Case("clamp crossed", lambda m, x: m.clamp(x, 2.0, 1.0)),
    Case("clamp_min 1", lambda m, x: m.clamp_min(x, 1)),
    Case("clamp_max 1", lambda m, x: m.clamp_max(x, 1)),
    Case("copysign -2", lambda m, x: m.copysign(x, -2)),
    Case("eq 1", lambda m, x: x == 1, derivative=False),
    Case("ne 1.25", lambda m, x: x != 1.25, derivative=False),
    Case("lt 0.5", lambda m, x: x < 0.5, derivative=False),
    Case("le 1", lambda m, x: x <= 1, derivative=False),
    Case("1 < x", lambda m, x: 1 < x, derivative=False),  # noqa: SIM300
    Case("ge 1", lambda m, x: x >= 1, derivative=False),
    Case("and 5", lambda m, x: x & 5, derivative=False),
    Case("6 or x", lambda m, x: 6 | x, derivative=False),
    Case("xor True", lambda m, x: x ^ True, derivative=False),
    Case("shift left 2", lambda m, x: x << 2, derivative=False),
    Case("shift right 1", lambda m, x: x >> 1, derivative=False),
    Case("3 shift left x", lambda m, x: 3 << x, derivative=False),
    Case("nan_to_num 1 2 3", lambda m, x: m.nan_to_num(x, 1.0, 2.0, -3.0)),
    Case("frexp mantissa", lambda m, x: m.frexp(x)[0]),
    Case("frexp exponent", lambda m, x: m.frexp(x)[1], derivative=False),
    Case("xlogy 2", lambda m, x: m.xlogy(x, 2), ulps=2),
    Case("2 xlogy", lambda m, x: m.xlogy(2, x), ulps=2),
]
BINARY = [
    *named("add sub mul", 2),
    *named("div", 2),
    *named("maximum minimum fmax fmin", 2, unsigned_zero=True),
    *named("copysign nextafter", 2),
    *named("fmod", 2, excused=TINY_OR_HUGE),
    *named("remainder", 2, ulps=1, excused=TINY_OR_HUGE),
    *named("hypot", 2, ulps=1),
    *named("pow xlogy", 2, ulps=2),
    *named("ldexp", 2, ulps=1, excused=LARGE),
    *named(
        "eq ne lt le gt ge logical_and logical_or logical_xor heaviside", 2, derivative=False
    ),
    *named(
        "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift",
        2,
        derivative=False,
    ),
    # Where the result or an absolute value overflows, PyTorch's has another sign.
    *named("gcd", 2, derivative=False, excused=(-128,)),
    *named("lcm", 2, derivative=False, excused=(-128, *LARGE, *(-x for x in LARGE))),
    Case("floor_divide", lambda m, x, y: m.floor_divide(x, y), 2, ulps=1, derivative=False),
    Case("div floor", lambda m, x, y: m.div(x, y, rounding_mode="floor"), 2, ulps=1),
    Case("div trunc", lambda m, x, y: m.div(x, y, rounding_mode="trunc"), 2),
    Case("add alpha", lambda m, x, y: m.add(x, y, alpha=2), 2, ulps=1),
    Case("sub alpha", lambda m, x, y: m.sub(x, y, alpha=3), 2, ulps=1),
    Case("rsub alpha", lambda m, x, y: m.rsub(x, y, alpha=2), 2, ulps=1),
    Case("lerp 0.25", lambda m, x, y: m.lerp(x, y, 0.25), 2, ulps=2),
    Case("clamp min", lambda m, x, y: m.clamp(x, y), 2, unsigned_zero=True),
    Case("clamp max", lambda m, x, y: m.clamp(x, max=y), 2, unsigned_zero=True),
    Case("clamp_min", lambda m, x, y: m.clamp_min(x, y), 2, unsigned_zero=True),
    Case("clamp_max", lambda m, x, y: m.clamp_max(x, y), 2, unsigned_zero=True),
    Case("where", lambda m, x, y: m.where(x > 0, x, y), 2),
    Case("where number", lambda m, x, y: m.where(y > 0, x, 7), 2),
    Case("isclose", lambda m, x, y: m.isclose(x, y, 0.5, 0.25), 2, derivative=False),
    Case(
        "isclose nan",
        lambda m, x, y: m.isclose(x, y, equal_nan=True),
        2,
        derivative=False,
    ),
    Case("isclose exact", lambda m, x, y: m.isclose(x, y, 0.0, 0.0), 2, derivative=False),
]
TERNARY = [
    Case("addcmul", lambda m, x, y, z: m.addcmul(x, y, z), 3, ulps=1),
    Case("addcmul 0.5", lambda m, x, y, z: m.addcmul(x, y, z, value=0.5), 3, ulps=1),
    Case("addcdiv", lambda m, x, y, z: m.addcdiv(x, y, z), 3, ulps=2),
    Case("addcdiv 2", lambda m, x, y, z: m.addcdiv(x, y, z, value=2), 3, ulps=2),
    Case("lerp", lambda m, x, y, z: m.lerp(x, y, z), 3, ulps=2),
    Case("clamp", lambda m, x, y, z: m.clamp(x, y, z), 3),
]
CASES = [*UNARY, *BINARY, *TERNARY]

#: The elements to try, by dtype; not the smallest int64, whose division by -1 ends PyTorch's
#: process.
VALUES: dict[str, Sequence[float]] = {
    "bool": (True, False),
    "uint8": (0, 1, 2, 3, 7, 100, 128, 255),
    "int8": (0, 1, -1, 2, -3, 7, 100, 127, -128),
    "int16": (0, 1, -1, 2, -3, 7, 1000, 32767, -32767),
    "int32": (0, 1, -1, 2, -3, 7, 70000, 2**31 - 1, -(2**31) + 1),
    "int64": (0, 1, -1, 2, -3, 7, 2**40, 2**63 - 1, -(2**63) + 1),
    **dict.fromkeys(FLOATS, (*ORDINARY, *SPECIAL)),
}
