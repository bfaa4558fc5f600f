"""The devices of every OpenCL platform: the entry point ``opencl`` of ``gnomon.backends``."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, final

import pyopencl as cl

from gnomon_opencl.backend import OpenCLBackend
from gnomon_opencl.drivers import patient_threads, set_up_pocl
from gnomon_opencl.kernels.tiles import begin_trials
from gnomon_opencl.trials import all_devices, compiler_works

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
        return opened(index)

    def describe(self, index: int) -> str:
        """Return the name, platform, versions, memory and float types of a device."""
        device = _device(index)
        extensions = device.extensions.split()
        version = re.match(r"OpenCL \S+", device.version)
        parts = [
            device.name.strip(),
            f"{device.platform.name.strip()} {device.driver_version.strip()}",
            version.group() if version else device.version.strip(),
            f"{device.global_mem_size / _GIBIBYTE:.1f} GiB",
            "fp16" if "cl_khr_fp16" in extensions else "fp16 stored, computed as fp32",
            "fp64" if "cl_khr_fp64" in extensions else "no fp64",
        ]
        outcome = compiler_works(device)
        if not outcome.passed:
            parts.append(f"DOES NOT WORK: {outcome.reason}")
        return ", ".join(parts)


@cache
def opened(index: int) -> OpenCLBackend:
    """Return the backend of the device ``index``, one for the whole process.

    Raises RuntimeError, with the remedy, when there is no such device or its driver builds no
    kernels.
    """
    device = _device(index)
    outcome = compiler_works(device)
    if not outcome.passed:
        raise RuntimeError(
            f"device: opencl:{index}, {device.name.strip()} of {device.platform.name.strip()} "
            f"{device.driver_version.strip()}, runs no kernels: {outcome.reason}. Update its "
            "driver, or choose another device of those that `gnomon devices` lists. On x86 "
            "Linux, `pip install 'gnomon[opencl-intel]'` brings another one for the processor."
        )
    backend = OpenCLBackend(device, index)
    begin_trials(backend.runtime)
    return backend


def _device(index: int) -> cl.Device:
    found = _devices()
    if not 0 <= index < len(found):
        raise RuntimeError(
            f"device: opencl:{index} does not exist, there are {len(found)} OpenCL devices. "
            "`gnomon devices` lists them."
        )
    return found[index]


@cache
def _devices() -> tuple[cl.Device, ...]:
    """Return all devices: those that work first, among them GPUs, then in the loader's order;
    the chosen one in front.

    Raises RuntimeError, with the remedy, when there is no platform or none is as chosen.
    """
    set_up_pocl()
    try:
        with patient_threads():
            platforms = cl.get_platforms()
    except cl.Error as error:
        raise RuntimeError(
            f"device: the OpenCL loader finds no platform ({error}). Install the driver of "
            "your card, or `pip install pocl-binary-distribution` to run on this processor."
        ) from error
    found = all_devices()
    if not found:
        names = ", ".join(platform.name for platform in platforms)
        raise RuntimeError(
            f"device: the OpenCL platforms ({names}) have no device. Check the driver's "
            "installation and that you may use the device (groups video and render)."
        )
    with ThreadPoolExecutor() as pool:  # each device is tried in a process
        list(pool.map(compiler_works, found))
    found.sort(key=_preference)
    chosen = os.environ.get("GNOMON_OPENCL_DEVICE")
    return tuple(_chosen_first(found, chosen) if chosen else found)


def _preference(device: cl.Device) -> tuple[bool, int]:
    ranks = [rank for rank, kind in enumerate(_PREFERENCE) if device.type & kind]
    return not compiler_works(device).passed, min(ranks, default=len(_PREFERENCE))


def _names(device: cl.Device) -> str:
    """Return what a device may be known by; of PoCL, the short name is in the version alone."""
    platform = device.platform
    return f"{platform.name} {platform.version} {device.driver_version} {device.name}"


def _chosen_first(found: list[cl.Device], chosen: str) -> list[cl.Device]:
    """Return ``found`` with the device of index or name ``chosen`` in front.

    A number is an index, though names and versions have digits too.
    """
    if chosen.isdecimal():
        matching = found[int(chosen) :]
    else:
        matching = [device for device in found if chosen.lower() in _names(device).lower()]
    if not matching:
        names = "; ".join(f"{i}: {device.name}" for i, device in enumerate(found))
        raise RuntimeError(
            f"device: GNOMON_OPENCL_DEVICE={chosen!r} is neither the index nor part of the "
            f"name of an OpenCL device. There are {names}."
        )
    first = matching[0]
    return [first, *(device for device in found if device is not first)]
