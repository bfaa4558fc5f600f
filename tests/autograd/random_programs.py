"""Random programs of views, writes in place and detached aliases, to run with two modules.

A program is a list of steps drawn from a seed; every step is a function of the module and the
tensors made so far. What it shows are the class of each step's error, if any, the state of
every tensor after it, and at the end the gradients of the leaves.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Torch = Any  # gnomon or torch
Tensor = Any  # a tensor of that module
Step = Callable[[Torch, list[Tensor]], Tensor]

SHAPE = (2, 3)


def leaf_of(requires_grad: bool, start: float) -> Step:
    def step(torch: Torch, tensors: list[Tensor]) -> Tensor:
        values = [[start, start + 0.25, start + 0.5], [start + 0.75, start + 1, start + 1.25]]
        return torch.tensor(values, dtype=torch.float64, requires_grad=requires_grad)

    return step


def computed(choose: random.Random) -> Step:
    first, second, kind = choose.random(), choose.random(), choose.randrange(4)

    def step(torch: Torch, tensors: list[Tensor]) -> Tensor:
        x, y = pick(tensors, first), pick(tensors, second)
        if kind == 0:
            return x * y.sum()
        if kind == 1:
            return x + y.sum()
        if kind == 2:
            return x * 1.5
        return x.exp().clamp(max=10.0)

    return step


def view(choose: random.Random) -> Step:
    which, kind, index = choose.random(), choose.randrange(8), choose.randrange(6)

    def step(torch: Torch, tensors: list[Tensor]) -> Tensor:
        x = pick(tensors, which)
        if kind == 0 and x.ndim:
            return x.select(0, index % x.shape[0])
        if kind == 1 and x.ndim:
            return x.narrow(0, 0, max(1, x.shape[0] - 1))
        if kind == 2 and x.ndim == 2:
            return x.t()
        if kind == 3 and x.ndim:
            return x.unbind(0)[index % x.shape[0]]
        if kind == 4 and x.ndim:
            return x.chunk(2, 0)[0]
        if kind == 5:
            return x.detach()
        if kind == 6:
            return x.unsqueeze(0).squeeze(0)
        return x.view_as(x)

    return step


def write(choose: random.Random) -> Step:
    target, source, kind = choose.random(), choose.random(), choose.randrange(7)

    def step(torch: Torch, tensors: list[Tensor]) -> Tensor:
        x, y = pick(tensors, target), pick(tensors, source)
        if kind == 0:
            return x.mul_(1.5)
        if kind == 1:
            return x.mul_(y.sum())
        if kind == 2:
            return x.add_(y.sum())
        if kind == 3:
            return x.copy_(y.sum())
        if kind == 4:
            return x.zero_()
        if kind == 5:
            return x.fill_(0.75)
        return x.add_(y) if x.shape == y.shape else x.sub_(0.5)

    return step


def without_recording(step: Step) -> Step:
    def quiet(torch: Torch, tensors: list[Tensor]) -> Tensor:
        with torch.no_grad():
            return step(torch, tensors)

    return quiet


def pick(tensors: list[Tensor], where: float) -> Tensor:
    # The latest tensors most often: they make the longer histories.
    return tensors[-1 - int(where * where * len(tensors))]


def program(seed: int, length: int = 14) -> list[Step]:
    """Return the steps drawn from ``seed``."""
    choose = random.Random(seed)
    steps = [leaf_of(True, 0.5), leaf_of(False, -0.75), computed(choose)]
    for _ in range(length):
        step = choose.choice([computed, view, view, write, write])(choose)
        steps.append(without_recording(step) if choose.random() < 0.15 else step)
    return steps


def run(torch: Torch, steps: list[Step]) -> list[object]:
    """Return what the program shows when it runs with ``torch``."""
    tensors: list[Tensor] = []
    seen: list[object] = []
    for step in steps:
        try:
            made = step(torch, tensors)
        except Exception as error:
            seen.append(base_class(error))
            continue
        if all(made is not tensor for tensor in tensors):
            tensors.append(made)
        seen.append([state(tensor) for tensor in tensors])
    return [*seen, gradients(torch, tensors)]


def state(tensor: Tensor) -> object:
    try:
        node = tensor.grad_fn
    except RuntimeError:
        return "refused view"
    # PyTorch writes the C++ namespace of some nodes.
    name = None if node is None else node.name().rpartition("::")[2]
    return (
        rounded(tensor),
        tensor.requires_grad,
        tensor.is_leaf,
        tensor._is_view(),
        tensor._version,
        name,
    )


def gradients(torch: Torch, tensors: list[Tensor]) -> object:
    found: list[object] = []
    for tensor in tensors:
        for leaf in tensors[:2]:
            leaf.grad = None
        try:
            tensor.sum().backward(retain_graph=True)
        except RuntimeError as error:
            found.append(base_class(error))
            continue
        found.append([None if x.grad is None else rounded(x.grad) for x in tensors[:2]])
    return found


def rounded(tensor: Tensor) -> list[str]:
    return [f"{value:.9g}" for value in tensor.detach().reshape(-1).tolist()]


def base_class(error: Exception) -> str:
    builtin = (cls for cls in type(error).__mro__ if cls.__module__ == "builtins")
    return next(builtin).__name__
