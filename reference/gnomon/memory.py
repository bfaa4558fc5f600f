"""Memory: what holds a storage's bytes, and the host's own kind of it."""

from __future__ import annotations

from struct import calcsize
from typing import Protocol, final


class Memory(Protocol):
    """What a backend's ``allocate`` returns; only that backend looks inside."""

    @property
    def nbytes(self) -> int: ...


@final
class HostMemory:
    """Bytes of this process: a writable buffer, ours or one shared with NumPy.

    >>> memory = HostMemory(memoryview(bytearray(8)))
    >>> memory.cells("f")[1] = 2.5
    >>> memory.cells("f").tolist()
    [0.0, 2.5]
    """

    __slots__ = ("_cells", "bytes", "owner")

    def __init__(self, bytes: memoryview, owner: object = None) -> None:
        """Wrap ``bytes``, a flat memoryview of format ``B``; ``owner`` keeps them alive."""
        self.bytes = bytes
        self.owner = owner
        self._cells: dict[str, memoryview] = {}

    @property
    def nbytes(self) -> int:
        return self.bytes.nbytes

    def cells(self, code: str) -> memoryview:
        """Return the bytes as a flat sequence of cells of the ``struct`` format ``code``."""
        cells = self._cells.get(code)
        if cells is None:
            whole = self.bytes
            if remainder := whole.nbytes % calcsize(code):
                whole = whole[: whole.nbytes - remainder]
            cells = self._cells[code] = cast_cells(whole, code)
        return cells


def borrowed(address: int, nbytes: int, owner: object) -> HostMemory:
    """Return ``nbytes`` bytes of this process, which live as long as ``owner``."""
    import ctypes  # only programs that share memory with other libraries need it

    cells = (ctypes.c_ubyte * nbytes).from_address(address)
    return HostMemory(memoryview(cells).cast("B"), owner)


def address_of(memory: HostMemory) -> int:
    """Return where in this process the bytes of ``memory`` begin; 0 if there are none."""
    import ctypes  # only programs that share memory with other libraries need it

    if not memory.nbytes:
        return 0
    return ctypes.addressof(ctypes.c_ubyte.from_buffer(memory.bytes))


def cast_cells(data: memoryview, code: str, shape: tuple[int, ...] | None = None) -> memoryview:
    """Return ``data`` as cells of the ``struct`` format ``code``, flat without ``shape``."""
    if shape is None:
        return data.cast(code)  # type: ignore[call-overload,no-any-return]  # any format
    return data.cast(code, shape)  # type: ignore[call-overload,no-any-return]  # as above
