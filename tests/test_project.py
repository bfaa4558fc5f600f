"""The project's papers agree with its files: README, CONTRIBUTING, pyproject, .ci/run."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import gnomon

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def shell_blocks(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def test_the_readme_opens_with_two_commands_of_one_line() -> None:
    run, test = shell_blocks(README)[:2]
    assert run.count("\n") == test.count("\n") == 1
    assert "python3 -m venv" in run and "examples/" in run
    assert "python3 -m venv" in test and "pytest" in test
    assert README.index(test) < 2000


def test_ci_runs_the_commands_that_the_readme_prints() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (definition,) = re.findall(r"^readme_command\(\) .*$", script, flags=re.MULTILINE)
    for number, block in enumerate(shell_blocks(README)[:2], start=1):
        extracted = subprocess.run(
            ["bash", "-c", f"{definition}\nreadme_command {number}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert extracted == block
    assert "for number in 1 2; do" in script


@pytest.mark.parametrize("paper", ["README.md", "CONTRIBUTING.md"])
def test_every_file_a_paper_names_is_there(paper: str) -> None:
    text = (ROOT / paper).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    paths = re.findall(r"`((?:[\w.]+/)+[\w.]*)`", text)
    assert links or paths
    absent = [name for name in {*links, *paths} if not (ROOT / name).exists()]
    assert absent == []


def test_the_distribution_has_three_typed_packages_and_no_dependencies() -> None:
    assert PROJECT["project"]["dependencies"] == []
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert PROJECT["tool"]["mypy"]["files"] == [
        *packages,
        "examples/numpy_backend/gnomon_numpy",  # a package of its own, held to the same
    ]
    for package in packages:
        assert (ROOT / package / "__init__.py").exists()
        assert (ROOT / package / "py.typed").exists()


def test_the_version_is_stated_once() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    file = ROOT / PROJECT["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{gnomon.__version__}"' in file.read_text(encoding="utf-8")
    assert gnomon.version.__version__ == gnomon.__version__


def test_the_license_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["project"]["license"] == "Apache-2.0"
