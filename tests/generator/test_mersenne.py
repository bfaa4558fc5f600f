"""The Mersenne Twister: its published words, its seeds and its saved states."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.dtypes import float64
from gnomon.generator import DEFAULT_SEED, STATE_SIZE, MersenneTwister
from gnomon.generator.normal import normal, standard_normal


def test_published_words() -> None:
    # C++ standard, [rand.predef]: mt19937 seeded 5489 gives this as its 10000th word.
    assert MersenneTwister(5489).words(10000)[-1] == 4123659995


def test_only_the_low_32_bits_of_a_seed_choose_the_words() -> None:
    assert MersenneTwister(2**32 + 5).words(700) == MersenneTwister(5).words(700)
    assert MersenneTwister(2**32 + 5).initial_seed() == 2**32 + 5


@given(seed=st.integers(0, 2**64 - 1), sizes=st.lists(st.integers(0, 700), max_size=4))
def test_words_in_bulk_are_words_one_by_one(seed: int, sizes: list[int]) -> None:
    bulk, single = MersenneTwister(seed), MersenneTwister(seed)
    for size in sizes:
        assert bulk.words(size) == tuple(single.random() for _ in range(size))
        assert bulk.words64(size % 5) == [single.random64() for _ in range(size % 5)]
    assert bulk.state_bytes() == single.state_bytes()


def test_64_bits_are_two_words_the_earlier_on_top() -> None:
    first, second = MersenneTwister(3).words(2)
    assert MersenneTwister(3).random64() == first << 32 | second


@given(seed=st.integers(-(2**63), 2**64 - 1), drawn=st.integers(0, 1300), normals=st.booleans())
def test_a_saved_state_continues(seed: int, drawn: int, normals: bool) -> None:
    generator = MersenneTwister(seed)
    generator.words(drawn)
    if normals:
        standard_normal(generator)
    saved = generator.state_bytes()
    restored = MersenneTwister.from_state_bytes(saved)
    assert len(saved) == STATE_SIZE
    assert restored.state_bytes() == saved
    assert restored.initial_seed() == seed % 2**64
    assert (restored.next_double_normal is not None) == normals
    assert normal(restored, 3, float64) == normal(generator, 3, float64)
    assert restored.words(1300) == generator.words(1300)


def test_the_float_spare_is_saved() -> None:
    generator = MersenneTwister(0)
    generator.next_float_normal = 0.5
    assert generator.clone().next_float_normal == 0.5


def test_a_clone_advances_on_its_own() -> None:
    generator = MersenneTwister(0)
    clone = generator.clone()
    clone.words(10)
    assert generator.random() == MersenneTwister(0).random()


def test_seeding_forgets_the_spare_normal() -> None:
    generator = MersenneTwister(1)
    first = normal(generator, 1, float64)
    assert normal(generator.manual_seed(1), 1, float64) == first


def test_system_entropy_seeds_differ() -> None:
    generator = MersenneTwister()
    assert generator.initial_seed() == DEFAULT_SEED
    seeds = {generator.seed() for _ in range(4)}
    assert len(seeds) == 4
    assert generator.initial_seed() in seeds


@pytest.mark.parametrize("seed", [-(2**63) - 1, 2**64])
def test_a_seed_outside_64_bits_is_a_value_error(seed: int) -> None:
    with pytest.raises(ValueError, match=r"outside \[-2\*\*63, 2\*\*64\)"):
        MersenneTwister(seed)


@pytest.mark.parametrize("seed", [True, 1.0, "1"])
def test_a_seed_that_is_no_int_is_a_runtime_error(seed: object) -> None:
    with pytest.raises(RuntimeError, match="must be an int"):
        MersenneTwister().manual_seed(seed)  # type: ignore[arg-type]  # that is the test


def damaged(offset: int, layout: str, value: int) -> bytes:
    state = bytearray(MersenneTwister(0).state_bytes())
    struct.pack_into(layout, state, offset, value)
    return bytes(state)


@pytest.mark.parametrize(
    "state",
    [
        b"",
        bytes(STATE_SIZE - 1),
        bytes(STATE_SIZE),
        damaged(8, "<i", 0),  # left
        damaged(8, "<i", 625),
        damaged(8, "<i", 7),  # left that contradicts next
        damaged(12, "<i", 0),  # seeded
        damaged(24, "<Q", 2**32),  # a word
    ],
)
def test_a_state_nobody_saved_is_refused_and_the_old_one_kept(state: bytes) -> None:
    generator = MersenneTwister(6)
    before = generator.state_bytes()
    with pytest.raises(RuntimeError, match="get_state"):
        generator.set_state_bytes(state)
    assert generator.state_bytes() == before
