"""Trials of a device's compiler, in a process of their own: a compiler may abort the process.

Each trial is a module, run with the device's number, that ends with status 0 if all went well
and with ``FAILED`` if not. How it ended is kept on disk with the built programs, by device,
driver and what was tried, unless it was ended from outside.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, final

import pyopencl as cl

from gnomon_opencl.caching import cache_directory, keep
from gnomon_opencl.drivers import name_processor, text_for
from gnomon_opencl.generation import source_file

#: The variable of the environment that says how many builders there are; see ``builders``.
BUILDERS_VARIABLE: Final = "GNOMON_OPENCL_BUILDERS"
_SECONDS: Final = 120
_SUFFIX: Final = ".trial"
#: What is left on disk of a compiler that aborted a trial.
_MARK: Final = ".aborts"
#: The status of a trial that found something wrong; Python's own failures have others.
FAILED: Final = 3
#: The status that stands for a process that did not end by itself.
_NOT_RUN: Final = 2
#: What a process dies of when it is its own fault.
_FAULTS: Final = frozenset(
    -fault
    for fault in (
        signal.SIGABRT,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGSEGV,
        *([signal.SIGBUS, signal.SIGTRAP] if hasattr(signal, "SIGBUS") else []),
    )
)
#: One lock for each trial, so that threads that ask for the same wait for each other.
_locks: Final[dict[tuple[object, ...], threading.Lock]] = {}
#: The text of products in wide vectors: another one has to be tried again.
_WIDE_PRODUCT: Final = ("panel_places", "panel_packing", "panel_product", "line_product")


@final
class Outcome(NamedTuple):
    """How a trial ended: its status, negative for the signal it died of, and its last words."""

    status: int
    words: str = ""

    @property
    def passed(self) -> bool:
        return self.status == 0

    @property
    def reason(self) -> str:
        """Why the trial failed."""
        return _end_of(self.status, self.words)


def compiler_works(device: cl.Device) -> Outcome:
    """Return whether ``device`` builds and runs a kernel at all."""
    return _outcome_as_built(device, "trial_of_compiler")


def long_vectors_are_right(device: cl.Device) -> bool:
    """Return whether ``device`` moves and converts vectors of eight 64-bit elements rightly.

    PoCL 3.0 takes some processors with AVX-512, such as AMD's Zen 4, for ones without it and
    calls functions that take such vectors in other registers, unless it is told better.
    """
    return _outcome_as_built(device, "trial_of_long_vectors").passed


def wide_elements_are_right(device: cl.Device) -> bool:
    """Return whether ``device`` computes functions of vectors of sixteen floats rightly."""
    return _outcome_as_built(device, "trial_of_wide_elements").passed


def wide_vectors_are_safe(device: cl.Device, *product: object) -> bool:
    """Return whether ``device`` builds and runs a product in vectors of 64 bytes: the one that
    ``trial_of_wide_vectors`` takes for these arguments. Each is tried when it is first needed,
    and what is built then is found on disk.

    PoCL 3.0 aborts on some kernels with such vectors, and runs others at twice the speed of
    shorter vectors.
    """
    texts = [source_file(name) for name in _WIDE_PRODUCT]
    arguments = tuple([str(int(each) if isinstance(each, bool) else each) for each in product])
    return _outcome(device, "trial_of_wide_vectors", "".join(texts), arguments).passed


def begin_wide_elements(device: cl.Device) -> None:
    """Try ``wide_elements_are_right`` while something else is tried."""
    threading.Thread(target=wide_elements_are_right, args=(device,), daemon=True).start()


def begin_wide_vectors(device: cl.Device, products: Iterable[tuple[object, ...]]) -> None:
    """Try these products side by side, while the program goes on: most programs ask for some
    of them soon, and each would wait for a process.
    """
    for product in products:
        threading.Thread(
            target=wide_vectors_are_safe, args=(device, *product), daemon=True
        ).start()


def compiler_is_trusted(device: cl.Device) -> bool:
    """Return whether programs may be built in this process.

    A compiler that aborted a trial is not trusted with anything new again. Where
    ``GNOMON_OPENCL_BUILD_APART`` is 1, none is.
    """
    if os.environ.get("GNOMON_OPENCL_BUILD_APART") == "1":
        return False
    return not _path_of(device, "", _MARK).exists()


def note_end(device: cl.Device, status: int) -> None:
    """Note that a process which built programs ended: of a fault of its own, if the compiler
    is not to be trusted again.
    """
    if status in _FAULTS:
        keep(_path_of(device, "", _MARK), b"")


def built_apart(device: cl.Device, source: str, options: list[str]) -> bytes | None:
    """Return what ``device`` builds of ``source``, in a process of its own; None if there is an
    error in it.

    Raises RuntimeError when the compiler aborts that process, or takes too long.
    """
    done = _run(device, "trial_of_program", options, source.encode())
    if done.status == 0:
        return done.output
    if done.status == FAILED:
        return None
    raise RuntimeError(_end_of(done.status, done.words))


def _end_of(status: int, words: str) -> str:
    if status < 0:
        return f"the compiler aborts the process (signal {-status})"
    return words or f"the compiler ends the process with status {status}"


def _outcome_as_built(device: cl.Device, trial: str) -> Outcome:
    """Return how a trial ended that builds what it tries as programs are built.

    What is added to programs decides it, so that is part of the name of what is kept.
    """
    return _outcome(device, trial, text_for(device.platform.version, ""))


def _outcome(
    device: cl.Device, trial: str, text: str = "", arguments: tuple[str, ...] = ()
) -> Outcome:
    """Return how a trial ended, which happens once, however many threads ask."""
    with _locks.setdefault((device, trial, text, arguments), threading.Lock()):
        return _tried(device, trial, text, arguments)


@cache
def _tried(device: cl.Device, trial: str, text: str, arguments: tuple[str, ...]) -> Outcome:
    path = _path_of(device, "\n".join([trial, *arguments, text]), _SUFFIX)
    found = _kept(path)
    if found is None:
        done = _run(device, trial, list(arguments), b"")
        lines = done.output.decode(errors="replace").splitlines()
        found = Outcome(done.status, lines[-1].strip() if lines else done.words)
        if found.status in (0, FAILED) or found.status in _FAULTS:
            keep(path, f"{found.status}\n{found.words}".encode())
        note_end(device, found.status)
    return found


def _path_of(device: cl.Device, tried: str, suffix: str) -> Path:
    """Return where it is kept how something that was tried on ``device`` ended."""
    identity = f"{tried}\n{device.platform.version}\n{device.name}\n{device.driver_version}"
    return cache_directory() / f"{hashlib.sha256(identity.encode()).hexdigest()}{suffix}"


def _kept(path: Path) -> Outcome | None:
    try:
        status, _, words = path.read_text().partition("\n")
        return Outcome(int(status), words)
    except (OSError, ValueError):
        return None


class _Ended(NamedTuple):
    """How a process ended, what it wrote, and why it did not run to its end."""

    status: int
    output: bytes
    words: str = ""


def _run(device: cl.Device, module: str, arguments: list[str], given: bytes) -> _Ended:
    """Run a module of this package on the number of ``device``."""
    number = str(all_devices().index(device))
    command = [sys.executable, "-m", f"gnomon_opencl.{module}", number, *arguments]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        BUILDERS_VARIABLE: "0",
    }
    try:
        done = subprocess.run(
            command,
            env=environment,
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Ended(_NOT_RUN, b"", str(error))
    return _Ended(done.returncode, done.stdout)


def all_devices() -> list[cl.Device]:
    """Return the devices of all platforms in the loader's order, ready to compile."""
    found = []
    for platform in cl.get_platforms():
        try:
            found += platform.get_devices()
        except cl.Error:  # a driver without its hardware
            continue
    for device in found:
        name_processor(device.platform.version, device.int_ptr)
    return found
