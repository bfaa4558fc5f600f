"""What ``gnomon.opencl`` offers beside tensors: devices, memory, waiting.

A device is given as in PyTorch: by index, by name, as a ``gnomon.device``, or not at all, which
means the current one.
"""

from __future__ import annotations

from gnomon.backend import Device
from gnomon_opencl.backend import OpenCLBackend
from gnomon_opencl.caching import cache_directory
from gnomon_opencl.memory import MemoryStats
from gnomon_opencl.provider import Provider, opened

__all__ = [
    "MemoryStats",
    "cache_directory",
    "device_count",
    "empty_cache",
    "get_device_name",
    "is_available",
    "memory_stats",
    "reset_peak_memory_stats",
    "set_memory_limit",
    "synchronize",
]


def is_available() -> bool:
    """Return whether there is an OpenCL device that works."""
    try:
        opened(0)
    except RuntimeError:
        return False
    return True


def device_count() -> int:
    """Return how many OpenCL devices there are; 0 without a platform."""
    try:
        return Provider().device_count()
    except RuntimeError:
        return 0


def get_device_name(device: int | str | Device | None = None) -> str:
    """Return name, driver, memory and float types of a device in one line."""
    return Provider().describe(_index(device))


def synchronize(device: int | str | Device | None = None) -> None:
    """Wait until the device has done everything given to it."""
    _backend(device).synchronize()


def memory_stats(device: int | str | Device | None = None) -> MemoryStats:
    """Return what the memory pool of a device holds, and what it moved, in bytes."""
    return _backend(device).runtime.pool.stats()


def reset_peak_memory_stats(device: int | str | Device | None = None) -> None:
    """Let the peaks of ``memory_stats`` be what is in use now."""
    _backend(device).memory_use(reset_peaks=True)


def empty_cache(device: int | str | Device | None = None) -> int:
    """Give back to the device what its pool holds and no tensor uses; return how much."""
    return _backend(device).empty_cache()


def set_memory_limit(limit: int | str | None, device: int | str | Device | None = None) -> None:
    """Let the memory pool of a device, tensors included, take ``limit`` bytes at most.

    The limit may have K, M, G or % behind it, the last of all the device's memory. None stands
    for all of it, or for 80 % where it is the host's memory too. What tensors hold already
    stays theirs. The variable ``GNOMON_OPENCL_MEMORY_LIMIT`` sets the limit of every device
    from the start.

    Raises ValueError for what is no size.
    """
    text = None if limit is None else str(limit)
    _backend(device).runtime.pool.set_limit(text, "set_memory_limit")


def _backend(device: int | str | Device | None) -> OpenCLBackend:
    return opened(_index(device))


def _index(device: int | str | Device | None) -> int:
    if isinstance(device, int):
        return device
    chosen = Device("opencl") if device is None else Device(device)
    if chosen.type != "opencl":
        raise ValueError(
            f"opencl: {chosen} is no OpenCL device. Write an index, or a name such as opencl:0."
        )
    return chosen.current_index
