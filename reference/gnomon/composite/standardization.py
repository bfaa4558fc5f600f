"""The composite behind layer, group and batch norms: less the mean, over the deviation.

They differ only in the dims whose elements are taken together, and in the dims that have a
weight. Everything is computed in float32 at least, and rounded once to the dtype of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar, final

from gnomon.backend import Operand
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import DType, float32
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite, record_composite
from gnomon.op.copy import COPY
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import add, sum_to
from gnomon.ops.arithmetic import mul, sub
from gnomon.ops.powers import rsqrt
from gnomon.ops.reduction import MEAN
from gnomon.ops.views import reshape

T = TypeVar("T", bound=TensorCore)

#: ``(input, weight, bias, dims, eps, output, mean, variance)``. Weight and bias, which may be
#: None, are expanded to the input's shape; mean and variance have size 1 along dims, and these
#: four are float32 where the input and the output are narrower.
StandardizationKernel: TypeAlias = Callable[
    [
        Operand,
        "Operand | None",
        "Operand | None",
        tuple[int, ...],
        float,
        Operand,
        Operand,
        Operand,
    ],
    None,
]
StandardizationMeaning: TypeAlias = Callable[
    [TensorCore, "TensorCore | None", "TensorCore | None", tuple[int, ...], float],
    tuple[TensorCore, TensorCore, TensorCore],
]


def _standardized(
    input: TensorCore,
    weight: TensorCore | None,
    bias: TensorCore | None,
    dims: tuple[int, ...],
    eps: float,
) -> tuple[TensorCore, TensorCore, TensorCore]:
    mean = MEAN.over(input, dims, True)
    centered = sub(input, mean)
    variance = MEAN.over(mul(centered, centered), dims, True)
    result = mul(centered, rsqrt(add(variance, eps)))
    if weight is not None:
        result = mul(result, weight)
    return result if bias is None else add(result, bias), mean, variance


standardization: Composite[StandardizationMeaning, StandardizationKernel] = Composite(
    name="standardization",
    definition="the input minus its mean along dims, over the root of its variance plus eps",
    decompose=_standardized,
    tolerance=SumOfTerms(),
    gradients=("input", "weight", "bias"),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Which elements of an input make one mean, and how weights lie against them."""

    label: str
    #: The shape under which the input is looked at.
    shape: tuple[int, ...]
    #: The dims of ``shape`` that are taken together.
    dims: tuple[int, ...]
    #: The shape of weight and bias against ``shape``.
    weights: tuple[int, ...]
    eps: float


def wide_dtype(dtype: DType) -> DType:
    """Return the dtype in which statistics of ``dtype`` are computed."""
    return dtype if dtype.itemsize > 2 else float32


def standardized(
    input: T, weight: T | None, bias: T | None, grouping: Grouping, layout: Layout
) -> tuple[T, T, T]:
    """Return ``input`` standardized, weighted and shifted, as the output of one node.

    It has the shape of ``layout`` and lies as that says. The mean and the variance follow,
    outside the graph, with size 1 along the dims.
    """
    output, mean, variance = _computed(input, weight, bias, grouping, layout)
    result = input.like(output)
    record_composite(
        grouping.label,
        (input, weight, bias),
        (result,),
        (input, weight),
        partial(_derivative, grouping, () if bias is None else bias.operand.layout.shape),
    )
    return result, input.like(mean), input.like(variance)


def _computed(
    input: TensorCore,
    weight: TensorCore | None,
    bias: TensorCore | None,
    grouping: Grouping,
    layout: Layout,
) -> tuple[Operand, Operand, Operand]:
    dtype = input.operand.dtype
    backend = input.operand.storage.backend
    wide = wide_dtype(dtype)
    with no_grad():
        grouped = reshape(input.like(input.operand), grouping.shape)
        factors = _aligned(weight, grouping.weights, wide)
        offsets = _aligned(bias, grouping.weights, wide)
    kernel = standardization.kernel_on(backend)
    if kernel is None:
        with no_grad():
            found = standardization.decompose(
                to_dtype(grouped, wide), factors, offsets, grouping.dims, grouping.eps
            )
        whole, mean, variance = [tensor.operand for tensor in found]
    else:
        kept = tuple(
            [1 if dim in grouping.dims else size for dim, size in enumerate(grouping.shape)]
        )
        whole = allocate(backend, Layout.contiguous(grouping.shape), dtype)
        mean = allocate(backend, Layout.contiguous(kept), wide)
        variance = allocate(backend, Layout.contiguous(kept), wide)
        kernel(
            grouped.operand,
            _expanded(factors, grouping.shape),
            _expanded(offsets, grouping.shape),
            grouping.dims,
            grouping.eps,
            whole,
            mean,
            variance,
        )
    whole = whole._replace(layout=whole.layout.view(layout.shape))
    if whole.layout != layout or whole.dtype is not dtype:
        output = allocate(backend, layout, dtype)
        backend.elementwise(COPY, (whole,), output)
        whole = output
    return whole, mean, variance


def _aligned(
    weights: TensorCore | None, shape: tuple[int, ...], dtype: DType
) -> TensorCore | None:
    return None if weights is None else to_dtype(reshape(weights, shape), dtype)


def _expanded(weights: TensorCore | None, shape: tuple[int, ...]) -> Operand | None:
    if weights is None:
        return None
    return weights.operand._replace(layout=weights.operand.layout.expand(shape))


def _derivative(
    grouping: Grouping,
    bias: tuple[int, ...],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    (arrived,), (x, weight) = cotangents, saved
    assert arrived is not None and x is not None
    wide = wide_dtype(x.operand.dtype)
    g = to_dtype(reshape(arrived, grouping.shape), wide)
    normal, reciprocal = _normal(to_dtype(reshape(x, grouping.shape), wide), grouping)
    of_input: TensorCore | None = None
    of_weight: TensorCore | None = None
    if needs[0]:
        factors = _aligned(weight, grouping.weights, wide)
        slope = g if factors is None else mul(g, factors)
        along = MEAN.over(mul(slope, normal), grouping.dims, True)
        level = MEAN.over(slope, grouping.dims, True)
        change = mul(reciprocal, sub(sub(slope, level), mul(normal, along)))
        of_input = reshape(change, x.operand.layout.shape)
    if needs[1]:
        assert weight is not None
        of_weight = _summed(mul(g, normal), grouping, weight.operand.layout.shape)
    of_bias = _summed(g, grouping, bias) if needs[2] else None
    return of_input, of_weight, of_bias


def _normal(x: TensorCore, grouping: Grouping) -> tuple[TensorCore, TensorCore]:
    """Return the input standardized, and one over its deviation, as functions of the input."""
    centered = sub(x, MEAN.over(x, grouping.dims, True))
    variance = MEAN.over(mul(centered, centered), grouping.dims, True)
    reciprocal = rsqrt(add(variance, grouping.eps))
    return mul(centered, reciprocal), reciprocal


def _summed(terms: TensorCore, grouping: Grouping, shape: tuple[int, ...]) -> TensorCore:
    return reshape(sum_to(terms, grouping.weights), shape)
