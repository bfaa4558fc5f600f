"""Quantiles: interpolated between the elements of a sorted dim."""

from __future__ import annotations

from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import filled
from gnomon.dtypes import float32, float64, int64
from gnomon.errors import explain
from gnomon.layout import Layout, normalize_dim
from gnomon.op.along import at_positions
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.sort import sort_along
from gnomon.op.view import View
from gnomon.ops.arithmetic import lerp, mul, sub
from gnomon.ops.comparison import eq, ge, le, where
from gnomon.ops.logic import logical_and
from gnomon.ops.reduction import delivered
from gnomon.ops.rounding import ceil, floor, round_to_even
from gnomon.ops.selection import clamp_below
from gnomon.ops.truth import holds
from gnomon.ops.views import movedim, reshape, transpose, unsqueeze

__all__ = ["nanquantile", "quantile"]

T = TypeVar("T", bound=TensorCore)

# Under the name that PyTorch's graph gives it.
_SQUEEZED_IN_PLACE: View[[int]] = View(
    name="squeeze", layout=Layout.squeeze, node_name="SqueezeBackward4"
)
_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@numpy_names
def quantile(
    input: T,
    q: float | T,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: T | None = None,
) -> T:
    """Return the quantiles ``q``, in [0, 1], along ``dim`` (None: of all elements).

    Several ``q``, a 1-d tensor of ``input``'s dtype, are the result's first dim. Between two
    elements, ``interpolation`` is linear, lower, higher, midpoint or nearest; nan where there
    is one. Raises RuntimeError for other than float32 and float64.

    >>> import gnomon as torch
    >>> torch.quantile(torch.tensor([1.0, 2.0, 3.0, 4.0]), 0.5)
    tensor(2.5000)
    """
    result = _quantile("quantile", input, q, dim, keepdim, interpolation, False)
    return delivered("quantile", result, out, input)


@numpy_names
def nanquantile(
    input: T,
    q: float | T,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: T | None = None,
) -> T:
    """Return the quantiles of what is not nan: ``quantile`` otherwise.

    >>> import gnomon as torch
    >>> torch.nanquantile(torch.tensor([1.0, float("nan"), 3.0]), 0.5)
    tensor(2.)
    """
    result = _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)
    return delivered("nanquantile", result, out, input)


def _quantile(
    operation: str,
    input: T,
    q: float | T,
    dim: int | None,
    keepdim: bool,
    interpolation: str,
    skip_nan: bool,
) -> T:
    _check(operation, input, interpolation)
    fractions = _fractions(operation, input, q)
    shape = input.operand.layout.shape
    axis = 0 if dim is None else normalize_dim(dim, len(shape), operation)
    rows = reshape(input, (-1,)) if dim is None or not shape else movedim(input, axis, -1)
    last = len(rows.operand.layout.shape) - 1
    ordered, _ = sort_along(rows, last, False, "SortBackward1")
    if keepdim:
        ones = [1 if dim is None or k == axis else size for k, size in enumerate(shape)]
        ordered = reshape(ordered, (*ones, ordered.operand.layout.shape[-1]))
        last = len(ones)
    ranks = _ranks(ordered, reshape(fractions, (-1,)), skip_nan)
    if interpolation in ("lower", "higher", "nearest"):
        ranks = {"lower": floor, "higher": ceil, "nearest": round_to_even}[interpolation](ranks)
    below = to_dtype(floor(ranks), int64)
    result = at_positions(operation, ordered, last, below, "GatherBackward0")
    if interpolation in ("linear", "midpoint"):
        above = to_dtype(ceil(ranks), int64)
        high = at_positions(operation, ordered, last, above, "GatherBackward0")
        weights = sub(ranks, below)
        if interpolation == "midpoint":
            weights = to_dtype(where(eq(weights, 0), 0, 0.5), ranks.operand.dtype)
        result = lerp(result, high, weights)
    if fractions.operand.layout.shape:
        result = transpose(unsqueeze(result, 0), 0, -1)
    return _SQUEEZED_IN_PLACE(result, -1)


def _are_fractions(q: TensorCore) -> bool:
    return holds(logical_and(ge(q, 0.0), le(q, 1.0)))


def _fractions(operation: str, input: T, q: float | T) -> T:
    """Return ``q`` as a tensor of the input's dtype."""
    dtype = input.operand.dtype
    given = q
    if not isinstance(q, TensorCore):
        q = input.like(filled(input.operand.storage.backend, (), dtype, float(q)))
    rule = remedy = ""
    if q.operand.dtype is not dtype:
        rule, remedy = "q must be of the input's dtype", "Convert q with .to(input.dtype)"
    elif len(q.operand.layout.shape) > 1:
        rule, remedy = "q must be a number or a 1-d tensor", "Flatten q"
    elif not (_are_fractions(given) if isinstance(given, TensorCore) else 0 <= given <= 1):
        rule, remedy = "q must be in the range [0, 1]", "Divide percentages by 100"
    if rule:
        raise RuntimeError(explain(operation, rule, input, q, remedy=remedy))
    return q


def _check(operation: str, input: TensorCore, interpolation: str) -> None:
    rule = remedy = ""
    if input.operand.dtype not in (float32, float64):
        rule, remedy = "the input must be float32 or float64", "Convert it first"
    elif not input.operand.layout.numel:
        rule, remedy = "the input must be non-empty", "Leave empty tensors out"
    elif interpolation not in _INTERPOLATIONS:
        rule = f"interpolation {interpolation!r} is not known"
        remedy = f"Choose one of {', '.join(_INTERPOLATIONS)}"
    if rule:
        raise RuntimeError(explain(operation, rule, input, remedy=remedy))


def _ranks(rows: T, fractions: T, skip_nan: bool) -> T:
    """Return at which rank of the sorted last dim each of ``fractions`` lies, a row per row."""
    dims = len(rows.operand.layout.shape)
    size = rows.operand.layout.shape[-1]
    numbers = sum_of.over(eq(rows, rows), (dims - 1,), True)
    dtype = fractions.operand.dtype
    if skip_nan:
        return mul(fractions, to_dtype(clamp_below(sub(numbers, 1), 0), dtype))
    # A nan is sorted last: the last rank makes the quantile nan.
    return where(eq(numbers, size), mul(fractions, float(size - 1)), float(size - 1))
