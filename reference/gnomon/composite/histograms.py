"""Histograms: how many elements fall into each bin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from gnomon import return_types
from gnomon.composite.searching import searchsorted
from gnomon.core import TensorCore
from gnomon.dispatch import filled, item_of
from gnomon.dtypes import Kind, Scalar, bool_, float32, float64, int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.copying import clone_as, to_dtype
from gnomon.op.foundation import sum_of
from gnomon.op.indexing import IndexPlan, add_through_indices
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import floating
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.comparison import eq, ge, le, where
from gnomon.ops.indexing import exactly
from gnomon.ops.logic import logical_and
from gnomon.ops.reduction import AMAX, AMIN, deliver_pair
from gnomon.ops.selection import clamp_above
from gnomon.ops.slicing import narrow, select
from gnomon.ops.sources import linspace
from gnomon.ops.views import reshape

__all__ = ["bincount", "histc", "histogram"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def histc(
    input: T, bins: int = 100, min: Scalar = 0, max: Scalar = 0, *, out: T | None = None
) -> T:
    """Return how many elements fall into each of ``bins`` equal bins from ``min`` to ``max``.

    Where these are equal, the extremes of ``input`` serve. The last bin holds ``max`` itself;
    what lies outside, nan too, is not counted. The result has ``input``'s dtype, which is a
    float.

    >>> import gnomon as torch
    >>> torch.histc(torch.tensor([1.0, 2.0, 2.0, 5.0]), 4, 0, 4)
    tensor([0., 1., 2., 0.])
    """
    floating("histc", input.operand.dtype)
    with no_grad():
        low, high = _range("histc", input, float(min), float(max), 1.0)
        edges = _edges("histc", input, bins, low, high)
        elements = reshape(input, (-1,))
        result = _weight_of_bins(elements, edges, _bins_by_division(elements, edges), None)
    return result if out is None else exactly("histc", result, out, input)


@numpy_names
def histogram(
    input: T,
    bins: int | T,
    *,
    range: Sequence[float] | None = None,
    weight: T | None = None,
    density: bool = False,
    out: tuple[T, T] | None = None,
) -> return_types.histogram[T]:
    """Return how much falls into each bin, and the bins' edges.

    ``bins`` is a number of equal bins, over ``range`` or between the extremes of ``input``, or
    the ascending edges. Each element counts 1 or its ``weight``; with ``density`` the histogram
    is scaled to the integral 1. Raises RuntimeError for other than floats.

    >>> import gnomon as torch
    >>> torch.histogram(torch.tensor([1.0, 2.0, 2.5]), torch.tensor([0.0, 2.0, 3.0])).hist
    tensor([1., 2.])
    """
    floating("histogram", input.operand.dtype)
    if weight is not None and weight.operand.layout.shape != input.operand.layout.shape:
        raise RuntimeError(
            explain(
                "histogram",
                "weight must have the input's shape",
                input,
                weight,
                remedy="Expand it",
            )
        )
    with no_grad():
        if isinstance(bins, TensorCore):
            edges = clone_as(bins, Layout.contiguous(bins.operand.layout.shape))
        else:
            low, high = (0.0, 0.0) if range is None else (float(range[0]), float(range[1]))
            edges = _edges(
                "histogram", input, bins, *_range("histogram", input, low, high, 0.5)
            )
        counted = None if weight is None else reshape(weight, (-1,))
        elements = reshape(input, (-1,))
        place = sub(searchsorted(edges, elements, right=True), 1)
        hist = _weight_of_bins(elements, edges, place, counted)
        if density:
            count = hist.operand.layout.numel
            widths = sub(narrow(edges, 0, 1, count), narrow(edges, 0, 0, count))
            hist = div(div(hist, sum_of(hist)), widths)
    return return_types.histogram(deliver_pair("histogram", (hist, edges), out, input))


@numpy_names
def bincount(input: T, weights: T | None = None, minlength: int = 0) -> T:
    """Return how often 0, 1, 2, ... occur in the 1-d ``input``, or their summed weights.

    The result has at least ``minlength`` elements. Its dtype is int64, or that of ``weights``,
    where integers count as float64. Raises RuntimeError for negative elements.

    >>> import gnomon as torch
    >>> torch.bincount(torch.tensor([1, 2, 2]))
    tensor([0, 1, 2])
    """
    dtype = input.operand.dtype
    if dtype.kind >= Kind.FLOAT or dtype is bool_:
        raise NotImplementedError(
            explain("bincount", "not defined on this dtype", input, remedy="Convert to int64")
        )
    if minlength < 0:
        raise RuntimeError(f"bincount: minlength should be >= 0, got {minlength}.")
    shape = input.operand.layout.shape
    size = input.operand.layout.numel
    if len(shape) != 1 or (size and item_of(AMIN(input).operand) < 0):
        raise RuntimeError(
            explain(
                "bincount",
                "only supports 1-d non-negative integral inputs",
                input,
                remedy="Flatten it, and shift it by its minimum",
            )
        )
    if weights is not None and weights.operand.layout.shape != shape:
        raise RuntimeError(
            explain(
                "bincount",
                "weights must have the input's shape",
                input,
                weights,
                remedy="Expand it",
            )
        )
    if not size:
        return input.like(filled(input.operand.storage.backend, (minlength,), int64, 0))
    with no_grad():
        length = int(item_of(AMAX(input).operand)) + 1
        length = length if length > minlength else minlength
        return _added_at(to_dtype(input, int64), _counts(input, weights), length)


def _counts(input: T, weights: T | None) -> T:
    """Return what each element of a bincount counts."""
    if weights is None:
        ones = filled(input.operand.storage.backend, input.operand.layout.shape, int64, 1)
        return input.like(ones)
    dtype = weights.operand.dtype
    return to_dtype(weights, dtype if dtype in (float32, float64) else float64)


def _range(
    operation: str, input: TensorCore, low: float, high: float, margin: float
) -> tuple[float, float]:
    """Return the range of the bins; the extremes of ``input`` where the one given is empty.

    ``margin`` is what PyTorch's function adds on both sides where these are equal; no elements
    are in [0, 1].
    """
    if low == high and input.operand.layout.numel:
        low = float(item_of(AMIN(input).operand))
        high = float(item_of(AMAX(input).operand))
    elif low == high:
        low, high = 0.0, 1.0
    if low == high:
        low, high = low - margin, high + margin
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(
            explain(
                operation,
                f"range of [{low}, {high}] is not finite",
                input,
                remedy="Give a finite range",
            )
        )
    if low > high:
        raise RuntimeError(f"{operation}: max must be larger than min, got {high} and {low}.")
    return low, high


def _edges(operation: str, input: T, bins: int, low: float, high: float) -> T:
    if bins <= 0:
        raise RuntimeError(f"{operation}: bins must be > 0, got {bins}.")
    backend, dtype = input.operand.storage.backend, input.operand.dtype
    return input.like(linspace(backend, (bins + 1,), dtype, (low, high, bins + 1)))


def _bins_by_division(input: T, edges: T) -> T:
    """Return which of equal bins each element is in, each step rounded to the dtype.

    PyTorch's histc does not look at the edges between, which float16 and bfloat16 show.
    """
    first, last = select(edges, 0, 0), select(edges, 0, -1)
    bins = edges.operand.layout.numel - 1
    place = to_dtype(div(mul(sub(input, first), bins), sub(last, first)), int64)
    return clamp_above(place, bins - 1)


def _weight_of_bins(input: T, edges: T, place: T, weights: T | None) -> T:
    """Return the sum of the weights, or else of ones, of what is at each ``place``."""
    bins = edges.operand.layout.numel - 1
    first, last = select(edges, 0, 0), select(edges, 0, -1)
    inside = logical_and(ge(input, first), le(input, last))
    # The last edge belongs to the last bin; what lies outside counts 0, wherever that is added.
    place = where(inside, where(eq(input, last), bins - 1, place), 0)
    counted = where(inside, 1 if weights is None else weights, 0)
    return _added_at(place, to_dtype(counted, input.operand.dtype), bins)


def _added_at(places: T, values: T, length: int) -> T:
    count = places.operand.layout.numel
    plan = IndexPlan(operation="bincount", shape=(count,), walked=(None,), indexed=(0,))
    return add_through_indices(values, plan, (places,), (length,))
