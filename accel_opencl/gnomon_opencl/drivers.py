"""Drivers that pip installs: the loader knows PoCL's, and is told here of Intel's.

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


def _is_there(path: Path, entry: bytes) -> bool:
    """Return whether the file holds ``entry``, written now if need be."""
    try:
        return path.read_bytes() == entry or keep(path, entry)
    except OSError:
        return keep(path, entry)
