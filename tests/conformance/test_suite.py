"""Running the suite inside one's own pytest: a class of a few lines, sealed."""

from __future__ import annotations

import pytest

from gnomon_conformance.suite import ConformanceTests


class TestReference(ConformanceTests):
    device = "cpu"
    only = ("cos/float32", "memory/parts")


def test_the_suite_is_sealed() -> None:
    with pytest.raises(TypeError, match="sealed"):
        type("Lenient", (ConformanceTests,), {"test_case": lambda self, case: None})
