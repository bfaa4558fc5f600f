"""What a recorded call does besides launching: to gradients of leaves, to counts on the host.

``modes.notes`` holds the notes of the call that is being recorded, None otherwise.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import NamedTuple, TypeAlias, final

from gnomon.backend import Storage
from gnomon.core import Node, TensorCore
from gnomon.recording import NotRecordable, located

#: Tells what a recording relies on, by values that are compared with ``==``.
Question: TypeAlias = Callable[[], tuple[object, ...]]


class LeafNote(NamedTuple):
    """A leaf whose ``grad`` the call changed."""

    leaf: TensorCore
    #: The gradient that it changed in place; None if it is not needed, or there was none.
    before: TensorCore | None
    #: Whether the gradient was replaced, so that what it was before did not matter.
    replaced: bool


class Writes(NamedTuple):
    """How often a call wrote to a storage, and how often hidden from ``backward``."""

    times: int = 0
    hidden: int = 0


class Reliance(NamedTuple):
    """A question, and its answer when the call was recorded."""

    question: Question
    answer: tuple[object, ...]

    @property
    def holds(self) -> bool:
        """Whether the answer is still the same."""
        return self.question() == self.answer


@final
class CallNotes:
    """The notes of one call."""

    def __init__(self) -> None:
        self.leaves: dict[int, LeafNote] = {}
        self.reliances: dict[int, Reliance] = {}
        self.effects: list[Callable[[], None]] = []
        #: Weak, so that what the call made is given back when the call is over with it.
        self.writes: weakref.WeakKeyDictionary[Storage, Writes] = weakref.WeakKeyDictionary()
        self._obstacle: str | None = None
        self._steady: list[Reliance] = []
        #: The nodes that backward passes of the call have used up.
        self.used_up: weakref.WeakSet[Node] = weakref.WeakSet()

    def touch(self, leaf: TensorCore, replaced: bool) -> None:
        """Note that the gradient of ``leaf`` is about to change."""
        if id(leaf) not in self.leaves:
            state = leaf.autograd
            before = None if state is None or replaced else state.grad
            self.leaves[id(leaf)] = LeafNote(leaf, before, replaced)

    def wrote(self, storage: Storage, times: int, hidden: int) -> None:
        """Note writes to ``storage``."""
        before = self.writes.get(storage, Writes())
        self.writes[storage] = Writes(before.times + times, before.hidden + hidden)

    def rely_on(self, owner: object, question: Question) -> None:
        """Note that the call may be replayed only while ``question`` is answered alike."""
        if id(owner) not in self.reliances:
            self.reliances[id(owner)] = Reliance(question, question())

    def keep_steady(self, question: Question) -> None:
        """Note that the call can be replayed only if it does not change the answer itself."""
        self._steady.append(Reliance(question, question()))

    def again(self, effect: Callable[[], None]) -> None:
        """Note what a replay does on the host, before it launches."""
        self.effects.append(effect)

    def obstruct(self, obstacle: str) -> None:
        """Note why the call can't be replayed."""
        self._obstacle = self._obstacle or located(obstacle)

    def check(self) -> None:
        """Raise NotRecordable if there is an obstacle, or if the call changed what it had to
        leave alone.
        """
        if self._obstacle is not None:
            raise NotRecordable(self._obstacle)
        if not all(each.holds for each in (*self._steady, *self.reliances.values())):
            raise NotRecordable("the call changed an option, a mode or a parameter's memory")
