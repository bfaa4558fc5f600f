"""One recorded call: its launches, what it did to gradients and counts, what it returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar, final

from gnomon.backend import Backend, Storage
from gnomon.compiler.derivative import Derivative, record_derivative
from gnomon.compiler.explanation import Section
from gnomon.compiler.reads import Reads
from gnomon.compiler.results import Parts, Replay, Result, placed
from gnomon.core import TensorCore
from gnomon.graph.modes import modes
from gnomon.graph.notes import CallNotes, Writes
from gnomon.recording import NotRecordable, Recorder, Recording
from gnomon.registry import opened_backends
from gnomon.tensor import Tensor

R = TypeVar("R")


class Gradient(NamedTuple):
    """The gradient that a call leaves with a leaf; None if it leaves none."""

    leaf: TensorCore
    result: Result | None


class Rewrite(NamedTuple):
    """How often a call wrote to a storage: to that of an input, or to one it found."""

    storage: Storage | int
    writes: Writes


@final
class Call:
    """A call that was recorded, on one device."""

    def __init__(
        self,
        backend: Backend,
        recording: Recording,
        notes: CallNotes,
        reads: Reads,
        result: Result,
        gradients: Sequence[Gradient],
        rewrites: Sequence[Rewrite],
        derivative: Derivative | None,
    ) -> None:
        self._backend = backend
        self._recording = recording
        self._notes = notes
        self._reads = reads
        self._result = result
        self._gradients = gradients
        self._rewrites = rewrites
        self._derivative = derivative

    def matches(self, other: Call) -> bool:
        """Return whether ``other`` did the same, so that it may be expected to go on so."""
        return (
            self._shape() == other._shape()
            and self._notes.reliances.keys() == other._notes.reliances.keys()
            and all(each.holds for each in other._notes.reliances.values())
            and self._recording.matches(other._recording)
            and (
                self._derivative is other._derivative is None
                or (
                    self._derivative is not None
                    and other._derivative is not None
                    and self._derivative.matches(other._derivative)
                )
            )
        )

    def _shape(self) -> tuple[object, ...]:
        gradients = [(id(leaf), placed(result)) for leaf, result in self._gradients]
        before = [
            (each.replaced or each.before is None) for each in self._notes.leaves.values()
        ]
        effects = len(self._notes.effects)
        return placed(self._result), gradients, before, effects, self._backend.device

    def prepare(self) -> None:
        """Make ready to be replayed."""
        self._recording.prepare()
        if self._derivative is not None:
            self._derivative.prepare()

    def fits(self) -> bool:
        """Return whether everything the recording relies on is as it was."""
        return (
            self._notes.hold()
            and all(
                replaced or _gradient_is(leaf, before)
                for leaf, before, replaced in self._notes.leaves.values()
            )
            and self._reads.changed() is None
        )

    def replay(self, inputs: Sequence[Tensor]) -> object:
        """Do again what the call did, on other inputs."""
        for effect in self._notes.effects:
            effect()
        for note in self._notes.leaves.values():
            if note.replaced:  # as in the call, so that its memory can be the new one's
                note.leaf.autograd_state().grad = None
        given = [storage.memory for storage in storages_of(inputs)]
        memories = self._recording.replay(given)
        for storage, writes in self._rewrites:
            if isinstance(storage, int):
                storage = inputs[storage].operand.storage
            storage.count_writes(*writes)
        node = None
        if self._derivative is not None:
            node = self._derivative.node([*given, *memories], inputs)
        replay = Replay([Storage(self._backend, memory) for memory in memories], inputs, node)
        for leaf, result in self._gradients:
            gradient = None if result is None else result.build(replay)
            assert gradient is None or isinstance(gradient, Tensor)
            leaf.autograd_state().grad = gradient
        return self._result.build(replay)

    def explain(self) -> list[Section]:
        """Return what a replay runs, and what its derivative does."""
        sections = [Section("replayed:", self._recording.explain())]
        if self._derivative is not None and self._derivative.recording is not None:
            plan = self._derivative.recording.explain()
            sections.append(Section("its derivative:", plan))
        return sections


def storages_of(tensors: Sequence[TensorCore]) -> list[Storage]:
    """Return the storages of ``tensors``, each once."""
    return list(dict.fromkeys(tensor.operand.storage for tensor in tensors))


def record(run: partial[R], inputs: Sequence[Tensor]) -> tuple[R, Call | NotRecordable]:
    """Run a call; return its result, and the recorded call or the reason why there is none."""
    reads = Reads(run.func, (*run.args, *run.keywords.values()))
    recorders = {
        backend: recorder
        for backend in opened_backends()
        if (recorder := backend.recorder()) is not None
    }
    notes = CallNotes(recorders)
    try:
        modes.notes = notes
        try:
            result = run()
        finally:
            modes.notes = None
        try:
            return result, _finished(result, recorders, notes, reads, inputs)
        except NotRecordable as obstacle:
            # Kept for its message; the frames of its traceback would keep the call's tensors.
            return result, obstacle.with_traceback(None)
    finally:
        for recorder in recorders.values():
            recorder.cancel()


def _finished(
    result: object,
    recorders: Mapping[Backend, Recorder],
    notes: CallNotes,
    reads: Reads,
    inputs: Sequence[Tensor],
) -> Call:
    notes.end()
    notes.check()
    used = [backend for backend, recorder in recorders.items() if recorder.has_launches]
    if len(used) != 1:
        count = "no" if not used else "more than one"
        raise NotRecordable(f"the call launched on {count} device that can replay calls")
    (backend,) = used
    if any(tensor.operand.storage.backend is not backend for tensor in inputs):
        raise NotRecordable(f"an argument of the call is not on {backend.device}")
    rewrites = _rewrites(backend, recorders[backend], notes, inputs)
    parts = Parts(backend, recorders[backend], inputs, notes.used_up)
    template = parts.template(result)
    gradients = []
    for leaf, *_ in notes.leaves.values():
        left = leaf.autograd.grad if leaf.autograd is not None else None
        gradients.append(Gradient(leaf, None if left is None else parts.template(left)))
    given = [storage.memory for storage in storages_of(inputs)]
    if parts.outputs:
        # The graph holds on to what it saved, which replays make anew as well.
        extra = [memory for memory in recorders[backend].held() if memory not in parts.memories]
        parts.memories += extra
    recording = recorders[backend].finish(given, parts.memories)
    if (changed := reads.changed()) is not None:
        raise NotRecordable(f"the call changed {changed}, which it may read")
    derivative = None
    if parts.outputs:
        derivative = record_derivative(
            backend, parts.outputs, [*given, *parts.memories], inputs
        )
    return Call(backend, recording, notes, reads, template, gradients, rewrites, derivative)


def _rewrites(
    backend: Backend, recorder: Recorder, notes: CallNotes, inputs: Sequence[Tensor]
) -> list[Rewrite]:
    """Return the writes of a call to what was there before it."""
    places = {id(tensor.operand.storage): index for index, tensor in enumerate(inputs)}
    rewrites = []
    for storage, writes in notes.writes.items():
        if storage.backend is not backend:
            raise NotRecordable(f"the call wrote to a tensor on {storage.device}")
        if not recorder.made(storage.memory):
            rewrites.append(Rewrite(places.get(id(storage), storage), writes))
    return rewrites


def _gradient_is(leaf: TensorCore, before: TensorCore | None) -> bool:
    now = leaf.autograd.grad if leaf.autograd is not None else None
    if now is None or before is None:
        return now is before
    return now.operand == before.operand
