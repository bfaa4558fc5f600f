"""Names for annotations in PyTorch programs: ``torch.types``."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TypeAlias

from gnomon import devices, dtypes
from gnomon.layout import Size
from gnomon.tensor import Tensor

__all__ = ["Device", "Number"]

#: What names a device.
Device: TypeAlias = devices.Device | str | int | None
#: A Python number.
Number: TypeAlias = int | float | bool

_dtype: TypeAlias = dtypes.DType
_device: TypeAlias = devices.Device
_int: TypeAlias = builtins.int
_float: TypeAlias = builtins.float
_bool: TypeAlias = builtins.bool
_size: TypeAlias = Size | Sequence[int]
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
