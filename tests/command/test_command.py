"""The gnomon command finds its own commands and those that distributions add."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gnomon import command


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on sys.path that stands for site-packages."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def distribution(site: Path, name: str, entry: str, source: str) -> None:
    """Install a distribution with one module and one entry in the group gnomon.commands."""
    information = site / f"{name}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    )
    (information / "entry_points.txt").write_text(f"[gnomon.commands]\n{entry}\n")
    (site / f"{name}_module.py").write_text(source)


def test_no_argument_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    text = capsys.readouterr().out
    assert "run       Run a PyTorch program" in text and "devices   List the devices" in text


def test_arguments_come_from_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gnomon", "--help"])
    assert command.main() == 0
    assert capsys.readouterr().out.startswith("usage: gnomon COMMAND")


def test_an_unknown_command_says_where_the_list_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["rum"]) == 2
    assert "there is no command 'rum'. Run `gnomon --help`" in capsys.readouterr().err


def test_a_distribution_adds_a_command(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = "def tune(arguments):\n    print(arguments)\n    return 5\n"
    distribution(site, "tuner", "tune = tuner_module:tune", source)
    assert command.main(["tune", "--fast", "x"]) == 5
    assert command.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("['--fast', 'x']\n")
    assert "tune      From the distribution tuner." in text
    assert "tuner_module" in sys.modules


def test_a_command_is_not_loaded_before_it_is_wanted(site: Path) -> None:
    distribution(site, "lazy", "lazy = lazy_module:main", "raise SystemError")
    assert command.main(["--help"]) == 0


def test_a_built_in_command_is_not_replaced(site: Path) -> None:
    distribution(site, "thief", "run = thief_module:main", "raise SystemError")
    assert command.find("run") is command.BUILT_IN["run"]
    assert command.main(["--help"]) == 0


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import absent_library", "ModuleNotFoundError: No module named 'absent_library'"),
        ("main = 3", "TypeError: broken_module:main is not a function of the arguments"),
        ("", "AttributeError: module 'broken_module' has no attribute 'main'"),
    ],
)
def test_a_command_that_does_not_load_says_why(
    site: Path,
    source: str,
    reason: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "broken_module", raising=False)
    distribution(site, "broken", "mend = broken_module:main", source)
    assert command.main(["mend"]) == 2
    text = capsys.readouterr().err
    assert f"the command 'mend' of broken does not load: {reason}" in text
    assert "Repair or uninstall" in text


def test_two_commands_of_one_name_are_refused(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    distribution(site, "first", "tune = first_module:main", "")
    distribution(site, "second", "tune = second_module:main", "")
    assert command.main(["tune"]) == 2
    text = capsys.readouterr().err
    assert "first" in text and "second" in text and "Uninstall all but one" in text
