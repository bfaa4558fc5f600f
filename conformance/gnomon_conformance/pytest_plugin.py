"""What pytest needs to run the suite: the options that name the device and choose the cases.

pytest --pyargs gnomon_conformance --gnomon-device DEVICE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("gnomon", "conformance of a backend of gnomon")
    group.addoption("--gnomon-device", metavar="DEVICE", help="the device to judge")
    group.addoption(
        "--gnomon-tier",
        default="default",
        choices=("quick", "default", "thorough"),
        help="how much to check",
    )
    group.addoption("--gnomon-level", default="7", help="up to which level, by number")
    group.addoption("--gnomon-seed", type=int, default=0, help="draw other values")
    group.addoption(
        "--gnomon-only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="cases whose id has PATTERN as consecutive parts",
    )
