"""TorchScript, as programs ask for it: functions and modules stay what they are.

Python runs them, so a scripted module gives the results of the module, and everything Python
can do is allowed in it. ``gnomon.compile`` is what makes calls faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final as Final
from typing import ParamSpec, TypeVar, overload

from gnomon.nn.modules.module import Module

__all__ = [
    "Final",
    "ScriptModule",
    "annotate",
    "export",
    "freeze",
    "ignore",
    "is_scripting",
    "is_tracing",
    "optimize_for_inference",
    "optimized_execution",
    "script",
    "script_method",
    "trace",
    "unused",
]

P = ParamSpec("P")
R = TypeVar("R")
Scripted = TypeVar("Scripted")


class ScriptModule(Module):
    """A module: the base of those that programs write with ``script_method``."""


def script(
    obj: Scripted,
    optimize: None = None,
    _frames_up: int = 0,
    _rcb: None = None,
    example_inputs: Sequence[object] | None = None,
) -> Scripted:
    """Return ``obj``, a function, a module or a class, as it is.

    >>> @script
    ... def double(x: float) -> float:
    ...     return 2 * x
    >>> double(3.0)
    6.0
    """
    return obj


def trace(
    func: Scripted,
    example_inputs: object = None,
    optimize: None = None,
    check_trace: bool = True,
    check_inputs: Sequence[object] | None = None,
    check_tolerance: float = 1e-5,
    strict: bool = True,
    example_kwarg_inputs: object = None,
) -> Scripted:
    """Return ``func`` as it is: its branches stay branches."""
    return func


def freeze(
    mod: Scripted,
    preserved_attrs: Sequence[str] | None = None,
    optimize_numerics: bool = True,
) -> Scripted:
    """Return ``mod`` as it is."""
    return mod


def optimize_for_inference(
    mod: Scripted, other_methods: Sequence[str] | None = None
) -> Scripted:
    """Return ``mod`` as it is."""
    return mod


def script_method(fn: Scripted) -> Scripted:
    """Return a method as it is."""
    return fn


def export(fn: Scripted) -> Scripted:
    """Return a method as it is."""
    return fn


def unused(fn: Scripted) -> Scripted:
    """Return a method as it is."""
    return fn


@overload
def ignore(drop: Callable[P, R]) -> Callable[P, R]: ...
@overload
def ignore(drop: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def ignore(
    drop: Callable[P, R] | bool = False,
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a method as it is; called without one, a decorator that does."""
    return script_method if isinstance(drop, bool) else drop


def annotate(the_type: object, the_value: Scripted) -> Scripted:
    """Return ``the_value``."""
    return the_value


def is_scripting() -> bool:
    """Return False.

    >>> is_scripting()
    False
    """
    return False


def is_tracing() -> bool:
    """Return False."""
    return False


@contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """Run the block: there is nothing to switch."""
    yield
