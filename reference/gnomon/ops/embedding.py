"""Rows of a table, looked up by index."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from gnomon.core import Cotangents, TensorCore
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.graph.saved import SavedTensor
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.foundation import add, no_slope
from gnomon.op.index_arguments import as_int64, check_index_dtype, check_same_device
from gnomon.op.indexing import IndexPlan, add_through_indices, read_through_indices
from gnomon.op.view import reshaped
from gnomon.ops.arithmetic import div
from gnomon.ops.comparison import eq, where

__all__ = ["embedding"]

T = TypeVar("T", bound=TensorCore)


@kinds_checked
def embedding(
    weight: T,
    indices: T,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> T:
    """Return the rows of the matrix ``weight`` that ``indices`` name: shape ``(*indices,
    columns)``.

    Row ``padding_idx``, unless negative, gets no gradient; with ``scale_grad_by_freq``, the
    gradient of a row is divided by how often it was read. The gradient is dense even if
    ``sparse``. Raises IndexError for an index below 0 or past the end, RuntimeError for a
    weight that is no matrix and indices that are not int64 or int32.

    >>> import gnomon as torch
    >>> torch.embedding(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 0, 1]))
    tensor([[3, 4],
            [1, 2],
            [3, 4]])
    """
    check_index_dtype("embedding", indices)
    check_same_device("embedding", weight, indices)
    table = weight.operand.layout.shape
    if len(table) != 2:
        raise RuntimeError(explain("embedding", "'weight' must be 2-D", weight))
    shape = indices.operand.layout.shape
    plan = IndexPlan(
        operation="embedding",
        shape=(*shape, table[1]),
        walked=(*[None] * len(shape), 1),
        indexed=(0,),
        negative=False,
    )
    rows = reshaped(as_int64(indices), (*shape, 1))
    with no_grad():
        result = read_through_indices(weight, plan, (rows,), "EmbeddingBackward0")
    if recording(weight):
        derivative = partial(_back, plan, table, padding_idx, scale_grad_by_freq)
        saved = [SavedTensor(rows)]
        node = OperationNode("EmbeddingBackward0", (weight,), (result,), saved, derivative)
        set_history(result, node)
    return result


def _back(
    plan: IndexPlan,
    table: tuple[int, ...],
    padding_idx: int,
    scale_grad_by_freq: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,), (rows,) = cotangents, saved
    if cotangent is None or rows is None:
        return (None,)
    if padding_idx >= 0:
        cotangent = where(eq(rows, padding_idx), 0, cotangent)
    if scale_grad_by_freq:
        cotangent = div(cotangent, _frequencies(cotangent, plan, rows, table))
    return (add_through_indices(cotangent, plan, (rows,), table),)


def _frequencies(
    like: TensorCore, plan: IndexPlan, rows: TensorCore, table: tuple[int, ...]
) -> TensorCore:
    """Return, at every place of ``rows``, how often its row was read."""
    with no_grad():
        ones = add(no_slope(like), 1)
        counts = add_through_indices(ones, plan, (rows,), table)
        return read_through_indices(counts, plan, (rows,), "IndexBackward0")
