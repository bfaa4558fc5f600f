"""Files that outlive the process: where they are, and how several processes write them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def cache_directory() -> Path:
    """Return where built programs are kept: ``GNOMON_CACHE_DIR``, or the user's cache."""
    chosen = os.environ.get("GNOMON_CACHE_DIR")
    if chosen:
        return Path(chosen) / "opencl"
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "gnomon" / "opencl"


def keep(path: Path, content: bytes) -> bool:
    """Write a file under a temporary name, then rename it: readers see all of it or nothing.

    Returns False where nothing can be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except OSError:
        return False
    return True
