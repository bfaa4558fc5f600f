"""Public functions with arguments to judge them by: views, folds, lookups and composites.

A record is found by itself; a function that is made of records stands here with inputs that
show what it does. ``tests/conformance`` fails for a composite that no entry launches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias, final

import gnomon as torch
from gnomon import Tensor
from gnomon.nn import functional as F
from gnomon_conformance.cases import Level
from gnomon_conformance.functions import Function, Input, indices

Call: TypeAlias = Callable[[list[Tensor]], "Tensor | Sequence[Tensor]"]


@final
class Entry(NamedTuple):
    """A function, the inputs it is judged with, and the level it belongs to."""

    level: Level
    name: str
    function: Function
    inputs: tuple[Input, ...]
    differentiable: bool = True
    #: Whether it is defined on 16-bit floats.
    narrow: bool = True


def _entry(
    level: Level,
    name: str,
    call: Call,
    *inputs: Input,
    differentiable: bool = True,
    narrow: bool = True,
) -> Entry:
    def function(tensors: list[Tensor]) -> Sequence[Tensor]:
        result = call(tensors)
        return [result] if isinstance(result, Tensor) else [*result]

    return Entry(level, name, function, inputs, differentiable, narrow)


def _matrix(rows: int, columns: int) -> Input:
    return Input((rows, columns))


_SQUARE: Final = _matrix(4, 4)
_CUBE: Final = Input((2, 3, 4))
_LINE: Final = Input((12,))
_IMAGE: Final = Input((2, 3, 6, 6))
_ROWS: Final = indices((5,), 3)

_E, _R, _I, _C = Level.ELEMENTWISE, Level.REDUCTION, Level.INDEXING, Level.COMPOSITE

#: Views and copies, which a backend sees as layouts of its operands.
VIEWS: Final = (
    _entry(_E, "view-times", lambda x: x[0].contiguous().view(4, 6) * 2, _CUBE),
    _entry(_E, "transpose", lambda x: x[0].transpose(0, 2) + 1, _CUBE),
    _entry(_E, "permute", lambda x: x[0].permute(2, 0, 1).contiguous(), _CUBE),
    _entry(_E, "slice-step", lambda x: x[0][:, 1:, ::2] * 3, _CUBE),
    _entry(_E, "select", lambda x: x[0].select(1, 2) - 1, _CUBE),
    _entry(_E, "narrow", lambda x: x[0].narrow(2, 1, 2) * x[0].narrow(2, 2, 2), _CUBE),
    _entry(_E, "expand", lambda x: x[0].expand(3, 4, 2) * 2, Input((4, 1))),
    _entry(
        _E, "broadcast", lambda x: x[0] * x[1] + x[2], Input((3, 1)), Input((1, 4)), Input(())
    ),
    _entry(_E, "diagonal", lambda x: x[0].diagonal() * 2, _SQUARE),
    _entry(_E, "diagonal-offset", lambda x: x[0].diagonal(1, 0, 2) * 2, _CUBE),
    _entry(_E, "unfold", lambda x: x[0].unfold(0, 4, 2) * 1.5, _LINE),
    _entry(
        _E, "as-strided", lambda x: x[0].contiguous().as_strided((3, 3), (2, 1), 1) * 1.5, _LINE
    ),
    _entry(_E, "unsqueeze-squeeze", lambda x: x[0].unsqueeze(1).squeeze() * 2, _CUBE),
    _entry(_E, "flatten", lambda x: x[0].transpose(0, 1).flatten() * 2, _CUBE),
    _entry(_E, "reshape-copy", lambda x: x[0].t().reshape(2, 8), _SQUARE),
    _entry(_E, "chunk", lambda x: [part * 2 for part in x[0].chunk(3, 0)], _LINE),
    _entry(_E, "split", lambda x: [part + 1 for part in x[0].split([1, 3], 2)], _CUBE),
    _entry(_E, "unbind", lambda x: [part * part for part in x[0].unbind(1)], _CUBE),
    _entry(_E, "clone", lambda x: x[0].transpose(0, 1).clone(), _CUBE),
    _entry(_E, "cat", lambda x: torch.cat([x[0], x[1].t(), x[0]], 0), _SQUARE, _SQUARE),
    _entry(_E, "cat-last", lambda x: torch.cat([x[0], x[1]], -1), _CUBE, Input((2, 3, 1))),
    _entry(_E, "stack", lambda x: torch.stack([x[0], x[1]], 1), _SQUARE, _SQUARE),
    _entry(_E, "repeat", lambda x: x[0].repeat(2, 1, 3), _SQUARE),
    _entry(_E, "tile", lambda x: torch.tile(x[0], (2, 2)), _SQUARE),
    _entry(_E, "movedim", lambda x: x[0].movedim(0, -1) * 2, _CUBE),
    _entry(_E, "real-chain", lambda x: torch.exp(torch.sin(x[0]) * 0.5 + x[0].abs()), _CUBE),
    _entry(
        _E, "write-to-view", lambda x: _written(x[0], lambda y: y[1:, ::2].mul_(3.0)), _SQUARE
    ),
    _entry(
        _E, "write-transposed", lambda x: _written(x[0], lambda y: y.t()[0].add_(1.0)), _SQUARE
    ),
    _entry(
        _E,
        "write-item",
        lambda x: _written(x[0], lambda y: y.__setitem__((slice(None), 1), x[1])),
        _SQUARE,
        Input((4,)),
    ),
    _entry(
        _E,
        "write-expanded-source",
        lambda x: _written(x[0], lambda y: y.copy_(x[1].expand(4, 4))),
        _SQUARE,
        Input((4, 1)),
    ),
    _entry(
        _E,
        "write-diagonal",
        lambda x: _written(x[0], lambda y: y.diagonal().copy_(x[1])),
        _SQUARE,
        Input((4,)),
    ),
    _entry(
        _E,
        "write-twice",
        lambda x: _written(x[0], lambda y: y.mul_(2.0).add_(y.t().clone())),
        _SQUARE,
    ),
    _entry(
        _E,
        "masked-fill",
        lambda x: x[0].masked_fill(x[1], 7.0),
        _CUBE,
        Input((3, 1), kind="bool"),
    ),
    _entry(_E, "clamp", lambda x: x[0].clamp(-0.6, 0.7), _CUBE),
    _entry(_E, "lerp", lambda x: torch.lerp(x[0], x[1], 0.3), _CUBE, _CUBE),
    _entry(
        _E, "addcmul", lambda x: torch.addcmul(x[0], x[1], x[2], value=0.3), _CUBE, _CUBE, _CUBE
    ),
    _entry(
        _E, "roundtrip-half", lambda x: x[0].half().to(x[0].dtype), _CUBE, differentiable=False
    ),
    _entry(
        _E, "to-integers", lambda x: (x[0] * 10).to(torch.int32), _CUBE, differentiable=False
    ),
)


def _written(base: Tensor, write: Callable[[Tensor], object]) -> Tensor:
    """Return a copy of ``base`` after ``write`` has changed it in place."""
    copy = base * 1.0
    write(copy)
    return copy


FOLDS: Final = (
    _entry(_R, "sum-strided", lambda x: x[0].transpose(0, 2).sum(1), _CUBE),
    _entry(_R, "sum-keepdim", lambda x: x[0].sum((0, 2), keepdim=True), _CUBE),
    _entry(_R, "mean-expanded", lambda x: x[0].expand(5, 4).mean(0), Input((4,))),
    _entry(_R, "var-mean", lambda x: torch.var_mean(x[0], 1), _CUBE),
    _entry(_R, "std", lambda x: x[0].std(0, unbiased=False), _CUBE),
    _entry(_R, "max-dim", lambda x: x[0].max(1), _CUBE),
    _entry(_R, "min-all", lambda x: x[0].min(), _CUBE),
    _entry(_R, "amax", lambda x: x[0].amax((0, 1)), _CUBE),
    _entry(_R, "argmax", lambda x: x[0].argmax(-1), _CUBE, differentiable=False),
    _entry(_R, "prod", lambda x: x[0].prod(1), _CUBE),
    _entry(_R, "norm", lambda x: torch.linalg.vector_norm(x[0], 3, 0), _CUBE),
    _entry(_R, "logsumexp", lambda x: x[0].logsumexp(1), _CUBE),
    _entry(_R, "cumsum", lambda x: x[0].transpose(0, 1).cumsum(1), _CUBE),
    _entry(_R, "cumprod", lambda x: x[0].cumprod(0), _CUBE),
    _entry(_R, "cummax", lambda x: x[0].cummax(2), _CUBE),
    _entry(_R, "nansum", lambda x: x[0].nansum(0), _CUBE),
    _entry(
        _R,
        "any-all",
        lambda x: [(x[0] > 1).any(0), (x[0] > -1).all(1)],
        _CUBE,
        differentiable=False,
    ),
    _entry(
        _R, "count-nonzero", lambda x: (x[0] > 0).count_nonzero(1), _CUBE, differentiable=False
    ),
    _entry(
        _R, "broadcast-sum", lambda x: (x[0] * x[1]).sum(0), Input((3, 1, 4)), Input((5, 1))
    ),
)
LOOKUPS: Final = (
    _entry(_I, "index-select", lambda x: x[0].index_select(1, x[1]), _CUBE, _ROWS),
    _entry(_I, "index", lambda x: x[0][:, x[1], x[1]], _CUBE, _ROWS),
    _entry(_I, "index-front", lambda x: x[0].transpose(0, 1)[x[1]], _CUBE, _ROWS),
    _entry(_I, "mask", lambda x: x[0][x[0] > 0], _CUBE),
    _entry(_I, "gather", lambda x: x[0].gather(2, x[1]), _CUBE, indices((2, 3, 6), 4)),
    _entry(_I, "take", lambda x: x[0].take(x[1]), _CUBE, indices((2, 7), 24)),
    _entry(
        _I,
        "scatter-add",
        lambda x: x[0].scatter_add(1, x[1], x[2]),
        _SQUARE,
        indices((4, 6), 4),
        _matrix(4, 6),
    ),
    _entry(_I, "scatter", lambda x: x[0].scatter(0, x[1], 5.0), _SQUARE, indices((2, 4), 4)),
    _entry(
        _I,
        "index-put",
        lambda x: x[0].index_put((x[1],), x[2], accumulate=True),
        _SQUARE,
        indices((7,), 4),
        _matrix(7, 4),
    ),
    _entry(
        _I, "index-add", lambda x: x[0].index_add(1, x[1], x[2]), _SQUARE, _ROWS, _matrix(4, 5)
    ),
    _entry(
        _I,
        "scatter-reduce",
        lambda x: x[0].scatter_reduce(0, x[1], x[2], "amax"),
        _SQUARE,
        indices((6, 4), 4),
        _matrix(6, 4),
    ),
    _entry(
        _I, "embedding", lambda x: F.embedding(x[1], x[0]), _matrix(3, 5), indices((2, 4), 3)
    ),
    _entry(_I, "sort", lambda x: x[0].sort(1, descending=True), _CUBE),
    _entry(_I, "topk", lambda x: x[0].topk(2, 1), _CUBE),
    _entry(_I, "kthvalue", lambda x: x[0].kthvalue(2, 0), _CUBE),
    _entry(_I, "median", lambda x: x[0].median(2), _CUBE),
    _entry(_I, "argsort", lambda x: x[0].argsort(0), _CUBE, differentiable=False),
    _entry(_I, "unique", lambda x: torch.unique(x[0]), indices((20,), 5), differentiable=False),
    _entry(_I, "nonzero", lambda x: (x[0] > 0).nonzero(), _CUBE, differentiable=False),
    _entry(
        _I, "bincount", lambda x: torch.bincount(x[0]), indices((30,), 6), differentiable=False
    ),
    _entry(
        _I,
        "searchsorted",
        lambda x: torch.searchsorted(x[0].sort().values, x[1]),
        _LINE,
        _SQUARE,
        differentiable=False,
    ),
    _entry(_I, "tril", lambda x: [torch.tril(x[0]), torch.triu(x[0], 1)], _SQUARE),
    _entry(_I, "flip", lambda x: x[0].flip(0, 2), _CUBE),
    _entry(_I, "roll", lambda x: x[0].roll((1, -2), (0, 2)), _CUBE),
    _entry(_I, "repeat-interleave", lambda x: x[0].repeat_interleave(3, 1), _SQUARE),
    _entry(_I, "one-hot", lambda x: F.one_hot(x[0], 6), indices((9,), 6), differentiable=False),
    _entry(
        _I,
        "masked-select",
        lambda x: x[0].masked_select(x[1]),
        _CUBE,
        Input((2, 3, 4), kind="bool"),
    ),
    _entry(
        _I, "where-indices", lambda x: torch.where(x[0] > 0.3), _SQUARE, differentiable=False
    ),
    _entry(
        _I,
        "masked-scatter",
        lambda x: x[0].masked_scatter(x[1], x[2]),
        _SQUARE,
        Input((4, 4), kind="bool"),
        _SQUARE,
    ),
)
PRODUCTS: Final = (
    _entry(_C, "matmul", lambda x: x[0] @ x[1], _matrix(3, 4), _matrix(4, 5)),
    _entry(
        _C, "matmul-transposed", lambda x: x[0].t() @ x[1].t(), _matrix(4, 3), _matrix(5, 4)
    ),
    _entry(_C, "matmul-long", lambda x: x[0] @ x[1], _matrix(2, 131), _matrix(131, 3)),
    _entry(
        _C,
        "matmul-large",
        lambda x: x[0] @ x[1],
        _matrix(33, 17),
        _matrix(17, 37),
        differentiable=False,
    ),
    _entry(_C, "matmul-one", lambda x: x[0] @ x[1], _matrix(1, 1), _matrix(1, 9)),
    _entry(
        _C,
        "matmul-empty",
        lambda x: x[0] @ x[1],
        _matrix(3, 0),
        _matrix(0, 2),
        differentiable=False,
    ),
    _entry(
        _C, "matmul-window", lambda x: x[0][1:, ::2] @ x[1][:, 1:], _matrix(4, 6), _matrix(3, 5)
    ),
    _entry(_C, "bmm", lambda x: torch.bmm(x[0], x[1]), _CUBE, Input((2, 4, 3))),
    _entry(
        _C, "matmul-broadcast", lambda x: x[0] @ x[1], Input((3, 1, 2, 4)), Input((2, 4, 3))
    ),
    _entry(
        _C, "matmul-expanded", lambda x: x[0].expand(3, 4) @ x[1], Input((1, 4)), _matrix(4, 2)
    ),
    _entry(_C, "mv", lambda x: x[0] @ x[1], _matrix(3, 4), Input((4,))),
    _entry(_C, "dot", lambda x: x[0] @ x[1], _LINE, _LINE),
    _entry(
        _C,
        "addmm",
        lambda x: torch.addmm(x[0], x[1], x[2], beta=0.5, alpha=2.0),
        Input((5,)),
        _matrix(3, 4),
        _matrix(4, 5),
    ),
    _entry(
        _C,
        "einsum",
        lambda x: torch.einsum("bij,bkj->bik", x[0], x[1]),
        _CUBE,
        Input((2, 5, 4)),
    ),
    _entry(_C, "outer", lambda x: torch.outer(x[0], x[1]), Input((3,)), Input((5,))),
    _entry(
        _C, "linear", lambda x: F.linear(x[0], x[1], x[2]), _CUBE, _matrix(5, 4), Input((5,))
    ),
    _entry(
        _C,
        "inverse",
        lambda x: torch.linalg.inv(
            x[0] + 5 * torch.eye(4, dtype=x[0].dtype, device=x[0].device)
        ),
        _SQUARE,
        narrow=False,
    ),
    _entry(
        _C,
        "solve",
        lambda x: torch.linalg.solve(
            x[0] + 5 * torch.eye(4, dtype=x[0].dtype, device=x[0].device), x[1]
        ),
        _SQUARE,
        _matrix(4, 2),
        narrow=False,
    ),
    _entry(_C, "determinant", lambda x: torch.linalg.det(x[0]), _SQUARE, narrow=False),
)
LAYERS: Final = (
    _entry(_C, "softmax", lambda x: x[0].softmax(-1), _CUBE),
    _entry(_C, "softmax-middle", lambda x: x[0].softmax(1), _CUBE),
    _entry(_C, "softmax-large", lambda x: (x[0] * 60).softmax(0), _matrix(5, 3)),
    _entry(
        _C, "softmax-long", lambda x: x[0].softmax(1), _matrix(2, 260), differentiable=False
    ),
    _entry(_C, "log-softmax", lambda x: x[0].log_softmax(1), _CUBE),
    _entry(_C, "cross-entropy", lambda x: F.cross_entropy(x[0], x[1]), _matrix(5, 3), _ROWS),
    _entry(_C, "nll", lambda x: F.nll_loss(x[0], x[1], reduction="sum"), _matrix(5, 3), _ROWS),
    _entry(_C, "mse", lambda x: F.mse_loss(x[0], x[1]), _CUBE, _CUBE),
    _entry(
        _C,
        "bce-logits",
        lambda x: F.binary_cross_entropy_with_logits(x[0], x[1]),
        _LINE,
        Input((12,), 0.1, 0.9),
    ),
    _entry(_C, "smooth-l1", lambda x: F.smooth_l1_loss(x[0], x[1]), _LINE, _LINE),
    _entry(
        _C,
        "kl-div",
        lambda x: F.kl_div(x[0], x[1], reduction="batchmean"),
        _matrix(3, 4),
        Input((3, 4), 0.1, 0.9),
    ),
    _entry(
        _C,
        "layer-norm",
        lambda x: F.layer_norm(x[0], (4,), x[1], x[2]),
        _CUBE,
        Input((4,)),
        Input((4,)),
    ),
    _entry(
        _C,
        "group-norm",
        lambda x: F.group_norm(x[0], 2, x[1], x[2]),
        Input((2, 4, 3)),
        Input((4,)),
        Input((4,)),
    ),
    _entry(_C, "rms-norm", lambda x: F.rms_norm(x[0], (4,), x[1]), _CUBE, Input((4,))),
    _entry(
        _C,
        "batch-norm",
        lambda x: F.batch_norm(x[0], None, None, x[1], x[2], True),
        Input((4, 3, 5)),
        Input((3,)),
        Input((3,)),
    ),
    _entry(_C, "gelu", lambda x: F.gelu(x[0]), _CUBE),
    _entry(_C, "gelu-tanh", lambda x: F.gelu(x[0], approximate="tanh"), _CUBE),
    _entry(_C, "glu", lambda x: F.glu(x[0], 2), _CUBE),
    _entry(_C, "normalize", lambda x: F.normalize(x[0], dim=1), _CUBE),
    _entry(_C, "cosine", lambda x: F.cosine_similarity(x[0], x[1], 1), _SQUARE, _SQUARE),
    _entry(_C, "cdist", lambda x: torch.cdist(x[0], x[1]), _matrix(3, 4), _matrix(2, 4)),
    _entry(
        _C,
        "conv1d",
        lambda x: F.conv1d(x[0], x[1], x[2], stride=2, padding=1),
        Input((2, 3, 8)),
        Input((4, 3, 3)),
        Input((4,)),
    ),
    _entry(
        _C,
        "conv2d",
        lambda x: F.conv2d(x[0], x[1], x[2], padding=1),
        _IMAGE,
        Input((4, 3, 3, 3)),
        Input((4,)),
    ),
    _entry(
        _C,
        "conv2d-dilated",
        lambda x: F.conv2d(x[0], x[1], stride=2, dilation=2),
        _IMAGE,
        Input((2, 3, 2, 2)),
    ),
    _entry(
        _C,
        "conv2d-groups",
        lambda x: F.conv2d(x[0], x[1], groups=3),
        _IMAGE,
        Input((6, 1, 3, 2)),
    ),
    _entry(
        _C,
        "conv-transpose2d",
        lambda x: F.conv_transpose2d(x[0], x[1], stride=2),
        Input((1, 3, 3, 3)),
        Input((3, 2, 2, 2)),
    ),
    _entry(_C, "max-pool2d", lambda x: F.max_pool2d(x[0], 2), _IMAGE),
    _entry(_C, "max-pool2d-overlapping", lambda x: F.max_pool2d(x[0], 3, 2, 1), _IMAGE),
    _entry(_C, "avg-pool2d", lambda x: F.avg_pool2d(x[0], 3, 2, 1), _IMAGE),
    _entry(_C, "adaptive-avg-pool2d", lambda x: F.adaptive_avg_pool2d(x[0], (2, 4)), _IMAGE),
    _entry(
        _C,
        "interpolate",
        lambda x: F.interpolate(x[0], scale_factor=2, mode="bilinear", align_corners=False),
        Input((1, 2, 3, 3)),
    ),
    _entry(_C, "pad", lambda x: F.pad(x[0], (1, 2, 0, 1), value=0.5), _CUBE),
    _entry(_C, "pad-reflect", lambda x: F.pad(x[0], (2, 1), mode="reflect"), _CUBE),
    _entry(_C, "unfold-images", lambda x: F.unfold(x[0], 3, stride=2), _IMAGE),
    _entry(_C, "pixel-shuffle", lambda x: F.pixel_shuffle(x[0], 2), Input((1, 4, 2, 3))),
    _entry(
        _C,
        "attention",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2], is_causal=True),
        Input((1, 2, 5, 4)),
        Input((1, 2, 5, 4)),
        Input((1, 2, 5, 3)),
    ),
    _entry(
        _C,
        "mlp",
        lambda x: torch.relu(x[0] @ x[1] + x[2]) @ x[3],
        _matrix(3, 4),
        _matrix(4, 6),
        Input((6,)),
        _matrix(6, 2),
    ),
)

ENTRIES: Final = (*VIEWS, *FOLDS, *LOOKUPS, *PRODUCTS, *LAYERS)
DIFFERENTIABLE: Final = tuple([entry for entry in ENTRIES if entry.differentiable])
