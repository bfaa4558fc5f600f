"""Kernels on which compilers may abort are tried in a process of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl import trials

from .devices import default_backend


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Return the statuses with which trials end from now on, none of them known before."""
    statuses: list[int] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, statuses.pop())

    monkeypatch.setenv("GNOMON_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(trials.subprocess, "run", run)
    return statuses


@pytest.mark.parametrize(("status", "safe"), ((0, True), (1, False), (-6, False)))
def test_the_outcome_is_kept(ended: list[int], status: int, safe: bool) -> None:
    (device,) = default_backend().runtime.context.devices
    ended.append(status)
    for _ in range(
        2
    ):  # of which the second finds the first's outcome: there is no other status
        trials.wide_vectors_are_safe.cache_clear()
        assert trials.wide_vectors_are_safe(device) is safe
    trials.wide_vectors_are_safe.cache_clear()
