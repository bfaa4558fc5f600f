"""Kernels whose arguments are known: bound once, then queued again and again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, final

import pyopencl as cl
from pyopencl.tools import PooledBuffer

from gnomon.backend import LiveBytes, LiveNumber, LiveNumbers
from gnomon_opencl.element_types import ElementType, element_type
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
    """A kernel with its arguments set, and of how many items it is queued."""

    kernel: cl.Kernel
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
        #: Kernels with live values, all of whose arguments are set at each replay: there is no
        #: quick way to set some of those that are bytes.
        self._renewed: list[tuple[cl.Kernel, list[BoundArgument]]] = []
        #: Which arguments the memory of each number is that changes from replay to replay: of
        #: the kernels above, and of others.
        self._listed: dict[int, Places] = {}
        self._rebound: dict[int, list[tuple[cl.Kernel, int]]] = {}
        #: Which arguments each live value is, by identity.
        self._draws: dict[int, tuple[LiveBytes, Places]] = {
            id(each): (each, []) for each in draws
        }
        self._numbers: dict[int, tuple[LiveNumber, ElementType, Places]] = {}
        self._tables: list[DeviceMemory] = []
        self.flag: DeviceMemory | None = None
        if any(FLAG in each.arguments for each in launches):
            self.flag = runtime.pool.allocate(4)
            runtime.pool.clear(self.flag)
        for launch in launches:  # so that builders begin with all of them
            runtime.programs.is_at_hand(launch.source, launch.name)
        self._kernels = [self._bind(launch, memory) for launch in launches]
        self._values = LiveNumbers([live for live, *_ in self._numbers.values()])

    def _bind(self, launch: KernelLaunch, memory: Mapping[int, DeviceBuffer]) -> BoundKernel:
        arguments: list[BoundArgument] = []
        places: list[tuple[int, int]] = []
        is_renewed = False
        for position, argument in enumerate(launch.arguments):
            if isinstance(argument, Live):
                live, kind = argument.number, element_type(argument.dtype)
                *_, found = self._numbers.setdefault(id(argument), (live, kind, []))
                found.append((arguments, position))
                arguments.append(kind.packed(float(live)))
                is_renewed = True
            elif isinstance(argument, LiveBytes):
                self._draws[id(argument)][1].append((arguments, position))
                arguments.append(argument)
                is_renewed = True
            elif isinstance(argument, Flag):
                assert self.flag is not None
                arguments.append(self.flag.buffer.pooled)
            elif isinstance(argument, Table):
                arguments.append(self._written(argument))
            elif not isinstance(argument, Place):
                arguments.append(argument)
            else:
                arguments.append(memory.get(argument.number))
                if argument.number not in memory:
                    places.append((position, argument.number))
        kernel = self._runtime.programs.fresh_kernel(launch.source, launch.name)
        declare(kernel, arguments)
        kernel.set_args(*arguments)
        if is_renewed:
            self._renewed.append((kernel, arguments))
        for position, number in places:
            if is_renewed:
                self._listed.setdefault(number, []).append((arguments, position))
            else:
                self._rebound.setdefault(number, []).append((kernel, position))
        size = launch.group or self._runtime.traits.group_size
        whole = -(-launch.items // size) * size
        return BoundKernel(kernel, (whole,), (size,), title_of(launch.source, launch.name))

    def _written(self, table: Table) -> PooledBuffer:
        pool = self._runtime.pool
        memory = pool.allocate(len(table.content))
        pool.write(memory, 0, memoryview(table.content))
        self._tables.append(memory)
        return memory.buffer.pooled

    def renew(self) -> None:
        """Let live values be what they are by now."""
        for draw, places in self._draws.values():
            _put(draw.now(), places)
        values = self._values.now()
        for (_, kind, places), value in zip(self._numbers.values(), values, strict=True):
            _put(kind.packed(value), places)

    def queue(self, memory: Mapping[int, Buffer]) -> None:
        """Queue the kernels, with the ``memory`` of this time."""
        for number, buffer in memory.items():
            _put(buffer.pooled, self._listed.get(number, ()))
            for kernel, position in self._rebound.get(number, ()):
                kernel.set_arg(position, buffer.pooled)
        for kernel, arguments in self._renewed:
            kernel.set_args(*arguments)
        for places in self._listed.values():
            _put(None, places)
        runtime = self._runtime
        timeline, queue = runtime.timeline, runtime.timeline.queue
        is_timed = timeline.is_taking_times
        try:
            for kernel, items, group, name in self._kernels:
                event = cl.enqueue_nd_range_kernel(queue, kernel, items, group)
                if is_timed:
                    timeline.note(name, event)
        except cl.Error as error:
            raise failure(name, runtime.name, error) from error
        runtime.launches += len(self._kernels)


def _put(argument: BoundArgument, places: Iterable[tuple[list[BoundArgument], int]]) -> None:
    for arguments, position in places:
        arguments[position] = argument
