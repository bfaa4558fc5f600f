"""Formulas whose steps are rounded to the dtype itself, or walk along its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from gnomon.backend import DType, float64
from gnomon_numpy.cells import Array, decoded, encoded, rounded

#: The powers of ten that float64 has, and infinity.
_TENS: Final = np.array([float(f"1e{exponent}") for exponent in range(310)])


def _trunc_divide(a: Array, b: Array, dtype: DType) -> Array:
    """The quotient, rounded to the dtype and then toward zero."""
    return np.trunc(rounded(a / b, dtype))


def _round_decimals(a: Array, b: Array, dtype: DType) -> Array:
    """Scaled by a power of ten, rounded and scaled back, in float32 unless ``a`` is float64."""
    working = np.float64 if dtype is float64 else np.float32
    a, decimals = a.astype(working), np.trunc(b)
    scale = _TENS[np.minimum(np.abs(decimals), 309).astype(np.int64)].astype(working)
    after, before = np.rint(a * scale) / scale, np.rint(a / scale) * scale
    return np.where(decimals > 0, after, np.where(decimals < 0, before, np.rint(a)))


def _neighbour(a: Array, b: Array, dtype: DType) -> Array:
    """The next number of the dtype: floats of one sign are ordered as their bits are."""
    cells = encoded(a, dtype)
    bits = cells.view(f"int{8 * dtype.itemsize}")
    outward = (b > a) == (a > 0)
    found = decoded(np.where(outward, bits + 1, bits - 1).view(cells.dtype), dtype)
    smallest = decoded(np.ones_like(bits).view(cells.dtype), dtype)
    found = np.where(a == 0, np.copysign(smallest, b), found)
    return np.where(np.isnan(a) | np.isnan(b), np.nan, np.where(a == b, b, found))


STEPWISE: Final[dict[str, Callable[[Array, Array, DType], Array]]] = {
    "trunc_divide": _trunc_divide,
    "round_decimals": _round_decimals,
    "nextafter": _neighbour,
}
