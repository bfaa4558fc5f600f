"""Every reduction and scan where otherwise a few stand for all: of more elements, more rows and
longer columns than small counters and pieces have room for, along dims that lie apart, and of
elements that are stored once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Scalar, bool_, float32, int32
from gnomon.records import Reduction, Scan
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.checks.reductions import ordinary
from gnomon_conformance.inventory import defined_on, records_of
from gnomon_conformance.judging import Evidence, judge_launch
from gnomon_conformance.launches import Launch, ReduceLaunch, ScanLaunch
from gnomon_conformance.launches.folds import moved_last
from gnomon_conformance.target import Target

LEVEL: Final = Level.REDUCTION
#: The dtype of which a record has its forms tried: the first that it is defined on.
_MAIN: Final = (float32, int32, bool_)
#: Further from 0 than what ends of rows come behind.
_EXTREME: Final = 9


@final
class _Form(NamedTuple):
    """How many elements there are, which dims are folded, and how they lie."""

    shape: tuple[int, ...]
    dims: tuple[int, ...]
    kind: zoo.Kind = zoo.contiguous


#: By the mode of the case; scans go along the last of the dims.
_FORMS: Final = {
    "one-line": _Form((2**18 + 5,), (0,)),
    "many-lines": _Form((2**16 + 3, 2), (1,)),
    "long-columns": _Form((1030, 33), (0,)),
    "long-lines": _Form((17, 2051), (1,)),
    "apart": _Form((17, 3, 31), (0, 2)),
    "stored-once": _Form((4, 70), (1,), zoo.expanded_last),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each record and form."""
    records: list[Reduction | Scan] = [*records_of(Reduction), *records_of(Scan)]
    for record in records:
        defined = dict(defined_on(record))
        compute = next(dtype for dtype in _MAIN if dtype in defined)
        for mode, form in _FORMS.items():
            yield Case(
                level=LEVEL,
                family="folds",
                subject=record.name,
                dtype=compute.name,
                mode=mode,
                check=partial(_judged, record, compute, defined[compute], form, seed),
            )


def _judged(
    record: Reduction | Scan,
    compute: DType,
    result: DType,
    form: _Form,
    seed: int,
    target: Target,
) -> Evidence:
    """Rows whose ends tell, with the record's first parameters."""
    return judge_launch(target, _launch(record, compute, result, form, seed))


def _launch(
    record: Reduction | Scan, compute: DType, result: DType, form: _Form, seed: int
) -> Launch:
    shape = form.shape
    dims = form.dims if isinstance(record, Reduction) else form.dims[-1:]
    rows = _rows(record, compute, math.prod(shape[dim] for dim in dims), form, seed)
    layout, stores = form.kind(shape), list[bytes]()
    turned = moved_last(layout, dims)
    place = zoo.placed(stores, [*chain.from_iterable(rows)], turned, compute)
    place = place._replace(layout=layout)
    if isinstance(record, Scan):
        return ScanLaunch(
            record=record,
            dim=dims[0],
            inputs=(place,),
            outputs=(zoo.blank(stores, zoo.contiguous(shape), result),),
            stores=tuple(stores),
        )
    kept = tuple([1 if dim in dims else size for dim, size in enumerate(shape)])
    return ReduceLaunch(
        record=record,
        dims=dims,
        parameters=record.samples[0],
        inputs=(place,),
        outputs=(zoo.blank(stores, zoo.contiguous(kept), result),),
        stores=tuple(stores),
    )


def _tells(record: Reduction, element: Scalar, other: Scalar) -> bool:
    """Whether it shows that a reduction has left out an element behind another one."""
    fold, parameters = record.fold, record.samples[0]
    return fold([other, element], parameters) != fold([other], parameters)


def _rows(
    record: Reduction | Scan, compute: DType, length: int, form: _Form, seed: int
) -> Iterator[list[Scalar]]:
    """Yield the rows: ordinary ones that end in something larger and something smaller, zeros
    that end in a one, ones that end in a zero, and of floats some with NaN far behind the
    beginning and at the end. A single row to reduce is one of the middle two whose end tells.
    """
    count = math.prod(form.shape) // length
    drawn = ordinary(record, compute, length + count, f"{record.name} {form.shape}", seed)
    zero, one = compute.convert(0), compute.convert(1)
    extremes = [compute.convert(_EXTREME), compute.convert(-_EXTREME)]
    for number in range(count):
        kind = number % (4 if compute.is_floating_point else 3)
        if count == 1 and isinstance(record, Reduction):
            kind = 1 if _tells(record, one, zero) else 2
        row = drawn[number : number + length]
        if kind == 1:
            row = [zero] * length
            row[-1] = one
        elif kind == 2:
            row = [one] * length
            row[-1] = zero
        else:
            row[-2:] = extremes
        if kind == 3:
            row[length * 3 // 4] = row[-1] = math.nan
        yield row
