"""The examples print on a device what the reference prints with the same random numbers."""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
from pathlib import Path

import golden
import pytest

from device import stand_in, without_device
from examples.test_examples import CASES, EXAMPLES, Example, skip_without

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import gnomon

from .devices import default_backend


def printed(example: Example, monkeypatch: pytest.MonkeyPatch, *more_arguments: str) -> str:
    script = str(EXAMPLES / f"{example.name}.py")
    monkeypatch.setattr(sys, "argv", [script, *example.arguments, *more_arguments])
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        runpy.run_path(script, run_name="__main__")
    return without_device(output.getvalue())


@pytest.mark.parametrize("example", CASES, ids=lambda example: example.name)
def test_loss_curves_are_the_references(
    example: Example, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    skip_without(*example.needs)
    monkeypatch.chdir(tmp_path)
    if example.takes_device:
        # Drawn on the CPU, then moved: the random numbers are those of the reference itself.
        device = str(default_backend().device)
        expected = printed(example, monkeypatch, "--device", "cpu")
        found = printed(example, monkeypatch, "--device", device).replace(device, "cpu")
        golden.assert_agrees(found, expected, example.relative)
        return
    with stand_in():
        expected = printed(example, monkeypatch)
    with gnomon.device(str(default_backend().device)):
        found = printed(example, monkeypatch)
    golden.assert_agrees(found, expected, example.relative)
