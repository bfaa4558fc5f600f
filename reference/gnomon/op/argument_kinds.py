"""Which argument of a call was of the wrong kind: read from the annotations, once it failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from operator import index
from types import FunctionType
from typing import Final, NamedTuple, ParamSpec, TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import DType

#: The flag of a code object that has ``*args``; ``inspect``, which has it, is slow to import.
CO_VARARGS: Final = 0x04

P = ParamSpec("P")
R = TypeVar("R")


class _Kind(NamedTuple):
    """What an argument has to be, in words and as a test."""

    name: str
    includes: Callable[[object], bool]


def kinds_checked(function: Callable[P, R]) -> Callable[P, R]:
    """Make a call of ``function`` that fails a TypeError if it is an argument's kind that is to
    blame, such as a list for a tensor, whatever error it led to inside.

    A TypeError that the operation raises itself knows more, and stands.

    >>> import gnomon as torch
    >>> torch.mm(torch.eye(2), [1.0])
    Traceback (most recent call last):
        ...
    TypeError: mm: argument 'mat2' (position 2) must be Tensor, not list. Use gnomon.tensor().
    """
    plain: object = function
    assert isinstance(plain, FunctionType)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TypeError:
            raise
        except Exception:
            blame_argument(plain, args, kwargs)
            raise

    return call


def blame_argument(
    function: FunctionType, positional: Sequence[object], named: Mapping[str, object]
) -> None:
    """Raise TypeError if a call of ``function`` that failed had an argument of a wrong kind."""
    problem = wrong_kind(function, positional, named)
    if problem:
        raise TypeError(problem) from None


def wrong_kind(
    function: FunctionType, positional: Sequence[object], named: Mapping[str, object]
) -> str:
    """Return what is wrong with the first argument of a call of ``function`` that is not of the
    annotated kind, or the empty string.

    Asked when a call has failed, to say why; a call that succeeds pays nothing for it.
    """
    code = function.__code__
    parameters = code.co_varnames[: code.co_argcount]
    first = 0 if parameters[:1] == ("self",) else 1  # as the caller counts them
    if code.co_flags & CO_VARARGS:
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        parameters += (rest,) * (len(positional) - len(parameters))
    given = [*zip(parameters, positional, strict=False), *named.items()]
    for position, (parameter, value) in enumerate(given, first):
        annotation = str(function.__annotations__.get(parameter, ""))
        alternatives = annotation.split(" | ")
        if any(text not in _KINDS for text in alternatives):
            continue  # an argument of another sort, which its operation checks itself
        kinds = [_KINDS[text] for text in alternatives]
        if any(kind.includes(value) for kind in kinds):
            continue
        wanted = " or ".join(dict.fromkeys(kind.name for kind in kinds))
        place = "" if parameter in named else f" (position {position})"
        remedy = " Use gnomon.tensor()." if "Tensor" in wanted else ""
        operation = _name_of(function, positional)
        return (
            f"{operation}: argument '{parameter}'{place} must be {wanted}, "
            f"not {type(value).__name__}.{remedy}"
        )
    return ""


def _name_of(function: FunctionType, arguments: Sequence[object]) -> str:
    """Return the name of a function, or of the record whose ``__call__`` it is."""
    if function.__name__ == "__call__" and arguments:
        return str(getattr(arguments[0], "__name__", type(arguments[0]).__name__))
    return function.__name__


def _is_tensor(value: object) -> bool:
    return isinstance(value, TensorCore)


def _is_integer(value: object) -> bool:
    if not hasattr(value, "__index__"):
        return False
    return not _fails(lambda: index(value))


def _is_number(value: object) -> bool:
    if isinstance(value, str) or not hasattr(value, "__float__"):
        return False
    return not _fails(lambda: float(value))


def _fails(conversion: Callable[[], int | float]) -> bool:
    """Return whether an array or tensor is not a number after all: it has many elements."""
    try:
        conversion()
    except (TypeError, ValueError, RuntimeError):
        return True
    return False


def _are_integers(value: object) -> bool:
    return isinstance(value, tuple | list) and all(map(_is_integer, value))


def _is_flag(value: object) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def _is_none(value: object) -> bool:
    return value is None


_TENSOR = _Kind("Tensor", _is_tensor)
_INTEGER = _Kind("int", _is_integer)
_INTEGERS = _Kind("tuple of ints", _are_integers)
_NUMBER = _Kind("Number", _is_number)
_DIMS = _Kind(
    "int or tuple of ints",
    lambda value: value is None or _is_integer(value) or _are_integers(value),
)

_KINDS = {
    "T": _TENSOR,
    "Self": _TENSOR,
    "Tensor": _TENSOR,
    "TensorCore": _TENSOR,
    "int": _INTEGER,
    "SupportsIndex": _INTEGER,
    "Sequence[SupportsIndex]": _INTEGERS,
    "IntegerArgument": _DIMS,
    "Dims": _DIMS,
    "float": _NUMBER,
    "Scalar": _NUMBER,
    "bool": _Kind("bool", _is_flag),
    "DType": _Kind("dtype", lambda value: isinstance(value, DType)),
    "None": _Kind("None", _is_none),
}
