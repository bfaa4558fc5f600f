"""Reading and writing through indices where operands are views of one storage: tensors of
indices, what is looked up in, and what arrives.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Final

from gnomon.backend import Layout, float32, int64
from gnomon.records import Combination
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.inventory import records_of
from gnomon_conformance.judging import NOTHING, Evidence, judge_launch
from gnomon_conformance.launches import GatherLaunch, Lookup, Place, ScatterLaunch
from gnomon_conformance.target import Target

LEVEL = Level.INDEXING
#: Of 24 indices, views of one shape: columns of a matrix; a matrix, and the transposed one; one
#: part and the next; those of even and of odd places; one for all, and all.
_VIEWS: Final = (
    (Layout((8,), (3,), 0), Layout((8,), (3,), 1), Layout((8,), (3,), 2)),
    (Layout((4, 4), (4, 1), 0), Layout((4, 4), (1, 4), 0), Layout((4, 4), (4, 1), 8)),
    (Layout((7,), (1,), 0), Layout((7,), (1,), 1), Layout((7,), (1,), 9)),
    (Layout((12,), (2,), 0), Layout((12,), (2,), 1), Layout((12,), (1,), 5)),
    (Layout((3, 5), (0, 0), 2), Layout((3, 5), (5, 1), 0), Layout((3, 5), (0, 1), 6)),
)
_COUNT: Final = 24
#: Of the dims that are looked up, the sizes: every index is in range in each.
_SIZES: Final = (5, 4, 6)
_LEAST: Final = min(_SIZES)


def cases(seed: int) -> Iterator[Case]:
    """Yield a case of each way to go through indices, with what shares their storage."""
    yield Case(
        level=LEVEL,
        family="gather",
        subject="gather",
        dtype="int64",
        mode="shared",
        check=partial(_gather, seed),
    )
    for record in records_of(Combination):
        yield Case(
            level=LEVEL,
            family="scatter",
            subject=record.name,
            dtype="int64",
            mode="shared",
            check=partial(_scatter, record, seed),
        )


def _indices(stores: list[bytes], key: str) -> Place:
    """Return indices that are in range of every size, negative ones among them."""
    chooser = Random(key)
    drawn = [chooser.randrange(-_LEAST, _LEAST) for _ in range(_COUNT)]
    return zoo.placed(stores, drawn, zoo.contiguous((_COUNT,)), int64)


def _gather(seed: int, target: Target) -> Evidence:
    """Indices of two or three dims are views of one storage; and what they are looked up in is
    the storage of the indices themselves.
    """
    evidence = NOTHING
    for number, views in enumerate(_VIEWS):
        shape = views[0].shape
        for count in (1, 2, 3):
            stores: list[bytes] = []
            indices = _indices(stores, f"gather {number} {count} {seed}")
            sizes = _SIZES[:count]
            source = Place(0, Layout.contiguous((_LEAST, _COUNT // _LEAST)), int64)
            strides: tuple[int, ...] = (_COUNT // _LEAST,)
            if count > 1:  # other numbers than the indices
                every = zoo.contiguous(sizes)
                source = zoo.placed(stores, [k / 2 for k in range(150)], every, float32)
                strides = source.layout.strides
            lookups = [
                Lookup(indices._replace(layout=view), min(size, _LEAST), stride, True)
                for view, size, stride in zip(views, sizes, strides, strict=False)
            ]
            seen = source._replace(layout=Layout(shape, (0,) * len(shape), number % 3))
            launch = GatherLaunch(
                lookups=tuple(lookups),
                inputs=(seen,),
                outputs=(zoo.blank(stores, zoo.contiguous(shape), source.dtype),),
                stores=tuple(stores),
            )
            evidence += judge_launch(target, launch)
    return evidence


def _scatter(record: Combination, seed: int, target: Target) -> Evidence:
    """What arrives is the indices themselves, or another view of their storage; indices of two
    dims share it, too.
    """
    evidence = NOTHING
    for number, views in enumerate(_VIEWS):
        for count in (1, 2):
            stores: list[bytes] = []
            indices = _indices(stores, f"{record.name} {number} {count} {seed}")
            sizes = _SIZES[:count]
            tensor = zoo.placed(stores, [2, 3, 1], zoo.offset(sizes), int64)
            lookups = [
                Lookup(indices._replace(layout=view), min(size, _LEAST), stride, True)
                for view, size, stride in zip(
                    views[:count], sizes, tensor.layout.strides, strict=True
                )
            ]
            shape = views[0].shape
            at = Layout(shape, (0,) * len(shape), tensor.layout.offset)
            launch = ScatterLaunch(
                record=record,
                lookups=tuple(lookups),
                inputs=(indices._replace(layout=views[number % 2 * count]),),
                outputs=(tensor._replace(layout=at),),
                stores=tuple(stores),
            )
            evidence += judge_launch(target, launch)
    return evidence
