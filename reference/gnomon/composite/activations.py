"""Activations as ``torch.nn.functional`` has them: records with their parameters checked.

Elementwise unless said otherwise, on floating-point tensors of any shape; another dtype raises
NotImplementedError, or RuntimeError for bool where PyTorch does. ``inplace`` writes the result
to the input.
"""

from __future__ import annotations

from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import filled, values_of
from gnomon.dtypes import Kind, Scalar, float64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import normalize_dim
from gnomon.op.copying import to_dtype
from gnomon.op.elementwise import Elementwise, Unary, apply
from gnomon.op.foundation import add, no_slope
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.op.random_generator import GeneratorCore
from gnomon.op.rules import floating
from gnomon.op.view import view_as
from gnomon.ops import piecewise_activations as piecewise
from gnomon.ops import smooth_activations as smooth
from gnomon.ops.arithmetic import abs as absolute_value
from gnomon.ops.arithmetic import div, sub
from gnomon.ops.comparison import le
from gnomon.ops.hyperbolic import tanh
from gnomon.ops.logistic import log_sigmoid
from gnomon.ops.masking import masked_scatter
from gnomon.ops.random import uniform_
from gnomon.ops.slicing import narrow

__all__ = ["celu", "celu_", "hardshrink", "prelu", "rrelu", "rrelu_", "threshold", "threshold_"]

T = TypeVar("T", bound=TensorCore)

relu_ = piecewise.relu_
selu_ = smooth.selu_


def _run(record: Elementwise, input: T, inplace: bool, *numbers: Scalar) -> T:
    if inplace:
        return apply_in_place(record, input, *numbers)
    return apply(record, (input, *numbers), None)


def _run_on_floats(record: Elementwise, input: T, inplace: bool, *numbers: Scalar) -> T:
    # Asked of the input alone: a float among the numbers would promote an integer tensor.
    floating(record.name, input.operand.dtype)
    return _run(record, input, inplace, *numbers)


def _as_dtype_of(input: TensorCore, *numbers: Scalar) -> list[Scalar]:
    """Return the numbers as an integer input needs them: cut, so as not to promote it."""
    dtype = input.operand.dtype
    if dtype.kind >= Kind.FLOAT:
        return list(numbers)
    return [dtype.convert(number) for number in numbers]


def relu(input: T, inplace: bool = False) -> T:
    """Return max(input, 0), of integers as well; NaN stays NaN.

    >>> import gnomon as torch
    >>> relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _run(piecewise.relu, input, inplace)


@numpy_names
def threshold(input: T, threshold: float, value: float, inplace: bool = False) -> T:
    """Return the input where it is above ``threshold``, ``value`` elsewhere; of integers as
    well.

    >>> import gnomon as torch
    >>> torch.threshold(torch.tensor([0.5, 2.0]), 1.0, -3.0)
    tensor([-3.,  2.])
    """
    numbers = _as_dtype_of(input, threshold, value)
    return _run(piecewise.threshold_of, input, inplace, *numbers)


@numpy_names
def threshold_(input: T, threshold: float, value: float) -> T:
    """Replace what is not above ``threshold`` by ``value``, in place."""
    numbers = _as_dtype_of(input, threshold, value)
    return _run(piecewise.threshold_of, input, True, *numbers)


def hardtanh(input: T, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> T:
    """Return the input limited to [min_val, max_val], of integers as well.

    Raises ValueError when ``min_val`` is above ``max_val``.

    >>> import gnomon as torch
    >>> hardtanh(torch.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError(
            explain("hardtanh", f"min_val {min_val} cannot be greater than max_val {max_val}")
        )
    if input.operand.dtype.kind is Kind.UNSIGNED and min_val < 0:
        raise RuntimeError(
            explain(
                "hardtanh",
                f"cannot limit an unsigned dtype to the negative min_val {min_val}",
                input,
                remedy="Give limits of 0 or more",
            )
        )
    numbers = _as_dtype_of(input, min_val, max_val)
    return _run(piecewise.hardtanh_of, input, inplace, *numbers)


@numpy_names
def hardtanh_(input: T, min_val: float = -1.0, max_val: float = 1.0) -> T:
    """Limit the elements to [min_val, max_val], in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


def relu6(input: T, inplace: bool = False) -> T:
    """Return the input limited to [0, 6], of integers as well."""
    return hardtanh(input, 0.0, 6.0, inplace)


def leaky_relu(input: T, negative_slope: float = 0.01, inplace: bool = False) -> T:
    """Return the input, times ``negative_slope`` where it is not above 0.

    >>> import gnomon as torch
    >>> leaky_relu(torch.tensor([-1.0, 2.0]), 0.25)
    tensor([-0.2500,  2.0000])
    """
    return _run_on_floats(piecewise.leaky_relu_of, input, inplace, negative_slope)


@numpy_names
def leaky_relu_(input: T, negative_slope: float = 0.01) -> T:
    """Multiply what is not above 0 by ``negative_slope``, in place."""
    return leaky_relu(input, negative_slope, inplace=True)


@numpy_names
def rrelu(
    input: T,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
    generator: GeneratorCore | None = None,
) -> T:
    """Return the input, times a slope where it is not above 0.

    In training each such element draws its slope from [lower, upper); otherwise the slope is
    their mean. Raises RuntimeError when ``lower`` is above ``upper``.
    Source: B. Xu et al., "Empirical Evaluation of Rectified Activations" (2015).

    >>> import gnomon as torch
    >>> torch.rrelu(torch.tensor([-4.0, 2.0]), 0.25, 0.75)
    tensor([-2.,  2.])
    """
    if lower > upper:
        raise RuntimeError(
            explain("rrelu", f"lower bound {lower} should be at most the upper bound {upper}")
        )
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    floating("rrelu", input.operand.dtype)
    slopes = _random_slopes(input, lower, upper, generator)
    if inplace:
        return apply_in_place(piecewise.rrelu_of, input, slopes)
    return piecewise.rrelu_of(input, slopes)


def _random_slopes(input: T, lower: float, upper: float, generator: GeneratorCore | None) -> T:
    """Return a slope for every element that is not above 0, drawn in order; elsewhere 0."""
    with no_grad():
        falls = le(input, 0)
        count = sum(map(int, values_of(falls.operand)))
        drawn = input.like(filled(input.operand.storage.backend, (count,), float64, 0))
        uniform_(drawn, lower, to=upper, generator=generator)
        return masked_scatter(no_slope(input), falls, to_dtype(drawn, input.operand.dtype))


@numpy_names
def rrelu_(
    input: T,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    generator: GeneratorCore | None = None,
) -> T:
    """Apply ``rrelu`` in place."""
    return rrelu(input, lower, upper, training, inplace=True, generator=generator)


@numpy_names
def prelu(input: T, weight: T) -> T:
    """Return the input, times ``weight`` where it is not above 0; the weight may learn.

    ``weight`` has one element, or one per channel, the input's dim 1. Raises RuntimeError for
    another number of elements, another rank, or a dtype that is not the input's.

    >>> import gnomon as torch
    >>> torch.prelu(torch.tensor([[-1.0, -1.0]]), torch.tensor([0.5, 0.25]))
    tensor([[-0.5000, -0.2500]])
    """
    shape, weights = input.operand.layout.shape, weight.operand.layout.shape
    if input.operand.dtype is not weight.operand.dtype:
        raise RuntimeError(explain("prelu", "type promoting is not supported", input, weight))
    if len(weights) > 1:
        raise RuntimeError(
            explain("prelu", "expected weight to be a scalar or 1-d", input, weight)
        )
    if weights and weights != (1,):
        channels = shape[1] if len(shape) > 1 else 1
        if weights[0] != channels:
            raise RuntimeError(
                explain(
                    "prelu",
                    f"{weights[0]} weights do not match the channel size {channels}",
                    input,
                    weight,
                    remedy="Give one weight, or one for each index of dim 1",
                )
            )
        weight = view_as(weight, (weights[0],) + (1,) * (len(shape) - 2))
    elif len(shape) < len(weights):
        weight = view_as(weight, ())
    return piecewise.prelu_of(input, weight)


def hardsigmoid(input: T, inplace: bool = False) -> T:
    """Return input / 6 + 1/2, limited to [0, 1]."""
    return _run(piecewise.hardsigmoid_of, input, inplace)


def hardswish(input: T, inplace: bool = False) -> T:
    """Return input * hardsigmoid(input).

    Source: A. Howard et al., "Searching for MobileNetV3" (2019).
    """
    return _run(piecewise.hardswish_of, input, inplace)


@numpy_names
def hardshrink(input: T, lambd: float = 0.5, *, out: T | None = None) -> T:
    """Return the input, and 0 where it is within ``lambd`` of 0.

    >>> import gnomon as torch
    >>> torch.hardshrink(torch.tensor([-0.25, 0.75]))
    tensor([0.0000, 0.7500])
    """
    floating("hardshrink", input.operand.dtype)
    return piecewise.hardshrink_of(input, lambd, out=out)


@numpy_names
def softshrink(input: T, lambd: float = 0.5) -> T:
    """Return the input moved toward 0 by ``lambd``, and 0 where it is nearer than that.

    Raises RuntimeError for a negative ``lambd``.
    """
    if lambd < 0:
        raise RuntimeError(explain("softshrink", f"lambda must be 0 or more, not {lambd}"))
    return _run_on_floats(piecewise.softshrink_of, input, False, lambd)


def elu(input: T, alpha: float = 1.0, inplace: bool = False) -> T:
    """Return the input where it is above 0, alpha * (exp(input) - 1) elsewhere.

    >>> import gnomon as torch
    >>> elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return _run_on_floats(smooth.elu_of, input, inplace, alpha, 1.0)


@numpy_names
def elu_(input: T, alpha: float = 1.0) -> T:
    """Apply ``elu`` in place."""
    return elu(input, alpha, inplace=True)


@numpy_names
def celu(input: T, alpha: float = 1.0, inplace: bool = False) -> T:
    """Return the input where it is above 0, alpha * (exp(input / alpha) - 1) elsewhere.

    Raises RuntimeError when ``alpha`` is 0.
    """
    if alpha == 0:
        raise RuntimeError(explain("celu", "ZeroDivisionError, alpha cannot be 0"))
    return _run_on_floats(smooth.celu_of, input, inplace, alpha, 1.0 / alpha)


@numpy_names
def celu_(input: T, alpha: float = 1.0) -> T:
    """Apply ``celu`` in place."""
    return celu(input, alpha, inplace=True)


def selu(input: T, inplace: bool = False) -> T:
    """Return scale * elu(input, alpha), with the constants that keep mean 0 and variance 1."""
    return _run(smooth.selu, input, inplace)


@numpy_names
def gelu(input: T, *, approximate: str = "none") -> T:
    """Return input times the probability that a normal variable is below it.

    ``approximate="tanh"`` is the closed form 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))). Raises
    RuntimeError for another word.

    >>> import gnomon as torch
    >>> gelu(torch.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """
    records: dict[str, Unary] = {"none": smooth.gelu_exact, "tanh": smooth.gelu_tanh}
    if approximate not in records:
        raise RuntimeError(
            explain("gelu", f"approximate is {approximate!r}, must be either 'none' or 'tanh'")
        )
    return records[approximate](input)


def silu(input: T, inplace: bool = False) -> T:
    """Return input * sigmoid(input).

    >>> import gnomon as torch
    >>> silu(torch.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """
    return _run(smooth.silu_of, input, inplace)


def mish(input: T, inplace: bool = False) -> T:
    """Return input * tanh(softplus(input))."""
    return _run(smooth.mish_of, input, inplace)


@numpy_names
def softplus(input: T, beta: float = 1.0, threshold: float = 20.0) -> T:
    """Return log(1 + exp(beta * input)) / beta; the input where beta * input is above
    threshold.

    >>> import gnomon as torch
    >>> softplus(torch.tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """
    return _run_on_floats(smooth.softplus_of, input, False, beta, threshold)


def softsign(input: T) -> T:
    """Return input / (1 + |input|), of integers as well."""
    return div(input, add(absolute_value(input), 1))


def tanhshrink(input: T) -> T:
    """Return input - tanh(input), of integers as well."""
    return sub(input, tanh(input))


@numpy_names
def logsigmoid(input: T) -> T:
    """Return log(sigmoid(input)), without the overflow of its parts."""
    return log_sigmoid(input)


def glu(input: T, dim: int = -1) -> T:
    """Return the first half of the input along ``dim`` times the sigmoid of the second half.

    Raises RuntimeError when the size along ``dim`` is odd or the input is 0-d, IndexError for a
    dim out of range.

    >>> import gnomon as torch
    >>> glu(torch.tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """
    shape = input.operand.layout.shape
    if not shape:
        raise RuntimeError(
            explain("glu", "a 0-d tensor has no dim to halve, and its size must be even")
        )
    dim = normalize_dim(dim, len(shape), "glu")
    if shape[dim] % 2:
        raise RuntimeError(
            explain(
                "glu",
                f"the halved dim must be of even size, but dim {dim} is of size {shape[dim]}",
                input,
            )
        )
    half = shape[dim] // 2
    return smooth.glu_of(narrow(input, dim, 0, half), narrow(input, dim, half, half))
