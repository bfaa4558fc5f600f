"""``gnomon.accelerator`` and ``gnomon.cuda`` on a small accelerator of two devices."""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest
from tests.backends.accelerator import ToyBackend

import gnomon
from device import reference_only
from gnomon import accelerator, cuda, plugins, registry
from gnomon.backend import MemoryUse
from gnomon.devices import alias_device

pytestmark = reference_only("it is about programs whose default device is the CPU")

USE = MemoryUse(100, 300, 400, 500, 3, 1000, 2, 1)


class CountingBackend(ToyBackend):
    """A toy that remembers what was asked of it."""

    asked: ClassVar[list[str]] = []

    def synchronize(self) -> None:
        self.asked.append(f"synchronize {self.device}")

    def memory_use(self, reset_peaks: bool = False) -> MemoryUse:
        if reset_peaks:
            self.asked.append(f"reset {self.device}")
        return USE

    def empty_cache(self) -> int:
        self.asked.append(f"empty {self.device}")
        return 0


class CountingProvider:
    """Two devices of that kind."""

    def device_count(self) -> int:
        return 2

    def open(self, index: int) -> CountingBackend:
        return CountingBackend(index, frozenset())

    def describe(self, index: int) -> str:
        return f"toy number {index}"


class Nothing(CountingProvider):
    """A backend whose hardware is missing."""

    def device_count(self) -> int:
        raise RuntimeError("no driver")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two plugins, of which the first has no device; what the other's were asked."""
    here = "tests.accelerator.test_accelerator"
    listed = [("absent", f"{here}:Nothing"), ("toy", f"{here}:CountingProvider")]

    def entry_points(*, group: str) -> list[importlib.metadata.EntryPoint]:
        return [importlib.metadata.EntryPoint(name, value, group) for name, value in listed]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setattr("gnomon.devices._aliases", {})
    monkeypatch.setattr(accelerator, "_installed", [])
    before = dict(registry._backends)
    CountingBackend.asked.clear()
    yield CountingBackend.asked
    accelerator.set_device_index(0)
    registry._backends.clear()
    registry._backends.update(before)


def test_the_first_backend_with_a_device_is_the_accelerator(asked: list[str]) -> None:
    assert accelerator.current_accelerator(True) == gnomon.device("toy")
    assert accelerator.is_available() and accelerator.device_count() == 2
    x = gnomon.ones(2, device=accelerator.current_accelerator())
    assert str(x.device) == "toy:0"
    with gnomon.device("absent"):
        assert accelerator.current_accelerator() == gnomon.device("absent")
        assert accelerator.device_count() == 0


def test_what_cuda_means_is_the_accelerator(asked: list[str]) -> None:
    alias_device("cuda", "cpu")
    assert accelerator.current_accelerator() is None and not accelerator.is_available()
    alias_device("cuda", "toy:1")
    assert accelerator.current_accelerator() == gnomon.device("toy")
    assert str(gnomon.ones(1, device="cuda").device) == "toy:1"
    assert gnomon.device(0) == gnomon.device("toy:1")


def test_the_index_that_a_type_alone_means_is_of_the_thread(asked: list[str]) -> None:
    assert accelerator.current_device_index() == 0
    accelerator.set_device_index("toy:1")
    accelerator.set_device_index(None)
    assert accelerator.current_device_index() == 1
    assert str(gnomon.ones(1, device="toy").device) == "toy:1"
    seen = []
    thread = threading.Thread(target=lambda: seen.append(accelerator.current_device_index()))
    thread.start()
    thread.join()
    assert seen == [0]
    with accelerator.device_index(0):
        assert accelerator.current_device_index() == 0
        with accelerator.device_index(None):
            assert str(gnomon.ones(1, device="toy").device) == "toy:0"
    assert accelerator.current_device_index() == 1
    with pytest.raises(RuntimeError, match="toy:2 does not exist"):
        accelerator.set_device_index(2)
    with pytest.raises(ValueError, match="cpu is no toy device"):
        accelerator.set_device_index("cpu")


def test_waiting_and_memory_reach_the_device(asked: list[str]) -> None:
    accelerator.synchronize(1)
    accelerator.synchronize()
    accelerator.empty_cache()
    accelerator.reset_peak_memory_stats("toy:1")
    gnomon.synchronize()
    gnomon.synchronize("toy")
    assert asked[:2] == ["synchronize toy:1", "synchronize toy:0"]
    assert sorted(asked[2:4]) == ["empty toy:0", "empty toy:1"]
    assert asked[4] == "reset toy:1"
    assert sorted(asked[5:7]) == ["synchronize toy:0", "synchronize toy:1"]
    assert asked[7:] == ["synchronize toy:0"]
    assert accelerator.memory_allocated() == 100 and accelerator.max_memory_allocated() == 300
    assert accelerator.memory_reserved() == 400 and accelerator.max_memory_reserved() == 500
    assert accelerator.get_memory_info() == (900, 1000)
    assert accelerator.memory_stats()["allocated_bytes.all.peak"] == 300
    assert accelerator.memory_stats()["num_ooms"] == 1


def test_without_an_accelerator_the_remedy_is_named(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(plugins, "_entry_points", list)
        assert accelerator.current_accelerator() is None
        assert not accelerator.is_available() and accelerator.device_count() == 0
        with pytest.raises(RuntimeError, match=r"no accelerator here.*gnomon\[opencl\]"):
            accelerator.synchronize()
        gnomon.synchronize()


def test_a_backend_shows_its_face_under_the_name_of_its_device(asked: list[str]) -> None:
    assert gnomon.toy.CountingProvider is not None
    assert gnomon.toy.__name__ == "tests.accelerator.test_accelerator"
    with pytest.raises(AttributeError, match="no attribute 'tay'"):
        _ = gnomon.tay


def test_cuda_speaks_of_what_it_means(asked: list[str]) -> None:
    alias_device("cuda", "toy")
    assert (cuda.device_count(), cuda.current_device()) == (2, 0)
    cuda.set_device(1)
    cuda.set_device(-1)
    assert cuda.current_device() == 1 and cuda.get_device_name() == "toy number 1"
    with cuda.device(0):
        assert str(gnomon.ones(1).cuda().device) == "toy:0"
    assert str(gnomon.ones(1).cuda().device) == "toy:1"
    assert str(gnomon.ones(1).cuda(0).device) == "toy:0"
    assert cuda.get_device_properties("cuda:0") == ("toy number 0", 0, 0, 1000)
    assert cuda.get_device_capability() == (0, 0) and cuda.get_arch_list() == []
    assert cuda.is_bf16_supported() and not cuda.is_bf16_supported(False)
    assert not cuda.can_device_access_peer(0, 1)
    assert cuda.memory_allocated() == 100 and cuda.max_memory_reserved() == 500
    assert cuda.mem_get_info() == (900, 1000)
    assert "reserved_bytes.all.peak" in cuda.memory_summary()
    cuda.reset_peak_memory_stats()
    assert asked == ["reset toy:1"]


def test_streams_and_events_wait(asked: list[str]) -> None:
    alias_device("cuda", "toy:0")
    start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
    with pytest.raises(RuntimeError, match="recorded first"):
        start.elapsed_time(end)
    with cuda.stream(cuda.Stream()) as stream:
        start.record()
        end = stream.record_event()
    assert asked == ["synchronize toy:0"] * 2
    assert 0 <= start.elapsed_time(end) < 10_000
    cuda.current_stream().wait_stream(stream)
    assert end.query() and stream.query()


def test_seeds_reach_every_device(asked: list[str]) -> None:
    alias_device("cuda", "toy")
    cuda.manual_seed_all(5)
    states = cuda.get_rng_state_all()
    first = gnomon.rand(3, device="toy:1").tolist()
    assert gnomon.rand(3, device="toy:0").tolist() == first
    cuda.set_rng_state_all(states)
    assert gnomon.rand(3, device="toy:1").tolist() == first
    cuda.manual_seed(5)
    assert gnomon.rand(3, device="cuda").tolist() == first and cuda.initial_seed() == 5


def test_where_cuda_means_nothing_it_is_quiet_as_in_pytorch(asked: list[str]) -> None:
    cuda.manual_seed(1)
    cuda.manual_seed_all(1)
    cuda.seed()
    cuda.empty_cache()
    cuda.reset_peak_memory_stats()
    assert cuda.memory_allocated() == 0 and cuda.get_rng_state_all() == []
    for function in (cuda.init, cuda.mem_get_info, cuda.Stream, cuda.get_rng_state):
        with pytest.raises(RuntimeError, match='"cuda" means no device here'):
            function()
