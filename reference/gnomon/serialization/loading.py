"""Loading: the object in an archive that gnomon or PyTorch saved."""

from __future__ import annotations

import io
import os
import pickle
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import BinaryIO, TypeAlias, cast, final

from gnomon.backend import Storage
from gnomon.devices import CPU
from gnomon.dtypes import DType
from gnomon.memory import HostMemory
from gnomon.registry import backend_for
from gnomon.serialization.archive import ArchiveReader
from gnomon.serialization.kinds import StorageKind
from gnomon.serialization.locations import MapLocation, restored
from gnomon.serialization.safe_globals import ALWAYS
from gnomon.serialization.unpickling import globals_of, unpickled
from gnomon.serialization.wire import THEIRS, Name, canonical, found
from gnomon.tensor.storages import TypedStorage, UntypedStorage

#: A path, or an open file of bytes that can go back.
Source: TypeAlias = "str | os.PathLike[str] | BinaryIO"


def load(
    f: Source,
    map_location: MapLocation = None,
    pickle_module: ModuleType | None = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    encoding: str = "utf-8",
) -> object:
    """Return the object that ``save``, of gnomon or of PyTorch, wrote to the file ``f``.

    Storages go back to the device they were saved from, or to ``map_location``: a device for
    all, a dictionary of devices by the tag in the file, or a function of storage and tag. By
    default the file may only hold weights (tensors, numbers, texts and containers of them); no
    code of it runs. With ``weights_only=False`` it may hold any object, **and may run any
    code**. ``mmap`` maps the storages of a file at a path into memory instead of reading them.

    Raises pickle.UnpicklingError for a file that is none of torch.save's or holds more than
    weights, RuntimeError for one that is damaged, of an old format or from a device that is not
    here.
    """
    if pickle_module not in (None, pickle):
        raise ValueError("load: gnomon reads with pickle only. Leave pickle_module out.")
    if mmap and not isinstance(f, str | os.PathLike):
        raise ValueError(
            "load: f must be a file path in order to use the mmap argument, not "
            f"{type(f).__name__}."
        )
    with _opened(f) as file:
        reader = ArchiveReader(file, mapped=bool(mmap))
        loader = _StorageLoader(reader, map_location)
        data = reader.read("data.pkl")
        if weights_only is None or weights_only:
            value = unpickled(data, loader.load)
        else:
            value = _TrustingUnpickler(data, loader, encoding).load()
        reader.close()
        return value


def get_unsafe_globals_in_checkpoint(f: Source) -> list[str]:
    """Return the names in the file ``f`` that ``weights_only=True`` would refuse.

    Nothing is loaded. What ``add_safe_globals`` has allowed is among them.
    """
    with _opened(f) as file:
        data = ArchiveReader(file, mapped=False).read("data.pkl")
    return [str(name) for name in map(canonical, globals_of(data)) if name not in ALWAYS]


@contextmanager
def _opened(f: Source) -> Iterator[BinaryIO]:
    """Open the file at a path for the block; a file that is open stays open."""
    if isinstance(f, str | os.PathLike):
        with open(f, "rb") as file:
            yield file
        return
    for method in ("read", "seek", "tell"):
        if not hasattr(f, method):
            raise AttributeError(
                f"load: {type(f).__name__} has no {method}(). You can only load from a path or "
                "from a file that is seekable: read it into io.BytesIO first."
            )
    yield f


@final
class _StorageLoader:
    """Reads each storage of an archive once, and puts it where it belongs."""

    def __init__(self, reader: ArchiveReader, map_location: MapLocation) -> None:
        self._reader = reader
        self._map_location = map_location
        self._storages: dict[str, UntypedStorage] = {}

    def load(self, number: object) -> TypedStorage | UntypedStorage:
        """Return the storage that a pickle calls ``number``."""
        if not (
            isinstance(number, tuple)
            and len(number) == 5
            and number[0] == "storage"
            and isinstance(number[2], str)
            and isinstance(number[3], str)
            and isinstance(number[4], int)
        ):
            raise pickle.UnpicklingError(
                f"load: the file speaks of {number!r:.100}, which is no storage."
            )
        _, kind, key, location, elements = cast("tuple[str, object, str, str, int]", number)
        dtype = kind.dtype if isinstance(kind, StorageKind) else None
        if dtype is None and kind is not UntypedStorage:
            raise pickle.UnpicklingError(f"load: {kind!r:.100} is no kind of storage.")
        storage = self._storages.get(key)
        if storage is None:
            storage = self._storages[key] = self._read(key, dtype, location, elements)
        return storage if dtype is None else TypedStorage(dtype=dtype, wrap_storage=storage)

    def _read(
        self, key: str, dtype: DType | None, location: str, elements: int
    ) -> UntypedStorage:
        itemsize = 1 if dtype is None else dtype.itemsize
        data = self._reader.storage(key, elements * itemsize)
        if self._reader.is_foreign:
            _swap(data, dtype)
        on_host = UntypedStorage.of(Storage(backend_for(CPU), HostMemory(data)))
        return restored(on_host, location, self._map_location)


def _swap(data: memoryview, dtype: DType | None) -> None:
    """Turn the bytes of every element around: the file is from a machine of the other order."""
    if dtype is None:
        raise RuntimeError(
            "load: the file is from a machine of another byte order, and has a storage of no "
            "dtype, whose bytes nobody can put in order. Save it again in this order."
        )
    if dtype.itemsize > 1:
        cells = array(dtype.cell, data.tobytes())
        cells.byteswap()
        data[:] = memoryview(cells).cast("B")


@final
class _TrustingUnpickler(pickle.Unpickler):
    """Loads any object, by its PyTorch name where it has one; runs what is in the file."""

    def __init__(self, data: bytes, loader: _StorageLoader, encoding: str) -> None:
        super().__init__(io.BytesIO(data), encoding=encoding)
        self._loader = loader

    def find_class(self, module: str, name: str) -> object:
        try:
            if module.partition(".")[0] == THEIRS:
                return found(Name(module, name))
            return super().find_class(module, name)
        except (ImportError, AttributeError) as error:
            raise pickle.UnpicklingError(
                f"load: the file has an object of {module}.{name}, which is not here: {error}. "
                "Import or define what it belongs to first, or save a state_dict() instead of "
                "the whole module."
            ) from error

    def persistent_load(self, pid: object) -> TypedStorage | UntypedStorage:
        return self._loader.load(pid)
