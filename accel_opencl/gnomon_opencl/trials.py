"""Trials of kernels on which compilers have been seen to abort the process, in a process of
their own.

PoCL 3.0 aborts on some kernels with vectors of 64 bytes, and runs others at twice the speed of
shorter vectors. A trial multiplies matrices with such vectors; whether it ended well is kept on
disk with the built programs, by device and driver.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import cache
from typing import Final

import pyopencl as cl

from gnomon_opencl.programs import cache_directory

_SECONDS: Final = 120
_PASSED: Final = "passed"


@cache
def wide_vectors_are_safe(device: cl.Device) -> bool:
    """Return whether ``device`` builds and runs products in vectors of 64 bytes."""
    identity = f"{device.platform.version}\n{device.name}\n{device.driver_version}"
    name = hashlib.sha256(identity.encode()).hexdigest()
    path = cache_directory() / f"{name}.trial"
    try:
        return path.read_text() == _PASSED
    except OSError:
        passed = _passes(device)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_PASSED if passed else "failed")
    except OSError:  # the next process tries again
        return passed
    return passed


def _passes(device: cl.Device) -> bool:
    number = all_devices().index(device)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "gnomon_opencl.trial_of_wide_vectors", str(number)]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def all_devices() -> list[cl.Device]:
    """Return the devices of all platforms in the loader's order."""
    found = []
    for platform in cl.get_platforms():
        try:
            found += platform.get_devices()
        except cl.Error:  # a driver without its hardware
            continue
    return found
