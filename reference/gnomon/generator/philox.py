"""Philox 4x32-10: the counter-based stream that every accelerator reproduces.

The numbers of one draw are a function of the seed, of the draw's offset in its generator and
of the element's index, and of nothing else: any work item computes its own. For a seed and an
offset of 64 bits each,

    key      = (low 32 bits of seed, high 32 bits of seed)
    block(b) = philox4x32_10(counter=(low b, high b, low offset, high offset), key)
    word(w)  = block(w / 4)[w mod 4]

and element `i` of a draw uses `word(i)`, or `word(2 i)` above `word(2 i + 1)` where it needs 64
bits. Every draw, whatever its size, has its own offset; a generator counts draws.

Float32 arithmetic is given step by step: each `+`, `-` and `*` is rounded to nearest even and
none is fused, so a kernel sets `FP_CONTRACT OFF`. No intermediate number is subnormal, and
none of the steps is a division, a square root or a library function.

Source of the bijection: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
3", SC 2011; its test vectors are in the tests.
"""

from __future__ import annotations

import os
import struct
from array import array
from typing import Final, Self, TypeAlias, final

from gnomon.dtypes import DType, float64
from gnomon.generator.mersenne import DEFAULT_SEED, canonical_seed
from gnomon.generator.requirements import require, require_floating
from gnomon.generator.rounding import round_floats, round_single
from gnomon.generator.uniform import uniform_bounds

Block: TypeAlias = tuple[int, int, int, int]

STATE_SIZE: Final = 16
"""Bytes in a saved state: the seed, then the offset, as PyTorch's CUDA generator has it."""

_MASK: Final = 0xFFFF_FFFF
_MULTIPLIERS: Final = (0xD251_1F53, 0xCD9E_8D57)
_KEY_STEPS: Final = (0x9E37_79B9, 0xBB67_AE85)
_ROUNDS: Final = 10
_SINGLE_STEP: Final = 2.0**-24
_DOUBLE_STEP: Final = 2.0**-53
# Above this many values one word modulo the range would be off by more than one in 16.
_WIDE_RANGE: Final = 2**28


def philox(counter: Block, key: tuple[int, int]) -> Block:
    """Return the four words that Philox 4x32-10 makes of four counter words and two key words.

    >>> [f"{word:08x}" for word in philox((0, 0, 0, 0), (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        product0, product2 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1 = product2 >> 32 ^ c1 ^ k0, product2 & _MASK
        c2, c3 = product0 >> 32 ^ c3 ^ k1, product0 & _MASK
        k0, k1 = k0 + _KEY_STEPS[0] & _MASK, k1 + _KEY_STEPS[1] & _MASK
    return c0, c1, c2, c3


def words(seed: int, offset: int, count: int) -> list[int]:
    """Return words 0, 1, ..., count - 1 of the draw at `offset`, 32 bits each.

    >>> words(0, 0, 2) == list(philox((0, 0, 0, 0), (0, 0))[:2])
    True
    """
    key = (seed & _MASK, seed >> 32)
    low, high = offset & _MASK, offset >> 32
    drawn: list[int] = []
    for block in range((count + 3) // 4):
        drawn += philox((block & _MASK, block >> 32, low, high), key)
    del drawn[count:]
    return drawn


def words64(seed: int, offset: int, count: int) -> list[int]:
    """Return `count` numbers of 64 bits: word 2 i above word 2 i + 1."""
    drawn = words(seed, offset, 2 * count)
    return [high << 32 | low for high, low in zip(drawn[::2], drawn[1::2], strict=True)]


def uniform(
    seed: int, offset: int, count: int, dtype: DType, low: float = 0.0, high: float = 1.0
) -> list[float]:
    """Return `count` numbers of a floating `dtype` uniform in [low, high).

    float32, with `low`, `high` and `high - low` rounded to it:
    `u = (word(i) >> 8) * 2**-24`, `r = u * (high - low)`, `r = r + low`. float64 the same in
    double, with `u = (word64(i) >> 11) * 2**-53`. The 16-bit dtypes round the float32 `r`.
    Last, in every dtype, `r = low` if `r >= high`: rounding must not reach the open end.
    Errors as in the Mersenne Twister's `uniform`.

    >>> from gnomon.dtypes import float32
    >>> uniform(0, 0, 2, float32)
    [0.3990464210510254, 0.8805201649665833]
    """
    require_floating("uniform_", dtype)
    low_rounded, high_rounded = uniform_bounds(low, high, dtype)
    if dtype is float64:
        width = high - low
        units = [(word >> 11) * _DOUBLE_STEP for word in words64(seed, offset, count)]
        values = [unit * width + low for unit in units]
    else:
        start = round_single(low)
        width = round_single(round_single(high) - start)
        singles = [(word >> 8) * _SINGLE_STEP for word in words(seed, offset, count)]
        scaled = array("f", [unit * width for unit in singles])
        values = round_floats([value + start for value in scaled], dtype)
    return [low_rounded if value >= high_rounded else value for value in values]


def bernoulli(seed: int, offset: int, count: int, probability: float) -> list[bool]:
    """Return `count` draws that are true with one `probability`, rounded to float32.

    `(word(i) >> 8) * 2**-24 < probability`.

    >>> bernoulli(0, 0, 4, 0.5)
    [True, False, False, False]
    """
    require(0.0 <= probability <= 1.0, f"bernoulli_: p must lie in [0, 1], got {probability}")
    chance = round_single(probability)
    return [(word >> 8) * _SINGLE_STEP < chance for word in words(seed, offset, count)]


def randint(seed: int, offset: int, count: int, low: int, high: int) -> list[int]:
    """Return `count` integers in [low, high), which spans at most 2**64.

    `low + word(i) % span`, and with `word64(i)` when the span is 2**28 or more.

    >>> randint(0, 0, 4, 0, 10)
    [1, 3, 8, 0]
    """
    require(low < high, f"random_: low must be less than high, got low={low}, high={high}")
    span = high - low
    draw = words64 if span >= _WIDE_RANGE else words
    return [low + word % span for word in draw(seed, offset, count)]


@final
class PhiloxGenerator:
    """The seed of an accelerator's stream and the offset of its next draw.

    >>> generator = PhiloxGenerator(7)
    >>> generator.next_offset(), generator.next_offset(), generator.initial_seed()
    (0, 1, 7)
    """

    __slots__ = ("_offset", "_seed")

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Self:
        """Start over from `seed`, an int in [-2**63, 2**64), and return this generator."""
        self._seed = canonical_seed(seed)
        self._offset = 0
        return self

    def seed(self) -> int:
        """Start over from 64 bits of the system's entropy and return that seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """Return the seed, in [0, 2**64)."""
        return self._seed

    def next_offset(self) -> int:
        """Return the offset for a draw that starts now, and move on to the next."""
        offset = self._offset
        self._offset = (offset + 1) % 2**64
        return offset

    def clone(self) -> PhiloxGenerator:
        """Return a generator in the same state that advances on its own."""
        return PhiloxGenerator.from_state_bytes(self.state_bytes())

    def state_bytes(self) -> bytes:
        """Return the state: seed and offset, 64 bits each, little endian."""
        return struct.pack("<QQ", self._seed, self._offset)

    def set_state_bytes(self, state: bytes) -> None:
        """Restore a state saved by `state_bytes`; `RuntimeError` for a wrong size."""
        require(
            len(state) == STATE_SIZE,
            f"set_state: expected a Philox generator state of {STATE_SIZE} bytes, "
            f"got {len(state)}; pass what get_state returned",
        )
        self._seed, self._offset = struct.unpack("<QQ", state)

    @classmethod
    def from_state_bytes(cls, state: bytes) -> Self:
        """Return a generator in a saved state; errors as in `set_state_bytes`.

        >>> PhiloxGenerator.from_state_bytes(PhiloxGenerator(5).state_bytes()).initial_seed()
        5
        """
        generator = cls()
        generator.set_state_bytes(state)
        return generator
