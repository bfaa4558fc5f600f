"""Indices out of range: in every dtype, and wherever they stand in tensors of indices that lie
anyhow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from gnomon.backend import (
    ALL_DTYPES,
    Backend,
    DType,
    Layout,
    Scalar,
    float32,
    int8,
    int64,
)
from gnomon.records import Combination
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.inventory import records_of
from gnomon_conformance.judging import Evidence, judge_launch, judge_refusal
from gnomon_conformance.launches import (
    GatherLaunch,
    Launch,
    Lookup,
    Place,
    ScatterLaunch,
)
from gnomon_conformance.target import Target

LEVEL = Level.INDEXING
_SIZE: Final = 5
#: Indices that are out of range, and whether negative ones count from the end.
_WRONG: Final = ((_SIZE, True), (-_SIZE - 1, True), (-1, False), (2**40, False))
#: How indices lie, and of which shapes they are.
_KINDS: Final = (
    *zoo.INJECTIVE,
    zoo.exchanged,
    zoo.shifted(zoo.FAR),
    zoo.expanded_first,
    zoo.expanded_last,
)
_SHAPES: Final = ((4, 5), (3, 2, 4), (17,))


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of indices that are refused."""
    combinations = records_of(Combination)
    for dtype in (float32, int8, int64):
        tier = Tier.QUICK if dtype is float32 else Tier.DEFAULT
        yield _case(dtype.name, "", tier, partial(_out_of_range, combinations, dtype))
    yield _case("", "dtypes", Tier.QUICK, partial(_of_every_dtype, combinations))
    yield _case("float32", "layouts", Tier.QUICK, partial(_laid_out, combinations))


def _case(dtype: str, mode: str, tier: Tier, check: Callable[[Target], Evidence]) -> Case:
    return Case(
        level=LEVEL,
        family="errors",
        subject="out-of-range",
        dtype=dtype,
        mode=mode,
        tier=tier,
        check=check,
    )


def _of_every_dtype(combinations: Sequence[Combination], target: Target) -> Evidence:
    """Whatever the dtype of what is looked up, the index is as wrong."""
    count = 0
    for number, dtype in enumerate(ALL_DTYPES):
        for turn, (wrong, negative) in enumerate(_WRONG):
            chosen: list[Scalar] = [0] * 17
            chosen[(number + 5 * turn) % 17] = wrong
            some = combinations if turn == number % 2 else combinations[:1]
            for launch in _launches(some, dtype, chosen, (17,), zoo.contiguous, negative):
                _refused(target.backend, launch, wrong, _SIZE)
                count += 1
    return Evidence(count)


def _laid_out(combinations: Sequence[Combination], target: Target) -> Evidence:
    """An index is as wrong wherever it stands, the first, the last or between; afterwards the
    same launch is right with other indices.
    """
    count = 0
    for number, kind in enumerate(_KINDS):
        for turn, shape in enumerate(_SHAPES):
            wrong, negative = _WRONG[(number + turn) % 2 + 2 * (number % 3 == 2)]
            numel = math.prod(shape)
            repeats = 0 in kind(shape).strides
            for place in (numel - 1,) if repeats else (0, numel // 2, numel - 1):
                chosen: list[Scalar] = [0] * numel
                chosen[place] = wrong
                some = [combinations[(number + turn + place) % len(combinations)]]
                for launch in _launches(some, float32, chosen, shape, kind, negative):
                    _refused(target.backend, launch, wrong, _SIZE)
                    count += 1
                    if not place:
                        judge_launch(target, _with_right_indices(launch))
    return Evidence(count)


def _launches(
    combinations: Sequence[Combination],
    dtype: DType,
    chosen: Sequence[Scalar],
    shape: tuple[int, ...],
    kind: zoo.Kind,
    negative: bool,
) -> list[GatherLaunch | ScatterLaunch]:
    """Return a gather from five elements through indices, and scatters to them."""
    stores: list[bytes] = []
    tensor = zoo.placed(stores, [dtype.convert(1)], zoo.contiguous((_SIZE,)), dtype)
    seen = tensor._replace(layout=Layout(shape, (0,) * len(shape), 0))
    indices = zoo.placed(stores, chosen, kind(shape), int64)
    output = zoo.blank(stores, zoo.contiguous(shape), dtype)
    arriving = zoo.placed(stores, [dtype.convert(3)], zoo.contiguous(shape), dtype)
    return _through(
        (Lookup(indices, _SIZE, 1, negative),), seen, output, arriving, stores, combinations
    )


def _through(
    lookups: tuple[Lookup, ...],
    seen: Place,
    output: Place,
    arriving: Place,
    stores: Sequence[bytes],
    combinations: Sequence[Combination],
) -> list[GatherLaunch | ScatterLaunch]:
    """Return a gather and a scatter of each combination, through the same lookups."""
    gather = GatherLaunch(
        lookups=lookups, inputs=(seen,), outputs=(output,), stores=tuple(stores)
    )
    scatters = [
        ScatterLaunch(
            record=record,
            lookups=lookups,
            inputs=(arriving,),
            outputs=(seen,),
            stores=tuple(stores),
        )
        for record in combinations
    ]
    return [gather, *scatters]


def _out_of_range(
    combinations: Sequence[Combination], dtype: DType, target: Target
) -> Evidence:
    """An index out of range is an IndexError, and nothing has been written."""
    count = 0
    for size, negative, wrong in (
        (5, True, 5),
        (5, True, -6),
        (5, False, -1),
        (5, False, 5),
        (5, True, 2**40),
        (5, True, -(2**40) - 1),
        (5, True, 2**32),
        (1, True, 1),
        (0, True, 0),
        (0, False, 0),
    ):
        # Among few and among many; with an index before it that is right, in the last.
        for count_of, place in ((17, 0), (17, 3), (17, 16), (2051, 2049), (17, 5)):
            shape = (count_of,)
            chosen = [0] * count_of
            chosen[place] = wrong
            stores: list[bytes] = []
            tensor = zoo.placed(stores, [dtype.convert(1)], zoo.contiguous((size,)), dtype)
            seen = tensor._replace(layout=Layout(shape, (0,), 0))
            indices = zoo.placed(stores, chosen, zoo.contiguous(shape), int64)
            output = zoo.blank(stores, zoo.contiguous(shape), dtype)
            arriving = zoo.placed(stores, [dtype.convert(3)], zoo.contiguous(shape), dtype)
            lookups = [Lookup(indices, size, 1, negative)]
            if place == 5:
                right = zoo.placed(stores, [0], zoo.contiguous(shape), int64)
                lookups.insert(0, Lookup(right, size, 1, negative))
            launches = _through(tuple(lookups), seen, output, arriving, stores, combinations)
            for launch in launches:
                _refused(target.backend, launch, wrong, size)
                count += 1
                if place and size:
                    # What was refused leaves nothing behind that the next one minds.
                    judge_launch(target, _with_right_indices(launch))
    return Evidence(count)


def _with_right_indices(launch: GatherLaunch | ScatterLaunch) -> Launch:
    """Return the launch with nothing but zeros for indices."""
    stores = [*launch.stores]
    for lookup in launch.lookups:
        stores[lookup.indices.store] = bytes(len(stores[lookup.indices.store]))
    return replace(launch, stores=tuple(stores))


def _refused(backend: Backend, launch: Launch, wrong: int, size: int) -> None:
    what = f"{launch.verb} ({launch.name}): index {wrong} into a dim of size {size}"
    judge_refusal(backend, launch, IndexError, what, keeps_output=launch.verb == "scatter")
