"""Profiles hold the times of kernels, taken by the driver, on the host's clock."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import pyopencl as cl

import gnomon
from gnomon.profiler import ProfilerActivity, profile
from gnomon_opencl import timeline

from .devices import default_backend


def test_kernels_lie_in_the_time_of_the_block() -> None:
    backend = default_backend()
    x = gnomon.rand(300, 300, device="opencl:0")
    backend.synchronize()
    started = time.perf_counter() * 1e6
    with profile() as taken:
        (x @ x).sum().item()
    ended = time.perf_counter() * 1e6
    kernels = [event for event in taken.events() if event.device_type == "opencl:0"]
    names = [event.name for event in kernels]
    assert any("multiply" in name for name in names)
    assert any("reduce" in name for name in names) and names[-1] == "read"
    slack = 2000  # between the clocks of driver and host, in microseconds
    for event in kernels:
        assert started - slack <= event.start <= event.end <= ended + slack
        assert event.cpu_time_total == 0
    assert taken.events().self_device_time_total > 0
    host = {event.name for event in taken.events() if event.device_type == "cpu"}
    assert {"matrix_product", "sum", "read"} <= host


def test_a_host_held_up_does_not_move_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    delays = [0.1] * timeline._CLOCK_COMPARISONS
    delays[2] = 0  # in seconds: once the host is there at once
    enqueue_marker = cl.enqueue_marker

    class LateMarker:
        def __init__(self, on: cl.CommandQueue) -> None:
            self._event = enqueue_marker(on)

        @property
        def profile(self) -> object:
            return self._event.profile

        def wait(self) -> None:
            self._event.wait()
            time.sleep(delays.pop())

    monkeypatch.setattr(cl, "enqueue_marker", LateMarker)
    x = gnomon.rand(300, device="opencl:0")
    queue = default_backend().runtime.timeline
    queue.start()
    (x + 1).cpu()
    ended = time.perf_counter_ns()
    ran = queue.stop()
    assert not delays
    assert ran and all(event.end < ended + 50_000_000 for event in ran)


def test_a_fused_kernel_says_what_it_computes() -> None:
    x = gnomon.rand(300, device=str(default_backend().device))

    def chain() -> list[float]:
        return (x.tanh() * x).tolist()

    for _ in range(3):  # a chain is fused when it has come before
        chain()
    with profile() as taken:
        chain()
    names = [event.name for event in taken.events() if event.device_type == "opencl:0"]
    assert any(name.startswith("elementwise: ") and "tanh" in name for name in names)


def test_times_are_taken_only_while_a_profile_is() -> None:
    queue = default_backend().runtime.timeline
    plain = queue.queue
    with profile(activities=[ProfilerActivity.CPU]):
        assert queue.queue is plain
    with profile():
        assert queue.queue is not plain
        x = gnomon.ones(5, device="opencl:0") + 1
    assert queue.queue is plain
    assert x.tolist() == [2.0] * 5


def test_events_of_a_long_profile_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "_MOST_PENDING", 8)
    runtime = default_backend().runtime
    x = gnomon.ones(5, device="opencl:0")
    with profile() as taken:
        for _ in range(20):
            x.add_(1).cpu()
            assert len(runtime.timeline._pending or []) < 8
    reads = [event for event in taken.events() if event.name == "read"]
    assert len([event for event in reads if event.device_type == "opencl:0"]) == 20
    assert x.tolist() == [21.0] * 5


def test_starting_twice_and_stopping_twice_is_as_once() -> None:
    backend = default_backend()
    assert backend.start_profiling() and backend.start_profiling()
    gnomon.ones(3, device="opencl:0").cpu()
    assert backend.stop_profiling() and backend.stop_profiling() == []
