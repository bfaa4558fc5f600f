"""Statistics of observations: ``nanmean``, covariance, correlation."""

from __future__ import annotations

from typing import TypeVar

from gnomon.composite.matrix import mm
from gnomon.core import TensorCore
from gnomon.dispatch import item_of
from gnomon.dtypes import DType, Kind, Scalar, bool_
from gnomon.errors import explain, warn
from gnomon.op.foundation import sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import Dims
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.comparison import eq
from gnomon.ops.powers import sqrt
from gnomon.ops.reduction import AMIN, NANSUM, delivered, floats_only
from gnomon.ops.selection import clamp_both
from gnomon.ops.slicing import diagonal
from gnomon.ops.views import reshape, squeeze, transpose, unsqueeze

__all__ = ["corrcoef", "cov", "nanmean"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def nanmean(
    input: T,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: T | None = None,
) -> T:
    """Return the mean of what is not nan along ``dim`` (None: of all elements), nan of nothing.

    Raises RuntimeError for other than floats.

    >>> import gnomon as torch
    >>> torch.nanmean(torch.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    floats_only("nanmean", input.operand.dtype)
    numbers = sum_of(eq(input, input), dim, keepdim)
    result = div(NANSUM(input, dim, keepdim, dtype=dtype), numbers)
    return delivered("nanmean", result, out, input)


@numpy_names
def cov(
    input: T,
    *,
    correction: int = 1,
    fweights: T | None = None,
    aweights: T | None = None,
) -> T:
    """Return the covariance of variables, one a row of ``input`` with an observation a column.

    ``fweights`` say how often each observation was made, ``aweights`` how much it counts; 0-d
    and 1-d inputs are one variable, whose variance is returned. Raises RuntimeError for more
    dims than 2 and for weights of the wrong size, kind or sign; warns when ``correction``
    leaves no degree of freedom.

    >>> import gnomon as torch
    >>> torch.cov(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    shape = input.operand.layout.shape
    if len(shape) > 2:
        raise RuntimeError(
            explain("cov", "expected two or fewer dimensions", input, remedy="Flatten some")
        )
    if input.operand.dtype is bool_:
        raise RuntimeError(
            explain("cov", "not defined on bool", input, remedy="Convert to an integer dtype")
        )
    rows = input if len(shape) == 2 else reshape(input, (1, -1))
    weights = _weights(rows, fweights, aweights)
    if weights is None:
        count = rows.operand.layout.shape[1]
        deviations = weighted = sub(rows, div(sum_of(rows, 1, True), count))
        free: Scalar = count - correction
        freedom: T | int = max(count - correction, 0)
    else:
        total = sum_of(weights)
        if not item_of(total.operand):
            raise RuntimeError("cov: the weights sum to zero. Give positive weights.")
        deviations = sub(rows, div(sum_of(mul(rows, weights), 1, True), total))
        weighted = mul(deviations, weights)
        left = sub(total, correction)
        if aweights is not None and correction:
            squares = sum_of(mul(weights, aweights))
            left = sub(total, div(mul(squares, correction), total))
        free = item_of(left.operand)
        freedom = left if free > 0 else mul(left, 0)
    if free <= 0:
        warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "number of observations.",
        )
    return squeeze(div(mm(deviations, transpose(weighted, 0, 1)), freedom))


def _weights(rows: T, fweights: T | None, aweights: T | None) -> T | None:
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        floating = given.operand.dtype.kind >= Kind.FLOAT
        rule = ""
        if given.operand.layout.shape != rows.operand.layout.shape[1:]:
            rule = f"{name} must be 1-d, with one weight for each observation"
        elif floating != (name == "aweights"):
            rule = f"{name} must be {'floating-point' if name == 'aweights' else 'integers'}"
        elif given.operand.layout.numel and item_of(AMIN(given).operand) < 0:
            rule = f"{name} cannot be negative"
        if rule:
            raise RuntimeError(explain("cov", rule, rows, given, remedy="Mend the weights"))
    if fweights is None or aweights is None:
        return fweights if aweights is None else aweights
    return mul(fweights, aweights)


@numpy_names
def corrcoef(input: T) -> T:
    """Return the correlation of variables, one a row of ``input`` with an observation a column.

    >>> import gnomon as torch
    >>> torch.corrcoef(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    covariance = cov(input)
    if not covariance.operand.layout.shape:
        return div(covariance, covariance)
    deviations = sqrt(diagonal(covariance))
    scaled = div(div(covariance, unsqueeze(deviations, 1)), unsqueeze(deviations, 0))
    return clamp_both(scaled, -1, 1)
