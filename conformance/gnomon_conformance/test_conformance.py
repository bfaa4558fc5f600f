"""The suite for pytest: ``pytest --pyargs gnomon_conformance --gnomon-device DEVICE``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gnomon_conformance.cases import Case, Level, Selection, Tier
from gnomon_conformance.runner import selected
from gnomon_conformance.suite import judge_in_pytest
from gnomon_conformance.target import Target


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each case that the options choose; none without a device."""
    option = metafunc.config.getoption
    cases: list[Case] = []
    if option("gnomon_device"):
        tier = Tier[str(option("gnomon_tier")).upper()]
        level = Level(int(option("gnomon_level")))
        selection = Selection(tier, level, tuple(option("gnomon_only")))
        cases = selected(selection, option("gnomon_seed"))
    metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def test_case(
    case: Case, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    option = request.config.getoption
    target = Target(str(option("gnomon_device")), option("gnomon_seed"))
    judge_in_pytest(case, target, record_property)
