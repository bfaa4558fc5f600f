"""Texts printed by PyTorch 2.13, stored in `golden.json`, so that they are checked without it.

A case stores the values that fill the tensor in order, repeated as often as needed.
"""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from gnomon import printing

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("golden.json").read_text())


def value_at(case: dict[str, Any], index: tuple[int, ...]) -> printing.Scalar:
    position = 0
    for size, i in zip(case["shape"], index, strict=True):
        assert 0 <= i < size
        position = position * size + i
    value = case["values"][position % len(case["values"])]
    result: printing.Scalar = complex(*value) if isinstance(value, list) else value
    return result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_text_is_as_stored(case: dict[str, Any]) -> None:
    text = printing.tensor_repr(
        case["shape"],
        None
        if case["described"].get("device") == "meta"
        else lambda index: value_at(case, index),
        dtype=case["dtype"],
        options=printing.PrintOptions(**case["options"]),
        **case["described"],
    )
    assert text == case["text"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_stored_text_is_what_torch_prints(case: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="compares the stored texts with PyTorch's")
    described = case["described"]
    count = math.prod(case["shape"])
    values = [case["values"][i % len(case["values"])] for i in range(count)]
    values = [complex(*value) if isinstance(value, list) else value for value in values]
    device = "meta" if described.get("device") == "meta" else "cpu"
    tensor = torch.tensor(values, dtype=getattr(torch, case["dtype"]), device=device)
    tensor = tensor.reshape(case["shape"])
    if described.get("is_parameter"):
        tensor = torch.nn.Parameter(tensor)
    tensor.requires_grad_(described.get("requires_grad", False))
    if "grad_fn" in described:
        tensor = tensor.clone()
    with torch._tensor_str.printoptions(**case["options"]):
        assert repr(tensor) == case["text"]
