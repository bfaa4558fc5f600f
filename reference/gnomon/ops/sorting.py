"""Sorting and what is read off a sorted dim: ``topk``, ``kthvalue``, medians, ``mode``.

Sorting is stable, with nan as the largest element, and everything else here follows from that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar, overload

from gnomon import return_types
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import filled
from gnomon.dtypes import bool_
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout, normalize_dim
from gnomon.op.along import at_positions, places_along
from gnomon.op.composite import record_composite
from gnomon.op.copying import clone_as
from gnomon.op.foundation import sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import check_apart
from gnomon.op.sort import sort_along
from gnomon.ops.arithmetic import floor_divide, mul, sub
from gnomon.ops.comparison import eq, where
from gnomon.ops.extremes import spread_evenly
from gnomon.ops.indexing import exactly
from gnomon.ops.joining import cat
from gnomon.ops.leading import leading
from gnomon.ops.logic import logical_not
from gnomon.ops.reduction import ARGMAX, deliver_pair
from gnomon.ops.scans import CUMMAX_POSITIONS
from gnomon.ops.selection import clamp_below
from gnomon.ops.slicing import narrow, select
from gnomon.ops.views import reshape

__all__ = ["argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "sort", "topk"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def sort(
    input: T,
    dim: int = -1,
    descending: bool = False,
    *,
    stable: bool | None = None,
    out: tuple[T, T] | None = None,
) -> return_types.sort[T]:
    """Return the elements in order along ``dim``, and from where in ``dim`` each came.

    Equal elements keep their order, with ``stable`` or without; nan is larger than all.

    >>> import gnomon as torch
    >>> torch.sort(torch.tensor([3, 1, 2]))
    torch.return_types.sort(
    values=tensor([1, 2, 3]),
    indices=tensor([1, 2, 0]))
    """
    label = "SortBackward0" if stable is None else "SortBackward1"
    found = sort_along(input, _dim("sort", input, dim), descending, label)
    return return_types.sort(deliver_pair("sort", found, out, input))


@numpy_names
def argsort(
    input: T,
    dim: int = -1,
    descending: bool = False,
    *,
    stable: bool = False,
    out: T | None = None,
) -> T:
    """Return from where in ``dim`` each element in order comes: the indices of ``sort``.

    Equal elements keep their order, with ``stable`` or without.

    >>> import gnomon as torch
    >>> torch.argsort(torch.tensor([3, 1, 2]))
    tensor([1, 2, 0])
    """
    order = _order("argsort", input, dim, descending)
    return order if out is None else exactly("argsort", order, out, input)


@numpy_names
def msort(input: T, *, out: T | None = None) -> T:
    """Return the elements in order along the first dim.

    >>> import gnomon as torch
    >>> torch.msort(torch.tensor([[3, 1], [2, 5]]))
    tensor([[2, 1],
            [3, 5]])
    """
    values, _ = sort_along(input, _dim("msort", input, 0), False, "SortBackward0")
    return values if out is None else exactly("msort", values, out, input)


@numpy_names
def topk(
    input: T,
    k: int,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    *,
    out: tuple[T, T] | None = None,
) -> return_types.topk[T]:
    """Return the ``k`` largest, or smallest, elements along ``dim`` and where they stand.

    They are in order whatever ``sorted`` says; of equal ones the first comes first; nan is the
    largest. Raises RuntimeError when ``dim`` has fewer elements.

    >>> import gnomon as torch
    >>> torch.topk(torch.tensor([3.0, 1.0, 2.0]), 2).indices
    tensor([0, 2])
    """
    if input.operand.dtype is bool_:
        raise RuntimeError(
            explain(
                "topk",
                "does not support bool",
                input,
                remedy="Convert to an integer dtype first",
            )
        )
    dim = _dim("topk", input, dim)
    if not 0 <= k <= _size(input, dim):
        raise RuntimeError(
            explain(
                "topk", f"selected index k = {k} out of range", input, remedy="Ask for less"
            )
        )
    positions = leading(input, dim, k, largest)
    values = at_positions("topk", input, dim, positions, "TopkBackward0")
    return return_types.topk(deliver_pair("topk", (values, positions), out, input))


@numpy_names
def kthvalue(
    input: T,
    k: int,
    dim: int = -1,
    keepdim: bool = False,
    *,
    out: tuple[T, T] | None = None,
) -> return_types.kthvalue[T]:
    """Return the ``k``-th smallest element along ``dim``, counted from 1, and where it stands.

    Raises RuntimeError for a ``k`` out of range, IndexError for an empty dim.

    >>> import gnomon as torch
    >>> torch.kthvalue(torch.tensor([3, 1, 2]), 2).values
    tensor(2)
    """
    dim = _dim("kthvalue", input, dim)
    size = _nonempty("kthvalue", input, dim)
    if not 1 <= k <= size:
        raise RuntimeError(
            explain(
                "kthvalue",
                f"selected number k = {k} out of range for dimension {dim}",
                input,
                remedy=f"Choose k from 1 to {size}",
            )
        )
    order = _order("kthvalue", input, dim)
    positions = narrow(order, dim, k - 1, 1) if order.operand.layout.shape else order
    found = _chosen("kthvalue", "KthvalueBackward0", input, dim, positions, keepdim)
    if isinstance(out, tuple | list):
        check_apart("kthvalue", out[0], (input,))
    return return_types.kthvalue(deliver_pair("kthvalue", found, out, input))


@overload
def median(input: T) -> T: ...
@overload
def median(
    input: T, dim: int, keepdim: bool = False, *, out: tuple[T, T] | None = None
) -> return_types.median[T]: ...
@numpy_names
def median(
    input: T,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    out: tuple[T, T] | None = None,
) -> T | return_types.median[T]:
    """Return the lower median: of all elements, or along ``dim`` with where it stands.

    nan where there is one, and of no elements at all.

    >>> import gnomon as torch
    >>> torch.median(torch.tensor([4.0, 1.0, 3.0, 2.0]))
    tensor(2.)
    """
    if dim is None:
        return _median_of_all("median", input, False)
    found = _median_along("median", input, dim, keepdim, False)
    return return_types.median(deliver_pair("median", found, out, input))


@overload
def nanmedian(input: T) -> T: ...
@overload
def nanmedian(
    input: T, dim: int, keepdim: bool = False, *, out: tuple[T, T] | None = None
) -> return_types.nanmedian[T]: ...
@numpy_names
def nanmedian(
    input: T,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    out: tuple[T, T] | None = None,
) -> T | return_types.nanmedian[T]:
    """Return the lower median of the numbers among all, or along ``dim`` with where it stands.

    nan where there is nothing else.

    >>> import gnomon as torch
    >>> torch.nanmedian(torch.tensor([float("nan"), 1.0, 3.0, 2.0]))
    tensor(2.)
    """
    if dim is None:
        return _median_of_all("nanmedian", input, True)
    found = _median_along("nanmedian", input, dim, keepdim, True)
    return return_types.nanmedian(deliver_pair("nanmedian", found, out, input))


@numpy_names
def mode(
    input: T, dim: int = -1, keepdim: bool = False, *, out: tuple[T, T] | None = None
) -> return_types.mode[T]:
    """Return the most frequent element along ``dim`` and where its last one stands.

    Of equally frequent elements the smallest. nan equals nothing, itself neither.

    >>> import gnomon as torch
    >>> torch.mode(torch.tensor([3, 1, 3, 1, 2]))
    torch.return_types.mode(
    values=tensor(1),
    indices=tensor(3))
    """
    dim = _dim("mode", input, dim)
    size = _nonempty("mode", input, dim)
    with no_grad():
        ordered, order = sort_along(input, dim, False, "")
        positions = order
        if input.operand.layout.shape:
            # How far is each from the first of its equals? The longest run ends where that is
            # largest.
            equal = eq(narrow(ordered, dim, 1, size - 1), narrow(ordered, dim, 0, size - 1))
            shape = input.operand.layout.shape
            start = filled(
                input.operand.storage.backend, (*shape[:dim], 1, *shape[dim + 1 :]), bool_, True
            )
            new = cat([input.like(start), logical_not(equal)], dim)
            places = places_along(input, dim)
            marks = mul(new, places)
            starts = at_positions("mode", marks, dim, CUMMAX_POSITIONS(marks, dim), "")
            last = ARGMAX.over(sub(places, starts), (dim,), True)
            positions = at_positions("mode", order, dim, last, "")
    found = _chosen("mode", "ModeBackward0", input, dim, positions, keepdim)
    return return_types.mode(deliver_pair("mode", found, out, input))


def _median_along(
    operation: str, input: T, dim: int, keepdim: bool, skip_nan: bool
) -> tuple[T, T]:
    _refuse_bool(operation, input)
    dim = _dim(operation, input, dim)
    size = _nonempty(operation, input, dim)
    with no_grad():
        order = _order(operation, input, dim)
        positions = order
        if input.operand.layout.shape:
            numbers = sum_of.over(eq(input, input), (dim,), True)
            middle = floor_divide(clamp_below(sub(numbers, 1), 0), 2)
            if not skip_nan:
                middle = where(eq(numbers, size), middle, numbers)
            positions = at_positions(operation, order, dim, middle, "")
    label = f"{operation.capitalize()}Backward1"
    return _chosen(operation, label, input, dim, positions, keepdim)


def _median_of_all(operation: str, input: T, skip_nan: bool) -> T:
    _refuse_bool(operation, input)
    dtype = input.operand.dtype
    with no_grad():
        if input.operand.layout.numel:
            flat = reshape(input, (-1,))
            result, _ = _median_along(operation, flat, 0, False, skip_nan)
        else:
            backend = input.operand.storage.backend
            result = input.like(filled(backend, (), dtype, dtype.convert(math.nan)))

    def derivative(
        cotangents: Cotangents, saved: Sequence[TensorCore | None], _: Sequence[bool]
    ) -> Cotangents:
        (cotangent,) = cotangents
        x, y = saved
        assert cotangent is not None and x is not None and y is not None
        return (spread_evenly(cotangent, x, y),)

    label = f"{operation.capitalize()}Backward0"
    record_composite(label, (input,), (result,), (input, result), derivative)
    return result


def _chosen(
    operation: str, label: str, input: T, dim: int, positions: T, keepdim: bool
) -> tuple[T, T]:
    """Return the elements at ``positions``, of size 1 along ``dim``, and the positions."""
    if positions.operand.layout.shape and not keepdim:
        positions = select(positions, dim, 0)
    positions = clone_as(positions, Layout.contiguous(positions.operand.layout.shape))
    return at_positions(operation, input, dim, positions, label, keepdim), positions


def _order(operation: str, input: T, dim: int, descending: bool = False) -> T:
    with no_grad():
        _, order = sort_along(input, _dim(operation, input, dim), descending, "")
    return order


def _dim(operation: str, input: TensorCore, dim: int) -> int:
    return normalize_dim(dim, len(input.operand.layout.shape), operation)


def _size(input: TensorCore, dim: int) -> int:
    shape = input.operand.layout.shape
    return shape[dim] if shape else 1


def _nonempty(operation: str, input: TensorCore, dim: int) -> int:
    size = _size(input, dim)
    if not size:
        raise IndexError(
            explain(
                operation,
                f"Expected reduction dim {dim} to have non-zero size",
                input,
                remedy="Reduce over a dim of non-zero size",
            )
        )
    return size


def _refuse_bool(operation: str, input: TensorCore) -> None:
    if input.operand.dtype is bool_:
        raise NotImplementedError(
            explain(
                operation, "not defined on bool", input, remedy="Convert to an integer dtype"
            )
        )
