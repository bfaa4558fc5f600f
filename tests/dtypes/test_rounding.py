"""Rounding and packing against an exact model in fractions."""

import math
import struct
from array import array
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import gnomon.dtypes as dt
from gnomon.dtypes import DType, finfo, iinfo

# Bits of significand and largest exponent: IEEE 754-2019, table 3.5.
FORMATS = {
    dt.float16: (11, 15),
    dt.bfloat16: (8, 127),
    dt.float32: (24, 127),
    dt.float64: (53, 1023),
}
HALVES = (dt.float16, dt.bfloat16)
INTEGERS = [d for d in dt.ALL_DTYPES if not d.is_floating_point and d is not dt.bool_]


def nearest(number: Fraction, dtype: DType) -> float:
    """The element nearest to `number`, ties to even, by the definition."""
    precision, largest = FORMATS[dtype]
    exponent = 1 - largest
    while abs(number) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    quantum = Fraction(2) ** (exponent - precision + 1)
    rounded = round(number / quantum) * quantum  # round() of a fraction takes ties to even
    if abs(rounded) >= Fraction(2) ** (largest + 1):
        return math.copysign(math.inf, number)
    return math.copysign(float(rounded), number)


def same(left: Sequence[float], right: Sequence[float]) -> bool:
    """Equal including the sign of zero; NaN equals NaN."""
    return list(map(key, left)) == list(map(key, right))


def key(value: float) -> tuple[float, float]:
    return (math.inf, 0.0) if math.isnan(value) else (value, math.copysign(1.0, value))


def decoded(cell: int, dtype: DType) -> float:
    """The meaning of a 16-bit pattern, by the definition."""
    precision, largest = FORMATS[dtype]
    sign = -1.0 if cell >> 15 else 1.0
    field, mantissa = (cell & 0x7FFF) >> precision - 1, cell & (1 << precision - 1) - 1
    if field == 2 * largest + 1:
        return math.nan if mantissa else sign * math.inf
    if field == 0:
        return sign * math.ldexp(mantissa, 2 - largest - precision)
    significand = mantissa + (1 << precision - 1)
    return sign * math.ldexp(significand, field - largest - precision + 1)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_every_cell_means_what_the_format_says(dtype: DType) -> None:
    cells = range(1 << 16)
    assert same(dtype.unpack(cells), [decoded(cell, dtype) for cell in cells])


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_every_cell_survives_the_round_trip(dtype: DType) -> None:
    values = dtype.unpack(array("H", range(1 << 16)))
    packed = dtype.pack(values)
    for cell, value in enumerate(values):
        assert packed[cell] == cell or math.isnan(value)
    assert same(dtype.unpack(packed), values)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_every_midpoint_and_its_neighbours(dtype: DType) -> None:
    """Between any two elements: the tie goes to the even cell, a double beside it does not."""
    finite = [value for value in dtype.unpack(range(0x7FFF)) if value < math.inf]
    overflow = 2.0 ** (FORMATS[dtype][1] + 1)
    middles = [(low + high) / 2 for low, high in pairwise([*finite, overflow])]
    ties = dtype.pack(middles)
    below = dtype.pack([math.nextafter(middle, 0.0) for middle in middles])
    above = dtype.pack([math.nextafter(middle, math.inf) for middle in middles])
    for cell in range(len(middles)):
        assert ties[cell] == cell + cell % 2
        assert (below[cell], above[cell]) == (cell, cell + 1)
    negative = dtype.pack([-middle for middle in middles])
    assert [cell - 0x8000 for cell in negative] == list(ties)


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_floats_round_to_nearest_even(dtype: DType, value: float) -> None:
    expected = [nearest(Fraction(value), dtype)]
    if value == 0.0:
        expected = [value]
    assert same([dtype.round(value)], expected)
    assert same([dtype.convert(value)], expected)
    assert same(dtype.convert_all([value], dt.float64), expected)


def near_ties(dtype: DType) -> st.SearchStrategy[float]:
    """Doubles at, just beside, or within float32's precision of a midpoint of `dtype`."""
    precision, largest = FORMATS[dtype]
    lowest = 1 - largest - precision
    return st.builds(
        lambda significand, exponent, nudge: math.ldexp(2 * significand + 1 + nudge, exponent),
        st.integers(-(1 << precision), 1 << precision),
        st.integers(lowest - 1, largest - precision),
        st.sampled_from([0.0, 2.0**-40, -(2.0**-40), 2.0**-20, -(2.0**-20), 2.0**-12]),
    )


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@given(data=st.data())
def test_rounded_once_near_ties(dtype: DType, data: st.DataObject) -> None:
    values = data.draw(st.lists(near_ties(dtype), min_size=1, max_size=8))
    expected = [nearest(Fraction(value), dtype) for value in values]
    assert same(dtype.unpack(dtype.pack(values)), expected)
    assert same([dtype.round(value) for value in values], expected)


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@given(integer=st.integers(-(2**63), 2**64 - 1))
@example((1 << 62) + (1 << 54) + 1)  # a tie of bfloat16, were it not for the last bit
@example((1 << 62) + (1 << 38) + 1)  # the same for float32
@example((1 << 62) + (1 << 38))
@example((1 << 62) - 1)
def test_integers_are_rounded_once(dtype: DType, integer: int) -> None:
    expected = nearest(Fraction(integer), dtype)
    assert dtype.convert(integer) == expected
    source = dt.int64 if integer < 2**63 else dt.uint64
    assert list(dtype.convert_all([integer, 1], source)) == [expected, 1.0]


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_special_values(dtype: DType) -> None:
    limits = finfo(dtype)
    values = [0.0, -0.0, math.inf, -math.inf, math.nan, limits.max, limits.min, limits.tiny]
    assert same(dtype.unpack(dtype.pack(values)), values)
    beyond = math.nextafter(limits.max, math.inf)
    assert dtype.round(beyond) == (math.inf if dtype is dt.float64 else limits.max)


def test_float32_nans_of_every_payload_become_bfloat16_nans() -> None:
    patterns = [0x7FFFFFFF, 0xFFFFFFFF, 0x7FFF8000, 0xFFFF8000, 0x7F800001, 0x7FC08000]
    mixed = [bits for pattern in patterns for bits in (pattern, 0x3F800000)]
    singles = memoryview(struct.pack(f"={len(mixed)}I", *mixed)).cast("f")
    expected = [math.nan, 1.0] * len(patterns)
    assert same(dt.bfloat16.convert_all(singles, dt.float32), expected)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@given(values=st.lists(st.integers(-(2**70), 2**70), max_size=5))
def test_integers_wrap(dtype: DType, values: list[int]) -> None:
    limits = iinfo(dtype)
    packed = dtype.pack(values)
    for value, cell in zip(values, packed, strict=True):
        assert limits.min <= cell <= limits.max
        assert (value - cell) % 2**limits.bits == 0
        assert dtype.round(value) == dtype.convert(value) == cell


def test_bool_cells_are_zero_and_one() -> None:
    values = [False, True, 0, 1, 2, 255, 256, -1]
    assert dt.bool_.pack(values[:6]).tolist() == [0, 1, 0, 1, 1, 1]
    assert dt.bool_.pack(values).tolist() == [0, 1, 0, 1, 1, 1, 1, 1]
    assert dt.bool_.pack([0.0, -0.0, math.nan, 1e-320]).tolist() == [0, 0, 1, 1]
    assert all(type(value) is bool for value in dt.bool_.unpack([0, 1, 2]))
    assert list(dt.bool_.unpack([0, 1, 2])) == [False, True, True]


def test_floats_are_not_integer_cells() -> None:
    with pytest.raises(TypeError):
        dt.int32.pack([1.0])


@pytest.mark.parametrize("dtype", dt.ALL_DTYPES, ids=str)
def test_cells_come_in_any_sequence(dtype: DType) -> None:
    cells = dtype.pack([1, 0, 1, 1])
    expected = [1, 0, 1, 1]
    assert list(dtype.unpack(cells)) == expected
    assert list(dtype.unpack(cells.tolist())) == expected
    assert list(dtype.unpack(memoryview(cells)[::-1])) == expected[::-1]
    assert list(dtype.unpack(memoryview(cells)[::2])) == expected[::2]
    assert len(dtype.unpack(cells[:0])) == len(dtype.pack([])) == 0


@pytest.mark.parametrize("dtype", dt.ALL_DTYPES, ids=str)
def test_cells_that_are_values_are_not_copied(dtype: DType) -> None:
    cells = dtype.pack([1, 0])
    direct = dtype not in (dt.bool_, dt.float16, dt.bfloat16)
    assert (dtype.unpack(cells) is cells) == direct


@pytest.mark.parametrize("dtype", dt.ALL_DTYPES, ids=str)
def test_pack_from_asks_once_when_all_fit(dtype: DType) -> None:
    asked = 0

    def source() -> Iterator[int]:
        nonlocal asked
        asked += 1
        return map(int, [1, 0, 1])

    assert dtype.pack_from(source) == dtype.pack([1, 0, 1])
    assert asked == 1


def test_pack_from_asks_again_when_some_do_not_fit() -> None:
    assert dt.int8.pack_from(lambda: map(int, [1, 200])).tolist() == [1, -56]
    halves = dt.float16.pack_from(lambda: map(float, [1, 7e4, -7e4]))
    assert list(dt.float16.unpack(halves)) == [1.0, math.inf, -math.inf]
