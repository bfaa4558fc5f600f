"""Lists and dictionaries of parameters that belong to the module that holds them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sized
from operator import index
from typing import TYPE_CHECKING, SupportsIndex, overload

from gnomon.devices import CPU
from gnomon.nn.modules.module import Module
from gnomon.nn.parameter import Parameter
from gnomon.tensor import Tensor

if TYPE_CHECKING:
    from typing import NoReturn, Self

    Pairs = Mapping[str, object] | Iterable[tuple[str, object]]

__all__ = ["ParameterDict", "ParameterList"]


class ParameterContainer(Module):
    """Holds values as attributes; tensors become parameters."""

    def _hold(self, name: str, value: object) -> None:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, name, value)

    def _held(self, name: str) -> object:
        value: object = getattr(self, name)
        return value

    def __call__(self, *args: object, **kwargs: object) -> NoReturn:
        raise RuntimeError(f"{type(self).__name__} should not be called.")


class ParameterList(ParameterContainer):
    """A list of parameters; values that are no tensors are held as they are.

    >>> import gnomon as torch
    >>> len(list(ParameterList([torch.ones(1), torch.ones(2)]).parameters()))
    2
    """

    def __init__(self, values: Iterable[object] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _name_at(self, place: SupportsIndex) -> str:
        number = index(place)
        if not -self._size <= number < self._size:
            raise IndexError(f"index {number} is out of range")
        return str(number % self._size)

    @overload
    def __getitem__(self, idx: SupportsIndex) -> object: ...
    @overload
    def __getitem__(self, idx: slice) -> Self: ...
    def __getitem__(self, idx: SupportsIndex | slice) -> object | Self:
        if isinstance(idx, slice):
            return type(self)([self[place] for place in range(*idx.indices(self._size))])
        return self._held(self._name_at(idx))

    def __setitem__(self, idx: SupportsIndex, value: object) -> None:
        self._hold(self._name_at(idx), value)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[object]:
        return iter([self[place] for place in range(self._size)])

    def __iadd__(self, values: Iterable[object]) -> Self:
        return self.extend(values)

    def append(self, value: object) -> Self:
        """Add ``value`` at the end and return this list."""
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Iterable[object]) -> Self:
        """Add the values at the end and return this list."""
        if isinstance(values, Tensor) or not isinstance(values, Iterable):
            raise TypeError(
                "ParameterList.extend should be called with an iterable, but got "
                f"{type(values).__name__}"
            )
        for value in values:
            self.append(value)
        return self

    def extra_repr(self) -> str:
        return "\n".join(
            f"  ({place}): {_described(value, dtype=True)}" for place, value in enumerate(self)
        )


class ParameterDict(ParameterContainer):
    """A dictionary of parameters; values that are no tensors are held as they are.

    >>> import gnomon as torch
    >>> [name for name, _ in ParameterDict({"left": torch.ones(1)}).named_parameters()]
    ['left']
    """

    def __init__(self, parameters: Pairs | ParameterDict | None = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _attribute(self, key: str) -> str:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string "
                f"(type is '{type(key).__name__}')."
            )
        return key

    def __getitem__(self, key: str) -> object:
        return self._held(self._attribute(key))

    def __setitem__(self, key: str, value: object) -> None:
        self._hold(self._attribute(key), value)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, self._attribute(key))

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def copy(self) -> ParameterDict:
        """Return another dictionary of the same values."""
        return ParameterDict(dict(self.items()))

    def setdefault(self, key: str, default: object = None) -> object:
        """Return the value at ``key``, which is ``default`` if there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Remove everything."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> object:
        """Remove ``key`` and return its value."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, object]:
        """Remove the last key and return it with its value."""
        key, _ = self._keys.popitem()
        self._keys[key] = None
        return key, self.pop(key)

    def get(self, key: str, default: object = None) -> object:
        """Return the value at ``key``, or ``default``."""
        if key not in self:
            return default
        return self[key]

    def fromkeys(self, keys: Iterable[str], default: object = None) -> ParameterDict:
        """Return another dictionary that has ``default`` at each of ``keys``."""
        return ParameterDict([(key, default) for key in keys])

    def keys(self) -> Iterable[str]:
        """Return the keys."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, object]]:
        """Return pairs of key and value."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[object]:
        """Return the values."""
        return (self[key] for key in self._keys)

    def update(self, parameters: Pairs | ParameterDict) -> None:
        """Take over values by key, from a mapping or from pairs."""
        if not isinstance(parameters, Iterable):
            raise TypeError(
                "ParametersDict.update should be called with an iterable of key/value pairs, "
                f"but got {type(parameters).__name__}"
            )
        for place, pair in enumerate(_pairs(parameters)):
            check_pair("ParameterDict", place, pair)
            key, value = pair
            self[key] = value

    def extra_repr(self) -> str:
        return "\n".join(
            f"  ({key}): {_described(value, dtype=False)}" for key, value in self.items()
        )

    def __or__(self, other: ParameterDict) -> ParameterDict:
        copy = self.copy()
        copy.update(other)
        return copy

    def __ror__(self, other: ParameterDict) -> ParameterDict:
        return ParameterDict(other) | self

    def __ior__(self, other: ParameterDict) -> Self:
        self.update(other)
        return self


def _pairs(parameters: Pairs | ParameterDict) -> Iterable[tuple[str, object]]:
    if isinstance(parameters, ParameterDict | OrderedDict):
        return parameters.items()
    # PyTorch sorts the keys of a plain mapping, a habit from before dictionaries had an order.
    return sorted(parameters.items()) if isinstance(parameters, Mapping) else parameters


def check_pair(container: str, place: int, pair: object) -> None:
    """Raise TypeError or ValueError unless ``pair`` consists of a key and a value."""
    if not isinstance(pair, Iterable):
        raise TypeError(
            f"{container} update sequence element #{place} should be Iterable; is "
            f"{type(pair).__name__}"
        )
    if isinstance(pair, Sized) and len(pair) != 2:
        raise ValueError(
            f"{container} update sequence element #{place} has length {len(pair)}; 2 is "
            "required"
        )


def _described(value: object, dtype: bool) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    element = value.dtype if dtype else value.type()
    size = "x".join(map(str, value.shape))
    device = "" if value.device == CPU else f" ({value.device})"
    return f"{kind} containing: [{element} of size {size}{device}]"
