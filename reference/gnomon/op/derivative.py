"""Derivatives of records: their types, what they save, what their nodes are called."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import TypeAlias, cast

from gnomon.core import TensorCore

#: ``(cotangent, input, output) -> cotangent of the input``. A derivative keeps alive only what
#: it names: a parameter whose name begins with an underscore is not saved, and must not be
#: used.
UnaryDerivative: TypeAlias = Callable[[TensorCore, TensorCore, TensorCore], TensorCore]
#: ``(cotangent, first, second, output) -> cotangent of one of the inputs``; saved as above.
BinaryDerivative: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, TensorCore], TensorCore
]
#: ``(cotangent, first, second, third, output) -> cotangent of one of the inputs``; saved as
#: above.
TernaryDerivative: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, TensorCore, TensorCore], TensorCore
]
#: The same with four inputs.
QuaternaryDerivative: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, TensorCore, TensorCore, TensorCore], TensorCore
]

# Stands where a tensor was not saved; a derivative that uses it fails at once.
NOT_SAVED = cast(TensorCore, None)


@cache
def saved_parameters(derivative: object) -> tuple[bool, ...]:
    """Return, for each parameter after the cotangent, whether the derivative needs it saved.

    >>> saved_parameters(lambda g, x, _y: x)
    (True, False)
    """
    assert isinstance(derivative, FunctionType)
    code = derivative.__code__
    return tuple(not name.startswith("_") for name in code.co_varnames[1 : code.co_argcount])


@cache
def node_label(name: str) -> str:
    """Return the name PyTorch gives the node of an operation.

    >>> node_label("log_softmax")
    'LogSoftmaxBackward0'
    """
    return "".join(part.capitalize() for part in name.split("_")) + "Backward0"
