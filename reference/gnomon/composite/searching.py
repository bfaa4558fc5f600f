"""Searching in sorted sequences, and which elements occur among others.

A search halves the range of all values at a time, in launches any backend has, unless the
backend offers a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate, common_dtype, filled
from gnomon.dtypes import Scalar, bool_, int32, int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.along import at_positions
from gnomon.op.claims import EXACT
from gnomon.op.composite import Composite
from gnomon.op.copying import to_contiguous, to_dtype
from gnomon.op.elementwise import wrapped_number
from gnomon.op.foundation import add
from gnomon.op.indexing import IndexPlan, read_through_indices
from gnomon.op.numpy_names import numpy_names
from gnomon.op.sort import sort_along
from gnomon.ops.arithmetic import floor_divide
from gnomon.ops.comparison import eq, ge, gt, lt, where
from gnomon.ops.indexing import exactly
from gnomon.ops.logic import logical_and, logical_not
from gnomon.ops.selection import clamp_above
from gnomon.ops.truth import ANY
from gnomon.ops.views import reshape

__all__ = ["bucketize", "isin", "searchsorted"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def searchsorted(
    sorted_sequence: T,
    input: T | Scalar,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: Literal["left", "right"] | None = None,
    out: T | None = None,
    sorter: T | None = None,
) -> T:
    """Return where in the last dim of ``sorted_sequence`` each element of ``input`` belongs.

    That is how many elements are smaller, or on the right side, how many are not larger; nan
    belongs behind all. A 1-d sequence serves any ``input``, another one has its leading dims.
    ``sorter`` are indices that put the sequence in order. Raises RuntimeError for shapes that
    don't go together.

    >>> import gnomon as torch
    >>> torch.searchsorted(torch.tensor([1, 3, 3, 5]), torch.tensor([3, 9]), right=True)
    tensor([3, 4])
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(f'searchsorted: side is "left" or "right", not {side!r}.')
    if side == "left" and right:
        raise RuntimeError(
            'searchsorted: side and right can\'t be set to opposites, got side "left" while '
            "right was True. Give one of them."
        )
    with no_grad():
        values = (
            input if isinstance(input, TensorCore) else wrapped_number(sorted_sequence, input)
        )
        _check_shapes(sorted_sequence, values, isinstance(input, TensorCore))
        if sorter is not None:
            sorted_sequence = _in_order(sorted_sequence, sorter)
        found = _insertion_points(sorted_sequence, values, right or side == "right")
        found = to_dtype(found, int32 if out_int32 else int64)
    return found if out is None else exactly("searchsorted", found, out)


@numpy_names
def bucketize(
    input: T | Scalar,
    boundaries: T,
    *,
    out_int32: bool = False,
    right: bool = False,
    out: T | None = None,
) -> T:
    """Return in which bucket between the 1-d, ascending ``boundaries`` each element falls.

    Bucket ``i`` ends with ``boundaries[i]``, which belongs to it unless ``right``. Raises
    RuntimeError for boundaries that are not 1-d.

    >>> import gnomon as torch
    >>> torch.bucketize(torch.tensor([2, 5, 9]), torch.tensor([1, 5]))
    tensor([1, 1, 2])
    """
    if len(boundaries.operand.layout.shape) != 1:
        raise RuntimeError(
            explain(
                "bucketize", "boundaries must be 1-d", boundaries, remedy="Flatten them first"
            )
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


def _check_shapes(sequence: TensorCore, values: TensorCore, is_tensor: bool) -> None:
    sizes, given = sequence.operand.layout.shape, values.operand.layout.shape
    if len(sizes) == 1 or (sizes and is_tensor and sizes[:-1] == given[:-1] and given):
        return
    raise RuntimeError(
        explain(
            "searchsorted",
            "the boundaries should be 1-d, or their leading dims those of the input",
            sequence,
            values,
            remedy="Expand or reshape one of them",
        )
    )


def _in_order(sequence: T, sorter: T) -> T:
    if sorter.operand.layout.shape != sequence.operand.layout.shape:
        raise RuntimeError(
            explain(
                "searchsorted",
                "the sorter has to be of the sequence's shape",
                sequence,
                sorter,
                remedy="Give what argsort of the sequence returns",
            )
        )
    if sorter.operand.dtype is not int64:
        raise RuntimeError(
            explain("searchsorted", "the sorter has to be int64", sorter, remedy="Convert it")
        )
    last = len(sequence.operand.layout.shape) - 1
    return at_positions("searchsorted", sequence, last, sorter, "")


def _insertion_points(sequence: T, values: T, right: bool) -> T:
    """Return how many elements of the sequence's last dim each value is behind, as int64."""
    dtype = common_dtype((sequence, values))
    sequence, values = to_dtype(sequence, dtype), to_dtype(values, dtype)
    backend = sequence.operand.storage.backend
    kernel = insertion_points.kernel_on(backend)
    if kernel is None or values.operand.storage.backend is not backend:
        return _bisection(sequence, values, right)
    output = allocate(backend, Layout.contiguous(values.operand.layout.shape), int64)
    kernel(sequence.operand, values.operand, right, output)
    return sequence.like(output)


def _bisection(sequence: T, values: T, right: bool) -> T:
    """Halve the range of all values at a time."""
    shape = values.operand.layout.shape
    size = sequence.operand.layout.shape[-1]
    dims = len(sequence.operand.layout.shape) - 1
    plan = IndexPlan(
        operation="searchsorted",
        shape=shape,
        walked=(None,) * len(shape) if not dims else (*range(dims), None),
        indexed=(dims,),
    )
    backend = sequence.operand.storage.backend
    low = sequence.like(filled(backend, shape, int64, 0))
    high = sequence.like(filled(backend, shape, int64, size))
    reaches = gt if right else ge
    for _ in range(size.bit_length()):
        middle = floor_divide(add(low, high), 2)
        boundary = read_through_indices(sequence, plan, (clamp_above(middle, size - 1),), "")
        # Not "is smaller": a nan among the boundaries or the values counts as behind.
        behind = logical_and(lt(low, high), logical_not(reaches(boundary, values)))
        low = where(behind, add(middle, 1), low)
        high = where(behind, high, middle)
    return low


InsertionPointsMeaning: TypeAlias = Callable[[TensorCore, TensorCore, bool], TensorCore]
#: ``(sequence, values, right, output)``: sequence and values of one dtype, an int64 output.
InsertionPointsKernel: TypeAlias = Callable[[Operand, Operand, bool, Operand], None]
insertion_points: Composite[InsertionPointsMeaning, InsertionPointsKernel] = Composite(
    name="insertion_points",
    definition="where each value would go into its sorted row, by bisection",
    special_cases="NaN goes last",
    decompose=_bisection,
    tolerance=EXACT,
)


def isin(
    elements: T | Scalar,
    test_elements: T | Scalar,
    *,
    assume_unique: bool = False,
    invert: bool = False,
    out: T | None = None,
) -> T:
    """Return which of ``elements`` occur in ``test_elements``, or with ``invert`` which don't.

    nan occurs nowhere. ``assume_unique`` promises that neither has duplicates, of which this
    implementation makes no use.

    >>> import gnomon as torch
    >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([2, 5]))
    tensor([False,  True, False])
    """
    with no_grad():
        if isinstance(elements, TensorCore):
            found = (
                _occurs(elements, test_elements)
                if isinstance(test_elements, TensorCore)
                else eq(to_contiguous(elements), test_elements)
            )
        elif isinstance(test_elements, TensorCore):
            found = ANY(eq(test_elements, elements))
        else:
            raise TypeError("isin: one of elements and test_elements must be a tensor.")
        found = logical_not(found) if invert else found
    return found if out is None else exactly("isin", found, out)


def _occurs(sought: T, among: T) -> T:
    shape = sought.operand.layout.shape
    size = among.operand.layout.numel
    if not size:
        backend = sought.operand.storage.backend
        return sought.like(filled(backend, shape, bool_, False))
    ordered, _ = sort_along(reshape(among, (-1,)), 0, False, "")
    places = clamp_above(_insertion_points(ordered, sought, False), size - 1)
    plan = IndexPlan(operation="isin", shape=shape, walked=(None,) * len(shape), indexed=(0,))
    return eq(read_through_indices(ordered, plan, (places,), ""), sought)
