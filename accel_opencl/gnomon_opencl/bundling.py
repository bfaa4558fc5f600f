"""Which launches of one kernel, on memory of their own each, can be made one launch.

A launch may change places with another if neither touches what the other writes. Launches of a
kind are brought together by such changes: an optimizer's updates of all parameters, say.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final


@final
class Task(NamedTuple):
    """What is to be known of a launch: which memory it reads and writes, by numbers."""

    reads: frozenset[int]
    writes: frozenset[int]
    #: What launches that may be made one have in common; None for one that stays alone.
    kind: Hashable = None
    #: How many of the kind one launch has room for.
    room: int = 1


@final
@dataclass(slots=True)
class _Bundle:
    """Tasks that are one launch, and what they read and write."""

    members: list[int]
    reads: frozenset[int]
    writes: frozenset[int]

    def is_apart_from(self, other: _Bundle) -> bool:
        """Whether the two may change places, or run at once."""
        return (
            self.writes.isdisjoint(other.writes)
            and self.writes.isdisjoint(other.reads)
            and self.reads.isdisjoint(other.writes)
        )

    def take(self, other: _Bundle) -> None:
        """Let the tasks of ``other`` be part of this launch."""
        self.members += other.members
        self.reads |= other.reads
        self.writes |= other.writes


def bundled(tasks: Sequence[Task]) -> list[list[int]]:
    """Return the places of tasks in an order of the same effect, by launches."""
    order: list[_Bundle] = []
    alike: dict[Hashable, list[_Bundle]] = {}
    for place, (reads, writes, kind, room) in enumerate(tasks):
        single = _Bundle([place], reads, writes)
        if kind is None:
            order.append(single)
            continue
        same = alike.setdefault(kind, [])
        if not any(_brought_together(order, each, single, room) for each in reversed(same)):
            order.append(single)
            same.append(single)
    return [bundle.members for bundle in order]


def _brought_together(
    order: list[_Bundle], bundle: _Bundle, single: _Bundle, room: int
) -> bool:
    """Let ``bundle`` take ``single``, which would be last, if they can meet: at the place of
    the bundle or behind all others.
    """
    if len(bundle.members) >= room or not bundle.is_apart_from(single):
        return False
    place = next(k for k, each in enumerate(order) if each is bundle)
    between = order[place + 1 :]
    if not all(each.is_apart_from(single) for each in between):
        if not all(each.is_apart_from(bundle) for each in between):
            return False
        del order[place]
        order.append(bundle)
    bundle.take(single)
    return True
