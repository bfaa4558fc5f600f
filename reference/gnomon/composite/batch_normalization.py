"""Batch and instance norms, with the running statistics they keep for evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import nan, prod
from typing import TypeVar

from gnomon.composite.normalization import channels_layout, check_weights
from gnomon.composite.standardization import Grouping, standardized, wide_dtype
from gnomon.core import Cotangents, TensorCore
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.composite import record_composite
from gnomon.op.copying import clone_as, to_dtype
from gnomon.op.foundation import add, sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import write
from gnomon.op.view import view_as
from gnomon.ops.arithmetic import mul, sub
from gnomon.ops.powers import rsqrt
from gnomon.ops.rearranging import repeat
from gnomon.ops.reduction import MEAN
from gnomon.ops.views import reshape

__all__ = ["batch_norm", "instance_norm"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def batch_norm(
    input: T,
    weight: T | None,
    bias: T | None,
    running_mean: T | None,
    running_var: T | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> T:
    """Return ``input`` (N, C, \\*) with mean 0 and variance 1 in each channel.

    In ``training``, the batch's own statistics are taken, and the running ones, unless None,
    are moved towards them by ``momentum``, the variance with Bessel's correction; otherwise the
    running ones are taken. ``weight``, ``bias`` and they are (C,). ``cudnn_enabled`` is for
    other libraries and changes nothing. Raises RuntimeError for shapes and dtypes that do not
    fit, NotImplementedError for integers.

    >>> import gnomon as torch
    >>> x, mean, var = torch.tensor([[1.0], [3.0]]), torch.zeros(1), torch.ones(1)
    >>> torch.batch_norm(x, None, None, mean, var, True, 0.5, 0.0), mean, var
    (tensor([[-1.],
            [ 1.]]), tensor([1.]), tensor([1.5000]))
    """
    shape = input.operand.layout.shape
    if len(shape) < 2:
        rule = f"Dimension out of range: expected an input (N, C, *), got {len(shape)} dims"
        raise IndexError(explain("batch_norm", rule, input, remedy="Add the dims N and C"))
    _check_channels(input, shape[1], weight, bias, running_mean, running_var, training)
    check_weights("batch_norm", input, weight, bias, running_mean, running_var)
    if not training:
        assert running_mean is not None and running_var is not None
        return _evaluated(input, weight, bias, running_mean, running_var, eps)
    grouping = Grouping(
        label="NativeBatchNormBackward0",
        shape=shape,
        dims=(0, *range(2, len(shape))),
        weights=_against(shape),
        eps=eps,
    )
    result, mean, variance = standardized(input, weight, bias, grouping, channels_layout(input))
    count = prod(shape) // max(shape[1], 1)
    if not count:
        return result
    with no_grad():
        if running_mean is not None:
            _move(running_mean, mean, momentum)
        if running_var is not None:
            unbiased = mul(variance, count / (count - 1)) if count > 1 else mul(variance, nan)
            _move(running_var, unbiased, momentum)
    return result


@numpy_names
def instance_norm(
    input: T,
    weight: T | None,
    bias: T | None,
    running_mean: T | None,
    running_var: T | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> T:
    """Return ``input`` (N, C, \\*) with mean 0 and variance 1 in each channel of each sample.

    The arguments are those of ``batch_norm``, with ``use_input_stats`` for ``training``; the
    running statistics move towards the mean of the samples' own.

    >>> import gnomon as torch
    >>> x = torch.tensor([[[1.0, 3.0]], [[-5.0, 5.0]]])
    >>> torch.instance_norm(x, None, None, None, None, True, 0.1, 0.0)
    tensor([[[-1.,  1.]],
    <BLANKLINE>
            [[-1.,  1.]]])
    """
    shape = input.operand.layout.shape
    if not use_input_stats and (running_mean is None or running_var is None):
        rule = (
            "Expected running_mean and running_var to be defined when use_input_stats is False"
        )
        raise RuntimeError(explain("instance_norm", rule, input, remedy="Give both"))
    if len(shape) < 2:
        rule = f"expected an input (N, C, *), got {len(shape)} dims"
        raise RuntimeError(explain("instance_norm", rule, input, remedy="Add the dims N and C"))
    batch, channels = shape[:2]
    check_weights("instance_norm", input, weight, bias, running_mean, running_var)

    def repeated(weights: T | None) -> T | None:
        return None if weights is None else repeat(weights, (batch,))

    with no_grad():
        mean, variance = repeated(running_mean), repeated(running_var)
    result = batch_norm(
        reshape(_contiguous_format(input), (1, batch * channels, *shape[2:])),
        repeated(weight),
        repeated(bias),
        mean,
        variance,
        use_input_stats,
        momentum,
        eps,
    )
    with no_grad():
        for running, moved in ((running_mean, mean), (running_var, variance)):
            if use_input_stats and running is not None and moved is not None:
                mean_of_samples = MEAN.over(view_as(moved, (batch, channels)), (0,), False)
                write(running, mean_of_samples.operand)
    return view_as(result, shape)


def _contiguous_format(input: T) -> T:
    layout = input.operand.layout
    return input if layout.is_contiguous else clone_as(input, Layout.contiguous(layout.shape))


def _against(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape under which a vector of channels broadcasts against ``shape``."""
    return (1, shape[1], *[1] * (len(shape) - 2))


def _move(running: TensorCore, found: TensorCore, momentum: float) -> None:
    """Move ``running`` to where it is between what it was and what was found."""
    level = reshape(found, running.operand.layout.shape)
    moved = add(mul(level, momentum), mul(running, 1.0 - momentum))
    write(running, to_dtype(moved, running.operand.dtype).operand)


def _evaluated(
    input: T, weight: T | None, bias: T | None, mean: T, variance: T, eps: float
) -> T:
    shape, dtype = _against(input.operand.layout.shape), input.operand.dtype
    wide = wide_dtype(dtype)
    with no_grad():
        found = mul(
            sub(to_dtype(input, wide), _as(mean, shape)),
            rsqrt(add(_as(variance, shape), eps)),
        )
        if weight is not None:
            found = mul(found, _as(weight, shape))
        if bias is not None:
            found = add(found, _as(bias, shape))
    result = clone_as(found, channels_layout(input), dtype)
    record_composite(
        "NativeBatchNormBackward0",
        (input, weight, bias),
        (result,),
        (input, weight, mean, variance),
        partial(_evaluated_derivative, eps),
    )
    return result


def _as(weights: T, shape: tuple[int, ...]) -> T:
    return to_dtype(reshape(weights, shape), wide_dtype(weights.operand.dtype))


def _evaluated_derivative(
    eps: float,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    (arrived,), (input, weight, mean, variance) = cotangents, saved
    assert arrived is not None and input is not None
    assert mean is not None and variance is not None
    shape = _against(input.operand.layout.shape)
    wide = wide_dtype(input.operand.dtype)
    g = to_dtype(arrived, wide)
    reciprocal = rsqrt(add(_as(variance, shape), eps))
    others = (0, *range(2, len(shape)))
    of_input: TensorCore | None = None
    of_weight: TensorCore | None = None
    if needs[0]:
        scale = reciprocal if weight is None else mul(reciprocal, _as(weight, shape))
        of_input = mul(g, scale)
    if needs[1]:
        normal = mul(sub(to_dtype(input, wide), _as(mean, shape)), reciprocal)
        of_weight = sum_of(mul(g, normal), others)
    return of_input, of_weight, sum_of(g, others) if needs[2] else None


def _check_channels(
    input: TensorCore,
    channels: int,
    weight: TensorCore | None,
    bias: TensorCore | None,
    running_mean: TensorCore | None,
    running_var: TensorCore | None,
    training: bool,
) -> None:
    rule = ""
    for name, given in (
        ("running_mean", running_mean),
        ("running_var", running_var),
        ("weight", weight),
        ("bias", bias),
    ):
        if given is None:
            if not training and name.startswith("running"):
                rule = rule or f"{name} must be defined in evaluation mode"
        elif given.operand.layout.shape != (channels,):
            found = given.operand.layout.numel
            rule = rule or f"{name} should contain {channels} elements not {found}"
    if rule:
        remedy = "Give vectors with one element for each channel"
        raise RuntimeError(explain("batch_norm", rule, input, remedy=remedy))
