"""Which backend serves which device.

The reference is always ``cpu``. Other device types are found by a loader that a higher floor
installs, so that nothing is imported before a program first names the device.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from gnomon.backend import Backend
from gnomon.devices import Device

_backends: dict[Device, Backend] = {}
#: Held while a device is opened; opening one may lead to another.
_opening = threading.RLock()


def _no_loader(device: Device) -> Backend:
    raise RuntimeError(f"device: no backend serves {device}.")


_loader: Callable[[Device], Backend] = _no_loader


def install_loader(loader: Callable[[Device], Backend]) -> None:
    """Ask ``loader`` for the backend of every device not opened yet; it raises if there is
    none.
    """
    global _loader
    _loader = loader


def register_backend(backend: Backend) -> None:
    """Let ``backend`` serve its device; nothing may replace a device that is being served."""
    if backend.device in _backends:
        raise RuntimeError(f"register_backend: the device {backend.device} is served already.")
    _backends[backend.device] = backend


def opened_backends() -> list[Backend]:
    """Return the backends of all devices opened so far, each once, the reference among them."""
    return list(dict.fromkeys(_backends.values()))


def backend_for(device: Device) -> Backend:
    """Return the backend that serves ``device``, opening it at first use.

    Raises RuntimeError when no installed backend knows the device.
    """
    backend = _backends.get(device)
    if backend is not None:
        return backend
    if device.type == "cpu":
        return _backends[Device("cpu")]
    if device.index is None:
        return backend_for(Device(device.type, device.current_index))
    with _opening:
        if device not in _backends:  # another thread may have opened it meanwhile
            _backends[device] = _loader(device)
        return _backends[device]


def synchronize(device: Device | str | None = None) -> None:
    """Wait until ``device``, by default every device in use, has done all work given to it.

    >>> synchronize("cpu")
    """
    waited = opened_backends() if device is None else [backend_for(Device(device))]
    for backend in waited:
        backend.synchronize()
