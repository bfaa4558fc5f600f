"""Modules whose parameters nobody draws."""

from __future__ import annotations

from inspect import signature
from typing import TypeVar

from gnomon.nn.modules.module import Module
from gnomon.random import get_rng_state, set_rng_state

M = TypeVar("M", bound=Module)


def skip_init(module_cls: type[M], *args: object, **kwargs: object) -> M:
    """Return ``module_cls(*args, **kwargs)`` with parameters that may hold anything.

    The random numbers of the program go on as if no parameter had been drawn. Raises
    RuntimeError for what is no module, or takes no ``device``.

    >>> import gnomon as torch
    >>> skip_init(torch.nn.Linear, 2, 3)
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        set_rng_state(state)
