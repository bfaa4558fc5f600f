"""The device that "cuda" means, where ``gnomon run --device`` or ``alias_device`` said so.

gnomon has no CUDA of its own. A program that asks for "cuda" gets the device that its user
named for it, and is told that there is none if nobody did.
"""

from __future__ import annotations

from gnomon.devices import Device, aliased
from gnomon.plugins import load_provider
from gnomon.registry import backend_for


def is_available() -> bool:
    """Return whether "cuda" means a device here.

    >>> is_available()
    False
    """
    return device_count() > 0


def device_count() -> int:
    """Return how many devices "cuda" means: none, one, or all of a device type."""
    if aliased("cuda") is None:
        return 0
    target = Device("cuda")
    if target.type == "cpu" or target.index is not None:
        return 1
    return load_provider(target.type).device_count()


def current_device() -> int:
    """Return the index of the device that "cuda" alone means.

    Raises RuntimeError if "cuda" means nothing here.
    """
    _check_available("current_device")
    return Device("cuda").index or 0


def get_device_name(device: str | Device | None = None) -> str:
    """Return one line about ``device`` (default: what "cuda" means), in its backend's words.

    Raises RuntimeError if "cuda" means nothing here.
    """
    _check_available("get_device_name")
    target = Device("cuda") if device is None else Device(device)
    if target.type == "cpu":
        return "cpu"
    return load_provider(target.type).describe(target.index or 0)


def synchronize(device: str | Device | None = None) -> None:
    """Wait until all work given to ``device`` (default: what "cuda" means) is done.

    Raises RuntimeError if "cuda" means nothing here.
    """
    _check_available("synchronize")
    backend_for(Device("cuda") if device is None else Device(device)).synchronize()


def _check_available(function: str) -> None:
    if aliased("cuda") is None:
        raise RuntimeError(
            f'cuda.{function}: "cuda" means no device here. Start the program with '
            '`gnomon run --device NAME`, or call gnomon.devices.alias_device("cuda", NAME).'
        )
