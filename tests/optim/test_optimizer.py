"""Steps, hooks, groups, copies, gradients through steps: what needs no PyTorch to check."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest

import gnomon as torch
from gnomon import Tensor
from gnomon.autograd import gradcheck
from gnomon.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    required,
)
from optim.cases import CASES, bowl, optimizer_of, parameters, train, train_on
from optim.values import flat

GOLDEN = Path(__file__).parent / "golden.json"
ALL = [*CASES, "LBFGS()", "LBFGS(line_search_fn='strong_wolfe')"]

# As in test_against_torch.py: LBFGS divides by differences of nearly equal gradients.
TOLERANCE = 1e-8


@pytest.mark.parametrize("case", ALL)
def test_final_parameters(case: str) -> None:
    expected = json.loads(GOLDEN.read_text(encoding="utf-8"))[case]
    found, _ = train(torch, case, "float64", 3, bowl)
    for x, row in zip(found, expected, strict=True):
        assert flat(x) == pytest.approx(row, rel=TOLERANCE, abs=TOLERANCE)


def test_golden_parameters_are_pytorchs(write_golden: bool) -> None:
    oracle = pytest.importorskip("torch", reason="the oracle of these values is PyTorch")
    found = {
        case: [flat(x) for x in train(oracle, case, "float64", 3, bowl)[0]] for case in ALL
    }
    if write_golden:
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert json.loads(GOLDEN.read_text(encoding="utf-8")) == {
        case: [pytest.approx(row, rel=1e-12) for row in rows] for case, rows in found.items()
    }


DIFFERENTIABLE = [
    "SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)",
    "SGD(lr=0.1, momentum=0.9, dampening=0.5, maximize=True)",
    "Adam(lr=0.1, weight_decay=0.1, amsgrad=True, eps=0.1)",
    "AdamW(lr=0.1, eps=0.1)",
    "Adamax(lr=0.1, eps=0.1)",
    "NAdam(lr=0.1, eps=0.1)",
    "RAdam(lr=0.1, betas=(0.9, 0.6), eps=0.1)",
    "RMSprop(lr=0.1, centered=True, eps=0.1)",
    "RMSprop(lr=0.1, momentum=0.5, eps=0.1)",
    "Adagrad(lr=0.1, eps=0.1)",
    "Adadelta(lr=0.1, eps=0.1)",
    "Rprop(lr=0.1)",
    "ASGD(lr=0.1, t0=0)",
]


@pytest.mark.parametrize("case", DIFFERENTIABLE)
def test_gradients_flow_through_steps(case: str) -> None:
    def after_steps(start: Tensor, gradient: Tensor) -> Tensor:
        weight = start.clone()
        optimizer = optimizer_of(torch, f"{case[:-1]}, differentiable=True)", [weight])
        for number in range(3):
            weight.grad = gradient * (number + 1)
            optimizer.step()
        return weight

    start = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    gradient = torch.tensor([0.7, -0.4], dtype=torch.float64, requires_grad=True)
    assert gradcheck(after_steps, (start, gradient))


@pytest.mark.parametrize("case", ["SGD(lr=lr)", "Adam(lr=lr, eps=0.1)", "RMSprop(lr=lr)"])
def test_gradients_flow_to_the_rate(case: str) -> None:
    def after_a_step(lr: Tensor) -> Tensor:
        weight = torch.tensor([0.5, -1.0], dtype=torch.float64).clone()
        optimizer = optimizer_of(torch, f"{case[:-1]}, differentiable=True)", [weight], lr)
        weight.grad = torch.tensor([0.7, -0.4], dtype=torch.float64)
        optimizer.step()
        return weight

    assert gradcheck(
        after_a_step, (torch.tensor(0.3, dtype=torch.float64, requires_grad=True),)
    )


CAPTURABLE = [
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Adadelta",
    "Rprop",
    "ASGD",
]


@pytest.mark.parametrize("name", CAPTURABLE)
@pytest.mark.parametrize("lr", ["0.05", "t.tensor(0.05)"])
def test_capturable_steps_are_the_same(name: str, lr: str) -> None:
    # Counts are float32 then, and with them 1 - 0.999, as in PyTorch.
    tolerance = 2.0**-24 / (1 - 0.999)
    expected, _ = train(torch, f"{name}(lr=0.05)", "float64", 4, bowl)
    found, _ = train(torch, f"{name}(lr={lr}, capturable=True)", "float64", 4, bowl)
    for x, y in zip(found, expected, strict=True):
        assert flat(x) == pytest.approx(flat(y), rel=tolerance, abs=tolerance)


def stepped() -> tuple[torch.optim.Optimizer, list[Tensor]]:
    weights = parameters(torch)
    optimizer = torch.optim.Adam(weights, lr=0.1)
    train_on(optimizer, weights, 1, bowl)
    return optimizer, weights


def test_parameters_without_gradients_stay() -> None:
    moving, staying = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = torch.optim.Adam([moving, staying])
    moving.sum().backward()
    optimizer.step()
    assert moving.item() != 1 and staying.item() == 1
    assert list(optimizer.state) == [moving]


def test_zero_grad() -> None:
    weight = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight])
    weight.sum().backward(create_graph=True)
    optimizer.zero_grad(set_to_none=False)
    assert weight.grad is not None and weight.grad.tolist() == [0.0, 0.0]
    assert weight.grad.grad_fn is None and not weight.grad.requires_grad
    optimizer.zero_grad()
    assert weight.grad is None


def test_steps_are_not_recorded_but_closures_are() -> None:
    weight = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.5)

    def closure() -> Tensor:
        loss = (weight * weight).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        loss = optimizer.step(closure)
    assert loss is not None and loss.grad_fn is not None
    assert weight.tolist() == [0.0, 0.0] and weight.is_leaf and weight.grad_fn is None


def test_hooks_run_around_steps_in_order() -> None:
    optimizer, _ = stepped()
    calls: list[str] = []
    handles = [
        register_optimizer_step_pre_hook(lambda o, a, k: calls.append("global before")),
        register_optimizer_step_post_hook(lambda o, a, k: calls.append("global after")),
        optimizer.register_step_pre_hook(lambda o, a, k: calls.append("before")),
        optimizer.register_step_post_hook(lambda o, a, k: calls.append("after")),
    ]
    optimizer.step()
    assert calls == ["global before", "before", "after", "global after"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(calls) == 4


def test_a_hook_replaces_the_arguments() -> None:
    optimizer, _ = stepped()
    called = []
    optimizer.register_step_pre_hook(lambda o, a, k: ((o, lambda: called.append(1)), {}))
    optimizer.step()
    assert called == [1]
    optimizer.register_step_pre_hook(lambda o, a, k: 3)  # type: ignore[arg-type, return-value]
    with pytest.raises(RuntimeError, match="new_args, new_kwargs"):
        optimizer.step()


def test_hooks_run_once_when_a_subclass_calls_the_inherited_step() -> None:
    class Counting(torch.optim.SGD):
        def step(self, closure: object = None) -> None:  # type: ignore[override]
            super().step()

    optimizer = Counting([torch.ones(1, requires_grad=True)])
    calls = []
    optimizer.register_step_post_hook(lambda o, a, k: calls.append(1))
    optimizer.step()
    assert calls == [1]


def test_hooks_of_state_dicts() -> None:
    optimizer, _ = stepped()
    calls: list[str] = []
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, s: {**s, "mine": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, s: calls.append(str(s.pop("mine"))))
    optimizer.register_load_state_dict_post_hook(lambda o: calls.append("loaded"))
    saved = optimizer.state_dict()
    assert saved["mine"] == 1
    optimizer.load_state_dict(saved)
    assert calls == ["first", "second", "1", "loaded"]
    assert saved["mine"] == 1


def test_loading_converts_to_the_parameters() -> None:
    optimizer, _ = stepped()
    other = torch.optim.Adam(parameters(torch, "float64"))
    other.load_state_dict(optimizer.state_dict())
    (memory, *_) = other.state.values()
    assert isinstance(memory["exp_avg"], Tensor) and isinstance(memory["step"], Tensor)
    assert memory["exp_avg"].dtype is torch.float64
    assert memory["step"].dtype is torch.float32
    assert other.param_groups[0]["lr"] == 0.1


def test_loading_from_an_older_pytorch() -> None:
    weights = parameters(torch)
    optimizer = torch.optim.AdamW(weights)
    group = {"lr": 0.1, "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.0}
    memory = {"step": 3, "exp_avg": torch.ones(2, 3), "exp_avg_sq": torch.ones(2, 3)}
    optimizer.load_state_dict(
        {"state": {0: memory}, "param_groups": [{**group, "params": [0, 1, 2]}]}
    )
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True
    step = optimizer.state[weights[0]]["step"]
    assert isinstance(step, Tensor) and step.item() == 3.0
    train_on(optimizer, weights, 1, bowl)


def test_a_state_dict_is_not_changed_by_loading_it() -> None:
    optimizer, _ = stepped()
    saved = optimizer.state_dict()
    before = copy.deepcopy(saved)
    other = torch.optim.Adam(parameters(torch))
    other.load_state_dict(saved)
    other.param_groups[0]["lr"] = 7.0
    assert saved["param_groups"] == before["param_groups"]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_go_on_alike(duplicate: object) -> None:
    optimizer, weights = stepped()
    assert callable(duplicate)
    copied = duplicate(optimizer)
    copied_weights = copied.param_groups[0]["params"]
    assert repr(copied) == repr(optimizer)
    expected = train_on(optimizer, weights, 2, bowl)
    assert train_on(copied, copied_weights, 2, bowl) == expected
    assert copied_weights[0] is not weights[0]


def test_groups_have_options_of_their_own() -> None:
    slow, fast = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([{"params": slow}], lr=0.1)
    optimizer.add_param_group({"params": (x for x in [fast]), "lr": 0.5})
    (slow + fast).sum().backward()
    optimizer.step()
    assert slow.item() == pytest.approx(0.9, rel=2.0**-23) and fast.item() == 0.5


def test_a_required_option_is_asked_for() -> None:
    weight = torch.ones(1, requires_grad=True)
    with pytest.raises(ValueError, match="required option lr"):
        torch.optim.Optimizer([weight], {"lr": required})
    optimizer = torch.optim.Optimizer([{"params": [weight], "lr": 1.0}], {"lr": required})
    assert optimizer.param_groups[0]["lr"] == 1.0


def test_duplicate_parameters_are_warned_of() -> None:
    weight = torch.ones(1, requires_grad=True)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        torch.optim.SGD([weight, weight])


def test_a_rate_that_is_a_tensor_is_read_at_every_step() -> None:
    weight, rate = torch.ones(1, requires_grad=True), torch.tensor(0.5)
    optimizer = torch.optim.SGD([weight], lr=rate)
    weight.sum().backward()
    optimizer.step()
    rate.fill_(0.25)
    optimizer.step()
    assert weight.item() == 0.25


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_small_dtypes_train(dtype: str) -> None:
    for case in ("SGD(lr=0.01, momentum=0.9)", "Adam(lr=0.01, eps=1e-3)", "Rprop()"):
        weights, losses = train(torch, case, dtype, 4, bowl)
        assert losses[-1] < losses[0]
        assert {str(weight.dtype) for weight in weights} == {f"torch.{dtype}"}
