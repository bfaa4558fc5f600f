"""Backends that other packages install, found by the entry-point group ``gnomon.backends``.

Nothing is imported before a program first names the device; each way in which that can fail
says what to do. No plugin can replace ``cpu``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from gnomon.backend import Backend
from gnomon.cpu.fallback import FallbackBackend
from gnomon.devices import Device
from gnomon.registry import backend_for, install_loader, register_backend

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from types import ModuleType

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
    index = device.current_index
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
    """Return the provider of the device type ``name``, importing its plugin.

    Raises RuntimeError when no plugin, or more than one, has the type, or it fails to import.
    """
    entry = _entry_of(name)
    try:
        loaded = entry.load()
        # The group's contract, which conformance checks.
        return cast(Provider, loaded() if isinstance(loaded, type) else loaded)
    except Exception as error:
        raise _broken(entry, error) from error


def public_module(name: str) -> ModuleType:
    """Return the module that the plugin for the device type ``name`` is announced by.

    It is the backend's public face, under the name of its device: ``gnomon.opencl`` is the
    module of the entry point ``opencl``. Raises RuntimeError as ``load_provider`` does.
    """
    entry = _entry_of(name)
    try:
        return import_module(entry.module)
    except Exception as error:
        raise _broken(entry, error) from error


def installed() -> list[str]:
    """Return the device types that plugins announce, which are not imported for that.

    >>> "no such device" in installed()
    False
    """
    return sorted({entry.name for entry in _entry_points()} - {"cpu"})


def modules_of_plugins() -> list[str]:
    """Return the names of the modules or packages that plugins are announced by.

    >>> "no.such.module" in modules_of_plugins()
    False
    """
    return sorted({entry.module for entry in _entry_points()})


def _entry_of(name: str) -> EntryPoint:
    found = [entry for entry in _entry_points() if entry.name == name]
    if not found:
        raise RuntimeError(
            f"device: no installed backend is called {name!r} (installed: "
            f"{', '.join(['cpu', *installed()])}). Install the package that provides it, such "
            "as gnomon[opencl], or choose one of these."
        )
    if len(found) > 1:
        packages = ", ".join(sorted(_package(entry) for entry in found))
        raise RuntimeError(
            f"device: {len(found)} packages provide the backend {name!r}: {packages}. "
            "Uninstall all but one."
        )
    return found[0]


def _broken(entry: EntryPoint, error: Exception) -> RuntimeError:
    return RuntimeError(
        f"device: the backend {entry.name!r} of {_package(entry)} fails to import: "
        f"{type(error).__name__}: {str(error).rstrip('.')}. Repair or reinstall that package."
    )


def backends() -> list[BackendStatus]:
    """Return every installed backend, with its devices or the reason why it does not load."""
    found = [BackendStatus("cpu", ["cpu"], ["the reference, pure Python"])]
    for name in installed():
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
