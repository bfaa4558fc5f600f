"""First and second derivatives of arithmetic and its kin, and its nodes, as PyTorch's."""

from __future__ import annotations

import itertools
import math
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import pytest

import gnomon
from elementwise.cases import BINARY, CASES, INF, NAN, TERNARY, UNARY, Case
from elementwise.comparing import answer

if TYPE_CHECKING:
    import torch

    Tensor: TypeAlias = gnomon.Tensor | torch.Tensor
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

POINTS = (0.5, -0.75, 1.25, 2.0, -3.0, 2.5, 1.0, -1.0)
CORNERS = (0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, NAN, INF, -INF)
DIFFERENTIABLE = [case for case in CASES if case.derivative]

each_differentiable = pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)


def rows_of(values: tuple[float, ...], arity: int) -> list[tuple[float, ...]]:
    if arity == 3:
        return [*zip(values, values[1:] + values[:1], values[3:] + values[:3], strict=True)]
    return [*itertools.product(values, repeat=arity)]


def leaves(m: ModuleType, rows: list[tuple[float, ...]]) -> list[Tensor]:
    return [
        m.tensor(list(column), dtype=m.float64, requires_grad=True)
        for column in zip(*rows, strict=True)
    ]


def gradients(case: Case, m: ModuleType, rows: list[tuple[float, ...]]) -> list[list[float]]:
    inputs = leaves(m, rows)
    result = case.call(m, *inputs)
    weights = [1.0 + (index % 7) / 4 for index in range(len(rows))]
    result.backward(m.tensor(weights, dtype=result.dtype))
    return [elements(leaf.grad) for leaf in inputs]


def elements(gradient: Tensor | None) -> list[float]:
    """Return the elements, none for no gradient; PyTorch's zeros get memory by adding 0."""
    return [] if gradient is None else (gradient + 0).tolist()


def assert_close(
    ours: list[list[float]], theirs: list[list[float]], rows: list[tuple[float, ...]]
) -> None:
    for position, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        assert len(mine) == len(other), (position, ours, theirs)
        for row, a, b in zip(rows, mine, other, strict=False):
            # PyTorch's formulas round at other steps, and terms around 1 may cancel.
            close = math.isclose(a, b, rel_tol=1e-13, abs_tol=1e-15)
            assert close or (math.isnan(a) and math.isnan(b)), (position, row, a, b)


@each_differentiable
def test_first_derivative(case: Case) -> None:
    rows = rows_of(POINTS, case.arity)
    assert_close(gradients(case, gnomon, rows), gradients(case, torch, rows), rows)


@each_differentiable
def test_first_derivative_in_corners(case: Case) -> None:
    # PyTorch's square root stands in for the power 1/2 there, which is not C's at these two.
    half = case.label in ("pow 0.5", "pow 1.5")
    corners = tuple(x for x in CORNERS if not (half and (x == -INF or x == 0)))
    rows = rows_of(corners, case.arity)
    assert_close(gradients(case, gnomon, rows), gradients(case, torch, rows), rows)


def second_gradients(
    case: Case, m: ModuleType, rows: list[tuple[float, ...]]
) -> list[list[float]]:
    inputs = leaves(m, rows)
    result = case.call(m, *inputs)
    weights = m.tensor(
        [1.0 + (index % 7) / 4 for index in range(len(rows))],
        dtype=result.dtype,
        requires_grad=True,
    )
    first = m.autograd.grad(result, inputs, weights, create_graph=True, allow_unused=True)
    for position, gradient in enumerate(first):
        if gradient is not None and gradient.requires_grad:
            scale = m.ones(len(rows), dtype=m.float64) * (position + 1)
            gradient.backward(scale, retain_graph=True)
    return [elements(tensor.grad) for tensor in (*inputs, weights)]


@each_differentiable
def test_second_derivative(case: Case) -> None:
    if case.label == "pow of 0":
        return  # flat; PyTorch multiplies log 0 with the zero
    rows = rows_of(POINTS, case.arity)
    ours, theirs = (second_gradients(case, m, rows) for m in (gnomon, torch))
    # Where one library knows that a gradient is zero, the other may say that there is none.
    ours, theirs = ([g or [0.0] * len(rows) for g in each] for each in (ours, theirs))
    assert_close(ours, theirs, rows)


# PyTorch divides a number by a tensor in two steps, and does not differentiate these at all.
OTHER_NODES = {"1 / x", "isclose"}


@each_differentiable
def test_names_of_nodes(case: Case) -> None:
    if case.label in OTHER_NODES:
        return
    rows = rows_of(POINTS, case.arity)
    ours, theirs = (case.call(m, *leaves(m, rows)).grad_fn for m in (gnomon, torch))
    assert (ours and ours.name()) == (theirs and theirs.name())


def test_gradients_of_broadcast_operands() -> None:
    shapes = [(), (3,), (2, 1), (2, 3), (1, 1, 3), (0, 3)]
    for first, second, position in itertools.product(shapes, shapes, (0, 1)):
        ours, theirs = (
            answer(partial(gradient_of_broadcast, m, first, second, position))
            for m in (gnomon, torch)
        )
        assert ours[:3] == theirs[:3], (first, second)
        assert ours.values == pytest.approx(theirs.values, rel=1e-6)


def gradient_of_broadcast(
    m: ModuleType, first: tuple[int, ...], second: tuple[int, ...], position: int
) -> Tensor | None:
    operands = [
        m.tensor([1.5 + k for k in range(math.prod(shape))], dtype=m.float32).reshape(shape)
        for shape in (first, second)
    ]
    for operand in operands:
        operand.requires_grad_()
    x, y = operands
    (x * y - y / x).sum().backward()
    gradient: Tensor | None = operands[position].grad
    return gradient


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_gradients_have_the_dtype_of_the_leaf(dtype: str) -> None:
    x = gnomon.tensor([1.0, 2.0], dtype=getattr(gnomon, dtype), requires_grad=True)
    y = gnomon.tensor([3.0, 4.0], dtype=gnomon.float64)
    (x * y).backward(gnomon.ones(2, dtype=gnomon.float64))
    assert x.grad is not None
    assert x.grad.dtype is getattr(gnomon, dtype)
    assert x.grad.tolist() == [3.0, 4.0]


def test_every_family_of_cases_is_differentiated() -> None:
    for family in (UNARY, BINARY, TERNARY):
        assert sum(case.derivative for case in family) > 3
