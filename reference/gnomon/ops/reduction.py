"""Reductions: sums, means, extremes, and what is derived from them.

Sums are the exact result rounded once to float64, then to the dtype; means divide in between.
The rules for NaN, ties and empty inputs are in docs/semantics/reductions.md.
"""

from __future__ import annotations

import builtins
import math
import operator
import warnings
from collections.abc import Sequence
from typing import SupportsIndex, TypeVar, overload

from gnomon.core import TensorCore
from gnomon.dtypes import DType, Kind, Scalar, bool_, uint8
from gnomon.errors import explain
from gnomon.op.claims import EXACT, REALS, UNIT, SumOfTerms
from gnomon.op.foundation import exact_sum, sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.reduction import Dims, Extent, Reduction, reduced_dims
from gnomon.op.rules import integers_to_int64, same, to_int64
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.comparison import eq
from gnomon.ops.indexing import exactly

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "mean",
    "nansum",
    "sum",
    "var",
]

T = TypeVar("T", bound=TensorCore)


def floats_only(operation: str, dtype: DType) -> tuple[DType, DType]:
    if dtype.kind < Kind.FLOAT:
        raise RuntimeError(
            explain(
                operation,
                "the input dtype must be either a floating point or complex dtype, got "
                f"{dtype.name}",
                remedy="Convert first, or give dtype=gnomon.float32 where it is an argument",
            )
        )
    return dtype, dtype


def _truth(operation: str, dtype: DType) -> tuple[DType, DType]:
    # As in PyTorch, where uint8 was the first bool.
    return dtype, uint8 if dtype is uint8 else bool_


def _refuse_bool(operation: str, input: TensorCore) -> None:
    if input.operand.dtype is bool_:
        raise RuntimeError(
            explain(
                operation,
                "does not support bool input",
                input,
                remedy="Convert to an integer dtype first",
            )
        )


def delivered(operation: str, result: T, out: T | None, *inputs: TensorCore) -> T:
    """Return ``result``, or ``out`` with ``result`` copied into it where one was given."""
    return result if out is None else deliver(operation, result, out, inputs)


def deliver_pair(
    operation: str, results: tuple[T, T], out: tuple[T, T] | None, *inputs: TensorCore
) -> tuple[T, T]:
    """Return two results, or ``out`` with them copied in; the dtypes must be theirs."""
    if out is None:
        return results
    first, second = (
        exactly(operation, result, each, *inputs)
        for result, each in zip(results, out, strict=True)
    )
    return first, second


def chosen_dtype(operation: str, dtype: DType | None, out: TensorCore | None) -> DType | None:
    """Return what to convert to before folding: ``dtype``, or else the dtype of ``out``."""
    if out is None:
        return dtype
    if dtype is not None and dtype is not out.operand.dtype:
        raise RuntimeError(
            explain(
                operation,
                f"expected out= of dtype {dtype.name}, which dtype= names",
                out,
                remedy="Leave one of them away",
            )
        )
    return out.operand.dtype


def _mean(elements: Sequence[Scalar], _: Sequence[Scalar]) -> float:
    return exact_sum(elements) / len(elements) if len(elements) else math.nan


def _var(elements: Sequence[Scalar], parameters: Sequence[Scalar]) -> float:
    (correction,) = parameters
    count = len(elements)
    if not count:
        return math.nan
    center = exact_sum(elements) / count
    deviations = [value - center for value in elements]
    total = exact_sum([deviation * deviation for deviation in deviations])
    freedom = builtins.max(count - correction, 0)
    if freedom:
        return total / freedom
    return math.inf if total > 0 else math.nan


def has_nan(elements: Sequence[Scalar]) -> bool:
    """Return whether any of ``elements`` is nan.

    >>> has_nan([1.0, math.nan]), has_nan([math.inf, -math.inf])
    (True, False)
    """
    total = builtins.sum(elements)
    return total != total and builtins.any(map(operator.ne, elements, elements))


def _max(elements: Sequence[Scalar], _: Sequence[Scalar]) -> Scalar:
    return math.nan if has_nan(elements) else builtins.max(elements)


def _min(elements: Sequence[Scalar], _: Sequence[Scalar]) -> Scalar:
    return math.nan if has_nan(elements) else builtins.min(elements)


def _first_nan(elements: Sequence[Scalar]) -> int:
    return next(index for index, value in enumerate(elements) if value != value)


def _argmax(elements: Sequence[Scalar], _: Sequence[Scalar]) -> int:
    if has_nan(elements):
        return _first_nan(elements)
    return operator.indexOf(elements, builtins.max(elements))


def _argmin(elements: Sequence[Scalar], _: Sequence[Scalar]) -> int:
    if has_nan(elements):
        return _first_nan(elements)
    return operator.indexOf(elements, builtins.min(elements))


def var_cotangent(
    g: TensorCore,
    x: TensorCore,
    _y: TensorCore,
    extent: Extent,
    parameters: tuple[Scalar, ...],
) -> TensorCore:
    (correction,) = parameters
    freedom = extent.terms - correction
    scale = 2.0 / freedom if freedom else math.inf
    return mul(mul(g, scale), sub(x, MEAN.over(x, extent.dims, True)))


def shared_among_ties(
    g: TensorCore,
    x: TensorCore,
    y: TensorCore,
    extent: Extent,
    _: tuple[Scalar, ...],
) -> TensorCore:
    """Return the cotangent of an extreme: each element equal to it has an equal share."""
    ties = eq(x, y)
    return div(mul(g, ties), sum_of.over(ties, extent.dims, True))


NANSUM: Reduction = Reduction(
    name="nansum",
    dtype=integers_to_int64,
    fold=lambda elements, _: exact_sum([value for value in elements if value == value]),
    integer_fold=lambda elements, _: builtins.sum(elements),
    vjp=lambda g, x, _y, _extent, _: mul(g, eq(x, x)),
    tolerance=SumOfTerms(),
    domain=REALS,
)
COUNT_NONZERO: Reduction = Reduction(
    name="count_nonzero",
    dtype=to_int64,
    fold=lambda elements, _: builtins.sum(map(bool, elements)),
    tolerance=EXACT,
    domain=REALS,
)
MEAN: Reduction = Reduction(
    name="mean",
    dtype=floats_only,
    fold=_mean,
    vjp=lambda g, _x, _y, extent, _: div(g, extent.terms),
    tolerance=SumOfTerms(),
    domain=REALS,
    dims_node_name="MeanBackward1",
)
VAR: Reduction = Reduction(
    name="var",
    dtype=floats_only,
    fold=_var,
    vjp=var_cotangent,
    tolerance=SumOfTerms(),
    # Where squares are no larger than what they are squares of, sums of them are no worse.
    domain=UNIT,
)
AMAX: Reduction = Reduction(
    name="amax",
    dtype=same,
    fold=_max,
    integer_fold=lambda elements, _: builtins.max(elements),
    has_identity=False,
    vjp=shared_among_ties,
    tolerance=EXACT,
    domain=REALS,
)
AMIN: Reduction = Reduction(
    name="amin",
    dtype=same,
    fold=_min,
    integer_fold=lambda elements, _: builtins.min(elements),
    has_identity=False,
    vjp=shared_among_ties,
    tolerance=EXACT,
    domain=REALS,
)
ARGMAX: Reduction = Reduction(
    name="argmax",
    dtype=to_int64,
    fold=_argmax,
    integer_fold=lambda elements, _: operator.indexOf(elements, builtins.max(elements)),
    has_identity=False,
    tolerance=EXACT,
    domain=REALS,
)
ARGMIN: Reduction = Reduction(
    name="argmin",
    dtype=to_int64,
    fold=_argmin,
    integer_fold=lambda elements, _: operator.indexOf(elements, builtins.min(elements)),
    has_identity=False,
    tolerance=EXACT,
    domain=REALS,
)
ANY: Reduction = Reduction(
    name="any",
    dtype=_truth,
    fold=lambda elements, _: builtins.any(elements),
    tolerance=EXACT,
    domain=REALS,
)
ALL: Reduction = Reduction(
    name="all",
    dtype=_truth,
    fold=lambda elements, _: builtins.all(elements),
    tolerance=EXACT,
    domain=REALS,
)


@numpy_names
def sum(
    input: T,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: T | None = None,
) -> T:
    """Return the sum along ``dim`` (None or empty: of all elements), 0 of none.

    Bools and integers are summed as int64 unless ``dtype`` names what to convert to first.
    """
    dtype = chosen_dtype("sum", dtype, out)
    return delivered("sum", sum_of(input, dim, keepdim, dtype=dtype), out, input)


@numpy_names
def nansum(
    input: T,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: T | None = None,
) -> T:
    """Return the sum along ``dim`` (None or empty: of all elements), nan counting as 0.

    Bools and integers are summed as int64 unless ``dtype`` names what to convert to first.
    """
    dtype = chosen_dtype("nansum", dtype, out)
    return delivered("nansum", NANSUM(input, dim, keepdim, dtype=dtype), out, input)


@numpy_names
def mean(
    input: T,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: T | None = None,
) -> T:
    """Return the arithmetic mean along ``dim`` (None or empty: of all elements), nan of none.

    Raises RuntimeError for a dtype that is not floating-point.
    """
    dtype = chosen_dtype("mean", dtype, out)
    floats_only("mean", dtype or input.operand.dtype)
    return delivered("mean", MEAN(input, dim, keepdim, dtype=dtype), out, input)


@overload
def var(input: T, unbiased: bool, /) -> T: ...
@overload
def var(input: T, *, unbiased: bool) -> T: ...
@overload
def var(
    input: T, dim: Dims, unbiased: bool, keepdim: bool = False, *, out: T | None = None
) -> T: ...
@overload
def var(
    input: T,
    dim: Dims = None,
    *,
    correction: Scalar | None = None,
    keepdim: bool = False,
    out: T | None = None,
) -> T: ...
@numpy_names
def var(
    input: T,
    dim: Dims | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Scalar | None = None,
    out: T | None = None,
) -> T:
    """Return the variance along ``dim``: squared deviations summed, over ``n - correction``.

    ``correction`` is 1, or 0 with ``unbiased=False``. Raises RuntimeError for other than
    floating-point dtypes; warns when ``n <= correction``.
    """
    dim, correction = divisor("var", dim, unbiased, correction)
    warn_of_few("var", input, dim, correction)
    result = VAR(input, dim, keepdim, parameters=(correction,))
    return delivered("var", result, out, input)


def divisor(
    operation: str, dim: Dims | bool, unbiased: bool | None, correction: Scalar | None
) -> tuple[Dims, Scalar]:
    """Return the dim and the correction that the two signatures of ``var`` mean."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{operation}: unbiased and correction say the same. Give one of them.")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    return dim, correction


def warn_of_few(operation: str, input: TensorCore, dim: Dims, correction: Scalar) -> None:
    """Warn when ``correction`` leaves no degree of freedom to the elements along ``dim``."""
    shape = input.operand.layout.shape
    dims = reduced_dims(operation, dim, len(shape))
    if math.prod([shape[each] for each in dims]) <= correction:
        warnings.warn(
            f"{operation}(): degrees of freedom is <= 0. Correction should be strictly less "
            "than the number of elements that make one result.",
            UserWarning,
            stacklevel=3,
        )


@numpy_names
def amax(input: T, dim: Dims = (), keepdim: bool = False, *, out: T | None = None) -> T:
    """Return the largest element along ``dim`` (empty: of all elements); nan wins.

    Ties share the gradient equally. Raises IndexError when a dim reduced has size 0.
    """
    require_elements("amax", input, dim)
    result = AMAX(input, dim, keepdim)
    return result if out is None else exactly("amax", result, out, input)


@numpy_names
def amin(input: T, dim: Dims = (), keepdim: bool = False, *, out: T | None = None) -> T:
    """Return the smallest element along ``dim`` (empty: of all elements); nan wins.

    Ties share the gradient equally. Raises IndexError when a dim reduced has size 0.
    """
    require_elements("amin", input, dim)
    result = AMIN(input, dim, keepdim)
    return result if out is None else exactly("amin", result, out, input)


def require_elements(operation: str, input: TensorCore, dim: Dims = None) -> None:
    """Raise RuntimeError when ``input`` is empty and no dim to reduce is named."""
    if (dim is None or dim == ()) and not input.operand.layout.numel:
        raise RuntimeError(
            explain(
                operation,
                "Expected reduction dim to be specified for input.numel() == 0",
                input,
                remedy="Specify the reduction dim with the 'dim' argument",
            )
        )


@numpy_names
def argmax(
    input: T, dim: int | None = None, keepdim: bool = False, *, out: T | None = None
) -> T:
    """Return the index of the first largest element, nan being largest, along ``dim``.

    None: the index among all elements in logical order. Raises IndexError when there is none.
    """
    _refuse_bool("argmax", input)
    result = ARGMAX(input, dim, keepdim)
    return result if out is None else exactly("argmax", result, out, input)


@numpy_names
def argmin(
    input: T, dim: int | None = None, keepdim: bool = False, *, out: T | None = None
) -> T:
    """Return the index of the first smallest element, nan being smallest, along ``dim``.

    None: the index among all elements in logical order. Raises IndexError when there is none.
    """
    _refuse_bool("argmin", input)
    result = ARGMIN(input, dim, keepdim)
    return result if out is None else exactly("argmin", result, out, input)


@numpy_names
def any(input: T, dim: Dims = None, keepdim: bool = False, *, out: T | None = None) -> T:
    """Return whether some element along ``dim`` is nonzero (nan is); bool, or uint8 for uint8.

    None stands for all dims; an empty sequence reduces nothing and tests each element.
    """
    result = ANY.over(input, _exact_dims("any", input, dim), keepdim)
    return _truth_into("any", result, out, input)


@numpy_names
def all(input: T, dim: Dims = None, keepdim: bool = False, *, out: T | None = None) -> T:
    """Return whether every element along ``dim`` is nonzero (nan is); bool, or uint8 for uint8.

    None stands for all dims; an empty sequence reduces nothing and tests each element.
    """
    result = ALL.over(input, _exact_dims("all", input, dim), keepdim)
    return _truth_into("all", result, out, input)


def _truth_into(operation: str, result: T, out: T | None, input: T) -> T:
    if out is not None and out.operand.dtype not in (bool_, uint8):
        raise RuntimeError(
            explain(operation, "writes bool or uint8 only", out, remedy="Give a bool tensor")
        )
    return delivered(operation, result, out, input)


@numpy_names
def count_nonzero(input: T, dim: Dims = None) -> T:
    """Return, as int64, how many elements along ``dim`` (None: of all) are nonzero; nan is."""
    return COUNT_NONZERO(input, dim)


def _exact_dims(operation: str, input: TensorCore, dim: Dims) -> tuple[int, ...]:
    if dim is not None and not isinstance(dim, SupportsIndex) and not len(dim):
        return ()
    return reduced_dims(operation, dim, len(input.operand.layout.shape))
