"""The values that operands are made of: special ones always, and others drawn at random.

Pools are drawn once for each dtype and domain, from a seed; checks take what they need of them
in a fixed order, so that a case is the same on every run with the same seed.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Final

from gnomon.backend import DType, Kind, Scalar
from gnomon.records import Domain
from gnomon_conformance.correct import epsilon, largest, smallest_normal, unit

#: All numbers.
REALS: Final = Domain(-math.inf, math.inf)
#: How many values an operand has at most before they repeat: a prime, so that they do at
#: another place of every block.
DISTINCT: Final = 509
#: How many values are drawn for a pool.
_POOL: Final = 160
#: The special values of which every pair is tried.
_CORE: Final = (0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 3.0, -2.0, 1e300)
#: From which sizes values are drawn most of the time, where a domain is infinite.
_ORDINARY: Final = 50.0


def integer_range(dtype: DType) -> tuple[int, int]:
    """Return the smallest and the largest integer of a dtype."""
    if dtype.kind is Kind.BOOL:
        return 0, 1
    bits = 8 * dtype.itemsize
    return (
        (0, 2**bits - 1)
        if dtype.kind is Kind.UNSIGNED
        else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    )


def special_floats(dtype: DType) -> list[float]:
    """Return the floats of a dtype at which operations tend to go wrong."""
    huge, tiny, eps = largest(dtype), smallest_normal(dtype), epsilon(dtype)
    least = unit(0.0, dtype)
    signless = [0.0, 1.0, 0.5, 1.5, 2.5, 2.0, 3.0, math.inf, huge, tiny, least]
    signless += [tiny - least, 1.0 + eps, 1.0 - eps / 2, 2.0 / eps - 1.0, 0.1, 10.0]
    signless += [0.25, 4.0, 2.0**24, 2.0**31, math.pi, math.pi / 2]
    if dtype.itemsize > 2:  # others are computed in float32
        signless += [0.5 / eps + 0.5, 1.0 / eps - 0.5]
    values: list[float] = [
        sign * float(dtype.round(value)) for value in signless for sign in (1.0, -1.0)
    ]
    return [*values, math.nan, math.copysign(math.nan, -1.0)]


def special_integers(dtype: DType) -> list[int]:
    """Return the integers of a dtype at which operations tend to go wrong."""
    low, high = integer_range(dtype)
    near = [0, 1, 2, 3, 7, 8, 63, 64, -1, -2, -7, 255, 256, 2**15, 2**16]
    near += [2**24, 2**24 + 1, -(2**24) - 1, 2**31, -(2**31) - 1, 2**32 + 1, 2**53, 2**53 + 1]
    near += [2**31 - 1]  # of which the square is no double
    return [each for each in (*near, low, high, low + 1, high - 1) if low <= each <= high]


def specials(dtype: DType) -> list[Scalar]:
    """Return the special values of a dtype."""
    if dtype.kind is Kind.BOOL:
        return [False, True]
    if dtype.is_floating_point:
        return [*special_floats(dtype)]
    return [*special_integers(dtype)]


@cache
def pool(dtype: DType, domain: Domain, seed: int) -> tuple[Scalar, ...]:
    """Return drawn values of ``dtype`` that lie in ``domain``.

    All pools are made of the same words of 64 bits, every value of which is as likely: what
    favours small numbers or those of a program's source would hardly leave a domain's low end.
    """
    words = random.Random(seed)
    return tuple(
        [
            _value(dtype, domain, words.getrandbits(64), words.getrandbits(64))
            for _ in range(_POOL)
        ]
    )


def _value(dtype: DType, domain: Domain, word: int, style: int) -> Scalar:
    """Return the element of ``dtype`` in ``domain`` that two words of 64 bits choose."""
    if dtype.kind is Kind.BOOL:
        return bool(word & 1)
    low, high = domain.low, domain.high
    if not dtype.is_floating_point:
        least, most = integer_range(dtype)
        least, most = max(least, _whole(low, least)), min(most, _whole(high, most))
        if style & 1:
            least, most = max(least, min(-9, most)), min(most, max(9, least))
        chosen = least + word % (most - least + 1)
        return chosen or int(domain.nonzero)
    if domain.whole:
        return float(math.ceil(low) + word % (math.floor(high) - math.ceil(low) + 1))
    if style % 3 == 0 and (math.isinf(high) or math.isinf(low)):
        least, most = _exponents(dtype)
        size = math.ldexp(1.0 + word / 2**64, least + style // 3 % (most - least))
        start = 0.0 if math.isinf(low) or (math.isinf(high) and low <= 0) else low
        sign = -1.0 if high <= 0 or (low < 0 and word & 1) else 1.0
        drawn = start + sign * size
    else:
        near, far = max(low, min(-_ORDINARY, high)), min(high, max(_ORDINARY, low + _ORDINARY))
        drawn = near + (far - near) * (word / 2**64)
    rounded = float(dtype.round(drawn))
    inside = low <= rounded <= high and (rounded or not domain.nonzero)
    return rounded if inside else float(dtype.round(max(low, min(high, 1.0))))


def _whole(bound: float, otherwise: int) -> int:
    return otherwise if math.isinf(bound) else round(bound)


def _exponents(dtype: DType) -> tuple[int, int]:
    """Return exponents of 2 that reach over most of the dtype's range."""
    reach = int(math.log2(largest(dtype)))
    return -reach + 2, reach


def columns(
    dtypes: Sequence[DType], domains: Sequence[Domain], count: int, key: str, seed: int
) -> list[list[Scalar]]:
    """Return ``count`` rows of operands as columns: combinations of special values, the same
    value throughout, and drawn ones.

    ``key`` decides which of the special combinations are left out where they are too many.
    """
    chooser = random.Random(f"{key} {seed}")
    sides = list(zip(dtypes, domains, strict=True))
    rows: list[tuple[Scalar, ...]] = []
    if len(sides) < 3:
        rows += product(*[_core(*side) for side in sides])
    allowed = [_admitted(specials(dtype), dtype, domain) for dtype, domain in sides]
    if len(allowed) == 1:
        rows = [(value,) for value in allowed[0]]
    else:
        rows += [
            tuple([chooser.choice(values) for values in allowed])
            for _ in range(max(count // 2 - len(rows), count // 4))
        ]
    pools = [pool(dtype, domain, seed) for dtype, domain in zip(dtypes, domains, strict=True)]
    shift = chooser.randrange(_POOL)
    for k in range(len(rows), count):
        # Different strides through the pools, so that columns of one pool do not coincide.
        rows.append(
            tuple([each[(shift + k * (1 + 2 * c)) % _POOL] for c, each in enumerate(pools)])
        )
    return [list(column) for column in zip(*rows, strict=True)]


def _core(dtype: DType, domain: Domain) -> list[Scalar]:
    """Return the special values of a dtype of which every pair is tried."""
    if dtype.is_floating_point or dtype.kind is Kind.BOOL:
        return _admitted(_CORE, dtype, domain)
    low, high = integer_range(dtype)
    edges = (0, 1, 2, -1, low, high, high - 1)
    exact = {4: (2**24, 2**24 + 1), 8: (2**53, 2**53 + 1)}.get(dtype.itemsize, ())
    return [*dict.fromkeys(_admitted((*edges, *exact), dtype, domain))]


def _admitted(values: Sequence[Scalar], dtype: DType, domain: Domain) -> list[Scalar]:
    """Return the special values that an operand may have; floats may leave the domain."""
    if dtype.is_floating_point:
        return [
            dtype.round(float(value))
            for value in values
            if not domain.whole or _is_whole_in(value, domain)
        ] or [1.0]
    low, high = integer_range(dtype)
    return [
        dtype.convert(value)
        for value in values
        if math.isfinite(value)
        and low <= value <= high
        and value == int(value)
        and (value or not domain.nonzero)
        and (not domain.whole or domain.low <= value <= domain.high)
    ] or [1]


def _is_whole_in(value: Scalar, domain: Domain) -> bool:
    return (
        math.isfinite(value)
        and float(value).is_integer()
        and domain.low <= value <= domain.high
    )


def lies_in(number: Scalar, domain: Domain) -> bool:
    """Return whether a record is defined on a number, which may be any, NaN too, where its
    domain has no bounds and leaves nothing out.
    """
    if domain == REALS:
        return True
    return (
        domain.low <= number <= domain.high
        and math.isfinite(number)
        and (bool(number) or not domain.nonzero)
        and (float(number).is_integer() or not domain.whole)
    )
