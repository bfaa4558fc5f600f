"""Moving tensors between devices, with the dtype, and copies that stay where they are."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import pytest

import gnomon as torch
from backends.accelerator import ToyBackend
from gnomon import devices, registry


@pytest.fixture
def toy() -> Iterator[ToyBackend]:
    before = dict(registry._backends)
    backend = ToyBackend(0, frozenset())
    registry.register_backend(backend)
    yield backend
    registry._backends.clear()
    registry._backends.update(before)


def test_there_and_back(toy: ToyBackend) -> None:
    x = torch.arange(6.0).reshape(2, 3).t()
    for y in (
        x.to("toy:0"),
        x.to("toy:0", torch.float64),
        x.to(torch.zeros(1, device="toy:0", dtype=torch.int64)),
        x.to(device="toy:0", copy=True),
    ):
        assert str(y.device) == "toy:0" and y.get_device() == 0 and not y.is_cpu
        assert y.to("toy:0") is y
        assert y.stride() == y.cpu().stride() == (1, 3)
        assert y.cpu().tolist() == x.tolist() and y.cpu().is_cpu
        assert y.double().tolist() == x.tolist()


def test_what_is_not_dense_arrives_dense_in_its_order(toy: ToyBackend) -> None:
    x = torch.arange(12.0).reshape(2, 6)[:, 1::2].t()
    y = x.to("toy:0")
    assert y.stride() == (1, 3) and y.storage_offset() == 0
    assert y.tolist() == x.tolist()
    empty = torch.zeros(0, 3)[:, 1:].to("toy:0")
    assert empty.shape == (0, 2) and empty.tolist() == []


def test_gradients_come_back(toy: ToyBackend) -> None:
    x = torch.ones(3, device="cpu", requires_grad=True)
    (x.to("toy:0", torch.float64) * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.is_cpu and x.grad.dtype is torch.float32 and x.grad.tolist() == [2, 2, 2]


def test_new_tensors_stay_on_the_device(toy: ToyBackend) -> None:
    x = torch.tensor([1, 2], device="toy:0")
    assert {str(y.device) for y in (x.new_zeros(2), x.new_tensor([1.5]), x.new(2))} == {"toy:0"}
    assert str(torch.as_tensor(x).device) == str(torch.zeros_like(x).device) == "toy:0"
    with torch.device("toy:0"):
        assert str(torch.tensor([1]).device) == str(torch.rand(2).device) == "toy:0"


def test_copies_and_pickles_stay_on_the_device(toy: ToyBackend) -> None:
    x = torch.arange(4, device="toy:0")[1:]
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert str(y.device) == "toy:0" and y.tolist() == [1, 2, 3]


def test_cuda_means_what_the_user_says(
    toy: ToyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = torch.ones(2)
    with pytest.raises(RuntimeError, match="cuda"):
        x.cuda()
    monkeypatch.setitem(devices._aliases, "cuda", "toy:0")
    assert str(x.cuda().device) == str(x.cuda(0).device) == "toy:0"
    assert x.cuda().is_cuda and not x.is_cuda
