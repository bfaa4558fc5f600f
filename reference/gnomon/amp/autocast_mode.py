"""``autocast``, which lets every operation keep the dtypes of its operands."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar, overload

from gnomon.devices import Device
from gnomon.dtypes import DType, bfloat16, float16
from gnomon.errors import explain

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["autocast", "get_autocast_dtype", "is_autocast_cache_enabled", "is_autocast_enabled"]

P = ParamSpec("P")
R = TypeVar("R")

# What a program may name although it is not there; PyTorch then disables autocast.
_KNOWN: Final = ("cpu", "cuda", "mps", "xpu")


class autocast(ContextDecorator):
    """A context, or a decorator, in which PyTorch lowers the precision of some operations.

    Here they are computed in the dtypes of their operands. Raises ValueError unless
    ``device_type`` is a str, RuntimeError if it names no device type.

    >>> import gnomon as torch
    >>> with autocast("cpu", dtype=torch.bfloat16):
    ...     torch.mm(torch.ones(1, 2), torch.ones(2, 1))
    tensor([[2.]])
    """

    def __init__(
        self,
        device_type: str,
        dtype: DType | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        _check(device_type)
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the context: there is nothing to undo."""


def is_autocast_available(device_type: str) -> bool:
    """Return False: no device here lowers precision by itself.

    >>> is_autocast_available("cpu")
    False
    """
    _check(device_type)
    return False


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Return False, inside of ``autocast`` too: a program that casts by hand need not.

    >>> with autocast("cpu"):
    ...     is_autocast_enabled("cpu")
    False
    """
    _check(device_type)
    return False


def is_autocast_cache_enabled() -> bool:
    """Return False: no weights are cast, so none are kept."""
    return False


def get_autocast_dtype(device_type: str) -> DType:
    """Return the dtype that PyTorch would lower precision to.

    >>> get_autocast_dtype("cpu")
    torch.bfloat16
    """
    _check(device_type)
    return bfloat16 if device_type == "cpu" else float16


@overload
def custom_fwd(
    fwd: Callable[P, R], *, device_type: str, cast_inputs: DType | None = None
) -> Callable[P, R]: ...
@overload
def custom_fwd(
    fwd: None = None, *, device_type: str, cast_inputs: DType | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def custom_fwd(
    fwd: Callable[P, R] | None = None, *, device_type: str, cast_inputs: DType | None = None
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Return the ``forward`` of an ``autograd.Function`` as it is; with no ``fwd``, a decorator
    that does. ``cast_inputs`` has a meaning only where autocast lowers precision.
    """
    _check(device_type)
    return _itself if fwd is None else fwd


@overload
def custom_bwd(bwd: Callable[P, R], *, device_type: str) -> Callable[P, R]: ...
@overload
def custom_bwd(
    bwd: None = None, *, device_type: str
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def custom_bwd(
    bwd: Callable[P, R] | None = None, *, device_type: str
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Return the ``backward`` of an ``autograd.Function`` as it is; see ``custom_fwd``."""
    _check(device_type)
    return _itself if bwd is None else bwd


def _itself(function: Callable[P, R]) -> Callable[P, R]:
    return function


def _check(device_type: object) -> None:
    if not isinstance(device_type, str):
        raise ValueError(
            explain(
                "autocast",
                f"device_type should be a str, got {type(device_type).__name__}",
                remedy="Give the type of a device: device.type",
            )
        )
    if device_type not in _KNOWN:
        Device(device_type)
