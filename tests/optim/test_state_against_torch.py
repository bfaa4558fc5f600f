"""State dicts go from gnomon to PyTorch and back; texts, options and errors are PyTorch's."""

from __future__ import annotations

import copy
import inspect
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

import gnomon
from gnomon import Tensor
from optim.cases import CASES, bowl, optimizer_of, parameters, train_on
from optim.values import flat

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

OPTIMIZERS = [
    "SGD",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Rprop",
    "ASGD",
    "Adafactor",
    "LBFGS",
    "Muon",
]
WITH_LBFGS = [*CASES, "LBFGS(max_iter=3)", "LBFGS(max_iter=3, line_search_fn='strong_wolfe')"]


def converted(value: object, t: ModuleType) -> object:
    """Return a copy of a state dict with its tensors made by ``t``."""
    if isinstance(value, gnomon.Tensor | torch.Tensor):
        dtype = getattr(t, str(value.dtype).rpartition(".")[2])
        return t.tensor(value.tolist(), dtype=dtype)
    if isinstance(value, dict):
        return {key: converted(part, t) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(converted(part, t) for part in value)
    return copy.copy(value)


def described(value: object) -> object:
    """Return keys, dtypes and shapes of a state dict, and the values that are no floats."""
    if isinstance(value, gnomon.Tensor | torch.Tensor):
        return str(value.dtype), tuple(value.shape)
    if isinstance(value, dict):
        return {key: described(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [described(part) for part in value]
    return type(value).__name__ if isinstance(value, float) else value


@pytest.mark.parametrize("case", WITH_LBFGS)
def test_state_dicts_go_both_ways(case: str) -> None:
    def halfway(t: ModuleType) -> tuple[list[Tensor], dict[str, object]]:
        weights = parameters(t, "float64")
        optimizer = optimizer_of(t, case, weights)
        train_on(optimizer, weights, 2, bowl)
        return weights, optimizer.state_dict()

    def resumed(t: ModuleType, weights: list[Tensor], state: object) -> list[list[float]]:
        leaves = [t.tensor(w.tolist(), dtype=t.float64, requires_grad=True) for w in weights]
        optimizer = optimizer_of(t, case, leaves)
        optimizer.load_state_dict(converted(state, t))
        train_on(optimizer, leaves, 2, bowl)
        return [flat(leaf) for leaf in leaves]

    (ours, our_state), (theirs, their_state) = halfway(gnomon), halfway(torch)
    if "LBFGS" not in case:  # which keeps numbers where PyTorch keeps some as tensors
        assert described(our_state) == described(their_state)
    assert str(our_state["param_groups"]) == str(their_state["param_groups"])
    expected = [
        pytest.approx(x, rel=1e-8, abs=1e-8) for x in resumed(torch, theirs, their_state)
    ]
    assert resumed(gnomon, theirs, their_state) == expected
    assert resumed(torch, ours, our_state) == expected


@pytest.mark.parametrize("case", WITH_LBFGS)
def test_texts(case: str) -> None:
    def text(t: ModuleType) -> str:
        optimizer = optimizer_of(t, case, parameters(t))
        return repr(optimizer)

    assert text(gnomon) == text(torch)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_signatures(name: str) -> None:
    def arguments(t: ModuleType) -> list[tuple[str, object, object]]:
        signature = inspect.signature(getattr(t.optim, name))
        return [(p.name, p.kind, p.default) for p in signature.parameters.values()]

    assert arguments(gnomon) == arguments(torch)


def test_texts_of_groups() -> None:
    def text(t: ModuleType) -> str:
        a, b = t.zeros(2, requires_grad=True), t.zeros(1, requires_grad=True)
        groups = [{"params": [("a", a)]}, {"params": [("b", b)], "lr": 0.5, "mine": "yes"}]
        optimizer = t.optim.Adam(groups, lr=t.tensor(0.1))
        return repr(optimizer) + str(optimizer.state_dict())

    assert text(gnomon) == text(torch)


REFUSED = [
    "o.SGD(p[0])",
    "o.SGD([])",
    "o.SGD([1.0])",
    "o.SGD(['a'])",
    "o.SGD({'params': p})",
    "o.SGD([p[0] * 2])",
    "o.SGD([{'params': set(p)}])",
    "o.SGD([{'params': [p[0]]}, {'params': [p[0]]}])",
    "o.SGD([('a', p[0]), p[1]])",
    "o.SGD([{'params': [('a', p[0])]}, {'params': [p[1]]}])",
    "o.SGD([{'lr': 1.0}])",
    "o.SGD(p).add_param_group(p)",
    "o.SGD(p, lr=-1)",
    "o.SGD(p, lr=t.tensor([1.0, 2.0]))",
    "o.SGD(p, momentum=-1)",
    "o.SGD(p, weight_decay=-1)",
    "o.SGD(p, nesterov=True)",
    "o.SGD(p, nesterov=True, momentum=0.9, dampening=0.5)",
    "o.SGD(p, fused=True, differentiable=True)",
    "o.SGD(p, fused=True, foreach=True)",
    "o.SGD(p).load_state_dict(o.SGD(p[:2]).state_dict())",
    "o.SGD(p).load_state_dict(o.SGD([{'params': p[:1]}, {'params': p[1:]}]).state_dict())",
    "o.SGD(p).load_state_dict({})",
    "o.Adam(p, lr=-1)",
    "o.Adam(p, eps=-1)",
    "o.Adam(p, betas=(1.0, 0.9))",
    "o.Adam(p, betas=(0.9, -0.1))",
    "o.Adam(p, betas=(0.9, t.tensor(0.9)))",
    "o.Adam(p, lr=t.tensor(0.1), foreach=True)",
    "o.Adam(p, lr=t.ones(2))",
    "o.Adam(p, weight_decay=-1)",
    "o.Adam(p, fused=True, foreach=True)",
    "o.AdamW(p, fused=True, differentiable=True)",
    "o.Adamax(p, eps=-1)",
    "o.NAdam(p, momentum_decay=-1)",
    "o.RAdam(p, betas=(0.5, 1))",
    "o.RMSprop(p, alpha=-1)",
    "o.RMSprop(p, momentum=-1)",
    "o.Adagrad(p, lr_decay=-1)",
    "o.Adagrad(p, initial_accumulator_value=-1)",
    "o.Adagrad(p, fused=True, foreach=True)",
    "o.Adadelta(p, rho=1.1)",
    "o.Rprop(p, etas=(1.5, 0.5))",
    "o.ASGD(p, weight_decay=-1)",
    "o.Adafactor(p, beta2_decay=0.1)",
    "o.Adafactor(p, eps=(-1, 0.1))",
    "o.Adafactor(p, eps=(None, -0.1))",
    "o.Adafactor(p, d=0.5)",
    "o.Adafactor(p, weight_decay=-1)",
    "o.Muon(p)",
    "o.Muon(p[:1], momentum=-1)",
    "o.Muon(p[:1], adjust_lr_fn='mine')",
    "o.LBFGS(p, lr=-1)",
    "o.LBFGS([{'params': p[:1]}, {'params': p[1:]}])",
    "o.LBFGS(p).step()",
    "o.LBFGS(p, line_search_fn='armijo').step(lambda: bowl(p).backward() or 1.0)",
    "o.Optimizer(p, {}).step()",
    "o.Optimizer(p[0], {})",
]


@pytest.mark.parametrize("text", REFUSED)
def test_errors(text: str) -> None:
    def error(t: ModuleType) -> type[BaseException]:
        names = {"t": t, "o": t.optim, "p": parameters(t), "bowl": bowl}
        with pytest.raises(Exception) as caught:  # the class is what is compared
            eval(text, names)
        return caught.type

    assert error(gnomon) is error(torch)


# Only what PyTorch can do for more than one step: it overwrites what other derivatives need.
DIFFERENTIABLE = [
    "SGD(lr=lr)",
    "SGD(lr=lr, weight_decay=0.1)",
    "Adam(lr=lr, weight_decay=0.1)",
    "AdamW(lr=lr)",
    "Adam(lr=0.1, betas=(lr, lr))",
    "NAdam(lr=0.1, weight_decay=0.1)",
    "RAdam(lr=0.1, betas=(0.9, 0.6))",
    "RMSprop(lr=0.1, eps=0.1)",
    "RMSprop(lr=0.1, momentum=0.5, eps=0.1)",
    "Adagrad(lr=0.1, initial_accumulator_value=0.5)",
    "Adadelta(lr=0.1, weight_decay=0.1)",
    "ASGD(lr=0.1)",
]

# PyTorch's count of steps is float32 when it is differentiable, and with it 1 - 0.999.
COUNTED = 2.0**-24 / (1 - 0.999)


@pytest.mark.parametrize("case", DIFFERENTIABLE)
def test_gradients_through_steps(case: str) -> None:
    def gradients(t: ModuleType) -> list[list[float]]:
        leaves = parameters(t, "float64")
        lr = t.tensor(0.1, dtype=t.float64, requires_grad=True)
        weights = [leaf.clone() for leaf in leaves]
        optimizer = optimizer_of(t, f"{case[:-1]}, differentiable=True)", weights, lr)
        for _ in range(3):
            for weight, leaf in zip(weights, leaves, strict=True):
                weight.grad = (leaf * leaf + 0.5 * leaf).clone()
            optimizer.step()
        sum((weight * weight).sum() for weight in weights).backward()
        return [flat(x.grad) for x in [*leaves, lr] if x.grad is not None]

    found, expected = gradients(gnomon), gradients(torch)
    assert found == [pytest.approx(row, rel=COUNTED, abs=COUNTED) for row in expected]


MUON = [
    "Muon(lr=0.1)",
    "Muon(lr=0.1, nesterov=False, weight_decay=0.5, adjust_lr_fn='match_rms_adamw')",
    "Muon(lr=0.1, momentum=0.5, ns_steps=3, adjust_lr_fn='original')",
]


@pytest.mark.parametrize("shape", [(2, 3), (4, 2)])
@pytest.mark.parametrize("case", MUON)
def test_steps_of_muon(case: str, shape: tuple[int, int]) -> None:
    def trained(t: ModuleType) -> tuple[list[float], object, str]:
        weight = t.linspace(-1, 2, shape[0] * shape[1]).view(shape).requires_grad_()
        optimizer = optimizer_of(t, case, [weight])
        for _ in range(3):
            optimizer.zero_grad()
            (weight.sin() * weight).sum().backward()
            optimizer.step()
        return flat(weight), described(optimizer.state_dict()), repr(optimizer)

    (found, state, text), (expected, expected_state, expected_text) = (
        trained(t) for t in (gnomon, torch)
    )
    # Three products in bfloat16 for each of five iterations of three steps of 0.1.
    assert found == pytest.approx(expected, abs=3 * 0.1 * 5 * 3 * 2.0**-8)
    assert (state, text) == (expected_state, expected_text)
