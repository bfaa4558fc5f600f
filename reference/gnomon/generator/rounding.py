"""Rounding a list of doubles to a dtype, and multiply-add rounded once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import Final

from gnomon.dtypes import DType, float32, float64
from gnomon.dtypes.cells import round_once

# Veltkamp's constant: splits a double into two halves whose products are exact.
_SPLITTER: Final = 2.0**27 + 1.0


def round_single(value: float) -> float:
    """Round to float32; out of range becomes an infinity.

    >>> round_single(0.1)
    0.10000000149011612
    """
    return array("f", (value,))[0]


def round_floats(values: Iterable[float], dtype: DType) -> list[float]:
    """Round doubles to a floating `dtype`, to nearest even.

    float16 and bfloat16 go through float32, as PyTorch's conversion from a double draw does.

    >>> from gnomon.dtypes import bfloat16
    >>> round_floats([1 / 3], bfloat16)
    [0.333984375]
    """
    if dtype is float64:
        return list(values)
    singles = array("f", values)
    if dtype is float32:
        return singles.tolist()
    return list(dtype.unpack(dtype.pack(singles)))


def round_integers(values: Sequence[int], dtype: DType) -> list[float]:
    """Round 64-bit integers to a floating `dtype`: once, or through float32 to the 16-bit ones.

    >>> round_integers([2**60 + 2**36 + 1], float32) == [float(2**60 + 2**37)]
    True
    """
    if dtype is float64:
        return list(map(float, values))
    return round_floats(round_once(values), dtype)


def multiply_add(
    values: Sequence[float], scale: float, shift: float, dtype: DType
) -> list[float]:
    """Return `value * scale + shift` for each value, each rounded once to float32 or float64.

    PyTorch's draws are compiled to fused multiply-add instructions. All numbers must already
    be of `dtype`. Where `scale` is beyond 2**800 or below 2**-800, float64 rounds twice.

    >>> multiply_add([0.1], 10.0, -1.0, float64)
    [5.551115123125783e-17]
    """
    if dtype is float64:
        return _multiply_add_double(values, scale, shift)
    # The product of two float32 is exact in double; only the sum can round twice, and only
    # where its double is the midpoint of two float32.
    sums = array("d", [value * scale + shift for value in values])
    patterns = array("Q", sums.tobytes())
    for index, pattern in enumerate(patterns):
        if pattern & 0x1FFF_FFFF == 0x1000_0000:
            sums[index] = _off_midpoint(values[index] * scale, shift)
    return array("f", sums).tolist()


def _off_midpoint(product: float, shift: float) -> float:
    """Return the sum, moved off a float32 midpoint if the exact sum is not on it."""
    total = product + shift
    # Knuth's two-sum: total + error is exact (The Art of Computer Programming, 4.2.2).
    shift_part = total - product
    error = (product - (total - shift_part)) + (shift - shift_part)
    return math.nextafter(total, math.copysign(math.inf, error)) if error else total


def _multiply_add_double(values: Sequence[float], scale: float, shift: float) -> list[float]:
    exact_apart = shift == 0.0 or scale == 1.0 or not math.isfinite(shift)
    # Beyond these bounds, zero and infinity included, the halves leave the exponent range.
    if exact_apart or not 2.0**-800 < abs(scale) < 2.0**800:
        return [value * scale + shift for value in values]
    carry = _SPLITTER * scale
    scale_high = carry - (carry - scale)
    scale_low = scale - scale_high
    results = []
    for value in values:
        carry = _SPLITTER * value
        high = carry - (carry - value)
        low = value - high
        product = value * scale
        # Dekker's product: product + error is exact (Numerische Mathematik 18, 1971).
        error = high * scale_high - product + high * scale_low + low * scale_high
        results.append(math.fsum((product, error + low * scale_low, shift)))
    return results
