"""Composites of more elements than a block, a tile or a row's first piece holds, in the dtypes
and the forms that have kernels of their own to some: with gradients, where there are any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final, NamedTuple, TypeAlias, final

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import DType, bfloat16, float16, float32, float64, int32, int64, uint8
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.checks.large import Shape, drawn
from gnomon_conformance.checks.tensors import all_same
from gnomon_conformance.functions import (
    Function,
    Input,
    channels_last,
    indices,
    judge_with_gradients,
    with_gradients,
)
from gnomon_conformance.judging import Evidence
from gnomon_conformance.target import Target

LEVEL: Final = Level.COMPOSITE
Call: TypeAlias = Callable[[list[Tensor]], "Tensor | Sequence[Tensor]"]


@final
class _Exact(NamedTuple):
    """A function of whole numbers up to 2, all of whose results the dtypes hold."""

    call: Call
    shapes: tuple[Shape, ...]
    dtypes: tuple[DType, ...] = (float32,)


@final
class _Near(NamedTuple):
    """A function whose results are as near as its condition lets them be."""

    call: Call
    inputs: tuple[Input, ...]
    dtypes: tuple[DType, ...] = (float32,)


_NARROW: Final = (bfloat16, float16, int64)


def _convolved(convolve: Callable[..., Tensor], *shapes: Shape, **options: int) -> _Exact:
    return _Exact(lambda x: convolve(*x, **options), shapes)


def _largest(x: list[Tensor]) -> Sequence[Tensor]:
    """The largest of each row, the first of those that are equal first."""
    return x[0].topk(min(300, x[0].shape[1] // 3), 1)


def _narrow(
    convolve: Callable[..., Tensor], *shapes: Shape, dtypes: tuple[DType, ...] = _NARROW
) -> _Exact:
    return _Exact(lambda x: convolve(*x), shapes, dtypes)


_EXACT: Final = {
    "narrow-conv1d": _narrow(F.conv1d, (2, 3, 9), (4, 3, 3)),
    "narrow-conv2d": _narrow(F.conv2d, (2, 3, 7, 7), (4, 3, 3, 3), dtypes=(*_NARROW, int32)),
    "narrow-conv3d": _narrow(F.conv3d, (1, 2, 4, 4, 4), (3, 2, 2, 2, 2)),
    "narrow-transposed-1d": _narrow(F.conv_transpose1d, (2, 3, 9), (3, 4, 3)),
    "narrow-transposed-2d": _narrow(F.conv_transpose2d, (1, 2, 4, 4), (2, 3, 3, 3)),
    "channels": _convolved(F.conv2d, (1, 66, 4, 4), (66, 66, 3, 3)),
    "pixels": _convolved(F.conv2d, (1, 1, 34, 35), (2, 1, 3, 3)),
    "wide": _convolved(F.conv2d, (1, 1, 3, 140), (2, 1, 3, 3)),
    "long": _convolved(F.conv1d, (1, 1, 1100), (2, 1, 3)),
    "points-apart": _convolved(F.conv1d, (1, 2, 9), (2, 2, 1), stride=2),
    "points-in-groups": _convolved(F.conv1d, (1, 4, 9), (4, 2, 1), groups=2),
    "apart": _convolved(F.conv1d, (1, 4, 12), (4, 4, 2), stride=4),
    "in-groups": _convolved(F.conv1d, (1, 16, 12), (16, 8, 3), groups=2),
    "line-by-line": _convolved(F.conv1d, (2, 3, 12), (3, 1, 3), (3,), groups=3),
    "odd-channels": _convolved(F.conv1d, (2, 17, 12), (17, 17, 3)),
    "transposed-apart": _convolved(F.conv_transpose2d, (1, 2, 4, 4), (2, 3, 1, 1), stride=2),
    "transposed-in-groups": _convolved(
        F.conv_transpose2d, (1, 4, 4, 4), (4, 3, 1, 1), groups=2
    ),
    "transposed-channels": _convolved(F.conv_transpose2d, (1, 17, 4, 4), (17, 17, 2, 2)),
    "transposed-one-by-one": _convolved(
        F.conv_transpose2d, (2, 3, 4, 4), (3, 1, 2, 2), (3,), groups=3
    ),
    "pool-of-49": _Exact(lambda x: F.max_pool2d(x[0], 7), ((1, 1, 14, 14),)),
    "pool-of-all": _Exact(lambda x: F.adaptive_max_pool2d(x[0], 1), ((2, 3, 9, 9),)),
    "pool": _Exact(lambda x: F.max_pool2d(x[0], 2), ((2, 4, 64, 36),)),
    "pool-3d": _Exact(lambda x: F.max_pool3d(x[0], 2, 1, 1), ((1, 1, 3, 3, 3),)),
    "largest": _Exact(_largest, ((2, 1000),), (float32, bfloat16, int32, uint8)),
    "largest-of-rows": _Exact(_largest, ((33, 1025),)),
    "found": _Exact(lambda x: (x[0] > 0).nonzero(), ((2**18 + 5,),), (int32,)),
    "batch-of-products": _Exact(lambda x: x[0] @ x[1], ((2, 66, 65), (2, 65, 67))),
    "shared-product": _Exact(
        lambda x: torch.bmm(x[0], x[1].expand(2, 40, 41)), ((2, 39, 40), (40, 41))
    ),
    "wide-product": _Exact(lambda x: x[0] @ x[1], ((4, 8), (8, 1100))),
    "outer-product": _Exact(lambda x: x[0] @ x[1], ((40, 1), (1, 41))),
    "part-of-rows": _Exact(lambda x: x[0][:, 3:43] @ x[1], ((40, 80), (40, 41))),
    "vector-added": _Exact(lambda x: torch.addmv(*x), ((300,), (300, 64), (64,))),
    "column-added": _Exact(lambda x: torch.addmm(*x), ((40, 1), (40, 39), (39, 41))),
    "linear": _Exact(lambda x: F.linear(*x), ((130, 131), (132, 131), (132,))),
    "deep-linear": _Exact(
        lambda x: F.linear(*x), ((3, 300), (4, 300), (4,)), (float16, bfloat16, float64)
    ),
    "small-linear": _Exact(
        lambda x: F.linear(*x), ((40, 33), (41, 33), (41,)), (bfloat16, float16)
    ),
}


def _attending(
    queries: int,
    keys: int,
    width: int,
    mask: Input | None = None,
    *,
    heads: int = 2,
    values: int | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    dtypes: tuple[DType, ...] = (float32,),
) -> _Near:
    """Return attention, under a mask or none."""

    def call(x: list[Tensor]) -> Tensor:
        query, key, value, *masks = x
        given = masks[0].detach() if masks else None
        return F.scaled_dot_product_attention(
            query, key, value, given, is_causal=is_causal, scale=scale
        )

    sizes = (queries, width), (keys, width), (keys, values or width)
    inputs = [Input((1, heads, *size)) for size in sizes]
    return _Near(call, (*inputs, *([] if mask is None else [mask])), dtypes)


def _packed(x: list[Tensor]) -> Tensor:
    query, key, value = x[0].permute(2, 0, 3, 1, 4).unbind(0)
    return F.scaled_dot_product_attention(query, key, value)


def _soft(function: Callable[..., Tensor], shape: Shape, *dtypes: DType) -> _Near:
    return _Near(lambda x: function(x[0], 1), (Input(shape),), dtypes or (float32,))


def _normed(shape: Shape, *dtypes: DType, eps: float = 1e-5) -> _Near:
    """Return the norm of the last dim, with weight and bias."""
    length = shape[-1:]
    return _Near(
        lambda x: F.layer_norm(x[0], length, x[1], x[2], eps),
        (Input(shape), Input(length), Input(length)),
        dtypes or (float32,),
    )


def _batch_normed(x: list[Tensor]) -> Tensor:
    return F.batch_norm(x[0], None, None, training=True)


def _entropy(
    rows: int, classes: int, *places: int, dtypes: tuple[DType, ...] = (float32,)
) -> _Near:
    return _Near(
        lambda x: F.cross_entropy(x[0], x[1]),
        (Input((rows, classes, *places)), indices((rows, *places), classes)),
        dtypes,
    )


_NEAR: Final = {
    "bicubic": _Near(
        lambda x: F.interpolate(x[0], (7, 7), mode="bicubic"),
        (Input((1, 1, 4, 4)),),
        (float16, bfloat16),
    ),
    "linear": _Near(
        lambda x: F.interpolate(x[0], 7, mode="linear"), (Input((1, 1, 4)),), (float64,)
    ),
    "long-linear": _Near(
        lambda x: F.interpolate(x[0], 900, mode="linear"), (Input((1, 5, 1000)),)
    ),
    "trilinear": _Near(
        lambda x: F.interpolate(x[0], (17, 16, 18), mode="trilinear"), (Input((1, 1, 9, 9, 9)),)
    ),
    "one-query": _attending(1, 70, 8),
    "many-queries": _attending(260, 10, 8),
    "many-causal": _attending(260, 260, 2, heads=1, is_causal=True),
    "wide-heads": _attending(6, 8, 136),
    "odd-heads": _attending(6, 8, 66),
    "many-masked": _attending(6, 300, 8, Input((6, 300), kind="bool")),
    "masked-doubles": _attending(6, 7, 8, Input((6, 7), kind="bool"), dtypes=(float64,)),
    "mask-of-heads": _attending(6, 7, 8, Input((1, 1, 6, 7))),
    "wide-values": _attending(6, 9, 8, values=72),
    "scaled-up": _attending(6, 9, 8, scale=2.0),
    "narrow-causal": _attending(6, 6, 8, dtypes=(bfloat16, float16), is_causal=True),
    "narrow-keys": _attending(6, 80, 8, dtypes=(float16,)),
    "packed-heads": _Near(_packed, (Input((2, 5, 3, 4, 8)),)),
    "softmax-between": _soft(F.softmax, (2, 70, 40)),
    "log-softmax-between": _soft(F.log_softmax, (2, 70, 40)),
    "softmax": _soft(F.softmax, (2, 9001)),
    "log-softmax": _soft(F.log_softmax, (2, 3001), float32, float16),
    "softmax-rows": _soft(F.softmax, (65, 1025)),
    "log-softmax-rows": _soft(F.log_softmax, (65, 1025)),
    "norm": _normed((2, 5001)),
    "norm-rows": _normed((257, 257)),
    "narrow-norm": _normed((2, 1201), float16),
    "norm-without-eps": _normed((2, 5), eps=0.0),
    "norm-of-little-eps": _normed((2, 5), eps=1e-12),
    "norm-of-one": _Near(lambda x: F.layer_norm(x[0].expand(3, 5), (5,)), (Input((1, 5)),)),
    "norm-weight": _Near(
        lambda x: F.layer_norm(x[0].detach(), (5,), x[1]), (Input((3, 5)), Input((5,)))
    ),
    "norm-bias": _Near(
        lambda x: F.layer_norm(x[0].detach(), (5,), None, x[1]), (Input((3, 5)), Input((5,)))
    ),
    "batch-norm": _Near(_batch_normed, (Input((8, 3, 8, 9)),)),
    "batch-norm-3d": _Near(_batch_normed, (Input((2, 3, 2, 2, 3)),)),
    "channels-last": _Near(
        lambda x: _batch_normed([channels_last(x[0])]), (Input((4, 6, 5, 5)),)
    ),
    "entropy": _entropy(4, 5001),
    "entropy-rows": _entropy(65, 1001),
    "entropy-of-volumes": _entropy(2, 3, 2, 2, 2),
    "narrow-entropy": _Near(
        lambda x: F.cross_entropy(x[0], x[1], reduction="sum"),
        (Input((300, 4)), indices((300,), 4)),
        (float16,),
    ),
    "likelihood": _Near(
        lambda x: F.nll_loss(x[0], x[1]), (Input((4, 601)), indices((4,), 601))
    ),
    "likelihood-of-volumes": _Near(
        lambda x: F.nll_loss(x[0], x[1]), (Input((2, 3, 2, 2, 2)), indices((2, 2, 2, 2), 3))
    ),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each function and dtype."""
    for subject, exact in _EXACT.items():
        for dtype in exact.dtypes:
            check = partial(_judged_exactly, subject, exact, dtype, seed)
            yield _case(subject, dtype, check)
    for subject, near in _NEAR.items():
        for dtype in near.dtypes:
            yield _case(subject, dtype, partial(_judged, subject, near, dtype, seed))


def _case(subject: str, dtype: DType, check: Callable[[Target], Evidence]) -> Case:
    return Case(level=LEVEL, family="extents", subject=subject, dtype=dtype.name, check=check)


def _listed(call: Call) -> Function:
    def function(x: list[Tensor]) -> Sequence[Tensor]:
        found = call(x)
        return [found] if isinstance(found, Tensor) else [*found]

    return function


def _judged_exactly(
    subject: str, exact: _Exact, dtype: DType, seed: int, target: Target
) -> Evidence:
    """Results are those of the oracle in every element; of dtypes that hold them the gradients
    are, too.
    """
    chooser = Random(f"{subject} {dtype.name} {seed}")
    given = [drawn(shape, dtype, chooser, 2) for shape in exact.shapes]

    function = _listed(exact.call)
    judged = with_gradients(function) if dtype in (float32, float64) else function
    found = judged([each.to(target.device) for each in given])
    return Evidence(all_same(found, judged(given)))


def _judged(subject: str, near: _Near, dtype: DType, seed: int, target: Target) -> Evidence:
    """Results and gradients are near those of the oracle."""
    key = f"{subject} {dtype.name} {seed}"
    return judge_with_gradients(_listed(near.call), near.inputs, dtype, key, target)
