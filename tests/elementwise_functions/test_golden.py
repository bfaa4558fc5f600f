"""PyTorch's stored values and derivatives of every elementwise function: runs without it."""

# The same calls are made of gnomon and of torch, whose types have nothing in common.
# ruff: noqa: ANN401

from __future__ import annotations

import json
import math
from typing import Any

import golden
import pytest

import gnomon
from elementwise_functions.cases import CASES, Case

GOLDEN = "elementwise_functions.json"


def computed(module: Any, case: Case) -> list[list[float]]:
    """Return the value at the inputs and at 0, then the derivative at the inputs."""
    inputs = list(case.inputs)
    leaf = module.tensor(inputs, dtype=module.float64).requires_grad_()
    result = case.of(module, leaf)
    at_zero = case.of(module, module.tensor([0.0], dtype=module.float64))
    slopes: list[float] = []
    if case.derivatives:
        result.backward(module.ones_like(result))
        slopes = leaf.grad.tolist()
    return [[*result.tolist(), *at_zero.tolist()], slopes]


def test_write(write_golden: bool) -> None:
    if not write_golden:
        pytest.skip("golden values are written on demand, with --write-golden")
    torch = pytest.importorskip("torch", reason="golden values come from PyTorch")
    table = {str(case): computed(torch, case) for case in CASES}
    lines = [f"{json.dumps(name)}: {json.dumps(values)}" for name, values in table.items()]
    golden.write(GOLDEN, "{\n" + ",\n".join(lines) + "\n}\n")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_derivatives(case: Case) -> None:
    values, slopes = json.loads(golden.read(GOLDEN))[str(case)]
    ours, our_slopes = computed(gnomon, case)
    assert len(ours) == len(values)
    for a, b in zip(ours, values, strict=True):
        close = math.isclose(a, b, rel_tol=case.relative, abs_tol=case.absolute)
        assert math.isnan(a) if math.isnan(b) else close, (a, b)
    assert our_slopes == pytest.approx(slopes, rel=case.slope, abs=case.slope) or not slopes
