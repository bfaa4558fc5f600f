"""Layers and losses once more, in the variants that their options make of them, and of other
sizes: what a kernel written for the plain one takes a wrong turn at.
"""

from __future__ import annotations

from typing import Final

import gnomon as torch
from gnomon import Tensor
from gnomon.nn import functional as F
from gnomon_conformance.cases import Level
from gnomon_conformance.entries import IMAGE, Call, Entry, entry, matrix
from gnomon_conformance.functions import Input, channels_last, indices, with_gradients

_C: Final = Level.COMPOSITE


def _variant(
    name: str, call: Call, *inputs: Input, differentiable: bool = False, narrow: bool = True
) -> Entry:
    return entry(_C, name, call, *inputs, differentiable=differentiable, narrow=narrow)


def _running(x: list[Tensor]) -> list[Tensor]:
    """Statistics that a training step leaves, and what evaluation makes of them."""
    mean, variance = x[1] * 1.0, x[2] * 1.0
    trained = F.batch_norm(x[0], mean, variance, None, None, True, 0.3, 1e-3)
    return [trained, mean, variance, F.batch_norm(x[0], mean, variance, x[2], x[1])]


def _weights(x: Tensor) -> Tensor:
    return torch.tensor([0.5, 2.0, 1.0, 1.5], dtype=x.dtype, device=x.device)


def _heads(x: Tensor) -> Tensor:
    """Two heads, which lie behind the places in memory."""
    return x.unflatten(2, (2, 4)).transpose(1, 2)


def _dropped(x: list[Tensor]) -> Tensor:
    """What dropout leaves is zero or its input, scaled: the product is zero either way."""
    left = F.dropout(x[0], 0.25, True)
    return left * (left * 0.75 - x[0])


ATTENTION: Final = (
    _variant(
        "attention-scaled-heads",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2], scale=0.3),
        Input((2, 3, 7, 8)),
        Input((2, 3, 9, 8)),
        Input((2, 3, 9, 16)),
    ),
    _variant(
        "attention-bool-mask",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2], x[3]),
        Input((2, 2, 5, 4)),
        Input((2, 2, 6, 4)),
        Input((2, 2, 6, 4)),
        Input((2, 1, 5, 6), kind="bool"),
    ),
    _variant(
        "attention-causal-uneven",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2], is_causal=True),
        Input((2, 4, 5)),
        Input((2, 9, 5)),
        Input((2, 9, 5)),
        differentiable=True,
    ),
    _variant(
        "attention-wide",
        lambda x: F.scaled_dot_product_attention(x[0], x[1], x[2]),
        Input((1, 1, 3, 67)),
        Input((1, 1, 70, 67)),
        Input((1, 1, 70, 67)),
    ),
    _variant(
        "attention-of-exchanged-heads",
        lambda x: F.scaled_dot_product_attention(_heads(x[0]), _heads(x[1]), _heads(x[2])),
        *[Input((2, 5, 8))] * 3,
        differentiable=True,
    ),
)
LOSSES: Final = (
    _variant(
        "cross-entropy-places",
        lambda x: F.cross_entropy(x[0], x[1], _weights(x[0]), reduction="none"),
        Input((2, 4, 3, 5)),
        indices((2, 3, 5), 4),
        differentiable=True,
    ),
    _variant(
        "cross-entropy-weighted-smooth",
        lambda x: F.cross_entropy(x[0], x[1], _weights(x[0]), label_smoothing=0.2),
        matrix(9, 4),
        indices((9,), 4),
        differentiable=True,
    ),
    _variant(
        "cross-entropy-wide",
        lambda x: F.cross_entropy(x[0], x[1], reduction="sum"),
        matrix(3, 1031),
        indices((3,), 1031),
    ),
    _variant(
        "cross-entropy-many-rows",
        lambda x: F.cross_entropy(x[0], x[1], ignore_index=2),
        matrix(261, 3),
        indices((261,), 3),
    ),
    _variant(
        "max-pool2d-channels-last",
        lambda x: F.max_pool2d(channels_last(x[0]), 3, 1, 1),
        Input((2, 40, 4, 4)),
    ),
    _variant(
        "avg-pool2d-channels-last",
        lambda x: F.avg_pool2d(channels_last(x[0]), 2),
        Input((2, 40, 4, 4)),
    ),
    _variant(
        "interpolate-bilinear-long",
        lambda x: F.interpolate(x[0], size=(5, 601), mode="bilinear"),
        Input((1, 1, 3, 600)),
    ),
    _variant(
        "layer-norm-many-rows-gradient",
        with_gradients(lambda x: [F.layer_norm(x[0], (8,), x[1], x[2])]),
        matrix(131, 8),
        Input((8,)),
        Input((8,)),
    ),
    _variant(
        "cross-entropy-gradient",
        with_gradients(lambda x: [F.cross_entropy(x[0], x[1]), F.cross_entropy(x[2], x[3])]),
        matrix(3, 131),
        indices((3,), 131),
        matrix(130, 3),
        indices((130,), 3),
    ),
    _variant("softmax-rows", lambda x: x[0].softmax(1), matrix(261, 4)),
    _variant("softmax-columns", lambda x: x[0].softmax(1), Input((3, 5, 70))),
    _variant("log-softmax-columns", lambda x: x[0].log_softmax(0), matrix(5, 263)),
    _variant(
        "log-softmax-many-columns",
        with_gradients(lambda x: [x[0].log_softmax(0)]),
        matrix(3, 37),
    ),
    _variant("softmax-gradient-wide", lambda x: x[0].softmax(2), Input((2, 1, 131))),
)
NORMS: Final = (
    _variant(
        "batch-norm-running", _running, Input((5, 3, 7)), Input((3,), 0.5), Input((3,), 0.5)
    ),
    _variant("layer-norm-plain", lambda x: F.layer_norm(x[0], (5,), eps=0.1), matrix(7, 5)),
    _variant("layer-norm-long", lambda x: F.layer_norm(x[0], (1031,)), matrix(2, 1031)),
    _variant(
        "layer-norm-rows", lambda x: F.layer_norm(x[0], (3,), x[1]), matrix(261, 3), Input((3,))
    ),
    _variant(
        "group-norm-images",
        lambda x: F.group_norm(x[0], 3, x[1], x[2], 0.01),
        Input((2, 6, 5, 3)),
        Input((6,)),
        Input((6,)),
    ),
    _variant("instance-norm", lambda x: F.instance_norm(x[0]), IMAGE),
    _variant("dropout", _dropped, matrix(9, 7)),
)
WINDOWS: Final = (
    _variant("max-pool1d", lambda x: F.max_pool1d(x[0], 3, 2, 1), Input((2, 3, 14))),
    _variant("max-pool3d", lambda x: F.max_pool3d(x[0], 2, 1), Input((1, 2, 3, 4, 5))),
    _variant(
        "max-pool2d-every-place",
        lambda x: F.max_pool2d(x[0], 3, 1, 1),
        Input((2, 2, 5, 7)),
        differentiable=True,
    ),
    _variant(
        "avg-pool2d-ceil",
        lambda x: [
            F.avg_pool2d(x[0], 3, 2, 1, ceil_mode=True),
            F.avg_pool2d(x[0], (2, 3), (1, 2), (1, 1), count_include_pad=False),
            F.avg_pool2d(x[0], 2, divisor_override=3),
        ],
        IMAGE,
    ),
    _variant(
        "conv1d-groups",
        lambda x: F.conv1d(x[0], x[1], x[2], 1, 2, 2, 2),
        Input((2, 4, 11)),
        Input((6, 2, 3)),
        Input((6,)),
        differentiable=True,
    ),
    _variant(
        "conv2d-all-options",
        lambda x: F.conv2d(x[0], x[1], x[2], (2, 1), (1, 2), (1, 2), 2),
        Input((3, 4, 7, 9)),
        Input((6, 2, 3, 2)),
        Input((6,)),
        differentiable=True,
    ),
    _variant(
        "conv2d-large-window",
        lambda x: F.conv2d(x[0], x[1], padding="same"),
        Input((1, 2, 9, 8)),
        Input((3, 2, 5, 7)),
    ),
    _variant(
        "conv2d-points",
        lambda x: F.conv2d(x[0], x[1], x[2], 2),
        Input((2, 9, 5, 7)),
        Input((17, 9, 1, 1)),
        Input((17,)),
    ),
    _variant(
        "conv2d-by-channel",
        lambda x: F.conv2d(x[0], x[1], padding=1, groups=9),
        Input((1, 9, 5, 19)),
        Input((9, 1, 3, 3)),
    ),
    _variant(
        "conv3d-groups",
        lambda x: F.conv3d(x[0], x[1], x[2], 1, (1, 0, 1), 1, 2),
        Input((2, 4, 3, 4, 3)),
        Input((2, 2, 2, 1, 3)),
        Input((2,)),
    ),
    _variant(
        "conv-transpose1d",
        lambda x: F.conv_transpose1d(x[0], x[1], x[2], 3, 1, 1),
        Input((2, 3, 5)),
        Input((3, 2, 4)),
        Input((2,)),
    ),
)
RESAMPLED: Final = (
    _variant(
        "interpolate-smaller",
        lambda x: [
            F.interpolate(x[0], size=(3, 4), mode="bilinear", align_corners=True),
            F.interpolate(x[0], size=(5, 2), mode="bilinear", align_corners=False),
            F.interpolate(x[0], size=(4, 9), mode="nearest-exact"),
        ],
        Input((2, 2, 7, 6)),
    ),
    _variant(
        "interpolate-lines",
        lambda x: F.interpolate(x[0], scale_factor=1.7, mode="linear"),
        Input((2, 3, 7)),
    ),
    _variant(
        "interpolate-volumes",
        lambda x: F.interpolate(x[0], size=(3, 2, 5), mode="trilinear"),
        Input((1, 2, 2, 3, 4)),
    ),
    _variant(
        "searchsorted-rows",
        lambda x: torch.searchsorted(x[0].sort(1).values, x[1]),
        matrix(9, 41),
        matrix(9, 7),
    ),
    _variant(
        "searchsorted-integers",
        lambda x: torch.searchsorted(x[0].sort().values, x[1], right=True),
        indices((130,), 20),
        indices((5, 9), 24),
    ),
    _variant(
        "addmm-plain",
        lambda x: torch.addmm(x[0], x[1], x[2]),
        matrix(5, 4),
        matrix(5, 3),
        matrix(3, 4),
    ),
    _variant(
        "linear-square",
        lambda x: F.linear(x[0], x[1], x[2]),
        matrix(5, 3),
        matrix(5, 3),
        Input((5,)),
    ),
    _variant(
        "products-and-sums",
        lambda x: [
            torch.addmm(x[0][:, :1], x[1], x[2], beta=-1.5),
            torch.baddbmm(x[3], x[1].expand(2, 5, 3), x[2].expand(2, 3, 4), alpha=0.5),
            torch.addmv(x[0][:, 0], x[1], x[2][:, 1]),
        ],
        matrix(5, 4),
        matrix(5, 3),
        matrix(3, 4),
        Input((2, 5, 4)),
    ),
)
VARIANTS: Final = (*ATTENTION, *LOSSES, *NORMS, *WINDOWS, *RESAMPLED)
