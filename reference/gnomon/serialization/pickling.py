"""Objects to the pickle of an archive: tensors as PyTorch's calls, storages as records."""

from __future__ import annotations

import io
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias, cast, final

from gnomon.backend import Storage
from gnomon.devices import Device
from gnomon.dtypes import DType, uint8
from gnomon.formats import TensorLayout
from gnomon.layout import Size
from gnomon.nn.parameter import Buffer, Parameter
from gnomon.serialization import rebuilding
from gnomon.serialization.kinds import KIND_OF
from gnomon.serialization.wire import Name, written
from gnomon.tensor import Tensor
from gnomon.tensor.storage_methods import StorageMethods
from gnomon.tensor.storages import TypedStorage, UntypedStorage

#: A function and what to call it with.
Call: TypeAlias = "tuple[Callable[..., object], tuple[object, ...]]"

# Protocol 0 calls storages by texts only; from 4 on, what is called is named in two texts,
# which may be far apart.
_PROTOCOLS = (1, 2, 3)


def pickled(value: object, protocol: int) -> tuple[bytes, list[UntypedStorage]]:
    """Return ``value`` as a pickle in PyTorch's names, and the storages it speaks of.

    Raises RuntimeError for tensors that view one storage as different dtypes, ValueError for
    protocols that are not from 1 to 3.
    """
    if protocol not in _PROTOCOLS:
        raise ValueError(
            f"save: pickle_protocol={protocol}, but gnomon writes the protocols 1, 2 and 3. "
            "PyTorch's own is 2."
        )
    output = io.BytesIO()
    pickler = _Pickler(output, protocol)
    pickler.dump(value)
    return _in_written_names(output.getvalue()), pickler.storages


@final
class _Pickler(pickle.Pickler):
    """Pickles tensors as calls that both libraries know, and storages as numbers."""

    def __init__(self, output: io.BytesIO, protocol: int) -> None:
        super().__init__(output, protocol)
        self.storages: list[UntypedStorage] = []
        self._keys: dict[Storage, str] = {}
        self._dtypes: dict[Storage, DType] = {}

    def persistent_id(self, obj: object) -> tuple[object, ...] | None:
        if isinstance(obj, TypedStorage) and obj.dtype in KIND_OF:
            return self._record(obj.untyped(), KIND_OF[obj.dtype], obj.dtype)
        if isinstance(obj, UntypedStorage):
            return self._record(obj, UntypedStorage, uint8)
        return None

    def reducer_override(self, obj: object) -> Call:
        if isinstance(obj, StorageMethods) and _is_plain(obj):
            return _tensor_call(cast(Tensor, obj))
        if isinstance(obj, Size):
            return Size, (tuple(obj),)
        if isinstance(obj, Device):
            return Device, (obj.type,) if obj.index is None else (obj.type, obj.index)
        if isinstance(obj, TensorLayout):
            return rebuilding.layout, (str(obj),)
        return cast(Call, NotImplemented)

    def _record(
        self, untyped: UntypedStorage, kind: object, dtype: DType
    ) -> tuple[object, ...]:
        storage = untyped.storage
        if self._dtypes.setdefault(storage, dtype) is not dtype:
            raise RuntimeError(
                "save: Cannot save multiple tensors or storages that view the same data as "
                f"different types, here {self._dtypes[storage]} and {dtype}. clone() one of "
                "them first."
            )
        if storage not in self._keys:
            self._keys[storage] = str(len(self.storages))
            self.storages.append(untyped)
        elements = untyped.nbytes() // dtype.itemsize
        return ("storage", kind, self._keys[storage], str(untyped.device), elements)


def _is_plain(tensor: StorageMethods) -> bool:
    """Tell whether ``tensor`` is pickled as tensors are, not in a way of its class's own."""
    return type(tensor).__reduce_ex__ is StorageMethods.__reduce_ex__


def _tensor_call(tensor: Tensor) -> Call:
    """Return the call that makes ``tensor`` again, with what a program added to it."""
    state = tensor.given_attributes()
    if isinstance(tensor, Parameter):
        data = Tensor.over(tensor.operand)
        arguments = (data, tensor.requires_grad, _no_hooks())
        if type(tensor) is Parameter:
            if state:
                return rebuilding.parameter_with_state, (*arguments, state)
            return rebuilding.parameter, arguments
        return rebuilding.with_state, (rebuilding.parameter, type(tensor), arguments, state)
    function, read = _plain_call(tensor)
    kind: type[Tensor] = type(tensor)
    if kind is Buffer:  # which is a tensor with a mark, in PyTorch
        kind, state = Tensor, {**state, "_is_buffer": True}
    if kind is Tensor and not state:
        return function, read
    return rebuilding.with_state, (function, kind, read, state)


def _plain_call(tensor: Tensor) -> Call:
    storage, (shape, strides, offset), dtype = tensor.operand
    untyped = UntypedStorage.of(storage)
    read = (offset, tuple(shape), tuple(strides), tensor.requires_grad, _no_hooks())
    if dtype in KIND_OF:
        typed = TypedStorage(dtype=dtype, wrap_storage=untyped)
        return rebuilding.typed_tensor, (typed, *read)
    return rebuilding.untyped_tensor, (untyped, *read, dtype)


def _no_hooks() -> OrderedDict[object, object]:
    """Return what stands for a tensor's hooks, which are not saved."""
    return OrderedDict()


def _in_written_names(data: bytes) -> bytes:
    """Return the pickle with every global under the name that files have for it."""
    parts: list[bytes] = []
    copied = 0
    for opcode, argument, position in pickletools.genops(data):
        if opcode.name != "GLOBAL" or position is None:
            continue
        own = Name(*str(argument).split(" ", 1))
        name = written(own)
        if name != own:
            parts += [data[copied:position], f"c{name.module}\n{name.name}\n".encode()]
            copied = position + len(f"c{own.module}\n{own.name}\n".encode())
    return b"".join([*parts, data[copied:]])
