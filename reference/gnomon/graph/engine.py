"""The backward pass: cotangents flow from outputs to leaves, each node once, latest node first.

A node runs when every node between it and the outputs has run, so cotangents that meet are
added before they go on. The pass keeps its own queue and never recurses: graphs may be of any
depth.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple, final

from gnomon.core import Cotangents, Edge, InputMetadata, Node, TensorCore
from gnomon.dispatch import values_of
from gnomon.graph.modes import GradMode, modes
from gnomon.graph.nodes import AccumulateGrad
from gnomon.op.copying import clone, to_dtype
from gnomon.op.foundation import add, sum_to
from gnomon.op.in_place import apply_in_place


class Root(NamedTuple):
    """Where a pass begins: an edge to the node of an output, and the output's cotangent."""

    edge: Edge
    cotangent: TensorCore


def run_backward(
    roots: Sequence[Root],
    inputs: Sequence[Edge] | None,
    *,
    keep_graph: bool,
    create_graph: bool,
    accumulate: bool,
) -> list[TensorCore | None]:
    """Send the roots' cotangents through the graph.

    With ``inputs`` None, the ``grad`` of every leaf on the way is added to. Otherwise only
    nodes that lead to ``inputs`` run; what arrives there is returned in their order, and is
    added to the leaves' ``grad`` as well if ``accumulate``.
    """
    with GradMode(create_graph):
        return _Pass(roots, inputs, keep_graph, create_graph, accumulate).run()


@final
class _Pass:
    """One backward pass."""

    def __init__(
        self,
        roots: Sequence[Root],
        inputs: Sequence[Edge] | None,
        keep_graph: bool,
        create_graph: bool,
        accumulate: bool,
    ) -> None:
        self.keep_graph = keep_graph
        self.create_graph = create_graph
        self.accumulate = accumulate
        self.inputs = inputs
        self.arrived: dict[Node, list[TensorCore | None]] = {}
        self.captured: dict[Edge, TensorCore] = {}
        self.waiting = _incoming_counts([root.edge.node for root in roots])
        self.useful = None if inputs is None else _nodes_leading_to(self.waiting, inputs)
        self.wanted: dict[Node, list[Edge]] = {}
        for edge in inputs or ():
            self.wanted.setdefault(edge.node, []).append(edge)
        self.ready: list[tuple[int, int, Node]] = []
        for root in roots:
            self._add(root.edge, root.cotangent)
        for node in dict.fromkeys(root.edge.node for root in roots):
            if not self.waiting[node]:
                self._make_ready(node)

    def run(self) -> list[TensorCore | None]:
        while self.ready:
            *_, node = heapq.heappop(self.ready)
            self._run_node(node)
        return [self.captured.get(edge) for edge in self.inputs or ()]

    def _run_node(self, node: Node) -> None:
        cotangents = self.arrived.pop(node, None)
        if cotangents is None:
            cotangents = [None] * len(node.outputs)
        if self.useful is not None and node not in self.useful:
            self._release_successors(node)
            return
        cotangents = _after_tensor_hooks(node, cotangents)
        for target in self.wanted.get(node, ()):
            arrived = cotangents[target.output]
            if arrived is not None:
                self.captured[target] = arrived
        if isinstance(node, AccumulateGrad):
            if self.inputs is None or (self.accumulate and node in self.wanted):
                accumulate_grad(node, cotangents[0], self.create_graph)
            return
        if self.useful is not None and not any(
            edge is not None and edge.node in self.useful for edge in node.edges
        ):
            self._release_successors(node)
            return
        results = self._call(node, cotangents)
        for edge, result in zip(node.edges, results, strict=True):
            if edge is None:
                continue
            if result is not None:
                self._add(edge, _fitted(node, edge, result))
            self._arrive(edge.node)

    def _call(self, node: Node, cotangents: Cotangents) -> Cotangents:
        for prehook in list((node.prehooks or {}).values()):
            replaced = prehook(cotangents)
            if replaced is not None:
                cotangents = replaced
        try:
            results = node.backward(cotangents)
        except Exception as error:
            if node.trace is not None:
                error.add_note(
                    f"{node.name()} was recorded by this forward call:\n{node.trace}"
                )
            raise
        if len(results) != len(node.edges):
            raise RuntimeError(
                f"{node.name()}: returned {len(results)} gradients for {len(node.edges)} inputs. "
                "Return one per input, None for those without."
            )
        for hook in list((node.hooks or {}).values()):
            replaced = hook(results, cotangents)
            if replaced is not None:
                results = replaced
        if not self.keep_graph:
            node.release()
        if modes.anomaly and modes.anomaly_checks_nan:
            _check_nan(node, results)
        return results

    def _release_successors(self, node: Node) -> None:
        for edge in node.edges:
            if edge is not None:
                self._arrive(edge.node)

    def _arrive(self, node: Node) -> None:
        self.waiting[node] -= 1
        if not self.waiting[node]:
            self._make_ready(node)

    def _make_ready(self, node: Node) -> None:
        # Leaves first, then the latest recorded: PyTorch's order, which hooks can observe.
        last = isinstance(node, AccumulateGrad)
        heapq.heappush(self.ready, (0 if last else 1, -node.sequence, node))

    def _add(self, edge: Edge, cotangent: TensorCore) -> None:
        slots = self.arrived.get(edge.node)
        if slots is None:
            slots = self.arrived[edge.node] = [None] * max(
                len(edge.node.outputs), edge.output + 1
            )
        present = slots[edge.output]
        slots[edge.output] = cotangent if present is None else add(present, cotangent)


def _incoming_counts(starts: Sequence[Node]) -> dict[Node, int]:
    """Return, for every node reachable from ``starts``, how many edges lead to it."""
    counts = dict.fromkeys(starts, 0)
    pending = list(counts)
    while pending:
        for edge in pending.pop().edges:
            if edge is None:
                continue
            if edge.node not in counts:
                counts[edge.node] = 0
                pending.append(edge.node)
            counts[edge.node] += 1
    return counts


def _nodes_leading_to(reachable: dict[Node, int], inputs: Sequence[Edge]) -> set[Node]:
    """Return the reachable nodes from which some input can be reached, the inputs' nodes
    included.
    """
    sources: dict[Node, list[Node]] = {}
    for node in reachable:
        for edge in node.edges:
            if edge is not None:
                sources.setdefault(edge.node, []).append(node)
    useful = {edge.node for edge in inputs}
    pending = list(useful)
    while pending:
        for node in sources.get(pending.pop(), ()):
            if node not in useful:
                useful.add(node)
                pending.append(node)
    return useful


def _fitted(node: Node, edge: Edge, cotangent: TensorCore) -> TensorCore:
    """Return ``cotangent`` in the shape and dtype of what it is the gradient of."""
    expected: InputMetadata = edge.node.outputs[edge.output]
    shape = cotangent.operand.layout.shape
    if shape != expected.shape:
        if not _broadcasts_from(expected.shape, shape):
            raise RuntimeError(
                f"{node.name()} returned an invalid gradient: got {list(shape)} but expected shape "
                f"compatible with {list(expected.shape)}. A gradient has the shape of its input."
            )
        cotangent = sum_to(cotangent, expected.shape)
    return to_dtype(cotangent, expected.dtype)


def _broadcasts_from(shape: tuple[int, ...], given: tuple[int, ...]) -> bool:
    added = len(given) - len(shape)
    return added >= 0 and all(
        size in (1, wide) for size, wide in zip(shape, given[added:], strict=True)
    )


def _after_tensor_hooks(
    node: Node, cotangents: list[TensorCore | None]
) -> list[TensorCore | None]:
    """Run the hooks of the node's output tensors, then let those that retain their grad have
    it.
    """
    for index, hooks in (node.tensor_hooks or {}).items():
        for hook in list(hooks.values()):
            arrived = cotangents[index]
            if arrived is not None:
                replaced = hook(arrived)
                if replaced is not None:
                    cotangents[index] = replaced
    for index, reference in (node.retain_hooks or {}).items():
        tensor, arrived = reference(), cotangents[index]
        if tensor is not None and tensor.autograd is not None and arrived is not None:
            present = tensor.autograd.grad
            tensor.autograd.grad = clone(arrived) if present is None else add(present, arrived)
    return cotangents


def accumulate_grad(
    node: AccumulateGrad, arrived: TensorCore | None, create_graph: bool
) -> None:
    """Add what arrived to the leaf's ``grad``, then run the leaf's post-accumulation hooks."""
    leaf = node.variable
    state = leaf.autograd_state()
    if arrived is not None:
        if state.grad is None:
            state.grad = clone(arrived)
        elif create_graph:
            state.grad = add(state.grad, arrived)
        else:
            apply_in_place(add, state.grad, arrived)
    for hook in list((state.post_accumulate_hooks or {}).values()):
        hook(leaf)


def _check_nan(node: Node, results: Cotangents) -> None:
    for index, result in enumerate(results):
        if result is not None and any(value != value for value in values_of(result.operand)):
            raise RuntimeError(
                f"Function '{node.name()}' returned nan values in its {index}th output."
                + (
                    f" It was recorded by this forward call:\n{node.trace}"
                    if node.trace
                    else ""
                )
            )
