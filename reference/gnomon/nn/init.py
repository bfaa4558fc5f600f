"""Initial values of parameters, drawn as PyTorch draws them, so that a seed means the same.

Every function whose name ends in ``_`` fills its tensor, outside the graph, and returns it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Literal, ParamSpec, TypeAlias, TypeVar

from gnomon.composite.linalg.orthogonal import qr
from gnomon.composite.selection import where
from gnomon.graph.modes import no_grad
from gnomon.op.random_generator import GeneratorCore
from gnomon.tensor import Tensor
from gnomon.tensor.factories import empty_like
from gnomon.tensor.factories import eye as identity
from gnomon.tensor.random_factories import randperm

P = ParamSpec("P")
R = TypeVar("R")

Nonlinearity: TypeAlias = Literal[
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "selu",
]
FanMode: TypeAlias = Literal["fan_in", "fan_out"]

#: The share of a normal distribution above which cutting it short by drawing again is quick.
_LARGE_SHARE = 0.3

_LINEAR = {
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "sigmoid",
}


def calculate_gain(nonlinearity: Nonlinearity, param: float | None = None) -> float:
    """Return by what to scale weights for ``nonlinearity`` to keep the size of signals.

    ``param`` is the negative slope of ``leaky_relu``. Raises ValueError for an unknown name.

    >>> calculate_gain("relu") == math.sqrt(2)
    True
    """
    if nonlinearity in _LINEAR:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity != "leaky_relu":
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    if param is None:
        param = 0.01
    if isinstance(param, bool) or not isinstance(param, int | float):
        raise ValueError(f"negative_slope {param} not a valid number")
    return math.sqrt(2.0 / (1 + param**2))


@no_grad()
def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: GeneratorCore | None = None
) -> Tensor:
    """Fill with numbers uniform in [a, b)."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    generator: GeneratorCore | None = None,
) -> Tensor:
    """Fill with normal numbers of ``mean`` and standard deviation ``std``."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: GeneratorCore | None = None,
) -> Tensor:
    """Fill with normal numbers of ``mean`` and ``std``, none of which is outside [a, b].

    >>> import gnomon as torch
    >>> bool((trunc_normal_(torch.empty(100), a=-1.0, b=1.0).abs() <= 1.0).all())
    True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of "
            "values may be incorrect.",
            UserWarning,
            stacklevel=2,
        )
    share = _below((b - mean) / std) - _below((a - mean) / std)
    if share > _LARGE_SHARE:
        return _drawn_again(tensor, mean, std, a, b, generator)
    return _rejected(tensor, mean, std, a, b, generator)


def _below(x: float) -> float:
    """Return the probability that a normal number is below ``x``."""
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _drawn_again(
    tensor: Tensor,
    mean: float,
    std: float,
    a: float,
    b: float,
    generator: GeneratorCore | None,
) -> Tensor:
    """Draw normal numbers, and again where they are outside [a, b]."""
    dtype = tensor.dtype
    low, high = dtype.convert(a), dtype.convert(b)
    result = tensor.normal_(mean, std, generator=generator)
    while (outside := (result < low) | (result > high)).any():
        fresh = empty_like(result).normal_(mean, std, generator=generator)
        result = where(outside, fresh, result)
    return tensor if result is tensor else tensor.copy_(result)


def _rejected(
    tensor: Tensor,
    mean: float,
    std: float,
    a: float,
    b: float,
    generator: GeneratorCore | None,
) -> Tensor:
    """Draw uniform numbers, each accepted with a probability that follows the normal density.

    Source: J. von Neumann, "Various techniques used in connection with random digits" (1951).
    """
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2

    def refused(candidates: Tensor) -> Tensor:
        density = candidates.sub(mean).div_(std).pow_(2).mul_(-0.5).sub_(peak)
        return empty_like(tensor).uniform_(generator=generator).log_() > density

    tensor.uniform_(a, b, generator=generator)
    pending = refused(tensor)
    result = tensor
    while pending.any():
        candidates = empty_like(tensor).uniform_(a, b, generator=generator)
        result = where(pending, candidates, result)
        pending = where(pending, refused(candidates), pending)
    return tensor if result is tensor else tensor.copy_(result)


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with ``val``."""
    return tensor.fill_(val)


@no_grad()
def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return tensor.fill_(1.0)


@no_grad()
def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return tensor.zero_()


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity. Raises ValueError for other than 2 dims."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return tensor.copy_(identity(*tensor.shape, device=tensor.device, dtype=tensor.dtype))


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution so that it hands its channels on, in each group.

    Raises ValueError for other than 3, 4 or 5 dims and where ``groups`` does not divide dim 0.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.size(0) % groups:
        raise ValueError("dim 0 must be divisible by groups")
    tensor.zero_()
    each = tensor.size(0) // groups
    center = tuple(size // 2 for size in tensor.shape[2:])
    for group in range(groups):
        for channel in range(min(each, tensor.size(1))):
            tensor[(group * each + channel, channel, *center)] = 1
    return tensor


@no_grad()
def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: GeneratorCore | None = None
) -> Tensor:
    """Fill with uniform numbers of standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    Raises ValueError for fewer than 2 dims. Source: X. Glorot and Y. Bengio, "Understanding the
    difficulty of training deep feedforward neural networks" (2010).
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    bound = math.sqrt(3.0) * gain * math.sqrt(2.0 / float(fan_in + fan_out))
    return tensor.uniform_(-bound, bound, generator=generator)


@no_grad()
def xavier_normal_(
    tensor: Tensor, gain: float = 1.0, generator: GeneratorCore | None = None
) -> Tensor:
    """Fill with normal numbers of standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    Raises ValueError for fewer than 2 dims. Source: as :func:`xavier_uniform_`.
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    return tensor.normal_(0.0, std, generator=generator)


@no_grad()
def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: FanMode = "fan_in",
    nonlinearity: Nonlinearity = "leaky_relu",
    generator: GeneratorCore | None = None,
) -> Tensor:
    """Fill with uniform numbers of standard deviation gain / sqrt(fan).

    ``a`` is the negative slope of ``leaky_relu``. Raises ValueError for fewer than 2 dims and
    unknown words. Source: K. He et al., "Delving Deep into Rectifiers" (2015).
    """
    if _is_empty(tensor):
        return tensor
    fan = _calculate_correct_fan(tensor, mode)
    bound = math.sqrt(3.0) * (calculate_gain(nonlinearity, a) / math.sqrt(fan))
    return tensor.uniform_(-bound, bound, generator=generator)


@no_grad()
def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: FanMode = "fan_in",
    nonlinearity: Nonlinearity = "leaky_relu",
    generator: GeneratorCore | None = None,
) -> Tensor:
    """Fill with normal numbers of standard deviation gain / sqrt(fan).

    Arguments, errors and source are those of :func:`kaiming_uniform_`.
    """
    if _is_empty(tensor):
        return tensor
    fan = _calculate_correct_fan(tensor, mode)
    std = calculate_gain(nonlinearity, a) / math.sqrt(fan)
    return tensor.normal_(0, std, generator=generator)


@no_grad()
def orthogonal_(
    tensor: Tensor, gain: float = 1, generator: GeneratorCore | None = None
) -> Tensor:
    """Fill with a matrix whose rows, or columns if those are fewer, are orthonormal, scaled.

    Dims behind the first count as one. Raises ValueError for fewer than 2 dims.
    Source: A. M. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks" (2013).

    >>> import gnomon as torch
    >>> w = orthogonal_(torch.empty(2, 3))
    >>> torch.allclose(w @ w.t(), torch.eye(2), atol=1e-6)
    True
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor.numel():
        return tensor
    rows = tensor.size(0)
    matrix = tensor.new_empty((rows, tensor.numel() // rows))
    matrix.normal_(0, 1, generator=generator)
    wide = rows < matrix.size(1)
    q, r = qr(matrix.t() if wide else matrix)
    # A decomposition is unique once the diagonal of R is positive.
    q = q * r.diag().sign()
    return tensor.copy_((q.t() if wide else q).reshape(tensor.shape)).mul_(gain)


@no_grad()
def sparse_(
    tensor: Tensor,
    sparsity: float,
    std: float = 0.01,
    generator: GeneratorCore | None = None,
) -> Tensor:
    """Fill a matrix with normal numbers, and that share of each column with zeros.

    Where the zeros stand is drawn from the default generator, as in PyTorch. Raises ValueError
    for other than 2 dims. Source: J. Martens, "Deep learning via Hessian-free optimization"
    (2010).
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor[randperm(rows)[:zeros], column] = 0
    return tensor


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Return how many inputs an output of the weight sees, and how many outputs an input."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.size(1) * field, tensor.size(0) * field


def _calculate_correct_fan(tensor: Tensor, mode: FanMode) -> int:
    modes = ["fan_in", "fan_out"]
    if mode not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {modes}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode)]


def _is_empty(tensor: Tensor) -> bool:
    """Whether the tensor has no elements, with a warning if so."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", UserWarning, stacklevel=3)
        return True
    return False


def _deprecated(function: Callable[P, R], name: str) -> Callable[P, R]:
    """Return ``function`` under its former ``name``, without the underscore."""

    def former(*args: P.args, **kwargs: P.kwargs) -> R:
        warnings.warn(
            f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    former.__doc__ = f"Deprecated name of ``{name}_``."
    former.__name__ = name
    return former


uniform = _deprecated(uniform_, "uniform")
normal = _deprecated(normal_, "normal")
constant = _deprecated(constant_, "constant")
eye = _deprecated(eye_, "eye")
dirac = _deprecated(dirac_, "dirac")
xavier_uniform = _deprecated(xavier_uniform_, "xavier_uniform")
xavier_normal = _deprecated(xavier_normal_, "xavier_normal")
kaiming_uniform = _deprecated(kaiming_uniform_, "kaiming_uniform")
kaiming_normal = _deprecated(kaiming_normal_, "kaiming_normal")
orthogonal = _deprecated(orthogonal_, "orthogonal")
sparse = _deprecated(sparse_, "sparse")
