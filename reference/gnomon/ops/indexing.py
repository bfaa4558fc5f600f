"""Reading through indices along a dim, or through the flattened tensor."""

from __future__ import annotations

from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import int64
from gnomon.errors import explain
from gnomon.layout import broadcast_shapes, normalize_dim
from gnomon.op.index_arguments import as_int64, check_index_dtype, check_same_device
from gnomon.op.indexing import IndexPlan, read_through_indices
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import check_apart, deliver
from gnomon.op.reduction import expand_to
from gnomon.op.view import reshaped

__all__ = ["gather", "index_select", "take", "take_along_dim"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def gather(
    input: T, dim: int, index: T, *, sparse_grad: bool = False, out: T | None = None
) -> T:
    """Return, at every place of ``index``, the element of ``input`` there but for ``dim``.

    ``out[i][j] = input[index[i][j]][j]`` for ``dim`` 0 of two. ``index`` is int64 or int32,
    from 0 to the size of ``dim`` minus 1, has as many dims as ``input`` and is nowhere longer
    than it but along ``dim``. Raises RuntimeError otherwise. The gradient is dense whatever
    ``sparse_grad`` asks: it is the sum over all places that read an element.

    >>> import gnomon as torch
    >>> torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    result = _gather(input, dim, index)
    return result if out is None else moved("gather", result, out, input, index)


def _gather(input: T, dim: int, index: T) -> T:
    plan, indices = along_dim("gather", input, dim, index)
    return read_through_indices(input, plan, indices, "GatherBackward0")


def along_dim(
    operation: str, input: TensorCore, dim: int, index: T
) -> tuple[IndexPlan, tuple[T, ...]]:
    """Return the plan of gather and scatter: ``index`` decides along ``dim``, else dims are
    walked.

    0-d tensors count as 1-d. Raises RuntimeError for an index of another dtype, number of dims
    or too large a size; an index without elements may be of any shape.
    """
    layout, wanted = input.operand.layout, index.operand.layout.shape
    shape = layout.shape or (1,)
    check_index_dtype(operation, index)
    check_same_device(operation, input, index)
    dim = normalize_dim(dim, len(shape), operation)
    if not index.operand.layout.numel:
        return IndexPlan(
            operation=operation, shape=wanted, walked=(None,) * len(wanted), indexed=()
        ), ()
    if len(wanted or (1,)) != len(shape):
        raise RuntimeError(
            explain(
                operation,
                "Index tensor must have the same number of dimensions as self tensor",
                input,
                index,
                remedy="Unsqueeze or expand the index",
            )
        )
    for other, (size, limit) in enumerate(zip(wanted, shape, strict=False)):
        if other != dim and size > limit:
            raise RuntimeError(
                explain(
                    operation,
                    f"Size does not match at dimension {other} expected index {list(wanted)} "
                    f"to be no larger than self {list(shape)} apart from dimension {dim}",
                    remedy="Narrow the index",
                )
            )
    plan = IndexPlan(
        operation=operation,
        shape=wanted,
        walked=tuple([None if other == dim else other for other in range(len(wanted))]),
        indexed=(dim,),
        negative=False,
        out_of_range=RuntimeError,
    )
    return plan, (as_int64(index),)


@numpy_names
def index_select(input: T, dim: int, index: T, *, out: T | None = None) -> T:
    """Return the slices of ``input`` along ``dim`` that the 1-d or 0-d ``index`` names, in its
    order.

    ``index`` is int64 or int32. The result is contiguous. Raises IndexError for an index below
    0 or past the end, or of more than one dim, and RuntimeError for another dtype.

    >>> import gnomon as torch
    >>> torch.index_select(torch.tensor([[1, 2, 3], [4, 5, 6]]), 1, torch.tensor([2, 0]))
    tensor([[3, 1],
            [6, 4]])
    """
    check_index_dtype("index_select", index)
    shape = input.operand.layout.shape
    count = index.operand.layout.numel
    if not shape and count != 1:
        raise RuntimeError(
            explain(
                "index_select",
                f"index_select(): Index to scalar can have only 1 value, got {count} value(s)",
                input,
                index,
                remedy="Unsqueeze the scalar first",
            )
        )
    plan, indices = slices_of_dim("index_select", input, dim, index)
    result = read_through_indices(input, plan, indices, "IndexSelectBackward0")
    result = result if shape else reshaped(result, ())
    return result if out is None else moved("index_select", result, out, input, index)


def slices_of_dim(
    operation: str,
    input: TensorCore,
    dim: int,
    index: T,
    *,
    negative: bool = False,
    out_of_range: type[IndexError | RuntimeError] = IndexError,
    not_a_vector: type[IndexError | RuntimeError] = IndexError,
) -> tuple[IndexPlan, tuple[T, ...]]:
    """Return the plan of index_select, index_add and their kin: whole slices of ``dim``.

    0-d tensors count as 1-d.
    """
    shape = input.operand.layout.shape or (1,)
    check_same_device(operation, input, index)
    dim = normalize_dim(dim, len(shape), operation)
    if index.operand.layout.ndim > 1:
        raise not_a_vector(
            explain(
                operation,
                f"{operation}(): Index is supposed to be a vector",
                index,
                remedy="Flatten the index, or use gather",
            )
        )
    count = index.operand.layout.numel
    column = (count,) + (1,) * (len(shape) - dim - 1)
    plan = IndexPlan(
        operation=operation,
        shape=(*shape[:dim], count, *shape[dim + 1 :]),
        walked=tuple([None if other == dim else other for other in range(len(shape))]),
        indexed=(dim,),
        negative=negative,
        out_of_range=out_of_range,
    )
    return plan, (reshaped(as_int64(index), column),)


@numpy_names
def take(input: T, index: T, *, out: T | None = None) -> T:
    """Return the elements of ``input``, seen as 1-d, at the int64 ``index``, in the index's
    shape.

    Negative indices count from the end; IndexError out of range, RuntimeError for another
    dtype.

    >>> import gnomon as torch
    >>> torch.take(torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, -1]))
    tensor([1, 4])
    """
    plan, indices = of_flattened("take", input, index)
    if index.operand.layout.numel and not input.operand.layout.numel:
        raise IndexError(
            explain("take", "take(): tried to take from an empty tensor", input, index)
        )
    result = read_through_indices(input, plan, indices, "TakeBackward0")
    return result if out is None else moved("take", result, out, input, index)


def of_flattened(
    operation: str, input: TensorCore, index: T
) -> tuple[IndexPlan, tuple[T, ...]]:
    """Return the plan of take and put: ``index`` counts through the flattened ``input``."""
    check_index_dtype(operation, index, (int64,))
    check_same_device(operation, input, index)
    shape = index.operand.layout.shape
    plan = IndexPlan(
        operation=operation,
        shape=shape,
        walked=(None,) * len(shape),
        indexed=(0,),
        flattened=True,
    )
    return plan, (index,)


@numpy_names
def take_along_dim(input: T, indices: T, dim: int | None = None, *, out: T | None = None) -> T:
    """Return the elements of ``input`` that the int64 ``indices`` name along ``dim``.

    The other dims broadcast. Without ``dim``, both are flattened. As from ``gather``, but
    negative indices count from the end when there is a ``dim``. Raises RuntimeError for indices
    of another dtype or number of dims.

    >>> import gnomon as torch
    >>> x = torch.tensor([[30, 10, 20]])
    >>> torch.take_along_dim(x, torch.tensor([[1, 2, 0]]), dim=1)
    tensor([[10, 20, 30]])
    """
    check_index_dtype("take_along_dim", indices, (int64,))
    check_same_device("take_along_dim", input, indices)
    if dim is None:
        flat = reshaped(input, (input.operand.layout.numel,))
        result = _gather(flat, 0, reshaped(indices, (indices.operand.layout.numel,)))
    else:
        result = _take_along(input, indices, dim)
    return result if out is None else moved("take_along_dim", result, out, input, indices)


def _take_along(input: T, indices: T, dim: int) -> T:
    shape, wanted = input.operand.layout.shape, indices.operand.layout.shape
    if len(shape) != len(wanted):
        raise RuntimeError(
            explain(
                "take_along_dim",
                "input and indices should have the same number of dimensions",
                input,
                indices,
                remedy="Unsqueeze one of them",
            )
        )
    dim = normalize_dim(dim, len(shape), "take_along_dim")
    common = broadcast_shapes(
        _without(shape, dim), _without(wanted, dim), operation="take_along_dim"
    )
    source = expand_to(input, (*common[:dim], shape[dim], *common[dim:]))
    places = expand_to(indices, (*common[:dim], wanted[dim], *common[dim:]))
    plan = IndexPlan(
        operation="take_along_dim",
        shape=places.operand.layout.shape,
        walked=tuple([None if other == dim else other for other in range(len(shape))]),
        indexed=(dim,),
    )
    return read_through_indices(source, plan, (places,), "GatherBackward0")


def _without(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    return shape[:dim] + shape[dim + 1 :]


def exactly(operation: str, result: T, out: T, *inputs: TensorCore) -> T:
    """Deliver ``result`` to ``out``, which must have its dtype: RuntimeError otherwise."""
    if out.operand.dtype is not result.operand.dtype:
        raise RuntimeError(
            explain(
                operation,
                f"Expected out tensor to have dtype {result.operand.dtype.name}, but got "
                f"{out.operand.dtype.name} instead",
                remedy="Give one of that dtype",
            )
        )
    return deliver(operation, result, out, inputs)


def moved(operation: str, result: T, out: T, *inputs: TensorCore) -> T:
    """Deliver ``result`` to ``out`` as :func:`exactly`, if ``out`` is apart from the inputs."""
    check_apart(operation, out, inputs)
    return exactly(operation, result, out, *inputs)
