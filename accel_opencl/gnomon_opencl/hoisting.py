"""What a recording makes of constants alone: once, instead of at each replay.

A loss begins its backward pass with a 1 that is divided by the number of elements; programs
fill masks and make ranges of numbers again and again. Kernels that small cost what it takes to
queue them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from gnomon.backend import LiveBytes, LiveNumber
from gnomon_opencl.explaining import accesses
from gnomon_opencl.finishing import Effect
from gnomon_opencl.launches import Flag, Live
from gnomon_opencl.planning import DeferredReduction, DeferredWrite, Entry

#: Larger memory is made again: to keep it would cost more than to make it.
_MOST_BYTES: Final = 1 << 16


def hoisted(
    entries: Sequence[Entry], temporaries: Mapping[int, int]
) -> tuple[list[Entry], list[Entry], set[int]]:
    """Part what may be done once from what each replay does; return also which memory the
    former makes.

    That is some of the ``temporaries``, whose bytes are given, made of numbers that do not
    change and of what was made so before; and nothing else writes to it.
    """
    effects = [_effect_of(entry) for entry in entries]
    writes = Counter(number for effect in effects for number in effect.writes)
    made: set[int] = set()
    once: list[Entry] = []
    again: list[Entry] = []
    for entry, effect in zip(entries, effects, strict=True):
        is_constant = not _differs(entry) and made.issuperset(effect.reads)
        if is_constant and all(
            writes[number] == 1 and temporaries.get(number, _MOST_BYTES + 1) <= _MOST_BYTES
            for number in effect.writes
        ):
            made.update(effect.writes)
            once.append(entry)
        else:
            again.append(entry)
    return once, again, made


def _effect_of(entry: Entry) -> Effect:
    if isinstance(entry, DeferredWrite):
        loaded = [read[0] for read in entry.write.reads if isinstance(read, tuple)]
        return Effect(frozenset(loaded), frozenset([entry.write.buffer]))
    if isinstance(entry, DeferredReduction):
        reduction = entry.reduction
        written = frozenset([reduction.target, *reduction.scratch])
        return Effect(frozenset([reduction.source]), written)
    return Effect(*map(frozenset, accesses(entry)))


def _differs(entry: Entry) -> bool:
    """Return whether an entry may do something else at another replay."""
    if isinstance(entry, DeferredWrite):
        return any(isinstance(number, LiveNumber) for number in entry.numbers)
    if isinstance(entry, DeferredReduction):
        return False
    # What checks indices reports to each replay.
    return any(isinstance(each, Live | LiveBytes | Flag) for each in entry.arguments)
