"""Vector norms and ``logsumexp``: folds that are neither sums nor extremes."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import DType, Kind, Scalar
from gnomon.errors import explain
from gnomon.op.claims import REALS, ProductOfTerms, Ulps
from gnomon.op.foundation import exact_sum, sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import Dims, Extent, Reduction, reduced_dims
from gnomon.op.rules import int_to_float
from gnomon.ops import arithmetic
from gnomon.ops.arithmetic import div, mul, sign, sub
from gnomon.ops.comparison import eq, isnan, where
from gnomon.ops.exponentials import exp
from gnomon.ops.logic import logical_and, logical_or
from gnomon.ops.powers import pow_number
from gnomon.ops.reduction import delivered, floats_only, has_nan
from gnomon.special_functions import power

__all__ = ["logsumexp"]

T = TypeVar("T", bound=TensorCore)


def _logsumexp(elements: Sequence[Scalar], _: Sequence[Scalar]) -> float:
    if has_nan(elements):
        return math.nan
    largest = builtins.max(elements, default=-math.inf)
    if math.isinf(largest):
        return largest
    return largest + math.log(math.fsum([math.exp(value - largest) for value in elements]))


def _vector_norm(elements: Sequence[Scalar], parameters: Sequence[Scalar]) -> Scalar:
    (order,) = parameters
    if order == 0:
        return builtins.sum(map(bool, elements))
    if has_nan(elements):
        return math.nan
    if order == 2:
        return math.hypot(*elements)
    sizes = list(map(builtins.abs, elements))
    if order == 1:
        return exact_sum(sizes)
    if math.isinf(order):
        return builtins.max(sizes, default=0.0) if order > 0 else builtins.min(sizes)
    return power(exact_sum([power(size, order) for size in sizes]), 1 / order)


def norm_cotangent(
    g: TensorCore,
    x: TensorCore,
    y: TensorCore,
    extent: Extent,
    parameters: tuple[Scalar, ...],
) -> TensorCore | None:
    """Return the cotangent of a vector norm: 0 where the norm is 0; ties share.

    None for the order 0, which counts elements and has no slope anywhere.
    """
    (order,) = parameters
    if order == 0:
        return None
    if order == 1:
        return mul(g, sign(x))
    if order == 2:
        return mul(g, where(eq(y, 0), 0, div(x, y)))
    if math.isinf(order):
        largest = logical_or(eq(arithmetic.abs(x), y), logical_and(isnan(x), isnan(y)))
        return mul(sign(x), mul(div(g, sum_of.over(largest, extent.dims, True)), largest))
    powers = mul(sign(x), pow_number(arithmetic.abs(x), order - 1))
    scale = where(eq(y, 0), 0, div(g, pow_number(y, order - 1)))
    return mul(scale, where(eq(x, 0), 0, powers))


LOGSUMEXP: Reduction = Reduction(
    name="logsumexp",
    definition="the logarithm of the sum of the elements' exponentials, without overflow",
    special_cases=(
        "-inf for no elements; an infinite largest element is the result; NaN if any is"
    ),
    dtype=int_to_float,
    fold=_logsumexp,
    vjp=lambda g, x, y, _extent, _: mul(g, exp(sub(x, y))),
    tolerance=Ulps(8, 8, 4),
    domain=REALS,
)
VECTOR_NORM: Reduction = Reduction(
    name="vector_norm",
    definition=(
        "the p-th root of the sum of the elements' absolute values to the power p, the "
        "parameter"
    ),
    special_cases=(
        "how many are nonzero for p = 0; the largest absolute value for p = inf, the smallest "
        "for p = -inf; NaN if any is"
    ),
    dtype=floats_only,
    fold=_vector_norm,
    vjp=norm_cotangent,
    # A sum of terms that are not negative: no cancellation.
    tolerance=ProductOfTerms(),
    domain=REALS,
    samples=((2.0,), (1.0,), (0.0,), (3.0,), (0.5,), (2.5,), (math.inf,), (-math.inf,)),
    node_name="LinalgVectorNormBackward0",
)


@numpy_names
def logsumexp(input: T, dim: Dims, keepdim: bool = False, *, out: T | None = None) -> T:
    """Return ``log(sum(exp(x)))`` along ``dim`` without overflow; -inf of no elements.

    >>> import gnomon as torch
    >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor(1000.6932)
    """
    return delivered("logsumexp", LOGSUMEXP(input, dim, keepdim), out, input)


@numpy_names
def vector_norm(
    x: T,
    ord: Scalar = 2,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: T | None = None,
) -> T:
    """Return ``sum(|x| ** ord) ** (1 / ord)`` along ``dim`` (None or empty: of all elements).

    ``ord`` inf and -inf are the largest and smallest size, 0 counts what is not 0. Raises
    RuntimeError for other than floats, for a ``dtype`` that is narrower than ``x``'s, and for
    no elements where ``ord`` is negative or inf.

    >>> import gnomon as torch
    >>> vector_norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    operation = "linalg.vector_norm"
    given = x.operand.dtype
    floats_only(operation, given)
    if dtype is not None and (dtype.kind < Kind.FLOAT or not _widens(given, dtype)):
        raise RuntimeError(
            explain(
                operation,
                f"the input's dtype should be convertible without narrowing to {dtype.name}",
                x,
                remedy="Convert the result instead",
            )
        )
    shape = x.operand.layout.shape
    dims = reduced_dims(operation, dim, len(shape))
    if (ord < 0 or ord == math.inf) and not builtins.all(shape[each] for each in dims):
        raise RuntimeError(
            explain(
                operation,
                f"cannot compute the {ord} norm of no elements, it has no identity",
                x,
                remedy="Reduce over dims of non-zero size",
            )
        )
    result = VECTOR_NORM.over(x, dims, keepdim, (float(ord),), dtype=dtype)
    return delivered(operation, result, out, x)


def _widens(given: DType, wanted: DType) -> bool:
    return given is wanted or given.itemsize < wanted.itemsize
