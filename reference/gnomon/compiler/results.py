"""Results of a recorded call, taken apart so that a replay can give the like anew."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

from gnomon.backend import Backend, Operand, Storage
from gnomon.core import Node, TensorCore
from gnomon.dtypes import DType
from gnomon.graph.edges import AccumulateGrad, gradient_node, set_history
from gnomon.layout import Layout
from gnomon.memory import Memory
from gnomon.recording import LiveNumber, NotRecordable, Recorder
from gnomon.tensor import Tensor


class Replay(NamedTuple):
    """What a replay was given and what it made."""

    storages: Sequence[Storage]
    inputs: Sequence[TensorCore]
    #: The node of the tensors that gradients flow through.
    node: Node | None = None


class Result(ABC):
    """What a call returned, or a part of it."""

    @abstractmethod
    def build(self, replay: Replay) -> object:
        """Return the result of ``replay``."""


@final
@dataclass(frozen=True, slots=True)
class Same(Result):
    """The same object every time."""

    value: object

    def build(self, replay: Replay) -> object:
        return self.value


@final
@dataclass(frozen=True, slots=True)
class Again(Result):
    """A number that is computed anew."""

    number: LiveNumber

    def build(self, replay: Replay) -> object:
        return self.number.now()


@final
@dataclass(frozen=True, slots=True)
class Given(Result):
    """The input itself, or a view of its memory."""

    index: int
    layout: Layout | None
    dtype: DType

    def build(self, replay: Replay) -> object:
        given = replay.inputs[self.index]
        if self.layout is None:
            return given
        return Tensor.over(Operand(given.operand.storage, self.layout, self.dtype))


@final
@dataclass(frozen=True, slots=True)
class Made(Result):
    """A tensor over memory that every replay makes."""

    index: int
    layout: Layout
    dtype: DType
    #: Which output of the replay's node it is, if gradients flow through it.
    output: int | None

    def build(self, replay: Replay) -> Tensor:
        made = Tensor.over(Operand(replay.storages[self.index], self.layout, self.dtype))
        if self.output is not None and replay.node is not None:
            set_history(made, replay.node, self.output)
        return made


@final
@dataclass(frozen=True, slots=True)
class Several(Result):
    """A tuple, named or not, or a list."""

    kind: type
    parts: tuple[Result, ...]

    def build(self, replay: Replay) -> object:
        built = [part.build(replay) for part in self.parts]
        return self.kind(*built) if hasattr(self.kind, "_fields") else self.kind(built)


@final
@dataclass(frozen=True, slots=True)
class Named(Result):
    """A dict."""

    parts: Mapping[object, Result]

    def build(self, replay: Replay) -> object:
        return {name: part.build(replay) for name, part in self.parts.items()}


@final
class Parts:
    """Takes results apart: ``memories`` are what each replay makes, ``outputs`` the tensors
    among the results that gradients can flow through.
    """

    def __init__(
        self,
        backend: Backend,
        recorder: Recorder,
        inputs: Sequence[TensorCore],
        used_up: Collection[Node] = (),
    ) -> None:
        self._backend = backend
        self._used_up = used_up
        self._recorder = recorder
        self._inputs = inputs
        self._places: dict[int, int] = {}
        self.memories: list[Memory] = []
        self.outputs: list[TensorCore] = []

    def template(self, value: object) -> Result:
        """Return how to build the like of ``value``."""
        if isinstance(value, TensorCore):
            return self._tensor(value)
        if isinstance(value, tuple | list):
            return Several(type(value), tuple([self.template(each) for each in value]))
        if isinstance(value, dict):
            return Named({name: self.template(each) for name, each in value.items()})
        if isinstance(value, LiveNumber):
            return Again(value)
        if value is None or isinstance(value, int | float | str):
            return Same(value)
        raise NotRecordable(f"the call returned a {type(value).__name__}")

    def _tensor(self, tensor: TensorCore) -> Result:
        storage, layout, dtype = tensor.operand
        for index, given in enumerate(self._inputs):
            if given is tensor:
                return Given(index, None, dtype)
            if given.operand.storage is storage:
                return Given(index, layout, dtype)
        if storage.backend is not self._backend:
            raise NotRecordable(f"the call returned a tensor on {storage.backend.device}")
        if not self._recorder.made(storage.memory):
            return Same(tensor)
        return Made(self.place(storage), layout, dtype, self._output(tensor))

    def place(self, storage: Storage) -> int:
        """Return the place of a storage among what each replay makes."""
        place = self._places.setdefault(id(storage), len(self.memories))
        if place == len(self.memories):
            self.memories.append(storage.memory)
        return place

    def _output(self, tensor: TensorCore) -> int | None:
        node = gradient_node(tensor)
        if node is None:
            return None
        if node in self._used_up:
            leads_to_leaf, is_whole = _left_of(node)
            if not is_whole and leads_to_leaf:
                raise NotRecordable("a result can be differentiated in part, as it has been")
            if not is_whole:
                return None
        for index, output in enumerate(self.outputs):
            if output is tensor:
                return index
        self.outputs.append(tensor)
        return len(self.outputs) - 1


def _left_of(node: Node) -> tuple[bool, bool]:
    """Return what a pass that went through ``node`` left of the graph: whether another one gets
    to a leaf, and whether it gets everywhere, since nothing was released on the way.
    """
    leads_to_leaf, is_whole = False, True
    seen: set[Node] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        leads_to_leaf |= isinstance(each, AccumulateGrad)
        is_whole &= not each.is_released
        if each not in seen and not each.is_released:
            seen.add(each)
            waiting += [edge.node for edge in each.edges if edge is not None]
    return leads_to_leaf, is_whole


def placed(result: Result | None) -> object:
    """Return what is alike in two results that are built alike."""
    if isinstance(result, Several):
        return result.kind, [placed(part) for part in result.parts]
    if isinstance(result, Named):
        return [(name, placed(part)) for name, part in result.parts.items()]
    if isinstance(result, Same):
        value = result.value
        return value.operand if isinstance(value, Tensor) else (type(value), repr(value))
    return "again" if isinstance(result, Again) else result
