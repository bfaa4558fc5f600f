"""What the memory of the device that "cuda" means is used for, in bytes.

Where "cuda" means nothing, nothing is used: as in PyTorch, these functions then return zeros.
"""

from __future__ import annotations

from collections import OrderedDict

from gnomon import accelerator
from gnomon.backend import MemoryUse
from gnomon.cuda.devices import DeviceOrIndex, backend_of, get_device_name, is_available
from gnomon.registry import opened_backends

_GIBIBYTE = 2**30


def memory_allocated(device: DeviceOrIndex = None) -> int:
    """Return the bytes that tensors hold.

    >>> memory_allocated()
    0
    """
    return _use("memory_allocated", device).allocated


def max_memory_allocated(device: DeviceOrIndex = None) -> int:
    """Return the most bytes that tensors held at once."""
    return _use("max_memory_allocated", device).allocated_peak


def memory_reserved(device: DeviceOrIndex = None) -> int:
    """Return the bytes taken from the device, for tensors or to be used again."""
    return _use("memory_reserved", device).reserved


def max_memory_reserved(device: DeviceOrIndex = None) -> int:
    """Return the most bytes taken at once."""
    return _use("max_memory_reserved", device).reserved_peak


memory_cached = memory_reserved
max_memory_cached = max_memory_reserved


def reset_peak_memory_stats(device: DeviceOrIndex = None) -> None:
    """Let the peaks be what is in use now."""
    if is_available():
        backend_of("reset_peak_memory_stats", device).memory_use(reset_peaks=True)


reset_max_memory_allocated = reset_peak_memory_stats
reset_max_memory_cached = reset_peak_memory_stats


def memory_stats(device: DeviceOrIndex = None) -> OrderedDict[str, int]:
    """Return what is known of the memory of ``device``, under PyTorch's names."""
    return accelerator.named_use(_use("memory_stats", device))


def mem_get_info(device: DeviceOrIndex = None) -> tuple[int, int]:
    """Return the bytes that are free, as far as this process knows, and all.

    Raises RuntimeError if "cuda" means nothing here.
    """
    use = backend_of("mem_get_info", device).memory_use()
    return max(use.limit - use.allocated, 0), use.limit


def memory_summary(device: DeviceOrIndex = None, abbreviated: bool = False) -> str:
    """Return what ``memory_stats`` knows as a table."""
    lines = [get_device_name(device)]
    for name, value in memory_stats(device).items():
        shown = f"{value / _GIBIBYTE:.3f} GiB" if "bytes" in name else str(value)
        lines.append(f"{name:<32}{shown:>16}")
    return "\n".join(lines)


def empty_cache() -> None:
    """Give back to the devices what is kept of their memory and no tensor uses."""
    for backend in opened_backends():
        backend.empty_cache()


def ipc_collect() -> None:
    """Do nothing: no memory is shared with other processes."""


def _use(function: str, device: DeviceOrIndex) -> MemoryUse:
    return backend_of(function, device).memory_use() if is_available() else MemoryUse()
