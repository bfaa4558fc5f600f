"""Drivers that pip installs: the loader knows PoCL's, and is told here of Intel's; and how PoCL
is to run and to compile.

The package ``intel-opencl-rt`` (extra ``opencl-intel``) brings a driver for x86 processors of
every maker. Its own entry for the loader names a directory that is right in Anaconda only, so
another one is written.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing import parent_process
from pathlib import Path
from typing import Final

from gnomon_opencl.caching import cache_directory, keep

_SYSTEM: Final = Path("/etc/OpenCL/vendors")
_LIBRARY: Final = "libintelocl.so"
#: The variable of the environment by which PoCL gets fewer threads.
_MOST_THREADS: Final = "POCL_MAX_PTHREAD_COUNT"
#: The variable by which each of them gets a core of its own, and the one that holds its value
#: if it is not the user who has set it.
_BOUND: Final = "POCL_AFFINITY"
_BOUND_HERE: Final = "GNOMON_OPENCL_BOUND"
#: The variable by which kernels are compiled again for the sizes of a launch.
_SPECIALIZED: Final = "POCL_WORK_GROUP_SPECIALIZATION"
#: What pytest-xdist calls the process, in each of those that it runs tests in.
_TEST_PROCESS: Final = "PYTEST_XDIST_WORKER"
#: Part of the version of the PoCL that PyPI has.
_PLAIN_POCL: Final = "PoCL 3.0"
#: What it calls a processor that it does not know, and compiles nothing for.
_UNKNOWN: Final = b"generic\0"
#: Where Linux shows a process its own memory: a place that is not there is an error, no fault.
_OWN_MEMORY: Final = Path("/proc/self/mem")
#: The part of PoCL's record of a device that its processor's name is looked for in.
_RECORD_BYTES: Final = 1024
_POINTER_BYTES: Final = struct.calcsize("P")
#: Part of the version of a simulator, and what programs for it begin with.
_SIMULATOR: Final = "Oclgrind"
_NO_FETCHES: Final = "#define FETCH(p, is_written)\n"
#: Versions of PoCL whose compiler and binaries are known.
_KNOWN_POCL: Final = (_PLAIN_POCL, "PoCL 3.1")
#: What Linux says about the processor.
_PROCESSOR: Final = Path("/proc/cpuinfo")
_HASWELL: Final = frozenset({"avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"})
#: Processors that PoCL's library of built-in functions is compiled for, the best first, and
#: what a processor must have for it.
_LIBRARIES: Final = {
    "skylake-avx512": _HASWELL | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "haswell": _HASWELL,
}


def announce_installed_drivers(prefix: str = sys.prefix, system: Path = _SYSTEM) -> None:
    """Let the OpenCL loader, not asked for anything yet, find the driver under ``prefix`` too.

    A program or user that has set ``OCL_ICD_VENDORS`` has chosen the drivers; so has the system
    that announces Intel's itself.
    """
    library = Path(prefix) / "lib" / _LIBRARY
    if "OCL_ICD_VENDORS" in os.environ or not library.exists():
        return
    entries = {path.name: path.read_bytes() for path in sorted(system.glob("*.icd"))}
    if any(_LIBRARY.encode() in entry for entry in entries.values()):
        return
    entries["gnomon-intel.icd"] = f"{library}\n".encode()
    directory = cache_directory() / "vendors"
    for path in directory.glob("*.icd"):
        if path.name not in entries:
            path.unlink(missing_ok=True)
    if all(_is_there(directory / name, entry) for name, entry in entries.items()):
        os.environ["OCL_ICD_VENDORS"] = str(directory)


def set_up_pocl() -> None:
    """Tell PoCL, before it is asked for devices, what suits this backend and nobody has set."""
    # It would compile each kernel twice: for its binary, and again for the sizes of a launch.
    os.environ.setdefault(_SPECIALIZED, "0")
    # Systems leave threads that sleep between launches on one core, for many launches on end:
    # each thread gets a core of its own, if PoCL has as many threads as the process has cores.
    # Of processes that share these, one would wait for the others on a core that is not idle.
    inherited = os.environ.pop(_BOUND_HERE, None)  # from the process that started this one
    if inherited is not None and os.environ.get(_BOUND) == inherited:
        del os.environ[_BOUND]
    chosen = _MOST_THREADS in os.environ or _BOUND in os.environ
    if not chosen and _may_use_all_cores() and not _is_one_of_several():
        os.environ |= {_BOUND: "1", _BOUND_HERE: "1"}


def text_for(driver: str, source: str) -> str:
    """Return ``source`` as the driver, told by its platform's version, is to compile it.

    Oclgrind's compiler knows how to fetch ahead, but the simulator refuses such kernels.

    PoCL 3.0 compiles kernels for the processor there is, as far as it knows it, but its library
    for one of a few. Functions of the library are inlined only where both are the same; without
    that, kernels take up to six times as long.
    """
    if _SIMULATOR in driver:
        return f"{_NO_FETCHES}{source}"
    processor = _library_processor() if _PLAIN_POCL in driver else None
    if processor is None:
        return source
    attribute = f'__attribute__((target("arch={processor}")))'
    return (
        f"#pragma clang attribute push ({attribute}, apply_to = function)\n{source}"
        "\n#pragma clang attribute pop\n"
    )


def name_processor(driver: str, place: int) -> None:
    """Let PoCL 3.0 compile for a processor that is newer than itself. ``driver`` is its
    platform's version, ``place`` that of its record of the device.

    Its compiler takes such a processor for ``generic``, under which name it refuses every
    program, and no option comes after that name. So the name in PoCL's record of the device is
    replaced by that of the processor its library is compiled for, which is one the machine can
    run. A record in which no such name is found, once, is left as it is.
    """
    processor = _library_processor() if _PLAIN_POCL in driver else None
    if processor is None:
        return
    try:
        with _OWN_MEMORY.open("r+b", buffering=0) as memory:
            record = os.pread(memory.fileno(), _RECORD_BYTES, place)
            places = [
                place + index * _POINTER_BYTES
                for index, (pointer,) in enumerate(struct.iter_unpack("P", record))
                if _holds(memory.fileno(), pointer, _UNKNOWN)
            ]
            if len(places) == 1:
                name = _kept_by_driver(processor)
                os.pwrite(memory.fileno(), struct.pack("P", name), places[0])
    except OSError:  # a sandbox that does not allow it
        return


def _holds(memory: int, place: int, expected: bytes) -> bool:
    """Return whether the memory at ``place``, if there is any, begins with ``expected``."""
    try:
        return os.pread(memory, len(expected), place) == expected
    except (OSError, OverflowError):
        return False


def _kept_by_driver(name: str) -> int:
    """Return the place of a copy of ``name`` that a driver may free."""
    duplicate = ctypes.CDLL(None).strdup
    duplicate.argtypes, duplicate.restype = [ctypes.c_char_p], ctypes.c_void_p
    return int(duplicate(name.encode()))


def can_declare(driver: str) -> bool:
    """Return whether the driver may be given programs with ``declarations`` of their own."""
    return _is_known(driver)


def _is_known(driver: str) -> bool:
    return any(version in driver for version in _KNOWN_POCL)


def ready_to_run(driver: str, binary: bytes) -> bytes:
    """Return the binary of a program without what the driver need not read to run it.

    PoCL's binaries hold the program as it was compiled for one work-item, too. Reading that
    takes more than half of the time to load a program, and is of use only where kernels are
    compiled again for the sizes of a launch. PoCL does not look for it under another name.
    """
    if _is_known(driver) and os.environ.get(_SPECIALIZED) == "0":
        return binary.replace(b"/program.bc", b"/program.no", 1)
    return binary


@cache
def _library_processor() -> str | None:
    """Return the processor that PoCL's library is compiled for on this machine, if known."""
    if platform.machine() != "x86_64" or not _PROCESSOR.exists():
        return None
    found = re.search(r"^flags\s*:(.*)$", _PROCESSOR.read_text(), re.MULTILINE)
    features = set(found.group(1).split()) if found else set()
    return next((name for name, needed in _LIBRARIES.items() if needed <= features), None)


@contextmanager
def patient_threads() -> Iterator[None]:
    """Let threads that a driver starts meanwhile not interrupt those of the program.

    A thread that has slept is preferred by Linux when it wakes: each launch would stop the
    program on its core until the kernel is done, though another core were idle. Threads of the
    policy for batches wait for their turn, and have the same share of a core otherwise.
    """
    if not hasattr(os, "SCHED_BATCH") or os.sched_getscheduler(0) != os.SCHED_OTHER:
        yield
        return
    priority = os.sched_param(0)
    try:
        os.sched_setscheduler(0, os.SCHED_BATCH, priority)  # which new threads take over
    except OSError:  # a sandbox that does not allow it
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, priority)


def _may_use_all_cores() -> bool:
    if not hasattr(os, "sched_getaffinity"):
        return False
    return len(os.sched_getaffinity(0)) == os.cpu_count()


def _is_one_of_several() -> bool:
    """Return whether the process is at work beside others: of a pool, or of a run of tests."""
    return parent_process() is not None or _TEST_PROCESS in os.environ


def _is_there(path: Path, entry: bytes) -> bool:
    """Return whether the file holds ``entry``, written now if need be."""
    try:
        return path.read_bytes() == entry or keep(path, entry)
    except OSError:
        return keep(path, entry)
