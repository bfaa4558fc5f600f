"""Small programs about checkpoints, for gnomon and for PyTorch: each returns what it saw."""

# ruff: noqa: ANN401  # the values are those of two libraries

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

Program = Callable[[ModuleType], list[Any]]


def network(torch: ModuleType) -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2))


def both_ways_have_the_gradients_of_the_call_itself(torch: ModuleType) -> list[Any]:
    seen = []
    for options in (None, {"use_reentrant": True}, {"use_reentrant": False}):
        torch.manual_seed(5)
        net = network(torch)
        x = torch.rand(2, 3, requires_grad=True)
        if options is None:
            y = net(x)
        else:
            y = torch.utils.checkpoint.checkpoint(net, x, **options)
        y.square().sum().backward()
        seen += [y, x.grad, *[p.grad for p in net.parameters()], torch.rand(1)]
    return seen


def random_numbers_may_differ_on_request(torch: ModuleType) -> list[Any]:
    seen = []
    for reentrant in (True, False):
        x = torch.ones(6, requires_grad=True)
        y = torch.utils.checkpoint.checkpoint(
            lambda x: torch.dropout(x, 0.5, True).exp(),
            x,
            use_reentrant=reentrant,
            preserve_rng_state=False,
        )
        y.sum().backward()
        seen += [y, x.grad]
    return seen


def several_inputs_and_outputs(torch: ModuleType) -> list[Any]:
    def function(x: Any, number: float, y: Any, flag: None = None) -> Any:
        return x * y * number, "text", y.exp(), x.detach()

    seen = []
    for reentrant in (True, False):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = torch.tensor([3.0, 4.0], requires_grad=True)
        outputs = torch.utils.checkpoint.checkpoint(
            function, x, 2.0, y, None, use_reentrant=reentrant
        )
        (outputs[0].sum() + outputs[2].prod()).backward()
        seen += [type(outputs).__name__, outputs[1], outputs[3], x.grad, y.grad]
    return seen


def arguments_by_name_and_in_containers(torch: ModuleType) -> list[Any]:
    def function(pair: Any, *, scale: Any) -> Any:
        return {"product": pair["a"] * pair["b"] * scale}

    a = torch.tensor(2.0, requires_grad=True)
    b = torch.tensor(3.0, requires_grad=True)
    out = torch.utils.checkpoint.checkpoint(
        function, {"a": a, "b": b}, scale=a, use_reentrant=False
    )
    out["product"].backward()
    return [a.grad, b.grad]


def inputs_that_need_no_gradient(torch: ModuleType) -> list[Any]:
    layer = torch.nn.Linear(2, 1)
    y = torch.utils.checkpoint.checkpoint(layer, torch.ones(1, 2), use_reentrant=False)
    y.sum().backward()
    seen = [layer.weight.grad]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        y = torch.utils.checkpoint.checkpoint(layer, torch.ones(1, 2), use_reentrant=True)
        torch.utils.checkpoint.checkpoint(layer, torch.ones(1, 2))
    return [*seen, y.requires_grad, len(caught) >= 2]


def the_function_is_called_again_as_far_as_needed(torch: ModuleType) -> list[Any]:
    seen: list[Any] = []
    for options in ({}, {"early_stop": False}):
        calls: list[str] = []

        def function(x: Any, calls: list[str] = calls) -> Any:
            calls.append("begun")
            x = x.exp().sin()
            calls.append("sin")
            x = x * 1.0 + 2.0
            calls.append("ended")
            return x

        x = torch.ones(2, requires_grad=True)
        y = torch.utils.checkpoint.checkpoint(function, x, use_reentrant=False, **options)
        before = len(calls)
        y.sum().backward(retain_graph=True)
        once = len(calls)
        y.sum().backward()
        seen += [before, once, len(calls), x.grad]
    with torch.utils.checkpoint.set_checkpoint_early_stop(False):
        calls = []
        y = torch.utils.checkpoint.checkpoint(
            lambda x: [x.exp(), calls.append("called")][0], x, use_reentrant=False
        )
        y.sum().backward()
    return [*seen, calls]


def second_derivatives(torch: ModuleType) -> list[Any]:
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    y = torch.utils.checkpoint.checkpoint(lambda x: x.sin() * x, x, use_reentrant=False)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return [first.detach(), second]


def checkpoints_inside_checkpoints(torch: ModuleType) -> list[Any]:
    checkpoint = torch.utils.checkpoint.checkpoint

    def inner(x: Any) -> Any:
        return x.sin().exp()

    seen = []
    for outside, inside in ((False, False), (True, False), (True, True)):

        def outer(x: Any, inside: bool = inside) -> Any:
            return checkpoint(inner, x.cos(), use_reentrant=inside) * x

        x = torch.tensor([0.5, 1.5], requires_grad=True)
        checkpoint(outer, x, use_reentrant=outside).sum().backward()
        seen.append(x.grad)
    return seen


def errors(torch: ModuleType) -> list[Any]:
    checkpoint = torch.utils.checkpoint.checkpoint
    x = torch.ones(2, requires_grad=True)
    state = {"calls": 0}

    def fickle(x: Any) -> Any:
        state["calls"] += 1
        return x.exp().exp() if state["calls"] % 2 else x.exp()

    def shifting(x: Any) -> Any:
        state["calls"] += 1
        return x[: 1 + state["calls"] % 2].exp().sum()

    programs = [
        lambda: checkpoint(fickle, x, use_reentrant=False).sum().backward(),
        lambda: checkpoint(shifting, x, use_reentrant=False).backward(),
        lambda: torch.autograd.grad(checkpoint(torch.exp, x, use_reentrant=True).sum(), x),
        lambda: checkpoint(torch.exp, x, use_reentrant=True).sum().backward(inputs=[x]),
        lambda: checkpoint(torch.exp, x, use_reentrant=True, scale=1),
        lambda: checkpoint(torch.exp, x, use_reentrant=True, debug=True),
        lambda: checkpoint(torch.exp, x, use_reentrant=False, determinism_check="all"),
        lambda: checkpoint(lambda x: x.detach(), x, use_reentrant=True).sum().backward(),
        lambda: checkpoint(lambda x: 1 / 0, x, use_reentrant=False),
    ]
    seen = []
    for program in programs:
        state["calls"] = 0
        try:
            program()
            seen.append("nothing")
        except Exception as error:
            seen.append(type(error).__name__)
    return seen


def contexts_of_ones_own(torch: ModuleType) -> list[Any]:
    seen: list[str] = []

    class Noting:
        def __init__(self, word: str) -> None:
            self.word = word

        def __enter__(self) -> None:
            seen.append(f"{self.word} entered")

        def __exit__(self, *error: Any) -> None:
            seen.append(f"{self.word} left")

    x = torch.ones(1, requires_grad=True)
    torch.utils.checkpoint.checkpoint(
        torch.exp,
        x,
        use_reentrant=False,
        context_fn=lambda: (Noting("forward"), Noting("again")),
        early_stop=False,
    ).backward()
    return seen


def sequences_in_segments(torch: ModuleType) -> list[Any]:
    seen = []
    for segments in (1, 2, 4):
        for reentrant in (True, False):
            torch.manual_seed(5)
            net = network(torch)
            x = torch.rand(2, 3, requires_grad=True)
            y = torch.utils.checkpoint.checkpoint_sequential(
                net if segments < 4 else list(net), segments, x, use_reentrant=reentrant
            )
            y.square().sum().backward()
            seen += [y.detach(), x.grad, net[3].weight.grad]
    return seen


def without_gradients(torch: ModuleType) -> list[Any]:
    x = torch.ones(2, requires_grad=True)
    seen = []
    with torch.no_grad():
        for reentrant in (True, False):
            y = torch.utils.checkpoint.checkpoint(torch.exp, x, use_reentrant=reentrant)
            seen.append(y.requires_grad)
    return seen


PROGRAMS: list[Program] = [
    both_ways_have_the_gradients_of_the_call_itself,
    random_numbers_may_differ_on_request,
    several_inputs_and_outputs,
    arguments_by_name_and_in_containers,
    inputs_that_need_no_gradient,
    the_function_is_called_again_as_far_as_needed,
    second_derivatives,
    checkpoints_inside_checkpoints,
    errors,
    contexts_of_ones_own,
    sequences_in_segments,
    without_gradients,
]
