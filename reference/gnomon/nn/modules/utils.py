"""Sizes for each dim, and prefixes of state dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from typing import TypeAlias, TypeVar, cast

__all__ = ["consume_prefix_in_state_dict_if_present"]

T = TypeVar("T")
Tupled: TypeAlias = "Callable[[T | Iterable[T]], tuple[T, ...]]"


def _ntuple(n: int, name: str = "parse") -> Tupled[T]:
    """Return the function that makes ``n`` of one value, and a tuple of several.

    >>> _ntuple(2)(3), _ntuple(2)([4, 5])
    ((3, 3), (4, 5))
    """

    def parse(x: T | Iterable[T]) -> tuple[T, ...]:
        return tuple(x) if isinstance(x, Iterable) else (x,) * n

    parse.__name__ = name
    return parse


_single: Tupled[int] = _ntuple(1, "_single")
_pair: Tupled[int] = _ntuple(2, "_pair")
_triple: Tupled[int] = _ntuple(3, "_triple")
_quadruple: Tupled[int] = _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(t: tuple[T, ...], n: int) -> tuple[T, ...]:
    """Return each element ``n`` times, the last one first.

    >>> _reverse_repeat_tuple((1, 2), 2)
    (2, 2, 1, 1)
    """
    return tuple([x for x in reversed(t) for _ in range(n)])


def consume_prefix_in_state_dict_if_present(
    state_dict: MutableMapping[str, object], prefix: str
) -> None:
    """Take ``prefix`` off all keys that begin with it, such as the "module." of DataParallel.

    >>> state = {"module.weight": 1}
    >>> consume_prefix_in_state_dict_if_present(state, "module.")
    >>> state
    {'weight': 1}
    """
    for key in list(state_dict):
        if key.startswith(prefix):
            state_dict[key.removeprefix(prefix)] = state_dict.pop(key)
    metadata = cast("MutableMapping[str, object]", getattr(state_dict, "_metadata", {}))
    for key in list(metadata):
        if key and (key == prefix.replace(".", "") or key.startswith(prefix)):
            metadata[key[len(prefix) :]] = metadata.pop(key)
