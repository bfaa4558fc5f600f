"""Normal numbers, in the two ways PyTorch's CPU draws them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Final

from gnomon.dtypes import DType, float32, float64
from gnomon.generator import cephes
from gnomon.generator.mersenne import MersenneTwister
from gnomon.generator.requirements import require, require_floating
from gnomon.generator.rounding import multiply_add, round_floats, round_single
from gnomon.generator.uniform import unit_double, unit_doubles, unit_singles

_BLOCK: Final = 16
"""Samples a block: eight radii with eight angles, the cosines first, then the sines."""

_HALF_BLOCK: Final = 8
_SINGLE_TAU: Final = 6.2831854820251465
"""2 pi in float32."""


def standard_normal(generator: MersenneTwister) -> float:
    """Return one double of mean 0 and standard deviation 1, keeping the pair's other half.

    Box and Muller, "A note on the generation of random normal deviates", 1958.

    >>> standard_normal(MersenneTwister(0))
    1.5409961082440433
    """
    spare = generator.next_double_normal
    if spare is not None:
        generator.next_double_normal = None
        return spare
    angle = 2.0 * math.pi * unit_double(generator)
    radius = math.sqrt(-2.0 * math.log1p(-unit_double(generator)))
    generator.next_double_normal = radius * math.sin(angle)
    return radius * math.cos(angle)


def normal(
    generator: MersenneTwister,
    count: int,
    dtype: DType,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    contiguous: bool = True,
) -> list[float]:
    """Return `count` normal numbers of a floating `dtype`: `Tensor.normal_(mean, std)`.

    Sixteen or more into a `contiguous` tensor come from blocks of sixteen uniforms, in the
    dtype's own arithmetic (float32's for the 16-bit dtypes); all others are doubles, two a
    pair, where the second of an odd pair waits in the generator for the next call. Raises
    `RuntimeError` unless `std >= 0`.

    >>> normal(MersenneTwister(0), 2, float32)
    [1.5409960746765137, -0.293428897857666]
    """
    require_floating("normal_", dtype)
    require(std >= 0.0, f"normal_: std must not be negative, got mean={mean}, std={std}")
    if not contiguous or count < _BLOCK:
        samples = [standard_normal(generator) for _ in range(count)]
        return round_floats(multiply_add(samples, std, mean, float64), dtype)
    if dtype is float64:
        samples = _blocks_of_doubles(unit_doubles(generator, count))
        if count % _BLOCK:
            samples[count - _BLOCK :] = _blocks_of_doubles(unit_doubles(generator, _BLOCK))
        return multiply_add(samples, std, mean, float64)
    # PyTorch fills a float32 tensor with uniforms before it makes blocks of them, and so draws
    # some for the last, partial block too, which then starts over; the 16-bit dtypes do not.
    drawn = count if dtype is float32 else count - count % _BLOCK
    samples = _blocks_of_singles(unit_singles(generator, drawn))
    if count % _BLOCK:
        samples[count - _BLOCK :] = _blocks_of_singles(unit_singles(generator, _BLOCK))
    singles = multiply_add(samples, round_single(std), round_single(mean), float32)
    return round_floats(singles, dtype)


def log_normal(
    generator: MersenneTwister, count: int, dtype: DType, mean: float = 1.0, std: float = 2.0
) -> list[float]:
    """Return `count` numbers whose logarithms are normal: `Tensor.log_normal_`.

    Always drawn as doubles. Raises `RuntimeError` unless `std > 0`.

    >>> log_normal(MersenneTwister(0), 1, float64, 0.0, 1.0)
    [4.669239022757736]
    """
    require_floating("log_normal_", dtype)
    require(std > 0.0, f"log_normal_: std must be positive, got mean={mean}, std={std}")
    samples = [standard_normal(generator) for _ in range(count)]
    return round_floats(map(_exp, multiply_add(samples, std, mean, float64)), dtype)


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _eighths(uniforms: Sequence[float], start: int) -> Iterator[float]:
    """Yield the first (`start` 0) or the second (`start` 8) half of every whole block."""
    for block in range(0, len(uniforms) - _BLOCK + 1, _BLOCK):
        yield from uniforms[block + start : block + start + _HALF_BLOCK]


def _interleave(cosines: Sequence[float], sines: Sequence[float]) -> list[float]:
    """Lay eight cosines, then their eight sines, block after block."""
    samples: list[float] = []
    for start in range(0, len(cosines), _HALF_BLOCK):
        samples += cosines[start : start + _HALF_BLOCK]
        samples += sines[start : start + _HALF_BLOCK]
    return samples


def _blocks_of_doubles(uniforms: Sequence[float]) -> list[float]:
    """Turn each whole block of double uniforms to standard normals; drop a partial one."""
    cosines: list[float] = []
    sines: list[float] = []
    halves = zip(_eighths(uniforms, 0), _eighths(uniforms, _HALF_BLOCK), strict=True)
    for first, second in halves:
        radius = math.sqrt(-2.0 * math.log(1.0 - first))
        angle = 2.0 * math.pi * second
        cosines.append(radius * math.cos(angle))
        sines.append(radius * math.sin(angle))
    return _interleave(cosines, sines)


def _blocks_of_singles(uniforms: Sequence[float]) -> list[float]:
    """Turn each whole block of float32 uniforms to standard normals, all steps in float32."""
    logarithms = cephes.log([1.0 - first for first in _eighths(uniforms, 0)])
    radii = array("f", [math.sqrt(-2.0 * value) for value in logarithms])
    angles = array("f", [_SINGLE_TAU * second for second in _eighths(uniforms, _HALF_BLOCK)])
    sines, cosines = cephes.sincos(angles)
    return _interleave(
        array("f", [r * c for r, c in zip(radii, cosines, strict=True)]),
        array("f", [r * s for r, s in zip(radii, sines, strict=True)]),
    )
