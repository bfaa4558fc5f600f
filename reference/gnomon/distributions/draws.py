"""Gamma and Dirichlet samples that are differentiable in their concentrations.

Samples and slopes are computed on the host, for every device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from gnomon.autograd.function import Function, FunctionCtx
from gnomon.dispatch import values_of
from gnomon.generator import MersenneTwister
from gnomon.generator.gamma import dirichlet as dirichlet_row
from gnomon.generator.gamma import standard_gamma as gamma_row
from gnomon.op.random_generator import stream_for, twister_of
from gnomon.special_functions.sample_slopes import dirichlet_slope, gamma_slope
from gnomon.tensor import Tensor
from gnomon.tensor.nested import from_values


def standard_gamma(concentration: Tensor) -> Tensor:
    """Return gamma samples of rate 1."""
    return cast(Tensor, _StandardGamma.apply(concentration))


def dirichlet(concentration: Tensor) -> Tensor:
    """Return vectors of positive numbers of sum 1, one for each row of ``concentration``."""
    return cast(Tensor, _Dirichlet.apply(concentration))


class _StandardGamma(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, concentration: Tensor) -> Tensor:
        twister = _twister("_standard_gamma", concentration)
        drawn = gamma_row(twister, _floats(concentration), concentration.dtype)
        sample = _tensor_like(concentration, drawn)
        ctx.save_for_backward(concentration, sample)
        return sample

    @staticmethod
    def backward(ctx: FunctionCtx, cotangent: Tensor) -> Tensor:
        concentration, sample = cast("tuple[Tensor, Tensor]", ctx.saved_tensors)
        slopes = map(gamma_slope, _floats(concentration), _floats(sample))
        return cotangent * _tensor_like(sample, list(slopes))


class _Dirichlet(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, concentration: Tensor) -> Tensor:
        twister = _twister("_sample_dirichlet", concentration)
        values, width = _floats(concentration), concentration.shape[-1]
        drawn: list[float] = []
        for start in range(0, len(values), width):
            row = values[start : start + width]
            drawn += dirichlet_row(twister, row, concentration.dtype)
        sample = _tensor_like(concentration, drawn)
        ctx.save_for_backward(concentration, sample)
        return sample

    @staticmethod
    def backward(ctx: FunctionCtx, cotangent: Tensor) -> Tensor:
        concentration, sample = cast("tuple[Tensor, Tensor]", ctx.saved_tensors)
        total = concentration.sum(-1, keepdim=True).expand_as(concentration)
        columns = (_floats(sample), _floats(concentration), _floats(total))
        slopes = _tensor_like(sample, list(map(dirichlet_slope, *columns)))
        # What one part gains, the others lose in proportion.
        return slopes * (cotangent - (sample * cotangent).sum(-1, keepdim=True))


def _twister(operation: str, tensor: Tensor) -> MersenneTwister:
    return twister_of(stream_for(operation, tensor.operand.storage.backend))


def _floats(tensor: Tensor) -> Sequence[float]:
    return values_of(tensor.operand)


def _tensor_like(tensor: Tensor, values: Sequence[float]) -> Tensor:
    dtype = tensor.dtype
    return Tensor.over(from_values(values, dtype, tuple(tensor.shape), dtype, tensor.device))
