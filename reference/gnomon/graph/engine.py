"""The backward pass: cotangents flow from outputs to leaves, each node once, latest node first.

A node runs when every node between it and the outputs has run, so cotangents that meet are
added before they go on. The pass keeps its own queue and never recurses: graphs may be of any
depth.
"""

from __future__ import annotations

import heapq
import weakref
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar, final

from gnomon.backend import Operand, Storage
from gnomon.core import Cotangents, Edge, InputMetadata, Node, TensorCore, TensorHook
from gnomon.dispatch import values_of
from gnomon.errors import warn
from gnomon.graph.edges import AccumulateGrad
from gnomon.graph.modes import GradMode, modes
from gnomon.op.copying import clone, clone_as, to_dtype
from gnomon.op.foundation import add, sum_to
from gnomon.op.in_place import apply_in_place

Hook = TypeVar("Hook")


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
    outer = modes.backward_pass
    with GradMode(create_graph):
        running = _Pass(roots, inputs, keep_graph, create_graph, accumulate)
        if modes.notes is not None and not keep_graph:
            modes.notes.used_up.update(running.waiting)
        modes.backward_pass = running
        try:
            return running.run()
        finally:
            modes.backward_pass = outer


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
        self.wanted: dict[Node, list[Edge]] = {}
        for edge in inputs or ():
            self.wanted.setdefault(edge.node, []).append(edge)
        self.useful = None if inputs is None else _nodes_before(self.waiting, self.wanted)
        self.ready: list[tuple[int, int, Node]] = []
        self.at_work: Node | None = None
        for edge, cotangent in roots:
            self._add(edge, to_dtype(cotangent, edge.node.outputs[edge.output].dtype))
        for node in dict.fromkeys(root.edge.node for root in roots):
            if not self.waiting[node]:
                self._make_ready(node)

    def run(self) -> list[TensorCore | None]:
        while self.ready:
            *_, node = heapq.heappop(self.ready)
            self._run_node(node)
        return [self.captured.get(edge) for edge in self.inputs or ()]

    def _run_node(self, node: Node) -> None:
        arrived = self.arrived.pop(node, None) or [None] * len(node.outputs)
        leads_on = self.useful is None or node in self.useful
        # As in PyTorch, hooks of a tensor that is itself asked for change what is returned for
        # it only where the pass ends; further on they change what flows on.
        if leads_on:
            self._capture(node, arrived)
        cotangents = _after_tensor_hooks(node, arrived)
        if not leads_on:
            self._capture(node, cotangents)
        if isinstance(node, AccumulateGrad):
            if self.inputs is None or (self.accumulate and node in self.wanted):
                self._accumulate(node, cotangents)
        elif leads_on:
            self._send_on(node, self._call(node, cotangents))

    def _capture(self, node: Node, cotangents: Cotangents) -> None:
        for target in self.wanted.get(node, ()):
            arrived = cotangents[target.output]
            if arrived is not None:
                self.captured[target] = arrived

    def _accumulate(self, node: AccumulateGrad, cotangents: Cotangents) -> None:
        cotangents = _after_prehooks(node, cotangents)
        hooks = _registered(node.hooks)
        if isinstance(cotangents, list) and not hooks and not self.create_graph:
            accumulate_grad(node, *_let_go_of(cotangents), self.create_graph)
            return
        accumulate_grad(node, cotangents[0], False, self.create_graph)
        for hook in hooks:
            hook((), tuple(cotangents))

    def _send_on(self, node: Node, results: Cotangents) -> None:
        for index, (edge, result) in enumerate(zip(node.edges, results, strict=True)):
            if edge is None or not self._takes_part(edge.node):
                continue
            if result is not None:
                self._add(edge, _fitted(node, index, edge, result))
            self.waiting[edge.node] -= 1
            if not self.waiting[edge.node]:
                self._make_ready(edge.node)

    def will_run(self, node: Node) -> bool:
        return node in self.waiting and self._takes_part(node)

    def asks_for(self, place: int) -> bool:
        edge = None if self.at_work is None else self.at_work.edges[place]
        return edge is not None and self._takes_part(edge.node)

    def _takes_part(self, node: Node) -> bool:
        return self.useful is None or node in self.useful or node in self.wanted

    def _call(self, node: Node, cotangents: Cotangents) -> Cotangents:
        cotangents = _after_prehooks(node, cotangents)
        try:
            self.at_work = node
            results = node.backward(cotangents)
            if len(results) != len(node.edges):
                raise RuntimeError(
                    f"Function {node.name()} returned an incorrect number of gradients "
                    f"(expected {len(node.edges)}, got {len(results)}). Return one per input, "
                    "None for those without."
                )
            if not self.keep_graph:
                node.release()
            if modes.anomaly and modes.anomaly_checks_nan:
                _check_nan(node, results)
        except Exception:
            if modes.anomaly:
                _point_at_forward_call(node)
            raise
        for hook in _registered(node.hooks):
            replaced = hook(tuple(results), tuple(cotangents))
            if replaced is not None:
                results = _listed(node, replaced, len(results))
        return results

    def _make_ready(self, node: Node) -> None:
        # Leaves first, then the latest recorded: PyTorch's order, which hooks can observe.
        last = isinstance(node, AccumulateGrad)
        heapq.heappush(self.ready, (0 if last else 1, -node.sequence, node))

    def _add(self, edge: Edge, cotangent: TensorCore) -> None:
        slots = self.arrived.get(edge.node)
        if slots is None:
            slots = self.arrived[edge.node] = [None] * len(edge.node.outputs)
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


def _nodes_before(reachable: Iterable[Node], targets: Iterable[Node]) -> set[Node]:
    """Return the reachable nodes from which edges lead on to some target."""
    sources: dict[Node, list[Node]] = {}
    for node in reachable:
        for edge in node.edges:
            if edge is not None:
                sources.setdefault(edge.node, []).append(node)
    before: set[Node] = set()
    pending = list(targets)
    while pending:
        for node in sources.get(pending.pop(), ()):
            if node not in before:
                before.add(node)
                pending.append(node)
    return before


def _fitted(node: Node, index: int, edge: Edge, cotangent: TensorCore) -> TensorCore:
    """Return ``cotangent`` in the shape and dtype of what it is the gradient of."""
    expected: InputMetadata = edge.node.outputs[edge.output]
    storage, layout, _ = cotangent.operand
    shape = layout.shape
    if storage.backend.device != expected.device:
        raise RuntimeError(
            f"Function {node.name()} returned an invalid gradient at index {index} - expected "
            f"device {expected.device} but got {storage.backend.device}. Move the gradient to "
            "the device of its input."
        )
    if shape != expected.shape:
        if not _broadcasts_from(expected.shape, shape):
            raise RuntimeError(
                f"Function {node.name()} returned an invalid gradient at index {index} - got "
                f"{list(shape)} but expected shape compatible with {list(expected.shape)}. A "
                "gradient has the shape of its input."
            )
        cotangent = sum_to(cotangent, expected.shape)
    return to_dtype(cotangent, expected.dtype)


def _broadcasts_from(shape: tuple[int, ...], given: tuple[int, ...]) -> bool:
    added = len(given) - len(shape)
    return added >= 0 and all(
        size in (1, wide) for size, wide in zip(shape, given[added:], strict=True)
    )


def _registered(hooks: dict[int, Hook] | None) -> list[Hook]:
    # A copy: a hook may remove itself.
    return list(hooks.values()) if hooks else []


def _after_prehooks(node: Node, cotangents: Cotangents) -> Cotangents:
    for prehook in _registered(node.prehooks):
        replaced = prehook(tuple(cotangents))
        if replaced is not None:
            cotangents = _listed(node, replaced, len(cotangents))
    return cotangents


def _listed(node: Node, replaced: Cotangents | TensorCore, count: int) -> Cotangents:
    listed = (replaced,) if isinstance(replaced, TensorCore) else tuple(replaced)
    if len(listed) != count:
        raise RuntimeError(
            f"{node.name()}: a hook has returned an incorrect number of values (got "
            f"{len(listed)}, but expected {count}). Return one per gradient, or None."
        )
    return listed


def _after_tensor_hooks(
    node: Node, cotangents: list[TensorCore | None]
) -> list[TensorCore | None]:
    """Run the hooks of the node's output tensors, then let those that retain their grad have
    it.
    """
    if node.tensor_hooks is None and node.retain_hooks is None:
        return cotangents
    cotangents = list(cotangents)
    for index, hooks in (node.tensor_hooks or {}).items():
        for hook in _registered(hooks):
            replaced = hook(cotangents[index])
            if replaced is not None:
                _check_replaced(hook, cotangents[index], replaced)
                cotangents[index] = replaced
    for index, reference in (node.retain_hooks or {}).items():
        tensor, arrived = reference(), cotangents[index]
        if tensor is not None and tensor.autograd is not None and arrived is not None:
            present = tensor.autograd.grad
            tensor.autograd.grad = clone(arrived) if present is None else add(present, arrived)
    return cotangents


def _check_replaced(hook: TensorHook, given: TensorCore | None, replaced: object) -> None:
    if not isinstance(replaced, TensorCore):
        raise TypeError(f"expected Variable, but hook returned '{type(replaced).__name__}'")
    if given is None:
        return
    name = getattr(hook, "__name__", type(hook).__name__)
    if replaced.operand.dtype is not given.operand.dtype:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was {given.describe()} got "
            f"{replaced.describe()}). Return a gradient of the same dtype and shape."
        )
    if replaced.operand.layout.shape != given.operand.layout.shape:
        raise RuntimeError(
            f"hook '{name}' has changed the size of value (was {given.describe()} got "
            f"{replaced.describe()}). Return a gradient of the same dtype and shape."
        )


def _let_go_of(cotangents: list[TensorCore | None]) -> tuple[TensorCore | None, bool]:
    """Return the one cotangent as a tensor of its own, taken out of the list, and whether
    nobody else can read its memory: then the tensor and its storage end here.
    """
    arrived = cotangents[0]
    if arrived is None or arrived.tracked:
        return arrived, False
    storage, layout, dtype = arrived.operand
    taken = arrived.like(Operand(Storage(storage.backend, storage.memory), layout, dtype))
    others = weakref.ref(arrived), weakref.ref(storage)
    cotangents[0] = None
    del arrived, storage
    return taken, others[0]() is None and others[1]() is None


def accumulate_grad(
    node: AccumulateGrad, arrived: TensorCore | None, is_own: bool, create_graph: bool
) -> None:
    """Add what arrived to the leaf's ``grad``, then run the leaf's post-accumulation hooks.

    What arrived is the gradient itself if it ``is_own``, which nobody else can read, and lies
    as the leaf does.
    """
    leaf = node.variable
    state = leaf.autograd_state()
    if arrived is not None and state.requires_grad:
        if modes.notes is not None:
            modes.notes.touch(leaf, replaced=False)
        if state.grad is None:
            # In the leaf's own layout, so that optimizers walk both alike.
            layout = leaf.operand.layout.dense_like()
            storage, given, dtype = arrived.operand
            fits = given == layout and storage.nbytes == layout.numel * dtype.itemsize
            state.grad = arrived if is_own and fits else clone_as(arrived, layout)
        elif create_graph:
            state.grad = add(state.grad, arrived)
        else:
            apply_in_place(add, state.grad, arrived)
    for hook in _registered(state.post_accumulate_hooks):
        returned: object = hook(leaf)
        if returned is not None:
            raise RuntimeError(
                "Tensor post accumulate grad hooks should return None, got "
                f"{type(returned).__name__}. Write to the gradient in place."
            )


def _check_nan(node: Node, results: Cotangents) -> None:
    for index, result in enumerate(results):
        if result is not None and any(value != value for value in values_of(result.operand)):
            raise RuntimeError(
                f"Function '{node.name()}' returned nan values in its {index}th output. The "
                "warning before this error shows the forward call."
            )


def _point_at_forward_call(node: Node) -> None:
    where = (
        f"Traceback of forward call that caused the error:\n{node.trace}"
        if node.trace
        else "Its forward call was not recorded: anomaly mode was off then."
    )
    warn(f"Error detected in {node.name()}. {where}")
