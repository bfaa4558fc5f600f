"""Softmax and its logarithm along one dim.

Both subtract the largest element first, so that no exponential overflows; float16 and bfloat16
are computed in float32 and rounded once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, contiguous
from gnomon.dtypes import DType, float32
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout, normalize_dim, output_layout
from gnomon.op.claims import SumOfTerms, Ulps
from gnomon.op.composite import Composite, record_composite
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.rules import floating
from gnomon.ops.arithmetic import div, mul, neg, sub
from gnomon.ops.exponentials import exp, log
from gnomon.ops.reduction import AMAX

__all__ = ["log_softmax", "softmax"]

T = TypeVar("T", bound=TensorCore)

#: ``(input, dim, output)``; input and output are of one floating-point dtype and shape.
SoftmaxKernel: TypeAlias = Callable[[Operand, int, Operand], None]
SoftmaxMeaning: TypeAlias = Callable[[TensorCore, int], TensorCore]
#: ``(cotangent, result, dim, output)``; all are of one floating-point dtype and shape.
SoftmaxBackwardKernel: TypeAlias = Callable[[Operand, Operand, int, Operand], None]
SoftmaxBackwardMeaning: TypeAlias = Callable[[TensorCore, TensorCore, int], TensorCore]
SoftmaxBackward: TypeAlias = Composite[SoftmaxBackwardMeaning, SoftmaxBackwardKernel]


def _softmax(input: TensorCore, dim: int) -> TensorCore:
    terms = exp(sub(input, AMAX(input, dim, True)))
    return div(terms, sum_of(terms, dim, True))


def _log_softmax(input: TensorCore, dim: int) -> TensorCore:
    shifted = sub(input, AMAX(input, dim, True))
    return sub(shifted, log(sum_of(exp(shifted), dim, True)))


# Differences 0.5, exp 3, the sum of positive terms 0.5 and theirs, the division 2.5.
softmax_of: Composite[SoftmaxMeaning, SoftmaxKernel] = Composite(
    name="softmax",
    definition="exp(input) / sum(exp(input)) along a dim, without overflow",
    special_cases="NaN where a NaN or inf, or nothing but -inf, is among the elements",
    decompose=_softmax,
    tolerance=Ulps(10, 10, 8),
    gradients=("input",),
)
log_softmax_of: Composite[SoftmaxMeaning, SoftmaxKernel] = Composite(
    name="log_softmax",
    definition="log(softmax(input)) along a dim, without underflow",
    special_cases="NaN where a NaN or inf, or nothing but -inf, is among the elements",
    decompose=_log_softmax,
    tolerance=Ulps(10, 10, 8),
    gradients=("input",),
)


def _softmax_cotangent(g: TensorCore, result: TensorCore, dim: int) -> TensorCore:
    weighted = mul(g, result)
    return sub(weighted, mul(result, sum_of(weighted, dim, True)))


def _log_softmax_cotangent(g: TensorCore, result: TensorCore, dim: int) -> TensorCore:
    return sub(g, mul(exp(result), sum_of(g, dim, True)))


# The sum along the dim is what is not rounded once: n * eps of the sum of the terms' sizes.
softmax_backward_of: SoftmaxBackward = Composite(
    name="softmax_backward",
    definition="result * (g - sum(g * result)) along a dim, the derivative of softmax",
    decompose=_softmax_cotangent,
    tolerance=SumOfTerms(),
    gradients=("g", "result"),
)
log_softmax_backward_of: SoftmaxBackward = Composite(
    name="log_softmax_backward",
    definition="g - exp(result) * sum(g) along a dim, the derivative of log_softmax",
    decompose=_log_softmax_cotangent,
    tolerance=SumOfTerms(),
    gradients=("g", "result"),
)


@numpy_names
def softmax(input: T, dim: int, dtype: DType | None = None, *, out: T | None = None) -> T:
    """Return exp(input) / sum(exp(input)) along ``dim``: positive numbers whose sum is 1.

    ``dtype`` converts the input first. Raises IndexError for a dim out of range and
    NotImplementedError for integers.

    >>> import gnomon as torch
    >>> torch.softmax(torch.tensor([1.0, 1.0, 1.0, 1.0]), dim=0)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    result = _along(softmax_of, "SoftmaxBackward0", softmax_backward_of, input, dim, dtype)
    return result if out is None else deliver("softmax", result, out, (input,))


@numpy_names
def log_softmax(input: T, dim: int, dtype: DType | None = None, *, out: T | None = None) -> T:
    """Return log(softmax(input)) along ``dim``, without taking the logarithm of what
    underflows.

    ``dtype`` converts the input first. Raises IndexError for a dim out of range and
    NotImplementedError for integers.

    >>> import gnomon as torch
    >>> torch.log_softmax(torch.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    result = _along(
        log_softmax_of, "LogSoftmaxBackward0", log_softmax_backward_of, input, dim, dtype
    )
    return result if out is None else deliver("log_softmax", result, out, (input,))


def softmin(input: T, dim: int, dtype: DType | None = None) -> T:
    """Return the softmax of -input along ``dim``."""
    return softmax(neg(input), dim, dtype)


def implicit_dim(operation: str, ndim: int, stacklevel: int) -> int:
    """Return the dim ``torch.nn.functional`` takes when none is given, with its warning."""
    warnings.warn(
        explain(
            operation,
            "implicit dimension choice has been deprecated",
            remedy="Change the call to include dim=X as an argument",
        ),
        UserWarning,
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def _along(
    composite: Composite[SoftmaxMeaning, SoftmaxKernel],
    label: str,
    backward: SoftmaxBackward,
    input: T,
    dim: int,
    dtype: DType | None,
) -> T:
    if dtype is not None:
        input = to_dtype(input, dtype)
    operand = input.operand
    floating(composite.name, operand.dtype)
    dim = normalize_dim(dim, len(operand.layout.shape), composite.name)
    result = input.like(_computed(composite, input, dim))
    derivative = partial(_derivative, backward, dim)
    record_composite(label, (input,), (result,), (result,), derivative)
    return result


def _computed(
    composite: Composite[SoftmaxMeaning, SoftmaxKernel], input: TensorCore, dim: int
) -> Operand:
    operand = input.operand
    backend = operand.storage.backend
    output = allocate(backend, Layout.contiguous(operand.layout.shape), operand.dtype)
    kernel = composite.kernel_on(backend)
    if kernel is not None:
        kernel(operand, dim, output)
        return output
    if not operand.layout.numel:
        return output
    wide = operand.dtype if operand.dtype.itemsize > 2 else float32
    with no_grad():
        whole = composite.decompose(to_dtype(input, wide), dim)
        return contiguous(to_dtype(whole, operand.dtype).operand)


def _derivative(
    backward: SoftmaxBackward,
    dim: int,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    g, result = cotangents[0], saved[0]
    assert g is not None and result is not None
    kernel = backward.kernel_outside_graph(g, result)
    if kernel is None:
        return (backward.decompose(g, result, dim),)
    layout = output_layout([g.operand.layout, result.operand.layout])
    output = allocate(result.operand.storage.backend, layout, result.operand.dtype)
    kernel(g.operand, result.operand, dim, output)
    return (result.like(output),)
