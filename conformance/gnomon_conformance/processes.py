"""Running cases in several processes, each with the device open."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from time import perf_counter
from typing import Final, final

import gnomon
from gnomon.backend import usable_cores
from gnomon_conformance.cases import Case, Outcome, Selection, Status
from gnomon_conformance.runner import (
    TIMEOUT,
    Progress,
    Run,
    blocked_above_failure,
    collector_at_rest,
    finished,
    judged,
    selected,
    unjudged,
)
from gnomon_conformance.target import Target

#: How many cases go to a process at a time, at most; and into how many parts for each process
#: what remains is divided, so that all are done at about the same time.
_MOST: Final = 16
_PARTS: Final = 8
#: How many processes there are at most unless more are asked for, since each opens the device;
#: and for how many cases one is worth its start.
_MOST_PROCESSES: Final = 4
_WORTH_A_PROCESS: Final = 200


def usual_processes(cases: int) -> int:
    """Return in how many processes so many cases are run when nobody says."""
    return max(1, min(usable_cores(), _MOST_PROCESSES, cases // _WORTH_A_PROCESS))


def run_in_processes(
    target: Target,
    selection: Selection,
    processes: int,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
) -> Run:
    """Judge a backend in several processes.

    A case at which its process dies, or that has not ended after ``timeout`` seconds, has
    failed; the others are judged without it. What stands above a level that mostly fails is
    blocked, as it is in one process.
    """
    started = perf_counter()
    judges = _Judges(target, selection, progress, timeout)
    waiting = [*_batches(len(judges.cases), processes)]
    while waiting:
        waiting = judges.judge(waiting, processes)
        # Those at work, and those that were next, have one among them that kills.
        suspects, waiting = waiting[: 2 * processes + 1], waiting[2 * processes + 1 :]
        judges.judge_one_by_one([case for batch in suspects for case in batch])
    found = [outcome for _, outcome in sorted(judges.outcomes.items())]
    outcomes = blocked_above_failure(judges.cases, found)
    return finished(target, selection, outcomes, perf_counter() - started)


def _batches(count: int, processes: int) -> Iterator[range]:
    """Yield which cases go to a process together: ever fewer towards the end."""
    start = 0
    while start < count:
        size = max(1, min(_MOST, (count - start) // (_PARTS * processes)))
        yield range(start, min(start + size, count))
        start += size


@final
class _Judges:
    """Processes that judge a backend by batches of cases, and what they found."""

    def __init__(
        self,
        target: Target,
        selection: Selection,
        progress: Progress | None,
        timeout: float,
    ) -> None:
        self.cases = selected(selection, target.seed)
        self.outcomes: dict[int, Outcome] = {}
        self._work = (str(target.device), target.seed, selection, timeout)
        self._progress = progress

    def judge(self, batches: list[range], processes: int) -> list[range]:
        """Judge by batches; return those that are left when a process has died."""
        left = []
        context = get_context("spawn")
        with ProcessPoolExecutor(processes, context, initializer=_end_with_parent) as pool:
            futures = {pool.submit(_judge, *self._work, batch): batch for batch in batches}
            for future in as_completed(futures):
                try:
                    outcomes = future.result()
                except BrokenProcessPool:
                    left.append(futures[future])
                else:
                    for number, outcome in zip(futures[future], outcomes, strict=True):
                        self._note(number, outcome)
        return sorted(left, key=lambda batch: batch.start)

    def judge_one_by_one(self, numbers: list[int]) -> None:
        """Judge by cases of which some kill the process they are judged in."""
        while numbers:
            left = self.judge([range(number, number + 1) for number in numbers], 1)
            numbers = [batch.start for batch in left]
            if numbers:
                killer = numbers.pop(0)
                *_, timeout = self._work
                why = f"the process that judged it died, or was at it for {timeout:g} s"
                self._note(killer, unjudged(self.cases[killer], Status.FAILED, why))

    def _note(self, number: int, outcome: Outcome) -> None:
        self.outcomes[number] = outcome
        if self._progress is not None:
            self._progress(len(self.outcomes), len(self.cases), outcome)


def _end_with_parent() -> None:
    """End this process when its parent is killed, instead of waiting for work for ever."""
    parent = parent_process()
    assert parent is not None

    def end() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


def _judge(
    device: str, seed: int, selection: Selection, timeout: float, batch: range
) -> list[Outcome]:
    """Judge by a batch of cases, in a process of its own."""
    target, cases = _opened(device, seed, selection)
    with gnomon.fallback(None), collector_at_rest():
        return [judged(cases[number], target, timeout) for number in batch]


@cache
def _opened(device: str, seed: int, selection: Selection) -> tuple[Target, list[Case]]:
    """Return the device and the cases, once for each process."""
    return Target(device, seed), selected(selection, seed)
