"""Nodes of the graph, and the edges from tensors to them."""

from __future__ import annotations

import traceback
import weakref
from collections.abc import Callable, Sequence
from typing import final

from gnomon.core import Cotangents, Edge, InputMetadata, Node, TensorCore
from gnomon.graph.modes import modes
from gnomon.graph.saved import SavedTensor, released


@final
class AccumulateGrad(Node):
    """The end of the graph at a leaf: the engine adds what arrives here to the leaf's ``grad``.
    """

    __slots__ = ("variable",)

    def __init__(self, variable: TensorCore) -> None:
        super().__init__((), (metadata_of(variable),))
        self.variable = variable

    def name(self) -> str:
        return "AccumulateGrad"

    def backward(self, cotangents: Cotangents) -> Cotangents:
        return ()


@final
class OperationNode(Node):
    """The node of a recorded operation: its derivative, and the tensors the derivative needs.
    """

    __slots__ = ("_derivative", "_label", "_saved")

    def __init__(
        self,
        label: str,
        inputs: Sequence[TensorCore | None],
        outputs: Sequence[TensorCore],
        saved: Sequence[SavedTensor | None],
        derivative: Callable[[Cotangents, Sequence[TensorCore | None]], Cotangents],
    ) -> None:
        """``derivative(cotangents, saved tensors)`` returns a cotangent per input."""
        super().__init__(
            tuple(None if tensor is None else edge_of(tensor) for tensor in inputs),
            tuple(metadata_of(output) for output in outputs),
        )
        self._label = label
        self._saved: Sequence[SavedTensor | None] | None = saved
        self._derivative = derivative
        if modes.anomaly:
            self.trace = "".join(traceback.format_stack()[:-3])

    def name(self) -> str:
        return self._label

    def backward(self, cotangents: Cotangents) -> Cotangents:
        return self._derivative(cotangents, self.saved_tensors)

    @property
    def saved_tensors(self) -> Sequence[TensorCore | None]:
        """What the operation saved; raises RuntimeError when it is freed or was written to."""
        if self._saved is None:
            raise released(self._label)
        return [None if saved is None else saved.unpack(self) for saved in self._saved]

    def release(self) -> None:
        if self._saved:
            self._saved = None


def metadata_of(tensor: TensorCore) -> InputMetadata:
    """Return what a gradient of ``tensor`` must look like."""
    storage, layout, dtype = tensor.operand
    return InputMetadata(layout.shape, dtype, storage.backend.device)


def gradient_node(tensor: TensorCore) -> Node | None:
    """Return the node that made ``tensor`` (``grad_fn``), or None for a leaf.

    A view whose base was written to since gets a new node first.
    """
    state = tensor.autograd
    if state is None:
        return None
    view = state.view
    if (
        view is not None
        and view.version != tensor.operand.storage.version
        and view.base.tracked
    ):
        state.node = view.remake(view.base, tensor)
        state.output_index = 0
        view.version = tensor.operand.storage.version
    return state.node


def edge_of(tensor: TensorCore) -> Edge | None:
    """Return where the gradient of ``tensor`` goes, None when it goes nowhere."""
    state = tensor.autograd
    if state is None:
        return None
    node = gradient_node(tensor)
    if node is not None:
        return Edge(node, state.output_index)
    return Edge(accumulator_of(tensor), 0) if state.requires_grad else None


def accumulator_of(leaf: TensorCore) -> Node:
    """Return the one AccumulateGrad of ``leaf``, which lives as long as some graph needs it."""
    state = leaf.autograd_state()
    node = state.accumulator() if state.accumulator is not None else None
    if node is None:
        node = AccumulateGrad(leaf)
        state.accumulator = weakref.ref(node)
        if state.tensor_hooks is not None:
            node.tensor_hooks = {0: state.tensor_hooks}
    return node


def set_history(tensor: TensorCore, node: Node, index: int = 0) -> None:
    """Make ``tensor`` the ``index``-th output of ``node``."""
    state = tensor.autograd_state()
    state.node = node
    state.output_index = index


def recording(*tensors: TensorCore | None) -> bool:
    """Return whether an operation on these tensors must be recorded."""
    return modes.grad and any(tensor is not None and tensor.tracked for tensor in tensors)
