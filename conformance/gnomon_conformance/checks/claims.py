"""What a backend says of itself: ``supports`` and the declared gaps agree, both ways.

That a declared gap is there, and that none is there undeclared, every launch checks by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from gnomon.backend import ALL_DTYPES, DType
from gnomon.records import Combination, RandomSource, Reduction, Scan
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.inventory import (
    defined_on,
    elementwise_records,
    given_dtypes,
    records_of,
)
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target

#: An operation, its verb, and the dtypes of its operands.
Claim = tuple[str, str, Sequence[DType]]


def _elementwise() -> Iterator[Claim]:
    for record in elementwise_records():
        for compute, _ in defined_on(record):
            yield record.name, "elementwise", given_dtypes(record, compute)
    for dtype in ALL_DTYPES:
        yield "copy", "elementwise", [dtype]


def _folds() -> Iterator[Claim]:
    for reduction in records_of(Reduction):
        for compute, _ in defined_on(reduction):
            yield reduction.name, "reduce", [compute]
    for scan in records_of(Scan):
        for compute, _ in defined_on(scan):
            yield scan.name, "scan", [compute]


def _lookups() -> Iterator[Claim]:
    for dtype in ALL_DTYPES:
        yield "gather", "gather", [dtype]
        yield "sort", "sort", [dtype]
        for record in records_of(Combination):
            yield record.name, "scatter", [dtype]
    for draw in records_of(RandomSource):
        if draw.philox is not None:
            yield draw.name, "source", []


_CLAIMS: Final[dict[Level, Callable[[], Iterator[Claim]]]] = {
    Level.ELEMENTWISE: _elementwise,
    Level.REDUCTION: _folds,
    Level.INDEXING: _lookups,
}


def cases(seed: int) -> Iterator[Case]:
    """Yield one case for each level of launches."""
    for level, claims in _CLAIMS.items():
        yield Case(
            level=level, family="claims", subject="supports", check=partial(_check, claims)
        )


def _check(claims: Callable[[], Iterator[Claim]], target: Target) -> Evidence:
    count = 0
    for name, verb, dtypes in claims():
        gap = target.gap(name, verb, dtypes)
        says = target.backend.supports(name, dtypes)
        listed = ", ".join(dtype.name for dtype in dtypes)
        if says and gap is not None:
            raise Wrong(f"supports({name!r}, [{listed}]) is True; declared is: {gap.reason}")
        if not says and gap is None:
            raise Wrong(f"supports({name!r}, [{listed}]) is False; no gap is declared")
        count += 1
    return Evidence(count)
