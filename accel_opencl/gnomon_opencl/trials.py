"""Trials of a device's compiler, in a process of their own: a compiler may abort the process.

Each trial is a module, run with the device's number, that ends with status 0 if all went well.
How it ended is kept on disk with the built programs, by device, driver and what was tried.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, final

import pyopencl as cl

from gnomon_opencl.caching import cache_directory, keep
from gnomon_opencl.generation import source_file

_SECONDS: Final = 120
_SUFFIX: Final = ".trial"
#: The text of products in wide vectors: another one has to be tried again.
_WIDE_PRODUCT: Final = ("panel_places", "panel_packing", "panel_product")


@final
class Outcome(NamedTuple):
    """How a trial ended: its status, negative for the signal it died of, and its last words."""

    status: int
    words: str = ""

    @property
    def passed(self) -> bool:
        return self.status == 0


def compiler_works(device: cl.Device) -> Outcome:
    """Return whether ``device`` builds and runs a kernel at all."""
    return _outcome(device, "trial_of_compiler")


def wide_vectors_are_safe(device: cl.Device) -> bool:
    """Return whether ``device`` builds and runs products in vectors of 64 bytes.

    PoCL 3.0 aborts on some kernels with such vectors, and runs others at twice the speed of
    shorter vectors.
    """
    texts = [source_file(name) for name in _WIDE_PRODUCT]
    return _outcome(device, "trial_of_wide_vectors", "".join(texts)).passed


@cache
def _outcome(device: cl.Device, trial: str, text: str = "") -> Outcome:
    identity = (
        f"{trial}\n{text}\n{device.platform.version}\n{device.name}\n{device.driver_version}"
    )
    path = cache_directory() / f"{hashlib.sha256(identity.encode()).hexdigest()}{_SUFFIX}"
    found = _kept(path)
    if found is None:
        found = _tried(device, trial)
        keep(path, f"{found.status}\n{found.words}".encode())
    return found


def _kept(path: Path) -> Outcome | None:
    try:
        status, _, words = path.read_text().partition("\n")
        return Outcome(int(status), words)
    except (OSError, ValueError):
        return None


def _tried(device: cl.Device, trial: str) -> Outcome:
    number = all_devices().index(device)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", f"gnomon_opencl.{trial}", str(number)]
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Outcome(1, str(error))
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return Outcome(done.returncode, lines[-1] if lines else "")


def all_devices() -> list[cl.Device]:
    """Return the devices of all platforms in the loader's order."""
    found = []
    for platform in cl.get_platforms():
        try:
            found += platform.get_devices()
        except cl.Error:  # a driver without its hardware
            continue
    return found
