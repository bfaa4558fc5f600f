"""Reading and writing through indices: the families behind gather, scatter and advanced
indexing.

An :class:`IndexPlan` says which element of a tensor stands for each element of the indices;
reading through it and adding through it are each other's derivative, so both differentiate any
number of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, final

from gnomon.backend import IndexedDimension, Operand, Storage
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, converted, filled
from gnomon.dtypes import Scalar
from gnomon.errors import explain
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.graph.saved import SavedTensor
from gnomon.layout import Layout, output_layout
from gnomon.op.copy import COPY
from gnomon.op.copying import to_contiguous
from gnomon.op.in_place import check_in_place, rebase_history
from gnomon.op.output import check_writable, count_write
from gnomon.op.scatter_records import ADD_TO, REPLACE, Combination

T = TypeVar("T", bound=TensorCore)
Indices = tuple[TensorCore, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPlan:
    """Which element of a tensor each element of a launch of ``shape`` reads or writes.

    Dim ``k`` of the launch walks dim ``walked[k]`` of the tensor in order (None: no dim of it).
    Dim ``indexed[j]`` of the tensor is looked up in the ``j``-th index tensor, which is int64
    and expands to ``shape``.

    >>> columns = IndexPlan(operation="take", shape=(3, 2), walked=(0, None), indexed=(1,))
    >>> columns.through(Layout.contiguous((3, 5)))
    Layout(shape=(3, 2), strides=(5, 0), offset=0)
    """

    operation: str
    shape: tuple[int, ...]
    walked: tuple[int | None, ...]
    indexed: tuple[int, ...]
    #: Whether the tensor, which is contiguous then, counts as 1-d.
    flattened: bool = False
    #: Whether negative indices count from the end, or are out of range.
    negative: bool = True
    #: What PyTorch raises for an index out of range.
    out_of_range: type[IndexError | RuntimeError] = IndexError

    def through(self, layout: Layout) -> Layout:
        """Return how a launch reads a tensor of ``layout``: stride 0 where indices decide."""
        _, given, offset = self._dimensioned(layout)
        strides = tuple([0 if dim is None else given[dim] for dim in self.walked])
        return Layout(self.shape, strides, offset)

    def lookups(self, layout: Layout, indices: Indices) -> list[IndexedDimension]:
        """Return the indexed dims of a tensor of ``layout`` as a backend takes them."""
        shape, strides, _ = self._dimensioned(layout)
        return [
            IndexedDimension(
                index.operand.under(index.operand.layout.expand(self.shape)),
                shape[dim],
                strides[dim],
                self.negative,
            )
            for dim, index in zip(self.indexed, indices, strict=True)
        ]

    def _dimensioned(self, layout: Layout) -> Layout:
        """Return ``layout`` with a dim to index: a 0-d tensor counts as 1-d."""
        return layout if layout.shape and not self.flattened else layout.view((layout.numel,))

    def wrong_index(self, operand: Operand, error: IndexError) -> IndexError | RuntimeError:
        """Return the error for an index out of range of ``operand``, in PyTorch's class."""
        return self.out_of_range(explain(self.operation, str(error), operand))


def read_through_indices(
    input: T, plan: IndexPlan, indices: Indices, label: str, *, keep_order: bool = False
) -> T:
    """Return the elements of ``input`` that ``plan`` finds, as a tensor of the plan's shape.

    The result is contiguous, or with ``keep_order`` its dims lie in the order ``input``'s do.
    """
    if plan.flattened:
        input = to_contiguous(input)
    storage, layout, dtype = input.operand
    source = Operand(storage, plan.through(layout), dtype)
    lookups = plan.lookups(layout, indices)
    fresh = Layout.contiguous(plan.shape)
    if keep_order:
        fresh = output_layout([source.layout, *[index.operand.layout for index in indices]])
    output = allocate(storage.backend, fresh, dtype)
    try:
        storage.backend.gather(source, lookups, output)
    except IndexError as error:
        raise plan.wrong_index(input.operand, error) from None
    result = input.like(output)
    record_reading(input, plan, indices, result, label)
    return result


def record_reading(
    input: TensorCore, plan: IndexPlan, indices: Indices, result: TensorCore, label: str
) -> None:
    """Record that ``result`` are the elements of ``input`` that ``plan`` finds."""
    if recording(input):
        node = OperationNode(
            label,
            (input,),
            (result,),
            [SavedTensor(index) for index in indices],
            partial(_collect, plan, input.operand.layout.shape),
        )
        set_history(result, node)


def add_through_indices(
    values: T, plan: IndexPlan, indices: Indices, shape: tuple[int, ...]
) -> T:
    """Return zeros of ``shape`` to which ``values`` are added where ``plan`` says."""
    operand = values.operand
    backend = operand.storage.backend
    output = filled(backend, shape, operand.dtype, 0)
    _launch_scatter(plan, indices, operand, ADD_TO, output)
    result = values.like(output)
    if recording(values):
        node = OperationNode(
            "IndexPutBackward0",
            (values,),
            (result,),
            [SavedTensor(index) for index in indices],
            partial(_read_back, plan),
        )
        set_history(result, node)
    return result


def _collect(
    plan: IndexPlan,
    shape: tuple[int, ...],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return (None,)
    return (add_through_indices(cotangent, plan, present(saved), shape),)


def _read_back(
    plan: IndexPlan, cotangents: Cotangents, saved: Sequence[TensorCore | None]
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return (None,)
    return (read_through_indices(cotangent, plan, present(saved), "IndexBackward0"),)


def present(saved: Sequence[TensorCore | None]) -> Indices:
    """Return the index tensors a node saved."""
    return tuple([index for index in saved if index is not None])


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Write:
    """A write through indices that is checked but not done: what arrives where, and how it
    combines.

    ``source`` is a number, or a tensor of the target's dtype and device that expands to the
    plan's shape. Where several values arrive at one element, they combine in logical order, so
    that with ``REPLACE`` the last one stays.

    >>> import gnomon as torch
    >>> plan = IndexPlan(operation="put", shape=(2,), walked=(None,), indexed=(0,))
    >>> write = Write(
    ...     plan=plan,
    ...     indices=(torch.tensor([1, 1]),),
    ...     source=5,
    ...     combination=ADD_TO,
    ...     label="PutBackward0",
    ... )
    >>> write.onto_copy_of(torch.tensor([1, 2, 3]))
    tensor([ 1, 12,  3])
    """

    plan: IndexPlan
    indices: Indices
    source: TensorCore | Scalar
    combination: Combination
    label: str

    def onto_copy_of(self, input: T, *, keep_order: bool = False) -> T:
        """Return a copy of ``input`` that was written to; contiguous unless ``keep_order``."""
        storage, layout, dtype = input.operand
        fresh = layout.dense_like() if keep_order else Layout.contiguous(layout.shape)
        output = allocate(storage.backend, fresh, dtype)
        storage.backend.elementwise(COPY, (input.operand,), output)
        result = input.like(output)
        node = self._node(input, result)
        _launch_scatter(self.plan, self.indices, self._values(), self.combination, output)
        if node is not None:
            set_history(result, node)
        return result

    def into(self, target: T) -> T:
        """Write to ``target`` and return it; an index out of range leaves it as it was."""
        operation = f"{self.plan.operation}_"
        source = self.source if isinstance(self.source, TensorCore) else None
        check_in_place(operation, target, recording(target, source))
        check_writable(operation, target, () if source is None else (source,))
        node = self._node(target, target.like(target.operand))
        storage = target.operand.storage
        values = self._values()
        if isinstance(values, Operand):
            values = _apart_from(values, storage)
        indices = [index.like(_apart_from(index.operand, storage)) for index in self.indices]
        _launch_scatter(self.plan, tuple(indices), values, self.combination, target.operand)
        count_write(target)
        if node is not None:
            rebase_history(target, node)
        return target

    def _values(self) -> Operand | Scalar:
        if not isinstance(self.source, TensorCore):
            return self.source
        operand = self.source.operand
        return operand.under(operand.layout.expand(self.plan.shape))

    def _node(self, input: TensorCore, result: TensorCore) -> OperationNode | None:
        source = self.source if isinstance(self.source, TensorCore) else None
        if not recording(input, source):
            return None
        return OperationNode(
            self.label,
            (input, source),
            (result,),
            [SavedTensor(index) for index in self.indices],
            partial(
                _write_back,
                self.plan,
                self.combination is ADD_TO,
                (input.tracked, source is not None and source.tracked),
            ),
        )


def _write_back(
    plan: IndexPlan,
    keeps: bool,
    needs: tuple[bool, bool],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    """Return the cotangents of what was written to and of what was written.

    ``keeps``: what was there still counts, as in a sum; otherwise it was overwritten.
    """
    (cotangent,) = cotangents
    if cotangent is None:
        return None, None
    indices = present(saved)
    of_input, of_source = None, None
    if needs[0]:
        of_input = cotangent if keeps else zeroed(cotangent, plan, indices)
    if needs[1]:
        of_source = read_through_indices(cotangent, plan, indices, "IndexBackward0")
    return of_input, of_source


def zeroed(input: T, plan: IndexPlan, indices: Indices) -> T:
    """Return a copy of ``input`` that is 0 where ``plan`` writes."""
    write = Write(
        plan=plan, indices=indices, source=0, combination=REPLACE, label="IndexPutBackward0"
    )
    return write.onto_copy_of(input)


def _launch_scatter(
    plan: IndexPlan,
    indices: Indices,
    values: Operand | Scalar,
    combination: Combination,
    output: Operand,
) -> None:
    storage, layout, dtype = output
    destination = Operand(storage, plan.through(layout), dtype)
    lookups = plan.lookups(layout, indices)
    if not isinstance(values, Operand):
        values = dtype.convert(values)
    try:
        storage.backend.scatter(combination, values, lookups, destination)
    except IndexError as error:
        raise plan.wrong_index(output, error) from None


def _apart_from(operand: Operand, storage: Storage) -> Operand:
    """Return ``operand``, or a copy of it if it lives in the storage about to be written."""
    return converted(operand, operand.dtype) if operand.storage is storage else operand
