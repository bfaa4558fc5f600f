"""The values that operands are made of."""

from __future__ import annotations

import math

from gnomon.backend import float16, float32, int32
from gnomon.records import Domain
from gnomon_conformance.values import pool


def test_drawn_values_lie_all_over_their_domain() -> None:
    for dtype in (float16, float32):
        drawn = pool(dtype, Domain(-1.0, 1.0), 0)
        assert all(-1.0 <= value <= 1.0 for value in drawn)
        tenths = {math.floor(10 * value) for value in drawn}
        assert tenths >= {*range(-10, 10)}
    whole = pool(int32, Domain(-math.inf, math.inf), 0)
    assert len({value // 2**28 for value in whole}) > 12


def test_another_seed_draws_others() -> None:
    domain = Domain(0.0, math.inf)
    assert pool(float32, domain, 3) == pool(float32, domain, 3)
    assert pool(float32, domain, 3) != pool(float32, domain, 4)
