"""Backends that other packages install, found by the entry-point group ``gnomon.backends``.

Nothing is imported before a program first names the device; each way in which that can fail
says what to do. No plugin can replace ``cpu``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from gnomon.backend import Backend
from gnomon.cpu.fallback import FallbackBackend
from gnomon.devices import Device
from gnomon.registry import backend_for, install_loader, register_backend

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "BackendStatus",
    "Provider",
    "backend_for",
    "backends",
    "load_backend",
    "load_provider",
    "register_backend",
]

GROUP = "gnomon.backends"


class Provider(Protocol):
    """What an entry point of the group names: the devices of one type."""

    def device_count(self) -> int:
        """Return how many devices there are; 0 when the machine has none."""

    def open(self, index: int) -> Backend:
        """Return the backend of the device ``index``; raise RuntimeError with the reason if it
        fails.
        """

    def describe(self, index: int) -> str:
        """Return one line about the device ``index``."""


class BackendStatus(NamedTuple):
    """What is known of one installed backend: its devices, a line about each, what is wrong."""

    name: str
    devices: list[str]
    lines: list[str]
    #: Why the backend does not load; empty if it does.
    failure: str = ""


def load_backend(device: Device) -> Backend:
    """Return the backend of ``device``, from the one plugin that has its type.

    Raises RuntimeError when no plugin, or more than one, has the type, when the plugin fails to
    import or its device to open, or when there is no device of that index.
    """
    provider = load_provider(device.type)
    index = device.index or 0
    count = provider.device_count()
    if index >= count:
        raise RuntimeError(
            f"device: {device} does not exist, the backend {device.type!r} has {count} "
            f"device{'' if count == 1 else 's'}. `gnomon devices` lists them."
        )
    try:
        return FallbackBackend(provider.open(index))
    except RuntimeError:
        raise
    except Exception as error:
        raise RuntimeError(
            f"device: the backend {device.type!r} fails to open {device}: "
            f"{type(error).__name__}: {error}. Repair or reinstall its package."
        ) from error


def load_provider(name: str) -> Provider:
    """Import the plugin for the device type ``name``."""
    found = [entry for entry in _entry_points() if entry.name == name]
    if not found:
        installed = sorted({entry.name for entry in _entry_points()} - {"cpu"})
        raise RuntimeError(
            f"device: no installed backend is called {name!r} (installed: "
            f"{', '.join(['cpu', *installed])}). Install the package that provides it, such as "
            "gnomon[opencl], or choose one of these."
        )
    if len(found) > 1:
        packages = ", ".join(sorted(_package(entry) for entry in found))
        raise RuntimeError(
            f"device: {len(found)} packages provide the backend {name!r}: {packages}. "
            "Uninstall all but one."
        )
    (entry,) = found
    try:
        loaded = entry.load()
        # The group's contract, which conformance checks.
        return cast(Provider, loaded() if isinstance(loaded, type) else loaded)
    except Exception as error:
        raise RuntimeError(
            f"device: the backend {name!r} of {_package(entry)} fails to import: "
            f"{type(error).__name__}: {error}. Repair or reinstall that package."
        ) from error


def backends() -> list[BackendStatus]:
    """Return every installed backend, with its devices or the reason why it does not load."""
    found = [BackendStatus("cpu", ["cpu"], ["the reference, pure Python"])]
    for name in sorted({entry.name for entry in _entry_points()} - {"cpu"}):
        try:
            provider = load_provider(name)
            devices = [f"{name}:{index}" for index in range(provider.device_count())]
            lines = [provider.describe(index) for index in range(len(devices))]
            found.append(BackendStatus(name, devices, lines))
        except Exception as error:
            found.append(BackendStatus(name, [], [], str(error)))
    return found


def _entry_points() -> list[EntryPoint]:
    from importlib.metadata import entry_points  # slow to import, and seldom needed

    return list(entry_points(group=GROUP))


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value


install_loader(load_backend)
