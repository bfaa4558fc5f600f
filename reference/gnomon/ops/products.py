"""Products: the exact product of the elements, rounded once to float64 at each step."""

from __future__ import annotations

import math
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import DType, Scalar
from gnomon.op.claims import REALS, ProductOfTerms
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import Extent, Reduction
from gnomon.op.rules import integers_to_int64
from gnomon.ops.arithmetic import div, mul
from gnomon.ops.reduction import chosen_dtype, delivered
from gnomon.ops.scans import has_zero, products_without_each
from gnomon.ops.views import movedim, reshape

__all__ = ["prod"]

T = TypeVar("T", bound=TensorCore)


def _prod_cotangent(
    g: TensorCore, x: TensorCore, y: TensorCore, extent: Extent, _: tuple[Scalar, ...]
) -> TensorCore:
    if not has_zero(x, extent.terms):
        return mul(g, div(y, x))
    shape = x.operand.layout.shape
    if len(extent.dims) == 1:
        (dim,) = extent.dims
        factors, _counts = products_without_each(x, dim)
        return mul(g, movedim(PROD.over(factors, (len(shape),), False), -1, dim))
    factors, _counts = products_without_each(reshape(x, (-1,)), 0)
    return mul(g, reshape(PROD.over(factors, (1,), False), shape))


PROD: Reduction = Reduction(
    name="prod",
    definition="the product of the elements",
    special_cases="1 for no elements; integers wrap in two's complement",
    dtype=integers_to_int64,
    fold=lambda elements, _: math.prod(elements),
    vjp=_prod_cotangent,
    tolerance=ProductOfTerms(),
    domain=REALS,
    dims_node_name="ProdBackward1",
)


@numpy_names
def prod(
    input: T,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: T | None = None,
) -> T:
    """Return the product along ``dim`` (None: of all elements), 1 of none.

    Bools and integers are multiplied as int64 unless ``dtype`` names what to convert to first.
    The gradient is right where elements are 0, too.

    >>> import gnomon as torch
    >>> torch.prod(torch.tensor([2, 3, 4]))
    tensor(24)
    """
    result = PROD(input, dim, keepdim, dtype=chosen_dtype("prod", dtype, out))
    return delivered("prod", result, out, input)
