"""The suite catches the faults it lists, a few of each kind here and all of them in
``gnomon conform --audit``.
"""

from __future__ import annotations

from collections import Counter

import pytest

from gnomon_conformance.audit import FAULTS, inject

#: Every this-many-th fault is tried here, so that the test takes seconds.
EVERY = 9


@pytest.mark.parametrize(
    "index", range(0, len(FAULTS), EVERY), ids=lambda index: FAULTS[index].name
)
def test_a_fault_is_caught_by_the_cases_that_name_it(index: int) -> None:
    caught = inject(FAULTS[index], index)
    assert caught.failed
    assert all(outcome.detail for outcome in caught.failed)


def test_there_are_many_faults_of_distinct_names() -> None:
    assert len(FAULTS) >= 120
    assert max(Counter(fault.name for fault in FAULTS).values()) == 1
