"""Elements given by their bits: NaN of many payloads, and bools of bytes that are neither 0 nor
1, as views of other dtypes and files make them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import log2
from typing import Final, TypeAlias

import gnomon
from gnomon import Tensor
from gnomon.backend import (
    ALL_DTYPES,
    Device,
    DType,
    Scalar,
    bool_,
    float32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from gnomon.records import Reduction, Scan
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.checks.elementwise import EXACT
from gnomon_conformance.checks.reductions import launches_of
from gnomon_conformance.checks.tensors import same
from gnomon_conformance.correct import epsilon
from gnomon_conformance.inventory import (
    defined_on,
    elementwise_records,
    given_dtypes,
    records_of,
)
from gnomon_conformance.judging import NOTHING, Evidence, judge_launch
from gnomon_conformance.launches import (
    CopyLaunch,
    ElementwiseLaunch,
    Launch,
    Place,
    SortLaunch,
    domains_of,
    tolerance_of,
)
from gnomon_conformance.target import Target, oracle

#: Makes the launches of a dtype.
Launches: TypeAlias = Callable[[DType], Iterator[Launch]]

#: What holds the bits of a dtype, by its bytes.
_WORDS: Final = {1: uint8, 2: uint16, 4: uint32, 8: uint64}
#: How many elements a row has that is folded or sorted.
_LENGTH: Final = 5
#: The bytes of bools.
_BYTES: Final = (2, 0, 1, 0, 255, 128, 4, 0, 3, 254)
#: Those of records that round that stand for the others.
_ROUNDED: Final = ("add", "mul", "sqrt")
#: The dtypes that stand for all others beside a condition.
_BESIDE: Final = (bool_, float32, int64)


def cases(seed: int) -> Iterator[Case]:
    """Yield a case of each sort of launches for each dtype."""
    for dtype in ALL_DTYPES:
        if not dtype.is_floating_point and dtype is not bool_:
            continue
        family = "bool-bytes" if dtype is bool_ else "nan-bits"
        for level, subject, launches in (
            (Level.ELEMENTWISE, "elementwise", _elementwise),
            (Level.ELEMENTWISE, "convert", _conversions),
            (Level.REDUCTION, "fold", _folds),
            (Level.INDEXING, "sort", _sorts),
        ):
            if subject != "sort" or dtype is not bool_:
                yield Case(
                    level=level,
                    family=family,
                    subject=subject,
                    dtype=dtype.name,
                    check=partial(_judged, launches, dtype),
                )
    yield Case(
        level=Level.INDEXING,
        family="bool-bytes",
        subject="masks",
        dtype="bool",
        check=_as_masks,
    )


def _bits(dtype: DType) -> list[Scalar]:
    """Return the elements of a dtype as integers: NaN with the lowest bit alone, with all, and
    with others, signalling and quiet, of both signs; of bool any bytes.
    """
    if dtype is bool_:
        return [*_BYTES]
    width, fraction = 8 * dtype.itemsize, round(-log2(epsilon(dtype)))
    infinity = 2 ** (width - 1) - 2**fraction
    quiet = 2 ** (fraction - 1)
    payloads = (1, 2, 2 ** (fraction // 2), quiet - 1, quiet, quiet + 1, 2 * quiet - 1)
    return [
        sign * 2 ** (width - 1) + infinity + payload for payload in payloads for sign in (0, 1)
    ]


def _as(place: Place, dtype: DType) -> Place:
    return place._replace(dtype=dtype)


def _judged(launches: Launches, dtype: DType, target: Target) -> Evidence:
    """Judge the launches; those of declared gaps only where there are no others."""
    made = [*launches(dtype)]
    there = [each for each in made if not target.gap(each.name, each.verb, each.dtypes())]
    evidence = NOTHING
    for launch in there or made:
        evidence += judge_launch(target, launch)
    return evidence


def _elementwise(dtype: DType) -> Iterator[Launch]:
    """Yield launches of every exact record, and of some that round, with each operand in turn
    given by its bits.
    """
    bits = _bits(dtype)
    layout = zoo.contiguous((len(bits),))
    for record in elementwise_records():
        if tolerance_of(record) != EXACT and record.name not in _ROUNDED:
            continue
        for compute, result in defined_on(record):
            dtypes = given_dtypes(record, compute)
            if dtype not in dtypes or (compute is not dtype and compute not in _BESIDE):
                continue
            domains = domains_of(record, len(dtypes))
            for chosen, each in enumerate(dtypes):
                if each is not dtype or domains[chosen].whole:
                    continue
                stores: list[bytes] = []
                inputs = [
                    _as(zoo.placed(stores, bits, layout, _WORDS[each.itemsize]), each)
                    if number == chosen
                    else zoo.placed(stores, [each.convert(1)], layout, each)
                    for number, each in enumerate(dtypes)
                ]
                yield ElementwiseLaunch(
                    record=record,
                    compute=compute,
                    inputs=tuple(inputs),
                    outputs=(zoo.blank(stores, layout, result),),
                    stores=tuple(stores),
                )


def _conversions(dtype: DType) -> Iterator[Launch]:
    """Yield conversions to every other dtype, of elements in a row and apart."""
    bits = _bits(dtype)
    for result in ALL_DTYPES:
        for kind in (zoo.contiguous, zoo.stepped) if result is not dtype else ():
            stores: list[bytes] = []
            place = zoo.placed(stores, bits, kind((len(bits),)), _WORDS[dtype.itemsize])
            yield CopyLaunch(
                inputs=(_as(place, dtype),),
                outputs=(zoo.blank(stores, zoo.contiguous((len(bits),)), result),),
                stores=tuple(stores),
            )


def _mixed(dtype: DType) -> list[Scalar]:
    """Return rows that hold one element of each sort, as integers, among zeros."""
    bits = _bits(dtype)
    rows: list[Scalar] = [0] * (len(bits) * _LENGTH)
    for number, each in enumerate(bits):
        rows[number * _LENGTH + number % _LENGTH] = each
    return rows


def _folds(dtype: DType) -> Iterator[Launch]:
    """Yield reductions and scans of rows that have one of the elements."""
    rows = _mixed(dtype)
    layout = zoo.contiguous((len(rows) // _LENGTH, _LENGTH))
    records: list[Reduction | Scan] = [*records_of(Reduction), *records_of(Scan)]
    for record in records:
        for compute, result in defined_on(record):
            if compute is dtype:
                word = _WORDS[dtype.itemsize]
                for launch in launches_of(
                    record, word, result, rows, layout, (1,), zoo.contiguous
                ):
                    yield _input_as(launch, dtype)


def _sorts(dtype: DType) -> Iterator[Launch]:
    """Yield sorts of rows that have one of the elements, and of all of them."""
    word = _WORDS[dtype.itemsize]
    for values, length in ((_mixed(dtype), _LENGTH), ([0, *_bits(dtype), 0], 16)):
        for descending in (False, True):
            stores: list[bytes] = []
            layout = zoo.contiguous((len(values) // length, length))
            launch = SortLaunch(
                dim=1,
                descending=descending,
                inputs=(zoo.placed(stores, values, layout, word),),
                outputs=(zoo.blank(stores, layout, dtype), zoo.blank(stores, layout, int64)),
                stores=tuple(stores),
            )
            yield _input_as(launch, dtype)


def _input_as(launch: Launch, dtype: DType) -> Launch:
    """Return a launch of one input with the bits of it seen as elements of a dtype."""
    (place,) = launch.inputs
    assert isinstance(place, Place)
    return replace(launch, inputs=(_as(place, dtype),))


def _as_masks(target: Target) -> Evidence:
    """Bools of any bytes, which choose elements, are counted and put in order."""

    def results(device: Device) -> list[Tensor]:
        mask = gnomon.tensor(_BYTES, dtype=uint8).to(device).view(bool_)
        places = gnomon.arange(len(_BYTES), device=device)
        chosen = [places[mask], mask.nonzero(), mask[places % 3], places[~mask]]
        written = [places.masked_fill(mask, -1), gnomon.where(mask, places, -places)]
        counted = [mask.any(), mask.all(), mask.sum(), mask[:3].all(), mask[1:2].any()]
        return [*chosen, *written, *counted, *mask.sort(), mask.clone(), mask == mask[4]]

    pairs = zip(results(target.device), results(oracle()), strict=True)
    return Evidence(sum(same(mine, right, "bools of any bytes") for mine, right in pairs))
