"""Layer, group, RMS and local response norms; those with running statistics are in
:mod:`gnomon.composite.batch_normalization`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import SupportsIndex, TypeVar

from gnomon.composite.padding import constant_pad_nd
from gnomon.composite.powers import pow
from gnomon.composite.standardization import Grouping, standardized, wide_dtype
from gnomon.core import TensorCore
from gnomon.dispatch import common_backend
from gnomon.dtypes import finfo
from gnomon.errors import explain
from gnomon.layout import Layout
from gnomon.layout.strides import prefers_channels_last
from gnomon.op.arguments import integer_sequence
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import add
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import floating
from gnomon.op.view import View
from gnomon.ops.arithmetic import div, mul
from gnomon.ops.powers import rsqrt, square
from gnomon.ops.reduction import MEAN

__all__ = ["group_norm", "layer_norm", "rms_norm"]

T = TypeVar("T", bound=TensorCore)

_WINDOWS = View(name="unfold", layout=Layout.unfold)


@numpy_names
def layer_norm(
    input: T,
    normalized_shape: Sequence[SupportsIndex],
    weight: T | None = None,
    bias: T | None = None,
    eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> T:
    """Return ``input`` with mean 0 and variance 1 over its last dims, times weight, plus bias.

    ``normalized_shape`` is the shape of these dims, of ``weight`` and of ``bias``; ``eps`` is
    added to the variance. ``cudnn_enable`` is for other libraries and changes nothing. Raises
    RuntimeError for shapes that do not fit, NotImplementedError for integers.

    >>> import gnomon as torch
    >>> torch.layer_norm(torch.tensor([[1.0, 3.0], [-5.0, 5.0]]), [2])
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    last = integer_sequence("layer_norm", normalized_shape)
    _check_last("layer_norm", input, last, weight, bias)
    check_weights("layer_norm", input, weight, bias)
    shape = input.operand.layout.shape
    lead = len(shape) - len(last)
    grouping = Grouping(
        label="NativeLayerNormBackward0",
        shape=shape,
        dims=tuple(range(lead, len(shape))),
        weights=(1,) * lead + last,
        eps=eps,
    )
    return standardized(input, weight, bias, grouping, Layout.contiguous(shape))[0]


@numpy_names
def rms_norm(
    input: T,
    normalized_shape: Sequence[SupportsIndex],
    weight: T | None = None,
    eps: float | None = None,
) -> T:
    """Return ``input`` over the root of the mean of its squares along its last dims.

    ``normalized_shape`` is the shape of these dims and of ``weight``; ``eps``, which is added
    to the mean, is the dtype's own by default. Raises RuntimeError for shapes that do not fit,
    NotImplementedError for integers.

    >>> import gnomon as torch
    >>> torch.rms_norm(torch.tensor([2.0, -2.0]), [2])
    tensor([ 1., -1.])
    """
    last = integer_sequence("rms_norm", normalized_shape)
    _check_last("rms_norm", input, last, weight, None)
    dtype = input.operand.dtype
    floating("rms_norm", dtype)
    ndim = input.operand.layout.ndim
    wide = to_dtype(input, wide_dtype(dtype))
    smallest = finfo(wide.operand.dtype).eps if eps is None else eps
    dims = tuple(range(ndim - len(last), ndim))
    result = mul(wide, rsqrt(add(MEAN.over(square(wide), dims, True), smallest)))
    if weight is not None:
        result = mul(result, weight)
    return to_dtype(result, dtype)


@numpy_names
def group_norm(
    input: T,
    num_groups: int,
    weight: T | None = None,
    bias: T | None = None,
    eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> T:
    """Return ``input`` (N, C, \\*) with mean 0 and variance 1 in each group of channels.

    ``weight`` and ``bias`` are (C,). ``cudnn_enabled`` is for other libraries and changes
    nothing. Raises RuntimeError or IndexError for shapes and numbers that do not fit,
    NotImplementedError for integers.

    >>> import gnomon as torch
    >>> torch.group_norm(torch.tensor([[1.0, 3.0, -5.0, 5.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    shape = input.operand.layout.shape
    _check_groups(input, num_groups, weight, bias)
    check_weights("group_norm", input, weight, bias)
    batch, channels = shape[:2]
    width = channels // num_groups
    grouping = Grouping(
        label="NativeGroupNormBackward0",
        shape=(batch, num_groups, width, prod(shape[2:])),
        dims=(2, 3),
        weights=(1, num_groups, width, 1),
        eps=eps,
    )
    return standardized(input, weight, bias, grouping, channels_layout(input))[0]


def local_response_norm(
    input: T, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0
) -> T:
    """Return ``input`` (N, C, \\*) over (k + alpha * mean of squares) ** beta.

    The mean is over the ``size`` channels around each, with zeros outside. Raises ValueError
    for fewer than three dims.

    >>> import gnomon as torch
    >>> local_response_norm(torch.ones(1, 2, 1), 1, alpha=3.0, beta=1.0)
    tensor([[[0.2500],
             [0.2500]]])
    """
    ndim = input.operand.layout.ndim
    if ndim < 3:
        raise ValueError(
            f"local_response_norm: Expected 3D or higher dimensionality input (got {ndim} "
            "dimensions). Unsqueeze it to (N, C, *)."
        )
    if not input.operand.layout.numel:
        return input
    around = (0,) * (2 * (ndim - 2)) + (size // 2, (size - 1) // 2)
    squares = _WINDOWS(constant_pad_nd(mul(input, input), around), 1, size, 1)
    means = MEAN.over(squares, (ndim,), False)
    return div(input, pow(add(mul(means, alpha), k), beta))


def channels_layout(input: TensorCore) -> Layout:
    """Return a fresh layout for ``input``'s shape: channels-last if that is how it lies."""
    shape, strides, _ = input.operand.layout
    fresh = Layout.contiguous(shape)
    return fresh.channels_last() if prefers_channels_last(shape, strides) else fresh


def check_weights(operation: str, input: TensorCore, *weights: TensorCore | None) -> None:
    """Raise unless ``input`` is of a floating-point dtype that these weights go with.

    Weights of float32 go with halves; otherwise dtypes must be equal.
    """
    dtype = input.operand.dtype
    floating(operation, dtype)
    given = [weight for weight in weights if weight is not None]
    allowed = (dtype, wide_dtype(dtype))
    if any(weight.operand.dtype not in allowed for weight in given):
        raise RuntimeError(
            explain(
                operation,
                f"mixed dtype: expected parameters of {allowed[1].name}",
                input,
                *given,
                remedy="Convert them with .to(dtype)",
            )
        )
    common_backend(operation, (input, *given))


def _check_last(
    operation: str,
    input: TensorCore,
    last: tuple[int, ...],
    weight: TensorCore | None,
    bias: TensorCore | None,
) -> None:
    rule = ""
    if not last:
        rule = "Expected normalized_shape to be at least 1-dimensional, but got []"
    for name, given in (("weight", weight), ("bias", bias)):
        if not rule and given is not None and given.operand.layout.shape != last:
            rule = (
                f"Expected {name} to be of same shape as normalized_shape, but got "
                f"{list(given.operand.layout.shape)} and {list(last)}"
            )
    shape = input.operand.layout.shape
    if not rule and shape[max(len(shape) - len(last), 0) :] != last:
        rule = f"Given normalized_shape={list(last)}, expected input whose shape ends with it"
    if rule:
        remedy = "Give the shape of the input's last dims"
        raise RuntimeError(explain(operation, rule, input, remedy=remedy))


def _check_groups(
    input: TensorCore, groups: int, weight: TensorCore | None, bias: TensorCore | None
) -> None:
    shape = input.operand.layout.shape
    rule = ""
    remedy = "Give an input (N, C, *) and weights (C,)"
    if len(shape) < 2:
        rule = f"Expected at least 2 dimensions for input tensor but received {len(shape)}"
        raise IndexError(explain("group_norm", rule, input, remedy=remedy))
    if shape[1] % groups:
        rule = f"Expected number of channels to be divisible by num_groups, which is {groups}"
    elif any(
        each is not None and each.operand.layout.shape != shape[1:2] for each in (weight, bias)
    ):
        rule = f"Expected weight and bias to be vectors of {shape[1]} elements"
    if rule:
        raise RuntimeError(explain("group_norm", rule, input, remedy=remedy))
