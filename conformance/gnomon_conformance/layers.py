"""Layers and losses of neural networks, with inputs that show what they do.

Those that a backend may run as one kernel stand here a second time, with more elements than a
vector, a block or a tile of theirs has, and no multiple of it.
"""

from __future__ import annotations

from typing import Final

import gnomon as torch
from gnomon.nn import functional as F
from gnomon_conformance.cases import Level
from gnomon_conformance.entries import CUBE, IMAGE, LINE, ROWS, SQUARE, entry, matrix
from gnomon_conformance.functions import Input, indices

_C: Final = Level.COMPOSITE
#: On both sides of the sizes of vectors, groups of threads and blocks.
_LENGTHS: Final = (4, 8, 9, 16, 32, 33, 64, 65, 128, 129, 257, 1025)

SMALL: Final = (
    entry(_C, "softmax", lambda x: x[0].softmax(-1), CUBE),
    entry(_C, "softmax-middle", lambda x: x[0].softmax(1), CUBE),
    entry(_C, "softmax-large", lambda x: (x[0] * 60).softmax(0), matrix(5, 3)),
    entry(_C, "softmax-long", lambda x: x[0].softmax(1), matrix(2, 260), differentiable=False),
    entry(_C, "log-softmax", lambda x: x[0].log_softmax(1), CUBE),
    entry(_C, "cross-entropy", lambda x: F.cross_entropy(x[0], x[1]), matrix(5, 3), ROWS),
    entry(_C, "nll", lambda x: F.nll_loss(x[0], x[1], reduction="sum"), matrix(5, 3), ROWS),
    entry(_C, "mse", lambda x: F.mse_loss(x[0], x[1]), CUBE, CUBE),
    entry(
        _C,
        "bce-logits",
        lambda x: F.binary_cross_entropy_with_logits(x[0], x[1]),
        LINE,
        Input((12,), 0.1, 0.9),
    ),
    entry(_C, "smooth-l1", lambda x: F.smooth_l1_loss(x[0], x[1]), LINE, LINE),
    entry(
        _C,
        "kl-div",
        lambda x: F.kl_div(x[0], x[1], reduction="batchmean"),
        matrix(3, 4),
        Input((3, 4), 0.1, 0.9),
    ),
    entry(
        _C,
        "layer-norm",
        lambda x: F.layer_norm(x[0], (4,), x[1], x[2]),
        CUBE,
        Input((4,)),
        Input((4,)),
    ),
    entry(
        _C,
        "group-norm",
        lambda x: F.group_norm(x[0], 2, x[1], x[2]),
        Input((2, 4, 3)),
        Input((4,)),
        Input((4,)),
    ),
    entry(_C, "rms-norm", lambda x: F.rms_norm(x[0], (4,), x[1]), CUBE, Input((4,))),
    entry(
        _C,
        "batch-norm",
        lambda x: F.batch_norm(x[0], None, None, x[1], x[2], True),
        Input((4, 3, 5)),
        Input((3,)),
        Input((3,)),
    ),
    entry(_C, "gelu", lambda x: F.gelu(x[0]), CUBE),
    entry(_C, "gelu-tanh", lambda x: F.gelu(x[0], approximate="tanh"), CUBE),
    entry(_C, "glu", lambda x: F.glu(x[0], 2), CUBE),
    entry(_C, "normalize", lambda x: F.normalize(x[0], dim=1), CUBE),
    entry(_C, "cosine", lambda x: F.cosine_similarity(x[0], x[1], 1), SQUARE, SQUARE),
    entry(_C, "cdist", lambda x: torch.cdist(x[0], x[1]), matrix(3, 4), matrix(2, 4)),
    entry(
        _C,
        "conv1d",
        lambda x: F.conv1d(x[0], x[1], x[2], stride=2, padding=1),
        Input((2, 3, 8)),
        Input((4, 3, 3)),
        Input((4,)),
    ),
    entry(
        _C,
        "conv2d",
        lambda x: F.conv2d(x[0], x[1], x[2], padding=1),
        IMAGE,
        Input((4, 3, 3, 3)),
        Input((4,)),
    ),
    entry(
        _C,
        "conv2d-dilated",
        lambda x: F.conv2d(x[0], x[1], stride=2, dilation=2),
        IMAGE,
        Input((2, 3, 2, 2)),
    ),
    entry(
        _C,
        "conv2d-groups",
        lambda x: F.conv2d(x[0], x[1], groups=3),
        IMAGE,
        Input((6, 1, 3, 2)),
    ),
    entry(
        _C,
        "conv-transpose2d",
        lambda x: F.conv_transpose2d(x[0], x[1], stride=2),
        Input((1, 3, 3, 3)),
        Input((3, 2, 2, 2)),
    ),
    entry(_C, "max-pool2d", lambda x: F.max_pool2d(x[0], 2), IMAGE),
    entry(_C, "max-pool2d-overlapping", lambda x: F.max_pool2d(x[0], 3, 2, 1), IMAGE),
    entry(_C, "avg-pool2d", lambda x: F.avg_pool2d(x[0], 3, 2, 1), IMAGE),
    entry(_C, "adaptive-avg-pool2d", lambda x: F.adaptive_avg_pool2d(x[0], (2, 4)), IMAGE),
    entry(
        _C,
        "interpolate",
        lambda x: F.interpolate(x[0], scale_factor=2, mode="bilinear", align_corners=False),
        Input((1, 2, 3, 3)),
    ),
    entry(_C, "pad", lambda x: F.pad(x[0], (1, 2, 0, 1), value=0.5), CUBE),
    entry(_C, "pad-reflect", lambda x: F.pad(x[0], (2, 1), mode="reflect"), CUBE),
    entry(_C, "unfold-images", lambda x: F.unfold(x[0], 3, stride=2), IMAGE),
    entry(_C, "pixel-shuffle", lambda x: F.pixel_shuffle(x[0], 2), Input((1, 4, 2, 3))),
    entry(
        _C,
        "attention",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2], is_causal=True),
        Input((1, 2, 5, 4)),
        Input((1, 2, 5, 4)),
        Input((1, 2, 5, 3)),
    ),
    entry(
        _C,
        "mlp",
        lambda x: torch.relu(x[0] @ x[1] + x[2]) @ x[3],
        matrix(3, 4),
        matrix(4, 6),
        Input((6,)),
        matrix(6, 2),
    ),
)
#: Larger than a vector, a block or a tile, and no multiple of it.
LARGE: Final = (
    entry(_C, "softmax-wide", lambda x: x[0].softmax(1), matrix(3, 133)),
    entry(_C, "softmax-tall", lambda x: x[0].softmax(0), matrix(67, 5)),
    entry(_C, "log-softmax-wide", lambda x: x[0].log_softmax(1), matrix(2, 261)),
    entry(
        _C,
        "softmax-masked",
        # The last row is masked throughout, and becomes NaN.
        lambda x: torch.cat(
            [x[0].masked_fill(x[1], -torch.inf), torch.full_like(x[0][:1], -torch.inf)]
        ).softmax(-1),
        matrix(9, 4),
        Input((9, 4), kind="bool"),
        differentiable=False,
    ),
    entry(
        _C,
        "layer-norm-wide",
        lambda x: F.layer_norm(x[0], (131,), x[1], x[2]),
        matrix(3, 131),
        Input((131,)),
        Input((131,)),
    ),
    entry(
        _C,
        "layer-norm-two-dims",
        lambda x: F.layer_norm(x[0], (5, 7), x[1]),
        Input((3, 5, 7)),
        matrix(5, 7),
    ),
    entry(
        _C,
        "batch-norm-images",
        lambda x: F.batch_norm(x[0], None, None, x[1], x[2], True),
        Input((3, 5, 6, 7)),
        Input((5,)),
        Input((5,)),
    ),
    entry(
        _C,
        "layer-norm-thousands",
        lambda x: F.layer_norm(x[0], (2100,), x[1], x[2]),
        matrix(2, 2100),
        Input((2100,)),
        Input((2100,)),
        differentiable=False,
    ),
    entry(
        _C,
        "batch-norm-larger-images",
        lambda x: F.batch_norm(x[0], None, None, x[1], None, True),
        Input((2, 2, 15, 19)),
        Input((2,)),
        differentiable=False,
    ),
    entry(
        _C,
        "softmax-five-dims",
        lambda x: [x[0].softmax(4), x[0].softmax(2), x[0].log_softmax(0)],
        Input((2, 2, 3, 2, 3)),
        differentiable=False,
    ),
    entry(
        _C,
        "nll-of-hundreds",
        lambda x: F.nll_loss(x[0], x[1]),
        matrix(3, 300),
        indices((3,), 300),
        differentiable=False,
    ),
    entry(
        _C,
        "attention-long",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2]),
        Input((2, 1, 19, 5)),
        Input((2, 1, 37, 5)),
        Input((2, 1, 37, 3)),
    ),
    entry(
        _C,
        "attention-wide-heads",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2]),
        Input((1, 1, 3, 40)),
        Input((1, 1, 5, 40)),
        Input((1, 1, 5, 36)),
    ),
    entry(
        _C,
        "attention-mask",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2], x[3]),
        Input((1, 2, 5, 4)),
        Input((1, 2, 9, 4)),
        Input((1, 2, 9, 4)),
        Input((5, 9)),
    ),
    entry(
        _C,
        "attention-causal-long",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2], is_causal=True),
        Input((1, 2, 35, 4)),
        Input((1, 2, 35, 4)),
        Input((1, 2, 35, 4)),
        differentiable=False,
    ),
    entry(
        _C,
        "cross-entropy-many",
        lambda x: F.cross_entropy(x[0], x[1], ignore_index=1, label_smoothing=0.1),
        matrix(21, 70),
        indices((21,), 70),
    ),
    entry(
        _C,
        "nll-weighted",
        lambda x: F.nll_loss(
            x[0],
            x[1],
            torch.tensor([0.5, 2.0, 1.0, 1.5], dtype=x[0].dtype, device=x[0].device),
            ignore_index=0,
        ),
        matrix(9, 4),
        indices((9,), 4),
    ),
    entry(
        _C,
        "cross-entropy-probabilities",
        lambda x: F.cross_entropy(x[0], x[1].softmax(1)),
        matrix(5, 3),
        matrix(5, 3),
    ),
    # Not its derivatives: next to a probability of 1, all of theirs is lost that others share.
    entry(
        _C,
        "log-softmax-large",
        lambda x: (x[0] * 60).log_softmax(0),
        matrix(5, 3),
        differentiable=False,
    ),
    entry(
        _C,
        "log-softmax-offset",
        lambda x: (x[0] + torch.tensor([0.0, 100.0, -800.0]).to(x[0])).log_softmax(0),
        matrix(5, 3),
    ),
    entry(
        _C,
        "softmax-lengths",
        lambda x: [
            each(x[0][:, :n], 1) for n in _LENGTHS for each in (F.softmax, F.log_softmax)
        ],
        matrix(2, 1025),
        differentiable=False,
        narrow=False,
    ),
    entry(
        _C,
        "softmax-scalar",
        lambda x: [x[0].sum().softmax(0), x[0].sum().log_softmax(0)],
        LINE,
    ),
    entry(_C, "softmax-many-columns", lambda x: x[0].softmax(0), matrix(3, 67)),
    entry(
        _C,
        "matmul-lengths",
        lambda x: [x[0][:, :n] @ x[1][:n] for n in _LENGTHS[:-2]],
        matrix(3, 129),
        matrix(129, 5),
        differentiable=False,
    ),
    entry(
        _C,
        "conv2d-line",
        lambda x: F.conv2d(x[0], x[1], padding=1),
        Input((1, 2, 3, 70)),
        Input((3, 2, 3, 3)),
        differentiable=False,
    ),
    entry(
        _C,
        "attention-masked-start",
        lambda x: F.scaled_dot_product_attention(
            x[0], x[1], x[2], (torch.arange(20) >= 17).expand(3, 20).to(x[0].device)
        ),
        Input((1, 2, 3, 4)),
        Input((1, 2, 20, 4)),
        Input((1, 2, 20, 5)),
    ),
    entry(
        _C,
        "max-pool2d-many-places",
        lambda x: F.max_pool2d(x[0], 2, return_indices=True),
        Input((1, 2, 17, 19)),
        differentiable=False,
    ),
    entry(
        _C,
        "max-pool2d-negative",
        lambda x: F.max_pool2d(x[0], 3, 2, 1),
        Input((2, 1, 6, 5), -2.0, -0.25),
    ),
    entry(
        _C,
        "max-pool2d-dilated",
        lambda x: F.max_pool2d(x[0], (2, 3), (2, 1), (1, 0), 2, ceil_mode=True),
        Input((1, 2, 9, 11)),
    ),
    entry(
        _C,
        "max-pool2d-indices",
        lambda x: F.max_pool2d(x[0], 2, return_indices=True),
        Input((2, 2, 5, 7)),
        differentiable=False,
    ),
    entry(
        _C,
        "conv2d-wide",
        lambda x: F.conv2d(x[0], x[1], x[2], padding=(1, 0)),
        Input((2, 5, 9, 17)),
        Input((7, 5, 3, 3)),
        Input((7,)),
        differentiable=False,
    ),
    entry(
        _C,
        "conv2d-channels-last",
        lambda x: F.conv2d(x[0].to(memory_format=torch.channels_last), x[1], padding=1),
        IMAGE,
        Input((5, 3, 3, 3)),
    ),
    entry(
        _C,
        "conv3d",
        lambda x: F.conv3d(x[0], x[1], stride=(1, 2, 1), padding=1),
        Input((1, 2, 3, 4, 3)),
        Input((2, 2, 2, 3, 2)),
    ),
    entry(
        _C,
        "conv-transpose2d-groups",
        lambda x: F.conv_transpose2d(x[0], x[1], x[2], (2, 1), 1, (1, 0), 2, (1, 2)),
        Input((2, 4, 3, 5)),
        Input((4, 2, 3, 2)),
        Input((4,)),
    ),
    entry(
        _C,
        "interpolate-bicubic",
        lambda x: F.interpolate(x[0], size=(5, 7), mode="bicubic", align_corners=True),
        Input((1, 2, 3, 4)),
    ),
    entry(
        _C,
        "interpolate-nearest",
        lambda x: F.interpolate(x[0], size=(5, 3), mode="nearest"),
        Input((2, 1, 3, 4)),
    ),
)
#: Points lie in the images and around them, none on an element or halfway between two.
_GRID: Final = Input((2, 3, 4, 2), -1.9, 1.9)
GRIDS: Final = (
    entry(
        _C,
        "grid-sample",
        lambda x: F.grid_sample(x[0], x[1], align_corners=False),
        Input((2, 3, 5, 7)),
        _GRID,
        narrow=False,
    ),
    entry(
        _C,
        "grid-sample-of-border",
        lambda x: F.grid_sample(
            x[0].transpose(2, 3), x[1], padding_mode="border", align_corners=True
        ),
        Input((2, 2, 5, 7)),
        _GRID,
        narrow=False,
    ),
    entry(
        _C,
        "grid-sample-by-reflection",
        lambda x: F.grid_sample(x[0], x[1], padding_mode="reflection", align_corners=False),
        Input((2, 2, 3, 7)),
        _GRID,
        narrow=False,
    ),
    entry(
        _C,
        "grid-sample-nearest",
        lambda x: F.grid_sample(x[0], x[1], "nearest", align_corners=False),
        Input((2, 3, 3, 5)),
        Input((2, 3, 4, 2), -1.4, 1.4),
        differentiable=False,
        narrow=False,
    ),
)
LAYERS: Final = (*SMALL, *LARGE, *GRIDS)
