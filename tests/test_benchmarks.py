"""The benchmark takes turns, survives a contestant's end, and makes figures of medians."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

pytest.importorskip("numpy", reason="the benchmark needs NumPy")

from benchmarks import contestants, costs, training_jax
from benchmarks.__main__ import main
from benchmarks.contestants import Entrant, Timing, Worker
from benchmarks.peak import Peak
from benchmarks.rows import Row, Run
from benchmarks.table import (
    ROWS,
    Cell,
    Effort,
    achieved,
    best_of,
    best_of_eager,
    judged,
    measure,
    milliseconds,
)

ROW = next(iter(ROWS.values()))
EFFORT = Effort(rounds=2, seconds=60, patience=60)


def _cell(*seconds: float) -> Cell:
    return Cell(None, [Timing(each, each / 2) for each in seconds])


def test_the_ratio_is_of_medians_of_the_best() -> None:
    cells = [_cell(3.0, 1.0, 2.0), _cell(4.0), _cell(9.0, 6.0, 1.0), _cell(7.0), Cell("broken")]
    found = [
        Entrant("compiled:0", Ending, "opencl:0"),
        Entrant("opencl:0", Ending, "opencl:0", is_eager=True),
        Entrant("JAX", Ending),
        Entrant("PyTorch", Ending, is_eager=True),
        Entrant("tinygrad", Ending),
    ]
    best = best_of(cells, found)
    assert (best.gnomon, best.peer, best.ratio) == (2.0, 6.0, 3.0)
    assert best_of(cells[2:], found[2:]).ratio is None
    assert best_of(cells, found, "PyTorch").ratio == 3.5
    assert best_of_eager(cells, found).ratio == 1.75


def test_a_ratio_under_its_goal_has_a_star() -> None:
    ratios = [judged(1.0, 1.2), judged(1.2, 1.2), judged(1.0, None), judged(None, 1.2)]
    assert ratios == ["1.00*", "1.20", "1.00", "-"]


def test_figures_are_beside_the_peak_that_limits_the_row() -> None:
    peak = Peak(operations=100e9, bytes=10e9)
    arithmetic = Row(name="", torch=lambda torch, device: list, operations=50e9)
    moving = Row(name="", torch=lambda torch, device: list, bytes=4e9)
    assert achieved(arithmetic, 2.0, peak) == "25.0 GFLOP/s (25 %)"
    assert achieved(moving, 2.0, peak) == "2.0 GB/s (20 %)"
    assert achieved(moving, 2.0, None) == "2.0 GB/s"
    assert achieved(moving, None, peak) == ""
    assert [milliseconds(s) for s in (None, 0.2, 0.02, 2e-3, 2e-5)] == [
        "-",
        "200",
        "20.0",
        "2.00",
        "0.0200",
    ]


class Ending(NamedTuple):
    """A library whose process ends at the second row it prepares."""

    def __call__(self) -> Ending:
        return self

    def prepare(self, row: Row) -> Run | None:
        if row.name == ROW.name:
            return dict
        if row.numpy is None:
            return None
        os._exit(3)

    def wait(self) -> None:
        pass


def test_a_contestant_that_ends_is_reported_and_started_again() -> None:
    worker = Worker(Entrant("one", Ending()))
    try:
        assert measure(ROW, [worker], EFFORT)[0].seconds is not None
        (cell,) = measure(ROWS["add of 16M"], [worker], EFFORT)
        assert cell.reason == "the process ended with status 3"
        assert measure(ROWS["conv2d 3x3, 16x64x56x56 -> 64"], [worker], EFFORT) == [
            Cell(reason="")
        ]
        (again,) = measure(ROW, [worker], EFFORT)
        assert again.reason is None and len(again.times) == 2
    finally:
        worker.stop()


class Sleeping(Ending):
    """A library that never has a row ready."""

    def __call__(self) -> Sleeping:
        return self

    def prepare(self, row: Row) -> Run | None:
        time.sleep(60)
        return None


def test_a_contestant_that_is_too_slow_is_left_out_in_the_end() -> None:
    worker = Worker(Entrant("one", Sleeping()))
    try:
        cells = [measure(ROW, [worker], Effort(1, 1, patience=0.1))[0] for _ in range(4)]
    finally:
        worker.stop()
    assert [cell.reason for cell in cells] == [
        *["took over 0.1 s"] * 3,
        "left out after 3 rows that took over 0.1 s",
    ]


def test_a_contestant_has_cores_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    drivers = pytest.importorskip("gnomon_opencl.drivers")
    monkeypatch.setenv("POCL_AFFINITY", "1")
    monkeypatch.setenv("GNOMON_OPENCL_BOUND", "1")  # as workers inherit from the parent
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")  # one of several processes, like a worker
    contestants.Gnomon("cpu", False)
    drivers.set_up_pocl()
    assert os.environ["POCL_AFFINITY"] == "1"


def test_results_live_until_the_library_has_waited() -> None:
    alive: set[int] = set()

    class Result:
        def __init__(self) -> None:
            alive.add(id(self))

        def __del__(self) -> None:
            alive.discard(id(self))

    seen = []

    class Library:
        def prepare(self, row: Row) -> Run | None:
            return Result

        def wait(self) -> None:
            seen.append(len(alive))

    timing = contestants.timed(Library(), Result, 5)
    assert seen == [0, 5] and not alive
    assert 0 < timing.given <= timing.done


def test_what_is_timed_comes_after_runs_that_do_not_count() -> None:
    """As a loop has it: clocks and threads are not as fast just after a pause."""
    ran = []

    class Library:
        def wait(self) -> None:
            pass

        def prepare(self, row: Row) -> Run | None:
            return None

    started = time.perf_counter()
    contestants.run_in(Library(), lambda: ran.append(True))
    assert time.perf_counter() - started >= contestants.STEADY
    assert ran


STEPS: dict[str, Callable[[], Run]] = {
    "network": lambda: training_jax.network(4, (6, 5, 3)),
    "digits": lambda: training_jax.digits(3, 4),
    "transformer": lambda: training_jax.transformer(2, 4, 8, 2),
    "resnet18": lambda: training_jax.resnet18(2, 16, 3),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_written_by_hand_makes_the_loss_fall(name: str) -> None:
    pytest.importorskip("jax", reason="a peer need not be installed")
    run = STEPS[name]()
    losses = [float(str(run())) for _ in range(4)]
    assert losses[-1] < losses[0]


def test_a_name_that_no_row_has_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "no such row"]) == 2
    assert "conv2d 3x3" in capsys.readouterr().out


def test_the_table_has_a_line_for_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    slow_to_import = ("orch", "tinygrad", "JAX", "compiled")
    skipped = [word for title in slow_to_import for word in ("--skip", title)]
    assert main(["--quick", "--only", "add of 100", "--markdown", *skipped]) == 0
    lines = capsys.readouterr().out.splitlines()
    (header,) = [line for line in lines if line.startswith("| ms")]
    (line,) = [line for line in lines if line.startswith("| add of 100")]
    assert header.count("|") == line.count("|") and "NumPy" in header
    has_device = "opencl:0" in header
    assert any("us of Python each" in line for line in lines) is has_device


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_first_calls_and_memory_are_those_of_a_process_of_its_own() -> None:
    found = costs.costs_of("NumPy", "softmax 4096x1024", None)
    assert isinstance(found, costs.Costs)
    assert 0 < found.first < found.until_compiled
    assert found.resident > 2 * 4096 * 1024 * 4 and not found.device
    assert costs.costs_of("NumPy", "conv2d 3x3, 16x64x56x56 -> 64", None) == ""
    assert "ValueError" in str(costs.costs_of("no such title", "softmax 4096x1024", None))


def test_costs_over_their_goals_have_a_star(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known: dict[str, costs.Costs | str] = {
        "compiled:0": costs.Costs(6.0, 1.0, 12_000_000, 4_000_000),
        "PyTorch": costs.Costs(9.0, 1.0, 10_000_000, 0),
        "NumPy": "",
    }
    monkeypatch.setattr(costs, "costs_of", lambda title, row, caches: known[title])
    found = [Entrant(each, Ending, "opencl:0" if "d:" in each else "") for each in known]
    costs.print_memory(["a row"], found)
    costs.print_first_calls(["a row"], found)
    lines = [line.split(": ", 1)[-1].split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:4] == [
        ["compiled:0", "12.0", "4.0", "1.20*"],
        ["PyTorch", "10.0", "-", "1.00"],
        ["NumPy", "no", "program"],
    ]
    assert lines[5] == ["compiled:0", "6.00", "/", "7.00*", "6.00", "/", "7.00*"]
    assert lines[6] == ["PyTorch", "9.00", "/", "10.00", "9.00", "/", "10.00"]
