"""Sorting along one dim, over the backend's one verb for it: stable, nan as the largest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import Kind, int64
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.graph.saved import SavedTensor
from gnomon.op.indexing import IndexPlan, add_through_indices, present

T = TypeVar("T", bound=TensorCore)


def sort_along(input: T, dim: int, descending: bool, label: str) -> tuple[T, T]:
    """Return the elements in order along ``dim``, and from where in ``dim`` each came.

    ``dim`` is non-negative, 0 for a 0-d ``input``. Both results keep its strides if dense.
    """
    operand = input.operand
    backend = operand.storage.backend
    layout = operand.layout.dense_like()
    values = allocate(backend, layout, operand.dtype)
    order = allocate(backend, layout, int64)
    if layout.shape:
        backend.sort(operand, dim, descending, values, order)
    else:
        source, sorted_values, places = (
            each.under(each.layout.unsqueeze(0)) for each in (operand, values, order)
        )
        backend.sort(source, 0, descending, sorted_values, places)
    result, indices = input.like(values), input.like(order)
    if operand.dtype.kind >= Kind.FLOAT and recording(input):
        node = OperationNode(
            label, (input,), (result,), (SavedTensor(indices),), partial(_unsorted, dim)
        )
        set_history(result, node)
    return result, indices


def _unsorted(
    dim: int, cotangents: Cotangents, saved: Sequence[TensorCore | None]
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return (None,)
    shape = cotangent.operand.layout.shape
    if not shape:
        return (cotangent,)
    walked = tuple([None if k == dim else k for k in range(len(shape))])
    plan = IndexPlan(operation="sort", shape=shape, walked=walked, indexed=(dim,))
    return (add_through_indices(cotangent, plan, present(saved), shape),)
