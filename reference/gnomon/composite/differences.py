"""Differences of neighbours, and the trapezoidal rule that undoes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import filled, item_of
from gnomon.dtypes import Scalar, bool_
from gnomon.errors import explain
from gnomon.layout import normalize_dim, normalize_dims
from gnomon.op.copying import clone_as, to_dtype
from gnomon.op.foundation import add, sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import int_to_float
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.joining import cat
from gnomon.ops.logic import logical_xor
from gnomon.ops.reduction import delivered
from gnomon.ops.scans import CUMSUM
from gnomon.ops.slicing import narrow, select
from gnomon.ops.views import view

__all__ = ["cumulative_trapezoid", "diff", "gradient", "trapezoid", "trapz"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def diff(
    input: T,
    n: int = 1,
    dim: int = -1,
    prepend: T | None = None,
    append: T | None = None,
    *,
    out: T | None = None,
) -> T:
    """Return the ``n``-th differences of neighbours along ``dim``; of bools, where they differ.

    ``prepend`` and ``append`` are put before and behind first, unless ``n`` is 0. Raises
    RuntimeError for a 0-d input and a negative ``n``.

    >>> import gnomon as torch
    >>> torch.diff(torch.tensor([1, 3, 6]))
    tensor([2, 3])
    """
    shape = input.operand.layout.shape
    if not shape or n < 0:
        rule = "expects n to be non-negative" if shape else "expects at least one dim"
        raise RuntimeError(explain("diff", rule, input, remedy="Check the arguments"))
    dim = normalize_dim(dim, len(shape), "diff")
    if not n:
        result = clone_as(input, input.operand.layout.dense_like(), label="CopyBackwards")
        return delivered("diff", result, out, input)
    parts = [part for part in (prepend, input, append) if part is not None]
    result = cat(parts, dim) if len(parts) > 1 else input
    subtract = logical_xor if result.operand.dtype is bool_ else sub
    size = result.operand.layout.shape[dim]
    for order in range(1, n + 1):
        rest = size - order
        if rest <= 0:
            result = narrow(result, dim, 0, 0)
            break
        result = subtract(narrow(result, dim, 1, rest), narrow(result, dim, 0, rest))
    return delivered("diff", result, out, input)


@numpy_names
def trapezoid(y: T, x: T | None = None, *, dx: Scalar = 1, dim: int = -1) -> T:
    """Return the integral of ``y`` along ``dim`` by the trapezoidal rule.

    The points are ``dx`` apart, or at ``x``, which is 1-d or broadcasts against ``y``.

    >>> import gnomon as torch
    >>> torch.trapezoid(torch.tensor([1.0, 2.0, 3.0]))
    tensor(4.)
    """
    dim = _dim("trapezoid", y, dim)
    size = y.operand.layout.shape[dim]
    if not size:
        shape = y.operand.layout.shape
        rest = shape[:dim] + shape[dim + 1 :]
        return y.like(filled(y.operand.storage.backend, rest, y.operand.dtype, 0))
    if x is None:
        ends = mul(add(select(y, dim, 0), select(y, dim, -1)), 0.5)
        return mul(sub(sum_of(y, dim), ends), dx)
    return div(sum_of(mul(_steps(x, y, dim), _neighbour_sums(y, dim)), dim), 2.0)


@numpy_names
def trapz(y: T, x: T | None = None, *, dx: Scalar = 1, dim: int = -1) -> T:
    """Return the integral of ``y`` along ``dim``: the older name of ``trapezoid``."""
    return trapezoid(y, x, dx=dx, dim=dim)


@numpy_names
def cumulative_trapezoid(y: T, x: T | None = None, *, dx: Scalar = 1, dim: int = -1) -> T:
    """Return the running integral of ``y`` along ``dim``, one element shorter than ``y``.

    >>> import gnomon as torch
    >>> torch.cumulative_trapezoid(torch.tensor([1.0, 2.0, 3.0]))
    tensor([1.5000, 4.0000])
    """
    dim = _dim("cumulative_trapezoid", y, dim)
    if x is None:
        return CUMSUM(mul(_neighbour_sums(y, dim), dx / 2.0), dim)
    return div(CUMSUM(mul(_steps(x, y, dim), _neighbour_sums(y, dim)), dim), 2.0)


def _dim(operation: str, y: TensorCore, dim: int) -> int:
    shape = y.operand.layout.shape
    if not shape:
        raise IndexError(
            explain(operation, "expects at least one dim", y, remedy="Unsqueeze the input")
        )
    return normalize_dim(dim, len(shape), operation)


def _neighbour_sums(y: T, dim: int) -> T:
    rest = max(y.operand.layout.shape[dim] - 1, 0)
    start = min(1, y.operand.layout.shape[dim])
    return add(narrow(y, dim, start, rest), narrow(y, dim, 0, rest))


def _steps(x: T, y: T, dim: int) -> T:
    sizes = x.operand.layout.shape
    if len(sizes) == 1:
        if sizes[0] != y.operand.layout.shape[dim]:
            raise RuntimeError(
                explain(
                    "trapezoid",
                    "there must be one x value for each sample point",
                    x,
                    y,
                    remedy=f"Give {y.operand.layout.shape[dim]} values",
                )
            )
        trailing = len(y.operand.layout.shape) - dim - 1
        return view(diff(x), (sizes[0] - 1, *[1] * trailing))
    return diff(x, dim=dim - len(y.operand.layout.shape))


@numpy_names
def gradient(
    input: T,
    *,
    spacing: Scalar | T | Sequence[Scalar] | Sequence[T] | None = None,
    dim: int | Sequence[int] | None = None,
    edge_order: int = 1,
) -> tuple[T, ...]:
    """Return estimates of the derivative of ``input`` along each of ``dim`` (None: all).

    Central differences inside, one-sided ones of ``edge_order`` (1 or 2) at the ends;
    ``spacing`` is the distance of points (None: 1), or one a dim, or the points' coordinates a
    dim. Raises RuntimeError for a dim named twice and one of fewer than ``edge_order + 1``
    elements.

    >>> import gnomon as torch
    >>> torch.gradient(torch.tensor([1.0, 2.0, 4.0, 8.0]))
    (tensor([1.0000, 1.5000, 3.0000, 4.0000]),)
    """
    shape = input.operand.layout.shape
    dims = range(len(shape)) if dim is None else (dim,) if isinstance(dim, int) else dim
    axes = normalize_dims(dims, len(shape), "gradient")
    if isinstance(spacing, TensorCore):
        spacing = item_of(spacing.operand)
    if spacing is None:
        spacing = 1
    given = list(spacing) if isinstance(spacing, Sequence) else [spacing] * len(axes)
    if len(given) != len(axes) or edge_order not in (1, 2):
        raise RuntimeError(
            f"gradient: expected one spacing for each of {len(axes)} dims and an edge_order of "
            f"1 or 2, got {len(given)} and {edge_order}."
        )
    short = [axis for axis in axes if shape[axis] < edge_order + 1]
    if short:
        raise RuntimeError(
            explain(
                "gradient",
                f"expected each dimension size to be at least edge_order+1 = {edge_order + 1}",
                input,
                remedy=f"Leave out dims {short}",
            )
        )
    return tuple(
        [
            _derivative(input, axis, space, edge_order)
            for axis, space in zip(axes, given, strict=True)
        ]
    )


def _derivative(input: T, dim: int, spacing: Scalar | T, edge_order: int) -> T:
    """Return the estimate along ``dim``: inside, the slope of the parabola through a point and
    its neighbours, which weighs the slope to each by the other's distance.
    """
    floating, _ = int_to_float("gradient", input.operand.dtype)
    input = to_dtype(input, floating)
    storage, layout, _ = input.operand
    count = layout.shape[dim] - 1
    column = (count, *[1] * (len(layout.shape) - dim - 1))
    if isinstance(spacing, TensorCore):
        widths = view(diff(spacing), column)
    else:
        widths = input.like(filled(storage.backend, column, floating, spacing))
    slopes = div(diff(input, dim=dim), widths)
    left, right = narrow(widths, 0, 0, count - 1), narrow(widths, 0, 1, count - 1)
    if isinstance(spacing, TensorCore):
        before, after = narrow(slopes, dim, 0, count - 1), narrow(slopes, dim, 1, count - 1)
        inside = div(add(mul(before, right), mul(after, left)), add(left, right))
    else:
        rises = sub(narrow(input, dim, 2, count - 1), narrow(input, dim, 0, count - 1))
        inside = div(rises, add(left, right))
    first, last = narrow(slopes, dim, 0, 1), narrow(slopes, dim, count - 1, 1)
    if edge_order == 2:
        # The parabola's slope at an end, from the nearer chord and its slope in the middle.
        first = sub(mul(first, 2), narrow(inside, dim, 0, 1))
        last = sub(mul(last, 2), narrow(inside, dim, count - 2, 1))
    return cat([first, inside, last], dim)
