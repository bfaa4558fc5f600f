"""Averaged models, their statistics and their rates are PyTorch's."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

import gnomon
from optim.schedules import optimizer_of, run
from optim.values import flat

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

# An average rounds three times for each of four models; see also the schedulers.
TOLERANCE = 12 * 2.0**-23

AVERAGES = [
    "u.AveragedModel(m)",
    "u.AveragedModel(m, use_buffers=True)",
    "u.AveragedModel(m, avg_fn=u.get_ema_avg_fn(0.75))",
    "u.AveragedModel(m, avg_fn=u.get_swa_avg_fn())",
    "u.AveragedModel(m, multi_avg_fn=u.get_ema_multi_avg_fn(0.75))",
    "u.AveragedModel(m, multi_avg_fn=u.get_ema_multi_avg_fn(), use_buffers=True)",
    "u.AveragedModel(m, multi_avg_fn=u.get_swa_multi_avg_fn())",
    "u.AveragedModel(m, avg_fn=lambda old, new, n: old * n + new)",
]


def averages_of(t: ModuleType) -> ModuleType:
    return import_module(f"{t.__name__}.optim.swa_utils")


def model_of(t: ModuleType) -> object:
    t.manual_seed(0)
    return t.nn.Sequential(t.nn.Linear(3, 2), t.nn.BatchNorm1d(2), t.nn.Linear(2, 1))


def state_of(model: object) -> dict[str, list[float]]:
    return {name: flat(x) for name, x in model.state_dict().items()}  # type: ignore[attr-defined]


def close(expected: dict[str, list[float]]) -> dict[str, object]:
    return {
        name: pytest.approx(row, rel=TOLERANCE, abs=TOLERANCE) for name, row in expected.items()
    }


@pytest.mark.parametrize("text", AVERAGES)
def test_averages(text: str) -> None:
    def states(t: ModuleType) -> list[dict[str, list[float]]]:
        model = model_of(t)
        averaged = eval(text, {"u": averages_of(t), "m": model})
        rows = []
        for number in range(4):
            model(t.arange(12.0).view(4, 3) * number)  # type: ignore[operator]
            with t.no_grad():
                for parameter in model.parameters():  # type: ignore[attr-defined]
                    parameter.mul_(1.5).add_(number)
            averaged.update_parameters(model)
            rows.append(state_of(averaged))
        rows.append({"result": flat(averaged.eval()(t.ones(4, 3)))})
        return rows

    assert states(gnomon) == [close(row) for row in states(torch)]


def test_statistics_of_batch_norms() -> None:
    def state(t: ModuleType) -> dict[str, list[float]]:
        model = model_of(t).eval()  # type: ignore[attr-defined]
        batches = [t.arange(12.0).view(4, 3), [t.ones(4, 3) * 2, "label"], (t.ones(2, 3),)]
        averages_of(t).update_bn(batches, model)
        assert not model.training and model[1].momentum == 0.1
        return state_of(model)

    assert state(gnomon) == close(state(torch))


RATES = [
    "u.SWALR(o, 0.5)",
    "u.SWALR(o, [0.05, 0.01], anneal_epochs=4)",
    "u.SWALR(o, 0.5, anneal_epochs=3, anneal_strategy='linear')",
    "u.SWALR(o, 0.5, anneal_epochs=0)",
]


@pytest.mark.parametrize("text", RATES)
def test_rates(text: str) -> None:
    def history(t: ModuleType) -> tuple[list[list[float]], set[str]]:
        optimizer = optimizer_of(t, "SGD")
        scheduler = eval(text, {"u": averages_of(t), "o": optimizer})
        return run(scheduler, optimizer), set(scheduler.state_dict())

    (found, keys), (expected, expected_keys) = history(gnomon), history(torch)
    assert keys == expected_keys
    for epoch, rates in enumerate(expected):
        assert found[epoch] == pytest.approx(rates, rel=1e-12, abs=1e-12)


REFUSED = [
    "u.get_ema_avg_fn(1.5)",
    "u.get_ema_multi_avg_fn(-0.1)",
    "u.AveragedModel(m, avg_fn=u.get_swa_avg_fn(), multi_avg_fn=u.get_swa_multi_avg_fn())",
    "u.SWALR(o, 0.5, anneal_strategy='sine')",
    "u.SWALR(o, 0.5, anneal_epochs=-1)",
    "u.SWALR(o, 0.5, anneal_epochs=2.5)",
    "u.SWALR(o, [0.5])",
]


@pytest.mark.parametrize("text", REFUSED)
def test_errors(text: str) -> None:
    def error(t: ModuleType) -> type[BaseException]:
        names = {"u": averages_of(t), "m": model_of(t), "o": optimizer_of(t, "SGD")}
        with pytest.raises(Exception) as caught:  # the class is what is compared
            eval(text, names)
        return caught.type

    assert error(gnomon) is error(torch)
