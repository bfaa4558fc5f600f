"""The accelerator of this process, whatever its kind; ``torch.accelerator`` in PyTorch's words.

It is the device that ``gnomon run --device`` names, else that of ``set_default_device``, else
the first installed backend whose first device opens. Functions take a device by index, by
name, as a ``gnomon.device``, or None, which means the current one.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias, final

from gnomon import plugins
from gnomon.backend import Backend, MemoryUse
from gnomon.devices import (
    CPU,
    Device,
    aliased,
    get_default_device,
    set_current_index,
)
from gnomon.registry import backend_for, opened_backends

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "current_accelerator",
    "current_device_idx",
    "current_device_index",
    "device_count",
    "device_index",
    "empty_cache",
    "get_memory_info",
    "is_available",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "reset_accumulated_memory_stats",
    "reset_peak_memory_stats",
    "set_device_idx",
    "set_device_index",
    "synchronize",
]

DeviceOrIndex: TypeAlias = Device | str | int | None

#: The accelerator of the installed backends, which do not change while a process runs.
_installed: list[Device] = []


def current_accelerator(check_available: bool = False) -> Device | None:
    """Return the accelerator's device type, without an index; None if there is no accelerator.

    ``check_available`` is there for PyTorch's sake: what is returned always has a device.
    """
    if aliased("cuda") is not None:
        target = Device("cuda")
        return None if target.type == CPU.type else Device(target.type)
    default = get_default_device()
    if default.type != CPU.type:
        return Device(default.type)
    if not _installed:
        _installed.extend(Device(name) for name in plugins.installed() if _opens(name))
    return _installed[0] if _installed else None


def is_available() -> bool:
    """Return whether there is an accelerator.

    >>> is_available() == (device_count() > 0)
    True
    """
    return current_accelerator() is not None


def device_count() -> int:
    """Return how many devices of the accelerator's type there are; 0 without one."""
    found = current_accelerator()
    return 0 if found is None else _count(found.type)


def current_device_index() -> int:
    """Return the index of the device that the accelerator's type alone means in this thread.

    Raises RuntimeError without an accelerator, as all functions below do.
    """
    return _resolved("current_device_index", None).current_index


def set_device_index(device: DeviceOrIndex, /) -> None:
    """Let the accelerator's type alone mean ``device`` in this thread; None changes nothing."""
    if device is not None:
        chosen = _resolved("set_device_index", device)
        backend_for(chosen)  # An index that does not exist is told of here.
        set_current_index(chosen)


current_device_idx = current_device_index
set_device_idx = set_device_index


@final
class device_index:
    """Inside the block, the accelerator's type alone means the device of this index."""

    def __init__(self, device: int | None, /) -> None:
        self._device = device

    def __enter__(self) -> None:
        if self._device is not None:
            self._previous = current_device_index()
            set_device_index(self._device)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._device is not None:
            set_device_index(self._previous)


def synchronize(device: DeviceOrIndex = None, /) -> None:
    """Wait until all work given to ``device`` is done."""
    _backend("synchronize", device).synchronize()


def empty_cache() -> None:
    """Give back to the devices what is kept of their memory and no tensor uses."""
    kind = _resolved("empty_cache", None).type
    for backend in opened_backends():
        if backend.device.type == kind:
            backend.empty_cache()


def memory_allocated(device: DeviceOrIndex = None, /) -> int:
    """Return the bytes that tensors hold on ``device``."""
    return _backend("memory_allocated", device).memory_use().allocated


def max_memory_allocated(device: DeviceOrIndex = None, /) -> int:
    """Return the most bytes that tensors held at once."""
    return _backend("max_memory_allocated", device).memory_use().allocated_peak


def memory_reserved(device: DeviceOrIndex = None, /) -> int:
    """Return the bytes taken from ``device``, for tensors or to be used again."""
    return _backend("memory_reserved", device).memory_use().reserved


def max_memory_reserved(device: DeviceOrIndex = None, /) -> int:
    """Return the most bytes taken at once."""
    return _backend("max_memory_reserved", device).memory_use().reserved_peak


def reset_peak_memory_stats(device: DeviceOrIndex = None, /) -> None:
    """Let the peaks be what is in use now."""
    _backend("reset_peak_memory_stats", device).memory_use(reset_peaks=True)


def reset_accumulated_memory_stats(device: DeviceOrIndex = None, /) -> None:
    """Change nothing: what accumulates here is never started over."""
    _backend("reset_accumulated_memory_stats", device)


def get_memory_info(device: DeviceOrIndex = None, /) -> tuple[int, int]:
    """Return the bytes that are free on ``device``, as far as this process knows, and all."""
    use = _backend("get_memory_info", device).memory_use()
    return max(use.limit - use.allocated, 0), use.limit


def memory_stats(device: DeviceOrIndex = None, /) -> OrderedDict[str, int]:
    """Return what is known of the memory of ``device``, under PyTorch's names."""
    return named_use(_backend("memory_stats", device).memory_use())


def named_use(use: MemoryUse) -> OrderedDict[str, int]:
    """Return what a device's memory is used for under PyTorch's names."""
    return OrderedDict(
        {
            "allocated_bytes.all.current": use.allocated,
            "allocated_bytes.all.peak": use.allocated_peak,
            "reserved_bytes.all.current": use.reserved,
            "reserved_bytes.all.peak": use.reserved_peak,
            "active_bytes.all.current": use.allocated,
            "active_bytes.all.peak": use.allocated_peak,
            "allocation.all.current": use.blocks,
            "num_alloc_retries": use.retries,
            "num_ooms": use.failures,
        }
    )


def _count(kind: str) -> int:
    if kind == CPU.type:
        return 1
    try:
        return plugins.load_provider(kind).device_count()
    except RuntimeError:  # a backend whose driver is missing has no device
        return 0


def _opens(kind: str) -> bool:
    try:
        backend_for(Device(kind, 0))
    except RuntimeError:  # no device, or one whose driver does not work
        return False
    return True


def _backend(function: str, device: DeviceOrIndex) -> Backend:
    return backend_for(_resolved(function, device))


def _resolved(function: str, device: DeviceOrIndex) -> Device:
    """Return the device that is meant, with its index."""
    kind = current_accelerator()
    if kind is None:
        raise RuntimeError(
            f"accelerator.{function}: there is no accelerator here. `gnomon devices` lists "
            "what is installed; `pip install 'gnomon[opencl]'` brings one for this processor."
        )
    if device is None:
        chosen = kind
    elif isinstance(device, int):
        chosen = Device(kind.type, device)
    else:
        chosen = Device(device)
    if chosen.type != kind.type:
        raise ValueError(f"accelerator.{function}: {chosen} is no {kind.type} device.")
    return Device(chosen.type, chosen.current_index)
