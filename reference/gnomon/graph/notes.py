"""What a recorded call does besides launching: to gradients of leaves, to counts on the host.

``modes.notes`` holds the notes of the call that is being recorded, None otherwise.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from operator import attrgetter, is_
from typing import NamedTuple, TypeAlias, final

from gnomon.backend import Backend, Storage
from gnomon.core import Node, TensorCore
from gnomon.recording import NotRecordable, Recorder, located

#: Tells what a recording relies on, by values that are compared with ``==``.
Question: TypeAlias = Callable[[], tuple[object, ...]]


class LeafNote(NamedTuple):
    """A leaf whose ``grad`` the call changed."""

    leaf: TensorCore
    #: The gradient that it changed in place; None if it is not needed, or there was none.
    before: TensorCore | None
    #: Whether the gradient was replaced, so that what it was before did not matter.
    replaced: bool


class _Touched(NamedTuple):
    """A leaf's note during the call, which may have made it and be the last to hold it."""

    held: weakref.ref[TensorCore]
    before: TensorCore | None
    replaced: bool


class Writes(NamedTuple):
    """How often a call wrote to a storage, and how often hidden from ``backward``."""

    times: int = 0
    hidden: int = 0


@final
class Glance:
    """What the answers to questions come from: while that is the same objects, they are the
    same answers.

    It takes some microseconds for a whole network, because no line of Python runs for each
    object.
    """

    def __init__(self, looks: Iterable[Look]) -> None:
        """Remember what is to be found where ``looks`` lead the glance."""
        self._places: list[Iterable[object]] = []
        self._tensors: list[TensorCore] = []
        for look in looks:
            look(self)
        self._found = self._find()

    def look_at(self, *places: Iterable[object]) -> None:
        """Look at what each of ``places`` yields, time and again."""
        self._places += places

    def locate(self, tensors: Iterable[TensorCore]) -> None:
        """Look where ``tensors`` are."""
        self._tensors += tensors

    def _find(self) -> list[object]:
        return [*chain.from_iterable(self._places), *map(_operand_of, self._tensors)]

    @property
    def finds_the_same(self) -> bool:
        """Whether the same objects are there as at first."""
        now, then = self._find(), self._found
        return len(now) == len(then) and all(map(is_, now, then))


_operand_of = attrgetter("operand")
#: Leads a glance to where the answer to a question comes from.
Look: TypeAlias = Callable[[Glance], None]


@final
class Items:
    """Those values of a dict that have certain names, read anew each time."""

    def __init__(self, items: dict[str, object], names: Iterable[str]) -> None:
        self._items = items
        self._names = tuple(names)

    def __iter__(self) -> Iterator[object]:
        return map(self._items.get, self._names)


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

    def __init__(self, recorders: Mapping[Backend, Recorder]) -> None:
        self.recorders = recorders
        #: Those that outlive the call, known when it is over.
        self.leaves: dict[int, LeafNote] = {}
        self._touched: dict[int, _Touched] = {}
        self.reliances: dict[int, Reliance] = {}
        self.effects: list[Callable[[], None]] = []
        #: Weak, so that what the call made is given back when the call is over with it.
        self.writes: weakref.WeakKeyDictionary[Storage, Writes] = weakref.WeakKeyDictionary()
        self._obstacle: str | None = None
        self._steady: list[Reliance] = []
        self._looks: list[Look] = []
        self._glance: Glance | None = None
        #: The nodes that backward passes of the call have used up.
        self.used_up: weakref.WeakSet[Node] = weakref.WeakSet()

    def touch(self, leaf: TensorCore, replaced: bool) -> None:
        """Note that the gradient of ``leaf`` is about to change."""
        name = id(leaf)
        if name not in self._touched:
            state = leaf.autograd
            before = None if state is None or replaced else state.grad
            held = weakref.ref(leaf, lambda _: self._touched.pop(name, None))
            self._touched[name] = _Touched(held, before, replaced)

    def end(self) -> None:
        """Note which leaves are left now that the call is over. A result may lead to some that
        the call made through nodes that have released what they saved: nothing goes through
        these again, so that they need not lead anywhere.
        """
        for node in self.used_up:
            if node.is_released:
                node.edges = (None,) * len(node.edges)
        for name, (held, before, replaced) in list(self._touched.items()):
            leaf = held()
            if leaf is not None:
                self.leaves[name] = LeafNote(leaf, before, replaced)

    def wrote(self, storage: Storage, times: int, hidden: int) -> None:
        """Note writes to ``storage``."""
        before = self.writes.get(storage, Writes())
        self.writes[storage] = Writes(before.times + times, before.hidden + hidden)

    def rely_on(self, owner: object, question: Question, look: Look) -> None:
        """Note that the call may be replayed only while ``question`` is answered alike: as long
        as a glance at where ``look`` leads it finds the same.
        """
        if id(owner) not in self.reliances:
            self.reliances[id(owner)] = Reliance(question, question())
            self._looks.append(look)

    def hold(self) -> bool:
        """Return whether everything that the call relies on is as it was."""
        if self._glance is not None and self._glance.finds_the_same:
            return True
        self._glance = None
        if not all(each.holds for each in self.reliances.values()):
            return False
        self._glance = Glance(self._looks)
        return True

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
