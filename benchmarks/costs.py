"""What a step costs besides its time: memory, and the first calls.

Each contestant is measured in a process of its own, which has done nothing else.

``python -m benchmarks.costs CONTESTANT ROW`` prints the figures of one as JSON.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.contestants import Entrant, entrants, timed
from benchmarks.table import ROWS

#: Calls after the first until every compiler is done, and others while memory is watched.
_NEXT: Final = 2
_WATCHED: Final = 3
_PATIENCE: Final = 400.0
#: The directories in which libraries keep what they have compiled, below that of a measurement.
_CACHES: Final = (
    "GNOMON_CACHE_DIR",
    "POCL_CACHE_DIR",
    "TORCHINDUCTOR_CACHE_DIR",
    "XDG_CACHE_HOME",
)
#: Seconds that the first calls of gnomon should take at most: with empty caches, from the disk.
_GOALS: Final = (5.0, 0.5)


class Costs(NamedTuple):
    """The seconds of the first call and of those after it, and peaks of memory in bytes."""

    first: float
    following: float
    #: By how much the process has grown since it has imported the library.
    resident: int
    #: What tensors and temporaries on a device of gnomon's take; 0 for others.
    device: int

    @property
    def until_compiled(self) -> float:
        """The seconds until compilers are done."""
        return self.first + self.following


def measured(entrant: Entrant, row: str) -> Costs | None:
    """Return what ``row`` costs in this process; None if there is no program for it."""
    library = entrant.library()
    before = _status("VmRSS")
    run = library.prepare(ROWS[row])
    if run is None:
        return None
    first, *following = [timed(library, run, 1).done for _ in range(1 + _NEXT)]
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of compilers
    use = _memory_use(entrant.device)
    use(reset_peaks=True)
    for _ in range(_WATCHED):
        timed(library, run, 1)
    grown = _status("VmHWM") - before
    return Costs(first, sum(following), grown, use(reset_peaks=False))


def _status(name: str) -> int:
    """Return a figure of this process, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def _memory_use(device: str) -> Callable[..., int]:
    """Return what tells the peak of a device's memory."""
    if not device:
        return lambda reset_peaks: 0
    from gnomon.backend import Device
    from gnomon.plugins import backend_for

    backend = backend_for(Device(device))
    return lambda reset_peaks: backend.memory_use(reset_peaks).allocated_peak


def costs_of(title: str, row: str, caches: str | None) -> Costs | str:
    """Return what a contestant needs in a process of its own, or why that is not known.

    What is compiled is kept below ``caches``, or where libraries keep it by themselves.
    """
    places = {} if caches is None else {name: f"{caches}/{name}" for name in _CACHES}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.costs", title, row],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
            env=os.environ | places,
        )
    except subprocess.TimeoutExpired:
        return f"took over {_PATIENCE:.0f} s"
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    figures = json.loads(lines[-1])
    return Costs(*figures) if figures else ""


def print_memory(rows: Sequence[str], found: Sequence[Entrant]) -> None:
    """Print by how much each contestant's process grows for a step, in MB."""
    print(f"{'peak memory, MB':65} {'process':>9} {'device':>9} {'to PyTorch':>11}")
    for row in rows:
        all_costs = {each.title: costs_of(each.title, row, None) for each in found}
        peer = all_costs.get("PyTorch")
        for title, costs in all_costs.items():
            name = f"{row}: {title}"
            if isinstance(costs, str):
                print(f"{name:65} {costs or 'no program'}")
                continue
            device = f"{costs.device / 1e6:.1f}" if costs.device else "-"
            ratio = costs.resident / peer.resident if isinstance(peer, Costs) else None
            goal = 1.0 if title.startswith("compiled") else math.inf
            shown = "-" if ratio is None else f"{ratio:.2f}{'*' if ratio > goal else ''}"
            print(f"{name:65} {costs.resident / 1e6:9.1f} {device:>9} {shown:>11}", flush=True)


def print_first_calls(rows: Sequence[str], found: Sequence[Entrant]) -> None:
    """Print what the first calls take: with empty caches, and with those that this filled."""
    print(f"{'seconds of the first call, and of three':65} {'cold':>15} {'from disk':>15}")
    for row in rows:
        for entrant in found:
            with tempfile.TemporaryDirectory() as caches:
                pair = [costs_of(entrant.title, row, caches) for _ in range(2)]
            goals = _GOALS if entrant.is_gnomon else (math.inf, math.inf)
            cells = [_first_calls(*each) for each in zip(pair, goals, strict=True)]
            print(f"{f'{row}: {entrant.title}':65} {cells[0]:>15} {cells[1]:>15}", flush=True)


def _first_calls(costs: Costs | str, goal: float) -> str:
    if isinstance(costs, str):
        return costs or "no program"
    star = "*" if costs.until_compiled > goal else ""
    return f"{costs.first:.2f} / {costs.until_compiled:.2f}{star}"


def main(title: str, row: str) -> None:
    (entrant,) = [each for each in entrants() if each.title == title]
    print(json.dumps(measured(entrant, row)))


if __name__ == "__main__":
    main(*sys.argv[1:])
