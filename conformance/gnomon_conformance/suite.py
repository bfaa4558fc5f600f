"""The class by which the author of a backend runs the suite inside their own pytest.

    from gnomon_conformance.suite import ConformanceTests

    class TestMyDevice(ConformanceTests):
        device = "mydevice:0"

That is all; ``tier``, ``level``, ``seed`` and ``only`` may be set as well. The tests themselves
cannot be overridden: what a backend does not do, it declares (``Backend.gaps``), so that the
declaration is judged too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar, Final

import pytest

import gnomon
from gnomon_conformance.cases import Case, Level, Selection, Status, Tier, judge
from gnomon_conformance.runner import selected
from gnomon_conformance.target import Target

#: The property of a test's report under which its outcome travels between processes.
OUTCOME: Final = "gnomon_outcome"
_SEALED: Final = ("test_case", "pytest_generate_tests")


class ConformanceTests:
    """One test for each case; a subclass names the device."""

    device: ClassVar[str] = ""
    tier: ClassVar[Tier] = Tier.QUICK
    level: ClassVar[Level] = Level.PROGRAM
    seed: ClassVar[int] = 0
    only: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        overridden = [name for name in _SEALED if name in vars(cls)]
        if overridden:
            raise TypeError(
                f"{cls.__name__} overrides {', '.join(overridden)}, but the suite is sealed. "
                "What the backend does not do, it declares in Backend.gaps()."
            )

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test of each case that the subclass chooses."""
        selection = Selection(self.tier, self.level, self.only)
        cases = selected(selection, self.seed) if self.device else []
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])

    def test_case(self, case: Case, record_property: Callable[[str, object], None]) -> None:
        """Judge the device by one case."""
        judge_in_pytest(case, Target(self.device, self.seed), record_property)


def judge_in_pytest(
    case: Case, target: Target, record_property: Callable[[str, object], None]
) -> None:
    """Judge a backend by one case, and let pytest know what came of it."""
    with gnomon.fallback(None):
        outcome = judge(case, target)
    record_property(OUTCOME, json.dumps(outcome))
    if outcome.status == Status.DECLARED.value:
        pytest.skip(outcome.detail)
    if outcome.status == Status.FAILED.value:
        pytest.fail(f"{outcome.detail}\n\n{outcome.reproducer}", pytrace=False)
