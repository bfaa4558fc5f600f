"""Handles of registered hooks; the public face is ``gnomon.utils.hooks``."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

Hook = TypeVar("Hook")
Extra = TypeVar("Extra")
#: The registries, None for one that is gone, and the hook's number.
HandleState: TypeAlias = "tuple[list[OrderedDict[int, object] | None], int]"

_identifiers = count()


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook away again.

    The registry (and any ``extra_dict`` filed under the same id) is only referred to weakly, so
    a handle that is kept keeps nothing alive. As a ``with`` block it removes the hook at the
    end.

    >>> from collections import OrderedDict
    >>> registry = OrderedDict()
    >>> handle = RemovableHandle(registry)
    >>> registry[handle.id] = print
    >>> handle.remove()
    >>> len(registry)
    0
    """

    def __init__(
        self,
        hooks_dict: OrderedDict[int, Hook],
        *,
        extra_dict: OrderedDict[int, Extra] | Sequence[OrderedDict[int, Extra]] = (),
    ) -> None:
        registries: list[OrderedDict[int, Hook] | OrderedDict[int, Extra]] = [hooks_dict]
        if isinstance(extra_dict, OrderedDict):
            registries.append(extra_dict)
        else:
            registries.extend(extra_dict)
        self.id = next(_identifiers)
        self._registries = [
            weakref.ref(cast("OrderedDict[int, object]", registry)) for registry in registries
        ]

    def remove(self) -> None:
        """Take the hook away; nothing happens when it is gone already."""
        for reference in self._registries:
            registry = reference()
            if registry is not None:
                registry.pop(self.id, None)

    def __getstate__(self) -> HandleState:
        # A copy refers to the copies of the registries, as those of a copied module.
        return [reference() for reference in self._registries], self.id

    def __setstate__(self, state: HandleState) -> None:
        global _identifiers
        registries, self.id = state
        self._registries = [
            weakref.ref(OrderedDict() if registry is None else registry)
            for registry in registries
        ]
        # No hook that is registered from now on may have the number of this one.
        _identifiers = count(max(next(_identifiers), self.id + 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()
