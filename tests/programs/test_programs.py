"""Programs written for PyTorch run unmodified, and print the losses that PyTorch prints."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import golden
import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = Path(__file__).parent

# Sums of up to 160 float32 terms in each of some 20 layers, forward and backward, for a handful
# of steps; and six digits after the point are printed, of numbers that may be below 1.
ROUNDING = 6 * 2 * 20 * 160 * 2.0**-24

each_program = pytest.mark.parametrize(
    "name", ["actor_critic", "language_model", "mixed_precision"]
)


def run_python(*arguments: str | Path, **environment: str) -> str:
    search = os.pathsep.join([str(ROOT / "reference"), os.environ.get("PYTHONPATH", "")])
    finished = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": search.rstrip(os.pathsep), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@each_program
@pytest.mark.parametrize("options", [[], ["--device", "cpu"]], ids=["cpu", "cuda"])
def test_gnomon_run_prints_what_pytorch_printed(name: str, options: list[str]) -> None:
    printed = run_python("-m", "gnomon", "run", *options, PROGRAMS / f"{name}.py")
    golden.assert_agrees(printed, golden.read(f"programs/{name}.txt"), ROUNDING)


def test_a_group_of_one_process_prints_the_same() -> None:
    program = PROGRAMS / "language_model.py"
    printed = run_python("-m", "gnomon", "run", program, RANK="0", WORLD_SIZE="1")
    golden.assert_agrees(printed, golden.read("programs/language_model.txt"), ROUNDING)


@each_program
def test_pytorch_still_prints_it(name: str, write_golden: bool) -> None:
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    printed = run_python(PROGRAMS / f"{name}.py")
    if write_golden:
        golden.write(f"programs/{name}.txt", printed)
    golden.assert_agrees(printed, golden.read(f"programs/{name}.txt"), ROUNDING)
