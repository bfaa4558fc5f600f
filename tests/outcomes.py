"""Expressions whose outcome PyTorch decides: what they evaluate to, or which error they raise.

An expression names the library as ``torch``; it is evaluated with gnomon in that place, and the
outcome compared with the one stored, which another test compares with PyTorch's own.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

from device import FEW_RECORDS, IS_REFERENCE, stand_in

Outcome: TypeAlias = "str | float | list[Outcome] | dict[str, Outcome] | None"

# An error of gnomon's own is told by the class that PyTorch's programs would catch.
BUILTIN_ERRORS = (
    NotImplementedError,
    OverflowError,
    ZeroDivisionError,
    AssertionError,
    AttributeError,
    BufferError,
    IndexError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)

# Numbers that went through a function of the C library may differ in the last places from one
# machine to the next, and by as much again where one was added to them.
LAST_PLACES = {"float64": 8 * 2.0**-52, "float32": 8 * 2.0**-23}
if not IS_REFERENCE:
    LAST_PLACES = {
        "float64": FEW_RECORDS * 2.0**-52,
        "float32": FEW_RECORDS * 2.0**-23,
        "float16": 2.0**-10,
        "bfloat16": 2.0**-7,
    }

# What an accelerator is called, wherever a value's text names it.
ACCELERATOR = re.compile(r"\b(opencl|toy)(:\d+|', index=\d+)")


def outcome_of(expression: str, module: ModuleType, **names: object) -> Outcome:
    """Return what ``expression`` evaluates to, or its error's class, in words JSON has."""
    module.manual_seed(2024)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return described(eval(expression, {"torch": module, **names}), module)
        except Exception as error:
            kind = next(kind for kind in BUILTIN_ERRORS if isinstance(error, kind))
            return {"raises": kind.__name__}


def described(value: object, module: ModuleType) -> Outcome:
    if isinstance(value, module.Tensor):
        node = value.grad_fn
        return {
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "strides": list(value.stride()),
            "values": [described(item, module) for item in value.detach().reshape(-1).tolist()],
            "requires_grad": value.requires_grad,
            "grad_fn": None if node is None else node.name(),
        }
    if isinstance(value, tuple | list):
        return [described(item, module) for item in value]
    if isinstance(value, float) and math.isfinite(value) and value:
        return value
    text = repr(value)
    if isinstance(value, OrderedDict) and value:  # Python 3.12 and later write it as a dict
        text = f"OrderedDict({list(value.items())!r})"
    return ACCELERATOR.sub("accelerator", text.replace("gnomon.", "torch."))


def check(evaluate: Callable[[], Outcome], expected: Outcome) -> None:
    """Check that ``evaluate()`` is as expected, or, on an accelerator, what it is on the
    reference standing in for one.
    """
    found = evaluate()
    if not IS_REFERENCE and not agree(found, expected):
        with stand_in():
            expected = evaluate()
    assert agree(found, expected), (found, expected)


def agree(found: Outcome, expected: Outcome, dtype: str = "float64") -> bool:
    """Whether two outcomes are the same, numbers up to the last places."""
    if isinstance(found, dict) and isinstance(expected, dict):
        dtype = str(expected.get("dtype", "")).removeprefix("torch.")
        keys = found.keys() == expected.keys()
        return keys and all(agree(found[key], expected[key], dtype) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(agree(a, b, dtype) for a, b in pairs)
    if isinstance(found, float) != isinstance(expected, float):
        # One of them may be a zero, which is stored in words for the sake of its sign.
        found, expected = (
            0.0 if side in ("0.0", "-0.0") else side for side in (found, expected)
        )
    if isinstance(found, float) and isinstance(expected, float):
        last_places = LAST_PLACES.get(dtype, 0.0)
        return math.isclose(found, expected, rel_tol=last_places, abs_tol=last_places)
    return found == expected


def expressions(text: str) -> list[str]:
    """Return the lines of ``text`` that are expressions."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def stored(file: Path) -> dict[str, Outcome]:
    """Return the outcomes in ``file``, by expression."""
    outcomes: dict[str, Outcome] = json.loads(file.read_text(encoding="utf-8"))
    return outcomes


def store(file: Path, outcomes: dict[str, Outcome]) -> None:
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in outcomes.items()]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
