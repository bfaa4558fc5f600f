"""Norms as ``torch.norm`` spells them, the distance of two tensors, and ``renorm``."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import TypeVar

from gnomon.composite.linalg.matrix_norms import matrix_norm
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import common_dtype
from gnomon.dtypes import DType, Kind, Scalar
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import normalize_dim
from gnomon.op.composite import record_composite
from gnomon.op.copying import to_contiguous
from gnomon.op.foundation import add
from gnomon.op.in_place import replace, snapshot
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import Dims, Extent, reduced_dims
from gnomon.ops.arithmetic import div, mul, neg, sub
from gnomon.ops.comparison import gt, where
from gnomon.ops.norms import norm_cotangent, vector_norm
from gnomon.ops.reduction import delivered

__all__ = ["dist", "norm", "renorm"]

T = TypeVar("T", bound=TensorCore)


def norm(
    input: T,
    p: Scalar | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    out: T | None = None,
    dtype: DType | None = None,
) -> T:
    """Return the vector norm of order ``p`` along ``dim`` (None or empty: of all elements).

    ``"fro"`` and None mean 2; ``"nuc"`` is the sum of the singular values of the matrices that
    two dims make. Raises RuntimeError for other than floats.

    >>> import gnomon as torch
    >>> torch.norm(torch.tensor([[3.0, 4.0], [0.0, 0.0]]), dim=1)
    tensor([5., 0.])
    """
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str):
        dims = reduced_dims("norm", None, input.operand.layout.ndim) if dim is None else dim
        if not isinstance(dims, Sequence) or len(dims) != 2:
            raise RuntimeError(
                explain("norm", f"the order {p!r} needs two dims, got {dims}", input)
            )
        return matrix_norm(
            input, p, [index(each) for each in dims], keepdim, dtype=dtype, out=out
        )
    return vector_norm(input, p, dim, keepdim, dtype=dtype, out=out)


@numpy_names
def dist(input: T, other: T, p: Scalar = 2) -> T:
    """Return the norm of order ``p`` of ``input - other``, over all elements.

    >>> import gnomon as torch
    >>> torch.dist(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 6.0]))
    tensor(5.)
    """
    if common_dtype((input, other)).kind < Kind.FLOAT:
        raise RuntimeError(
            explain(
                "dist",
                "input dtype should be either floating point or complex",
                input,
                other,
                remedy="Convert to a floating-point dtype first",
            )
        )
    with no_grad():
        result = vector_norm(sub(input, other), p)

    def derivative(
        cotangents: Cotangents, saved: Sequence[TensorCore | None], _: Sequence[bool]
    ) -> Cotangents:
        (g,) = cotangents
        first, second, y = saved
        assert g is not None and first is not None and second is not None and y is not None
        difference = sub(first, second)
        extent = Extent(tuple(range(len(difference.operand.layout.shape))), 0)
        part = norm_cotangent(g, difference, y, extent, (float(p),))
        return part, None if part is None else neg(part)

    record_composite(
        "DistBackward0", (input, other), (result,), (input, other, result), derivative
    )
    return result


@numpy_names
def renorm(input: T, p: Scalar, dim: int, maxnorm: Scalar, *, out: T | None = None) -> T:
    """Return ``input`` with the slices of ``dim`` scaled down to a norm of at most ``maxnorm``.

    Raises RuntimeError for fewer than 2 dims and for a ``p`` or ``maxnorm`` out of range.

    >>> import gnomon as torch
    >>> torch.renorm(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    shape = input.operand.layout.shape
    if len(shape) < 2:
        raise RuntimeError(
            explain("renorm", "input needs at least 2 dimensions", input, remedy="Unsqueeze it")
        )
    if p <= 0 or maxnorm < 0:
        raise RuntimeError(
            f"renorm: p must be positive and maxnorm not negative, got {p} and {maxnorm}."
        )
    dim = normalize_dim(dim, len(shape), "renorm")
    others = [k for k in range(len(shape)) if k != dim]
    sizes = vector_norm(input, p, others, True)
    # PyTorch's guard against dividing by a norm that rounding made 0.
    factors = where(gt(sizes, maxnorm), div(float(maxnorm), add(sizes, 1e-7)), 1)
    return delivered("renorm", mul(to_contiguous(input), factors), out, input)


def renorm_(input: T, p: Scalar, dim: int, maxnorm: Scalar) -> T:
    """Scale the slices of ``dim`` down to a norm of at most ``maxnorm``, in place."""
    return replace(input, "renorm_", renorm(snapshot(input), p, dim, maxnorm))
