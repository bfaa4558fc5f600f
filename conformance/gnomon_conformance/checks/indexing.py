"""Gather and scatter: negative and repeated indices, every dtype and layout."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import NamedTuple, final
from zlib import crc32

from gnomon.backend import (
    ALL_DTYPES,
    DType,
    Layout,
    Scalar,
    bool_,
    float32,
    int32,
    int64,
)
from gnomon.records import Combination
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.checks.reductions import ordinary_values
from gnomon_conformance.correct import is_subnormal
from gnomon_conformance.inventory import records_of
from gnomon_conformance.judging import NOTHING, Evidence, judge_launch
from gnomon_conformance.launches import (
    GatherLaunch,
    Lookup,
    Place,
    ScatterLaunch,
)
from gnomon_conformance.target import Target
from gnomon_conformance.values import specials

LEVEL = Level.INDEXING
MAIN = (float32, int64, bool_)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of reading and writing through indices."""
    combinations = records_of(Combination)
    for dtype in ALL_DTYPES:
        quick = Tier.QUICK if dtype in MAIN else Tier.DEFAULT
        yield _case(
            "gather", "gather", dtype, "plans", Tier.QUICK, partial(_gather, dtype, seed)
        )
        yield _case("gather", "gather", dtype, "lengths", quick, partial(_lengths, dtype, seed))
        yield _case("gather", "gather", dtype, "wide", Tier.QUICK, partial(_wide, dtype, seed))
        for record in combinations:
            check = partial(_scatter, record, dtype, seed)
            yield _case("scatter", record.name, dtype, "plans", Tier.QUICK, check)
            collide = partial(_collisions, record, dtype, seed)
            yield _case("scatter", record.name, dtype, "collisions", Tier.QUICK, collide)
    for record in combinations:
        for dtype in (float32, int64) if record.name == "add" else (float32,):
            long = partial(_long, record, dtype, seed)
            yield _case("scatter", record.name, dtype, "long", Tier.QUICK, long)
        check = partial(_many, record, seed)
        tier = Tier.QUICK if record.name in ("add", "replace") else Tier.DEFAULT
        yield _case("scatter", record.name, int32, "many", tier, check)


def _case(
    family: str,
    subject: str,
    dtype: DType,
    mode: str,
    tier: Tier,
    check: Callable[[Target], Evidence],
) -> Case:
    return Case(
        level=LEVEL,
        family=family,
        subject=subject,
        dtype=dtype.name,
        mode=mode,
        tier=tier,
        check=check,
    )


#: How indices lie.
_INDICES = (
    zoo.contiguous,
    zoo.permuted,
    zoo.expanded_last,
    zoo.stepped,
    zoo.expanded_first,
    zoo.offset,
    zoo.padded,
)


@final
class Plan(NamedTuple):
    """How a launch goes through a tensor: as the operations of gnomon make the verbs do it."""

    #: The sizes of the tensor, and of the launch.
    tensor: tuple[int, ...]
    launch: tuple[int, ...]
    #: Which dim of the tensor each dim of the launch walks, None where indices decide.
    walked: tuple[int | None, ...]
    #: Which dims of the tensor are looked up.
    indexed: tuple[int, ...]
    negative: bool = True


#: Of index_select, gather, take, embedding, x[i, j], x[:, i], x[i, :, j] and the like.
PLANS = (
    Plan((7,), (5,), (None,), (0,)),
    Plan((6, 5), (4, 5), (None, 1), (0,), negative=False),
    Plan((6, 5), (6, 9), (0, None), (1,)),
    Plan((5, 4), (3, 2), (None, None), (0, 1)),
    Plan((4, 3, 5), (4, 6, 5), (0, None, 2), (1,), negative=False),
    Plan((4, 3, 5), (7, 3), (None, 1), (0, 2)),
    Plan((3, 4), (2, 3, 4), (None, None, 1), (0,)),
    Plan((3, 3, 3), (5, 5), (None, None), (0, 1, 2)),
    Plan((5, 16), (8, 16), (None, 1), (0,)),
    Plan((1, 6), (6, 6), (None, 1), (0,)),
    Plan((9,), (0,), (None,), (0,)),
    Plan((9,), (), (), (0,)),
    Plan((130,), (257,), (None,), (0,)),
)
#: Of more dims, at either end and between; tried once each.
PLANS_OF_MORE_DIMS = (
    Plan((3, 2, 4, 3), (5, 2, 4, 3), (None, 1, 2, 3), (0,), negative=False),
    Plan((2, 3, 4, 5), (2, 3, 6, 5), (0, 1, None, 3), (2,)),
    Plan((2, 3, 4), (2, 3, 9), (0, 1, None), (2,)),
    Plan((2, 3, 2, 3, 2), (2, 4, 2, 5, 2), (0, None, 2, None, 4), (1, 3)),
    Plan((2, 2, 3, 2, 2, 2), (2, 2, 5, 2, 2, 2), (0, 1, None, 3, 4, 5), (2,)),
    Plan((3, 2, 3, 2), (7,), (None,), (0, 1, 2, 3)),
)
_OF_MORE_DIMS = (zoo.permuted, zoo.exchanged, zoo.padded)
#: Their indices and what arrives, by turns: in as many dims as there are, and in few.
_ANYHOW = (zoo.turned, zoo.exchanged)
#: Plans of thousands of elements, in one row and in rows.
_LONG_PLANS = (
    Plan((67,), (4101,), (None,), (0,)),
    Plan((29, 113), (37, 113), (None, 1), (0,), negative=False),
    Plan((61, 3), (1033, 3), (None, 1), (0,)),
    Plan((7, 9), (1033,), (None,), (0, 1)),
)
#: Of long rows, and of many places in several dims.
_WIDE_PLANS = (
    Plan((5, 70), (9, 70), (None, 1), (0,)),
    Plan((3, 300), (4, 300), (None, 1), (0,), negative=False),
    Plan((130,), (20, 15), (None, None), (0,)),
)


def _planned(
    plan: Plan,
    dtype: DType,
    values: Sequence[Scalar],
    kind: zoo.Kind,
    indices: zoo.Kind,
    chooser: Random,
) -> tuple[list[bytes], Place, tuple[Lookup, ...]]:
    """Return the storages, the tensor as the launch reads it, and the lookups."""
    stores: list[bytes] = []
    tensor = zoo.placed(stores, values, kind(plan.tensor), dtype)
    strides = [0 if dim is None else tensor.layout.strides[dim] for dim in plan.walked]
    seen = tensor._replace(layout=Layout(plan.launch, tuple(strides), tensor.layout.offset))
    lookups = []
    for dim in plan.indexed:
        size = plan.tensor[dim]
        lowest = -size if plan.negative else 0
        edges = [lowest, size - 1, 0, -1 if plan.negative else 0]
        count = math.prod(plan.launch)
        chosen: list[Scalar] = [*chooser.choices(range(lowest, size), k=count)]
        chosen[::3] = [edges[k % 4] for k in range(0, count, 3)]
        place = zoo.placed(stores, chosen, indices(plan.launch), int64)
        lookups.append(Lookup(place, size, tensor.layout.strides[dim], plan.negative))
    return stores, seen, tuple(lookups)


def _gather(dtype: DType, seed: int, target: Target) -> Evidence:
    """Every plan, the tensor, the indices and the output in layouts by turns."""
    evidence = Evidence(1)
    for number, plan in enumerate(PLANS + PLANS_OF_MORE_DIMS):
        for turn in range(3 if number < len(PLANS) else 1):
            chooser = Random(f"gather {dtype.name} {number} {turn} {seed}")
            kind = zoo.ALL[(number + 3 * turn) % len(zoo.ALL)]
            indices = _INDICES[(number + turn) % len(_INDICES)]
            if number >= len(PLANS):
                kind = zoo.INJECTIVE[number % len(zoo.INJECTIVE)]
                indices = _ANYHOW[(number + dtype.itemsize // 2) % 2]
            output = zoo.INJECTIVE[(number + 2 * turn) % len(zoo.INJECTIVE)]
            values = all_values(dtype, math.prod(plan.tensor), chooser)
            stores, source, lookups = _planned(plan, dtype, values, kind, indices, chooser)
            launch = GatherLaunch(
                lookups=lookups,
                inputs=(source,),
                outputs=(zoo.blank(stores, output(plan.launch), dtype),),
                stores=tuple(stores),
            )
            evidence += judge_launch(target, launch)
    return evidence


def all_values(dtype: DType, count: int, chooser: Random) -> list[Scalar]:
    """Return values of all sorts in a random order: as many special ones as there is room for,
    each as often as any other.
    """
    special = specials(dtype)
    chooser.shuffle(special)
    plain = ordinary_values(dtype, count, chooser)
    return [special[k // 2 % len(special)] if k % 2 else v for k, v in enumerate(plain)]


def _lengths(dtype: DType, seed: int, target: Target) -> Evidence:
    """Launches of every length, and rows of every length that no index varies along."""
    evidence = NOTHING
    plans = [
        (
            Plan((11,), (length,), (None,), (0,)),
            Plan((4, length), (3, length), (None, 1), (0,)),
        )[number % 2]
        for number, length in enumerate(zoo.LENGTHS[1:])
    ]
    for number, plan in enumerate((*plans, *_LONG_PLANS[:2])):
        chooser = Random(f"gather {dtype.name} {plan.launch} {seed}")
        values = ordinary_values(dtype, math.prod(plan.tensor), chooser)
        # From any element on, the tensor, the indices and the output each by itself.
        tensor, indices, output = (
            zoo.shifted(number // each % 4 + zoo.FAR * (number == far))
            for each, far in ((1, 20), (4, 21), (2, 22))
        )
        stores, source, lookups = _planned(plan, dtype, values, tensor, indices, chooser)
        launch = GatherLaunch(
            lookups=lookups,
            inputs=(source,),
            outputs=(zoo.blank(stores, output(plan.launch), dtype),),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch)
    return evidence


def _wide(dtype: DType, seed: int, target: Target) -> Evidence:
    """Long rows from any element on, and many places whose indices lie in any way."""
    evidence = NOTHING
    for number, plan in enumerate(_WIDE_PLANS):
        chooser = Random(f"gather {dtype.name} {plan.launch} {seed}")
        values = ordinary_values(dtype, math.prod(plan.tensor), chooser)
        for turn, indices in enumerate((zoo.expanded_last, zoo.stepped, zoo.permuted)):
            tensor = zoo.shifted((number + turn) % 4)
            lying = indices if len(plan.tensor) == 1 else zoo.expanded_last
            stores, source, lookups = _planned(plan, dtype, values, tensor, lying, chooser)
            launch = GatherLaunch(
                lookups=lookups,
                inputs=(source,),
                outputs=(zoo.blank(stores, zoo.shifted(turn)(plan.launch), dtype),),
                stores=tuple(stores),
            )
            evidence += judge_launch(target, launch)
    return evidence


def _scatter(record: Combination, dtype: DType, seed: int, target: Target) -> Evidence:
    """Every plan, a tensor or a number arriving, in layouts by turns: in two of them on some
    dtypes, in one or the other on the rest.
    """
    evidence = Evidence(1)
    only = (crc32(f"{record.name} {dtype.name}".encode())) % 2
    for number, plan in enumerate(PLANS + PLANS_OF_MORE_DIMS):
        turns = range(2) if dtype in MAIN else [(number + only) % 2]
        for turn in turns if number < len(PLANS) else range(1):
            chooser = Random(f"{record.name} {dtype.name} {number} {turn} {seed}")
            kinds = zoo.INJECTIVE if number < len(PLANS) else _OF_MORE_DIMS
            kind = kinds[(number + 3 * turn) % len(kinds)]
            indices = _INDICES[(number + turn) % len(_INDICES)]
            arrangement = zoo.ALL[(number + 2 * turn) % len(zoo.ALL)]
            if number >= len(PLANS):
                indices, arrangement = _ANYHOW[:: 1 if (number + only) % 2 else -1]
            values = ordinary_values(dtype, math.prod(plan.tensor), chooser)
            stores, destination, lookups = _planned(plan, dtype, values, kind, indices, chooser)
            arriving = ordinary_values(dtype, max(math.prod(plan.launch), 1), chooser)
            arrives: Place | Scalar = arriving[0]
            if turn == 0 or number % 3:
                arrives = zoo.placed(stores, arriving, arrangement(plan.launch), dtype)
            launch = ScatterLaunch(
                record=record,
                lookups=lookups,
                inputs=(arrives,),
                outputs=(destination,),
                stores=tuple(stores),
            )
            evidence += judge_launch(target, launch)
    return evidence


def _collisions(record: Combination, dtype: DType, seed: int, target: Target) -> Evidence:
    """Many values arrive at few places, special ones among them; nothing gets lost."""
    evidence = NOTHING
    evidence += _one_by_one(record, dtype, seed, target)
    for number, (size, count) in enumerate(((1, 40), (3, 200), (2, 7), (5, 1030))):
        chooser = Random(f"{record.name} {dtype.name} {number} collide {seed}")
        plan = Plan((size, 3), (count, 3), (None, 1), (0,), negative=False)
        if number == 2:
            plan = Plan((size,), (count,), (None,), (0,))
        stores, destination, lookups = _planned(
            plan, dtype, _before(record, dtype), zoo.offset, zoo.contiguous, chooser
        )
        amount = math.prod(plan.launch)
        arriving = _arriving(record, dtype, (1, 1, 1, 2, -1), amount, chooser)
        if number == 2 and dtype.is_floating_point and record.name != "multiply":
            arriving = [*map(dtype.round, (math.nan, 1.0, -0.0, math.inf, 2.0, -math.inf, 0.0))]
        launch = ScatterLaunch(
            record=record,
            lookups=lookups,
            inputs=(zoo.placed(stores, arriving, zoo.contiguous(plan.launch), dtype),),
            outputs=(destination,),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch, twice=True)
    return evidence


def _before(record: Combination, dtype: DType) -> list[Scalar]:
    """Return what stands where something arrives, so that each combination changes it."""
    if dtype is bool_:
        return [record.name in ("minimum", "multiply")]
    return [dtype.convert(4 if record.name == "minimum" else 1)]


def _arriving(
    record: Combination, dtype: DType, factors: Sequence[int], count: int, chooser: Random
) -> list[Scalar]:
    """Return few values in a random order: ``factors`` where they are multiplied."""
    few = factors if record.name == "multiply" else (1, 2, 3)
    return chooser.choices([*map(dtype.convert, (0, 1, 1) if dtype is bool_ else few)], k=count)


def _one_by_one(record: Combination, dtype: DType, seed: int, target: Target) -> Evidence:
    """Special values arrive, each at a place of its own where something smaller stands, or
    something larger where the smaller one stays; and that arrives where special values stand.
    Some arrive as numbers.
    """
    special = specials(dtype)
    if target.flushes(dtype):
        special = [each for each in special if not is_subnormal(each, dtype)]
    low, high = (-3, 3) if dtype.is_signed else (0, 3)
    before = {"maximum": low, "minimum": high, "add": 0}.get(record.name, 1)
    chooser = Random(f"{record.name} {dtype.name} one by one {seed}")
    count = len(special)
    order = chooser.sample(range(count), count)
    shape = (count,)
    plain: list[Scalar] = [dtype.convert(before)]
    evidence = NOTHING
    for stands, arrives, kind in (
        (plain, special, zoo.contiguous),
        (special, plain, zoo.stepped),
        *[(special, each, zoo.contiguous) for each in chooser.choices(special, k=3)],
    ):
        stores: list[bytes] = []
        tensor = zoo.placed(stores, stands, zoo.offset(shape), dtype)
        indices = zoo.placed(stores, order, kind(shape), int64)
        given: Place | Scalar
        if isinstance(arrives, list):
            given = zoo.placed(stores, arrives, zoo.contiguous(shape), dtype)
        else:
            given = arrives
        launch = ScatterLaunch(
            record=record,
            lookups=(Lookup(indices, count, 1, False),),
            inputs=(given,),
            outputs=(tensor._replace(layout=Layout(shape, (0,), tensor.layout.offset)),),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch)
    return evidence


def _long(record: Combination, dtype: DType, seed: int, target: Target) -> Evidence:
    """Thousands of elements arrive, of which most meet another one; destination, indices and
    what arrives lie far into their storages, each in its turn.
    """
    evidence = NOTHING
    for number, plan in enumerate(_LONG_PLANS):
        chooser = Random(f"{record.name} {dtype.name} {plan.launch} {seed}")
        kinds = [zoo.shifted(zoo.FAR * (number == turn)) for turn in range(3)]
        stores, destination, lookups = _planned(
            plan, dtype, _before(record, dtype), kinds[0], kinds[1], chooser
        )
        arriving = _arriving(record, dtype, (1, 1, 1, -1), math.prod(plan.launch), chooser)
        launch = ScatterLaunch(
            record=record,
            lookups=lookups,
            inputs=(zoo.placed(stores, arriving, kinds[2](plan.launch), dtype),),
            outputs=(destination,),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch)
    return evidence


def _many(record: Combination, seed: int, target: Target) -> Evidence:
    """More lookups than a grid of small counters has room for, and back again; in one of them
    there are as many places, too.
    """
    chooser = Random(f"{record.name} many {seed}")
    size = zoo.MANY_ROWS if record.name == "replace" else 1000
    plan = Plan((size,), (zoo.MANY_ROWS,), (None,), (0,))
    values = [*range(size)]
    stores, seen, lookups = _planned(
        plan, int32, values, zoo.contiguous, zoo.contiguous, chooser
    )
    arriving = zoo.placed(stores, [*range(1, 98)], zoo.contiguous(plan.launch), int32)
    scatter = ScatterLaunch(
        record=record,
        lookups=lookups,
        inputs=(arriving,),
        outputs=(seen,),
        stores=tuple(stores),
    )
    output = zoo.blank(stores, zoo.contiguous(plan.launch), int32)
    gather = GatherLaunch(
        lookups=lookups, inputs=(seen,), outputs=(output,), stores=tuple(stores)
    )
    return judge_launch(target, scatter) + judge_launch(target, gather)
