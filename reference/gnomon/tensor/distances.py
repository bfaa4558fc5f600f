"""Distances and angles between vectors."""

from __future__ import annotations

from gnomon.composite.grids import broadcast_tensors
from gnomon.dispatch import common_dtype
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.norms import vector_norm
from gnomon.tensor import Tensor
from gnomon.tensor.sequences import triu_indices

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]


@numpy_names
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Return the cosine of the angle between ``x1`` and ``x2`` along ``dim``.

    The shapes broadcast. A norm counts as no less than ``eps``, a limit that its gradient does
    not see. Raises RuntimeError for integers.

    >>> import gnomon as torch
    >>> cosine_similarity(torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0]]))
    tensor([0.6000])
    """
    dtype = common_dtype((x1, x2))
    if not dtype.is_floating_point:
        raise RuntimeError(
            explain(
                "cosine_similarity",
                f"expected common dtype to be floating point, yet common dtype is {dtype.name}",
                x1,
                x2,
                remedy="Convert to a floating-point dtype first",
            )
        )
    units = [_unit(each.to(dtype), dim, eps) for each in broadcast_tensors(x1, x2)]
    return (units[0] * units[1]).sum(dim)


def _unit(x: Tensor, dim: int, eps: float) -> Tensor:
    norm = vector_norm(x, 2, dim, keepdim=True).clone()
    with no_grad():
        norm.clamp_min_(eps)
    return x / norm


@numpy_names
def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """Return the norm of order ``p`` of x1 - x2 + eps along the last dim.

    The shapes broadcast; ``eps`` keeps the gradient of the norm away from 0.

    >>> import gnomon as torch
    >>> pairwise_distance(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2))
    tensor([5.0000])
    """
    last = max(x1.ndim, x2.ndim) - 1
    return vector_norm(x1 - x2 + eps, p, last, keepdim)


@numpy_names
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """Return the distances of order ``p`` of all pairs of rows: of 0 and 1, 0 and 2, ....

    Raises RuntimeError for other than 2 dims, integers, and a negative ``p``.

    >>> import gnomon as torch
    >>> pdist(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    rule = ""
    if input.ndim != 2:
        rule = f"pdist only supports 2D tensors, got: {input.ndim}D"
    elif not input.is_floating_point():
        rule = "pdist only supports floating-point dtypes"
    elif p < 0:
        rule = f"pdist only supports non-negative p values, got {p}"
    if rule:
        raise RuntimeError(explain("pdist", rule, input, remedy="See cdist for batches"))
    rows = input.size(0)
    first, second = triu_indices(rows, rows, 1, device=input.device)
    if p == float("inf") and not input.size(1):
        return input.new_zeros(first.numel())
    # Not of the distances of all pairs: those of rows to themselves have no second derivative.
    return vector_norm(input[first] - input[second], p, 1)
