"""Streams and events. A device here does everything in the order in which it was given it.

So there is one stream a device, which is as good as any number of them: what a program puts on
another stream is done in its place, and waiting for a stream is waiting for the device.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, final

from gnomon.cuda.devices import DeviceOrIndex, backend_of, resolved
from gnomon.devices import Device

if TYPE_CHECKING:
    from types import TracebackType


@final
class Stream:
    """The one stream of a device, whatever its priority."""

    def __init__(self, device: DeviceOrIndex = None, priority: int = 0) -> None:
        self.device: Device = resolved("Stream", device)
        self.priority = priority

    def synchronize(self) -> None:
        """Wait for the device."""
        backend_of("Stream.synchronize", self.device).synchronize()

    def query(self) -> bool:
        """Return True, when all is done: waits for it, because devices do not tell."""
        self.synchronize()
        return True

    def wait_stream(self, stream: Stream) -> None:
        """Do nothing: what ``stream`` was given before is done before."""

    def wait_event(self, event: Event) -> None:
        """Do nothing: what was recorded before is done before."""

    def record_event(self, event: Event | None = None) -> Event:
        """Return ``event``, by default a new one, recorded now."""
        event = event or Event()
        event.record(self)
        return event

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


@final
class Event:
    """A point in the work of a device; recording one waits for it, and takes the time."""

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        self._seconds: float | None = None

    def record(self, stream: Stream | None = None) -> None:
        """Wait for the device, and take the time."""
        (stream or Stream()).synchronize()
        self._seconds = time.perf_counter()

    def synchronize(self) -> None:
        """Do nothing: recording has waited."""

    def wait(self, stream: Stream | None = None) -> None:
        """Do nothing: what was recorded before is done before."""

    def query(self) -> bool:
        """Return True: recording has waited."""
        return True

    def elapsed_time(self, end_event: Event) -> float:
        """Return the milliseconds from this event to another.

        Raises RuntimeError unless both were recorded.
        """
        if self._seconds is None or end_event._seconds is None:
            raise RuntimeError(
                "Event.elapsed_time: both events must be recorded first. Call record() on each."
            )
        return (end_event._seconds - self._seconds) * 1e3


def current_stream(device: DeviceOrIndex = None) -> Stream:
    """Return the one stream of ``device``."""
    return Stream(resolved("current_stream", device))


def default_stream(device: DeviceOrIndex = None) -> Stream:
    """Return the one stream of ``device``."""
    return Stream(resolved("default_stream", device))


def set_stream(stream: Stream) -> None:
    """Do nothing: there is one stream a device."""


def stream(stream: Stream | None) -> Stream:
    """Return a block inside which work goes to ``stream``."""
    return stream or Stream()
