"""The examples print on a device what the reference prints with the same random numbers."""

from __future__ import annotations

import contextlib
import io
import runpy
import sys

import golden
import pytest

from device import stand_in, without_device
from examples.test_examples import CASES, EXAMPLES, Example, skip_without

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import gnomon

from .devices import default_backend


def printed(example: Example, monkeypatch: pytest.MonkeyPatch) -> str:
    script = str(EXAMPLES / f"{example.name}.py")
    monkeypatch.setattr(sys, "argv", [script, *example.arguments])
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        runpy.run_path(script, run_name="__main__")
    return without_device(output.getvalue())


@pytest.mark.parametrize("example", CASES, ids=lambda example: example.name)
def test_loss_curves_are_the_references(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    if example.needs_numpy:
        skip_without("numpy")
    with stand_in():
        expected = printed(example, monkeypatch)
    with gnomon.device(str(default_backend().device)):
        found = printed(example, monkeypatch)
    golden.assert_agrees(found, expected, example.relative)
