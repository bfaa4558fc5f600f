"""Device memory: pooled, because a fresh allocation costs a page fault a page.

Blocks go back to the pool as soon as Python drops them, though kernels that use them may still
be queued: a block is issued again only on the one in-order queue, behind those kernels.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, final

import numpy as np
import pyopencl as cl
from pyopencl.tools import ImmediateAllocator, MemoryPool, PooledBuffer

from gnomon.backend import Memory, OutOfMemoryError

#: OpenCL has no buffers of no bytes, and kernels may load a whole cell.
_SMALLEST: Final = 8


class MemoryStats(NamedTuple):
    """What the pool of a device holds, and what went between host and device, in bytes."""

    active_bytes: int
    held_bytes: int
    active_blocks: int
    held_blocks: int
    reads: int
    writes: int
    bytes_read: int
    bytes_written: int


@final
@dataclass(slots=True)
class TransferCount:
    """How often, and how many bytes, went between host and device."""

    reads: int = 0
    writes: int = 0
    bytes_read: int = 0
    bytes_written: int = 0


@final
class Buffer:
    """Bytes of the device, which are taken from the pool when a kernel first touches them."""

    __slots__ = ("_holder", "_pool", "_pooled", "nbytes")

    def __init__(self, pool: Pool, nbytes: int, holder: DeviceMemory) -> None:
        self._pool = pool
        self._pooled: PooledBuffer | None = None
        self._holder = weakref.ref(holder)
        self.nbytes = nbytes

    @property
    def pooled(self) -> PooledBuffer:
        """What kernels are given. Raises OutOfMemoryError when there is none left."""
        pooled = self._pooled
        if pooled is None:
            pooled = self._pooled = self._pool.take(self.nbytes)
        return pooled

    @property
    def is_held(self) -> bool:
        """Whether a tensor may still read the buffer."""
        return self._holder() is not None


@final
class DeviceMemory:
    """What a storage holds of a buffer: nobody can read the buffer when it is gone."""

    __slots__ = ("__weakref__", "buffer", "nbytes")

    def __init__(self, pool: Pool, nbytes: int) -> None:
        self.buffer = Buffer(pool, nbytes, self)
        self.nbytes = nbytes


def buffer_in(memory: Memory) -> Buffer:
    """Return the buffer behind a storage of this backend."""
    assert isinstance(memory, DeviceMemory)
    return memory.buffer


@final
class Pool:
    """The memory of one device and the way between it and the host."""

    def __init__(
        self,
        queue: cl.CommandQueue,
        name: str,
        max_allocation: int,
        total: int,
        unified: bool,
    ) -> None:
        self._queue = queue
        self._name = name
        self._max_allocation = max_allocation
        self._total = total
        self._unified = unified
        self._pool = MemoryPool(ImmediateAllocator(queue))
        self.transfers = TransferCount()

    def allocate(self, nbytes: int) -> DeviceMemory:
        """Return memory of ``nbytes`` bytes of undefined content, taken when first touched.

        Raises OutOfMemoryError for more than one allocation may have.
        """
        if nbytes > self._max_allocation:
            raise OutOfMemoryError(
                f"allocate: one tensor of {nbytes} bytes is more than {self._name} allows in "
                f"one allocation, {self._max_allocation} bytes (CL_DEVICE_MAX_MEM_ALLOC_SIZE). "
                "Split the tensor, or move it to the CPU."
            )
        return DeviceMemory(self, nbytes)

    def take(self, nbytes: int) -> PooledBuffer:
        """Return a buffer of at least ``nbytes``.

        When the device is full, what the pool holds unused is given back and the allocation
        tried again; then OutOfMemoryError names the sizes.
        """
        size = max(nbytes, _SMALLEST)
        try:
            buffer = self._pool.allocate(size)
        except (cl.MemoryError, cl.RuntimeError, cl.LogicError):
            self.empty()
            gc.collect()
            try:
                buffer = self._pool.allocate(size)
            except (cl.MemoryError, cl.RuntimeError, cl.LogicError) as error:
                raise OutOfMemoryError(
                    f"allocate: {self._name} has no {nbytes} bytes left: tensors hold "
                    f"{self._pool.active_bytes} of {self._total} bytes. Free tensors, or make "
                    "smaller ones."
                ) from error
        assert buffer is not None
        return buffer

    def write(self, memory: DeviceMemory, offset: int, data: memoryview) -> None:
        """Copy the host's ``data`` to ``memory``."""
        if not data.nbytes:
            return
        self.transfers.writes += 1
        self.transfers.bytes_written += data.nbytes
        if self._unified:
            with self._mapped(memory, offset, data.nbytes, cl.map_flags.WRITE) as cells:
                cells[:] = data
        else:
            source = np.frombuffer(data, dtype=np.uint8)
            cl.enqueue_copy(self._queue, memory.buffer.pooled, source, dst_offset=offset)

    def read(self, memory: DeviceMemory, offset: int, nbytes: int) -> memoryview:
        """Return a copy of ``nbytes`` bytes of ``memory``, when all work before is done."""
        data = memoryview(bytearray(nbytes))
        if not nbytes:
            return data
        self.transfers.reads += 1
        self.transfers.bytes_read += nbytes
        if self._unified:
            with self._mapped(memory, offset, nbytes, cl.map_flags.READ) as cells:
                data[:] = cells
        else:
            target = np.frombuffer(data, dtype=np.uint8)
            cl.enqueue_copy(self._queue, target, memory.buffer.pooled, src_offset=offset)
        return data

    def clear_word(self, memory: DeviceMemory) -> None:
        """Write 0 to the 32-bit word at the start of ``memory``."""
        cl.enqueue_fill_buffer(self._queue, memory.buffer.pooled, np.uint32(0), 0, 4)

    def word(self, memory: DeviceMemory) -> int:
        """Return the word at the start of ``memory``: a signal, not counted as data."""
        found = np.empty(1, np.uint32)
        cl.enqueue_copy(self._queue, found, memory.buffer.pooled)
        return int(found[0])

    @contextmanager
    def _mapped(
        self, memory: DeviceMemory, offset: int, nbytes: int, flags: cl.map_flags
    ) -> Iterator[memoryview]:
        """Yield a part of ``memory`` as bytes of this process, once all work before is done."""
        cells, _ = cl.enqueue_map_buffer(
            self._queue, memory.buffer.pooled, flags, offset, (nbytes,), np.uint8
        )
        try:
            yield memoryview(cells)
        finally:
            cells.base.release(self._queue)

    def empty(self) -> None:
        """Give back to the device what the pool holds and no tensor uses."""
        self._queue.finish()
        self._pool.free_held()

    def stats(self) -> MemoryStats:
        """Return what the pool holds."""
        pool, moved = self._pool, self.transfers
        return MemoryStats(
            active_bytes=pool.active_bytes,
            held_bytes=pool.managed_bytes - pool.active_bytes,
            active_blocks=pool.active_blocks,
            held_blocks=pool.held_blocks,
            reads=moved.reads,
            writes=moved.writes,
            bytes_read=moved.bytes_read,
            bytes_written=moved.bytes_written,
        )
