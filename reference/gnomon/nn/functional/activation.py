"""Activations, elementwise and along a dim."""

from __future__ import annotations

from gnomon.composite.activations import (
    celu,
    celu_,
    elu,
    elu_,
    gelu,
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    leaky_relu,
    leaky_relu_,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    relu_,
    rrelu,
    rrelu_,
    selu,
    selu_,
    silu,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
    threshold,
    threshold_,
)
from gnomon.composite.softmax import implicit_dim
from gnomon.composite.softmax import log_softmax as log_softmax_along
from gnomon.composite.softmax import softmax as softmax_along
from gnomon.composite.softmax import softmin as softmin_along
from gnomon.dtypes import DType
from gnomon.graph.modes import no_grad
from gnomon.ops.hyperbolic import tanh
from gnomon.ops.logistic import sigmoid
from gnomon.tensor import Tensor
from gnomon.tensor.factories import empty_like, zeros_like

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """Return exp(input) / sum(exp(input)) along ``dim``.

    Without ``dim`` it is 0 for inputs of 0, 1 and 3 dims, 1 otherwise, with a warning.

    >>> import gnomon as torch
    >>> softmax(torch.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = implicit_dim("softmax", input.ndim, _stacklevel)
    return softmax_along(input, dim, dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """Return log(softmax(input)) along ``dim``, which may be left out as in ``softmax``."""
    if dim is None:
        dim = implicit_dim("log_softmax", input.ndim, _stacklevel)
    return log_softmax_along(input, dim, dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """Return softmax(-input) along ``dim``, which may be left out as in ``softmax``."""
    if dim is None:
        dim = implicit_dim("softmin", input.ndim, _stacklevel)
    return softmin_along(input, dim, dtype)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """Return a sample of one-hot vectors along ``dim``, made differentiable.

    It is the softmax of the logits with Gumbel noise, over ``tau``; ``hard`` gives the one-hot
    vectors themselves, with the gradient of the softmax. ``eps`` has no effect, as in PyTorch.
    Source: E. Jang et al., "Categorical Reparameterization with Gumbel-Softmax" (2017).

    >>> import gnomon as torch
    >>> gumbel_softmax(torch.zeros(2, 3), hard=True).sum().item()
    2.0
    """
    with no_grad():
        # The logarithm of an exponential number is a Gumbel number's negative.
        noise = -empty_like(logits).exponential_().log()
    soft = softmax_along((logits + noise) / tau, dim)
    if not hard:
        return soft
    chosen = soft.max(dim, keepdim=True)[1]
    sharp = zeros_like(logits).scatter_(dim, chosen, 1.0)
    # The value of the vectors, the derivative of the softmax.
    return sharp - soft.detach() + soft
