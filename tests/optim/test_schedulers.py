"""Rates of schedulers, and what they warn of: what needs no PyTorch to check."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

import gnomon as torch
from gnomon.optim.lr_scheduler import LRScheduler, StepLR, _LRScheduler
from optim.schedules import SCHEDULES, optimizer_of, run, scheduler_of

GOLDEN = Path(__file__).parent / "golden_rates.json"

# See test_schedulers_against_torch.py.
TOLERANCE = 32 * 2.0**-53


def history(t: object, text: str) -> list[list[float]]:
    optimizer = optimizer_of(t, "SGD")  # type: ignore[arg-type]
    return run(scheduler_of(t, text, optimizer), optimizer)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", SCHEDULES)
def test_rates(text: str) -> None:
    found = history(torch, text)
    expected = json.loads(GOLDEN.read_text(encoding="utf-8"))[text]
    assert found == [pytest.approx(row, rel=TOLERANCE, abs=TOLERANCE) for row in expected]


def test_golden_rates_are_pytorchs(write_golden: bool) -> None:
    oracle = pytest.importorskip("torch", reason="the oracle of these rates is PyTorch")
    found = {text: history(oracle, text) for text in SCHEDULES}
    if write_golden:
        lines = (f" {json.dumps(text)}: {json.dumps(rows)}" for text, rows in found.items())
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    assert json.loads(GOLDEN.read_text(encoding="utf-8")) == {
        text: [pytest.approx(row, rel=TOLERANCE, abs=TOLERANCE) for row in rows]
        for text, rows in found.items()
    }


def optimizer() -> torch.optim.SGD:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)


def test_the_wrong_order_of_steps_is_warned_of_once() -> None:
    scheduler = StepLR(optimizer(), 1)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()


def test_the_right_order_of_steps_is_not_warned_of() -> None:
    stepped = optimizer()
    scheduler = StepLR(stepped, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stepped.step()
        scheduler.step()


def test_get_lr_is_warned_of_outside_a_step() -> None:
    scheduler = StepLR(optimizer(), 1)
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()


def test_an_epoch_is_warned_of() -> None:
    stepped = optimizer()
    scheduler = StepLR(stepped, 1)
    stepped.step()
    with pytest.warns(UserWarning, match="epoch parameter is deprecated"):
        scheduler.step(3)
    assert scheduler.get_last_lr() == [pytest.approx(0.5 * 0.1**3)]


def test_a_scheduler_of_ones_own() -> None:
    class Halving(_LRScheduler):
        def get_lr(self) -> list[float | torch.Tensor]:
            return [rate * 0.5**self.last_epoch for rate in self.base_lrs]

    stepped = optimizer()
    scheduler = Halving(stepped)
    assert isinstance(scheduler, LRScheduler)
    for _ in range(2):
        stepped.step()
        scheduler.step()
    assert scheduler.get_last_lr() == [0.125]
    assert stepped.param_groups[0]["initial_lr"] == 0.5


def test_functions_with_attributes_are_saved() -> None:
    class Decay:
        def __init__(self, rate: float) -> None:
            self.rate = rate

        def __call__(self, epoch: int) -> float:
            return self.rate**epoch

    saved = torch.optim.lr_scheduler.LambdaLR(optimizer(), Decay(0.5)).state_dict()
    assert saved["lr_lambdas"] == [{"rate": 0.5}]
    restored = torch.optim.lr_scheduler.LambdaLR(optimizer(), Decay(0.1))
    restored.load_state_dict(saved)
    assert restored.lr_lambdas[0](1) == 0.5


def test_a_rate_that_is_a_tensor_changes_in_place() -> None:
    rate = torch.tensor(0.5)
    stepped = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
    scheduler = StepLR(stepped, 1, gamma=0.5)
    stepped.step()
    scheduler.step()
    assert stepped.param_groups[0]["lr"] is rate and rate.item() == 0.25
    assert scheduler.base_lrs == [0.5]


def test_groups_added_later_need_a_minimum_of_their_own() -> None:
    stepped = optimizer()
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(stepped, patience=0, min_lr=[0.1])
    stepped.add_param_group({"params": [torch.ones(1, requires_grad=True)]})
    scheduler.step(1.0)
    with pytest.raises(RuntimeError, match="2 param groups, 1 min_lrs"):
        scheduler.step(1.0)
