"""Where a tensor's gradient goes: to the node that made it, or to the accumulator of a leaf."""

from __future__ import annotations

import weakref
from typing import final

from gnomon.core import Cotangents, Edge, InputMetadata, Node, TensorCore, ViewKind
from gnomon.graph.modes import modes


@final
class AccumulateGrad(Node):
    """The end of the graph at a leaf: what arrives here is added to the leaf's ``grad``."""

    __slots__ = ("variable",)

    def __init__(self, variable: TensorCore) -> None:
        super().__init__((), (metadata_of(variable),))
        self.variable = variable

    def name(self) -> str:
        return "AccumulateGrad"

    def backward(self, cotangents: Cotangents) -> Cotangents:
        return ()

    def release(self) -> None:
        """Nothing was saved: a leaf takes part in any number of passes."""


def metadata_of(tensor: TensorCore) -> InputMetadata:
    """Return what a gradient of ``tensor`` must look like."""
    storage, layout, dtype = tensor.operand
    return InputMetadata(layout.shape, dtype, storage.backend.device)


def gradient_node(tensor: TensorCore) -> Node | None:
    """Return the node that made ``tensor`` (``grad_fn``), or None for a leaf.

    A view whose base was written to since gets a new node first. Raises RuntimeError when the
    view is of a kind that cannot have one.
    """
    state = tensor.autograd
    if state is None:
        return None
    view = state.view
    if view is None or view.version == tensor.operand.storage.version:
        return state.node
    if state.node is None and not view.base.tracked:
        return None
    if view.kind is not ViewKind.DIFFERENTIABLE:
        raise refused_view("grad_fn", tensor, view.kind, indirect=True)
    set_history(tensor, view.remake(view.base, tensor))
    view.version = tensor.operand.storage.version
    return state.node


_REFUSALS = {
    ViewKind.MULTIPLE: (
        "This view is the output of a function that returns multiple views, and such views "
        "must not be modified inplace. Use the out-of-place operation, or clone() the view"
    ),
    ViewKind.CUSTOM: (
        "This view was created inside a custom Function (or because an input was returned "
        "as-is), and its history would override the Function's backward. clone() the "
        "Function's output"
    ),
    ViewKind.NO_GRAD: (
        "A view was created in no_grad mode, so it has no history to continue. Do both the "
        "view and the write inside no_grad, or both outside"
    ),
    ViewKind.INFERENCE: (
        "A view was created in inference mode, so it has no history to continue. Do both the "
        "view and the write inside inference_mode, or both outside"
    ),
}


def refused_view(
    operation: str, tensor: TensorCore, kind: ViewKind, *, indirect: bool
) -> RuntimeError:
    """Return the error for a write to a view that can't be given a history.

    ``indirect``: not the view itself was written to, but its base or another view of that.
    """
    state = tensor.autograd
    node = state.node if state is not None else None
    output = f"output {state.output_index} of {node.name()}" if state and node else "the tensor"
    what = (
        "a view, and its base or another view of its base has been modified inplace"
        if indirect
        else "a view and is being modified inplace"
    )
    return RuntimeError(
        f"{operation}: {output}, given {tensor.describe()}, is {what}. {_REFUSALS[kind]}."
    )


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
    """Make ``tensor`` the ``index``-th output of ``node``.

    When it had a node before, its hooks stay there: they were registered for the value it had
    then. Only the wish to retain ``grad`` moves along.
    """
    state = tensor.autograd_state()
    if state.retains_grad:
        if state.node is not None and state.node.retain_hooks is not None:
            state.node.retain_hooks.pop(state.output_index, None)
        retain(tensor, node, index)
    state.node = node
    state.output_index = index


def retain(tensor: TensorCore, node: Node, index: int) -> None:
    """Let the engine store the cotangent of ``node``'s output in ``tensor.grad`` as well."""
    if node.retain_hooks is None:
        node.retain_hooks = {}
    node.retain_hooks[index] = weakref.ref(tensor)


def join(tensor: TensorCore, edge: Edge) -> None:
    """Let the gradient of ``tensor``, which is outside any graph, go where ``edge`` leads."""
    if isinstance(edge.node, AccumulateGrad):
        state = tensor.autograd_state()
        state.requires_grad = True
        state.accumulator = weakref.ref(edge.node)
    else:
        set_history(tensor, edge.node, edge.output)


def recording(*tensors: TensorCore | None) -> bool:
    """Return whether an operation on these tensors must be recorded."""
    if modes.grad:
        # A loop, since each operation asks: a generator costs as much again.
        for tensor in tensors:
            if tensor is not None and tensor.tracked:
                return True
    return False
