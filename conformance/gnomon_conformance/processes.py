"""Running cases in several processes, which is pytest-xdist's craft."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Final, final

import pytest

from gnomon_conformance.cases import Outcome, Selection
from gnomon_conformance.runner import Progress, Run, finished, selected
from gnomon_conformance.suite import OUTCOME
from gnomon_conformance.target import Target

_TESTS: Final = Path(__file__).with_name("test_conformance.py")


@final
class _Collector:
    """Gathers the outcomes that the processes report."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.outcomes: list[Outcome] = []
        self._total = total
        self._progress = progress

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome out of a test's report."""
        for name, value in report.user_properties:
            if name == OUTCOME and report.when == "call":
                self.outcomes.append(Outcome(*json.loads(str(value))))
                if self._progress is not None:
                    self._progress(len(self.outcomes), self._total, self.outcomes[-1])


def run_in_processes(
    target: Target, selection: Selection, processes: int, progress: Progress | None = None
) -> Run:
    """Judge a backend in several processes, each with the device open.

    Raises RuntimeError if some case has no outcome, as when a process crashes.
    """
    total = len(selected(selection, target.seed))
    collector = _Collector(total, progress)
    arguments = [
        *("-p", "gnomon_conformance.pytest_plugin", "-p", "no:cacheprovider"),
        *("-c", os.devnull, "--rootdir", str(_TESTS.parent), "--import-mode=importlib"),
        *("-q", "-n", str(processes), str(_TESTS)),
        *("--gnomon-device", str(target.device), "--gnomon-seed", str(target.seed)),
        *("--gnomon-tier", selection.tier.name.lower()),
        *("--gnomon-level", str(int(selection.level))),
    ]
    for pattern in selection.only:
        arguments += ["--gnomon-only", pattern]
    started = time.perf_counter()
    with _quiet():
        pytest.main(arguments, plugins=[collector])
    seconds = time.perf_counter() - started
    if len(collector.outcomes) != total:
        done = {outcome.id for outcome in collector.outcomes}
        missing = [case.id for case in selected(selection, target.seed) if case.id not in done]
        raise RuntimeError(
            f"{len(missing)} of {total} cases came to nothing, a process may have crashed: "
            f"{', '.join(missing[:5])} ... Run without -n to see where."
        )
    order = {case.id: k for k, case in enumerate(selected(selection, target.seed))}
    outcomes = sorted(collector.outcomes, key=lambda outcome: order[outcome.id])
    return finished(target, selection, outcomes, seconds)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pytest's own report off the screen; the run's report follows."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield
    sys.stdout.flush()
