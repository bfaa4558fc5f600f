"""Tensors in files of the safetensors format, through the library of that name.

The library comes with the extra ``safetensors`` and is imported when it is first needed. The
functions are those of its ``safetensors.torch``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from gnomon.backend import Operand
from gnomon.devices import CPU
from gnomon.dispatch import contiguous
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
    uint16,
    uint32,
    uint64,
)
from gnomon.layout import Layout
from gnomon.memory import HostMemory, address_of
from gnomon.tensor import Tensor
from gnomon.tensor.options import DeviceLike
from gnomon.tensor.storages import UntypedStorage

__all__ = ["load", "load_file", "save", "save_file"]

# https://huggingface.co/docs/safetensors/index#format
_DTYPES: dict[str, DType] = {
    "BOOL": bool_,
    "U8": uint8,
    "I8": int8,
    "U16": uint16,
    "I16": int16,
    "U32": uint32,
    "I32": int32,
    "U64": uint64,
    "I64": int64,
    "F16": float16,
    "BF16": bfloat16,
    "F32": float32,
    "F64": float64,
}


def save_file(
    tensors: Mapping[str, Tensor],
    filename: str | os.PathLike[str],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write ``tensors`` by name to the file ``filename``; ``metadata`` are texts beside them.

    Raises RuntimeError for tensors that share memory, which the format cannot say, ImportError
    where the library is not installed.
    """
    Path(filename).write_bytes(save(tensors, metadata))


def save(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """Return what ``save_file`` writes."""
    library = _library()
    _check_nothing_is_shared(tensors)
    kept = {name: HostMemory(memoryview(_elements(x))) for name, x in tensors.items()}
    specifications = {
        name: library.TensorSpec(
            dtype=tensors[name].dtype.name,
            shape=list(tensors[name].shape),
            data_ptr=address_of(memory),
            data_len=memory.nbytes,
        )
        for name, memory in kept.items()
    }
    return bytes(
        library.serialize(specifications, None if metadata is None else dict(metadata))
    )


def load_file(filename: str | os.PathLike[str], device: DeviceLike = None) -> dict[str, Tensor]:
    """Return the tensors in the file ``filename`` by name, on ``device``, the CPU by default.

    Raises RuntimeError for a file that is damaged or has elements of a dtype that gnomon lacks,
    ImportError where the library is not installed.
    """
    return _tensors_in(Path(filename).read_bytes(), str(filename), device)


def load(data: bytes, device: DeviceLike = None) -> dict[str, Tensor]:
    """Return the tensors in ``data``, which ``save`` returned."""
    return _tensors_in(data, "the data", device)


def _tensors_in(data: bytes, source: str, device: DeviceLike) -> dict[str, Tensor]:
    library = _library()
    try:
        entries = library.deserialize(data)
    except library.SafetensorError as error:
        raise RuntimeError(
            f"safetensors: {source} is damaged or in another format: {error}"
        ) from error
    tensors = {}
    for name, entry in entries:
        dtype = _DTYPES.get(entry["dtype"])
        if dtype is None:
            raise RuntimeError(
                f"safetensors: {name} in {source} has elements of {entry['dtype']}, a dtype "
                "that gnomon does not have. Convert it in PyTorch."
            )
        storage = UntypedStorage(entry["data"], device=CPU if device is None else device)
        layout = Layout.contiguous(tuple(entry["shape"]))
        tensors[name] = Tensor.over(Operand(storage.storage, layout, dtype))
    return tensors


def _elements(tensor: Tensor) -> bytearray:
    """Return the elements in logical order, as they lie in memory."""
    storage, layout, dtype = contiguous(tensor.operand)
    size = dtype.itemsize
    return bytearray(
        storage.backend.read(storage.memory, layout.offset * size, layout.numel * size)
    )


def _check_nothing_is_shared(tensors: Mapping[str, Tensor]) -> None:
    owner: dict[UntypedStorage, str] = {}
    for name, tensor in tensors.items():
        first = owner.setdefault(tensor.untyped_storage(), name)
        if first != name and tensor.numel():
            raise RuntimeError(
                f"safetensors: {first!r} and {name!r} share memory, which the format cannot "
                "say: they would be two tensors afterwards. clone() one of them, or leave it "
                "out and share it again after loading."
            )


def _library() -> ModuleType:
    try:
        import safetensors
    except ImportError as error:
        raise ImportError(
            "gnomon.utils.safetensors needs the library safetensors. Install it with "
            "`pip install 'gnomon[safetensors]'`."
        ) from error
    return safetensors
