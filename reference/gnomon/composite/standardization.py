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
from gnomon.layout import Layout, output_layout
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


#: ``(cotangent, input, weight, mean, variance, dims, eps, of_input, of_weight, of_bias)``. The
#: first five are as ``standardization`` has them, mean and variance expanded too; the last
#: three, each None where nobody asks, are written. ``of_weight`` and ``of_bias``, float32 at
#: least, have size 1 in the dims in which the weights do not vary.
StandardizationBackwardKernel: TypeAlias = Callable[
    [
        Operand,
        Operand,
        "Operand | None",
        Operand,
        Operand,
        tuple[int, ...],
        float,
        "Operand | None",
        "Operand | None",
        "Operand | None",
    ],
    None,
]
#: ``(cotangent, input, weight, dims, weights, eps, needs)``, where ``weights`` is the shape of
#: the weights' cotangents and ``needs`` says which are asked for.
StandardizationBackwardMeaning: TypeAlias = Callable[
    [
        TensorCore,
        TensorCore,
        "TensorCore | None",
        tuple[int, ...],
        tuple[int, ...],
        float,
        Sequence[bool],
    ],
    Cotangents,
]


def _standardized_backward(
    g: TensorCore,
    input: TensorCore,
    weight: TensorCore | None,
    dims: tuple[int, ...],
    weights: tuple[int, ...],
    eps: float,
    needs: Sequence[bool],
) -> Cotangents:
    """Return the cotangents of input, weight and bias.

    Mean and variance are found again, because they depend on the input.
    """
    centered = sub(input, MEAN.over(input, dims, True))
    variance = MEAN.over(mul(centered, centered), dims, True)
    reciprocal = rsqrt(add(variance, eps))
    normal = mul(centered, reciprocal)
    of_input: TensorCore | None = None
    if needs[0]:
        slope = g if weight is None else mul(g, weight)
        along = MEAN.over(mul(slope, normal), dims, True)
        level = MEAN.over(slope, dims, True)
        of_input = mul(reciprocal, sub(sub(slope, level), mul(normal, along)))
    of_weight = sum_to(mul(g, normal), weights) if needs[1] else None
    return of_input, of_weight, sum_to(g, weights) if needs[2] else None


standardization_backward: Composite[
    StandardizationBackwardMeaning, StandardizationBackwardKernel
] = Composite(
    name="standardization_backward",
    definition="the derivative of standardization in the input, the weight and the bias",
    decompose=_standardized_backward,
    tolerance=SumOfTerms(),
    gradients=("g", "input", "weight"),
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
    statistics = input.like(mean), input.like(variance)
    record_composite(
        grouping.label,
        (input, weight, bias),
        (result,),
        (input, weight, statistics[0], statistics[1]),
        partial(_derivative, grouping, () if bias is None else bias.operand.layout.shape),
    )
    return result, *statistics


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
    whole = whole.under(whole.layout.view(layout.shape))
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
    return weights.operand.under(weights.operand.layout.expand(shape))


def _derivative(
    grouping: Grouping,
    bias: tuple[int, ...],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    (arrived,), (x, weight, mean, variance) = cotangents, saved
    assert arrived is not None and x is not None
    assert mean is not None and variance is not None
    wide = wide_dtype(x.operand.dtype)
    factors = _aligned(weight, grouping.weights, wide)
    g, input = reshape(arrived, grouping.shape), reshape(x, grouping.shape)
    kernel = standardization_backward.kernel_outside_graph(g, input, factors)
    if kernel is not None:
        found = _written(kernel, grouping, (g, input, factors, mean, variance), needs)
    else:
        found = standardization_backward.decompose(
            to_dtype(g, wide),
            to_dtype(input, wide),
            factors,
            grouping.dims,
            grouping.weights,
            grouping.eps,
            needs,
        )
    shapes = (
        x.operand.layout.shape,
        () if weight is None else weight.operand.layout.shape,
        bias,
    )
    return tuple(
        [
            None if cotangent is None else reshape(cotangent, shape)
            for cotangent, shape in zip(found, shapes, strict=True)
        ]
    )


def _written(
    kernel: StandardizationBackwardKernel,
    grouping: Grouping,
    given: tuple[TensorCore, TensorCore, TensorCore | None, TensorCore, TensorCore],
    needs: Sequence[bool],
) -> Cotangents:
    """Return what ``kernel`` writes, of what is needed."""
    g, input, factors, mean, variance = given
    storage, layout, dtype = input.operand
    wide = wide_dtype(dtype)
    like_input = output_layout([g.operand.layout, layout])
    like_weights = Layout.contiguous(grouping.weights)
    fresh = ((like_input, dtype), (like_weights, wide), (like_weights, wide))
    of_input, of_weight, of_bias = [
        allocate(storage.backend, *each) if needed else None
        for each, needed in zip(fresh, needs, strict=True)
    ]
    kernel(
        g.operand,
        input.operand,
        _expanded(factors, grouping.shape),
        mean.operand.under(mean.operand.layout.expand(grouping.shape)),
        variance.operand.under(variance.operand.layout.expand(grouping.shape)),
        grouping.dims,
        grouping.eps,
        of_input,
        of_weight,
        of_bias,
    )
    written = (of_input, of_weight, of_bias)
    return tuple([None if operand is None else input.like(operand) for operand in written])
