"""Whether strides send two indices to one position: bounded linear equations over integers.

The general question is NP-complete (it contains subset sum), so the search below is exact
but can be slow on strides made to be hard; strides met in practice are settled by the
reductions before it.
"""

from collections.abc import Iterable
from math import gcd


def is_injective(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether no two indices share a position.

    >>> is_injective((2, 3), (3, 1)), is_injective((2, 3), (1, 1)), is_injective((2, 2), (2, 3))
    (True, False, True)
    """
    if 0 in shape:
        return True
    dims = sorted(
        (abs(stride), size - 1) for size, stride in zip(shape, strides, strict=True) if size > 1
    )
    reach = 0
    for stride, last in dims:
        if stride <= reach:
            return _is_injective_nested(dims)
        reach += stride * last
    return not dims or dims[0][0] > 0


def _is_injective_nested(dims: list[tuple[int, int]]) -> bool:
    """The same for (stride, largest index) pairs, sorted, whose reaches interleave.

    Two indices share a position when their difference, d_k in [-last_k, last_k] not all 0,
    satisfies sum(stride_k * d_k) = 0.
    """
    if dims[0][0] == 0:
        return False
    positions = sum(stride * last for stride, last in dims) + 1
    count = 1
    for _, last in dims:
        count *= last + 1
    if count > positions:
        return False
    dims = _entangled(dims)
    for place, (stride, last) in enumerate(dims):
        for other_stride, other_last in dims[:place]:
            common = gcd(stride, other_stride)
            if other_stride // common <= last and stride // common <= other_last:
                return False
    return len(dims) < 3 or not _has_nonzero_solution(dims)


def _entangled(dims: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """`dims` without those whose index difference can only be 0.

    Such is a dim whose stride the others together cannot reach, or of which no allowed
    multiple is divisible by the others' common divisor.
    """
    for place, (stride, last) in enumerate(dims):
        others = dims[:place] + dims[place + 1 :]
        reach = sum(other * other_last for other, other_last in others)
        common = gcd(*(other for other, _ in others))
        if stride > reach or common // gcd(common, stride) > last:
            return _entangled(others)
    return dims


def _has_nonzero_solution(dims: list[tuple[int, int]]) -> bool:
    """Whether sum(stride_k * d_k) = 0 for some d_k in [-last_k, last_k], not all 0.

    Solutions come in pairs of opposite sign, so the largest stride that takes part can be
    given a positive index.
    """
    for place in range(len(dims) - 1, 0, -1):
        stride, last = dims[place]
        below = [(other, -least, least) for other, least in dims[:place]]
        if any(has_solution(-stride * index, below) for index in range(1, last + 1)):
            return True
    return False


def has_solution(target: int, terms: Iterable[tuple[int, int, int]]) -> bool:
    """Whether sum(stride_k * d_k) = target for some integers least_k <= d_k <= most_k.

    `terms` are (stride, least, most). Depth-first over the terms from the largest stride,
    bounded by what the smaller ones reach and by their common divisor.

    >>> has_solution(7, [(2, 0, 3), (3, 0, 1)]), has_solution(1, [(2, 0, 3), (4, 0, 3)])
    (True, False)
    """
    ordered = _merged(terms)
    lows, highs, divisors = [0], [0], [0]
    for stride, least, most in ordered:
        lows.append(lows[-1] + stride * least)
        highs.append(highs[-1] + stride * most)
        divisors.append(gcd(divisors[-1], stride))
    failed: set[tuple[int, int]] = set()

    def reaches(depth: int, rest: int) -> bool:
        if depth == 0:
            return rest == 0
        if not lows[depth] <= rest <= highs[depth] or rest % divisors[depth]:
            return False
        if (depth, rest) in failed:
            return False
        stride, least, most = ordered[depth - 1]
        first = max(least, -((highs[depth - 1] - rest) // stride))
        final = min(most, (rest - lows[depth - 1]) // stride)
        if any(reaches(depth - 1, rest - stride * d) for d in range(first, final + 1)):
            return True
        failed.add((depth, rest))
        return False

    return reaches(len(ordered), target)


def _merged(terms: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """`terms` with strides positive, distinct and ascending; equal strides add their ranges."""
    bounds: dict[int, tuple[int, int]] = {}
    for stride, least, most in terms:
        if stride < 0:
            stride, least, most = -stride, -most, -least
        if stride:
            known_least, known_most = bounds.get(stride, (0, 0))
            bounds[stride] = (known_least + least, known_most + most)
    return [(stride, *bounds[stride]) for stride in sorted(bounds)]
