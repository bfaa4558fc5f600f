"""What is another thing on integers: rounding is nothing, and a zero divisor is an error."""

from __future__ import annotations

from typing import Final

import numpy as np

from gnomon_numpy.cells import Array
from gnomon_numpy.tables import Binary, table


def _checked(name: str, divide: Binary) -> Binary:
    """Return ``divide`` with the error that every device has for a zero divisor."""

    def checked(a: Array, b: Array) -> Array:
        if not np.all(b):
            raise RuntimeError(
                f"{name}: ZeroDivisionError, an integer was divided by zero. Convert to a "
                "floating-point dtype to get inf or nan."
            )
        return divide(a, b)

    return checked


def _cut_quotient(a: Array, b: Array) -> Array:
    return np.floor_divide(a - np.fmod(a, b), b)


def _power(a: Array, b: Array) -> Array:
    """Powers modulo 2 to the bits; negative ones are the exact power, cut to an integer."""
    negative = b < 0
    unit = np.where(b % 2 == 0, a * a, a)
    cut = np.where((a == 1) | (a + 1 == 0), unit, 0)
    return np.where(negative, cut, np.power(a, np.where(negative, 0, b)))


def _unchanged(a: Array) -> Array:
    return a


ON_INTEGERS: Final = table(
    {"floor": _unchanged, "ceil": _unchanged, "trunc": _unchanged, "round": _unchanged},
    {
        "floor_divide": _checked("floor_divide", np.floor_divide),
        "trunc_divide": _checked("trunc_divide", _cut_quotient),
        "remainder": _checked("remainder", np.remainder),
        "fmod": _checked("fmod", np.fmod),
        "pow": _power,
    },
)
ON_BOOLS: Final = table({"sign": _unchanged}, {"pow": lambda a, b: a | ~b})
