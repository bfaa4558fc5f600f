"""Weights of convolutions in another order of memory."""

from __future__ import annotations

from typing import TypeVar

from gnomon.formats import MemoryFormat
from gnomon.nn.modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from gnomon.nn.modules.module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

M = TypeVar("M", bound=Module)


def convert_conv2d_weight_memory_format(module: M, memory_format: MemoryFormat) -> M:
    """Lay the weights of all convolutions of images in ``module`` out anew; return it.

    >>> import gnomon as torch
    >>> layer = torch.nn.Conv2d(2, 2, 2)
    >>> convert_conv2d_weight_memory_format(layer, torch.channels_last).weight.stride()
    (8, 1, 4, 2)
    """
    for each in module.modules():
        if isinstance(each, Conv2d | ConvTranspose2d):
            each.weight.data = each.weight.detach().clone(memory_format=memory_format)
    return module


def convert_conv3d_weight_memory_format(module: M, memory_format: MemoryFormat) -> M:
    """Lay the weights of all convolutions of volumes in ``module`` out anew; return it."""
    for each in module.modules():
        if isinstance(each, Conv3d | ConvTranspose3d):
            each.weight.data = each.weight.detach().clone(memory_format=memory_format)
    return module
