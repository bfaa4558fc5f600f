"""Elementwise launches of a few records in all layouts, shapes and lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from gnomon.backend import DType, bool_, float16, float32, float64, int8, int64
from gnomon.records import Elementwise
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Tier
from gnomon_conformance.checks.elementwise import LEVEL, judged, operands
from gnomon_conformance.inventory import arity_of, defined_on, elementwise_records
from gnomon_conformance.judging import NOTHING, Evidence
from gnomon_conformance.target import Target
from gnomon_conformance.values import DISTINCT

#: Records that stand for the rest.
REPRESENTATIVES = ("neg", "add", "lt", "where", "addcmul")


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of elementwise launches in all layouts."""
    for record in elementwise_records():
        if record.name in REPRESENTATIVES:
            yield from _cases_of(record, seed)


def _cases_of(record: Elementwise, seed: int) -> Iterator[Case]:
    for compute, result in defined_on(record):
        tier = _tier(record, compute, (bool_, int8, int64, float16))
        # Backends may have a shorter way for few elements, which the other families go.
        shape = (9, 10, 13) if tier is Tier.QUICK else (5, 4, 6)
        for number, kind in enumerate(zoo.ALL):
            yield Case(
                level=LEVEL,
                family="layouts",
                subject=record.name,
                dtype=compute.name,
                layout=kind.__name__,
                tier=tier,
                check=partial(_layouts, record, compute, result, number, shape, seed),
            )
        yield Case(
            level=LEVEL,
            family="shapes",
            subject=record.name,
            dtype=compute.name,
            tier=_tier(record, compute, (int64,)),
            check=partial(_shapes, record, compute, result, seed),
        )
        yield Case(
            level=LEVEL,
            family="lengths",
            subject=record.name,
            dtype=compute.name,
            tier=_tier(record, compute, (int8, float64, float16)),
            check=partial(_lengths, record, compute, result, zoo.LENGTHS, seed),
        )
        yield Case(
            level=LEVEL,
            family="long",
            subject=record.name,
            dtype=compute.name,
            tier=Tier.QUICK if compute is float32 else Tier.DEFAULT,
            check=partial(_lengths, record, compute, result, zoo.LONG, seed),
        )


def _tier(record: Elementwise, compute: DType, more: Sequence[DType]) -> Tier:
    """Return in which tier a representative is tried: on ``more`` dtypes, if it is ``add``."""
    quick = compute is float32 or (record.name == "add" and compute in more)
    return Tier.QUICK if quick else Tier.DEFAULT


def _layouts(
    record: Elementwise,
    compute: DType,
    result: DType,
    number: int,
    shape: tuple[int, ...],
    seed: int,
    target: Target,
) -> Evidence:
    """The first operand in one layout, the second in all by turns, and the others so that any
    two layouts meet in any two operands, but for half of the pairs in the third and the fourth.

    All launches have one shape, so that what is remembered of one does not fit the next; and
    the last has the first one's layouts, with other values.
    """
    evidence = NOTHING
    count = arity_of(record)
    others = range(len(zoo.ALL) if count > 1 else len(zoo.INJECTIVE))
    for turn, other in enumerate((*others, 0)):
        chosen = (number, other, number + other, number + 3 * other)[:count]
        kinds = [zoo.ALL[each % len(zoo.ALL)] for each in chosen]
        output = zoo.INJECTIVE[(2 * number + other) % len(zoo.INJECTIVE)]
        key = f"{record.name} {compute.name} {number} {turn}"
        drawn = operands(record, compute, kinds, shape, key, seed)
        evidence += judged(target, record, compute, drawn, output(shape), result)
    return evidence


def _shapes(
    record: Elementwise, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """Every special shape, none, one and many dims, in layouts by turns."""
    evidence = Evidence(1)
    for number, shape in enumerate(zoo.SHAPES):
        # Of four dims there are many orders, and of eight few layouts collapse to four.
        for turn in range(len(zoo.ALL) if len(shape) in (4, 8) else 3):
            kinds = [
                zoo.ALL[(number + turn + k * 2) % len(zoo.ALL)] for k in range(arity_of(record))
            ]
            output = zoo.INJECTIVE[(number + turn) % len(zoo.INJECTIVE)]
            key = f"{record.name} {compute.name} {shape} {turn}"
            drawn = operands(record, compute, kinds, shape, key, seed)
            evidence += judged(target, record, compute, drawn, output(shape), result)
    return evidence


def _lengths(
    record: Elementwise,
    compute: DType,
    result: DType,
    lengths: Sequence[int],
    seed: int,
    target: Target,
) -> Evidence:
    """Every length around which loops are cut: contiguous, from an odd offset, and stepped."""
    evidence = NOTHING
    for number, length in enumerate(lengths):
        kinds = [
            (zoo.contiguous, zoo.offset, zoo.contiguous, zoo.stepped)[(number // 2 + k) % 4]
            if number % 2
            else zoo.contiguous
            for k in range(arity_of(record))
        ]
        output = zoo.offset if number % 3 == 2 else zoo.contiguous
        key = f"{record.name} {compute.name} {length}"
        shape = (length,)
        drawn = operands(record, compute, kinds, shape, key, seed)
        period = DISTINCT if length > DISTINCT else 0
        evidence += judged(target, record, compute, drawn, output(shape), result, period)
    return evidence
