"""The devices of every OpenCL platform: the entry point ``opencl`` of ``gnomon.backends``."""

from __future__ import annotations

import os
from functools import cache
from typing import Final, final

import pyopencl as cl

from gnomon_opencl.backend import OpenCLBackend

_GIBIBYTE: Final = 2**30
#: The order in which kinds of device are numbered.
_PREFERENCE: Final = (
    cl.device_type.GPU,
    cl.device_type.ACCELERATOR,
    cl.device_type.CUSTOM,
    cl.device_type.CPU,
)


@final
class Provider:
    """What ``gnomon.plugins`` asks of an installed backend."""

    def device_count(self) -> int:
        """Return how many devices there are."""
        return len(_devices())

    def open(self, index: int) -> OpenCLBackend:
        """Return the backend of the device ``index``."""
        found = _devices()
        if index >= len(found):
            raise RuntimeError(
                f"device: opencl:{index} does not exist, there are {len(found)} OpenCL "
                "devices. `gnomon devices` lists them."
            )
        return opened(index)

    def describe(self, index: int) -> str:
        """Return the name, platform, version, memory and float types of a device."""
        device = _devices()[index]
        platform = device.platform
        extensions = device.extensions.split()
        halves = "fp16" if "cl_khr_fp16" in extensions else "fp16 stored only"
        doubles = "fp64" if "cl_khr_fp64" in extensions else "no fp64"
        return (
            f"opencl:{index} {device.name.strip()} ({platform.name.strip()}, "
            f"{device.version.strip()}), {device.global_mem_size / _GIBIBYTE:.1f} GiB, "
            f"{halves}, {doubles}"
        )


@cache
def opened(index: int) -> OpenCLBackend:
    """Return the backend of the device ``index``, one for the whole process."""
    return OpenCLBackend(_devices()[index], index)


@cache
def _devices() -> tuple[cl.Device, ...]:
    """Return all devices: GPUs first, platforms in the loader's order; the chosen one in front.

    Raises RuntimeError, with the remedy, when there is no platform or none is as chosen.
    """
    try:
        platforms = cl.get_platforms()
    except cl.Error as error:
        raise RuntimeError(
            f"device: the OpenCL loader finds no platform ({error}). Install the driver of "
            "your card, or `pip install pocl-binary-distribution` to run on this processor."
        ) from error
    found = [device for platform in platforms for device in _devices_of(platform)]
    if not found:
        names = ", ".join(platform.name for platform in platforms)
        raise RuntimeError(
            f"device: the OpenCL platforms ({names}) have no device. Check the driver's "
            "installation and that you may use the device (groups video and render)."
        )
    found.sort(key=_preference)
    chosen = os.environ.get("GNOMON_OPENCL_DEVICE")
    return tuple(_chosen_first(found, chosen) if chosen else found)


def _devices_of(platform: cl.Platform) -> list[cl.Device]:
    try:
        devices: list[cl.Device] = platform.get_devices()
        return devices
    except cl.Error:  # a driver without its hardware
        return []


def _preference(device: cl.Device) -> int:
    for rank, kind in enumerate(_PREFERENCE):
        if device.type & kind:
            return rank
    return len(_PREFERENCE)


def _chosen_first(found: list[cl.Device], chosen: str) -> list[cl.Device]:
    """Return ``found`` with the device of index or name ``chosen`` in front."""
    matching = [
        device
        for index, device in enumerate(found)
        if chosen == str(index)
        or chosen.lower() in f"{device.platform.name} {device.name}".lower()
    ]
    if not matching:
        names = "; ".join(f"{i}: {device.name}" for i, device in enumerate(found))
        raise RuntimeError(
            f"device: GNOMON_OPENCL_DEVICE={chosen!r} is neither the index nor part of the "
            f"name of an OpenCL device. There are {names}."
        )
    first = matching[0]
    return [first, *(device for device in found if device is not first)]
