"""Every scheduler sets the rates, and the momenta, that PyTorch's sets."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

import gnomon
from optim.schedules import SCHEDULES, optimizer_of, run, scheduler_of

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

# A rate is the product of a few rounded factors, one or two for each epoch.
TOLERANCE = 32 * 2.0**-53


def close(expected: object) -> object:
    return pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("text", SCHEDULES)
def test_rates(text: str, optimizer: str) -> None:
    found, expected = (history(t, text, optimizer) for t in (gnomon, torch))
    assert len(found) == len(expected)
    for epoch, rates in enumerate(expected):
        assert found[epoch] == close(rates), epoch


def history(
    t: ModuleType, text: str, name: str, tensor_rate: bool = False
) -> list[list[float]]:
    optimizer = optimizer_of(t, name, tensor_rate)
    return run(scheduler_of(t, text, optimizer), optimizer)


@pytest.mark.parametrize("text", [text for text in SCHEDULES if "OneCycle" not in text])
def test_rates_as_tensors(text: str) -> None:
    found, expected = (history(t, text, "SGD", tensor_rate=True) for t in (gnomon, torch))
    for epoch, rates in enumerate(expected):
        assert found[epoch] == close(rates), epoch


def plain(state: object) -> object:
    """Return a state dict with functions left out, which no two modules share."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [plain(value) for value in state]
    return None if callable(state) else state


def keys(state: object) -> object:
    if isinstance(state, dict):
        return {key: keys(value) for key, value in state.items()}
    return [keys(value) for value in state] if isinstance(state, list) else None


@pytest.mark.parametrize("text", SCHEDULES)
def test_state_dicts_go_both_ways(text: str) -> None:
    def halfway(t: ModuleType) -> tuple[object, object]:
        optimizer = optimizer_of(t, "SGD")
        scheduler = scheduler_of(t, text, optimizer)
        run(scheduler, optimizer, 5)
        return scheduler.state_dict(), optimizer.state_dict()  # type: ignore[attr-defined]

    def resumed(t: ModuleType, saved: tuple[object, object]) -> list[list[float]]:
        optimizer = optimizer_of(t, "SGD")
        scheduler = scheduler_of(t, text, optimizer)
        scheduler.load_state_dict(saved[0])  # type: ignore[attr-defined]
        optimizer.load_state_dict(saved[1])  # type: ignore[attr-defined]
        return run(scheduler, optimizer, 6)

    ours, theirs = halfway(gnomon), halfway(torch)
    assert keys(ours[0]) == keys(theirs[0])
    expected = resumed(torch, halfway(torch))
    assert resumed(gnomon, theirs) == close_rows(expected)
    assert resumed(torch, ours) == close_rows(expected)


def close_rows(rows: list[list[float]]) -> list[object]:
    return [close(row) for row in rows]


# The composed ones count epochs by themselves.
SINGLE = [text for text in SCHEDULES if "Sequential" not in text and "Chained" not in text]


@pytest.mark.parametrize("text", SINGLE)
def test_going_on_from_an_epoch(text: str) -> None:
    def resumed(t: ModuleType) -> list[list[float]]:
        optimizer = optimizer_of(t, "SGD")
        run(scheduler_of(t, text, optimizer), optimizer, 4)
        again = scheduler_of(t, f"{text[:-1]}, last_epoch=4)", optimizer)
        return run(again, optimizer, 6)

    assert resumed(gnomon) == close_rows(resumed(torch))


@pytest.mark.parametrize("text", SINGLE)
def test_steps_to_an_epoch(text: str) -> None:
    def jumped(t: ModuleType) -> list[float]:
        optimizer = optimizer_of(t, "SGD")
        scheduler = scheduler_of(t, text, optimizer)
        optimizer.step()  # type: ignore[attr-defined]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            scheduler.step(7)  # type: ignore[attr-defined]
        warned = [warning.category for warning in caught]
        return [*scheduler.get_last_lr(), len(warned)]  # type: ignore[attr-defined]

    assert jumped(gnomon) == close(jumped(torch))


PLATEAUS = [
    "s.ReduceLROnPlateau(o, factor=0.5, patience=1)",
    "s.ReduceLROnPlateau(o, 'max', factor=0.1, patience=0, threshold=0.05)",
    "s.ReduceLROnPlateau(o, threshold_mode='abs', threshold=0.3, patience=2, cooldown=1)",
    "s.ReduceLROnPlateau(o, 'max', threshold_mode='abs', patience=0, min_lr=[0.05, 0.01])",
    "s.ReduceLROnPlateau(o, factor=0.9, patience=0, eps=0.02)",
]
METRICS = [3.0, 2.5, 2.6, 2.5, 2.4, 2.4, 2.41, 1.0, 1.2, 1.3, 1.1, 1.0, 0.9]


@pytest.mark.parametrize("text", PLATEAUS)
def test_plateaus(text: str) -> None:
    def rates(t: ModuleType) -> tuple[list[list[float]], object]:
        optimizer = optimizer_of(t, "SGD")
        scheduler = scheduler_of(t, text, optimizer)
        rows = []
        for metric in METRICS:
            optimizer.step()  # type: ignore[attr-defined]
            scheduler.step(t.tensor(metric, dtype=t.float64))  # type: ignore[attr-defined]
            rows.append(scheduler.get_last_lr())  # type: ignore[attr-defined]
        return rows, scheduler.state_dict()  # type: ignore[attr-defined]

    (found, state), (expected, expected_state) = rates(gnomon), rates(torch)
    assert found == close_rows(expected)
    assert plain(state) == plain(expected_state)
    optimizer = optimizer_of(torch, "SGD")
    scheduler_of(torch, text, optimizer).load_state_dict(state)  # type: ignore[attr-defined]


REFUSED = [
    "s.LambdaLR(o, [lambda e: 1])",
    "s.MultiplicativeLR(o, 3)",
    "s.ConstantLR(o, factor=1.5)",
    "s.LinearLR(o, start_factor=0)",
    "s.LinearLR(o, end_factor=-1)",
    "s.CosineAnnealingWarmRestarts(o, 0)",
    "s.CosineAnnealingWarmRestarts(o, 2.5)",
    "s.CosineAnnealingWarmRestarts(o, 3, T_mult=0)",
    "s.CosineAnnealingWarmRestarts(o, 3).step(-1)",
    "s.CyclicLR(o, [0.1], 0.2)",
    "s.CyclicLR(o, 0.1, 0.2, mode='saw')",
    "s.CyclicLR(t.optim.Adagrad([t.zeros(1, requires_grad=True)]), 0.1, 0.2)",
    "s.OneCycleLR(o, 0.1)",
    "s.OneCycleLR(o, 0.1, total_steps=0)",
    "s.OneCycleLR(o, 0.1, epochs=2, steps_per_epoch=0)",
    "s.OneCycleLR(o, 0.1, 10, pct_start=2.0)",
    "s.OneCycleLR(o, 0.1, 10, pct_start=1)",
    "s.OneCycleLR(o, 0.1, 10, anneal_strategy='sine')",
    "[s.OneCycleLR(o, 0.1, 2)] * 4 and [x.step() for x in [s.OneCycleLR(o, 0.1, 2)] * 4]",
    "s.SequentialLR(o, [], [])",
    "s.SequentialLR(o, [s.StepLR(o, 1)], [3])",
    "s.SequentialLR(o, [s.StepLR(o, 1), s.ReduceLROnPlateau(o)], [3])",
    "s.ChainedScheduler([])",
    "s.ChainedScheduler([s.StepLR(o, 1)], t.optim.SGD(o.param_groups[0]['params']))",
    "s.ChainedScheduler([1])",
    "s.ReduceLROnPlateau(o, factor=1.0)",
    "s.ReduceLROnPlateau(o, mode='most')",
    "s.ReduceLROnPlateau(o, threshold_mode='none')",
    "s.ReduceLROnPlateau(o, min_lr=[0.1])",
    "s.ReduceLROnPlateau(3)",
    "s.StepLR(3, 1)",
    "s.StepLR(o, 1, last_epoch=3)",
    "s.LRScheduler(o)",
]


@pytest.mark.parametrize("text", REFUSED)
def test_errors(text: str) -> None:
    def error(t: ModuleType) -> type[BaseException]:
        with pytest.raises(Exception) as caught:  # the class is what is compared
            scheduler_of(t, text, optimizer_of(t, "SGD"))
        return caught.type

    assert error(gnomon) is error(torch)
