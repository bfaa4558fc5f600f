"""Steps of optimizers on the device become one launch, and stay what they are."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

import pytest

import gnomon
from gnomon import Tensor, optim
from gnomon.backend import NotRecordable

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import default_backend

MAKERS: dict[str, Callable[[list[Tensor]], optim.Optimizer]] = {
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01, centered=True),
    "radam": lambda p: optim.RAdam(p, lr=0.01),
}


def _parameters(device: str) -> list[Tensor]:
    gnomon.manual_seed(0)
    return [gnomon.randn(size).to(device).requires_grad_() for size in (3, 70, 5)]


def _give_gradients(parameters: list[Tensor], call: int) -> None:
    for parameter in parameters:
        parameter.grad = parameter.detach() * (call % 3 - 1) + 0.5


def _changes(optimizer: optim.Optimizer, parameters: list[Tensor], call: int) -> None:
    """Do what must not be lost in a replay."""
    (group,) = optimizer.param_groups
    if call == 5:
        group["lr"] = 0.05
    if call == 7:
        group["weight_decay"] = 0.2
    if call == 9:
        optimizer.load_state_dict(optimizer.state_dict())
    if call == 11:
        parameters[1].grad = None
    if call == 13:
        parameters[0].data = parameters[0].detach().clone()


@pytest.mark.parametrize("name", MAKERS)
def test_steps_are_those_of_the_reference(name: str) -> None:
    found = []
    for device in ("cpu", str(default_backend().device)):
        parameters = _parameters(device)
        optimizer = MAKERS[name](parameters)
        for call in range(18):
            _give_gradients(parameters, call)
            _changes(optimizer, parameters, call)
            optimizer.step()
        found.append([parameter.detach().cpu() for parameter in parameters])
    for mine, right in zip(*found, strict=True):
        # Some ten roundings a step, none of which grows: the formulas forget.
        gnomon.testing.assert_close(mine, right, rtol=18 * 10 * 2.0**-24, atol=1e-6)


def test_a_step_is_one_launch() -> None:
    backend = default_backend()
    parameters = _parameters(str(backend.device))
    optimizer = optim.Adam(parameters)
    launches = []
    for call in range(6):
        _give_gradients(parameters, call)
        backend.synchronize()
        before = backend.runtime.launches
        optimizer.step()
        backend.synchronize()
        launches.append(backend.runtime.launches - before)
    assert launches[-2:] == [1, 1]


def test_an_optimizer_goes_when_it_is_dropped() -> None:
    parameters = _parameters(str(default_backend().device))
    optimizer = optim.Adam(parameters)
    for call in range(5):
        _give_gradients(parameters, call)
        optimizer.step()
    reference = weakref.ref(optimizer)
    del optimizer
    assert reference() is None


def test_threads_that_train_at_once_do_not_mix() -> None:
    device = str(default_backend().device)

    def train(parameters: list[Tensor], start: threading.Barrier) -> None:
        optimizer = optim.Adam(parameters, lr=0.01)
        start.wait()
        for call in range(12):
            _give_gradients(parameters, call)
            optimizer.step()

    alone, first, second = (_parameters(device) for _ in range(3))
    train(alone, threading.Barrier(1))
    start = threading.Barrier(2)
    threads = [threading.Thread(target=train, args=(each, start)) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for parameters in (first, second):
        assert all(map(gnomon.equal, parameters, alone))


def test_recorders_that_are_at_work_at_once_give_up() -> None:
    backend = default_backend()
    recorders = [backend.recorder(), backend.recorder()]
    gnomon.ones(2, device=str(backend.device)).add_(1)
    for recorder in recorders:
        with pytest.raises(NotRecordable, match="another thread"):
            recorder.finish([], [])
    assert backend.runtime.recorder is None
