"""Python's ``multiprocessing`` under PyTorch's name: tensors are copied to other processes."""

from __future__ import annotations

from multiprocessing import *  # noqa: F403  # all of it, as PyTorch has it
from typing import Final

from gnomon.errors import explain

_STRATEGY: Final = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """Return PyTorch's default as the only one.

    >>> get_all_sharing_strategies()
    {'file_descriptor'}
    """
    return {_STRATEGY}


def get_sharing_strategy() -> str:
    """Return PyTorch's default; tensors are copied, whatever it is."""
    return _STRATEGY


def set_sharing_strategy(new_strategy: str) -> None:
    """Accept PyTorch's two strategies, which have nothing to do: tensors are copied.

    Raises ValueError for any other.
    """
    if new_strategy not in (_STRATEGY, "file_system"):
        raise ValueError(
            explain(
                "set_sharing_strategy",
                f"there is no strategy {new_strategy!r}",
                remedy=f"PyTorch has {_STRATEGY!r} and 'file_system'",
            )
        )
