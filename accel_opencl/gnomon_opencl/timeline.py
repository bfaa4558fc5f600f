"""The queue of a device, and the times of what ran on it while a profile was taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, final

import pyopencl as cl

from gnomon.backend import DeviceEvent
from gnomon_opencl.failures import failure
from gnomon_opencl.generation import title_of

#: Events whose times are not asked for yet; more would hold on to the driver's memory.
_MOST_PENDING: Final = 4096
#: How often the clocks of host and device are compared. The quickest comparison is believed,
#: as in the network time protocol (RFC 5905, section 10): what held the host up in the others
#: looks like a difference of the clocks.
_CLOCK_COMPARISONS: Final = 8


@final
class Timeline:
    """The one in-order queue that everything on a device goes through.

    A queue takes times from its creation on or never, and taking them costs; so another one is
    used while a profile is taken. The device is idle when they change places.
    """

    def __init__(self, context: cl.Context, device: cl.Device, name: str) -> None:
        self._context = context
        self._device = device
        self._name = name
        self._queue = self._plain = cl.CommandQueue(context, device)
        #: What puts on the queue what waits to be, if anything does.
        self.catch_up: Callable[[], None] | None = None
        self._pending: list[tuple[str, cl.Event]] | None = None
        self._ran: list[DeviceEvent] = []
        self._offset = 0

    @property
    def queue(self) -> cl.CommandQueue:
        """The queue, with everything on it."""
        if self.catch_up is not None:
            self.catch_up()
        return self._queue

    def launch(
        self, kernel: cl.Kernel, items: tuple[int], group: tuple[int], name: str, source: str
    ) -> None:
        """Put a kernel on the queue, ahead of what waits: only what waits may be put so."""
        event = cl.enqueue_nd_range_kernel(self._queue, kernel, items, group)
        self.note(name, event, source)

    def note(self, name: str, event: cl.Event, source: str = "") -> None:
        """Remember that ``event`` is of the kernel ``name`` of ``source``, or of a copy called
        ``name``, if a profile is taken.
        """
        pending = self._pending
        if pending is not None:
            pending.append((title_of(source, name), event))
            if len(pending) >= _MOST_PENDING:
                self._collect(pending)

    def finish(self) -> None:
        """Wait for the device."""
        try:
            self.queue.finish()
        except cl.Error as error:
            raise failure("synchronize", self._name, error) from error

    @property
    def is_taking_times(self) -> bool:
        """Whether a profile is taken."""
        return self._pending is not None

    def start(self) -> None:
        """Take times from now on."""
        if self._pending is not None:
            return
        self.finish()
        properties = cl.command_queue_properties.PROFILING_ENABLE
        self._queue = cl.CommandQueue(self._context, self._device, properties)
        comparisons = [self._compare_clocks() for _ in range(_CLOCK_COMPARISONS)]
        _, self._offset = min(comparisons)
        self._pending, self._ran = [], []

    def _compare_clocks(self) -> tuple[int, int]:
        """Return how long the device took to answer, and by how much the host's clock is then
        ahead of the device's: too much by no more than that time. In nanoseconds.
        """
        asked = time.perf_counter_ns()
        marker = cl.enqueue_marker(self.queue)
        marker.wait()
        answered = time.perf_counter_ns()
        return answered - asked, answered - marker.profile.end

    def stop(self) -> list[DeviceEvent]:
        """Return what ran since ``start``, and take no more times."""
        if self._pending is None:
            return []
        self._collect(self._pending)
        self._queue, self._pending = self._plain, None
        ran, self._ran = self._ran, []
        return ran

    def _collect(self, pending: list[tuple[str, cl.Event]]) -> None:
        self.finish()
        for name, event in pending:
            times, offset = event.profile, self._offset
            self._ran.append(DeviceEvent(name, times.start + offset, times.end + offset))
        pending.clear()
