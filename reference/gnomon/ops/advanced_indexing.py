"""Indexing with tensors: several dims looked up at once, masks among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import bool_, int32, int64, uint8
from gnomon.errors import explain, warn
from gnomon.layout import broadcast_shapes
from gnomon.op.copying import to_backend
from gnomon.op.index_arguments import as_int64, check_same_device, check_same_dtype
from gnomon.op.indexing import IndexPlan, Write, read_through_indices
from gnomon.op.numpy_names import numpy_names
from gnomon.op.scatter_records import ADD_TO, REPLACE
from gnomon.op.view import reshaped
from gnomon.ops.nonzero import nonzero_columns

__all__ = ["index_put", "index_put_"]

T = TypeVar("T", bound=TensorCore)


def is_mask(index: TensorCore) -> bool:
    """Return whether ``index`` selects elements instead of naming them."""
    return index.operand.dtype in (bool_, uint8)


def read_advanced(input: T, indices: Mapping[int, T]) -> T:
    """Return ``input`` read through the index tensors of some of its dims.

    The dims they broadcast to stand where the first indexed dim stood, or in front if the
    indexed dims are not neighbours.
    """
    plan, tensors = advanced_plan("index", input, indices)
    return read_through_indices(input, plan, tensors, "IndexBackward0", keep_order=True)


def advanced_plan(
    operation: str, input: T, indices: Mapping[int, T]
) -> tuple[IndexPlan, tuple[T, ...]]:
    """Return how to read or write ``input`` through index tensors, each for the dim it stands
    at.

    A mask stands for as many dims as it has, and must have their sizes. Raises IndexError for a
    mask of another shape, another dtype than int64, int32, bool or uint8, and indices that do
    not broadcast.
    """
    lookups = _without_masks(operation, input, indices)
    shape = input.operand.layout.shape
    try:
        common = broadcast_shapes(*[index.operand.layout.shape for index in lookups.values()])
    except RuntimeError as error:
        raise IndexError(
            explain(
                operation,
                "shape mismatch: indexing tensors could not be broadcast together",
                *lookups.values(),
                remedy="Give index tensors of one shape",
            )
        ) from error
    if 0 not in common and any(not shape[dim] for dim in lookups):
        raise IndexError(
            explain(
                operation,
                "index is out of bounds for dimension with size 0",
                input,
                *lookups.values(),
            )
        )
    rest = [dim for dim in range(len(shape)) if dim not in lookups]
    dims = sorted(lookups)
    neighbours = dims == list(range(dims[0], dims[0] + len(dims)))
    place = dims[0] if neighbours else 0
    before, after = rest[:place], rest[place:]
    plan = IndexPlan(
        operation=operation,
        shape=(*[shape[dim] for dim in before], *common, *[shape[dim] for dim in after]),
        walked=(*before, *[None] * len(common), *after),
        indexed=tuple(dims),
    )
    trailing = (1,) * len(after)
    tensors = [lookups[dim] for dim in dims]
    return plan, tuple(
        [reshaped(index, (*index.operand.layout.shape, *trailing)) for index in tensors]
    )


def _without_masks(operation: str, input: T, indices: Mapping[int, T]) -> dict[int, T]:
    """Return int64 index tensors by dim: a mask's dims get the places where it is nonzero."""
    lookups: dict[int, T] = {}
    for dim, index in indices.items():
        dtype = index.operand.dtype
        if not is_mask(index):
            if dtype not in (int64, int32):
                raise IndexError(
                    explain(
                        operation,
                        "tensors used as indices must be long, int, byte or bool tensors",
                        index,
                        remedy="Convert the index with .long()",
                    )
                )
            _check_dims(operation, input, dim, 1)
            check_same_device(operation, input, index)
            lookups[dim] = as_int64(index)
            continue
        if dtype is uint8:
            warn(
                "indexing with dtype torch.uint8 is deprecated: it selects, as a mask does. "
                "Use a mask of dtype torch.bool instead.",
            )
        _check_mask(operation, input, dim, index)
        for offset, column in enumerate(nonzero_columns(index)):
            lookups[dim + offset] = column
    return lookups


def _check_dims(operation: str, input: TensorCore, dim: int, count: int) -> None:
    ndim = input.operand.layout.ndim
    if dim + count > ndim:
        raise IndexError(
            explain(
                operation,
                f"too many indices for tensor of dimension {ndim}",
                input,
                remedy="Give at most one per dim",
            )
        )


def _check_mask(operation: str, input: TensorCore, dim: int, mask: TensorCore) -> None:
    sizes = mask.operand.layout.shape
    _check_dims(operation, input, dim, len(sizes))
    shape = input.operand.layout.shape
    for offset, size in enumerate(sizes):
        if shape[dim + offset] != size:
            raise IndexError(
                explain(
                    operation,
                    f"The shape of the mask {list(sizes)} at index {offset} does not match the "
                    f"shape of the indexed tensor {list(shape)} at index {dim + offset}",
                    remedy="Give a mask with the sizes of the dims it selects from",
                )
            )


@numpy_names
def index_put(input: T, indices: Sequence[T], values: T, accumulate: bool = False) -> T:
    """Return ``input`` with ``values``, which broadcast, where the ``indices`` of its dims say.

    With ``accumulate`` they are added; otherwise, where a place is named twice, the last value
    stays. Indices are as in ``input[indices]``. Raises RuntimeError for values of another dtype
    or shape.

    >>> import gnomon as torch
    >>> place = (torch.tensor([0, 1]), torch.tensor([2, -1]))
    >>> torch.index_put(torch.zeros(2, 3), place, torch.tensor([1.0, 2.0]))
    tensor([[0., 0., 1.],
            [0., 0., 2.]])
    """
    return index_put_write(input, indices, values, accumulate).onto_copy_of(
        input, keep_order=True
    )


@numpy_names
def index_put_(input: T, indices: Sequence[T], values: T, accumulate: bool = False) -> T:
    """Do ``index_put`` to ``input`` itself."""
    return index_put_write(input, indices, values, accumulate).into(input)


def index_put_write(
    input: T, indices: Sequence[T], values: T, accumulate: bool = False
) -> Write:
    """Return the write of ``index_put``."""
    by_dim: dict[int, T] = {}
    dim = 0
    for index in indices:
        if not isinstance(index, TensorCore):
            raise TypeError(
                explain(
                    "index_put",
                    f"expected tensors as indices, but got {type(index).__name__}",
                    remedy="Index with input[...] = values to leave dims out",
                )
            )
        by_dim[dim] = index
        dim += index.operand.layout.ndim if is_mask(index) else 1
    if not by_dim:
        raise RuntimeError(
            explain("index_put", "no indices were given", input, remedy="Give at least one")
        )
    return advanced_write("index_put", input, by_dim, values, accumulate)


def advanced_write(
    operation: str, input: T, indices: Mapping[int, T], values: T, accumulate: bool
) -> Write:
    """Return the write of ``values`` through the index tensors of some dims of ``input``."""
    if not values.operand.layout.shape:
        values = to_backend(values, input.operand.storage.backend)
    check_same_dtype(operation, input, values)
    check_same_device(operation, input, values)
    plan, tensors = advanced_plan(operation, input, indices)
    try:
        values.operand.layout.expand(plan.shape)
    except RuntimeError as error:
        raise RuntimeError(
            explain(
                operation,
                f"shape mismatch: value tensor of shape {list(values.operand.layout.shape)} "
                f"cannot be broadcast to indexing result of shape {list(plan.shape)}",
                input,
                values,
            )
        ) from error
    return Write(
        plan=plan,
        indices=tensors,
        source=values,
        combination=ADD_TO if accumulate else REPLACE,
        label="IndexPutBackward0",
    )
