"""``python -m benchmarks``: gnomon on OpenCL devices beside PyTorch, NumPy, JAX, tinygrad.

Times are medians of runs in which the contestants take turns, in milliseconds. "ratio" is how
many times as fast as the best peer the best of gnomon is; "eager" compares gnomon and PyTorch
where neither is compiled. A star marks a ratio under its goal.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from benchmarks.contestants import PEERS, Entrant, Worker, entrants
from benchmarks.costs import print_first_calls, print_memory
from benchmarks.peak import Peak, peak_of
from benchmarks.table import (
    ROWS,
    Cell,
    Effort,
    achieved,
    best_of,
    best_of_eager,
    judged,
    measure,
    milliseconds,
)
from gnomon.plugins import load_provider

THOROUGH = Effort(rounds=25, seconds=12.0, patience=300.0)
QUICK = Effort(rounds=5, seconds=2.0, patience=60.0)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the rows asked for and print the table."""
    options = _parser().parse_args(arguments)
    for variable in THREADS:  # read by the libraries that workers import
        os.environ[variable] = str(options.threads)
    chosen = [name for name in ROWS if not options.only or any(o in name for o in options.only)]
    if not chosen:
        print(f"No row's name has {' or '.join(options.only)} in it.", *ROWS, sep="\n")
        return 2
    found = [e for e in entrants() if not any(text in e.title for text in options.skip)]
    if options.memory or options.first_call:
        steps = [name for name in chosen if ROWS[name].compiled]
        print_memory(steps, found) if options.memory else print_first_calls(steps, found)
        return 0
    peaks = _peaks(found) if any(ROWS[name].is_limited for name in chosen) else {}
    _introduce(found, peaks)
    titles = [entrant.title for entrant in found]
    header = ["ms", *titles, "ratio", "eager", "best of gnomon"]
    table = _Table(header, options.markdown)
    peak = max(peaks.values(), default=None)
    effort = QUICK if options.quick else THOROUGH
    workers = [Worker(entrant) for entrant in found]
    results = {}
    try:
        for name in chosen:
            results[name] = measure(ROWS[name], workers, effort)
            table.add(_line(name, results[name], found, peak))
    finally:
        for worker in workers:
            worker.stop()
    print()
    for name in chosen:
        if ROWS[name].calls > 1:
            _print_costs(name, results[name], found)
    _print_failures(results, found)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", metavar="TEXT", help="rows with TEXT")
    parser.add_argument(
        "--skip", action="append", default=[], metavar="TEXT", help="no contestants with TEXT"
    )
    parser.add_argument("--quick", action="store_true", help="few runs of each row")
    parser.add_argument(
        "--memory", action="store_true", help="the memory that rows take, not their time"
    )
    parser.add_argument(
        "--first-call", action="store_true", help="the time of the first calls of rows"
    )
    parser.add_argument("--markdown", action="store_true", help="a table in Markdown")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="threads of the peers (default all)"
    )
    return parser


def _peaks(found: Sequence[Entrant]) -> dict[str, Peak]:
    """Return what each device of gnomon's reaches at all, by its name."""
    devices = dict.fromkeys(entrant.device for entrant in found if entrant.is_gnomon)
    peaks = {device: peak_of(_index(device)) for device in devices}
    return {device: peak for device, peak in peaks.items() if peak is not None}


def _index(device: str) -> int:
    return int(device.rpartition(":")[2])


def _introduce(found: Sequence[Entrant], peaks: Mapping[str, Peak]) -> None:
    for device in dict.fromkeys(entrant.device for entrant in found if entrant.is_gnomon):
        print(load_provider("opencl").describe(_index(device)))
        if device in peaks:
            peak = peaks[device]
            reached = f"{peak.operations / 1e9:.0f} GFLOP/s, {peak.bytes / 1e9:.1f} GB/s"
            print(f"    a loop of multiply-adds and a copy reach {reached}")
    packages = {package for title, package, _ in PEERS if title in {e.title for e in found}}
    print(*[f"{package} {version(package)}" for package in sorted(packages)], sep=", ")
    print()


def _line(
    name: str, cells: Sequence[Cell], found: Sequence[Entrant], peak: Peak | None
) -> list[str]:
    row = ROWS[name]
    best, eager = best_of(cells, found, row.rival), best_of_eager(cells, found)
    times = [milliseconds(cell.seconds) for cell in cells]
    ratios = [judged(best.ratio, row.goal), judged(eager.ratio, row.eager_goal)]
    return [name, *times, *ratios, achieved(row, best.gnomon, peak)]


def _print_costs(name: str, cells: Sequence[Cell], found: Sequence[Entrant]) -> None:
    for cell, entrant in zip(cells, found, strict=True):
        if cell.python_seconds is not None and entrant.is_gnomon:
            cost = f"{cell.python_seconds * 1e6:.1f} us of Python each"
            print(f"{name}, {entrant.title}: {cost}, before the device is waited for")


def _print_failures(results: Mapping[str, Sequence[Cell]], found: Sequence[Entrant]) -> None:
    """Say why cells are empty, each reason once."""
    rows: dict[tuple[str, str], list[str]] = {}
    for name, cells in results.items():
        for cell, entrant in zip(cells, found, strict=True):
            if cell.reason:
                reason = cell.reason.splitlines()[0]
                rows.setdefault((entrant.title, reason), []).append(name)
    for (title, reason), names in rows.items():
        print(f"{title}: {reason} ({'; '.join(names)})")


class _Table:
    """Prints line after line, as soon as each is known."""

    def __init__(self, header: list[str], markdown: bool) -> None:
        self._markdown = markdown
        self._widths = [
            max(map(len, ROWS)),
            *[max(len(title), len("9.9999")) for title in header[1:-1]],
            len("999.9 GFLOP/s (99 %)"),
        ]
        self.add(header)
        if markdown:
            print("|" + "|".join(["---"] + ["---:"] * (len(header) - 1)) + "|")

    def add(self, line: list[str]) -> None:
        """Print ``line``."""
        first, *rest = zip(line, self._widths, strict=True)
        cells = [first[0].ljust(first[1]), *[text.rjust(width) for text, width in rest]]
        text = " | ".join(cells)
        print(f"| {text} |" if self._markdown else text.replace(" | ", "  "), flush=True)


if __name__ == "__main__":
    sys.exit(main())
