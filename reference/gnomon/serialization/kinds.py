"""The kinds of storage that files know, by PyTorch's names: ``FloatStorage`` and its like."""

from __future__ import annotations

from typing import final

from gnomon.dtypes import (
    DType,
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)


@final
class StorageKind:
    """A storage of elements of one dtype; stands for itself in a pickle."""

    __slots__ = ("dtype", "name")

    def __init__(self, name: str, dtype: DType) -> None:
        self.name = name
        self.dtype = dtype

    def __reduce__(self) -> str:  # the attribute of this module that holds the instance
        return self.name


FloatStorage = StorageKind("FloatStorage", float32)
DoubleStorage = StorageKind("DoubleStorage", float64)
HalfStorage = StorageKind("HalfStorage", float16)
BFloat16Storage = StorageKind("BFloat16Storage", bfloat16)
LongStorage = StorageKind("LongStorage", int64)
IntStorage = StorageKind("IntStorage", int32)
ShortStorage = StorageKind("ShortStorage", int16)
CharStorage = StorageKind("CharStorage", int8)
ByteStorage = StorageKind("ByteStorage", uint8)
BoolStorage = StorageKind("BoolStorage", bool_)

KINDS: tuple[StorageKind, ...] = (
    FloatStorage,
    DoubleStorage,
    HalfStorage,
    BFloat16Storage,
    LongStorage,
    IntStorage,
    ShortStorage,
    CharStorage,
    ByteStorage,
    BoolStorage,
)

#: The kind of a dtype; dtypes that are younger than the kinds have none.
KIND_OF: dict[DType, StorageKind] = {kind.dtype: kind for kind in KINDS}
