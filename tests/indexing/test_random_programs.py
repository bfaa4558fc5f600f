"""Random keys, and random writes in the middle of a graph, agree with PyTorch."""

from __future__ import annotations

import math
from random import Random

import pytest

import gnomon
from indexing.programs import Program, Torch, Value, filled, key_of, node_name, observe, rounded

torch = pytest.importorskip("torch", reason="compares with PyTorch")

PROGRAMS = 400

ITEMS = ("0", "1", "-1", ":", "1:", "::2", "[0, 1]", "[1, 0, 1]", "None", "...", "True", "[]")
TENSORS = ("t.tensor([[0], [1]])", "t.tensor(1)", "t.tensor([True, False])", "t.tensor(False)")


def random_key(random: Random, most: int) -> str:
    items = random.choices(ITEMS + TENSORS, k=random.randint(1, most))
    return ", ".join(items) if items.count("...") < 2 else random_key(random, most)


def random_source(random: Random) -> Program:
    """Return a program that makes a tensor of 0 to 4 dims, permuted, some of size 0 or 1."""
    shape = random.choices((0, 1, 2, 2, 2, 3), k=random.randint(0, 4))
    order = random.sample(range(len(shape)), len(shape))
    return lambda t: filled(t, *shape).permute(order)


def without_strides(shown: Value) -> Value:
    """Drop strides: PyTorch leaves open where added dims lie among looked-up ones."""
    if isinstance(shown, dict):
        return {key: without_strides(part) for key, part in shown.items() if key != "strides"}
    return shown


@pytest.mark.parametrize("seed", range(5))
def test_random_keys(seed: int) -> None:
    random = Random(seed)
    for _ in range(PROGRAMS):
        source, key = random_source(random), random_key(random, 4)

        def read(t: Torch, source: Program = source, key: str = key) -> Value:
            return source(t)[key_of(t, key)]

        def write(t: Torch, source: Program = source, key: str = key) -> Value:
            x = source(t)
            x[key_of(t, key)] = x[key_of(t, key)] * 2 + 1
            return x

        for program in (read, write):
            shown, wanted = observe(gnomon, program), observe(torch, program)
            assert without_strides(shown) == without_strides(wanted), (key, source(torch).shape)


def random_graph(random: Random) -> Program:
    """Return a program that writes to a view of a graph and differentiates twice through it."""
    view, written, read = (random_key(random, most) for most in (2, 3, 3))
    through_view, value = random.random() < 0.5, random.choice(("number", "leaf", "itself"))

    def program(t: Torch) -> Value:
        x = filled(t, 2, 3, 4, dtype="float64", start=1).requires_grad_()
        v = filled(t, 1, dtype="float64", start=3).requires_grad_()
        y = x * 1
        target = y[key_of(t, view)] if through_view else y
        key = key_of(t, written)
        target[key] = {"number": 3, "leaf": v * v, "itself": target[key] * target[key]}[value]
        part = target[key_of(t, read)]
        ((part * part * part).sum() + (y * y).sum()).backward(create_graph=True)
        first, first_of_v = x.grad, v.grad
        x.grad = v.grad = None
        total = (first * first).sum()
        if first_of_v is not None:
            total = total + (first_of_v * first_of_v).sum()
        if total.requires_grad:
            total.backward()
        gradients = [g for g in (first, first_of_v, x.grad, v.grad) if g is not None]
        assert all(math.isfinite(element) for element in y.flatten().tolist())
        return [y, *[rounded(t, g) for g in gradients], node_name(y.grad_fn)]

    return program


@pytest.mark.parametrize("seed", range(3))
def test_random_graphs(seed: int) -> None:
    random = Random(seed)
    for number in range(PROGRAMS // 2):
        program = random_graph(random)
        assert observe(gnomon, program) == observe(torch, program), number
