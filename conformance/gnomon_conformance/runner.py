"""Running cases one after the other; and what a run is: its outcomes, and what gave them."""

from __future__ import annotations

import faulthandler
import gc
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, final

import gnomon
from gnomon_conformance.cases import (
    Case,
    Level,
    Outcome,
    Selection,
    Status,
    judge,
    levels_reached,
)
from gnomon_conformance.checks import all_cases
from gnomon_conformance.target import Target

#: Called after every case with how many are done, how many there are, and the outcome.
Progress = Callable[[int, int, Outcome], None]
#: From which share of failed cases on a level says nothing about those above it.
_HOPELESS = 0.5
#: How many objects are made before the garbage collector looks at them.
_ALLOCATIONS = 20_000
_BLOCKED = "most of a level below fails"
#: Seconds in which a case ends, even if all of its kernels have to be built.
TIMEOUT: Final = 300.0


@final
@dataclass(frozen=True, slots=True)
class Run:
    """The outcomes of one run, and what it was a run of."""

    device: str
    description: str
    tier: str
    seed: int
    seconds: float
    outcomes: tuple[Outcome, ...]

    @property
    def failures(self) -> list[Outcome]:
        return [each for each in self.outcomes if each.status == Status.FAILED.value]

    @property
    def levels(self) -> list[Level]:
        """The levels that are reached."""
        return levels_reached(self.outcomes)

    def environment(self) -> dict[str, str]:
        """Return what the run ran on."""
        return {
            "device": self.device,
            "backend": self.description,
            "gnomon": gnomon.__version__,
            "python": sys.version.partition(" ")[0],
            "machine": f"{platform.machine()} {platform.system()} {platform.release()}",
            "tier": self.tier,
            "seed": str(self.seed),
            "seconds": f"{self.seconds:.1f}",
        }


def selected(selection: Selection, seed: int) -> list[Case]:
    """Return the cases that a selection chooses."""
    return [case for case in all_cases(seed) if selection.chooses(case)]


def judged(case: Case, target: Target, timeout: float) -> Outcome:
    """Judge by a case. One that has not ended after ``timeout`` seconds ends the process, which
    says where it was: a device that hangs leaves no other way.
    """
    faulthandler.dump_traceback_later(timeout, exit=True, file=2)
    try:
        return judge(case, target)
    finally:
        faulthandler.cancel_dump_traceback_later()


def run(
    target: Target,
    selection: Selection,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
) -> Run:
    """Judge a backend by the selected cases, each of which has ``timeout`` seconds.

    Where most of a level fails, what stands above it is blocked: it would only repeat that.
    """
    cases = selected(selection, target.seed)
    started = time.perf_counter()
    outcomes: list[Outcome] = []
    blocked = False
    with gnomon.fallback(None), collector_at_rest():
        for number, case in enumerate(cases, 1):
            if number > 1 and case.level > cases[number - 2].level:
                blocked = blocked or is_hopeless(outcomes, cases[number - 2].level)
            if blocked:
                outcome = unjudged(case, Status.BLOCKED, _BLOCKED)
            else:
                outcome = judged(case, target, timeout)
            outcomes.append(outcome)
            if progress is not None:
                progress(number, len(cases), outcome)
    seconds = time.perf_counter() - started
    return finished(target, selection, outcomes, seconds)


def finished(
    target: Target, selection: Selection, outcomes: Sequence[Outcome], seconds: float
) -> Run:
    """Return the run that these outcomes are of."""
    backend = type(target.backend).__name__
    inner = getattr(target.backend, "inner", None)
    description = backend if inner is None else type(inner).__name__
    return Run(
        str(target.device),
        description,
        selection.tier.name.lower(),
        target.seed,
        seconds,
        tuple(outcomes),
    )


def is_hopeless(outcomes: Sequence[Outcome], level: Level) -> bool:
    """Return whether most cases of a level have failed."""
    found = [each for each in outcomes if each.level == level]
    failed = [each for each in found if each.status == Status.FAILED.value]
    return len(failed) > _HOPELESS * len(found)


def blocked_above_failure(cases: Sequence[Case], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes of cases, those of them blocked that stand above a failed level."""
    failed = [level for level in Level if is_hopeless(outcomes, level)]
    return [
        unjudged(case, Status.BLOCKED, _BLOCKED)
        if failed and case.level > failed[0]
        else outcome
        for case, outcome in zip(cases, outcomes, strict=True)
    ]


def unjudged(case: Case, status: Status, detail: str) -> Outcome:
    """Return the outcome of a case that could not be judged."""
    return Outcome(
        case.id,
        int(case.level),
        case.family,
        case.subject,
        case.dtype,
        case.layout,
        case.mode,
        status.value,
        detail,
    )


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from looking at what is there already, thousands of cases,
    and at what the device keeps of each, again and again.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def as_data(run: Run) -> dict[str, object]:
    """Return a run as JSON has it."""
    return {
        "environment": run.environment(),
        "levels": [level.name.lower() for level in run.levels],
        "summary": {
            status.value: sum(each.status == status.value for each in run.outcomes)
            for status in Status
        },
        "comparisons": sum(each.comparisons for each in run.outcomes),
        "outcomes": [each._asdict() for each in run.outcomes],
    }
