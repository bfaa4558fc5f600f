"""Modules that hold other modules: in a sequence that runs, a list, or a dictionary."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from operator import index
from typing import TYPE_CHECKING, SupportsIndex, cast, overload

from gnomon.nn.modules.module import Module, indented
from gnomon.nn.modules.parameter_containers import ParameterDict as ParameterDict
from gnomon.nn.modules.parameter_containers import ParameterList as ParameterList
from gnomon.nn.modules.parameter_containers import check_pair
from gnomon.tensor import Tensor

if TYPE_CHECKING:
    from typing import Self

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class ModuleSequence(Module):
    """Modules at the places 0, 1, ..., which are their names as well."""

    @property
    def _held(self) -> dict[str, Module]:
        return cast("dict[str, Module]", self._modules)

    def _key_at(self, place: SupportsIndex) -> str:
        number, count = index(place), len(self)
        if not -count <= number < count:
            raise IndexError(f"index {number} is out of range")
        return list(self._held)[number]

    @overload
    def __getitem__(self, idx: SupportsIndex) -> Module: ...
    @overload
    def __getitem__(self, idx: slice) -> Self: ...
    def __getitem__(self, idx: SupportsIndex | slice) -> Module | Self:
        if isinstance(idx, slice):
            return self._of(list(self._held.items())[idx])
        return self._held[self._key_at(idx)]

    def _of(self, items: list[tuple[str, Module]]) -> Self:
        """Return a container of the same class of part of the modules."""
        return type(self)([module for _, module in items])

    def __setitem__(self, idx: SupportsIndex, module: Module) -> None:
        setattr(self, self._key_at(idx), module)

    def __delitem__(self, idx: SupportsIndex | slice) -> None:
        keys = list(self._held)[idx] if isinstance(idx, slice) else [self._key_at(idx)]
        for key in keys:
            delattr(self, key)
        self._number(list(self))

    def _number(self, modules: list[Module]) -> None:
        """Hold ``modules`` under the names 0, 1, ...."""
        self._held.clear()
        self._held.update((str(place), module) for place, module in enumerate(modules))

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._held.values())

    def append(self, module: Module) -> Self:
        """Add ``module`` at the end and return this container."""
        self.add_module(str(len(self)), module)
        return self

    def _insert(self, place: int, module: Module) -> None:
        modules = list(self)
        modules.insert(place, module)
        self._number(modules)

    def pop(self, key: SupportsIndex = -1) -> Module:
        """Remove the module at place ``key`` and return it."""
        module = self[key]
        del self[key]
        return module


class Sequential(ModuleSequence):
    """Modules that run one after the other, each on the result of the one before.

    Takes the modules, or an OrderedDict of them by name.

    >>> import gnomon as torch
    >>> net = Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 1))
    >>> net(torch.ones(2, 4)).shape
    torch.Size([2, 1])
    """

    def __init__(self, *args: Module | OrderedDict[str, Module]) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for place, each in enumerate(args):
                self.add_module(str(place), cast(Module, each))

    def _of(self, items: list[tuple[str, Module]]) -> Self:
        return type(self)(OrderedDict(items))

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(
                "add operator supports only objects of Sequential class, but "
                f"{type(other)} is given."
            )
        return Sequential(*self, *other)

    def __iadd__(self, other: Sequential) -> Self:
        if not isinstance(other, Sequential):
            raise ValueError(
                "add operator supports only objects of Sequential class, but "
                f"{type(other)} is given."
            )
        return self.extend(other)

    def __mul__(self, other: int) -> Sequential:
        self._check_factor(other)
        return Sequential(*(list(self) * other))

    def __rmul__(self, other: int) -> Sequential:
        return self * other

    def __imul__(self, other: int) -> Self:
        self._check_factor(other)
        return self.extend(list(self) * (other - 1))

    def _check_factor(self, other: object) -> None:
        if not isinstance(other, int):
            raise TypeError(
                f"unsupported operand type(s) for *: {type(self)} and {type(other)}"
            )
        if other <= 0:
            raise ValueError(f"Non-positive multiplication factor {other} for {type(self)}")

    def insert(self, index: int, module: Module) -> Self:
        """Put ``module`` before the place ``index`` and return this container.

        Raises IndexError for a place out of range.
        """
        assert isinstance(module, Module), f"module should be of type: {Module}"
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        self._insert(index, module)
        return self

    def extend(self, sequential: Iterable[Module]) -> Self:
        """Add the modules at the end and return this container."""
        for module in list(sequential):
            self.append(module)
        return self

    def forward(self, input: Tensor) -> Tensor:
        """Run the modules in turn; between them any value may be passed on."""
        value: object = input
        for module in self:
            value = module(value)
        return cast(Tensor, value)


class ModuleList(ModuleSequence):
    """A list of modules that are parts of the module that holds the list.

    >>> import gnomon as torch
    >>> len(ModuleList([torch.nn.Identity(), torch.nn.Identity()]))
    2
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def insert(self, index: int, module: Module) -> None:
        """Put ``module`` before the place ``index``."""
        self._insert(index, module)

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add the modules at the end and return this list."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleList.extend should be called with an iterable, but got "
                f"{type(modules).__name__}"
            )
        for module in list(modules):
            self.append(module)
        return self

    def __repr__(self) -> str:
        lines = []
        texts = list(map(repr, self))
        for start, text in enumerate(texts):
            if start and texts[start - 1] == text:
                continue
            end = start
            while end + 1 < len(texts) and texts[end + 1] == text:
                end += 1
            times = "" if end == start else f"{end - start + 1} x "
            places = str(start) if end == start else f"{start}-{end}"
            lines.append(f"\n  ({places}): {times}{indented(text)}")
        return f"{self._get_name()}({''.join(lines)}" + ("\n)" if lines else ")")


class ModuleDict(Module):
    """A dictionary of modules that are parts of the module that holds it.

    >>> import gnomon as torch
    >>> list(ModuleDict({"last": torch.nn.Identity()}).keys())
    ['last']
    """

    def __init__(
        self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None
    ) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    @property
    def _held(self) -> dict[str, Module]:
        return cast("dict[str, Module]", self._modules)

    def __getitem__(self, key: str) -> Module:
        return self._held[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Remove the module called ``key`` and return it."""
        module = self[key]
        del self[key]
        return module

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._held.keys()

    def items(self) -> ItemsView[str, Module]:
        """Return pairs of name and module."""
        return self._held.items()

    def values(self) -> ValuesView[Module]:
        """Return the modules."""
        return self._held.values()

    def update(
        self, modules: Mapping[str, Module] | ModuleDict | Iterable[tuple[str, Module]]
    ) -> None:
        """Take over modules by name, from a mapping or from pairs."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, but "
                f"got {type(modules).__name__}"
            )
        pairs = modules.items() if isinstance(modules, Mapping | ModuleDict) else modules
        for place, pair in enumerate(pairs):
            check_pair("ModuleDict", place, pair)
            key, module = pair
            self[key] = module
