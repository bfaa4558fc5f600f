"""Norms: inputs brought to mean 0 and variance 1, or to a mean square of 1."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import SupportsIndex

from gnomon.composite import batch_normalization, normalization
from gnomon.composite.normalization import local_response_norm, rms_norm
from gnomon.errors import explain
from gnomon.tensor import Tensor

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "rms_norm",
]


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Return ``input`` (N, C, \\*) with mean 0 and variance 1 in each channel.

    In ``training`` the batch's own statistics are taken, and the running ones, unless None, are
    moved towards them by ``momentum``; otherwise the running ones are taken. Raises ValueError
    in training where a channel has one value only, and unless ``eps`` is above 0.

    >>> import gnomon as torch
    >>> batch_norm(torch.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    shape = tuple(input.shape)
    if training and len(shape) > 1 and shape[0] * prod(shape[2:]) == 1:
        _refuse_one_value("batch_norm", "value per channel", input)
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    return batch_normalization.batch_norm(
        input, weight, bias, running_mean, running_var, training, momentum, eps
    )


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Return ``input`` (N, C, \\*) with mean 0 and variance 1 in each channel of each sample.

    The arguments are those of ``batch_norm``, with ``use_input_stats`` for ``training``. Raises
    ValueError where a channel of a sample has one value only.

    >>> import gnomon as torch
    >>> instance_norm(torch.tensor([[[1.0, 3.0]]]), eps=0.0)
    tensor([[[-1.,  1.]]])
    """
    if use_input_stats and prod(input.shape[2:]) == 1:
        _refuse_one_value("instance_norm", "spatial element", input)
    return batch_normalization.instance_norm(
        input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps
    )


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[SupportsIndex],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Return ``input`` with mean 0 and variance 1 over its last dims, times weight, plus bias.

    ``normalized_shape`` is the shape of these dims, of ``weight`` and of ``bias``.

    >>> import gnomon as torch
    >>> layer_norm(torch.tensor([[1.0, 3.0], [-5.0, 5.0]]), [2], eps=0.0)
    tensor([[-1.,  1.],
            [-1.,  1.]])
    """
    return normalization.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Return ``input`` (N, C, \\*) with mean 0 and variance 1 in each group of channels.

    Raises RuntimeError for fewer than two dims and for numbers that do not fit.

    >>> import gnomon as torch
    >>> group_norm(torch.tensor([[1.0, 3.0, -5.0, 5.0]]), 2, eps=0.0)
    tensor([[-1.,  1., -1.,  1.]])
    """
    if input.ndim < 2:
        rule = f"Expected at least 2 dimensions for input tensor but received {input.ndim}"
        raise RuntimeError(explain("group_norm", rule, input, remedy="Give (N, C, *)"))
    return normalization.group_norm(input, num_groups, weight, bias, eps)


def _refuse_one_value(operation: str, what: str, input: Tensor) -> None:
    raise ValueError(
        explain(
            operation,
            f"Expected more than 1 {what} when training, got input size {list(input.shape)}",
            input,
            remedy="Give larger batches, or evaluate with running statistics",
        )
    )
