"""The checks that every draw makes of its parameters."""

from __future__ import annotations

from gnomon.dtypes import DType


def require(condition: bool, message: str) -> None:
    """Raise `RuntimeError(message)`, PyTorch's class for a bad parameter, unless it holds."""
    if not condition:
        raise RuntimeError(message)


def require_floating(operation: str, dtype: DType) -> None:
    """Raise `NotImplementedError`, as PyTorch does, for a draw of a dtype it has no meaning in.

    >>> from gnomon.dtypes import int64
    >>> require_floating("uniform_", int64)
    Traceback (most recent call last):
    ...
    NotImplementedError: uniform_: needs a floating dtype, got torch.int64; draw, then convert
    """
    if not dtype.is_floating_point:
        raise NotImplementedError(
            f"{operation}: needs a floating dtype, got {dtype!r}; draw, then convert"
        )
