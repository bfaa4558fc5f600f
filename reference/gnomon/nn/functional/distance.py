"""Distances and angles between vectors, and vectors of length 1."""

from __future__ import annotations

from gnomon.op.reduction import Dims
from gnomon.ops.arithmetic import div
from gnomon.ops.norms import vector_norm
from gnomon.tensor import Tensor
from gnomon.tensor.distances import cosine_similarity, pairwise_distance, pdist

__all__ = ["cosine_similarity", "normalize", "pairwise_distance", "pdist"]


def normalize(
    input: Tensor,
    p: float = 2.0,
    dim: Dims = 1,
    eps: float = 1e-12,
    out: Tensor | None = None,
) -> Tensor:
    """Return the input over its norm of order ``p`` along ``dim``, which counts as no less
    than ``eps``.

    >>> import gnomon as torch
    >>> normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    norm = vector_norm(input, p, dim, keepdim=True).clamp_min(eps).expand(input.shape)
    if out is None:
        return input / norm
    return div(input, norm, out=out)
