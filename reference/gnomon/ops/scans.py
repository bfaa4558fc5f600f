"""Scans: running sums, products and extremes along a dim.

The rules for nan and ties are in docs/semantics/reductions.md.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Final, TypeAlias, TypeVar

from gnomon import return_types
from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate, item_of
from gnomon.dtypes import DType, Scalar, finfo, int64
from gnomon.graph.modes import modes
from gnomon.layout import Layout, normalize_dim
from gnomon.op.along import at_positions, record_at_positions
from gnomon.op.claims import EXACT, REALS, ProductOfTerms, SumOfTerms, Ulps
from gnomon.op.composite import Composite
from gnomon.op.derivative import node_label
from gnomon.op.foundation import add, sum_of
from gnomon.op.in_place import replace, snapshot
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import floating, integers_to_int64, to_int64
from gnomon.op.scan import Scan
from gnomon.ops import arithmetic
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.comparison import eq, le, lt, where
from gnomon.ops.exponentials import exp, log
from gnomon.ops.logic import logical_not, logical_or
from gnomon.ops.rearranging import flip
from gnomon.ops.reduction import chosen_dtype, deliver_pair, delivered
from gnomon.ops.sources import arange
from gnomon.ops.truth import ANY
from gnomon.ops.views import expand, movedim, transpose, unsqueeze

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "logcumsumexp"]

T = TypeVar("T", bound=TensorCore)
ExtremesMeaning: TypeAlias = Callable[[TensorCore, int, bool], tuple[TensorCore, TensorCore]]
#: ``(input, dim, is_largest, values, positions)``: two contiguous outputs, int64 the second.
ExtremesKernel: TypeAlias = Callable[[Operand, int, bool, Operand, Operand], None]

#: Elements that derivatives of products take at most to do without a look at their factors.
_MOST_PRODUCTS: Final = 1 << 20


def _last_maxima(elements: Iterable[Scalar]) -> Iterator[int]:
    """Yield where the last maximum so far stands; nan is the largest."""
    largest: Scalar = -math.inf
    place = 0
    for index, value in enumerate(elements):
        if value >= largest or value != value:
            largest, place = value, index
        yield place


def _log_sums(elements: Sequence[Scalar]) -> Iterator[float]:
    """Yield the running ``log(sum(exp(x)))``, kept as a maximum and a sum relative to it, whose
    rounding is kept too (A. Neumaier, ZAMM 54, 1974).
    """
    largest, relative, lost = -math.inf, 0.0, 0.0
    for value in elements:
        if value != value or largest != largest:
            largest = math.nan
        elif math.isinf(value) or math.isinf(largest):
            relative = relative if value <= largest and relative else 1.0
            if value > largest:
                largest, relative, lost = value, 1.0, 0.0
        else:
            if value > largest:
                scale = math.exp(largest - value)
                largest, relative, lost, term = value, 1.0, lost * scale, relative * scale
            else:
                term = math.exp(value - largest)
            total = relative + term
            larger, smaller = (relative, term) if relative >= term else (term, relative)
            lost += larger - total + smaller
            relative = total
        finite = math.isfinite(largest)
        yield largest + math.log(relative + lost) if finite else largest


def sum_from_end(input: T, dim: int) -> T:
    """Return the sum of each element and all after it: the transpose of ``cumsum``."""
    dims = (dim,) if input.operand.layout.shape else ()
    return flip(CUMSUM(flip(input, dims), dim), dims)


def has_zero(input: TensorCore, factors: int) -> bool:
    """Return whether some element is 0, which takes reading from the device.

    A call that is recorded goes on without: where there is not much, what is right for zeros,
    which takes as many times more as products have ``factors``, is done for all.
    """
    if modes.notes is not None and input.operand.layout.numel * factors <= _MOST_PRODUCTS:
        return True
    return bool(item_of(ANY(eq(input, 0)).operand))


def products_without_each(input: T, dim: int) -> tuple[T, T]:
    """Return ``input`` over last dims ``(k, i)``, 1 where they are equal; and ``k <= i``.

    Products along ``i`` leave out element ``k``: derivatives of products that zeros don't harm.
    """
    rows = unsqueeze(movedim(input, dim, -1), -2)
    size = rows.operand.layout.shape[-1]
    backend = input.operand.storage.backend
    places = input.like(arange(backend, (1, size), int64, (0, 1)))
    left_out = transpose(places, 0, 1)
    square = expand(rows, (*rows.operand.layout.shape[:-2], size, size))
    return where(eq(left_out, places), 1, square), le(left_out, places)


def _cumprod_cotangent(g: TensorCore, x: TensorCore, y: TensorCore, dim: int) -> TensorCore:
    if not x.operand.layout.shape:
        return g
    if not has_zero(x, x.operand.layout.shape[dim]):
        return div(sum_from_end(mul(g, y), dim), x)
    factors, counts = products_without_each(x, dim)
    weights = unsqueeze(movedim(g, dim, -1), -2)
    terms = where(counts, mul(weights, CUMPROD(factors, -1)), 0)
    return movedim(sum_of(terms, -1), -1, dim)


def _logcumsumexp_cotangent(
    g: TensorCore, x: TensorCore, y: TensorCore, dim: int
) -> TensorCore:
    dims = (dim,) if x.operand.layout.shape else ()

    # exp(x) * sum_from_end(g * exp(-y)) in logarithms, where nothing overflows; a logarithm
    # needs the two signs of the cotangent apart. The lowest number stands for log 0, since the
    # derivative of this derivative would make nan of infinities.
    lowest = finfo(g.operand.dtype).min

    def part(chosen: TensorCore) -> TensorCore:
        logarithms = where(chosen, log(arithmetic.abs(g)), lowest)
        later = LOGCUMSUMEXP(flip(sub(logarithms, y), dims), dim)
        return exp(add(flip(later, dims), x))

    negative = lt(g, 0)
    return sub(part(logical_not(logical_or(negative, eq(g, 0)))), part(negative))


CUMSUM: Scan = Scan(
    name="cumsum",
    definition="the sum of each element and all before it",
    special_cases="integers wrap in two's complement",
    dtype=integers_to_int64,
    running=lambda elements: islice(accumulate(elements, initial=0), 1, None),
    vjp=lambda g, _x, _y, dim: sum_from_end(g, dim),
    tolerance=SumOfTerms(),
    domain=REALS,
)
CUMPROD: Scan = Scan(
    name="cumprod",
    definition="the product of each element and all before it",
    special_cases="integers wrap in two's complement",
    dtype=integers_to_int64,
    running=lambda elements: accumulate(elements, operator.mul),
    vjp=_cumprod_cotangent,
    tolerance=ProductOfTerms(),
    domain=REALS,
)
LOGCUMSUMEXP: Scan = Scan(
    name="logcumsumexp",
    definition="the logarithm of the sum of the exponentials of each element and all before it",
    special_cases="NaN from the first NaN on",
    dtype=floating,
    running=_log_sums,
    vjp=_logcumsumexp_cotangent,
    tolerance=Ulps(8, 8, 4),
    domain=REALS,
)
CUMMAX_POSITIONS: Scan = Scan(
    name="cummax_positions",
    definition="where the largest of each element and all before it stands, of equals the last",
    special_cases="NaN counts as the largest",
    dtype=to_int64,
    running=_last_maxima,
    tolerance=EXACT,
    domain=REALS,
)
CUMMIN_POSITIONS: Scan = Scan(
    name="cummin_positions",
    definition=(
        "where the smallest of each element and all before it stands, of equals the last"
    ),
    special_cases="NaN counts as the smallest",
    dtype=to_int64,
    running=lambda elements: _last_maxima(map(operator.neg, elements)),
    tolerance=EXACT,
    domain=REALS,
)


@numpy_names
def cumsum(input: T, dim: int, *, dtype: DType | None = None, out: T | None = None) -> T:
    """Return the running sums along ``dim``; bools and integers are summed as int64.

    ``dtype`` is what to convert to first.

    >>> import gnomon as torch
    >>> torch.cumsum(torch.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    result = CUMSUM(input, dim, dtype=chosen_dtype("cumsum", dtype, out))
    return delivered("cumsum", result, out, input)


@numpy_names
def cumprod(input: T, dim: int, *, dtype: DType | None = None, out: T | None = None) -> T:
    """Return the running products along ``dim``; bools and integers are multiplied as int64.

    ``dtype`` is what to convert to first.

    >>> import gnomon as torch
    >>> torch.cumprod(torch.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    result = CUMPROD(input, dim, dtype=chosen_dtype("cumprod", dtype, out))
    return delivered("cumprod", result, out, input)


def cumsum_(input: T, dim: int, *, dtype: DType | None = None) -> T:
    """Replace ``input`` by its running sums along ``dim``."""
    return replace(input, "cumsum_", cumsum(snapshot(input), dim, dtype=dtype))


def cumprod_(input: T, dim: int, *, dtype: DType | None = None) -> T:
    """Replace ``input`` by its running products along ``dim``."""
    return replace(input, "cumprod_", cumprod(snapshot(input), dim, dtype=dtype))


@numpy_names
def logcumsumexp(input: T, dim: int, *, out: T | None = None) -> T:
    """Return the running ``log(sum(exp(x)))`` along ``dim``, of floats, without overflow.

    >>> import gnomon as torch
    >>> torch.logcumsumexp(torch.tensor([0.0, 0.0]), 0)
    tensor([0.0000, 0.6931])
    """
    return delivered("logcumsumexp", LOGCUMSUMEXP(input, dim), out, input)


@numpy_names
def cummax(input: T, dim: int, *, out: tuple[T, T] | None = None) -> return_types.cummax[T]:
    """Return the running maxima along ``dim`` and where they stood: the last of ties and nans.

    >>> import gnomon as torch
    >>> torch.cummax(torch.tensor([1, 3, 2, 3]), 0).indices
    tensor([0, 1, 1, 3])
    """
    return return_types.cummax(_running("cummax", CUMMAX_POSITIONS, input, dim, out))


@numpy_names
def cummin(input: T, dim: int, *, out: tuple[T, T] | None = None) -> return_types.cummin[T]:
    """Return the running minima along ``dim`` and where they stood: the last of ties and nans.

    >>> import gnomon as torch
    >>> torch.cummin(torch.tensor([3, 1, 2, 1]), 0).indices
    tensor([0, 1, 1, 3])
    """
    return return_types.cummin(_running("cummin", CUMMIN_POSITIONS, input, dim, out))


def _extremes(input: TensorCore, dim: int, is_largest: bool) -> tuple[TensorCore, TensorCore]:
    positions = (CUMMAX_POSITIONS if is_largest else CUMMIN_POSITIONS)(input, dim)
    return at_positions("running_extremes", input, dim, positions, ""), positions


running_extremes: Composite[ExtremesMeaning, ExtremesKernel] = Composite(
    name="running_extremes",
    definition=(
        "the largest, or smallest, of each element and all before it along a dim, and where it "
        "stands, of equals the last"
    ),
    special_cases="NaN counts instead of every number",
    decompose=_extremes,
    tolerance=EXACT,
    gradients=("input",),
)


def _running(
    operation: str, record: Scan, input: T, dim: int, out: tuple[T, T] | None
) -> tuple[T, T]:
    storage, layout, dtype = input.operand
    dim = normalize_dim(dim, len(layout.shape), operation)
    kernel = running_extremes.kernel_on(storage.backend)
    if kernel is None or not layout.shape:
        positions = record(input, dim)
        values = at_positions(operation, input, dim, positions, node_label(operation))
        return deliver_pair(operation, (values, positions), out, input)
    record.dtype(record.name, dtype)  # which raises where there is no order
    whole = Layout.contiguous(layout.shape)
    values, positions = (
        input.like(allocate(storage.backend, whole, each)) for each in (dtype, int64)
    )
    is_largest = record is CUMMAX_POSITIONS
    kernel(input.operand, dim, is_largest, values.operand, positions.operand)
    record_at_positions(operation, input, dim, positions, values, node_label(operation))
    return deliver_pair(operation, (values, positions), out, input)
