"""The numbers that conversions to a narrower float are judged by."""

from __future__ import annotations

import math

from gnomon.backend import float16, float32
from gnomon_conformance.checks.conversion import _ties
from gnomon_conformance.correct import largest, smallest_normal


def test_the_ends_of_the_narrower_dtype_are_among_the_ties() -> None:
    most, least = largest(float16), smallest_normal(float16)
    found = [(abs(each), abs(float16.round(each))) for each in _ties(float32, float16)]
    assert any(each > most == rounded for each, rounded in found)
    assert any(math.isfinite(each) and math.isinf(rounded) for each, rounded in found)
    assert any(each and not rounded for each, rounded in found)
    assert any(0 < rounded < least and each != rounded for each, rounded in found)
