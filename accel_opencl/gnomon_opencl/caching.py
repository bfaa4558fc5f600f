"""Files that outlive the process: where they are, and how several processes write them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Final

#: What the files come to at most, as far as they are not in use, in bytes. The kernels of a
#: quick run of the conformance suite are 380 MB on PoCL. Runs on several drivers by turns, and
#: of the default tier, which has twice the cases, should find theirs again.
_MOST_BYTES: Final = 1 << 32


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


def mark_used(path: Path) -> None:
    """Let a file be the last to be removed."""
    with contextlib.suppress(OSError):
        os.utime(path)


def bound_size(directory: Path, most_bytes: int = _MOST_BYTES) -> None:
    """Remove the files in ``directory`` that were not used for longest, if it is too large.

    Other processes may write and remove files meanwhile.
    """
    found: list[tuple[float, int, Path]] = []
    for path in directory.glob("*.*"):
        with contextlib.suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most_bytes:
            break
        with contextlib.suppress(OSError):
            path.unlink()
        total -= size
