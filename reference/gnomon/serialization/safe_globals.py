"""Which classes and functions a file may call under ``weights_only=True``.

What files of tensors need is allowed, each in a form that can only do what it is there for. A
program may allow more, by which it says that it trusts these classes and functions with
arguments from any file.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from pickle import UnpicklingError
from types import TracebackType
from typing import Final, TypeAlias, final

from gnomon.serialization.wire import OBJECTS, Name, canonical, own_name, written

#: A class or a function, or a pair of one and the full name that files have for it.
Allowed: TypeAlias = "object | tuple[object, str]"

# Modules that reach the operating system: nothing of them can be allowed.
BLOCKED: Final = frozenset({"nt", "os", "posix", "subprocess", "sys"})

# Where PyTorch has what makes tensors.
_OF_TENSORS: Final = frozenset({"torch", "torch._tensor", "torch._utils", "torch.storage"})


def _encoded(text: object = "", encoding: object = "utf-8") -> bytes:
    """``_codecs.encode``, with which pickles up to protocol 2 write bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise UnpicklingError("load: _codecs.encode is for bytes written as latin1 text.")
    return text.encode("latin1")


def _byte_array(data: object = b"", encoding: object = "latin-1") -> bytearray:
    """``bytearray`` of bytes or text, not of a number, which would ask for memory."""
    if isinstance(data, str) and encoding == "latin-1":
        return bytearray(data, "latin-1")
    if not isinstance(data, bytes):
        raise UnpicklingError("load: a bytearray is made of bytes.")
    return bytearray(data)


#: What files may call or name without being asked for.
ALWAYS: Final[dict[Name, object]] = {
    **OBJECTS,
    Name("collections", "OrderedDict"): OrderedDict,
    Name("collections", "Counter"): Counter,
    Name("_codecs", "encode"): _encoded,
    Name("builtins", "bytearray"): _byte_array,
    Name("builtins", "set"): set,
    Name("builtins", "complex"): complex,
}

_by_program: dict[Name, object] = {}
_given: list[Allowed] = []


def add_safe_globals(safe_globals: Sequence[Allowed]) -> None:
    """Let files loaded with ``weights_only=True`` use these classes and functions.

    Give a pair of one and its full name where files know it by another name than its own.
    """
    for allowed in safe_globals:
        _by_program[_name_of(allowed)] = allowed[0] if isinstance(allowed, tuple) else allowed
    _given.extend(safe_globals)


def get_safe_globals() -> list[Allowed]:
    """Return what a program has allowed."""
    return list(_given)


def clear_safe_globals() -> None:
    """Allow only what is always allowed."""
    _by_program.clear()
    _given.clear()


@final
class safe_globals:
    """Allow classes and functions inside a ``with`` block."""

    def __init__(self, safe_globals: Iterable[Allowed]) -> None:
        self._added = list(safe_globals)
        self._before: list[Allowed] = []

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self._added)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        clear_safe_globals()
        add_safe_globals(self._before)


def allowed_global(name: Name) -> tuple[object, bool]:
    """Return what a file calls ``name``, and whether it is the program that allowed it.

    Raises UnpicklingError, which says what to do, for what is not allowed.
    """
    name = canonical(name)
    if name.module.partition(".")[0] in BLOCKED:
        raise refused(f"it asks for {name}, and nothing of {name.module} can be allowed")
    if name in _by_program:
        return _by_program[name], True
    if name in ALWAYS:
        return ALWAYS[name], False
    if name.module in _OF_TENSORS:
        raise UnpicklingError(
            f"load: the file needs {name}, which gnomon does not have. Convert what it belongs "
            "to in PyTorch, such as a sparse or quantized tensor or one of another dtype."
        )
    raise refused(
        f"it asks for {name}, which was not an allowed global by default. If you trust it, "
        f"allow it with gnomon.serialization.add_safe_globals([{name.name}])"
    )


def refused(what: str) -> UnpicklingError:
    """Return the error for a file that wants to do more than hold weights."""
    return UnpicklingError(
        f"Weights only load failed: the file does not hold weights alone; {what}. "
        "weights_only=False loads it, but runs any code that is in it: do that only if you got "
        "the file from a trusted source."
    )


def _name_of(allowed: Allowed) -> Name:
    if not isinstance(allowed, tuple):
        return written(own_name(allowed))
    if len(allowed) != 2 or not isinstance(allowed[1], str):
        raise ValueError(
            "add_safe_globals: give a class, a function, or a pair of one and its full name, "
            f"not {allowed!r}."
        )
    module, _, name = allowed[1].rpartition(".")
    return Name(module, name)
