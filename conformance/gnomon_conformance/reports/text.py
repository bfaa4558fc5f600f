"""A run as text: progress while it goes on, then a table by level and the failures."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TextIO, final

from gnomon_conformance.cases import Level, Outcome, Status
from gnomon_conformance.runner import Run

#: How many failures are shown in full.
_SHOWN = 12
_BAR = 24
#: What is allowed no more than this is rounded once, and says nothing of headroom.
_ROUNDED = 0.6


@final
class ProgressLine:
    """One line that says how far a run is, rewritten in place on a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._last = 0.0
        self._failed = 0
        self._interval = 0.1 if self._stream.isatty() else 10.0

    def __call__(self, done: int, total: int, outcome: Outcome) -> None:
        """Show that ``outcome`` is the ``done``-th of ``total``."""
        self._failed += outcome.status == Status.FAILED.value
        now = time.monotonic()
        if now - self._last < self._interval and done < total:
            return
        self._last = now
        filled = _BAR * done // total
        bar = "#" * filled + "." * (_BAR - filled)
        failed = f", {self._failed} failed" if self._failed else ""
        level = Level(outcome.level).title
        line = f"[{bar}] {done}/{total}{failed}  {level}: {outcome.family}/{outcome.subject}"
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{line[:100]}" + ("\n" if done == total else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()


def text_of(run: Run) -> str:
    """Return the table of levels, what came closest to its tolerance, and the failures."""
    lines = [f"{run.device} ({run.description}), {run.tier}, seed {run.seed}", ""]
    lines += table(run)
    near = headroom(run.outcomes)
    if near:
        lines += ["", "largest errors, in ULP (allowed)"]
        lines += [f"  {name:<34} {ulps:6.2f} ({allowed:g})" for name, ulps, allowed in near[:8]]
    lines += ["", *failures(run)]
    return "\n".join(lines) + "\n"


def table(run: Run) -> list[str]:
    """Return one line for each level."""
    reached = run.levels
    columns = ("level", "cases", "passed", "failed", "declared", "blocked", "comparisons", "")
    rows: list[tuple[str, ...]] = [columns]
    for level in Level:
        found = [each for each in run.outcomes if each.level == level]
        if not found:
            continue
        counts = [
            sum(each.status == status.value for each in found)
            for status in (Status.PASSED, Status.FAILED, Status.DECLARED, Status.BLOCKED)
        ]
        compared = sum(each.comparisons for each in found)
        rows.append(
            (
                f"{level.value} {level.title}",
                str(len(found)),
                *map(str, counts),
                f"{compared:,}",
                verdict_on(level, found, reached),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *[c.rjust(w) for c, w in zip(row[1:-1], widths[1:-1], strict=True)],
                row[-1],
            ]
        ).rstrip()
        for row in rows
    ]
    total = f"{len(run.outcomes)} cases in {run.seconds:.1f} s"
    return [*lines, "", f"{total}; {verdict_of(run)}"]


def verdict_on(level: Level, found: Sequence[Outcome], reached: Sequence[Level]) -> str:
    """Return what is to be said of one level."""
    if level in reached:
        return "reached"
    statuses = {each.status for each in found}
    if (
        statuses <= {Status.DECLARED.value, Status.PASSED.value}
        and Status.DECLARED.value in statuses
    ):
        return "not offered" if statuses == {Status.DECLARED.value} else "in part"
    return "NOT REACHED" if Status.FAILED.value in statuses else "not reached"


def verdict_of(run: Run) -> str:
    """Return the run in half a sentence."""
    failed = len(run.failures)
    if failed:
        return f"{failed} FAILED"
    levels = run.levels
    return f"level {levels[-1].value}, {levels[-1].title}, is reached" if levels else "no level"


def headroom(outcomes: Sequence[Outcome]) -> list[tuple[str, float, float]]:
    """Return operation and dtype, the largest error seen and the allowed one, worst first."""
    worst: dict[str, tuple[float, float]] = {}
    for each in outcomes:
        if each.allowed > _ROUNDED:
            name = f"{each.subject} {each.dtype}"
            seen = worst.get(name, (0.0, 1.0))
            if each.ulps / each.allowed > seen[0] / seen[1]:
                worst[name] = (each.ulps, each.allowed)
    ranked = sorted(worst.items(), key=lambda item: -item[1][0] / item[1][1])
    return [(name, ulps, allowed) for name, (ulps, allowed) in ranked]


def failures(run: Run) -> list[str]:
    """Return the failures, a few of them with the script that shows them."""
    lines: list[str] = []
    for number, each in enumerate(run.failures):
        lines += [f"FAILED {each.id}", f"  {each.detail}"]
        if each.reproducer and number < _SHOWN:
            lines += [f"    {line}" for line in each.reproducer.splitlines()]
        lines += [f"  again: gnomon conform {run.device} --reproduce '{each.id}'", ""]
    return lines
