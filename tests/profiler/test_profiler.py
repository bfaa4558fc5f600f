"""Profiles name what ran, how often and how long, and leave nothing behind."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.backends.accelerator import ToyBackend

import gnomon
from device import reference_only
from gnomon import registry
from gnomon.autograd import profiler as older
from gnomon.backend import DeviceEvent, FusedKernels
from gnomon.cpu import ReferenceBackend
from gnomon.devices import Device
from gnomon.graph.nodes import OperationNode
from gnomon.profiler import (
    ProfilerAction,
    ProfilerActivity,
    profile,
    record_function,
    schedule,
    tensorboard_trace_handler,
)
from gnomon.profiler.events import events_of
from gnomon.profiler.spans import Span

pytestmark = reference_only(
    "it counts the rows of the host, and tests/opencl those of a device"
)

X = gnomon.ones(8, 8)


def _counts(taken: profile) -> dict[str, int]:
    return {event.key: event.count for event in taken.key_averages()}


def test_operations_are_counted_by_name() -> None:
    with profile() as taken:
        y = (X @ X).exp()
        (y + 1).sum()
        (y + 2).sort()
    assert _counts(taken) == {"matrix_product": 1, "exp": 1, "add": 2, "sum": 1, "sort": 1}
    for event in taken.events():
        assert event.cpu_time_total > 0 and event.device_time_total == 0


def test_nothing_is_left_behind() -> None:
    kinds = (ReferenceBackend, FusedKernels, OperationNode)
    before = [dict(vars(kind)) for kind in kinds]
    with pytest.raises(KeyError), profile() as taken:
        X.exp()
        raise KeyError
    assert [dict(vars(kind)) for kind in kinds] == before
    X.exp()
    assert _counts(taken) == {"exp": 1}


def test_an_operation_that_fails_is_taken_down() -> None:
    with pytest.raises(IndexError), profile() as taken:
        X[gnomon.tensor([99])]
    assert "gather" in _counts(taken)


def test_gradients_are_nodes_with_operations_inside() -> None:
    x = X.clone().requires_grad_()
    y = x.exp().sum()
    with profile() as taken:
        y.backward()
    (node,) = [event for event in taken.events() if event.name == "ExpBackward0"]
    assert [child.name for child in node.cpu_children] == ["mul"]
    assert node.cpu_children[0].cpu_parent is node
    assert node.self_cpu_time_total < node.cpu_time_total


def test_times_within_others_are_told_apart() -> None:
    spans = [
        Span("inner", 2000, 3000, 1),
        Span("outer", 1000, 9000, 1),
        Span("also inner", 5000, 6000, 1),
        Span("other thread", 2000, 4000, 2),
        Span("kernel", 2500, 4500, 0, "opencl:0"),
        Span("innermost", 2100, 2200, 1),
    ]
    events = {event.name: event for event in events_of(spans)}
    assert events["outer"].cpu_time_total == 8.0 and events["outer"].self_cpu_time_total == 6.0
    assert events["inner"].self_cpu_time_total == pytest.approx(0.9)
    assert events["other thread"].cpu_parent is None and events["kernel"].cpu_parent is None
    assert events["kernel"].device_time_total == 2.0 and events["kernel"].cpu_time_total == 0.0
    listed = events_of(spans)
    assert listed.self_cpu_time_total == 10.0 and listed.self_device_time_total == 2.0
    assert listed.total_average().count == 6


def test_shapes_are_kept_when_asked_for() -> None:
    with profile(record_shapes=True) as taken:
        X.exp()
        X[:2].exp()
        X @ X[:, :3]
    sums = taken.key_averages(group_by_input_shape=True)
    assert [(e.key, e.input_shapes[0]) for e in sums if e.key == "exp"] == [
        ("exp", (8, 8)),
        ("exp", (2, 8)),
    ]
    assert len(taken.key_averages()) == 2
    assert "Input Shapes" in sums.table() and "8, 3]" in sums.table()
    with profile() as bare:
        X.exp()
    assert "Input Shapes" not in bare.key_averages().table()


def test_blocks_and_functions_have_names() -> None:
    @record_function("whole")
    def run(value: float) -> gnomon.Tensor:
        with record_function("part"):
            return X.exp() * value

    run(1.0)
    with profile() as taken:
        assert run(2.0)[0, 0].item() == pytest.approx(5.43656, rel=1e-5)
    whole = taken.events()[0]
    assert whole.name == "whole" and whole.is_user_annotation
    assert [child.name for child in whole.cpu_children] == ["part"]
    assert [child.name for child in whole.cpu_children[0].cpu_children] == ["exp", "mul"]


def test_tables_are_sorted_cut_and_headed() -> None:
    with profile() as taken:
        for _ in range(3):
            X.exp()
        X.sum()
        with record_function("a" * 100):
            time.sleep(0.01)
    sums = taken.key_averages()
    lines = sums.table(sort_by="count", row_limit=1, header="Title").splitlines()
    assert lines[1] == "Title" and lines[5].split()[0] == "exp" and lines[5].split()[-1] == "3"
    assert lines[-1].startswith("Self CPU time total: ")
    text = sums.table(sort_by="cpu_time_total", max_name_column_width=20, time_unit="ms")
    assert "a" * 17 + "..." in text and "us" not in text.replace("us ", "")
    assert "exp" not in taken.events().table(top_level_events_only=True, row_limit=0)
    assert taken.key_averages().table(sort_by="cuda_time_total") is not None
    with pytest.raises(ValueError, match="sort_by 'size' is neither"):
        sums.table(sort_by="size")
    with pytest.raises(ValueError, match="time_unit 'h'"):
        sums.table(time_unit="h")


def test_only_one_profile_is_taken_at_a_time() -> None:
    with profile(), pytest.raises(RuntimeError, match="taken already"), profile():
        pass
    with profile() as again:
        X.exp()
    assert _counts(again) == {"exp": 1}


def test_other_threads_are_seen() -> None:
    thread = threading.Thread(target=lambda: X.exp())
    with profile() as taken, record_function("here"):
        thread.start()
        thread.join()
    here, there = taken.events()
    assert there.name == "exp" and there.thread != here.thread and not here.cpu_children


def test_a_schedule_chooses_steps() -> None:
    seen: list[list[str]] = []
    steps = schedule(wait=1, warmup=1, active=2, repeat=2, skip_first=1)
    assert [steps(k).value for k in range(10)] == [0, 0, 1, 2, 3, 0, 1, 2, 3, 0]
    with profile(
        schedule=steps, on_trace_ready=lambda p: seen.append([e.name for e in p.events()])
    ) as taken:
        for _ in range(10):
            X.exp()
            taken.step()
        assert taken.current_action is ProfilerAction.NONE
    assert seen == [
        ["ProfilerStep#3", "exp", "ProfilerStep#4", "exp"],
        ["ProfilerStep#7", "exp", "ProfilerStep#8", "exp"],
    ]


def test_a_loop_that_ends_early_hands_over_what_it_has() -> None:
    seen = []
    with profile(
        schedule=schedule(wait=0, warmup=0, active=5),
        on_trace_ready=lambda p: seen.append(_counts(p)),
        acc_events=True,
    ):
        X.exp()
    assert seen == [{"ProfilerStep#0": 1, "exp": 1}]


@pytest.mark.parametrize("wrong", [{"active": 0}, {"wait": -1}, {"repeat": -1}])
def test_schedules_have_an_active_step(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="active at"):
        schedule(**{"wait": 1, "warmup": 1, "active": 1, **wrong})


def test_skipping_the_first_wait() -> None:
    steps = schedule(wait=2, warmup=0, active=1, skip_first_wait=1)
    assert [steps(k).value for k in range(5)] == [3, 0, 0, 3, 0]


@pytest.mark.parametrize("name", ["trace.json", "trace.json.gz"])
def test_traces_are_what_chrome_shows(tmp_path: Path, name: str) -> None:
    with profile(record_shapes=True) as taken:
        taken.add_metadata("model", "small")
        with record_function("mine"):
            X.exp()
    path = tmp_path / name
    taken.export_chrome_trace(str(path))
    data = path.read_bytes()
    document = json.loads(gzip.decompress(data) if name.endswith(".gz") else data)
    assert document["model"] == "small"
    mine, exp = document["traceEvents"]
    assert (mine["ph"], mine["name"], mine["cat"]) == ("X", "mine", "user_annotation")
    assert exp["cat"] == "cpu_op" and exp["args"]["Input Dims"][0] == [8, 8]
    assert mine["ts"] <= exp["ts"] and exp["ts"] + exp["dur"] <= mine["ts"] + mine["dur"]


def test_a_handler_writes_a_file_for_each_profile(tmp_path: Path) -> None:
    handler = tensorboard_trace_handler(str(tmp_path / "new"), "worker", use_gzip=True)
    with profile(on_trace_ready=handler):
        X.exp()
    (file,) = (tmp_path / "new").iterdir()
    assert file.name.startswith("worker.") and file.name.endswith(".pt.trace.json.gz")


class TimedToy(ToyBackend):
    """A device that says what it ran."""

    running = False

    def start_profiling(self) -> bool:
        self.running = True
        self.launches.clear()
        return True

    def stop_profiling(self) -> list[DeviceEvent]:
        self.running = False
        now = time.perf_counter_ns()
        return [DeviceEvent(f"{name} kernel", now, now + 2000) for name in self.launches]


@pytest.fixture
def toy() -> Iterator[TimedToy]:
    backend = TimedToy(0, frozenset())
    registry.register_backend(backend)
    yield backend
    del registry._backends[Device("toy", 0)]


def test_any_backend_reports_its_kernels(toy: TimedToy) -> None:
    x = X.to("toy:0")
    with profile() as taken:
        assert toy.running
        x.exp()
    assert not toy.running
    host, device = taken.key_averages()
    assert (host.key, host.device_type, host.self_device_time_total) == ("exp", "cpu", 0.0)
    assert host.count == 2  # the toy's verb, and the reference's that it calls
    assert (device.key, device.device_type, device.cuda_time) == ("exp kernel", "toy:0", 2.0)
    table = taken.key_averages().table(sort_by="self_cuda_time_total")
    assert "Self device time total: 2.000us" in table and "toy:0" in table
    with profile(activities=[ProfilerActivity.CPU]) as taken:
        assert not toy.running
        x.exp()
    assert _counts(taken) == {"exp": 2}
    with profile(activities=[ProfilerActivity.CUDA]) as taken:
        x.exp()
    assert _counts(taken) == {"exp kernel": 1}


def test_a_device_first_used_inside_is_seen() -> None:
    with profile() as taken:
        backend = TimedToy(1, frozenset())
        registry.register_backend(backend)
        gnomon.ones(3, device="toy:1")
    del registry._backends[Device("toy", 1)]
    assert not backend.running
    assert "copy kernel" in _counts(taken) or "copy" in _counts(taken)


def test_what_has_no_effect_is_said() -> None:
    with pytest.warns(UserWarning, match="with_stack has no effect"):
        profile(with_stack=True)
    with pytest.raises(ValueError, match="activities is empty"):
        profile(activities=[])


def test_the_older_names_work() -> None:
    with older.profile(record_shapes=True) as taken, older.record_function("mine"):
        X.exp()
    assert _counts(taken) == {"mine": 1, "exp": 1}
    with older.profile(enabled=False) as off, older.emit_nvtx():
        X.exp()
    assert len(off.events()) == 0
    assert gnomon.autograd.profiler is older and gnomon.profiler.profile is profile
