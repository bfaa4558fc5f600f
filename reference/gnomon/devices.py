"""Devices: where a tensor's bytes live.

>>> device("cpu")
device(type='cpu')
>>> device("opencl", 1) == device("opencl:1")
True
>>> str(device("opencl:1"))
'opencl:1'
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from types import TracebackType


def usable_cores() -> int:
    """Return how many cores of the host this process may use.

    >>> usable_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):  # not on Windows and macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_aliases: dict[str, str] = {}


def alias_device(name: str, target: str) -> None:
    """Let the device type ``name`` mean ``target``, as ``gnomon run --device`` does for
    ``cuda``.

    >>> alias_device("example", "opencl:1")
    >>> device("example")
    device(type='opencl', index=1)
    """
    _aliases[name] = target


def aliased(name: str) -> str | None:
    """Return what the device type ``name`` was aliased to, or None."""
    return _aliases.get(name)


@final
class Device:
    """A device type and an optional index; ``torch.device`` in PyTorch's words.

    Equal devices hash alike. Used as a context manager, it is the default device of the block.
    """

    __slots__ = ("_entered", "index", "type")

    def __init__(self, type: str | Device | int, index: int | None = None) -> None:
        if isinstance(type, int) and "cuda" in _aliases and index is None:
            index = type
            type = "cuda"
        if isinstance(type, int):
            raise RuntimeError(
                f"device: the index {type} alone names no device. "
                'Write the device type as well, such as "opencl:0".'
            )
        if not isinstance(type, str | Device):
            raise TypeError(f"device: a device is named by a string, not by {type!r}.")
        name, parsed = _parse(str(type))
        if index is not None and parsed is not None:
            raise RuntimeError(f"device: the index is given twice, in {type!r} and as {index}.")
        if index is None:
            index = parsed
        if name in _aliases:
            target, target_index = _parse(_aliases[name])
            name, index = target, target_index if target_index is not None else index
        object.__setattr__(self, "type", name)
        object.__setattr__(self, "index", index)
        object.__setattr__(self, "_entered", [])

    @property
    def current_index(self) -> int:
        """The index, or the one that the type alone means in this thread, which is 0 at first.

        >>> device("opencl:3").current_index, device("opencl").current_index
        (3, 0)
        """
        if self.index is not None:
            return self.index
        return _defaults.indices.get(self.type, 0)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"device: the attribute {name!r} can't be changed.")

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Device) and self.type == other.type and self.index == other.index
        )

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple[type[Device], tuple[str, int | None]]:
        return Device, (self.type, self.index)

    def __enter__(self) -> Device:
        self._entered.append(_defaults.current)
        _defaults.current = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _defaults.current = self._entered.pop()

    index: int | None
    type: str
    _entered: list[Device]


def _parse(text: str) -> tuple[str, int | None]:
    name, colon, digits = text.partition(":")
    if not name or (colon and not digits.isdecimal()):
        raise RuntimeError(
            f'device: {text!r} names no device. Write a type and perhaps an index, as in "cpu" '
            'or "opencl:0".'
        )
    return name, int(digits) if colon else None


device = Device
CPU = Device("cpu")


class _Defaults(threading.local):
    """What a thread has chosen."""

    def __init__(self) -> None:
        self.current: Device = CPU
        #: The index that a device type alone means, where it is not 0.
        self.indices: dict[str, int] = {}


_defaults = _Defaults()


def get_default_device() -> Device:
    """Return the device on which creation functions place tensors when none is named."""
    return _defaults.current


def set_default_device(device: str | Device | None) -> None:
    """Make ``device`` the default of creation functions in this thread; None means the CPU.

    >>> set_default_device("cpu")
    >>> get_default_device()
    device(type='cpu')
    """
    _defaults.current = CPU if device is None else Device(device)


def set_current_index(device: Device) -> None:
    """Let the type of ``device`` alone mean its index in this thread from now on.

    >>> set_current_index(device("abacus:1"))
    >>> device("abacus").current_index
    1
    """
    if device.index is not None:
        _defaults.indices[device.type] = device.index
