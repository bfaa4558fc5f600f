"""What a device can reach at all: multiply-adds in registers, and copies of large memory.

``python -m benchmarks.peak 0`` prints the GFLOP/s and GB/s of ``opencl:0``. Each width of
vectors is tried in a process of its own, because some compilers abort on the wider ones.
"""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

_LANES = (1, 4, 8, 16)


class Peak(NamedTuple):
    """Floating-point operations and bytes a second."""

    operations: float
    bytes: float


def peak_of(index: int) -> Peak | None:
    """Return the best that any width reaches on ``opencl:<index>``, or None."""
    found = []
    for lanes in _LANES:
        command = [sys.executable, "-m", "benchmarks.peak", str(index), str(lanes)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found.append(Peak(*map(float, done.stdout.split())))
    return Peak(*map(max, zip(*found, strict=True))) if found else None


def main(arguments: list[str]) -> None:
    index, *lanes = map(int, arguments)
    if lanes:
        from gnomon_opencl.peaks import measured_peak
        from gnomon_opencl.provider import opened

        print(*measured_peak(opened(index).runtime, *lanes))
    elif peak := peak_of(index):
        print(f"{peak.operations / 1e9:.0f} GFLOP/s, {peak.bytes / 1e9:.1f} GB/s")


if __name__ == "__main__":
    main(sys.argv[1:])
