"""Backends of other packages: opened lazily, failures with a remedy, no silent fallback."""

from __future__ import annotations

import importlib.metadata
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest
from tests.backends.accelerator import ToyBackend

import gnomon
from device import reference_only
from gnomon import plugins, registry
from gnomon.backend import Backend
from gnomon.errors import NotSupported

pytestmark = reference_only("a toy's tensors meet those of the CPU here")

LACKING = frozenset({"sin", "prod", "cumsum", "sort", "gather", "scatter_add", "arange"})


class ToyProvider:
    """Two devices; the second lacks some operations."""

    opened: ClassVar[list[int]] = []

    def device_count(self) -> int:
        return 2

    def open(self, index: int) -> Backend:
        self.opened.append(index)
        return ToyBackend(index, LACKING if index else frozenset())

    def describe(self, index: int) -> str:
        return f"toy device {index}"


class BrokenProvider(ToyProvider):
    """Devices whose backend has a fault."""

    def open(self, index: int) -> Backend:
        raise AttributeError("a fault")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Entry points of the group, as (name, object) pairs, in place of those installed."""
    listed = [("toy", "tests.backends.test_plugins:ToyProvider")]

    def entry_points(*, group: str) -> list[importlib.metadata.EntryPoint]:
        assert group == plugins.GROUP
        return [importlib.metadata.EntryPoint(name, value, group) for name, value in listed]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    before = dict(registry._backends)
    ToyProvider.opened.clear()
    yield listed
    registry._backends.clear()
    registry._backends.update(before)


def test_a_device_is_opened_once_at_first_use(installed: list[tuple[str, str]]) -> None:
    assert ToyProvider.opened == []
    x = gnomon.tensor([1.0, 2.0], device="toy")
    y = gnomon.ones(2, device="toy:0")
    assert (x + y).tolist() == [2.0, 3.0]
    assert str((x + y).device) == "toy:0"
    assert ToyProvider.opened == [0]


def test_threads_that_open_a_device_at_once_get_one_backend(
    installed: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_slowly(provider: ToyProvider, index: int) -> Backend:
        provider.opened.append(index)
        time.sleep(0.05)
        return ToyBackend(index, LACKING)

    monkeypatch.setattr(ToyProvider, "open", open_slowly)
    made: list[gnomon.Tensor] = []
    threads = [
        threading.Thread(target=lambda: made.append(gnomon.ones(1, device="toy")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ToyProvider.opened == [0]
    assert sum(made).tolist() == [4.0]


def test_operands_of_two_devices_do_not_meet(installed: list[tuple[str, str]]) -> None:
    with pytest.raises(RuntimeError, match=r"add: .*same device, found toy:0 and cpu"):
        gnomon.ones(2, device="toy") + gnomon.ones(2)


def test_a_zero_dim_tensor_of_the_host_joins_any_device(
    installed: list[tuple[str, str]],
) -> None:
    x = gnomon.ones(2, device="toy")
    assert (x * gnomon.tensor(3.0)).tolist() == [3.0, 3.0]
    assert (gnomon.tensor(3.0) * x).device == x.device


def test_gradients_stay_on_their_device(installed: list[tuple[str, str]]) -> None:
    x = gnomon.tensor([[1.0, 2.0], [3.0, 4.0]], device="toy", requires_grad=True)
    (x * x.sum(0)).sum().backward()
    assert x.grad is not None
    assert str(x.grad.device) == "toy:0"
    assert x.grad.tolist() == [[8.0, 12.0], [8.0, 12.0]]


@pytest.mark.parametrize(
    ("listed", "device", "message"),
    [
        ([], "toy", r"no installed backend is called 'toy' \(installed: cpu\)"),
        ([("toy", "a:b"), ("toy", "c:d")], "toy", "2 packages provide the backend 'toy'"),
        ([("toy", "no_such_module:Provider")], "toy", "fails to import: ModuleNotFoundError"),
        ([("toy", "tests.backends.test_plugins:ToyProvider")], "toy:2", "has 2 devices"),
        (
            [("toy", "tests.backends.test_plugins:BrokenProvider")],
            "toy:1",
            "'toy' fails to open toy:1: AttributeError: a fault. Repair",
        ),
    ],
)
def test_every_failure_says_what_to_do(
    installed: list[tuple[str, str]], listed: list[tuple[str, str]], device: str, message: str
) -> None:
    installed[:] = listed
    with pytest.raises(RuntimeError, match=message):
        gnomon.ones(1, device=device)


def test_nothing_installed_replaces_the_reference(installed: list[tuple[str, str]]) -> None:
    installed.append(("cpu", "tests.backends.test_plugins:ToyProvider"))
    assert (gnomon.ones(1, device="cpu") + 1).tolist() == [2.0]
    assert ToyProvider.opened == []
    assert [status.name for status in plugins.backends()] == ["cpu", "toy"]


def test_a_broken_plugin_is_listed_with_its_reason(installed: list[tuple[str, str]]) -> None:
    installed[:] = [("toy", "no_such_module:Provider")]
    _, toy = plugins.backends()
    assert toy.devices == []
    assert "ModuleNotFoundError" in toy.failure


LACKED = {
    "sin": lambda x: x.sin(),
    "prod": lambda x: x.prod(),
    "cumsum": lambda x: x.cumsum(0),
    "sort": lambda x: x.sort(0).values,
    "gather": lambda x: x.take_along_dim(gnomon.tensor([[1, 0]], device=x.device), 1),
    "scatter_add": lambda x: x.scatter_add(0, gnomon.tensor([[1, 1]], device=x.device), x),
    "arange": lambda x: gnomon.arange(4.0, device=x.device) + x.sum(),
}


@pytest.mark.parametrize("name", LACKED)
def test_what_a_device_lacks_raises_unless_the_user_allows_the_fallback(
    installed: list[tuple[str, str]], name: str
) -> None:
    values = [[2.0, 1.0], [0.5, 4.0]]
    x = gnomon.tensor(values, device="toy:1")
    with pytest.raises(
        NotSupported, match=r"the device toy:1 has no kernel .*GNOMON_FALLBACK=cpu"
    ):
        LACKED[name](x)
    with gnomon.fallback("cpu"):
        result = LACKED[name](x)
    assert str(result.device) == "toy:1"
    assert result.tolist() == LACKED[name](gnomon.tensor(values)).tolist()
    with pytest.raises(NotSupported):
        LACKED[name](x)


def test_only_the_reference_can_stand_in() -> None:
    with pytest.raises(ValueError, match="toy"), gnomon.fallback("toy"):
        pass
