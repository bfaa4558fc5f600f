"""What every test of gnomon shares: settings of hypothesis, golden values, and the device.

``pytest --device opencl`` runs the tests with that device as the default one: what they expect
of the reference they then expect of the device, as exactly as ``devices.py`` says.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

import gnomon

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
    parser.addoption(
        "--device",
        default=os.environ.get("GNOMON_TEST_DEVICE", "cpu"),
        help="where tensors are made that name no device, such as opencl:1; GNOMON_TEST_DEVICE",
    )


@pytest.fixture
def write_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--write-golden"))


def pytest_configure(config: pytest.Config) -> None:
    # Before collection, because some modules make tensors when they are imported.
    gnomon.set_default_device(config.getoption("--device"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    device = item.config.getoption("--device")
    gnomon.set_default_device(device)
    if device == "cpu":
        return
    marker = item.get_closest_marker("reference_only")
    if marker is not None:
        (reason,) = marker.args
        pytest.skip(f"about the reference only: {reason}")
    if item.path.stem.endswith("against_torch"):
        pytest.skip(
            "about the reference only: it is what PyTorch judges, and what judges others"
        )
