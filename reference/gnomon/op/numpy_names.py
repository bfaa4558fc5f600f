"""NumPy's names of arguments, which PyTorch takes too: ``axis`` for ``dim`` and so on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import ParamSpec, TypeVar

from gnomon.op.argument_kinds import blame_argument

P = ParamSpec("P")
R = TypeVar("R")

#: From NumPy's name to PyTorch's. PyTorch takes them wherever it has the latter in a function
#: of its own library, not in one that is written in Python.
NUMPY_NAMES = {
    "axis": "dim",
    "keepdims": "keepdim",
    "x": "input",
    "a": "input",
    "x1": "input",
    "x2": "other",
}


def numpy_names(function: Callable[P, R]) -> Callable[P, R]:
    """Let ``function`` be called with NumPy's names of its arguments as well.

    Both names of one argument in a call are a TypeError, as any unknown name is. So is an
    argument of the wrong kind, such as a list for a tensor, whatever error it led to inside.
    Type checkers see PyTorch's names only.

    >>> @numpy_names
    ... def total(input: list[int], dim: int = 0) -> int:
    ...     return sum(input) + dim
    >>> total(x=[1, 2], axis=3)
    6
    """
    plain: object = function
    assert isinstance(plain, FunctionType)
    names = _names_for(plain)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if kwargs:
            for name in names.keys() & kwargs.keys():
                if names[name] not in kwargs:
                    kwargs[names[name]] = kwargs.pop(name)
        try:
            return function(*args, **kwargs)
        except TypeError:
            raise
        except Exception:
            blame_argument(plain, args, kwargs)
            raise

    return call


def _names_for(function: FunctionType) -> dict[str, str]:
    """Return the names that ``function`` can take: it has PyTorch's, and not NumPy's itself."""
    # Not by inspect.signature: hundreds of functions are read at import.
    code = function.__code__
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return {
        numpys: pytorchs
        for numpys, pytorchs in NUMPY_NAMES.items()
        if pytorchs in parameters and numpys not in parameters
    }
