"""Public functions on the device against the oracle's decompositions, in every float dtype."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from gnomon.backend import DType, bfloat16, float16, float32, float64
from gnomon_conformance.cases import Case, Tier
from gnomon_conformance.catalogue import ENTRIES
from gnomon_conformance.entries import Entry
from gnomon_conformance.functions import judge_function
from gnomon_conformance.judging import Evidence
from gnomon_conformance.target import Target


def cases(seed: int) -> Iterator[Case]:
    """Yield one case for each entry of the catalogue and each float dtype."""
    for number, entry in enumerate(ENTRIES):
        for turn, dtype in enumerate((float32, float64, float16, bfloat16)):
            if dtype.itemsize == 2 and not entry.narrow:
                continue
            yield Case(
                level=entry.level,
                family="function",
                subject=entry.name,
                dtype=dtype.name,
                tier=Tier.QUICK if turn == 0 or turn == 1 + number % 6 else Tier.DEFAULT,
                check=partial(_function, entry, dtype),
            )


def _function(entry: Entry, dtype: DType, target: Target) -> Evidence:
    return judge_function(entry.function, entry.inputs, dtype, entry.name, target)
