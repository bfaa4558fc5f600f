"""Drivers that pip installs: the loader knows PoCL's, and is told here of Intel's; and how PoCL
is to run.

The package ``intel-opencl-rt`` (extra ``opencl-intel``) brings a driver for x86 processors of
every maker. Its own entry for the loader names a directory that is right in Anaconda only, so
another one is written.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from gnomon_opencl.caching import cache_directory, keep

_SYSTEM: Final = Path("/etc/OpenCL/vendors")
_LIBRARY: Final = "libintelocl.so"
#: The variable of the environment by which PoCL gets fewer threads.
_MOST_THREADS: Final = "POCL_MAX_PTHREAD_COUNT"


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
    os.environ.setdefault("POCL_WORK_GROUP_SPECIALIZATION", "0")
    # Systems leave threads that sleep between launches on one core, for many launches on end:
    # each thread gets a core of its own, if PoCL has as many threads as the process has cores.
    if _MOST_THREADS not in os.environ and _may_use_all_cores():
        os.environ.setdefault("POCL_AFFINITY", "1")


def _may_use_all_cores() -> bool:
    if not hasattr(os, "sched_getaffinity"):
        return False
    return len(os.sched_getaffinity(0)) == os.cpu_count()


def _is_there(path: Path, entry: bytes) -> bool:
    """Return whether the file holds ``entry``, written now if need be."""
    try:
        return path.read_bytes() == entry or keep(path, entry)
    except OSError:
        return keep(path, entry)
