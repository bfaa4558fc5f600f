"""NumPy's names of arguments, which PyTorch takes too: ``axis`` for ``dim``, ``keepdims`` ..."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_NAMES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input"}


def numpy_names(function: Callable[P, R]) -> Callable[P, R]:
    """Let ``function`` be called with NumPy's names of its arguments as well.

    >>> @numpy_names
    ... def total(dim: int = 0) -> int:
    ...     return dim
    >>> total(axis=2)
    2
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if kwargs:
            for name in _NAMES.keys() & kwargs.keys():
                if _NAMES[name] not in kwargs:
                    kwargs[_NAMES[name]] = kwargs.pop(name)
        return function(*args, **kwargs)

    return call
