"""Sorts: special values and ties, every dtype and layout, rows of every length."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random

from gnomon.backend import ALL_DTYPES, DType, Layout, Scalar, float32, int64
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.checks.indexing import MAIN, all_values
from gnomon_conformance.checks.reductions import ordinary_values
from gnomon_conformance.judging import NOTHING, Evidence, judge_launch
from gnomon_conformance.launches import Launch, SortLaunch
from gnomon_conformance.target import Target

LEVEL = Level.INDEXING


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of sorts."""
    for dtype in ALL_DTYPES:
        long = (*zoo.LONG[:3], zoo.MANY_ROWS if dtype is float32 else zoo.LONG[5])
        checks: dict[str, Callable[[Target], Evidence]] = {
            "values": partial(_values, dtype, seed),
            "layouts": partial(_layouts, dtype, seed),
            "lengths": partial(_lengths, dtype, zoo.LENGTHS, seed),
            "long": partial(_lengths, dtype, long, seed),
        }
        for mode, check in checks.items():
            yield Case(
                level=LEVEL,
                family="sort",
                subject="sort",
                dtype=dtype.name,
                mode=mode,
                tier=Tier.QUICK if mode == "values" or dtype in MAIN else Tier.DEFAULT,
                check=check,
            )


def _sorted(
    dtype: DType,
    values: Sequence[Scalar],
    layout: Layout,
    dim: int,
    descending: bool,
    outputs: tuple[zoo.Kind, zoo.Kind],
) -> Launch:
    stores: list[bytes] = []
    place = zoo.placed(stores, values, layout, dtype)
    shape = layout.shape
    return SortLaunch(
        dim=dim,
        descending=descending,
        inputs=(place,),
        outputs=(
            zoo.blank(stores, outputs[0](shape), dtype),
            zoo.blank(stores, outputs[1](shape), int64),
        ),
        stores=tuple(stores),
    )


_PLAIN = (zoo.contiguous, zoo.contiguous)
_SORTED: tuple[tuple[int, ...], ...] = ((3, 4, 3), (5, 5), (2, 3, 2, 3), (2, 2, 3, 2, 2))
#: Few rows and many, long ones and short, along the last dim and along others.
_SORTED_VALUES: tuple[tuple[tuple[int, ...], int], ...] = (
    *[((4, 23), 1)] * 4,
    ((3, 64), 1),
    ((2, 256), 1),
    *[((4, 300), 1)] * 2,
    ((1, 2051), 1),
    ((3, 9001), 1),
    ((257, 5), 1),
    ((5, 259), 0),
    ((3, 33, 6), 1),
)
#: Layouts that do not collapse, of four dims and more.
_OF_MORE_DIMS = (zoo.turned, zoo.exchanged)
_EMPTY: tuple[tuple[int, ...], ...] = ((0,), (3, 0), (0, 3), (1,), (4, 1))


def _values(dtype: DType, seed: int, target: Target) -> Evidence:
    """Special values among ordinary ones, and many ties, whose order must stay."""
    evidence = NOTHING
    for turn, (shape, dim) in enumerate(_SORTED_VALUES):
        chooser = Random(f"sort {dtype.name} {turn} {seed}")
        values = all_values(dtype, math.prod(shape), chooser)
        if turn % 2:
            few = chooser.sample(values, 4)
            values = [chooser.choice(few) for _ in values]
        launch = _sorted(dtype, values, zoo.contiguous(shape), dim, turn % 3 == 0, _PLAIN)
        evidence += judge_launch(target, launch)
    return evidence


def _layouts(dtype: DType, seed: int, target: Target) -> Evidence:
    """Along every dim, from and to every layout."""
    evidence = NOTHING
    tried = [(kind, _SORTED[n % len(_SORTED)]) for n, kind in enumerate(zoo.ALL)]
    tried += [(kind, shape) for kind in _OF_MORE_DIMS for shape in _SORTED[2:]]
    for number, (kind, shape) in enumerate(tried):
        for dim in range(len(shape)):
            chooser = Random(f"sort {dtype.name} {number} {dim} {seed}")
            values = ordinary_values(dtype, math.prod(shape), chooser)
            outputs = (
                zoo.INJECTIVE[(number + dim) % len(zoo.INJECTIVE)],
                zoo.INJECTIVE[(number + 2 * dim + 1) % len(zoo.INJECTIVE)],
            )
            launch = _sorted(dtype, values, kind(shape), dim, bool(dim % 2), outputs)
            evidence += judge_launch(target, launch)
    for shape in _EMPTY:
        launch = _sorted(dtype, [dtype.convert(1)], zoo.offset(shape), 0, False, _PLAIN)
        evidence += judge_launch(target, launch)
    return evidence


def _lengths(dtype: DType, lengths: Sequence[int], seed: int, target: Target) -> Evidence:
    evidence = NOTHING
    for number, length in enumerate(lengths):
        chooser = Random(f"sort {dtype.name} {length} {seed}")
        rows = 2 if length < 600 else 1
        values = ordinary_values(dtype, rows * max(length, 1), chooser)
        upright = number % 2
        shape = (length, rows) if upright else (rows, length)
        dim = 0 if upright else 1
        layout = zoo.shifted(number // 4 % 4 + zoo.FAR * (number == 9))(shape)
        launch = _sorted(dtype, values, layout, dim, number % 4 > 1, _PLAIN)
        evidence += judge_launch(target, launch)
    return evidence
