"""What the program's own code finds outside when a call of it is recorded.

A replay does not run that code, so it is right only while the code would find the same:
attributes of objects, variables of closures and modules, items of containers. What it can find
is looked up before the call, by the names in its code and in that of the functions it leads to;
gnomon's own code says by itself what it relies on (see ``gnomon.graph.notes``).
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache, partial
from types import CellType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Final, NamedTuple, TypeAlias, TypeVar, final

from gnomon.core import TensorCore
from gnomon.nn.modules.module import Module
from gnomon.plugins import modules_of_plugins

#: Values that are compared by what they are; others by whether they are the same object.
PLAIN: Final = (int, float, complex, str, bytes, type(None))

_CACHED: Final = 1024
#: Of longer containers, only the items that the code names are looked at.
_SHORT: Final = 64
_MISSING: Final = object()
_OF_MODULE: Final = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_OF_OBJECT: Final = frozenset({"LOAD_ATTR", "LOAD_METHOD"})

Key = TypeVar("Key")
#: Tells what is found in a place now.
Place: TypeAlias = Callable[[], object]


@final
class Names(NamedTuple):
    """The names in a function's code, and in that of the functions inside of it."""

    globals: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    keys: frozenset[object] = frozenset()

    def joined(self, other: Names) -> Names:
        """Return the names in both together."""
        return Names(
            self.globals | other.globals,
            self.attributes | other.attributes,
            self.keys | other.keys,
        )


_NO_NAMES: Final = Names()


@lru_cache(_CACHED)
def names_in(code: CodeType) -> Names:
    """Return the names in ``code``, which are looked for once."""
    instructions = list(dis.get_instructions(code))
    found = Names(
        frozenset(str(each.argval) for each in instructions if each.opname in _OF_MODULE),
        frozenset(str(each.argval) for each in instructions if each.opname in _OF_OBJECT),
        frozenset(each for each in code.co_consts if isinstance(each, str | int)),
    )
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found = found.joined(names_in(inner))
    return found


@final
class Reads:
    """What ``function``, called with ``arguments``, can find outside, and what that is now."""

    def __init__(self, function: object, arguments: Iterable[object]) -> None:
        self._found: list[tuple[str, Place, object]] = []
        #: What has been looked into already: by identity, which no other object may take
        #: meanwhile.
        self._seen: dict[object, object] = {}
        self._look_into(function, _NO_NAMES)
        names = names_in(code) if (code := getattr(function, "__code__", None)) else _NO_NAMES
        for argument in _objects_in(arguments):
            self._look_into(argument, names)
        self._seen.clear()

    def changed(self) -> str | None:
        """Return the name of something that is not the same any more; None if there is none."""
        for name, place, then in self._found:
            now = place()
            if now is not then and not (
                isinstance(then, PLAIN) and type(now) is type(then) and now == then
            ):
                return name
        return None

    def _is_new(self, *key: object) -> bool:
        """Return whether this has not been looked into yet."""
        identity = tuple(map(id, key))
        if identity in self._seen:
            return False
        self._seen[identity] = key
        return True

    def _note(self, name: str, place: Place, names: Names) -> None:
        value = place()
        self._found.append((name, place, value))
        self._look_into(value, names)

    def _note_item(self, mapping: Mapping[Key, object], key: Key, names: Names) -> None:
        self._note(str(key), partial(mapping.get, key, _MISSING), names)

    def _look_into(self, value: object, names: Names) -> None:
        """Look up what ``names`` find in ``value``, and what leads on from there."""
        if isinstance(value, (*PLAIN, TensorCore, CodeType)) or not self._is_new(value, names):
            return
        if isinstance(value, FunctionType):
            self._look_into_function(value, None)
        elif isinstance(value, MethodType):
            self._look_into_function(value.__func__, value.__self__)
        elif isinstance(value, partial):
            for part in (value.func, *value.args, *value.keywords.values()):
                self._look_into(part, names)
        elif isinstance(value, dict):
            self._look_into_dict(value, names)
        elif isinstance(value, list | tuple):
            self._look_into_sequence(value, names)
        elif isinstance(value, type):
            self._look_into_class(value, value, names)
        else:
            self._look_into_object(value, names)

    def _look_into_function(self, function: object, owner: object) -> None:
        """Look into a function, and if it is a method into its object."""
        if not isinstance(function, FunctionType) or not self._is_new(function, owner):
            return
        variables, names = function.__globals__, _NO_NAMES
        if not _is_foreign(variables.get("__name__")):
            names = names_in(function.__code__)
        for name in names.globals & variables.keys():
            self._note_item(variables, name, names)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            self._note(name, partial(_content, cell), names)
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        for default in defaults:
            self._look_into(default, names)
        self._look_into(owner, names)

    def _look_into_dict(self, mapping: dict[object, object], names: Names) -> None:
        keys = mapping.keys() if len(mapping) <= _SHORT else names.keys & mapping.keys()
        if len(mapping) <= _SHORT:
            self._found.append(("the length of a dict", mapping.__len__, len(mapping)))
        for key in list(keys):
            self._note_item(mapping, key, names)

    def _look_into_sequence(
        self, values: list[object] | tuple[object, ...], names: Names
    ) -> None:
        if len(values) > _SHORT:
            return
        if isinstance(values, list):
            self._found.append(("the length of a list", values.__len__, len(values)))
        for index, value in enumerate(values):
            if isinstance(values, list):
                self._note("an item of a list", partial(_item, values, index), names)
            else:
                self._look_into(value, names)

    def _look_into_object(self, value: object, names: Names) -> None:
        """Look into a module, or an object of any class."""
        if isinstance(value, ModuleType) and _is_foreign(value.__name__):
            return
        own: Mapping[str, object] = getattr(value, "__dict__", {})
        for name in names.attributes & own.keys():
            self._note_item(own, name, names)
        self._look_into(own.get("__wrapped__"), _NO_NAMES)
        self._look_into_class(type(value), value, names)
        if isinstance(value, Module):
            children = value._modules
            for name in names.attributes & children.keys():
                self._look_into(children[name], names)
            for child in children.values():
                self._look_into(child, _NO_NAMES)

    def _look_into_class(self, kind: type, owner: object, names: Names) -> None:
        """Look up names among what the program's own classes give an object."""
        for base in kind.__mro__:
            if _is_foreign(base.__module__) or base is object:
                continue
            for name, value in vars(base).items():
                is_called = name.startswith("__") or name in _CALLED
                if name not in names.attributes and not is_called:
                    continue
                for function in _functions_of(value):
                    self._look_into_function(function, owner)
                is_slot = isinstance(value, MemberDescriptorType) and owner is not kind
                if is_slot or (isinstance(value, PLAIN) and not is_called):
                    self._note(name, partial(getattr, owner, name, _MISSING), names)


def _is_foreign(module: object) -> bool:
    """Return whether the code of a module is not the program's, by the module's name."""
    name = str(module)
    in_the_library = name.partition(".")[0] in sys.stdlib_module_names
    return in_the_library or f"{name}.".startswith(_foreign_modules())


@cache
def _foreign_modules() -> tuple[str, ...]:
    # A backend that a program registers itself may lie among the program's own code.
    return tuple(f"{name}." for name in (__name__.partition(".")[0], *modules_of_plugins()))


#: Methods that gnomon calls.
_CALLED: Final = frozenset({"forward", "backward", "setup_context"})


def _objects_in(arguments: Iterable[object]) -> Iterator[object]:
    """Yield what arguments hold but tensors and containers, which the signature is made of."""
    for each in arguments:
        if isinstance(each, list | tuple):
            yield from _objects_in(each)
        elif isinstance(each, dict):
            yield from _objects_in(each.values())
        elif not isinstance(each, TensorCore):
            yield each


def _functions_of(value: object) -> Iterator[object]:
    """Yield the functions that an attribute of a class may run."""
    if isinstance(value, FunctionType):
        yield value
    elif isinstance(value, staticmethod | classmethod):
        yield value.__func__
    elif isinstance(value, property):
        yield value.fget


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return _MISSING


def _item(values: list[object], index: int) -> object:
    return values[index] if index < len(values) else _MISSING
