"""Public functions with arguments to judge them by: views, folds, lookups and composites.

A record is found by itself; a function that is made of records stands here with inputs that
show what it does. ``tests/conformance`` fails for a composite that no entry launches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import gnomon as torch
from gnomon import Tensor
from gnomon.nn import functional as F
from gnomon_conformance.cases import Level
from gnomon_conformance.entries import CUBE, LINE, ROWS, SQUARE, entry, matrix
from gnomon_conformance.functions import Input, indices
from gnomon_conformance.label_losses import LABEL_LOSSES
from gnomon_conformance.layers import LAYERS
from gnomon_conformance.linear_algebra import LINEAR_ALGEBRA
from gnomon_conformance.variants import VARIANTS

_E, _R, _I, _C = Level.ELEMENTWISE, Level.REDUCTION, Level.INDEXING, Level.COMPOSITE

#: Views and copies, which a backend sees as layouts of its operands.
VIEWS: Final = (
    entry(_E, "view-times", lambda x: x[0].contiguous().view(4, 6) * 2, CUBE),
    entry(_E, "transpose", lambda x: x[0].transpose(0, 2) + 1, CUBE),
    entry(_E, "permute", lambda x: x[0].permute(2, 0, 1).contiguous(), CUBE),
    entry(_E, "slice-step", lambda x: x[0][:, 1:, ::2] * 3, CUBE),
    entry(_E, "select", lambda x: x[0].select(1, 2) - 1, CUBE),
    entry(_E, "narrow", lambda x: x[0].narrow(2, 1, 2) * x[0].narrow(2, 2, 2), CUBE),
    entry(
        _E,
        "twelve-dims",
        lambda x: (lambda y: y.permute(*range(11, -1, -1)) + y)(x[0].reshape((2,) * 12)),
        Input((4096,)),
    ),
    entry(_E, "expand", lambda x: x[0].expand(3, 4, 2) * 2, Input((4, 1))),
    entry(
        _E, "broadcast", lambda x: x[0] * x[1] + x[2], Input((3, 1)), Input((1, 4)), Input(())
    ),
    entry(_E, "diagonal", lambda x: x[0].diagonal() * 2, SQUARE),
    entry(_E, "diagonal-offset", lambda x: x[0].diagonal(1, 0, 2) * 2, CUBE),
    entry(_E, "unfold", lambda x: x[0].unfold(0, 4, 2) * 1.5, LINE),
    entry(_E, "as-strided", lambda x: x[0].clone().as_strided((3, 3), (2, 1), 1) * 1.5, LINE),
    entry(_E, "unsqueeze-squeeze", lambda x: x[0].unsqueeze(1).squeeze() * 2, CUBE),
    entry(_E, "flatten", lambda x: x[0].transpose(0, 1).flatten() * 2, CUBE),
    entry(_E, "reshape-copy", lambda x: x[0].t().reshape(2, 8), SQUARE),
    entry(_E, "chunk", lambda x: [part * 2 for part in x[0].chunk(3, 0)], LINE),
    entry(_E, "split", lambda x: [part + 1 for part in x[0].split([1, 3], 2)], CUBE),
    entry(_E, "unbind", lambda x: [part * part for part in x[0].unbind(1)], CUBE),
    entry(_E, "clone", lambda x: x[0].transpose(0, 1).clone(), CUBE),
    entry(_E, "cat", lambda x: torch.cat([x[0], x[1].t(), x[0]], 0), SQUARE, SQUARE),
    entry(_E, "cat-last", lambda x: torch.cat([x[0], x[1]], -1), CUBE, Input((2, 3, 1))),
    entry(_E, "stack", lambda x: torch.stack([x[0], x[1]], 1), SQUARE, SQUARE),
    entry(_E, "repeat", lambda x: x[0].repeat(2, 1, 3), SQUARE),
    entry(_E, "tile", lambda x: torch.tile(x[0], (2, 2)), SQUARE),
    entry(_E, "movedim", lambda x: x[0].movedim(0, -1) * 2, CUBE),
    entry(_E, "real-chain", lambda x: torch.exp(torch.sin(x[0]) * 0.5 + x[0].abs()), CUBE),
    entry(
        _E, "write-to-view", lambda x: _written(x[0], lambda y: y[1:, ::2].mul_(3.0)), SQUARE
    ),
    entry(
        _E, "write-transposed", lambda x: _written(x[0], lambda y: y.t()[0].add_(1.0)), SQUARE
    ),
    entry(
        _E,
        "write-item",
        lambda x: _written(x[0], lambda y: y.__setitem__((slice(None), 1), x[1])),
        SQUARE,
        Input((4,)),
    ),
    entry(
        _E,
        "write-expanded-source",
        lambda x: _written(x[0], lambda y: y.copy_(x[1].expand(4, 4))),
        SQUARE,
        Input((4, 1)),
    ),
    entry(
        _E,
        "write-diagonal",
        lambda x: _written(x[0], lambda y: y.diagonal().copy_(x[1])),
        SQUARE,
        Input((4,)),
    ),
    entry(
        _E,
        "write-twice",
        lambda x: _written(x[0], lambda y: y.mul_(2.0).add_(y.t().clone())),
        SQUARE,
    ),
    entry(
        _E,
        "masked-fill",
        lambda x: x[0].masked_fill(x[1], 7.0),
        CUBE,
        Input((3, 1), kind="bool"),
    ),
    entry(_E, "clamp", lambda x: x[0].clamp(-0.6, 0.7), CUBE),
    entry(_E, "lerp", lambda x: torch.lerp(x[0], x[1], 0.3), CUBE, CUBE),
    entry(
        _E, "addcmul", lambda x: torch.addcmul(x[0], x[1], x[2], value=0.3), CUBE, CUBE, CUBE
    ),
    entry(
        _E, "roundtrip-half", lambda x: x[0].half().to(x[0].dtype), CUBE, differentiable=False
    ),
    entry(_E, "to-integers", lambda x: (x[0] * 10).to(torch.int32), CUBE, differentiable=False),
)


def _scale(x: Tensor) -> float:
    """Return a factor by which squares leave float16, for dtypes that have room for them."""
    return 1.0 if x.dtype is torch.float16 else 300.0


def _written(base: Tensor, write: Callable[[Tensor], object]) -> Tensor:
    """Return a copy of ``base`` after ``write`` has changed it in place."""
    copy = base * 1.0
    write(copy)
    return copy


FOLDS: Final = (
    entry(_R, "sum-strided", lambda x: x[0].transpose(0, 2).sum(1), CUBE),
    entry(_R, "sum-keepdim", lambda x: x[0].sum((0, 2), keepdim=True), CUBE),
    entry(_R, "mean-expanded", lambda x: x[0].expand(5, 4).mean(0), Input((4,))),
    entry(_R, "var-mean", lambda x: torch.var_mean(x[0], 1), CUBE),
    entry(_R, "std", lambda x: x[0].std(1, unbiased=False), CUBE),
    entry(_R, "max-dim", lambda x: x[0].max(1), CUBE),
    entry(_R, "min-all", lambda x: x[0].min(), CUBE),
    entry(_R, "amax", lambda x: x[0].amax((0, 1)), CUBE),
    entry(_R, "argmax", lambda x: x[0].argmax(-1), CUBE, differentiable=False),
    entry(_R, "prod", lambda x: x[0].prod(1), CUBE),
    entry(_R, "norm", lambda x: torch.linalg.vector_norm(x[0], 3, 0), CUBE),
    entry(_R, "logsumexp", lambda x: x[0].logsumexp(1), CUBE),
    entry(_R, "cumsum", lambda x: x[0].transpose(0, 1).cumsum(1), CUBE),
    entry(_R, "cumprod", lambda x: x[0].cumprod(0), CUBE),
    entry(_R, "cummax", lambda x: x[0].cummax(2), CUBE),
    entry(_R, "cummin", lambda x: (x[0].transpose(0, 1) * 2).round().cummin(1), CUBE),
    entry(_R, "cummax-long", lambda x: x[0].cummax(1), Input((2, 37))),
    entry(_R, "nansum", lambda x: x[0].nansum(0), CUBE),
    entry(
        _R,
        "any-all",
        lambda x: [(x[0] > 1).any(0), (x[0] > -1).all(1)],
        CUBE,
        differentiable=False,
    ),
    entry(
        _R, "count-nonzero", lambda x: (x[0] > 0).count_nonzero(1), CUBE, differentiable=False
    ),
    entry(_R, "broadcast-sum", lambda x: (x[0] * x[1]).sum(0), Input((3, 1, 4)), Input((5, 1))),
)
LOOKUPS: Final = (
    entry(_I, "index-select", lambda x: x[0].index_select(1, x[1]), CUBE, ROWS),
    entry(_I, "index", lambda x: x[0][:, x[1], x[1]], CUBE, ROWS),
    entry(_I, "index-front", lambda x: x[0].transpose(0, 1)[x[1]], CUBE, ROWS),
    entry(_I, "mask", lambda x: x[0][x[0] > 0], CUBE),
    entry(_I, "gather", lambda x: x[0].gather(2, x[1]), CUBE, indices((2, 3, 6), 4)),
    entry(_I, "take", lambda x: x[0].take(x[1]), CUBE, indices((2, 7), 24)),
    entry(
        _I,
        "scatter-add",
        lambda x: x[0].scatter_add(1, x[1], x[2]),
        SQUARE,
        indices((4, 6), 4),
        matrix(4, 6),
    ),
    entry(_I, "scatter", lambda x: x[0].scatter(0, x[1], 5.0), SQUARE, indices((2, 4), 4)),
    entry(
        _I,
        "index-put",
        lambda x: x[0].index_put((x[1],), x[2], accumulate=True),
        SQUARE,
        indices((7,), 4),
        matrix(7, 4),
    ),
    entry(_I, "index-add", lambda x: x[0].index_add(1, x[1], x[2]), SQUARE, ROWS, matrix(4, 5)),
    entry(
        _I,
        "scatter-reduce",
        lambda x: x[0].scatter_reduce(0, x[1], x[2], "amax"),
        SQUARE,
        indices((6, 4), 4),
        matrix(6, 4),
    ),
    entry(_I, "embedding", lambda x: F.embedding(x[1], x[0]), matrix(3, 5), indices((2, 4), 3)),
    entry(_I, "sort", lambda x: x[0].sort(1, descending=True), CUBE),
    entry(_I, "topk", lambda x: x[0].topk(2, 1), CUBE),
    entry(_I, "kthvalue", lambda x: x[0].kthvalue(2, 0), CUBE),
    entry(_I, "median", lambda x: x[0].median(2), CUBE),
    entry(_I, "argsort", lambda x: x[0].argsort(0), CUBE, differentiable=False),
    entry(_I, "unique", lambda x: torch.unique(x[0]), indices((20,), 5), differentiable=False),
    entry(_I, "nonzero", lambda x: (x[0] > 0).nonzero(), CUBE, differentiable=False),
    entry(
        _I, "bincount", lambda x: torch.bincount(x[0]), indices((30,), 6), differentiable=False
    ),
    entry(
        _I,
        "searchsorted",
        lambda x: torch.searchsorted(x[0].sort().values, x[1]),
        LINE,
        SQUARE,
        differentiable=False,
    ),
    entry(
        _I,
        "searchsorted-right",
        lambda x: torch.searchsorted(x[0].sort().values, x[0], right=True),
        LINE,
        differentiable=False,
    ),
    entry(_I, "tril", lambda x: [torch.tril(x[0]), torch.triu(x[0], 1)], SQUARE),
    entry(_I, "flip", lambda x: x[0].flip(0, 2), CUBE),
    entry(_I, "roll", lambda x: x[0].roll((1, -2), (0, 2)), CUBE),
    entry(_I, "repeat-interleave", lambda x: x[0].repeat_interleave(3, 1), SQUARE),
    entry(_I, "one-hot", lambda x: F.one_hot(x[0], 6), indices((9,), 6), differentiable=False),
    entry(
        _I,
        "masked-select",
        lambda x: x[0].masked_select(x[1]),
        CUBE,
        Input((2, 3, 4), kind="bool"),
    ),
    entry(_I, "where-indices", lambda x: torch.where(x[0] > 0.3), SQUARE, differentiable=False),
    entry(
        _I,
        "masked-scatter",
        lambda x: x[0].masked_scatter(x[1], x[2]),
        SQUARE,
        Input((4, 4), kind="bool"),
        SQUARE,
    ),
)
PRODUCTS: Final = (
    entry(_C, "matmul", lambda x: x[0] @ x[1], matrix(3, 4), matrix(4, 5)),
    entry(_C, "matmul-transposed", lambda x: x[0].t() @ x[1].t(), matrix(4, 3), matrix(5, 4)),
    entry(_C, "matmul-long", lambda x: x[0] @ x[1], matrix(2, 131), matrix(131, 3)),
    entry(
        _C,
        "matmul-large",
        lambda x: x[0] @ x[1],
        matrix(33, 17),
        matrix(17, 37),
        differentiable=False,
    ),
    entry(
        _C,
        "matmul-past-halves",  # of bfloat16, whose range is that of float32
        lambda x: (x[0] * _scale(x[0])) @ (x[1] * _scale(x[0])),
        matrix(3, 4),
        matrix(4, 5),
    ),
    entry(_C, "matmul-one", lambda x: x[0] @ x[1], matrix(1, 1), matrix(1, 9)),
    entry(
        _C,
        "matmul-empty",
        lambda x: x[0] @ x[1],
        matrix(3, 0),
        matrix(0, 2),
        differentiable=False,
    ),
    entry(
        _C, "matmul-window", lambda x: x[0][1:, ::2] @ x[1][:, 1:], matrix(4, 6), matrix(3, 5)
    ),
    entry(_C, "bmm", lambda x: torch.bmm(x[0], x[1]), CUBE, Input((2, 4, 3))),
    entry(_C, "matmul-broadcast", lambda x: x[0] @ x[1], Input((3, 1, 2, 4)), Input((2, 4, 3))),
    entry(
        _C, "matmul-expanded", lambda x: x[0].expand(3, 4) @ x[1], Input((1, 4)), matrix(4, 2)
    ),
    entry(_C, "mv", lambda x: x[0] @ x[1], matrix(3, 4), Input((4,))),
    entry(_C, "dot", lambda x: x[0] @ x[1], LINE, LINE),
    entry(
        _C,
        "addmm",
        lambda x: torch.addmm(x[0], x[1], x[2], beta=0.5, alpha=2.0),
        Input((5,)),
        matrix(3, 4),
        matrix(4, 5),
    ),
    entry(
        _C,
        "einsum",
        lambda x: torch.einsum("bij,bkj->bik", x[0], x[1]),
        CUBE,
        Input((2, 5, 4)),
    ),
    entry(_C, "outer", lambda x: torch.outer(x[0], x[1]), Input((3,)), Input((5,))),
    entry(_C, "linear", lambda x: F.linear(x[0], x[1], x[2]), CUBE, matrix(5, 4), Input((5,))),
)
ENTRIES: Final = (
    *VIEWS,
    *FOLDS,
    *LOOKUPS,
    *PRODUCTS,
    *LINEAR_ALGEBRA,
    *LAYERS,
    *LABEL_LOSSES,
    *VARIANTS,
)
DIFFERENTIABLE: Final = tuple([entry for entry in ENTRIES if entry.differentiable])
