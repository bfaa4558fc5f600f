"""Variances and standard deviations, alone and together with their means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar, overload

from gnomon.core import Cotangents, TensorCore
from gnomon.dtypes import Scalar
from gnomon.errors import warn
from gnomon.graph.modes import no_grad
from gnomon.op.claims import UNIT, SumOfTerms
from gnomon.op.composite import record_composite
from gnomon.op.foundation import add, exact_sum
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import Dims, Extent, Reduction, expand_to, reduced_dims
from gnomon.op.view import view_as
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.comparison import eq, where
from gnomon.ops.reduction import MEAN, deliver_pair, delivered, floats_only

__all__ = ["std", "std_mean", "var", "var_mean"]

T = TypeVar("T", bound=TensorCore)


def _var(elements: Sequence[Scalar], parameters: Sequence[Scalar]) -> float:
    (correction,) = parameters
    count = len(elements)
    if not count:
        return math.nan
    center = exact_sum(elements) / count
    deviations = [value - center for value in elements]
    total = exact_sum([deviation * deviation for deviation in deviations])
    freedom = max(count - correction, 0)
    if freedom:
        return total / freedom
    return math.inf if total > 0 else math.nan


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


VAR: Reduction = Reduction(
    name="var",
    definition=(
        "the sum of squared distances from the mean, over the number of elements less the "
        "parameter"
    ),
    special_cases=(
        "where that divisor is not positive, inf, or NaN if the sum is 0; NaN for no elements"
    ),
    dtype=floats_only,
    fold=_var,
    vjp=var_cotangent,
    tolerance=SumOfTerms(),
    # Where squares are no larger than what they are squares of, sums of them are no worse.
    domain=UNIT,
    samples=((1,), (0,), (2,)),
)


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

    >>> import gnomon as torch
    >>> torch.var(torch.tensor([1.0, 3.0]), correction=0)
    tensor(1.)
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
        warn(
            f"{operation}(): degrees of freedom is <= 0. Correction should be strictly less "
            "than the number of elements that make one result.",
        )


def _std(elements: Sequence[Scalar], parameters: Sequence[Scalar]) -> float:
    return math.sqrt(VAR.fold(elements, parameters))


def _std_cotangent(
    g: TensorCore,
    x: TensorCore,
    y: TensorCore,
    extent: Extent,
    parameters: tuple[Scalar, ...],
) -> TensorCore:
    of_variance = where(eq(y, 0), 0, div(g, mul(y, 2)))
    return var_cotangent(of_variance, x, y, extent, parameters)


STD: Reduction = Reduction(
    name="std",
    definition="the square root of var",
    special_cases="special cases as var's; no gradient flows where it is 0",
    dtype=VAR.dtype,
    fold=_std,
    vjp=_std_cotangent,
    tolerance=SumOfTerms(),
    domain=UNIT,
    samples=((1,), (0,), (2,)),
)


@overload
def std(input: T, unbiased: bool, /) -> T: ...
@overload
def std(input: T, *, unbiased: bool) -> T: ...
@overload
def std(
    input: T, dim: Dims, unbiased: bool, keepdim: bool = False, *, out: T | None = None
) -> T: ...
@overload
def std(
    input: T,
    dim: Dims = None,
    *,
    correction: Scalar | None = None,
    keepdim: bool = False,
    out: T | None = None,
) -> T: ...
@numpy_names
def std(
    input: T,
    dim: Dims | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Scalar | None = None,
    out: T | None = None,
) -> T:
    """Return the standard deviation along ``dim``: the root of ``var``, with its arguments.

    Where it is 0, its gradient is 0.

    >>> import gnomon as torch
    >>> torch.std(torch.tensor([1.0, 3.0]), correction=0)
    tensor(1.)
    """
    dim, correction = divisor("std", dim, unbiased, correction)
    warn_of_few("std", input, dim, correction)
    return delivered("std", STD(input, dim, keepdim, parameters=(correction,)), out, input)


@overload
def var_mean(input: T, unbiased: bool, /) -> tuple[T, T]: ...
@overload
def var_mean(input: T, *, unbiased: bool) -> tuple[T, T]: ...
@overload
def var_mean(input: T, dim: Dims, unbiased: bool, keepdim: bool = False) -> tuple[T, T]: ...
@overload
def var_mean(
    input: T,
    dim: Dims = None,
    *,
    correction: Scalar | None = None,
    keepdim: bool = False,
    out: tuple[T, T] | None = None,
) -> tuple[T, T]: ...
@numpy_names
def var_mean(
    input: T,
    dim: Dims | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Scalar | None = None,
    out: tuple[T, T] | None = None,
) -> tuple[T, T]:
    """Return the variance along ``dim``, with the arguments of ``var``, and the mean.

    >>> import gnomon as torch
    >>> torch.var_mean(torch.tensor([1.0, 3.0]))
    (tensor(2.), tensor(2.))
    """
    dim, correction = divisor("var_mean", dim, unbiased, correction)
    warn_of_few("var_mean", input, dim, correction)
    found = _with_mean("VarMeanBackward0", VAR, input, dim, keepdim, correction)
    return deliver_pair("var_mean", found, out, input)


@overload
def std_mean(input: T, unbiased: bool, /) -> tuple[T, T]: ...
@overload
def std_mean(input: T, *, unbiased: bool) -> tuple[T, T]: ...
@overload
def std_mean(input: T, dim: Dims, unbiased: bool, keepdim: bool = False) -> tuple[T, T]: ...
@overload
def std_mean(
    input: T,
    dim: Dims = None,
    *,
    correction: Scalar | None = None,
    keepdim: bool = False,
    out: tuple[T, T] | None = None,
) -> tuple[T, T]: ...
@numpy_names
def std_mean(
    input: T,
    dim: Dims | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Scalar | None = None,
    out: tuple[T, T] | None = None,
) -> tuple[T, T]:
    """Return the standard deviation along ``dim``, with the arguments of ``var``, and the mean.

    >>> import gnomon as torch
    >>> torch.std_mean(torch.tensor([1.0, 3.0]), correction=0)
    (tensor(1.), tensor(2.))
    """
    dim, correction = divisor("std_mean", dim, unbiased, correction)
    warn_of_few("std_mean", input, dim, correction)
    found = _with_mean("StdMeanBackward0", STD, input, dim, keepdim, correction)
    return deliver_pair("std_mean", found, out, input)


def _with_mean(
    label: str, spread: Reduction, input: T, dim: Dims, keepdim: bool, correction: Scalar
) -> tuple[T, T]:
    shape = input.operand.layout.shape
    dims = reduced_dims(spread.name, dim, len(shape))
    kept = tuple([1 if k in dims else size for k, size in enumerate(shape)])
    extent = Extent(dims, math.prod([shape[k] for k in dims]))
    with no_grad():
        results = (
            spread.over(input, dims, keepdim, (correction,)),
            MEAN.over(input, dims, keepdim),
        )

    def derivative(
        cotangents: Cotangents, saved: Sequence[TensorCore | None], _: Sequence[bool]
    ) -> Cotangents:
        of_spread, of_mean = cotangents
        x, y = saved
        assert spread.vjp is not None and x is not None and y is not None
        total: TensorCore | None = None
        if of_spread is not None:
            g = view_as(of_spread, kept)
            total = spread.vjp(g, x, view_as(y, kept), extent, (correction,))
        if of_mean is not None:
            share = expand_to(div(view_as(of_mean, kept), extent.terms), shape)
            total = share if total is None else add(total, share)
        return (total,)

    record_composite(label, (input,), results, (input, results[0]), derivative)
    return results
