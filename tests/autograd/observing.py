"""Small programs of gradients, each a function of the module to run it with, and what they
show.

The module is gnomon or PyTorch. What a program returns is *observed*: of tensors the values,
shape, dtype, whether they require grad and the name of ``grad_fn``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

Torch = Any  # gnomon or torch: the programs run with either
Value = Any  # a tensor of that module, or what it returns
Program = Callable[[Torch], Value]
Observation = Any  # what JSON can hold

PROGRAMS: dict[str, Program] = {}


def program(function: Program) -> Program:
    """Enter a function among the programs, under its module's topic and its name."""
    topic = function.__module__.rpartition("_programs")[0].rpartition(".")[2]
    PROGRAMS[f"{topic}: {function.__name__.replace('_', ' ')}"] = function
    return function


def observe(torch: Torch, function: Program) -> Observation:
    """Return what a program shows when it runs with ``torch``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return shown(function(torch))


def error(call: Callable[[], Value], phrase: str) -> str:
    """Return the class of the error that ``call`` raises, and whether it says ``phrase``."""
    try:
        call()
    except Exception as raised:
        builtin = (cls for cls in type(raised).__mro__ if cls.__module__ == "builtins")
        says = "says" if phrase.lower() in str(raised).lower() else f"{raised} lacks"
        return f"{next(builtin).__name__} {says} {phrase}"
    return f"no error that says {phrase}"


def shown(value: Value) -> Observation:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return [shown(element) for element in value]
    if isinstance(value, dict):
        return {key: shown(element) for key, element in value.items()}
    if callable(getattr(value, "name", None)):
        return node_name(value)
    shape, values = list(value.shape), value.detach().reshape(-1).tolist()
    return {
        "dtype": str(value.dtype).removeprefix("torch."),
        "shape": shape,
        "values": [shown(element) for element in values],
        "requires_grad": value.requires_grad,
        "grad_fn": None if value.grad_fn is None else node_name(value.grad_fn),
    }


def node_name(node: Value) -> str:
    # PyTorch writes the C++ namespace of some nodes.
    return str(node.name().rpartition("::")[2])
