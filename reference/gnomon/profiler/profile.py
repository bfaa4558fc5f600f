"""Taking profiles: of a block, or of some of the steps of a loop."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias, final

from gnomon.errors import warn
from gnomon.profiler.events import (
    EventList,
    FunctionEvent,
    FunctionEventAvg,
    events_of,
    write_chrome_trace,
)
from gnomon.profiler.record import record_function
from gnomon.profiler.spans import Recording, recorded

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class ProfilerActivity(Enum):
    """What a profile looks at: the host, or devices. All names of devices mean all devices."""

    CPU = 0
    XPU = 1
    CUDA = 2
    MTIA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(Enum):
    """What happens in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


Schedule: TypeAlias = Callable[[int], ProfilerAction]
Handler: TypeAlias = "Callable[[profile], None]"

_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


def supported_activities() -> set[ProfilerActivity]:
    """Return what can be looked at: everything, where there is something to look at."""
    return set(ProfilerActivity)


def schedule(
    *,
    wait: int,
    warmup: int,
    active: int,
    repeat: int = 0,
    skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Schedule:
    """Return a schedule of cycles: ``wait`` steps of nothing, ``warmup``, ``active`` steps.

    The first ``skip_first`` steps come before all cycles; ``repeat`` cycles end it, 0 never;
    ``skip_first_wait``, if not 0, leaves the wait of the first cycle out. Raises ValueError for
    negative numbers, and without an active step.

    >>> steps = schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [steps(k).name for k in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise ValueError(
            "schedule: wait, warmup, repeat and skip_first must be at least 0 and active at "
            f"least 1, given {wait}, {warmup}, {repeat}, {skip_first} and {active}."
        )
    cycle = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        step -= skip_first
        if skip_first_wait:
            step += wait
        if step < 0 or (repeat and step // cycle >= repeat):
            return ProfilerAction.NONE
        place = step % cycle
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        last = place == cycle - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Handler:
    """Return what writes every finished profile to a trace file of its own in ``dir_name``."""

    def write(finished: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json{'.gz' if use_gzip else ''}"
        finished.export_chrome_trace(os.path.join(dir_name, name))

    return write


@final
class profile:
    """A profile of what runs inside the block, or between ``start()`` and ``stop()``.

    ``activities`` are the host and devices by default; ``record_shapes`` keeps the shapes of
    operands. With a ``schedule``, ``step()`` ends a step, and only the steps it chooses are
    recorded; ``on_trace_ready`` is called with the profile when each series of them has ended.
    ``profile_memory``, ``with_stack``, ``with_flops`` and ``with_modules`` have no effect; a
    warning says so.

    >>> import gnomon as torch
    >>> with profile() as p:
    ...     _ = torch.ones(2, 2) @ torch.ones(2, 2)
    >>> [event.key for event in p.key_averages()]
    ['copy', 'matrix_product']
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Schedule | None = None,
        on_trace_ready: Handler | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        acc_events: bool = False,
        use_cuda: bool | None = None,
    ) -> None:
        chosen = set(ProfilerActivity if activities is None else activities)
        if use_cuda is not None:
            chosen |= {ProfilerActivity.CUDA} if use_cuda else set()
        if not chosen:
            raise ValueError(
                "profile: activities is empty. Leave it out to look at everything."
            )
        ignored = {
            "profile_memory": profile_memory,
            "with_stack": with_stack,
            "with_flops": with_flops,
            "with_modules": with_modules,
        }
        for name, given in ignored.items():
            if given:
                warn(f"profile: {name} has no effect: gnomon records times and shapes only.")
        self.activities = chosen
        self.record_shapes = record_shapes
        self.step_num = 0
        self._schedule = schedule
        self._on_trace_ready = on_trace_ready
        self._accumulates = acc_events
        self._events: EventList[FunctionEvent] = EventList()
        self._metadata: dict[str, str] = {}
        self._block = ExitStack()
        self._step = ExitStack()
        self._recording: Recording | None = None

    @property
    def current_action(self) -> ProfilerAction:
        """What happens in the step under way."""
        if self._schedule is None:
            return ProfilerAction.RECORD
        return self._schedule(self.step_num)

    def start(self) -> None:
        """Begin with the first step."""
        self._enter()

    def step(self) -> None:
        """End a step and begin the next one."""
        was = self.current_action
        self._step.close()
        self.step_num += 1
        if was is ProfilerAction.RECORD_AND_SAVE or self.current_action not in _RECORDING:
            self._end(was in _RECORDING)
        self._enter()

    def stop(self) -> None:
        """End the last step."""
        self._step.close()
        self._end(self.current_action in _RECORDING)

    def _enter(self) -> None:
        if self.current_action not in _RECORDING:
            return
        if self._recording is None:
            on_devices = self.activities != {ProfilerActivity.CPU}
            block = recorded(self.record_shapes, on_devices)
            self._recording = self._block.enter_context(block)
        if self._schedule is not None:
            self._step.enter_context(record_function(f"ProfilerStep#{self.step_num}"))

    def _end(self, ready: bool) -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return
        self._block.close()
        found = events_of(
            span
            for span in recording.spans
            if span.device or ProfilerActivity.CPU in self.activities
        )
        self._events = EventList([*self._events, *found]) if self._accumulates else found
        if ready and self._on_trace_ready is not None:
            self._on_trace_ready(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def events(self) -> EventList[FunctionEvent]:
        """Return what was recorded last, by the start of each."""
        return self._events

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList[FunctionEventAvg]:
        """Return one sum for the events of each name on each device."""
        return self._events.key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path: str) -> None:
        """Write a file that chrome://tracing and Perfetto show; zipped if it ends in .gz."""
        write_chrome_trace(self._events, path, self._metadata)

    def add_metadata(self, key: str, value: str) -> None:
        """Put a text into the files that are written."""
        self._metadata[key] = value

    add_metadata_json = add_metadata
