"""The constants with which programs ask for an order of dimensions in memory."""

from __future__ import annotations

from enum import Enum
from typing import final


@final
class MemoryFormat(Enum):
    """How the dims of a fresh tensor are ordered in memory (``torch.memory_format``)."""

    CONTIGUOUS = "contiguous_format"
    PRESERVE = "preserve_format"
    CHANNELS_LAST = "channels_last"
    CHANNELS_LAST_3D = "channels_last_3d"

    def __repr__(self) -> str:
        return f"torch.{self.value}"

    __str__ = __repr__


@final
class TensorLayout(Enum):
    """How elements are stored at all (``torch.layout``); gnomon has strided tensors only."""

    STRIDED = "strided"

    def __repr__(self) -> str:
        return f"torch.{self.value}"

    __str__ = __repr__


contiguous_format = MemoryFormat.CONTIGUOUS
preserve_format = MemoryFormat.PRESERVE
channels_last = MemoryFormat.CHANNELS_LAST
channels_last_3d = MemoryFormat.CHANNELS_LAST_3D
strided = TensorLayout.STRIDED
