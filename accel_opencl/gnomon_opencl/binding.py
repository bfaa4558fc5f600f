"""Kernels whose arguments are known: bound once, then queued again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, final

import pyopencl as cl
from pyopencl.tools import PooledBuffer

from gnomon.backend import LiveBytes
from gnomon_opencl.element_types import element_type
from gnomon_opencl.failures import failure
from gnomon_opencl.generation import title_of
from gnomon_opencl.launches import FLAG, Flag, KernelLaunch, Live, Place, Table
from gnomon_opencl.memory import Buffer, DeviceMemory
from gnomon_opencl.programs import declare

if TYPE_CHECKING:
    from gnomon_opencl.runtime import Runtime


#: Memory of the pool, or a part of it.
DeviceBuffer: TypeAlias = PooledBuffer | cl.Buffer
#: What a kernel is given: memory, packed values, or local memory; None between replays, for
#: what a recording must not hold on to.
BoundArgument: TypeAlias = DeviceBuffer | bytes | cl.LocalMemory | None


@final
class BoundKernel(NamedTuple):
    """A kernel, its arguments, and of how many items it is queued."""

    kernel: cl.Kernel
    arguments: list[BoundArgument]
    items: tuple[int]
    group: tuple[int]
    name: str


#: Places among the arguments of kernels.
Places: TypeAlias = list[tuple[list[BoundArgument], int]]


@final
class BoundLaunches:
    """The kernels of a recording, with everything that a replay needs."""

    def __init__(
        self,
        runtime: Runtime,
        launches: Sequence[KernelLaunch],
        memory: Mapping[int, DeviceBuffer],
        draws: Sequence[LiveBytes],
    ) -> None:
        """Set all arguments but the memory whose number is not in ``memory``, which is another
        at each replay; ``draws`` are made then in their order.
        """
        self._runtime = runtime
        self._kernels: list[BoundKernel] = []
        #: The kernels whose arguments are not the same at each replay.
        self._changing: list[BoundKernel] = []
        #: Which arguments are the memory of each number that changes from replay to replay.
        self._rebound: dict[int, Places] = {}
        #: Which arguments each live value is, by identity.
        self._live: dict[int, tuple[Live | LiveBytes, Places]] = {
            id(draw): (draw, []) for draw in draws
        }
        self._tables: list[DeviceMemory] = []
        self.flag: DeviceMemory | None = None
        if any(FLAG in each.arguments for each in launches):
            self.flag = runtime.pool.allocate(4)
            runtime.pool.clear(self.flag)
        for launch in launches:  # so that builders begin with all of them
            runtime.programs.is_at_hand(launch.source, launch.name)
        for launch in launches:
            self._kernels.append(self._bind(launch, memory))

    def _bind(self, launch: KernelLaunch, memory: Mapping[int, DeviceBuffer]) -> BoundKernel:
        arguments: list[BoundArgument] = []
        changes = False
        for position, argument in enumerate(launch.arguments):
            if isinstance(argument, Live | LiveBytes):
                _, places = self._live.setdefault(id(argument), (argument, []))
                places.append((arguments, position))
                arguments.append(as_recorded(argument))
                changes = True
            elif isinstance(argument, Flag):
                assert self.flag is not None
                arguments.append(self.flag.buffer.pooled)
            elif isinstance(argument, Table):
                arguments.append(self._written(argument))
            elif not isinstance(argument, Place):
                arguments.append(argument)
            elif argument.number in memory:
                arguments.append(memory[argument.number])
            else:
                self._rebound.setdefault(argument.number, []).append((arguments, position))
                arguments.append(None)
                changes = True
        kernel = self._runtime.programs.fresh_kernel(launch.source, launch.name)
        declare(kernel, arguments)
        size = launch.group or self._runtime.traits.group_size
        whole = -(-launch.items // size) * size
        name = title_of(launch.source, launch.name)
        made = BoundKernel(kernel, arguments, (whole,), (size,), name)
        if changes:
            self._changing.append(made)
        else:
            kernel.set_args(*arguments)
        return made

    def _written(self, table: Table) -> PooledBuffer:
        pool = self._runtime.pool
        memory = pool.allocate(len(table.content))
        pool.write(memory, 0, memoryview(table.content))
        self._tables.append(memory)
        return memory.buffer.pooled

    def queue(
        self, memory: Mapping[int, Buffer], value_of: Callable[[Live | LiveBytes], bytes]
    ) -> None:
        """Queue the kernels, with the ``memory`` and the live values of this time."""
        for number, buffer in memory.items():
            for arguments, position in self._rebound.get(number, ()):
                arguments[position] = buffer.pooled
        for value, places in self._live.values():
            renewed = value_of(value)
            for arguments, position in places:
                arguments[position] = renewed
        for changing in self._changing:
            changing.kernel.set_args(*changing.arguments)
        for places in self._rebound.values():
            for arguments, position in places:
                arguments[position] = None
        runtime = self._runtime
        timeline, queue = runtime.timeline, runtime.timeline.queue
        try:
            for kernel, _, items, group, name in self._kernels:
                event = cl.enqueue_nd_range_kernel(queue, kernel, items, group)
                timeline.note(name, event)
        except cl.Error as error:
            raise failure(name, runtime.name, error) from error
        runtime.launches += len(self._kernels)


def as_recorded(value: Live | LiveBytes) -> bytes:
    """Return a live value, packed, as it was when it was recorded."""
    if isinstance(value, LiveBytes):
        return value
    return element_type(value.dtype).packed(float(value.number))


def renewed(value: Live | LiveBytes) -> bytes:
    """Return a live value, packed, as it is by now."""
    if isinstance(value, LiveBytes):
        return value.now()
    return element_type(value.dtype).packed(value.number.now())
