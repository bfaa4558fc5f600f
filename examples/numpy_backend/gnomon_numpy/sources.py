"""Elements made of their number alone: evenly spaced values, and random numbers.

The random numbers are those of every accelerator: Philox 4x32-10 (J. Salmon et al., "Parallel
random numbers: as easy as 1, 2, 3", 2011) and float32 steps, each rounded, that
``gnomon.generator.philox`` and ``philox_normal`` define.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, final

import numpy as np

from gnomon.backend import DType, PhiloxGenerator, Scalar, float64
from gnomon_numpy.cells import Array, rounded, wrapped

Regular: TypeAlias = Callable[[Array, Sequence[Scalar]], Array]
#: ``(draw, count, dtype, parameters)``
Random: TypeAlias = Callable[["Draw", int, DType, Sequence[Scalar]], Array]

_WORD: Final = 2**32 - 1
_ROUNDS: Final = 10
_WIDE_RANGE: Final = 2**28
_QUARTER_TURN: Final = 2**22
_TURN_STEP: Final = np.float32(6.2831854820251465 * 2.0**-24)
_ROOT_MAGIC: Final = np.uint32(0x5F3759DF)
_ROOT_HALF: Final = np.float32(0.70710677)
# The coefficients of Cephes' logf, sinf and cosf (S. Moshier, netlib.org/cephes).
_LOG: Final = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
_SINE: Final = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COSINE: Final = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)


def _arange(numbers: Array, parameters: Sequence[Scalar]) -> Array:
    start, step = parameters
    if isinstance(start, float) or isinstance(step, float):
        return start + numbers * float(step)
    return wrapped(start).astype(np.int64) + numbers * wrapped(step).astype(np.int64)


def _linspace(numbers: Array, parameters: Sequence[Scalar]) -> Array:
    start, end, steps = parameters
    if steps <= 1:
        return np.full(numbers.shape, float(start))
    step = (end - start) / (steps - 1)
    from_end = end - step * (steps - 1 - numbers)
    return np.where(numbers < steps // 2, start + step * numbers, from_end)


REGULAR: Final[dict[str, Regular]] = {
    "arange": _arange,
    "linspace": _linspace,
    "logspace": lambda numbers, parameters: np.power(
        float(parameters[3]), _linspace(numbers, parameters[:3])
    ),
    "eye": lambda numbers, parameters: numbers % parameters[0] == numbers // parameters[0],
}


@final
class Draw:
    """The words of one draw: a function of the seed, the draw's offset and their number."""

    def __init__(self, generator: PhiloxGenerator) -> None:
        self.seed, self.offset = generator.initial_seed(), generator.next_offset()

    def words(self, count: int) -> Array:
        """Return the first ``count`` words of 32 bits, as 64-bit integers."""
        block: Array = np.arange((count + 3) // 4, dtype=np.uint64)
        c0, c1 = block & _WORD, block >> 32
        c2, c3 = np.full_like(c0, self.offset & _WORD), np.full_like(c0, self.offset >> 32)
        k0, k1 = self.seed & _WORD, self.seed >> 32
        for _ in range(_ROUNDS):
            product0, product2 = c0 * 0xD2511F53, c2 * 0xCD9E8D57
            c0, c1 = product2 >> 32 ^ c1 ^ k0, product2 & _WORD
            c2, c3 = product0 >> 32 ^ c3 ^ k1, product0 & _WORD
            k0, k1 = k0 + 0x9E3779B9 & _WORD, k1 + 0xBB67AE85 & _WORD
        return np.stack([c0, c1, c2, c3], -1).ravel()[:count]

    def words64(self, count: int) -> Array:
        """Return ``count`` words of 64 bits, each of two neighbours, the first above."""
        words = self.words(2 * count)
        return words[::2] << 32 | words[1::2]

    def steps(self, count: int) -> Array:
        """Return ``count`` whole numbers below 2**24."""
        return (self.words(count) >> 8).astype(np.int64)


def _uniform(draw: Draw, count: int, dtype: DType, bounds: Sequence[Scalar]) -> Array:
    if dtype is float64:
        unit = (draw.words64(count) >> 11) * 2.0**-53
    else:
        unit = draw.steps(count).astype(np.float32) * np.float32(2.0**-24)
    start, end = np.asarray(bounds, unit.dtype)
    low, high = rounded(np.asarray(bounds, np.float64), dtype)
    values = rounded(unit * (end - start) + start, dtype)
    return np.where(values >= high, low, values)  # rounding must not reach the open end


def _normal(draw: Draw, count: int, dtype: DType, shape: Sequence[Scalar]) -> Array:
    """Box and Muller's: the elements 2 j and 2 j + 1 share a radius and an angle."""
    steps = draw.steps(count + count % 2)
    radius = _root((np.float32(0) - _log(steps[::2])) * np.float32(2))
    cosine, sine = _turn(steps[1::2])
    samples = np.stack([radius * cosine, radius * sine], -1).ravel()[:count]
    if dtype is float64:
        samples = samples.astype(np.float64)
    mean, std = np.asarray(shape, samples.dtype)
    return samples * std + mean


def _exponential(draw: Draw, count: int, dtype: DType, rate: Sequence[Scalar]) -> Array:
    return (np.float32(0) - _log(draw.steps(count))) * np.float32(1.0 / rate[0])


def _bernoulli(draw: Draw, count: int, dtype: DType, chance: Sequence[Scalar]) -> Array:
    return draw.steps(count) * 2.0**-24 < np.float64(np.float32(chance[0]))


def _random(draw: Draw, count: int, dtype: DType, bounds: Sequence[Scalar]) -> Array:
    low, span = int(bounds[0]), int(bounds[1]) - int(bounds[0])
    words = draw.words64(count) if span >= _WIDE_RANGE else draw.words(count)
    rest = words % np.uint64(span) if span < 2**64 else words
    return (rest + wrapped(low)).astype(np.int64)


RANDOM: Final[dict[str, Random]] = {
    "uniform": _uniform,
    "normal": _normal,
    "exponential": _exponential,
    "bernoulli": _bernoulli,
    "random": _random,
}


def _horner(coefficients: Sequence[float], x: Array) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + np.float32(coefficient)
    return total


def _log(steps: Array) -> Array:
    """The logarithms of (step + 1) / 2**24, in float32 steps."""
    mantissa, exponent = np.frexp((steps + 1).astype(np.float32) * np.float32(2.0**-24))
    small = mantissa < _ROOT_HALF
    e = (exponent - small).astype(np.float32)
    x = np.where(small, (mantissa - 1) + mantissa, mantissa - 1)
    z = x * x
    y = _horner(_LOG, x) * x * z
    y = y + e * np.float32(-2.12194440e-4)
    y = y - z * np.float32(0.5)
    return (x + y) + e * np.float32(0.693359375)


def _root(a: Array) -> Array:
    """Square roots by three steps of Newton's from a guess, in float32 steps."""
    r = (_ROOT_MAGIC - (a.view(np.uint32) >> np.uint32(1))).view(np.float32)
    for _ in range(3):
        r = r * (np.float32(1.5) - ((a * np.float32(0.5)) * r) * r)
    s = a * r
    return s + (a - s * s) * (r * np.float32(0.5))


def _turn(steps: Array) -> tuple[Array, Array]:
    """The cosines and sines of step / 2**24 turns, in float32 steps."""
    quarter = (steps + _QUARTER_TURN // 2) >> 22
    x = (steps - quarter * _QUARTER_TURN).astype(np.float32) * _TURN_STEP
    z = x * x
    c = ((_horner(_COSINE, z) * z) * z - z * np.float32(0.5)) + np.float32(1)
    s = (_horner(_SINE, z) * z) * x + x
    crossed, opposite = quarter & 1 == 1, quarter & 2 == 2
    cosine, sine = np.where(crossed, -s, c), np.where(crossed, c, s)
    return np.where(opposite, -cosine, cosine), np.where(opposite, -sine, sine)
