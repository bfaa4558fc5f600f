"""Gradients of convolutions, by name.

``grad_output`` is the gradient of the convolution's result; the other arguments are those of
the convolution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gnomon.autograd import grad
from gnomon.composite import convolutions
from gnomon.graph.modes import enable_grad, is_grad_enabled
from gnomon.op.arguments import IntegerArgument
from gnomon.tensor import Tensor

__all__ = [
    "conv1d_input",
    "conv1d_weight",
    "conv2d_input",
    "conv2d_weight",
    "conv3d_input",
    "conv3d_weight",
]


def _slope(
    convolve: Callable[[Tensor], Tensor], size: Sequence[int], grad_output: Tensor
) -> Tensor:
    """Return the gradient of a convolution, which is linear, with respect to one factor."""
    recorded = is_grad_enabled()
    with enable_grad():
        factor = grad_output.new_zeros(size).requires_grad_()
        (slope,) = grad(convolve(factor), factor, grad_output, create_graph=recorded)
    assert slope is not None
    return slope.contiguous()


def conv1d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of ``conv1d`` with respect to an input of that size.

    >>> import gnomon as torch
    >>> conv1d_input((1, 1, 3), torch.tensor([[[1.0, 2.0]]]), torch.ones(1, 1, 2))
    tensor([[[1., 3., 2.]]])
    """

    def convolve(input: Tensor) -> Tensor:
        return convolutions.conv1d(input, weight, None, stride, padding, dilation, groups)

    return _slope(convolve, input_size, grad_output)


def conv1d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of ``conv1d`` with respect to a weight of that size."""

    def convolve(weight: Tensor) -> Tensor:
        return convolutions.conv1d(input, weight, None, stride, padding, dilation, groups)

    return _slope(convolve, weight_size, grad_output)


def conv2d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of ``conv2d`` with respect to an input of that size."""

    def convolve(input: Tensor) -> Tensor:
        return convolutions.conv2d(input, weight, None, stride, padding, dilation, groups)

    return _slope(convolve, input_size, grad_output)


def conv2d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of ``conv2d`` with respect to a weight of that size."""

    def convolve(weight: Tensor) -> Tensor:
        return convolutions.conv2d(input, weight, None, stride, padding, dilation, groups)

    return _slope(convolve, weight_size, grad_output)


def conv3d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of ``conv3d`` with respect to an input of that size."""

    def convolve(input: Tensor) -> Tensor:
        return convolutions.conv3d(input, weight, None, stride, padding, dilation, groups)

    return _slope(convolve, input_size, grad_output)


def conv3d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    dilation: IntegerArgument = 1,
    groups: int = 1,
) -> Tensor:
    """Return the gradient of ``conv3d`` with respect to a weight of that size."""

    def convolve(weight: Tensor) -> Tensor:
        return convolutions.conv3d(input, weight, None, stride, padding, dilation, groups)

    return _slope(convolve, weight_size, grad_output)
