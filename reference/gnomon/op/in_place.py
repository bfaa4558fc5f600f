"""Writing in place: the checks, the write, and the history it leaves.

After a write, the tensor's history is that of the operation. When the tensor is a view, it is
its base whose history changes: the base's node becomes "a copy of what was there, with the part
under the view's layout replaced" (:class:`CopySlices`), and other views of the base get new
nodes when asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, final

from gnomon.backend import Operand
from gnomon.core import Cotangents, Edge, Node, TensorCore, ViewKind
from gnomon.dispatch import allocate, prepare
from gnomon.dtypes import Scalar
from gnomon.errors import explain
from gnomon.graph.edges import (
    AccumulateGrad,
    edge_of,
    join,
    metadata_of,
    recording,
    refused_view,
    set_history,
)
from gnomon.graph.modes import modes
from gnomon.graph.nodes import OperationNode
from gnomon.layout import Layout
from gnomon.op.copy import COPY
from gnomon.op.copying import clone, clone_as
from gnomon.op.derivative import node_label
from gnomon.op.elementwise import Elementwise, Unary, make_node, saved_positions
from gnomon.op.foundation import no_slope
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import (
    check_castable,
    check_writable,
    count_write,
    reads_elsewhere,
    write,
)
from gnomon.op.record import describes_itself
from gnomon.op.view import view_node_from_base, view_through_storage

T = TypeVar("T", bound=TensorCore)


def apply_in_place(record: Elementwise, target: T, *others: TensorCore | Scalar) -> T:
    """Run an elementwise record with ``target`` as first input and as output; return
    ``target``.
    """
    return write_elementwise(record, target, (target, *others))


@final
@describes_itself
@dataclass(frozen=True, slots=True, repr=False)
class InPlace:
    """The in-place form of a unary record: ``sin_`` of ``sin``.

    >>> import gnomon as torch
    >>> torch.floor_.__name__, torch.floor_(torch.tensor([1.5, -1.5]))
    ('floor_', tensor([ 1., -2.]))
    """

    record: Unary

    @property
    def __name__(self) -> str:
        return f"{self.record.name}_"

    def __repr__(self) -> str:
        return f"<InPlace {self.__name__}>"

    def describe(self) -> str:
        """Return what ``help()`` shows."""
        return (
            f"{self.__name__}(input)\n\n"
            f"Replace each element of input by {self.record.definition}, and return input.\n\n"
            f"See {self.record.name}."
        )

    @numpy_names
    def __call__(self, input: T) -> T:
        return apply_in_place(self.record, input)


def write_elementwise(
    record: Elementwise, target: T, inputs: tuple[TensorCore | Scalar, ...]
) -> T:
    """Run an elementwise record on ``inputs`` and write the result to ``target``, in place."""
    operation = f"{record.name}_"
    tensors = [value for value in inputs if isinstance(value, TensorCore)]
    records = recording(target, *tensors)
    check_in_place(operation, target, records)
    check_writable(operation, target, inputs)
    launch = prepare(
        operation,
        record.dtype,
        inputs,
        record.conditions,
        record.precise_numbers,
        record.tensors,
    )
    operand = target.operand
    shape = operand.layout.shape
    if launch.layout.shape != shape:
        raise RuntimeError(
            explain(
                operation,
                f"output with shape {list(shape)} doesn't match the broadcast shape "
                f"{list(launch.layout.shape)}",
                remedy="Use the out-of-place operation, whose result has the broadcast shape",
            )
        )
    fresh = Operand(operand.storage, operand.layout, launch.result)
    check_castable(operation, fresh, operand)
    # Made before the write: edges and versions are those of what is about to be overwritten.
    history = _history_before(record, target, inputs) if records else None
    direct = launch.result is operand.dtype and not any(
        reads_elsewhere(operand, tensor.operand) for tensor in tensors
    )
    output = (
        operand if direct else allocate(launch.backend, Layout.contiguous(shape), launch.result)
    )
    launch.backend.elementwise(record, launch.inputs, output)
    if direct:
        count_write(target)
    else:
        write(target, output)
    if history is not None:
        node, saves_result = history
        if saves_result:
            node.save_result(target)
        rebase_history(target, node)
    return target


def _history_before(
    record: Elementwise, target: TensorCore, inputs: tuple[TensorCore | Scalar, ...]
) -> tuple[OperationNode, bool]:
    """Return the node of a write to ``target``, and whether it saves the result."""
    kept = list(inputs)
    wanted = saved_positions(record, inputs)
    for position, value in enumerate(inputs):
        if value is target:
            if wanted and wanted[position]:
                kept[position] = _copy_with_history(target)
            break
    made = make_node(record, inputs, kept, target)
    return made or (_constant(f"{record.name}_", target), False)


def _constant(operation: str, target: TensorCore) -> OperationNode:
    """Return the node of a write whose result depends on nothing that has a gradient."""
    return OperationNode(node_label(operation.rstrip("_")), (target,), (target,), (), _no_slope)


def _unchanged(cotangents: Cotangents, saved: Sequence[TensorCore | None]) -> Cotangents:
    return cotangents


def _no_slope(cotangents: Cotangents, saved: Sequence[TensorCore | None]) -> Cotangents:
    (cotangent,) = cotangents
    return (None if cotangent is None else no_slope(cotangent),)


def _copy_with_history(tensor: T) -> T:
    """Return a copy of ``tensor`` whose gradient goes where that of ``tensor`` goes now."""
    operand = tensor.operand
    copy = allocate(operand.storage.backend, operand.layout.dense_like(), operand.dtype)
    operand.storage.backend.elementwise(COPY, (operand,), copy)
    kept = tensor.like(copy)
    edge = edge_of(tensor)
    if edge is not None:
        join(kept, edge)
    return kept


def replace(target: T, operation: str, result: TensorCore) -> T:
    """Write ``result``, which was computed out of place, to ``target``, and take over its
    history.

    The form of every in-place operation that is not elementwise; ``result`` must not have saved
    ``target`` itself (see :func:`snapshot`).
    """
    check_in_place(operation, target, result.tracked or recording(target))
    check_writable(operation, target)
    check_castable(operation, result.operand, target.operand)
    if result.operand.layout.shape != target.operand.layout.shape:
        raise RuntimeError(
            explain(
                operation,
                f"output with shape {list(target.operand.layout.shape)} doesn't match the "
                f"result's shape {list(result.operand.layout.shape)}",
                remedy="Use the out-of-place operation",
            )
        )
    edge = edge_of(result) if modes.grad else None
    if edge is not None and isinstance(edge.node, AccumulateGrad):
        edge = Edge(OperationNode("CopyBackwards", (result,), (target,), (), _unchanged), 0)
    elif edge is None and recording(target):
        edge = Edge(_constant(operation, target), 0)
    write(target, result.operand)
    if edge is not None:
        rebase_history(target, edge.node, edge.output)
    return target


def snapshot(target: T) -> T:
    """Return what an in-place operation computes from: a copy if it is recorded."""
    if not recording(target):
        return target
    return _copy_with_history(target)


def check_in_place(operation: str, target: TensorCore, records: bool) -> None:
    """Raise RuntimeError when ``target`` must not be written to in the current mode."""
    if target.made_for_inference and not modes.inference:
        raise RuntimeError(
            f"{operation}: Inplace update to inference tensor outside InferenceMode is not "
            "allowed. clone() it to get a normal tensor."
        )
    state = target.autograd
    if not records or state is None:
        return
    if state.view is not None:
        if state.view.kind is not ViewKind.DIFFERENTIABLE:
            raise refused_view(operation, target, state.view.kind, indirect=False)
        if _is_leaf_requiring_grad(state.view.base):
            raise RuntimeError(
                f"{operation}: a view of a leaf Variable that requires grad is being used in "
                "an in-place operation. Wrap the update in gnomon.no_grad(), or write to a "
                "clone of the leaf."
            )
    if _is_leaf_requiring_grad(target):
        raise RuntimeError(
            f"{operation}: a leaf Variable that requires grad is being used in an in-place "
            "operation. Wrap the update in gnomon.no_grad(), or compute a new tensor."
        )


def _is_leaf_requiring_grad(tensor: TensorCore) -> bool:
    state = tensor.autograd
    return state is not None and state.requires_grad and state.node is None


def rebase_history(target: TensorCore, node: Node | None, index: int = 0) -> None:
    """Let ``target``, just written to, be the ``index``-th output of ``node`` (None: of
    nothing).
    """
    state = target.autograd_state()
    view = state.view
    if view is not None:
        base = view.base
        set_history(base, CopySlices(base, target.operand.layout, node, index))
        set_history(target, view_node_from_base(base, target))
        view.version = target.operand.storage.version
    elif node is not None:
        set_history(target, node, index)
    else:
        state.node = None
        state.output_index = 0


@final
class CopySlices(Node):
    """The history of a base after a write to one of its views.

    Its first edge leads to what the base was before; the others are those of the operation that
    made the written values, which sees the cotangent under the view alone.
    """

    __slots__ = ("_base", "_function", "_function_index", "_view")

    def __init__(
        self, base: TensorCore, view: Layout, function: Node | None, function_index: int
    ) -> None:
        rest = function.edges if function is not None else ()
        super().__init__((edge_of(base), *rest), (metadata_of(base),))
        self._base = base.operand.layout
        self._view = view
        self._function: Node | None = function
        self._function_index = function_index

    def name(self) -> str:
        return "CopySlices"

    def backward(self, cotangents: Cotangents) -> Cotangents:
        (cotangent,) = cotangents
        rest = self._function.edges if self._function is not None else ()
        if cotangent is None:
            return (None,) * (1 + len(rest))
        start, _ = self._base.span
        remaining = clone_as(cotangent, self._base._replace(offset=self._base.offset - start))
        written = self._view._replace(offset=self._view.offset - start)
        under_view = view_through_storage(remaining, written)
        results: Cotangents = ()
        if self._function is not None:
            outputs: list[TensorCore | None] = [None] * len(self._function.outputs)
            outputs[self._function_index] = clone(under_view)
            results = self._function.backward(outputs)
        write(under_view, 0)
        if recording(under_view):
            rebase_history(under_view, None)
        return (remaining, *results)

    def release(self) -> None:
        if self._function is not None:
            self._function.release()
