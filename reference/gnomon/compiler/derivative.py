"""The derivative of a recorded call: a backward pass, recorded and replayed like the call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from gnomon.backend import Backend, Storage
from gnomon.compiler.results import Parts, Replay, Result, placed
from gnomon.core import Cotangents, Edge, Node, TensorCore
from gnomon.dispatch import filled
from gnomon.errors import explain
from gnomon.graph.edges import AccumulateGrad, edge_of, metadata_of
from gnomon.graph.engine import Root, run_backward
from gnomon.graph.modes import modes
from gnomon.graph.notes import CallNotes
from gnomon.graph.saved import released
from gnomon.layout import Layout
from gnomon.memory import Memory
from gnomon.op.copying import clone_as
from gnomon.recording import NotRecordable, Recording
from gnomon.tensor import Tensor


@final
class Derivative:
    """What makes the gradients of a call's arguments and leaves of those of its outputs."""

    def __init__(
        self,
        backend: Backend,
        recording: Recording | None,
        layouts: Sequence[Layout],
        targets: Sequence[int | AccumulateGrad],
        results: Sequence[Result | None],
        outputs: Sequence[TensorCore],
    ) -> None:
        """``targets`` are places among the call's tensors, or nodes of leaves."""
        self.backend = backend
        self.recording = recording
        #: How the cotangents of the outputs lay when the derivative was recorded.
        self.layouts = layouts
        self.targets = targets
        self.results = results
        self.outputs = tuple([metadata_of(output) for output in outputs])

    def matches(self, other: Derivative) -> bool:
        """Return whether ``other`` does the same."""
        if self.recording is None or other.recording is None:
            return self.recording is other.recording and self._shape() == other._shape()
        return self._shape() == other._shape() and self.recording.matches(other.recording)

    def _shape(self) -> tuple[object, ...]:
        results = [None if each is None else placed(each) for each in self.results]
        return self.layouts, self.targets, self.outputs, results

    def prepare(self) -> None:
        """Make ready to be replayed."""
        if self.recording is not None:
            self.recording.prepare()

    def node(self, memories: Sequence[Memory], inputs: Sequence[Tensor]) -> Node:
        """Return the node of a replay that was given and made ``memories``."""
        edges = [
            edge_of(inputs[target]) if isinstance(target, int) else Edge(target, 0)
            for target in self.targets
        ]
        return ReplayedBackward(self, memories, edges)


@final
class ReplayedBackward(Node):
    """The node of the tensors that a replayed call returned."""

    __slots__ = ("_derivative", "_memories", "_versions")

    def __init__(
        self,
        derivative: Derivative,
        memories: Sequence[Memory],
        edges: Sequence[Edge | None],
    ) -> None:
        super().__init__(tuple(edges), derivative.outputs)
        self._derivative = derivative
        self._memories: Sequence[Memory] | None = memories
        self._versions = self._versions_now()

    def name(self) -> str:
        return "CompiledFunctionBackward"

    def _versions_now(self) -> list[int]:
        return [
            edge.node.variable.operand.storage.version
            for edge in self.edges
            if edge is not None and isinstance(edge.node, AccumulateGrad)
        ]

    def backward(self, cotangents: Cotangents) -> Cotangents:
        derivative = self._derivative
        if self._memories is None:
            raise released(self.name())
        if self._versions != self._versions_now():
            raise RuntimeError(
                explain(
                    self.name(),
                    "a variable needed for gradient computation has been modified by an "
                    "inplace operation since the compiled call",
                    remedy="Call backward() before parameters change",
                )
            )
        if modes.grad:
            raise RuntimeError(
                explain(
                    self.name(),
                    "the derivative of a compiled call has no derivative of its own",
                    remedy="Take it without create_graph, or call the function uncompiled",
                )
            )
        given = [
            _laid_out(cotangent, derivative, index)
            for index, cotangent in enumerate(cotangents)
        ]
        made: list[Memory] = []
        if derivative.recording is not None:
            memories = [tensor.operand.storage.memory for tensor in given]
            made = derivative.recording.replay([*memories, *self._memories])
        replay = Replay([Storage(derivative.backend, memory) for memory in made], given)
        return [
            None if result is None else _tensor(result.build(replay))
            for result in derivative.results
        ]

    def release(self) -> None:
        self._memories = None


def _tensor(value: object) -> TensorCore:
    assert isinstance(value, TensorCore)
    return value


def _laid_out(cotangent: TensorCore | None, derivative: Derivative, index: int) -> TensorCore:
    """Return a cotangent as it lay when the derivative was recorded, zeros for none."""
    layout, metadata = derivative.layouts[index], derivative.outputs[index]
    if cotangent is None:
        zeros = filled(derivative.backend, metadata.shape, metadata.dtype, 0)
        cotangent = Tensor.over(zeros)
    return cotangent if cotangent.operand.layout == layout else clone_as(cotangent, layout)


def record_derivative(
    backend: Backend,
    outputs: Sequence[TensorCore],
    memories: Sequence[Memory],
    inputs: Sequence[Tensor],
) -> Derivative:
    """Return the derivative of a call that has just run, whose graph stays as it is.

    ``memories`` are what the call was given and made, which a replay of it gives others of.
    Raises NotRecordable when hooks would see the pass, or when it can't be replayed.
    """
    targets, edges = _targets(outputs, inputs)
    recorder = backend.recorder()
    assert recorder is not None
    layouts = [Layout.contiguous(output.operand.layout.shape) for output in outputs]
    cotangents = [
        Tensor.over(filled(backend, layout.shape, output.operand.dtype, 1))
        for layout, output in zip(layouts, outputs, strict=True)
    ]
    recorder.cancel()
    recorder = backend.recorder()
    assert recorder is not None
    modes.notes = CallNotes({backend: recorder})
    try:
        roots = [
            Root(edge, cotangent)
            for output, cotangent in zip(outputs, cotangents, strict=True)
            if (edge := edge_of(output)) is not None
        ]
        found = run_backward(
            roots, edges, keep_graph=True, create_graph=False, accumulate=False
        )
        modes.notes.check()
        parts = Parts(backend, recorder, cotangents)
        results = [None if each is None else parts.template(each) for each in found]
        recording = None
        if recorder.has_launches:
            given = [cotangent.operand.storage.memory for cotangent in cotangents]
            del found, roots
            recording = recorder.finish([*given, *memories], parts.memories)
        return Derivative(backend, recording, layouts, targets, results, outputs)
    finally:
        modes.notes = None
        recorder.cancel()


def _targets(
    outputs: Sequence[TensorCore], inputs: Sequence[Tensor]
) -> tuple[list[int | AccumulateGrad], list[Edge]]:
    """Return what gradients are for, and the edges that lead there."""
    targets: list[int | AccumulateGrad] = []
    edges: list[Edge] = []
    for index, tensor in enumerate(inputs):
        edge = edge_of(tensor)
        if edge is not None and edge not in edges:
            targets.append(index)
            edges.append(edge)
    borders = {edge.node for edge in edges}
    seen: set[Node] = set()
    pending = [edge.node for output in outputs if (edge := edge_of(output)) is not None]
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.hooks or node.prehooks or node.tensor_hooks or node.retain_hooks:
            raise NotRecordable("a hook waits for a gradient of the call's")
        if isinstance(node, AccumulateGrad):
            targets.append(node)
            edges.append(Edge(node, 0))
        elif node not in borders:
            pending += [edge.node for edge in node.edges if edge is not None]
    return targets, edges
