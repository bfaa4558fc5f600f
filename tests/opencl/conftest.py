"""The tests of this folder name their devices, and compare them with the host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gnomon


@pytest.fixture(autouse=True)
def _names_its_devices() -> Iterator[None]:
    """Make tensors on the host that name no device, whatever ``--device`` says."""
    with gnomon.device("cpu"):
        yield
