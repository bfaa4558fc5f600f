"""Integer draws and permutations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from gnomon.dtypes import DType, bfloat16, bool_, float32, float64, int64
from gnomon.generator.mersenne import MersenneTwister
from gnomon.generator.requirements import require
from gnomon.generator.rounding import round_integers

Numbers: TypeAlias = list[int] | list[float]
"""Integers for an integer dtype or bool, floats of the dtype for a floating one."""

# Above this many values a 32-bit draw modulo the range would be off by more than one in 16.
_WIDE_RANGE: Final = 2**28
# Above this length randperm draws 64 bits a step, for the same reason.
_LONG_PERMUTATION: Final = (2**32 - 1) // 20

_DIGITS: Final = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
"""Bits of significand: up to 2**digits every integer is a number of the dtype."""


def randint(
    generator: MersenneTwister, count: int, dtype: DType, low: int, high: int
) -> Numbers:
    """Return `count` integers in [low, high): `torch.randint`, `Tensor.random_(low, high)`.

    Each is a draw of 32 bits, or 64 when the range spans 2**28 values or more, modulo the
    range. A floating dtype first moves bounds it cannot hold to ones it can. Raises
    `RuntimeError` when the range is empty or leaves the dtype's.

    >>> randint(MersenneTwister(0), 5, int64, 0, 10)
    [4, 9, 3, 0, 3]
    """
    low, high = bounds_within(dtype, low, high)
    return _from_range(generator, count, dtype, low, high - low)


def bounds_within(dtype: DType, low: int, high: int) -> tuple[int, int]:
    """Return the bounds to draw between: those given, or next to them if `dtype` lacks them.

    Errors as in `randint`.

    >>> bounds_within(float32, 0, 2**24 + 1)
    (0, 16777217)
    """
    require(low < high, f"random_: low must be less than high, got low={low}, high={high}")
    lowest, highest = _bounds(dtype)
    outside = f"is outside {dtype!r}, whose numbers lie in [{lowest}, {highest}]"
    require(lowest <= low <= highest, f"random_: low={low} {outside}")
    require(lowest <= high - 1 <= highest, f"random_: high - 1 = {high - 1} {outside}")
    if dtype.is_floating_point:
        low, high = _representable_low(low, dtype), _representable_high(high, dtype)
        require(low < high, f"random_: {dtype!r} holds no number between low and high")
    return low, high


def random_from(generator: MersenneTwister, count: int, dtype: DType, low: int) -> Numbers:
    """Return `count` integers from `low` to the dtype's largest: `Tensor.random_(low, None)`.

    For a floating dtype the largest is 2**digits. The lowest int64 asks for all 64 bits, of
    int64, float64, float32 and bfloat16 only. Raises `RuntimeError` when `low` leaves the
    dtype's range, and in a floating dtype when it is that largest.

    >>> from gnomon.dtypes import int8
    >>> random_from(MersenneTwister(0), 3, int8, 100)
    [104, 103, 121]
    """
    if low == -(2**63):
        require(
            dtype in (int64, float64, float32, bfloat16),
            f"random_: 64 random bits need int64, float64, float32 or bfloat16, got {dtype!r}",
        )
        signed = [word - (word >> 63 << 64) for word in generator.words64(count)]
        return round_integers(signed, dtype) if dtype.is_floating_point else signed
    lowest, _ = _bounds(dtype)
    highest = _largest_drawn(dtype)
    require(
        lowest <= low <= highest,
        f"random_: low={low} is outside {dtype!r}, which draws from [{lowest}, {highest}]",
    )
    if dtype.is_floating_point:
        low = _representable_low(low, dtype)
        require(low < highest, f"random_: low={low} must be less than {highest} for {dtype!r}")
    return _from_range(generator, count, dtype, low, highest - low + 1)


def random_full(generator: MersenneTwister, count: int, dtype: DType) -> Numbers:
    """Return `count` integers from 0 to the dtype's largest: `Tensor.random_()`.

    For a floating dtype the largest is 2**digits. 64-bit dtypes draw 64 bits, others 32.

    >>> from gnomon.dtypes import uint8
    >>> random_full(MersenneTwister(0), 3, uint8)
    [172, 47, 117]
    """
    span = _largest_drawn(dtype) + 1
    draw: Sequence[int]
    if dtype.itemsize == 8:
        draw = generator.words64(count)
    else:
        draw = generator.words(count)
    values = [word % span for word in draw]
    return round_integers(values, dtype) if dtype.is_floating_point else values


def randperm(generator: MersenneTwister, length: int) -> list[int]:
    """Return a random order of 0, 1, ..., length - 1: `torch.randperm`, whatever its dtype.

    Fisher and Yates' shuffle from the front. Raises `RuntimeError` for a negative length.

    >>> randperm(MersenneTwister(0), 5)
    [4, 0, 1, 3, 2]
    """
    require(length >= 0, f"randperm: n must not be negative, got n={length}")
    order = list(range(length))
    steps = max(length - 1, 0)
    words: Sequence[int]
    if length < _LONG_PERMUTATION:
        words = generator.words(steps)
    else:
        words = generator.words64(steps)
    for index, word in enumerate(words):
        other = index + word % (length - index)
        order[index], order[other] = order[other], order[index]
    return order


def _from_range(
    generator: MersenneTwister, count: int, dtype: DType, low: int, span: int
) -> Numbers:
    words: Sequence[int]
    if span >= _WIDE_RANGE:
        words = generator.words64(count)
    else:
        words = generator.words(count)
    values = [low + word % span for word in words]
    return round_integers(values, dtype) if dtype.is_floating_point else values


def _bounds(dtype: DType) -> tuple[int, int]:
    """Return the least and the greatest integer that may be asked of `dtype`, within int64."""
    if dtype is bool_:
        return 0, 1
    if dtype.is_floating_point:
        limit = 65504 if dtype.name == "float16" else 2**63
        return -limit, limit
    bits = 8 * dtype.itemsize
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if dtype.is_signed else (0, 2**bits - 1)


def _largest_drawn(dtype: DType) -> int:
    return 2 ** _DIGITS[dtype.name] if dtype.is_floating_point else _bounds(dtype)[1]


def _representable_low(low: int, dtype: DType) -> int:
    """Raise `low` past a gap between the dtype's numbers if `low + 1` would round below it."""
    (rounded,) = round_integers((low + 1,), dtype)
    if rounded >= low:
        return low
    return int(rounded) + _spacing(low + 1, dtype)


def _representable_high(high: int, dtype: DType) -> int:
    """Lower `high` past a gap between the dtype's numbers if `high - 1` would round to it."""
    (rounded,) = round_integers((high - 1,), dtype)
    if rounded < high:
        return high
    return int(rounded) - _spacing(high - 1, dtype)


def _spacing(value: int, dtype: DType) -> int:
    return 1 << max(abs(value).bit_length() - _DIGITS[dtype.name], 0)
