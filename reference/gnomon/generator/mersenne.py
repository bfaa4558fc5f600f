"""The CPU generator: MT19937, drawn from and saved as PyTorch does."""

from __future__ import annotations

import functools
import os
import random
import struct
from typing import Final, Self, final

DEFAULT_SEED: Final = 67280421310721
"""What PyTorch seeds a generator with when nobody did."""

STATE_SIZE: Final = 5056
"""Bytes in a saved state, PyTorch's `len(torch.get_rng_state())`."""

_WORDS: Final = 624

# Little endian, with C's padding: the initial seed, how many words are left (plus one),
# whether it is seeded, the next word's index, the 624 words each in 64 bits, three doubles of
# which only the middle one (the spare normal sample) is live, its flag, the spare float sample
# and its flag.
_STATE_FORMAT: Final = "<QiiQ624Q3di4xf?3x"


def canonical_seed(seed: object) -> int:
    """Map a seed in [-2**63, 2**64) to the unsigned 64-bit seed PyTorch reports for it.

    Negative seeds wrap in two's complement. Raises `RuntimeError` for anything but an `int` and
    `ValueError` outside the range, as `torch.Generator.manual_seed` does.

    >>> canonical_seed(-1) == 2**64 - 1
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise RuntimeError(
            f"manual_seed: the seed must be an int, got {type(seed).__name__} {seed!r}; "
            "convert it with int(seed)"
        )
    if not -(2**63) <= seed < 2**64:
        raise ValueError(
            f"manual_seed: overflow, seed {seed} is outside [-2**63, 2**64); "
            "take it modulo 2**64"
        )
    return seed % 2**64


@functools.lru_cache(maxsize=8)
def _seeded_words(seed: int) -> tuple[int, ...]:
    """Return MT19937's first 624 words for the low 32 bits of `seed`.

    Source: Matsumoto and Nishimura, `init_genrand`, mt19937ar.c, 2002. Python's own `seed` goes
    through `init_by_array` instead, hence this function.
    """
    words = [seed & 0xFFFFFFFF]
    for index in range(1, _WORDS):
        last = words[-1]
        words.append((1812433253 * (last ^ (last >> 30)) + index) & 0xFFFFFFFF)
    return tuple(words)


@final
class MersenneTwister:
    """A 32-bit Mersenne Twister with the spare normal samples PyTorch keeps beside it.

    The recurrence runs in the standard library's C implementation; this class adds PyTorch's
    seeding, its way of joining two words, and its saved form.

    >>> twister = MersenneTwister(5489)
    >>> twister.random(), twister.random()
    (3499211612, 581869302)
    """

    __slots__ = ("_engine", "_initial_seed", "next_double_normal", "next_float_normal")

    next_double_normal: float | None
    """The second sample of the last scalar Box-Muller pair, waiting to be used."""

    next_float_normal: float | None
    """Saved and restored for PyTorch's sake; none of its CPU draws sets it."""

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self._engine = random.Random(0)
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Self:
        """Start over from `seed`, an int in [-2**63, 2**64), and return this generator."""
        self._initial_seed = canonical_seed(seed)
        self._set_engine(_seeded_words(self._initial_seed), _WORDS)
        self.next_double_normal = None
        self.next_float_normal = None
        return self

    def seed(self) -> int:
        """Start over from 64 bits of the system's entropy and return that seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._initial_seed

    def initial_seed(self) -> int:
        """Return the seed this generator last started from, in [0, 2**64).

        >>> MersenneTwister(-1).initial_seed() == 2**64 - 1
        True
        """
        return self._initial_seed

    def random(self) -> int:
        """Return the next 32 random bits."""
        return self._engine.getrandbits(32)

    def random64(self) -> int:
        """Return the next 64 random bits, the earlier word on top."""
        high = self._engine.getrandbits(32)
        return high << 32 | self._engine.getrandbits(32)

    def words(self, count: int) -> tuple[int, ...]:
        """Return the next `count` 32-bit words, the same as `count` calls of `random`.

        >>> one_by_one = MersenneTwister(1)
        >>> MersenneTwister(1).words(3) == tuple(one_by_one.random() for _ in range(3))
        True
        """
        bits = self._engine.getrandbits(32 * count)
        return struct.unpack(f"<{count}I", bits.to_bytes(4 * count, "little"))

    def words64(self, count: int) -> list[int]:
        """Return the next `count` 64-bit words, the same as `count` calls of `random64`."""
        words = self.words(2 * count)
        return [high << 32 | low for high, low in zip(words[::2], words[1::2], strict=True)]

    def clone(self) -> MersenneTwister:
        """Return a generator in the same state that advances on its own."""
        return MersenneTwister.from_state_bytes(self.state_bytes())

    def state_bytes(self) -> bytes:
        """Return the state as PyTorch saves it: the bytes of `torch.Generator.get_state()`.

        >>> len(MersenneTwister(0).state_bytes())
        5056
        """
        words, position = self._engine_state()
        # PyTorch's index is 0 before the first word is drawn and 624 after any full block.
        fresh = position == _WORDS and words == _seeded_words(self._initial_seed)
        spare, spare_float = self.next_double_normal, self.next_float_normal
        return struct.pack(
            _STATE_FORMAT,
            self._initial_seed,
            _WORDS + 1 - position,
            1,
            0 if fresh else position,
            *words,
            0.0,
            0.0 if spare is None else spare,
            0.0,
            spare is not None,
            0.0 if spare_float is None else spare_float,
            spare_float is not None,
        )

    def set_state_bytes(self, state: bytes) -> None:
        """Restore a state saved by `state_bytes` or by PyTorch.

        Raises `RuntimeError` for a wrong size or for bytes no generator could have saved; the
        present state is then kept.
        """
        if len(state) != STATE_SIZE:
            raise RuntimeError(
                f"set_state: expected a CPU generator state of {STATE_SIZE} bytes, "
                f"got {len(state)}; pass what get_state returned"
            )
        fields = struct.unpack(_STATE_FORMAT, state)
        seed, left, seeded, next_index = fields[:4]
        words: tuple[int, ...] = fields[4 : 4 + _WORDS]
        _, spare, _, has_spare, spare_float, has_spare_float = fields[4 + _WORDS :]
        coherent = left == 1 or left + next_index == _WORDS + 1
        if seeded != 1 or not 1 <= left <= _WORDS or not coherent or max(words) >> 32:
            raise RuntimeError(
                f"set_state: invalid MT19937 state (seeded={seeded}, left={left}, "
                f"next={next_index}); pass what get_state returned"
            )
        self._initial_seed = seed
        self._set_engine(words, _WORDS + 1 - left)
        self.next_double_normal = spare if has_spare else None
        self.next_float_normal = spare_float if has_spare_float else None

    @classmethod
    def from_state_bytes(cls, state: bytes) -> Self:
        """Return a generator in a saved state; errors as in `set_state_bytes`.

        >>> twister = MersenneTwister(3)
        >>> same = MersenneTwister.from_state_bytes(twister.state_bytes())
        >>> same.random64() == twister.random64()
        True
        """
        generator = cls()
        generator.set_state_bytes(state)
        return generator

    def _set_engine(self, words: tuple[int, ...], position: int) -> None:
        self._engine.setstate((3, (*words, position), None))

    def _engine_state(self) -> tuple[tuple[int, ...], int]:
        """Return the 624 words and how many of them were drawn."""
        _, state, _ = self._engine.getstate()
        return state[:-1], state[-1]
