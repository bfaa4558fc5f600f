"""Where loaded storages go: to the device they were saved from, or to one that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from gnomon.devices import CPU, Device
from gnomon.registry import backend_for
from gnomon.tensor.storages import UntypedStorage

#: A device for everything; devices by the tag a file has; or a function of a storage on the CPU
#: and its tag, which returns a storage, or None for the device of the tag.
MapLocation: TypeAlias = (
    "str | Device | Mapping[str, str | Device] | "
    "Callable[[UntypedStorage, str], UntypedStorage | None] | None"
)


def restored(
    storage: UntypedStorage, location: str, map_location: MapLocation
) -> UntypedStorage:
    """Return ``storage``, which is on the CPU, where ``map_location`` wants what was saved from
    ``location``.
    """
    if map_location is None:
        return default_restore_location(storage, location)
    if isinstance(map_location, str | Device):
        return default_restore_location(storage, str(map_location))
    if isinstance(map_location, Mapping):
        return default_restore_location(storage, str(map_location.get(location, location)))
    if not callable(map_location):
        raise TypeError(
            "load: map_location must be a device, a dictionary of devices or a function, not "
            f"{type(map_location).__name__}."
        )
    moved = map_location(storage, location)
    if moved is None:
        return default_restore_location(storage, location)
    if not isinstance(moved, UntypedStorage):
        raise TypeError(
            "load: the function map_location must return a storage or None, not "
            f"{type(moved).__name__}."
        )
    return moved


def default_restore_location(storage: UntypedStorage, location: str) -> UntypedStorage:
    """Return ``storage`` on the device called ``location``.

    Raises RuntimeError when there is no such device here.
    """
    if location == str(CPU):
        return storage
    try:
        device = backend_for(Device(location)).device
    except RuntimeError as error:
        raise RuntimeError(
            f"load: the file has tensors on {location!r}, which is no device here. Pass "
            f"map_location='cpu', or another device, to load them there. ({error})"
        ) from error
    return storage if device == CPU else UntypedStorage(storage.read(), device=device)
