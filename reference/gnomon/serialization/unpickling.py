"""Reading the pickle of an archive without running code: a small machine for its opcodes.

The machine builds numbers, texts, lists, dictionaries, sets and tuples by itself. It calls only
what is allowed (:mod:`gnomon.serialization.safe_globals`), sets attributes only on what has
some, and refuses every opcode, name or value that it does not know.

https://docs.python.org/3/library/pickletools.html describes the opcodes.
"""

from __future__ import annotations

import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Final, TypeAlias, cast, final

from gnomon.nn.parameter import Parameter
from gnomon.serialization import rebuilding
from gnomon.serialization.safe_globals import ALWAYS, allowed_global, refused
from gnomon.serialization.wire import Name
from gnomon.tensor import Tensor
from gnomon.tensor.storages import TypedStorage, UntypedStorage

#: Returns the storage that a file calls by a number.
LoadStorage: TypeAlias = Callable[[object], "TypedStorage | UntypedStorage"]
#: A function of the program's own, called with what is in the file.
_Function: TypeAlias = Callable[..., object]

# What is allowed as a value only: to call it could ask for any amount of memory.
_NOT_CALLED: Final = (Tensor, TypedStorage, UntypedStorage)
_CALLED: Final = [
    value for value in ALWAYS.values() if callable(value) and value not in _NOT_CALLED
]
_DICTIONARIES: Final = (dict, OrderedDict, Counter)

_CONSTANTS: Final[dict[str, object]] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES: Final = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    }
)
_OLD_TEXTS: Final = frozenset({"STRING", "BINSTRING", "SHORT_BINSTRING"})
_EMPTY: Final[dict[str, type]] = {
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
    "EMPTY_TUPLE": tuple,
}
_TUPLES: Final = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_STORED: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_RECALLED: Final = frozenset({"GET", "BINGET", "LONG_BINGET"})
_NOTHING: Final = frozenset({"PROTO", "FRAME"})


def unpickled(data: bytes, load_storage: LoadStorage) -> object:
    """Return the object in the pickle ``data``, made without running any code of it.

    Raises UnpicklingError for what is not allowed and for a pickle that is damaged.
    """
    try:
        return _Machine(load_storage).run(data)
    except _NoStorage as stopped:
        raise stopped.reason from stopped.reason.__cause__
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise UnpicklingError(
            "Weights only load failed: the pickle in the file is damaged or made to do harm: "
            f"{type(error).__name__}: {error}. Nothing was loaded."
        ) from error


def globals_of(data: bytes) -> list[Name]:
    """Return what the pickle ``data`` names, in order; nothing is loaded."""
    names: dict[Name, None] = {}
    texts: list[str] = []
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            names[Name(*str(argument).split(" ", 1))] = None
        elif opcode.name == "STACK_GLOBAL":
            names[Name(*texts[-2:])] = None
        elif isinstance(argument, str):
            texts.append(argument)
    return list(names)


class _NoStorage(Exception):
    """A storage could not be loaded; not the pickle is to blame, but the reason."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason = reason


@final
class _Machine:
    """A stack of values, the marks in it, and what was stored to be used again."""

    def __init__(self, load_storage: LoadStorage) -> None:
        self._load_storage = load_storage
        self._stack: list[object] = []
        self._marks: list[int] = []
        self._memo: dict[int, object] = {}
        # What the program allowed and the file named, kept so that no other has its id.
        self._trusted: list[object] = []

    def run(self, data: bytes) -> object:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name == "STOP":
                (value,) = self._stack
                return value
            self._do(opcode.name, argument)
        raise ValueError("it has no end")

    def _do(self, name: str, argument: object) -> None:
        if name in _VALUES:
            self._stack.append(argument)
        elif name in _RECALLED:
            self._stack.append(self._memo[cast(int, argument)])
        elif name in _STORED:
            self._memo[cast(int, argument)] = self._stack[-1]
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self._stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            self._stack.append(tuple(self._pop_last(_TUPLES[name])))
        elif name in _OLD_TEXTS:
            self._stack.append(str(argument).encode("latin-1").decode())
        elif name not in _NOTHING:
            step = _STEPS.get(name)
            if step is None:
                raise refused(f"it uses the pickle opcode {name}, which weights do not need")
            step(self, argument)

    def _pop_last(self, count: int) -> list[object]:
        if len(self._stack) < count:
            raise IndexError("a value is missing on the stack")
        values = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return values

    def _pop_to_mark(self) -> list[object]:
        return self._pop_last(len(self._stack) - self._marks.pop())

    def mark(self, argument: object) -> None:
        self._marks.append(len(self._stack))

    def pop(self, argument: object) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._stack.pop()

    def pop_mark(self, argument: object) -> None:
        self._pop_to_mark()

    def memoize(self, argument: object) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def make_tuple(self, argument: object) -> None:
        self._stack.append(tuple(self._pop_to_mark()))

    def make_list(self, argument: object) -> None:
        self._stack.append(self._pop_to_mark())

    def make_dict(self, argument: object) -> None:
        pairs = self._pop_to_mark()
        self._stack.append({})
        self._set_items(pairs)

    def append(self, argument: object) -> None:
        self._extend(self._pop_last(1))

    def append_all(self, argument: object) -> None:
        self._extend(self._pop_to_mark())

    def _extend(self, values: list[object]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise refused(f"it appends to a {type(target).__name__}")
        target.extend(values)

    def add_all(self, argument: object) -> None:
        values = self._pop_to_mark()
        target = self._stack[-1]
        if type(target) is not set:
            raise refused(f"it adds to a {type(target).__name__}")
        target.update(values)

    def set_item(self, argument: object) -> None:
        self._set_items(self._pop_last(2))

    def set_all_items(self, argument: object) -> None:
        self._set_items(self._pop_to_mark())

    def _set_items(self, pairs: list[object]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or not (
            type(target) in _DICTIONARIES or self._is_trusted(type(target))
        ):
            raise refused(f"it sets items of a {type(target).__name__}")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[key] = value

    def find(self, argument: object) -> None:
        self._push_global(Name(*str(argument).split(" ", 1)))

    def find_by_texts(self, argument: object) -> None:
        module, name = self._pop_last(2)
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError("a name is not a text")
        self._push_global(Name(module, name))

    def _push_global(self, name: Name) -> None:
        value, by_program = allowed_global(name)
        if by_program:
            self._trusted.append(value)
        self._stack.append(value)

    def _is_trusted(self, value: object) -> bool:
        return any(value is each for each in self._trusted)

    def call(self, argument: object) -> None:
        function, arguments = self._pop_last(2)
        if not isinstance(arguments, tuple):
            raise TypeError("the arguments of a call are not a tuple")
        if function is rebuilding.with_state:
            self._check_kind(*arguments)
        self._stack.append(self._called(function, arguments))

    def _called(self, function: object, arguments: tuple[object, ...]) -> object:
        if self._is_trusted(function):
            return cast(_Function, function)(*arguments)
        if not any(function is each for each in _CALLED):
            raise refused(f"it calls {function!r:.100}")
        try:
            return cast(_Function, function)(*arguments)
        except UnpicklingError:
            raise
        except Exception as error:
            raise ValueError(f"{error}") from error

    def _check_kind(
        self, function: object, kind: object, arguments: object, state: object
    ) -> None:
        """Refuse to make a tensor of a class that nobody allowed, or by another function."""
        known = kind in (Tensor, Parameter) or self._is_trusted(kind)
        makes_tensors = (
            rebuilding.tensor,
            rebuilding.typed_tensor,
            rebuilding.untyped_tensor,
            rebuilding.parameter,
        )
        if not known or function not in makes_tensors:
            raise refused(f"it makes a {kind!r:.100} by {function!r:.100}")

    def make_object(self, argument: object) -> None:
        kind, arguments = self._pop_last(2)
        if not isinstance(kind, type) or not self._is_trusted(kind):
            raise refused(f"it makes an object of {kind!r:.100}")
        make = cast(_Function, kind.__new__)
        self._stack.append(make(kind, *cast("tuple[object, ...]", arguments)))

    def build(self, argument: object) -> None:
        (state,) = self._pop_last(1)
        target = self._stack[-1]
        if type(target) is OrderedDict and isinstance(state, dict):
            target.__dict__.update(state)
        elif self._is_trusted(type(target)):
            _give_state(target, state)
        else:
            raise refused(f"it gives attributes to a {type(target).__name__}")

    def load(self, argument: object) -> None:
        (number,) = self._pop_last(1)
        try:
            self._stack.append(self._load_storage(number))
        except Exception as error:
            raise _NoStorage(error) from error


def _give_state(target: object, state: object) -> None:
    """Do what ``pickle`` does with a state, for a class that the program allowed."""
    setter = getattr(target, "__setstate__", None)
    if setter is not None:
        setter(state)
        return
    parts = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    for name, value in (cast("dict[str, object] | None", parts[0]) or {}).items():
        target.__dict__[name] = value
    for name, value in (cast("dict[str, object] | None", parts[1]) or {}).items():
        setattr(target, name, value)


_STEPS: Final[dict[str, Callable[[_Machine, object], None]]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "MEMOIZE": _Machine.memoize,
    "TUPLE": _Machine.make_tuple,
    "LIST": _Machine.make_list,
    "DICT": _Machine.make_dict,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.append_all,
    "ADDITEMS": _Machine.add_all,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_all_items,
    "GLOBAL": _Machine.find,
    "STACK_GLOBAL": _Machine.find_by_texts,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.make_object,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.load,
}
