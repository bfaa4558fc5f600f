"""The suite catches the faults it lists, a few of each kind here and all of them in
``gnomon conform --audit``.
"""

from __future__ import annotations

from collections import Counter

import pytest

from gnomon_conformance.audit import FAULTS, Fault, inject
from gnomon_conformance.audit.recording import RecordingBackend

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


@pytest.mark.parametrize("cases", ["compiled/random-program", "training/*/*/compiled"])
def test_a_right_backend_passes_that_records_calls(cases: str) -> None:
    """Its faults are found for what they are, not because it is recorded at all."""
    found = inject(Fault(f"none in {cases}", cases, RecordingBackend), 1000 + len(cases))
    assert found.cases and not found.failed
