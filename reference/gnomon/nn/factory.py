"""The arguments that say how a module makes its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast


def factory_kwargs(kwargs: Mapping[str, object] | None) -> dict[str, object]:
    """Return ``device``, ``dtype`` and ``memory_format`` of ``kwargs``, and of a dictionary in
    it called ``factory_kwargs``.

    Raises TypeError for other keys, and for one that is in both.

    >>> factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": "float32"}})
    {'dtype': 'float32', 'device': 'cpu'}
    """
    given = dict(kwargs or {})
    inner = cast("Mapping[str, object]", given.pop("factory_kwargs", {}))
    unexpected = given.keys() - {"device", "dtype", "memory_format"}
    if unexpected:
        raise TypeError(f"unexpected kwargs {unexpected}")
    for key in given:
        if key in inner:
            raise TypeError(f"{key} specified twice, in **kwargs and in factory_kwargs")
    return {**inner, **given}
