"""Channels dealt out among groups."""

from __future__ import annotations

from gnomon.nn import functional as F
from gnomon.nn.modules.module import Module
from gnomon.tensor import Tensor

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    """(N, C, ...) with its channels, of ``groups`` equal groups, dealt out in turn.

    >>> import gnomon as torch
    >>> ChannelShuffle(2)(torch.arange(4.0).view(1, 4, 1)).flatten()
    tensor([0., 2., 1., 3.])
    """

    groups: int

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
