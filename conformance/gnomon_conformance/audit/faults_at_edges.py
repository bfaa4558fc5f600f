"""Faults beside the places where functions overflow, vanish, change sign or level off."""

from __future__ import annotations

import math
from collections.abc import Callable

from gnomon.backend import Scalar
from gnomon_conformance.audit.faulty import Hooks
from gnomon_conformance.audit.register import hooked

_SMALLEST_NORMAL = 2.0**-126


def _beside(
    name: str,
    operation: str,
    concerned: Callable[[Scalar, Scalar], bool],
    wrong: Callable[[Scalar], Scalar],
    dtype: str = "float32",
) -> None:
    """Add a fault that replaces results by ``wrong`` of them, where ``concerned``, of the
    result and the last operand, says so.
    """
    hooked(
        name,
        f"edges/{operation}/{dtype}",
        Hooks(
            element=lambda mine, d, y, row: (
                wrong(y)
                if mine == operation and d.name == dtype and concerned(y, row[-1])
                else y
            )
        ),
    )


def _infinite(value: Scalar) -> float:
    return math.copysign(math.inf, value)


def _off(part: float) -> Callable[[Scalar], Scalar]:
    return lambda value: value * (1.0 + part)


_beside("exp is infinite from 88 on", "exp", lambda y, x: 88 < x < 88.72, _infinite)
_beside(
    "exp of float64 is infinite from 709 on",
    "exp",
    lambda y, x: x > 709 and y < math.inf,
    _infinite,
    "float64",
)
_beside("exp is 0 where it is subnormal", "exp", lambda y, x: y < _SMALLEST_NORMAL, _off(-1.0))
_beside("sinh is infinite where exp is", "sinh", lambda y, x: abs(x) > 88.73, _infinite)
_beside("sigmoid is 0 where it is subnormal", "sigmoid", lambda y, x: x < -87.4, _off(-1.0))
_beside("tanh short of 1 where it is 1", "tanh", lambda y, x: 9 < abs(x) < 10, _off(-1e-6))
_beside(
    "sin inexact beside multiples of pi",
    "sin",
    lambda y, x: abs(x) > 1 and abs(y) < 1e-3,
    _off(1e-3),
)
_beside("tan inexact beside its poles", "tan", lambda y, x: abs(y) > 1e4, _off(1e-2))
_beside("log inexact beside 1", "log", lambda y, x: 0 < abs(x - 1) < 1e-3, _off(1e-4))
_beside("acos inexact beside 1", "acos", lambda y, x: 0.999 < x < 1, _off(1e-2))
_beside("atanh inexact beside 1", "atanh", lambda y, x: 0.999 < abs(x) < 1, _off(1e-2))
_beside(
    "pow overflows early",
    "pow",
    lambda y, x: 1e37 < abs(y) < math.inf,
    _infinite,
)
_beside("hypot overflows in its squares", "hypot", lambda y, x: 2e19 < y < math.inf, _infinite)

_beside(
    "exp of half precision is infinite from 11 on",
    "exp",
    lambda y, x: 11 < x < 11.09,
    _infinite,
    "float16",
)
_beside(
    "tanh of half precision is 1 from 3 on",
    "tanh",
    lambda y, x: 3 < abs(x) < 4.1,
    lambda y: math.copysign(1.0, y),
    "float16",
)
_beside("erfc of float64 is 0 from 20 on", "erfc", lambda y, x: x > 20, _off(-1), "float64")
_beside(
    "digamma is 0 beside its root",
    "digamma",
    lambda y, x: abs(x - 1.4616321) < 2e-3,
    _off(-1),
    "float32",
)
_beside(
    "Bessel function is 0 beside its second root",
    "special_bessel_j0",
    lambda y, x: abs(abs(x) - 5.5200781) < 1e-2,
    _off(-1),
    "float32",
)
