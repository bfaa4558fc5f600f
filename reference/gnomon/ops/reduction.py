"""Reductions: sums, means and extremes.

Sums are the exact result rounded once to float64, then to the dtype; means divide in between.
The rules for NaN, ties and empty inputs are in docs/semantics/reductions.md.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Sequence
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import DType, Kind, Scalar, bool_
from gnomon.errors import explain
from gnomon.op.claims import EXACT, REALS, SumOfTerms
from gnomon.op.foundation import exact_sum, sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.reduction import Dims, Extent, Reduction
from gnomon.op.rules import integers_to_int64, same, to_int64
from gnomon.ops.arithmetic import div, mul
from gnomon.ops.comparison import eq
from gnomon.ops.indexing import exactly

__all__ = ["amax", "amin", "argmax", "argmin", "mean", "nansum", "sum"]

T = TypeVar("T", bound=TensorCore)


def floats_only(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Floats only."""
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
    operation: str, results: tuple[T, T], out: Sequence[T] | None, *inputs: TensorCore
) -> tuple[T, T]:
    """Return two results, or ``out`` with them copied in; the dtypes must be theirs."""
    if out is None:
        return results
    if not isinstance(out, tuple | list) or len(out) != len(results):
        raise TypeError(f"{operation}: out= must be a tuple of two tensors, one a result.")
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
    definition="the sum of the elements that are not NaN",
    special_cases="0 for no elements; the exact sum is rounded once",
    dtype=integers_to_int64,
    fold=lambda elements, _: exact_sum([value for value in elements if value == value]),
    integer_fold=lambda elements, _: builtins.sum(elements),
    vjp=lambda g, x, _y, _extent, _: mul(g, eq(x, x)),
    tolerance=SumOfTerms(),
    domain=REALS,
)
MEAN: Reduction = Reduction(
    name="mean",
    definition="the sum of the elements over their number",
    special_cases=(
        "NaN for no elements; the exact sum is rounded to float64, divided, and rounded"
    ),
    dtype=floats_only,
    fold=_mean,
    vjp=lambda g, _x, _y, extent, _: div(g, extent.terms),
    tolerance=SumOfTerms(),
    domain=REALS,
    dims_node_name="MeanBackward1",
)
AMAX: Reduction = Reduction(
    name="amax",
    definition="the largest element",
    special_cases="NaN if any is; equal elements share the cotangent",
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
    definition="the smallest element",
    special_cases="NaN if any is; equal elements share the cotangent",
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
    definition="where the largest element stands, of equals the first",
    special_cases="NaN counts as the largest",
    dtype=to_int64,
    fold=_argmax,
    integer_fold=lambda elements, _: operator.indexOf(elements, builtins.max(elements)),
    has_identity=False,
    tolerance=EXACT,
    domain=REALS,
)
ARGMIN: Reduction = Reduction(
    name="argmin",
    definition="where the smallest element stands, of equals the first",
    special_cases="NaN counts as the smallest",
    dtype=to_int64,
    fold=_argmin,
    integer_fold=lambda elements, _: operator.indexOf(elements, builtins.min(elements)),
    has_identity=False,
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

    >>> import gnomon as torch
    >>> torch.sum(torch.tensor([[1, 2], [3, 4]]), 0)
    tensor([4, 6])
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

    >>> import gnomon as torch
    >>> torch.nansum(torch.tensor([1.0, float("nan"), 2.0]))
    tensor(3.)
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

    >>> import gnomon as torch
    >>> torch.mean(torch.tensor([[1.0, 2.0], [3.0, 6.0]]), 1)
    tensor([1.5000, 4.5000])
    """
    dtype = chosen_dtype("mean", dtype, out)
    floats_only("mean", dtype or input.operand.dtype)
    return delivered("mean", MEAN(input, dim, keepdim, dtype=dtype), out, input)


@numpy_names
def amax(input: T, dim: Dims = (), keepdim: bool = False, *, out: T | None = None) -> T:
    """Return the largest element along ``dim`` (empty: of all elements); nan wins.

    Ties share the gradient equally. Raises IndexError when a dim reduced has size 0.

    >>> import gnomon as torch
    >>> torch.amax(torch.tensor([[1, 2], [3, 0]]), 1)
    tensor([2, 3])
    """
    require_elements("amax", input, dim)
    result = AMAX(input, dim, keepdim)
    return result if out is None else exactly("amax", result, out, input)


@numpy_names
def amin(input: T, dim: Dims = (), keepdim: bool = False, *, out: T | None = None) -> T:
    """Return the smallest element along ``dim`` (empty: of all elements); nan wins.

    Ties share the gradient equally. Raises IndexError when a dim reduced has size 0.

    >>> import gnomon as torch
    >>> torch.amin(torch.tensor([[1, 2], [3, 0]]), 1)
    tensor([1, 0])
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

    >>> import gnomon as torch
    >>> torch.argmax(torch.tensor([1, 3, 3]))
    tensor(1)
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

    >>> import gnomon as torch
    >>> torch.argmin(torch.tensor([[1, 2], [3, 0]]), 1)
    tensor([0, 1])
    """
    _refuse_bool("argmin", input)
    result = ARGMIN(input, dim, keepdim)
    return result if out is None else exactly("argmin", result, out, input)
