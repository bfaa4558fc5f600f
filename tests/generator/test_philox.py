"""The Philox stream: its published vectors, its formulas read back, and what it promises."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.draws import dtype_named
from gnomon.dtypes import bfloat16, float16, float32, float64
from gnomon.generator import philox_normal
from gnomon.generator.philox import (
    Block,
    PhiloxGenerator,
    bernoulli,
    philox,
    randint,
    uniform,
    words,
    words64,
)

# Random123, tests/kat_vectors, the lines "philox4x32 10".
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip

# This package's own numbers: the stream is a promise to every accelerator.
WORDS = [3890665279, 2863027882, 2163814105, 1832588795, 1222329649]
UNIFORM = [0.8062748908996582, 0.1010061502456665, -0.5075961351394653]
DOUBLES = [0.9031374937739463, 0.246201945012256]
NORMAL = [
    -0.4288627505302429,
    -0.14084622263908386,
    1.6236722469329834,
    0.40852707624435425,
    0.5014968514442444,
    -0.642013669013977,
]
EXPONENTIAL = [0.10188046097755432, 0.5969226360321045, 1.4016029834747314]

seeds = st.integers(0, 2**64 - 1)


def block(text: str) -> Block:
    first, second, third, fourth = (int(word, 16) for word in text.split())
    return first, second, third, fourth


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_known_answers(counter: str, key: str, answer: str) -> None:
    first, second = (int(word, 16) for word in key.split())
    assert philox(block(counter), (first, second)) == block(answer)


@given(seed=seeds, offset=seeds, index=st.integers(0, 40))
def test_a_word_is_a_function_of_seed_offset_and_index(
    seed: int, offset: int, index: int
) -> None:
    counter = (index // 4, 0, offset % 2**32, offset // 2**32)
    key = (seed % 2**32, seed // 2**32)
    drawn = words(seed, offset, 41)
    assert len(drawn) == 41
    assert drawn[index] == philox(counter, key)[index % 4]
    assert words64(seed, offset, 20) == [
        high << 32 | low for high, low in zip(drawn[:40:2], drawn[1:40:2], strict=True)
    ]


@given(seed=seeds, count=st.integers(0, 30))
def test_a_shorter_draw_is_the_beginning_of_a_longer_one(seed: int, count: int) -> None:
    for dtype in (float16, bfloat16, float32, float64):
        for draw in (uniform, philox_normal.normal, philox_normal.exponential):
            assert draw(seed, 1, count, dtype) == draw(seed, 1, 31, dtype)[:count]
    assert randint(seed, 1, count, -5, 9) == randint(seed, 1, 31, -5, 9)[:count]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 1.01), (2.0, 2.0)])
def test_uniform_stays_below_its_open_end(dtype: str, low: float, high: float) -> None:
    named = dtype_named(dtype)
    bottom, top = named.round(low), named.round(high)
    numbers = uniform(3, 0, 4000, named, low, high)
    assert all(bottom <= number < top for number in numbers) or low == high == numbers[0]
    assert numbers == [named.round(number) for number in numbers]


def test_uniform_has_the_mean_and_the_variance_of_its_range() -> None:
    numbers = uniform(7, 2, 20000, float32, -1.0, 3.0)
    # Standard errors: 4 / sqrt(12 n) of the mean; of the variance (16 / 12) sqrt(0.8 / n).
    assert fmean(numbers) == pytest.approx(1.0, abs=4 * 4 / math.sqrt(12 * 20000))
    variance = fmean((number - 1.0) ** 2 for number in numbers)
    assert variance == pytest.approx(16 / 12, abs=4 * 16 / 12 * math.sqrt(0.8 / 20000))


def test_normal_has_mean_0_variance_1_and_uncorrelated_neighbours() -> None:
    numbers = philox_normal.normal(7, 2, 20000, float32)
    error = 4 / math.sqrt(20000)
    assert fmean(numbers) == pytest.approx(0.0, abs=error)
    assert fmean(x * x for x in numbers) == pytest.approx(1.0, abs=error * math.sqrt(2))
    assert fmean(x * y for x, y in pairwise(numbers)) == pytest.approx(0.0, abs=error)


def test_normal_is_box_muller_of_its_words() -> None:
    drawn = words(5, 9, 1000)
    numbers = philox_normal.normal(5, 9, 1000, float64)
    for first in range(0, 1000, 2):
        radius = math.sqrt(-2 * math.log(((drawn[first] >> 8) + 1) * 2.0**-24))
        angle = 2 * math.pi * (drawn[first + 1] >> 8) * 2.0**-24
        pair = (radius * math.cos(angle), radius * math.sin(angle))
        assert numbers[first : first + 2] == pytest.approx(pair, rel=2.0**-21)


def test_normal_scales_and_shifts_in_the_dtype() -> None:
    samples = philox_normal.normal(1, 1, 50, float32)
    scaled = philox_normal.normal(1, 1, 50, float32, 0.3, 0.7)
    third, seventh = array("f", (0.3, 0.7))
    steps = array("f", [sample * seventh for sample in samples])
    assert scaled == array("f", [step + third for step in steps]).tolist()


def test_exponential_has_its_mean_and_is_never_negative() -> None:
    numbers = philox_normal.exponential(3, 1, 20000, float32, 2.0)
    assert min(numbers) >= 0.0
    assert fmean(numbers) == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(20000))


def ulps(actual: float, exact: float) -> float:
    return abs(actual - exact) / (math.ulp(exact) * 2.0**29) if exact else abs(actual)


def test_the_float32_steps_are_within_2_ulps() -> None:
    steps = [*range(0, 2**24, 4099), 2**24 - 1]
    for step, result in zip(steps, philox_normal.log(steps), strict=True):
        assert ulps(result, math.log((step + 1) * 2.0**-24)) <= 2
    squares = array("f", [0.0, 1.5 * 2.0**-20, *(step * 2.0**-19 for step in steps[1:])])
    for square, root in zip(squares, philox_normal.sqrt(squares), strict=True):
        assert ulps(root, math.sqrt(square)) <= 1
    tau = 2 * math.pi * 2.0**-24
    for step, cosine, sine in zip(steps, *philox_normal.turn(steps), strict=True):
        # Near a quarter turn only the distance to it matters, which is exact.
        rest = (step + 2**21) % 2**22 - 2**21
        small, large = math.sin(rest * tau), math.cos(rest * tau)
        near_axis = (step + 2**21) // 2**22 % 2 == 0
        assert ulps(abs(sine if near_axis else cosine), abs(small)) <= 3
        assert ulps(abs(cosine if near_axis else sine), large) <= 2


def test_bernoulli_compares_24_bits() -> None:
    drawn = [(word >> 8) * 2.0**-24 for word in words(1, 1, 200)]
    assert bernoulli(1, 1, 200, 0.25) == [value < 0.25 for value in drawn]
    assert not any(bernoulli(1, 1, 200, 0.0))
    assert all(bernoulli(1, 1, 200, 1.0))


def test_randint_takes_64_bits_for_wide_ranges_only() -> None:
    assert randint(1, 0, 9, 5, 5 + 2**28 - 1) == [
        5 + word % (2**28 - 1) for word in words(1, 0, 9)
    ]
    assert randint(1, 0, 9, -1, 2**28 - 1) == [word % 2**28 - 1 for word in words64(1, 0, 9)]
    assert randint(1, 0, 2, 0, 2**64) == words64(1, 0, 2)


def test_golden_numbers() -> None:
    assert words(2**40 + 7, 3, 5) == WORDS
    assert uniform(1, 2, 3, float32, -1.0, 1.0) == UNIFORM
    assert uniform(1, 2, 2, float64) == DOUBLES
    assert philox_normal.normal(1, 2, 6, float32) == NORMAL
    assert philox_normal.exponential(1, 2, 3, float32) == EXPONENTIAL


def test_the_generator_counts_draws_and_saves_its_state() -> None:
    generator = PhiloxGenerator(-1)
    assert [generator.next_offset() for _ in range(3)] == [0, 1, 2]
    clone = generator.clone()
    assert clone.initial_seed() == 2**64 - 1
    assert clone.next_offset() == generator.next_offset() == 3
    assert generator.manual_seed(4).next_offset() == 0
    assert generator.seed() == generator.initial_seed()
    with pytest.raises(RuntimeError, match="16 bytes, got 3"):
        generator.set_state_bytes(b"abc")


@pytest.mark.parametrize(
    "draw",
    [
        lambda: uniform(0, 0, 1, float32, 1.0, 0.0),
        lambda: uniform(0, 0, 1, float16, 0.0, 1e5),
        lambda: bernoulli(0, 0, 1, 1.5),
        lambda: randint(0, 0, 1, 3, 3),
        lambda: philox_normal.normal(0, 0, 1, float32, 0.0, -1.0),
        lambda: philox_normal.exponential(0, 0, 1, float32, 0.0),
    ],
)
def test_bad_parameters_are_runtime_errors(draw: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError):
        draw()
