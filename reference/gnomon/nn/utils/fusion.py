"""A layer and the batch norm after it as one layer, for evaluation."""

from __future__ import annotations

import copy
from typing import TypeVar

from gnomon.nn.modules.batchnorm import _BatchNorm
from gnomon.nn.modules.conv import _ConvNd
from gnomon.nn.modules.linear import Linear
from gnomon.nn.parameter import Parameter
from gnomon.tensor import Tensor
from gnomon.tensor.factories import ones_like, zeros_like

__all__ = [
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
]

Conv = TypeVar("Conv", bound=_ConvNd)
AnyLinear = TypeVar("AnyLinear", bound=Linear)


def fuse_conv_bn_eval(conv: Conv, bn: _BatchNorm, transpose: bool = False) -> Conv:
    """Return a convolution that does what ``conv`` and then ``bn`` do in evaluation.

    ``transpose`` says that it is a transposed one. Raises AssertionError in training, and
    without running statistics.

    >>> import gnomon as torch
    >>> conv, bn = torch.nn.Conv1d(1, 2, 1).eval(), torch.nn.BatchNorm1d(2).eval()
    >>> x = torch.ones(1, 1, 3)
    >>> torch.allclose(fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)))
    True
    """
    mean, variance = _statistics(conv.training, bn)
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, mean, variance, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of the convolution: those of ``conv``, normalized by ``bn``."""
    bias = zeros_like(bn_rm) if conv_b is None else conv_b
    gain = ones_like(bn_rm) if bn_w is None else bn_w
    shift = zeros_like(bn_rm) if bn_b is None else bn_b
    scale = (bn_rv + bn_eps).rsqrt()
    channels = [1] * conv_w.ndim
    channels[1 if transpose else 0] = -1
    weight = (conv_w * (gain * scale).reshape(channels)).to(dtype=conv_w.dtype)
    moved = ((bias - bn_rm) * scale * gain + shift).to(
        dtype=conv_w.dtype if conv_b is None else conv_b.dtype
    )
    return Parameter(weight, conv_w.requires_grad), Parameter(moved, bias.requires_grad)


def fuse_linear_bn_eval(linear: AnyLinear, bn: _BatchNorm) -> AnyLinear:
    """Return a linear layer that does what ``linear`` and then ``bn`` do in evaluation.

    Raises AssertionError in training, without running statistics, and unless ``bn`` has as many
    features as ``linear`` gives, or one.
    """
    mean, variance = _statistics(linear.training, bn)
    assert bn.num_features in (1, linear.out_features), (
        "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
        f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
    )
    fused = copy.deepcopy(linear)
    gain = ones_like(mean) if bn.weight is None else bn.weight
    shift = zeros_like(mean) if bn.bias is None else bn.bias
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, mean, variance, bn.eps, gain, shift
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor,
    bn_b: Tensor,
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of the linear layer: those of ``linear``, normalized by ``bn``."""
    bias = zeros_like(bn_rm) if linear_b is None else linear_b
    scale = bn_w * (bn_rv + bn_eps).rsqrt()
    weight = linear_w * scale.unsqueeze(-1).to(dtype=linear_w.dtype)
    moved = ((bias - bn_rm) * scale + bn_b).to(
        dtype=linear_w.dtype if linear_b is None else linear_b.dtype
    )
    return Parameter(weight, linear_w.requires_grad), Parameter(moved, bias.requires_grad)


def _statistics(training: bool, bn: _BatchNorm) -> tuple[Tensor, Tensor]:
    assert not (training or bn.training), "Fusion only for eval!"
    assert bn.running_mean is not None and bn.running_var is not None, (
        "bn.running_mean and bn.running_var must not be None"
    )
    return bn.running_mean, bn.running_var
