"""Cases: what is checked, at which level, and what came of it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from fnmatch import fnmatchcase
from typing import Final, NamedTuple, final

from gnomon.backend import NotSupported
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target


class Level(IntEnum):
    """How far a backend is right; a level is reached when it and all below it have passed."""

    MEMORY = 1
    ELEMENTWISE = 2
    REDUCTION = 3
    INDEXING = 4
    AUTOGRAD = 5
    COMPOSITE = 6
    PROGRAM = 7

    @property
    def title(self) -> str:
        return TITLES[self]


TITLES: Final = {
    Level.MEMORY: "memory and copies",
    Level.ELEMENTWISE: "elementwise",
    Level.REDUCTION: "reductions and scans",
    Level.INDEXING: "indexing, sorting, sources",
    Level.AUTOGRAD: "autograd",
    Level.COMPOSITE: "composites",
    Level.PROGRAM: "programs",
}


class Tier(IntEnum):
    """How much is checked: each tier holds the cases of those before it."""

    QUICK = 0
    DEFAULT = 1
    THOROUGH = 2


class Status(Enum):
    PASSED = "passed"
    FAILED = "failed"
    #: Not there, as the backend has declared.
    DECLARED = "declared"
    #: A level below it has failed so badly that nothing can be said.
    BLOCKED = "blocked"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to check on a backend, under an id that is the same on every run."""

    level: Level
    family: str
    #: The operation, function or program it is about.
    subject: str
    dtype: str = ""
    layout: str = ""
    mode: str = ""
    tier: Tier = Tier.QUICK
    check: Callable[[Target], Evidence]

    @property
    def id(self) -> str:
        """Return level, family, subject, dtype, layout and mode, joined by slashes."""
        parts = (self.family, self.subject, self.dtype, self.layout, self.mode)
        return "/".join([self.level.name.lower(), *[part for part in parts if part]])


@final
class Outcome(NamedTuple):
    """What came of a case; plain values, so that it can be written down and sent."""

    id: str
    level: int
    family: str
    subject: str
    dtype: str
    layout: str
    mode: str
    status: str
    detail: str = ""
    reproducer: str = ""
    comparisons: int = 0
    ulps: float = 0.0
    allowed: float = 0.0
    seconds: float = 0.0


def judge(case: Case, target: Target) -> Outcome:
    """Check one case on a backend."""
    started = time.perf_counter()
    evidence = Evidence(0)
    detail, reproducer = "", ""
    status = Status.PASSED
    try:
        evidence = case.check(target)
        if not evidence.comparisons:
            status, detail = Status.FAILED, "the case compared nothing, which proves nothing"
    except NotSupported as lack:
        gap = target.gap_for(lack)
        status = Status.DECLARED if gap else Status.FAILED
        detail = gap or f"{lack} Nothing like it is declared: see Backend.gaps()."
    except Wrong as wrong:
        status, detail, reproducer = Status.FAILED, wrong.fault, wrong.reproducer
    except Exception as error:
        status = Status.FAILED
        detail = f"{type(error).__name__}: {error}"
        reproducer = "".join(traceback.format_exc(limit=-6))
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
        reproducer,
        evidence.comparisons,
        evidence.ulps,
        evidence.allowed,
        time.perf_counter() - started,
    )


@final
class Selection(NamedTuple):
    """Which of all cases to run."""

    tier: Tier = Tier.DEFAULT
    level: Level = Level.PROGRAM
    only: tuple[str, ...] = ()

    def chooses(self, case: Case) -> bool:
        """Return whether ``case`` is among them."""
        if case.tier > self.tier or case.level > self.level:
            return False
        return not self.only or any(matches(case.id, pattern) for pattern in self.only)


def matches(id: str, pattern: str) -> bool:
    """Return whether a pattern, with ``*`` and ``?``, fits an id or parts of it in order.

    >>> id = "elementwise/values/sin/float32/permuted"
    >>> [matches(id, pattern) for pattern in ("sin", "sin/float32", "*/sin/*", "in")]
    [True, True, True, False]
    """
    return id == pattern or fnmatchcase(f"/{id}/", f"*/{pattern}/*")


def unique(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield the cases; raise where two have one id, since one of them could not be repeated."""
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise AssertionError(f"two cases have the id {case.id}")
        seen.add(case.id)
        yield case


def levels_reached(outcomes: Sequence[Outcome]) -> list[Level]:
    """Return the levels that are reached: those of which no case, and no case below, has failed
    or was blocked, and of whose families each has passed somewhere.

    A dtype that is declared not to be there costs no level, a whole family does.
    """
    reached: list[Level] = []
    for level in Level:
        found = [outcome for outcome in outcomes if outcome.level == level]
        if not found:
            continue  # not judged in this run
        passed = {each.family for each in found if each.status == Status.PASSED.value}
        wrong = any(
            each.status in (Status.FAILED.value, Status.BLOCKED.value) for each in found
        )
        if wrong or passed != {each.family for each in found}:
            break
        reached.append(level)
    return reached
