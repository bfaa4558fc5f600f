"""The places where functions change are found, to the last bit."""

from __future__ import annotations

import math
from random import Random

from gnomon.backend import float32, float64
from gnomon_conformance.checks.edges import _changes, _of_ranks
from gnomon_conformance.inventory import elementwise_records

RECORDS = {record.name: record for record in elementwise_records()}


def test_the_last_number_before_overflow() -> None:
    for dtype, last in ((float32, 88.72283172607422), (float64, 709.782712893384)):
        ranks = _changes(RECORDS["exp"], dtype, 0, 0.0, Random(0))
        assert last in _of_ranks(ranks, dtype)


def test_roots() -> None:
    ranks = _changes(RECORDS["log"], float64, 0, 0.0, Random(0))
    places = _of_ranks(ranks, float64)
    assert math.nextafter(1.0, 0.0) in places
