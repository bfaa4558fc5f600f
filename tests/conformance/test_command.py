"""``gnomon conform``: what it prints, what it returns, and that a case has one id for good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gnomon_conformance.cases import Status
from gnomon_conformance.checks import all_cases
from gnomon_conformance.command import conform
from gnomon_conformance.processes import usual_processes
from gnomon_conformance.reports.html import html_of
from gnomon_conformance.runner import Run, unjudged

ROOT = Path(__file__).parents[2]
#: A backend that ends its process at one operation of one dtype.
DEADLY = """
import os
import time
from gnomon.backend import Device
from gnomon_conformance.audit.faulty import FaultyBackend

class Deadly(FaultyBackend):
    def elementwise(self, record, inputs, output):
        if record.name == "sin" and output.dtype.name == "float64":
            os._exit(7)
        super().elementwise(record, inputs, output)

class Provider:
    def device_count(self):
        return 1

    def open(self, index):
        return Deadly(Device("deadly", index))

    def describe(self, index):
        return "it dies"
"""
FEW = ["cpu", "--quick", "--only", "sin/float32"]


def test_every_case_has_a_place_in_the_page() -> None:
    outcomes = tuple([unjudged(case, Status.PASSED, "") for case in all_cases(0)])
    page = html_of(Run("cpu", "ReferenceBackend", "thorough", 0, 1.0, outcomes))
    for name in {case.dtype for case in all_cases(0)}:
        assert f"<th>{name or 'any'}</th>" in page
    assert page.count('class="mark passed"') >= len({case.family for case in all_cases(0)})


def test_the_reference_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert conform(FEW) == 0
    assert "reached" in capsys.readouterr().out


def test_reports_hold_every_outcome(tmp_path: Path) -> None:
    written = tmp_path / "run.json", tmp_path / "run.xml"
    assert conform([*FEW, "--json", str(written[0]), "--junit", str(written[1])]) == 0
    outcomes = json.loads(written[0].read_text())["outcomes"]
    assert {outcome["subject"] for outcome in outcomes} == {"sin"}
    assert all(outcome["comparisons"] for outcome in outcomes)
    suite = ElementTree.parse(written[1]).getroot()
    assert len(suite) == len(outcomes) == int(suite.attrib["tests"])


def test_ids_are_the_same_whatever_the_seed() -> None:
    assert [case.id for case in all_cases(0)] == [case.id for case in all_cases(1)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere:0"],
        ["cpu", "--only", "no-such-operation"],
        ["--audit", "--only", "no such fault"],
    ],
    ids=["device", "case", "fault"],
)
def test_a_wrong_call_is_told_what_is_wrong(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert conform(arguments) == 2
    assert capsys.readouterr().out.startswith("gnomon conform: ")


def test_the_page_stands_alone(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert conform([*FEW, "--report", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "sin" in text
    assert "src=" not in text and "http" not in text


def test_several_processes_find_the_same(tmp_path: Path) -> None:
    found = []
    for number, more in enumerate((["-n", "1"], ["-n", "2"])):
        written = tmp_path / f"{number}.json"
        assert conform([*FEW, *more, "--json", str(written)]) == 0
        outcomes = json.loads(written.read_text())["outcomes"]
        found.append([(each["id"], each["status"], each["comparisons"]) for each in outcomes])
    assert found[0] == found[1]


def test_no_process_outlives_a_killed_run() -> None:
    paths = os.pathsep.join(str(ROOT / part) for part in ("reference", "conformance"))
    words = ["conform", "cpu", "--thorough", "-n", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "gnomon", *words],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as run:
        assert run.stdout is not None
        assert run.stdout.read(1)  # its processes have judged a batch
        run.kill()
        # They share what it prints to, so that this ends only once they are gone.
        run.communicate(timeout=60)


def test_there_are_as_many_processes_as_are_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(3), raising=False)
    for cases, processes in ((1, 1), (399, 1), (400, 2), (599, 2), (600, 3), (9999, 3)):
        assert usual_processes(cases) == processes
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    assert usual_processes(9999) == 4


def _conform_to(backend: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a backend of this text, installed in ``folder`` as ``deadly``."""
    information = folder / "deadly-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[gnomon.backends]\ndeadly = deadly:Provider\n"
    )
    (folder / "deadly.py").write_text(backend)
    paths = [str(folder), *(str(ROOT / part) for part in ("reference", "conformance"))]
    return subprocess.run(
        [sys.executable, "-m", "gnomon", "conform", "deadly:0", "--quick", "-n", "2", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_device_for_one_process_says_so(tmp_path: Path) -> None:
    opened = "        return Deadly("
    busy = """\
        from multiprocessing import parent_process
        if parent_process():
            raise RuntimeError("deadly: device: another process uses it.")
"""
    found = _conform_to(DEADLY.replace(opened, busy + opened), tmp_path, "--only", "abs")
    assert found.returncode == 2
    assert "one of 2 processes: deadly: device: another process uses it. -n 1" in found.stdout


@pytest.mark.parametrize("end", ["os._exit(7)", "time.sleep(600)"])
def test_a_case_that_ends_its_process_or_never_ends_has_failed(
    tmp_path: Path, end: str
) -> None:
    written = tmp_path / "run.json"
    words = "--only", "values/sin", "--only", "values/cos", "--json", str(written)
    backend = DEADLY.replace("os._exit(7)", end)
    _conform_to(backend, tmp_path, *words, "--timeout", "5")
    outcomes = json.loads(written.read_text())["outcomes"]
    failed = [each for each in outcomes if each["status"] == "failed"]
    assert [(each["subject"], each["dtype"]) for each in failed] == [("sin", "float64")]
    assert "died" in failed[0]["detail"]
    assert {each["status"] for each in outcomes if each not in failed} == {"passed"}


def test_in_one_process_a_case_that_never_ends_ends_it_and_says_where(tmp_path: Path) -> None:
    backend = DEADLY.replace("os._exit(7)", "time.sleep(600)")
    words = "--only", "values/sin/float64", "-n", "1", "--timeout", "5"
    found = _conform_to(backend, tmp_path, *words)
    assert found.returncode == 1
    assert "Timeout" in found.stderr and "deadly.py" in found.stderr
