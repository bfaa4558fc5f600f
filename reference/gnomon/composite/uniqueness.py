"""Distinct elements: ``unique`` and ``unique_consecutive``.

Equal neighbours are merged; ``unique`` sorts first, so that equals are neighbours.
"""

from __future__ import annotations

from math import prod
from typing import Literal, TypeVar, overload

from gnomon.core import TensorCore
from gnomon.dispatch import filled
from gnomon.dtypes import bool_, int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import normalize_dim
from gnomon.op.along import integers
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.indexing import IndexPlan, add_through_indices
from gnomon.op.sort import sort_along
from gnomon.ops.arithmetic import sub
from gnomon.ops.comparison import ne
from gnomon.ops.indexing import index_select
from gnomon.ops.joining import cat
from gnomon.ops.nonzero import nonzero_columns
from gnomon.ops.scans import CUMSUM
from gnomon.ops.slicing import narrow, select
from gnomon.ops.truth import ANY
from gnomon.ops.views import movedim, reshape

__all__ = ["unique", "unique_consecutive"]

T = TypeVar("T", bound=TensorCore)

#: The distinct elements; which of them each element of the input is; how often each occurs.
Merged = tuple[T, T, T]


@overload
def unique(
    input: T,
    sorted: bool = True,
    return_inverse: Literal[False] = False,
    return_counts: Literal[False] = False,
    dim: int | None = None,
) -> T: ...
@overload
def unique(
    input: T,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> T | tuple[T, ...]: ...
@kinds_checked
def unique(
    input: T,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> T | tuple[T, ...]:
    """Return the distinct elements, or with ``dim`` the distinct slices along it, in order.

    They are in order whatever ``sorted`` says; slices compare by their first difference; nan
    differs from itself. With ``return_inverse``, which of them each element is; with
    ``return_counts``, how often each occurs.

    >>> import gnomon as torch
    >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    with no_grad():
        rows = _rows("unique", input, dim)
        order = _lexicographic_order(rows)
        merged = _merged(index_select(rows, 0, order))
        return _results(input, dim, merged, order, return_inverse, return_counts)


@overload
def unique_consecutive(
    input: T,
    return_inverse: Literal[False] = False,
    return_counts: Literal[False] = False,
    dim: int | None = None,
) -> T: ...
@overload
def unique_consecutive(
    input: T,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> T | tuple[T, ...]: ...
@kinds_checked
def unique_consecutive(
    input: T,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> T | tuple[T, ...]:
    """Return the first of each run of equal elements, or of equal slices along ``dim``.

    With ``return_inverse``, each element's run; with ``return_counts``, the runs' lengths.

    >>> import gnomon as torch
    >>> torch.unique_consecutive(torch.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    with no_grad():
        merged = _merged(_rows("unique_consecutive", input, dim))
        return _results(input, dim, merged, None, return_inverse, return_counts)


def _rows(operation: str, input: T, dim: int | None) -> T:
    """Return what is compared as rows: single elements, or the slices along ``dim``."""
    if dim is None:
        return reshape(input, (input.operand.layout.numel, 1))
    shape = input.operand.layout.shape
    if not shape:
        raise IndexError(
            explain(operation, "a 0-d tensor has no dims", input, remedy="Leave dim= away")
        )
    dim = normalize_dim(dim, len(shape), operation)
    moved = movedim(input, dim, 0)
    count, *rest = moved.operand.layout.shape
    if 0 in rest:
        raise RuntimeError(
            explain(
                operation,
                f"slices along dim {dim} have no elements to compare",
                input,
                remedy="Choose a dim such that all others have non-zero size",
            )
        )
    return reshape(moved, (count, prod(rest)))


def _lexicographic_order(rows: T) -> T:
    """Return the stable order of ``rows``: one sort per column, the first column last."""
    last = rows.operand.layout.shape[1] - 1
    _, order = sort_along(select(rows, 1, last), 0, False, "")
    for column in reversed(range(last)):
        keys = index_select(select(rows, 1, column), 0, order)
        _, step = sort_along(keys, 0, False, "")
        order = index_select(order, 0, step)
    return order


def _merged(rows: T) -> Merged[T]:
    """Return the first of each run of equal rows, each row's run, and the runs' lengths."""
    count = rows.operand.layout.shape[0]
    if not count:
        nothing = integers(rows, (), (0,))
        return rows, nothing, nothing
    differs = ne(narrow(rows, 0, 1, count - 1), narrow(rows, 0, 0, count - 1))
    backend = rows.operand.storage.backend
    first = rows.like(filled(backend, (1,), bool_, True))
    end = filled(backend, (1,), int64, count)
    starts = cat([first, ANY.over(differs, (1,), False)])
    (places,) = nonzero_columns(starts)
    ends = cat([narrow(places, 0, 1, places.operand.layout.numel - 1), places.like(end)])
    kept = index_select(rows, 0, places)
    return kept, sub(CUMSUM(starts, 0), 1), sub(ends, places)


def _results(
    input: T,
    dim: int | None,
    merged: Merged[T],
    order: T | None,
    return_inverse: bool,
    return_counts: bool,
) -> T | tuple[T, ...]:
    kept, runs, lengths = merged
    shape = input.operand.layout.shape
    count = kept.operand.layout.shape[0]
    if dim is None:
        results = [reshape(kept, (count,))]
    else:
        dim = normalize_dim(dim, len(shape), "unique")
        rest = shape[:dim] + shape[dim + 1 :]
        results = [movedim(reshape(kept, (count, *rest)), 0, dim)]
    if return_inverse:
        if order is not None:
            size = order.operand.layout.numel
            plan = IndexPlan(operation="unique", shape=(size,), walked=(None,), indexed=(0,))
            runs = add_through_indices(runs, plan, (order,), (size,))
        results.append(reshape(runs, shape) if dim is None else runs)
    if return_counts:
        results.append(lengths)
    return tuple(results) if len(results) > 1 else results[0]
