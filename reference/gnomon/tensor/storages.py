"""Storages as objects: the bytes behind a tensor, untyped or as elements of one dtype."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final, overload
from weakref import WeakValueDictionary

from gnomon.backend import Storage
from gnomon.devices import CPU, Device
from gnomon.dtypes import DType, Scalar, get_default_dtype
from gnomon.memory import HostMemory, address_of, cast_cells
from gnomon.op.index_arguments import number_for
from gnomon.tensor.legacy import type_name
from gnomon.tensor.options import DeviceLike, backend_of


@final
class UntypedStorage:
    """The bytes of a storage, which tensors that share it share.

    >>> storage = UntypedStorage([1, 2, 3])
    >>> storage[1] = 7
    >>> storage.tolist(), storage.nbytes()
    ([1, 7, 3], 3)
    """

    __slots__ = ("__weakref__", "storage")

    storage: Storage

    def __init__(self, data: int | Sequence[int] = 0, *, device: DeviceLike = None) -> None:
        """Make a storage of that many bytes, not filled, or of these bytes."""
        backend = backend_of(device)
        size = data if isinstance(data, int) else len(data)
        self.storage = Storage(backend, backend.allocate(size))
        _OBJECTS[id(self.storage)] = self
        if not isinstance(data, int):
            backend.write(self.storage.memory, 0, memoryview(bytes(data)))

    @staticmethod
    def of(storage: Storage) -> UntypedStorage:
        """Return the one object that stands for ``storage``."""
        found = _OBJECTS.get(id(storage))
        if found is None:
            found = object.__new__(UntypedStorage)
            found.storage = storage
            # The object keeps the storage, so that no other can have its id.
            _OBJECTS[id(storage)] = found
        return found

    @property
    def device(self) -> Device:
        """Where the bytes are."""
        return self.storage.device

    def size(self) -> int:
        """Return the number of bytes."""
        return self.storage.nbytes

    nbytes = size
    __len__ = size

    def element_size(self) -> int:
        """Return 1: the elements are bytes."""
        return 1

    def data_ptr(self) -> int:
        """Return the address of the first byte; see :func:`address`."""
        return address(self.storage)

    def resizable(self) -> bool:
        """Return whether the bytes belong to the storage rather than to another library."""
        memory = self.storage.memory
        return not isinstance(memory, HostMemory) or memory.owner is None

    def read(self) -> bytes:
        """Return a copy of the bytes."""
        storage = self.storage
        return bytes(storage.backend.read(storage.memory, 0, storage.nbytes))

    def write(self, start: int, data: bytes) -> None:
        """Overwrite the bytes from ``start`` on; counts as a write to every tensor of them."""
        storage = self.storage
        storage.backend.write(storage.memory, start, memoryview(data))
        storage.count_writes()

    def tolist(self) -> list[int]:
        """Return the bytes as ints."""
        return list(self.read())

    def __iter__(self) -> Iterator[int]:
        return iter(self.read())

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        read = self.read()[index]
        return read if isinstance(read, int) else list(read)

    def __setitem__(self, index: int, value: int) -> None:
        self.write(range(len(self))[index], bytes((value % 256,)))

    def fill_(self, value: int) -> UntypedStorage:
        """Overwrite every byte with ``value``."""
        self.write(0, bytes((value % 256,)) * len(self))
        return self

    def copy_(self, source: UntypedStorage, non_blocking: bool = False) -> UntypedStorage:
        """Overwrite the bytes with those of ``source``; RuntimeError unless it has as many."""
        if len(source) != len(self):
            raise RuntimeError(
                f"copy_: size does not match, self was {len(self)} bytes but src was "
                f"{len(source)} bytes. resize_() one of them first."
            )
        self.write(0, source.read())
        return self

    def clone(self) -> UntypedStorage:
        """Return a storage of the same bytes."""
        return UntypedStorage(self.read(), device=self.device)

    def cpu(self) -> UntypedStorage:
        """Return the bytes on the CPU: this storage if it is there."""
        return self.to(CPU)

    def to(self, device: str | Device, non_blocking: bool = False) -> UntypedStorage:
        """Return the bytes on ``device``: this storage if it is there."""
        backend = backend_of(device)
        if backend is self.storage.backend:
            return self
        return UntypedStorage(self.read(), device=backend.device)

    def cuda(
        self, device: int | Device | None = None, non_blocking: bool = False
    ) -> UntypedStorage:
        """Return the bytes on the device that "cuda" means, or on that one of several."""
        if isinstance(device, Device):
            return self.to(device)
        return self.to(Device("cuda", device))

    def resize_(self, size: int) -> UntypedStorage:
        """Give the storage ``size`` bytes, keeping those that fit.

        Raises RuntimeError when the memory belongs to another library.
        """
        if not self.resizable():
            raise RuntimeError(
                "resize_: Trying to resize storage that is not resizable: its memory belongs "
                "to another library. Clone the tensor first."
            )
        storage = self.storage
        memory = storage.backend.allocate(size)
        kept = storage.backend.read(storage.memory, 0, min(size, storage.nbytes))
        storage.backend.write(memory, 0, kept)
        storage.memory = memory
        return self

    def is_shared(self) -> bool:
        """Return False: no storage is shared between processes."""
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UntypedStorage) and other.storage is self.storage

    def __hash__(self) -> int:
        return hash(id(self.storage))

    def __deepcopy__(self, memo: dict[int, object]) -> UntypedStorage:
        return self.clone()

    def __reduce__(self) -> tuple[object, tuple[bytes, str]]:
        return rebuilt_storage, (self.read(), str(self.device))

    def __repr__(self) -> str:
        lines = "".join(f" {byte}\n" for byte in self.read())
        return (
            f"{lines}[torch.storage.UntypedStorage(device={self.device}) of size {len(self)}]"
        )


def rebuilt_storage(data: bytes, device: str) -> UntypedStorage:
    """Return the storage that was pickled; what a pickle calls."""
    return UntypedStorage(data, device=device)


_OBJECTS: WeakValueDictionary[int, UntypedStorage] = WeakValueDictionary()


def address(storage: Storage) -> int:
    """Return where the bytes of ``storage`` begin, 0 if there are none.

    On the CPU it is their address; elsewhere a number that tells storages apart.
    """
    memory = storage.memory
    if not memory.nbytes:
        return 0
    return address_of(memory) if isinstance(memory, HostMemory) else id(memory)


@final
class TypedStorage:
    """A storage as elements of one dtype; PyTorch deprecates it in favour of the untyped.

    >>> from gnomon.dtypes import float32
    >>> storage = TypedStorage([1.0, 2.5], dtype=float32)
    >>> storage[1], len(storage), storage.nbytes()
    (2.5, 2, 8)
    """

    __slots__ = ("_untyped", "dtype")

    dtype: DType

    def __init__(
        self,
        data: int | Sequence[Scalar] = 0,
        *,
        dtype: DType | None = None,
        wrap_storage: UntypedStorage | None = None,
        device: DeviceLike = None,
    ) -> None:
        """Make that many elements, not filled, or these; or look at ``wrap_storage``."""
        self.dtype = dtype or get_default_dtype()
        if wrap_storage is not None:
            self._untyped = wrap_storage
            return
        size = data if isinstance(data, int) else len(data)
        self._untyped = UntypedStorage(size * self.dtype.itemsize, device=device)
        if not isinstance(data, int):
            numbers = [number_for("TypedStorage", value, self.dtype) for value in data]
            self._untyped.write(0, self.dtype.pack(numbers).tobytes())

    def untyped(self) -> UntypedStorage:
        """Return the bytes."""
        return self._untyped

    @property
    def device(self) -> Device:
        """Where the elements are."""
        return self._untyped.device

    def size(self) -> int:
        """Return the number of elements."""
        return self._untyped.size() // self.dtype.itemsize

    __len__ = size

    def nbytes(self) -> int:
        """Return the number of bytes."""
        return self._untyped.nbytes()

    def element_size(self) -> int:
        """Return the number of bytes of an element."""
        return self.dtype.itemsize

    def data_ptr(self) -> int:
        """Return the address of the first element."""
        return self._untyped.data_ptr()

    def type(self) -> str:
        """Return the name of the storage's type.

        >>> from gnomon.dtypes import int64
        >>> TypedStorage(0, dtype=int64).type()
        'torch.LongStorage'
        """
        return type_name(self.dtype).replace("Tensor", "Storage")

    def tolist(self) -> list[Scalar]:
        """Return the elements as Python numbers."""
        whole = self.size() * self.dtype.itemsize
        cells = memoryview(self._untyped.read())[:whole]
        return list(self.dtype.unpack(cast_cells(cells, self.dtype.cell)))

    def __iter__(self) -> Iterator[Scalar]:
        return iter(self.tolist())

    def __getitem__(self, index: int) -> Scalar:
        return self.tolist()[index]

    def __setitem__(self, index: int, value: Scalar) -> None:
        number = number_for("TypedStorage", value, self.dtype)
        start = range(len(self))[index] * self.dtype.itemsize
        self._untyped.write(start, self.dtype.pack((number,)).tobytes())

    def fill_(self, value: Scalar) -> TypedStorage:
        """Overwrite every element with ``value``."""
        number = number_for("TypedStorage", value, self.dtype)
        self._untyped.write(0, self.dtype.pack((number,)).tobytes() * len(self))
        return self

    def resize_(self, size: int) -> TypedStorage:
        """Give the storage ``size`` elements, keeping those that fit."""
        self._untyped.resize_(size * self.dtype.itemsize)
        return self

    def clone(self) -> TypedStorage:
        """Return a storage of the same elements."""
        return TypedStorage(dtype=self.dtype, wrap_storage=self._untyped.clone())

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TypedStorage)
            and other._untyped == self._untyped
            and other.dtype is self.dtype
        )

    def __hash__(self) -> int:
        return hash(self._untyped)

    def __repr__(self) -> str:
        lines = "".join(f" {value}\n" for value in self.tolist())
        return (
            f"{lines}[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of "
            f"size {len(self)}]"
        )
