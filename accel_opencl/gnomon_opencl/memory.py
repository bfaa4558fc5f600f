"""Device memory: pooled, because a fresh allocation costs a page fault a page.

Blocks go back to the pool as soon as Python drops them, though kernels that use them may still
be queued: a block is issued again only on the one in-order queue, behind those kernels.
"""

from __future__ import annotations

import gc
import os
import re
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, final

import numpy as np
import pyopencl as cl
from pyopencl.tools import ImmediateAllocator, MemoryPool, PooledBuffer

from gnomon.backend import Memory, MemoryUse, OutOfMemoryError
from gnomon_opencl.failures import failure
from gnomon_opencl.timeline import Timeline
from gnomon_opencl.traits import Traits

#: The variable of the environment that limits what a device's pool may hold.
LIMIT_VARIABLE: Final = "GNOMON_OPENCL_MEMORY_LIMIT"

#: OpenCL has no buffers of no bytes, and kernels may load a whole cell.
SMALLEST: Final = 8
#: Writes of so few bytes are kept on the host too, which costs less than to wait once; nor does
#: the host wait for them to be there.
_KEPT_BYTES: Final = 1 << 16
#: How many copies to the device are under way at most.
_MOST_UNDER_WAY: Final = 256
#: The usual limit where the host needs memory too.
_OF_SHARED_MEMORY: Final = "80%"
#: Leading bits in which the sizes of a block and of what is stored in it agree: the pool wastes
#: a 64th at most.
_SIZE_BITS: Final = 6


class MemoryStats(NamedTuple):
    """What the pool of a device holds, and what went between host and device, in bytes.

    ``active`` is what tensors use, ``held`` what the pool keeps to use it again, ``limit`` what
    both together may come to. ``retries`` counts allocations for which what was held had to be
    given back, ``failures`` those for which that was not enough.
    """

    active_bytes: int
    active_peak: int
    held_bytes: int
    reserved_peak: int
    active_blocks: int
    held_blocks: int
    limit: int
    retries: int
    failures: int
    reads: int
    writes: int
    bytes_read: int
    bytes_written: int


@final
@dataclass(slots=True)
class TransferCount:
    """How often, and how many bytes, went between host and device, and how often the host
    waited for a signal.
    """

    reads: int = 0
    writes: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    signals: int = 0


@final
class Buffer:
    """Bytes of the device, which are taken from the pool when a kernel first touches them."""

    __slots__ = ("_failure", "_pool", "_pooled", "holder", "nbytes", "serial")

    def __init__(self, pool: Pool, nbytes: int, holder: DeviceMemory) -> None:
        self._pool = pool
        self._pooled: PooledBuffer | None = None
        self._failure: RuntimeError | None = None
        self.holder = weakref.ref(holder)
        self.nbytes = nbytes
        #: How many buffers there were before this one.
        self.serial = pool.serial = pool.serial + 1

    @property
    def pooled(self) -> PooledBuffer:
        """What kernels are given.

        Raises OutOfMemoryError when there is none left, and what was lost its failure.
        """
        pooled = self._pooled
        if pooled is None:
            with self._pool.lock:
                if not self._is_settled:
                    taken = self._pool.take(self.nbytes)
                    # A pool without memory waits for the device first, and so for launches that
                    # may settle it meanwhile.
                    if not self._is_settled:
                        self._pooled = taken
                if self._failure is not None:
                    reason = f"a value that is asked for was not computed: {self._failure}"
                    raise type(self._failure)(reason) from self._failure
                pooled = self._pooled
        return pooled

    @property
    def _is_settled(self) -> bool:
        """Whether there are bytes, or will never be any."""
        return self._pooled is not None or self._failure is not None

    def lose(self, failure: RuntimeError) -> None:
        """Let everybody who asks for the content know why it was not computed."""
        self._pooled, self._failure = None, failure

    @property
    def is_held(self) -> bool:
        """Whether a tensor may still read the buffer."""
        return self.holder() is not None


@final
class DeviceMemory:
    """What a storage holds of a buffer: nobody can read the buffer when it is gone."""

    __slots__ = ("__weakref__", "buffer", "nbytes", "written")

    def __init__(self, pool: Pool, nbytes: int) -> None:
        self.buffer = Buffer(pool, nbytes, self)
        self.nbytes = nbytes
        #: What the host wrote, if that was all of it and not much: indices that are here too
        #: can be checked without waiting for the device. It is not told of later changes.
        self.written: bytes | None = None


def buffer_in(memory: Memory) -> Buffer:
    """Return the buffer behind a storage of this backend."""
    assert isinstance(memory, DeviceMemory)
    return memory.buffer


@final
class Pool:
    """The memory of one device and the way between it and the host."""

    def __init__(self, timeline: Timeline, name: str, traits: Traits) -> None:
        self._timeline = timeline
        self._name = name
        self._max_allocation = traits.max_allocation
        self._total = traits.global_memory_bytes
        self._pool = MemoryPool(ImmediateAllocator(timeline.queue), _SIZE_BITS)
        self._usual_limit = _OF_SHARED_MEMORY if traits.unified_memory else "100%"
        #: What the pool may take from the device, in bytes.
        self.limit = 0
        try:
            self.set_limit(os.environ.get(LIMIT_VARIABLE), LIMIT_VARIABLE)
        except ValueError as error:
            raise RuntimeError(str(error)) from error
        self._active_peak = self._reserved_peak = 0
        self._retries = self._failures = 0
        self.transfers = TransferCount()
        self.lock = threading.RLock()
        #: The copies of small data to the device that nobody has waited for.
        self._under_way: list[cl.Event] = []
        self.serial = 0

    def set_limit(self, text: str | None, asker: str) -> None:
        """Let the pool take the bytes that ``text`` names at most, by default what is usual.

        Raises ValueError, in the name of ``asker``, for what is no size.
        """
        self.limit = limit_of(text or self._usual_limit, self._total, asker)

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
        size = max(nbytes, SMALLEST)
        buffer = self._tried(size)
        if buffer is None:
            self._retries += 1
            gc.collect()  # tensors in reference cycles
            self.empty()
            buffer = self._tried(size)
        if buffer is None:
            self._failures += 1
            raise OutOfMemoryError(
                f"allocate: {self._name} has no {nbytes} bytes left: tensors hold "
                f"{self._pool.active_bytes} of {min(self.limit, self._total)} bytes. Free "
                f"tensors, make smaller ones, or raise the limit if {LIMIT_VARIABLE} sets one."
            )
        if self._pool.active_bytes > self._active_peak:
            self._active_peak = self._pool.active_bytes
        return buffer

    def _tried(self, size: int) -> PooledBuffer | None:
        """Return a buffer, or None when the device has none or the limit would be passed."""
        pool = self._pool
        try:
            buffer: PooledBuffer | None = pool.allocate(size)
        except (cl.MemoryError, cl.RuntimeError, cl.LogicError):
            return None
        reserved = pool.managed_bytes
        if reserved > self.limit:
            pool.free_held()
            reserved = pool.managed_bytes
            if reserved > self.limit:
                del buffer
                pool.free_held()
                return None
        self._reserved_peak = max(self._reserved_peak, reserved)
        return buffer

    def write(self, memory: DeviceMemory, offset: int, data: memoryview) -> None:
        """Copy the host's ``data`` to ``memory``."""
        if not data.nbytes:
            return
        self.transfers.writes += 1
        self.transfers.bytes_written += data.nbytes
        kept = bytes(data) if data.nbytes <= _KEPT_BYTES else None
        memory.written = kept if data.nbytes == memory.nbytes else None
        source = np.frombuffer(data if kept is None else kept, dtype=np.uint8)
        target, waits = memory.buffer.pooled, kept is None
        event = self._copied("write", target, source, dst_offset=offset, is_blocking=waits)
        if not waits:
            # An event that is forgotten is waited for, since the bytes have to stay till then.
            self._under_way.append(event)
            if len(self._under_way) > _MOST_UNDER_WAY:
                self._under_way.clear()

    def read(self, memory: DeviceMemory, offset: int, nbytes: int) -> memoryview:
        """Return a copy of ``nbytes`` bytes of ``memory``, when all work before is done."""
        target = np.empty(nbytes, np.uint8)
        if nbytes:
            self.transfers.reads += 1
            self.transfers.bytes_read += nbytes
            self._copied("read", target, memory.buffer.pooled, src_offset=offset)
            self._under_way.clear()
        return target.data

    def _copied(
        self,
        action: str,
        target: PooledBuffer | np.ndarray[tuple[int], np.dtype[np.uint8]],
        source: PooledBuffer | np.ndarray[tuple[int], np.dtype[np.uint8]],
        **how: int,
    ) -> cl.Event:
        try:
            event = cl.enqueue_copy(self._timeline.queue, target, source, **how)
        except cl.Error as error:
            raise failure(action, self._name, error) from error
        self._timeline.note(action, event)
        return event

    @contextmanager
    def lend(self, memory: DeviceMemory, offset: int, nbytes: int) -> Iterator[memoryview]:
        """Yield a part of ``memory`` as bytes of this process, once all work before is done.

        Memory that the host shares with the device is not copied.
        """
        if not nbytes:
            yield memoryview(b"")
            return
        self.transfers.reads += 1
        self.transfers.bytes_read += nbytes
        queue = self._timeline.queue
        try:
            cells, event = cl.enqueue_map_buffer(
                queue, memory.buffer.pooled, cl.map_flags.READ, offset, (nbytes,), np.uint8
            )
        except cl.Error as error:
            raise failure("read", self._name, error) from error
        self._timeline.note("map", event)
        try:
            yield memoryview(cells)
        finally:
            cells.base.release(queue)

    def clear(self, memory: DeviceMemory) -> None:
        """Write 0 to every byte of ``memory``."""
        if memory.nbytes:
            buffer, queue = memory.buffer.pooled, self._timeline.queue
            cl.enqueue_fill_buffer(queue, buffer, np.uint8(0), 0, memory.nbytes)

    def word(self, memory: DeviceMemory) -> int:
        """Return the word at the start of ``memory``: a signal, not counted as data."""
        self.transfers.signals += 1
        found = np.empty(1, np.uint32)
        self._copied("read", found, memory.buffer.pooled)
        return int(found[0])

    def empty(self) -> int:
        """Give back to the device what the pool holds and no tensor uses; return how much."""
        before = self._pool.managed_bytes
        self._timeline.finish()
        self._pool.free_held()
        return int(before - self._pool.managed_bytes)

    def stats(self) -> MemoryStats:
        """Return what the pool holds."""
        pool, moved = self._pool, self.transfers
        return MemoryStats(
            active_bytes=pool.active_bytes,
            active_peak=self._active_peak,
            held_bytes=pool.managed_bytes - pool.active_bytes,
            reserved_peak=self._reserved_peak,
            active_blocks=pool.active_blocks,
            held_blocks=pool.held_blocks,
            limit=self.limit,
            retries=self._retries,
            failures=self._failures,
            reads=moved.reads,
            writes=moved.writes,
            bytes_read=moved.bytes_read,
            bytes_written=moved.bytes_written,
        )

    def use(self) -> MemoryUse:
        """Return what is in use, as gnomon asks every backend."""
        pool = self._pool
        return MemoryUse(
            allocated=pool.active_bytes,
            allocated_peak=self._active_peak,
            reserved=pool.managed_bytes,
            reserved_peak=self._reserved_peak,
            blocks=pool.active_blocks,
            limit=min(self.limit, self._total),
            retries=self._retries,
            failures=self._failures,
        )

    def reset_peaks(self) -> None:
        """Let the peaks be what is in use now."""
        self._active_peak = self._pool.active_bytes
        self._reserved_peak = self._pool.managed_bytes


def limit_of(text: str, total: int, asker: str) -> int:
    """Return the bytes that ``text`` names: a number, perhaps with K, M, G, or % of ``total``.

    Raises ValueError, in the name of ``asker``, for any other text.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?)I?B?|(\d+(?:\.\d+)?)\s*%", text.upper())
    if found is None:
        raise ValueError(
            f"{asker}: {text!r} is no size. Write a number of bytes, perhaps with K, M, G or "
            '% behind it, as in "512M" or "50%".'
        )
    number, unit, part = found.groups()
    if part:
        return int(total * float(part) / 100)
    return int(float(number) * 1024 ** " KMG".index(unit or " "))
