"""The table: rows measured by all contestants in turn, and what is made of the medians."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, NamedTuple

from benchmarks import fused, rows, training
from benchmarks.contestants import Entrant, Timing, Worker
from benchmarks.peak import Peak
from benchmarks.rows import Row

ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        *[rows.matmul(size, size, size) for size in (256, 512, 1024, 2048)],
        rows.matmul(64, 1000, 100),
        rows.matmul(4096, 64, 4096),
        rows.matmul(128, 64, 128, batch=64),
        rows.copy_transposed(),
        rows.add(),
        rows.sums(0),
        rows.sums(1),
        rows.softmax(),
        rows.layer_norm(),
        rows.conv2d(),
        rows.gather(),
        rows.cumsum(0),
        rows.cumsum(1),
        rows.sort(),
        rows.small_operation(),
        fused.chain(),
        fused.softmax(),
        fused.layer_norm(),
        fused.cross_entropy(),
        fused.attention(),
        *[training.network(*sizes) for sizes in training.NETWORKS],
        training.digits(),
        training.transformer(),
        training.resnet18(),
    )
}


#: Seconds before each run: threads of the one before wait busily for more, those of NumPy's
#: OpenBLAS for 103 ms, in which they have a core of their own.
_SETTLING: Final = 0.12


class Effort(NamedTuple):
    """How long a row may be measured: rounds, seconds after which no round begins, and seconds
    that a contestant may take to prepare.
    """

    rounds: int
    seconds: float
    patience: float


@dataclass
class Cell:
    """What one contestant did with one row."""

    #: Why there are no times; empty when the library has no program for the row.
    reason: str | None
    times: list[Timing] = field(default_factory=list)

    @property
    def seconds(self) -> float | None:
        return median(timing.done for timing in self.times) if self.times else None

    @property
    def python_seconds(self) -> float | None:
        return median(timing.given for timing in self.times) if self.times else None


def measure(row: Row, workers: Sequence[Worker], effort: Effort) -> list[Cell]:
    """Return what each contestant takes for ``row``: all prepare it at a time, then they run it
    in turn.
    """
    for worker in workers:
        worker.prepare(row.name)
    cells = [Cell(reason=worker.prepared(effort.patience)) for worker in workers]
    ready = [(w, cell) for w, cell in zip(workers, cells, strict=True) if cell.reason is None]
    started = time.perf_counter()
    for _ in range(effort.rounds):
        for worker, cell in ready:
            time.sleep(_SETTLING)
            timing = worker.time(row.calls)
            if timing is not None:
                cell.times.append(timing)
        if time.perf_counter() - started > effort.seconds:
            break
    return cells


class Best(NamedTuple):
    """The best figures of a row, in seconds."""

    gnomon: float | None
    peer: float | None

    @property
    def ratio(self) -> float | None:
        """How many times as fast as the best peer the best of gnomon is."""
        return self.peer / self.gnomon if self.gnomon and self.peer else None


def best_of(cells: Sequence[Cell], entrants: Sequence[Entrant], rival: str = "") -> Best:
    """Return the best of gnomon and of its peers, or of the ``rival`` alone."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for cell, entrant in zip(cells, entrants, strict=True):
        if cell.seconds is not None and (entrant.is_gnomon or entrant.title.startswith(rival)):
            found[entrant.is_gnomon].append(cell.seconds)
    return Best(min(found[True], default=None), min(found[False], default=None))


def best_of_eager(cells: Sequence[Cell], entrants: Sequence[Entrant]) -> Best:
    """Return the best of gnomon that is not compiled, and PyTorch that is not compiled."""
    pairs = [pair for pair in zip(cells, entrants, strict=True) if pair[1].is_eager]
    return best_of([cell for cell, _ in pairs], [entrant for _, entrant in pairs])


def judged(ratio: float | None, goal: float | None) -> str:
    """Return a ratio as the table has it: with a star where it is under its goal."""
    if ratio is None:
        return "-"
    return f"{ratio:.2f}" + ("*" if goal is not None and ratio < goal else "")


def achieved(row: Row, seconds: float | None, peak: Peak | None) -> str:
    """Return what gnomon's best comes to a second, and the part of the peak that it is."""
    if seconds is None or not row.is_limited:
        return ""
    if row.operations:
        rate, unit, limit = row.operations / seconds, "GFLOP/s", peak and peak.operations
    else:
        rate, unit, limit = row.bytes / seconds, "GB/s", peak and peak.bytes
    part = f" ({100 * rate / limit:.0f} %)" if limit else ""
    return f"{rate / 1e9:.1f} {unit}{part}"


def milliseconds(seconds: float | None) -> str:
    """Return ``seconds`` in milliseconds, with three digits."""
    if seconds is None:
        return "-"
    value = seconds * 1e3
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 4
    return f"{value:.{digits}f}"
