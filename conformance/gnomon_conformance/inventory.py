"""What there is to check: the records of each family, and the dtypes each is defined on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final, TypeVar

from gnomon.backend import ALL_DTYPES, DType, Scalar, bool_, float32
from gnomon.records import (
    Binary,
    Combination,
    Elementwise,
    NumericRecord,
    Quaternary,
    RandomSource,
    Record,
    Reduction,
    Scan,
    Source,
    Ternary,
    Unary,
    all_records,
)

Family = TypeVar("Family", bound=Record)

ARITY: Final[dict[type[Elementwise], int]] = {Unary: 1, Binary: 2, Ternary: 3, Quaternary: 4}


@cache
def _distinct() -> tuple[Record, ...]:
    found: dict[tuple[type[Record], str], Record] = {}
    for each in all_records():
        found.setdefault((type(each.record), each.record.name), each.record)
    return tuple(found.values())


def records_of(family: type[Family]) -> list[Family]:
    """Return the records of a family, one of each name."""
    return [record for record in _distinct() if isinstance(record, family)]


def elementwise_records() -> list[Elementwise]:
    """Return the elementwise records, of one to four operands."""
    found: list[Elementwise] = []
    for family in (Unary, Binary, Ternary, Quaternary):
        found += records_of(family)
    return found


def defined_on(record: NumericRecord) -> Iterator[tuple[DType, DType]]:
    """Yield each dtype that a record computes in, with the dtype of the result."""
    for dtype in ALL_DTYPES:
        try:
            compute, result = record.dtype(record.name, dtype)
        except (RuntimeError, NotImplementedError):
            continue
        if dtype is compute:
            yield dtype, result


def arity_of(record: Elementwise) -> int:
    """Return how many operands an elementwise record has."""
    return next(count for family, count in ARITY.items() if isinstance(record, family))


def given_dtypes(record: Elementwise, compute: DType) -> list[DType]:
    """Return the dtype of each operand: conditions are bool, the others compute's."""
    others = arity_of(record) - record.conditions
    return [*[bool_] * record.conditions, *[compute] * others]


@cache
def _verbs() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: {name} for name in ("gather", "sort")}
    found["copy"] = {"elementwise"}
    families = (
        (Elementwise, "elementwise"),
        (Reduction, "reduce"),
        (Scan, "scan"),
        (Combination, "scatter"),
        (Source, "source"),
        (RandomSource, "source"),
    )
    for record in _distinct():
        for family, verb in families:
            if isinstance(record, family):
                found.setdefault(record.name, set()).add(verb)
    return found


def verbs_of(name: str) -> set[str]:
    """Return the verbs by which operations of a name are launched; none for a composite."""
    return _verbs().get(name, set())


def number_for(record: Elementwise, value: Scalar, dtype: DType) -> Scalar:
    """Return a Python number as a launch gets it: of the dtype, among 16-bit floats of float32
    where the record says so.
    """
    precise = record.precise_numbers and dtype.is_floating_point and dtype.itemsize == 2
    return (float32 if precise else dtype).convert(value)
