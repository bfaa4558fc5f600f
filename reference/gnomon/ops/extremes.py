"""Extremes with where they stand: ``max``, ``min`` in their three forms, and ``aminmax``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, overload

from gnomon import return_types
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import item_of
from gnomon.dtypes import Scalar
from gnomon.graph.modes import no_grad
from gnomon.layout import normalize_dim
from gnomon.op.along import at_positions
from gnomon.op.claims import EXACT, REALS
from gnomon.op.composite import record_composite
from gnomon.op.foundation import add, sum_of
from gnomon.op.numbers import check_tensors
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import Extent, Reduction, reduced_dims
from gnomon.op.rules import same
from gnomon.op.view import view_as
from gnomon.ops.arithmetic import div
from gnomon.ops.comparison import eq, isnan, where
from gnomon.ops.reduction import (
    AMAX,
    AMIN,
    ARGMAX,
    ARGMIN,
    deliver_pair,
    delivered,
    require_elements,
    shared_among_ties,
)
from gnomon.ops.selection import maximum, minimum

__all__ = ["aminmax", "max", "min"]

T = TypeVar("T", bound=TensorCore)


def spread_evenly(g: TensorCore, x: TensorCore, y: TensorCore) -> TensorCore:
    """Return the cotangent of one element chosen of all: equal shares to those equal to it.

    Where the result is nan, the nans share.
    """
    chosen = item_of(y.operand)
    equal = isnan(x) if chosen != chosen else eq(x, chosen)
    return where(equal, div(g, sum_of(equal)), 0)


def _shares(
    g: TensorCore, x: TensorCore, y: TensorCore, _extent: Extent, _: tuple[Scalar, ...]
) -> TensorCore:
    return spread_evenly(g, x, y)


MAX: Reduction = Reduction(
    name="max",
    definition="the largest element of all",
    special_cases="NaN if any is; equal elements share the cotangent",
    dtype=same,
    fold=AMAX.fold,
    integer_fold=AMAX.integer_fold,
    has_identity=False,
    vjp=_shares,
    tolerance=EXACT,
    domain=REALS,
    node_name="MaxBackward1",
)
MIN: Reduction = Reduction(
    name="min",
    definition="the smallest element of all",
    special_cases="NaN if any is; equal elements share the cotangent",
    dtype=same,
    fold=AMIN.fold,
    integer_fold=AMIN.integer_fold,
    has_identity=False,
    vjp=_shares,
    tolerance=EXACT,
    domain=REALS,
    node_name="MinBackward1",
)


@overload
def max(input: T, /, *, out: T | None = None) -> T: ...
@overload
def max(input: T, other: T, /, *, out: T | None = None) -> T: ...
@overload
def max(input: T, *, other: T, out: T | None = None) -> T: ...
@overload
def max(
    input: T, dim: int, keepdim: bool = False, *, out: tuple[T, T] | None = None
) -> return_types.max[T]: ...
@numpy_names
def max(
    input: T,
    dim: int | T | None = None,
    keepdim: bool = False,
    *,
    other: T | None = None,
    out: T | tuple[T, T] | None = None,
) -> T | return_types.max[T]:
    """Return the largest element; or those along ``dim`` and where they stand; or ``maximum``.

    nan wins; along a dim, the first of several. Without ``dim``, ties share the gradient; along
    one, the element returned has it. Raises RuntimeError or IndexError for no elements.

    >>> import gnomon as torch
    >>> torch.max(torch.tensor([[1, 3, 3], [4, 0, 2]]), 1)
    torch.return_types.max(
    values=tensor([3, 4]),
    indices=tensor([1, 0]))
    """
    check_tensors("max", input)
    second = dim if isinstance(dim, TensorCore) else other
    if second is not None:
        return maximum(input, second, out=_one("max", out))
    if dim is None or isinstance(dim, TensorCore):
        require_elements("max", input)
        return _into("max", MAX(input), _one("max", out), input)
    found = _along("max", ARGMAX, input, dim, keepdim)
    return return_types.max(deliver_pair("max", found, _two("max", out), input))


@overload
def min(input: T, /, *, out: T | None = None) -> T: ...
@overload
def min(input: T, other: T, /, *, out: T | None = None) -> T: ...
@overload
def min(input: T, *, other: T, out: T | None = None) -> T: ...
@overload
def min(
    input: T, dim: int, keepdim: bool = False, *, out: tuple[T, T] | None = None
) -> return_types.min[T]: ...
@numpy_names
def min(
    input: T,
    dim: int | T | None = None,
    keepdim: bool = False,
    *,
    other: T | None = None,
    out: T | tuple[T, T] | None = None,
) -> T | return_types.min[T]:
    """Return the smallest element; or those along ``dim`` and where they stand; or ``minimum``.

    nan wins; along a dim, the first of several. Without ``dim``, ties share the gradient; along
    one, the element returned has it. Raises RuntimeError or IndexError for no elements.

    >>> import gnomon as torch
    >>> torch.min(torch.tensor([3.0, 1.0, 2.0]))
    tensor(1.)
    """
    check_tensors("min", input)
    second = dim if isinstance(dim, TensorCore) else other
    if second is not None:
        return minimum(input, second, out=_one("min", out))
    if dim is None or isinstance(dim, TensorCore):
        require_elements("min", input)
        return _into("min", MIN(input), _one("min", out), input)
    found = _along("min", ARGMIN, input, dim, keepdim)
    return return_types.min(deliver_pair("min", found, _two("min", out), input))


def _along(
    operation: str, positions_of: Reduction, input: T, dim: int, keepdim: bool
) -> tuple[T, T]:
    shape = input.operand.layout.shape
    dim = normalize_dim(dim, len(shape), operation)
    positions = positions_of.over(input, (dim,) if shape else (), keepdim)
    label = f"{operation.capitalize()}Backward0"
    return at_positions(operation, input, dim, positions, label, keepdim), positions


def _into(operation: str, result: T, out: T | None, input: T) -> T:
    return delivered(operation, result, out, input)


def _one(operation: str, out: T | tuple[T, T] | None) -> T | None:
    if isinstance(out, tuple):
        raise TypeError(f"{operation}: out= must be one tensor, unless a dim is named.")
    return out


def _two(operation: str, out: T | tuple[T, T] | None) -> tuple[T, T] | None:
    if out is not None and not isinstance(out, tuple | list):
        raise TypeError(
            f"{operation}: out= must be a tuple of two tensors, the values and the indices."
        )
    return out


@numpy_names
def aminmax(
    input: T,
    *,
    dim: int | None = None,
    keepdim: bool = False,
    out: tuple[T, T] | None = None,
) -> return_types.aminmax[T]:
    """Return the smallest and the largest element along ``dim`` (None: of all); nan wins.

    Ties share the gradient. Raises RuntimeError or IndexError where there is no element.

    >>> import gnomon as torch
    >>> torch.aminmax(torch.tensor([3, 1, 2]))
    torch.return_types.aminmax(
    min=tensor(1),
    max=tensor(3))
    """
    require_elements("aminmax", input, dim)
    shape = input.operand.layout.shape
    dims = reduced_dims("aminmax", dim, len(shape))
    with no_grad():
        smallest = AMIN.over(input, dims, keepdim)
        largest = AMAX.over(input, dims, keepdim)
    kept = tuple([1 if k in dims else size for k, size in enumerate(shape)])

    def derivative(
        cotangents: Cotangents, saved: Sequence[TensorCore | None], _: Sequence[bool]
    ) -> Cotangents:
        x, *extremes = saved
        total: TensorCore | None = None
        for g, y in zip(cotangents, extremes, strict=True):
            if g is None or x is None or y is None:
                continue
            share = shared_among_ties(
                view_as(g, kept), x, view_as(y, kept), Extent(dims, 0), ()
            )
            total = share if total is None else add(total, share)
        return (total,)

    results = (smallest, largest)
    record_composite("AminmaxBackward0", (input,), results, (input, *results), derivative)
    return return_types.aminmax(deliver_pair("aminmax", results, out, input))
