"""The suite judged: faults are injected one at a time into a right backend, and each has to be
caught by the cases that name it, in quick runs too.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, final

import gnomon
from gnomon.backend import Device
from gnomon.plugins import register_backend
from gnomon_conformance.audit import (
    faults_at_edges,
    faults_at_places,
    faults_of_bits,
    faults_of_elements,
    faults_of_eliminations,
    faults_of_extents,
    faults_of_folds,
    faults_of_forms,
    faults_of_grids,
    faults_of_indexing,
    faults_of_kernels,
    faults_of_label_losses,
    faults_of_long_rows,
    faults_of_lookups,
    faults_of_memory,
    faults_of_numbers,
    faults_of_options,
    faults_of_orthogonalizations,
    faults_of_recordings,
    faults_of_rewrites,
    faults_of_shapes,
    faults_of_shared_storages,
    faults_of_sizes,
    faults_of_sources,
    faults_of_special_inputs,
    faults_of_surroundings,
    faults_of_whole_programs,
)
from gnomon_conformance.audit.register import FAULTS, Fault
from gnomon_conformance.cases import Level, Outcome, Selection, Status, Tier, judge, matches
from gnomon_conformance.runner import selected
from gnomon_conformance.target import Target


@final
class Caught(NamedTuple):
    """What the cases that name a fault made of it."""

    fault: Fault
    cases: int
    failed: tuple[Outcome, ...]


def inject(fault: Fault, index: int, level: Level = Level.PROGRAM) -> Caught:
    """Judge a backend with one fault by the cases that name it."""
    device = Device("faulty", index)
    try:
        register_backend(fault.make(device))
        target = Target(device)
        cases = selected(Selection(Tier.QUICK, level, (fault.cases,)), 0)
        with gnomon.fallback(None):
            outcomes = [judge(case, target) for case in cases]
    finally:
        if fault.undo is not None:
            fault.undo()
    failed = [each for each in outcomes if each.status == Status.FAILED.value]
    return Caught(fault, len(cases), tuple(failed))


def chosen(only: Sequence[str]) -> list[tuple[int, Fault]]:
    """Return the faults whose names fit, each with its number."""
    return [
        (index, fault)
        for index, fault in enumerate(FAULTS)
        if not only or any(matches(fault.name, pattern) for pattern in only)
    ]


def audit(only: Sequence[str] = (), level: Level = Level.PROGRAM) -> bool:
    """Inject the faults, print what caught each, and return whether all were caught."""
    started = time.perf_counter()
    survived: list[str] = []
    by_level: Counter[Level] = Counter()
    faults = chosen(only)
    for index, fault in faults:
        caught = inject(fault, index, level)
        if not caught.failed:
            survived.append(fault.name)
        lowest = min((Level(each.level) for each in caught.failed), default=None)
        if lowest is not None:
            by_level[lowest] += 1
        verdict = "caught" if caught.failed else "SURVIVED"
        place = lowest.title if lowest is not None else "-"
        count = f"{len(caught.failed)} of {caught.cases} cases"
        print(f"{verdict:<9} {fault.name:<44} {count:<20} {place}", flush=True)
    print()
    for each in Level:
        if by_level[each]:
            print(f"{each.value} {each.title:<28} {by_level[each]:>4} caught")
    killed = len(faults) - len(survived)
    seconds = time.perf_counter() - started
    print(f"\n{killed} of {len(faults)} faults caught in {seconds:.0f} s")
    if survived:
        print("survived: " + ", ".join(survived))
    return not survived


__all__ = [
    "FAULTS",
    "Caught",
    "Fault",
    "audit",
    "chosen",
    "faults_at_edges",
    "faults_at_places",
    "faults_of_bits",
    "faults_of_elements",
    "faults_of_eliminations",
    "faults_of_extents",
    "faults_of_folds",
    "faults_of_forms",
    "faults_of_grids",
    "faults_of_indexing",
    "faults_of_kernels",
    "faults_of_label_losses",
    "faults_of_long_rows",
    "faults_of_lookups",
    "faults_of_memory",
    "faults_of_numbers",
    "faults_of_options",
    "faults_of_orthogonalizations",
    "faults_of_recordings",
    "faults_of_rewrites",
    "faults_of_shapes",
    "faults_of_shared_storages",
    "faults_of_sizes",
    "faults_of_sources",
    "faults_of_special_inputs",
    "faults_of_surroundings",
    "faults_of_whole_programs",
    "inject",
]
