"""NVIDIA's cuDNN, which gnomon does not use."""

from collections.abc import Iterator
from contextlib import contextmanager

enabled: bool = True
benchmark: bool = False
benchmark_limit: int | None = 10
deterministic: bool = False
allow_tf32: bool = True


def is_available() -> bool:
    """Return False.

    >>> is_available()
    False
    """
    return False


def version() -> int | None:
    """Return None: there is no cuDNN to have a version."""
    return None


@contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int | None = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
) -> Iterator[None]:
    """Run the block: the switches change nothing anyhow."""
    yield
