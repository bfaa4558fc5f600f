"""The examples print under gnomon what PyTorch prints for the same source."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import golden
import pytest

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"

# float32 sums of 1000, 100 and 640 terms stand between the data and the printed loss; each may
# err by n * eps / 2, relative to the sum of magnitudes, in PyTorch's order of addition.
NETWORK = (1000 + 100 + 640) * 2.0**-24

# A step of the regression rounds some ten times and shrinks earlier errors (a contraction), but
# the loss is the square of a difference of numbers ten times as large.
REGRESSION = 100 * 10 * 2.0**-24


# Of the deeper programs the longest sums count: of every layer's, for each step.
DIGITS = (72 + 144 + 256 + 64) * 2.0**-24
RESNET = 2 * 20 * 9 * 32 * 2.0**-24
TRANSFORMER = 4 * 2 * (4 * 16 + 5 * 16) * 2.0**-24


class Example(NamedTuple):
    name: str
    arguments: tuple[str, ...] = ()
    relative: float = 0.0
    #: The modules it imports besides, of the extras.
    needs: tuple[str, ...] = ()
    #: Whether it takes ``--device``.
    takes_device: bool = False
    #: Whether PyTorch can run it.
    is_pytorch: bool = True


CASES = [
    Example("two_layer_manual", ("--steps", "3"), NETWORK),
    Example("two_layer_autograd", ("--steps", "3"), NETWORK),
    Example("two_layer_function", ("--steps", "3"), NETWORK),
    Example("linear_regression", ("--steps", "101"), REGRESSION),
    Example("tensor_tour", needs=("numpy",)),
    Example("gradients"),
    Example("two_layer_nn", ("--steps", "3"), NETWORK),
    Example("two_layer_adam", ("--steps", "3"), NETWORK),
    Example("parallel_linear", (), REGRESSION),
    Example(
        "digits",
        ("--device", "cpu", "--pictures", "120", "--epochs", "1"),
        DIGITS,
        ("numpy", "sklearn", "tqdm"),
        takes_device=True,
    ),
    Example(
        "character_transformer",
        (
            *("--text", str(ROOT / "LICENSE"), "--steps", "4", "--batch", "2"),
            *("--length", "16", "--width", "16", "--sample", "8"),
        ),
        TRANSFORMER,
        takes_device=True,
    ),
    Example(
        "resnet18",
        ("--steps", "2", "--width", "4", "--classes", "10"),
        RESNET,
        takes_device=True,
    ),
    Example("tensorboard_logging", ("--steps", "5"), needs=("tensorboardX",)),
    Example("pictures", is_pytorch=False),
]

each_example = pytest.mark.parametrize("example", CASES, ids=lambda example: example.name)
each_program = pytest.mark.parametrize(
    "example",
    [example for example in CASES if example.is_pytorch],
    ids=lambda example: example.name,
)


def run_python(*arguments: str | Path, folder: Path | None = None) -> str:
    search = os.pathsep.join([str(ROOT / "reference"), os.environ.get("PYTHONPATH", "")])
    finished = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": search.rstrip(os.pathsep)},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def for_torch(example: Example, folder: Path) -> Path:
    """Write the example's source with ``import torch``, as its PyTorch author would have it."""
    source = (EXAMPLES / f"{example.name}.py").read_text(encoding="utf-8")
    assert source.count("import gnomon as torch\n") == 1
    source = source.replace("from gnomon", "from torch")
    program = folder / f"{example.name}.py"
    program.write_text(source.replace("import gnomon as torch\n", "import torch\n"), "utf-8")
    return program


def skip_without(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")


@each_example
def test_gnomon_prints_what_pytorch_printed(example: Example, tmp_path: Path) -> None:
    skip_without(*example.needs)
    script = EXAMPLES / f"{example.name}.py"
    printed = run_python(script, *example.arguments, folder=tmp_path)
    golden.assert_agrees(printed, golden.read(f"examples/{example.name}.txt"), example.relative)


@each_program
def test_gnomon_run_runs_the_pytorch_source(example: Example, tmp_path: Path) -> None:
    skip_without(*example.needs)
    program = for_torch(example, tmp_path)
    printed = run_python("-m", "gnomon", "run", program, *example.arguments, folder=tmp_path)
    golden.assert_agrees(printed, golden.read(f"examples/{example.name}.txt"), example.relative)


@each_program
def test_pytorch_still_prints_it(example: Example, tmp_path: Path, write_golden: bool) -> None:
    skip_without("torch", "numpy", *example.needs)
    if "tensorboardX" in example.needs:
        skip_without("tensorboard")
    name = f"examples/{example.name}.txt"
    program = for_torch(example, tmp_path)
    printed = run_python(program, *example.arguments, folder=tmp_path)
    if write_golden:
        golden.write(name, printed)
    golden.assert_agrees(printed, golden.read(name), example.relative)


def test_every_example_is_tested() -> None:
    present = {file.stem for file in EXAMPLES.glob("*.py")}
    assert present == {example.name for example in CASES}


def test_the_line_is_drawn(tmp_path: Path) -> None:
    skip_without("matplotlib", "numpy")
    picture = tmp_path / "line.png"
    run_python(EXAMPLES / "linear_regression.py", "--steps", "2", "--plot", picture)
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_golden_comparison_catches_a_wrong_number_and_a_wrong_word() -> None:
    golden.assert_agrees("loss 1.0001", "loss 1.0", relative=1e-3)
    with pytest.raises(AssertionError):
        golden.assert_agrees("loss 1.01", "loss 1.0", relative=1e-3)
    with pytest.raises(AssertionError):
        golden.assert_agrees("cost 1.0", "loss 1.0", relative=1e-3)
    with pytest.raises(AssertionError):
        golden.assert_agrees("loss 1.0 2.0", "loss 1.0", relative=1e-3)
