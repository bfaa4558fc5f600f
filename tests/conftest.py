"""What every test of gnomon shares: settings of hypothesis, and writing golden values."""

from __future__ import annotations

import pytest
from hypothesis import settings

# Examples are the same on every run, so that a red test stays red until it is repaired; there
# is no time limit per example, since a busy machine is not a wrong result.
settings.register_profile("gnomon", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("gnomon")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-golden",
        action="store_true",
        help="write tests/golden anew from the PyTorch that is installed",
    )


@pytest.fixture
def write_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--write-golden"))
