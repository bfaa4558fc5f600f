"""What a profile has to say: events in their order, sums of events that are alike, a table."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Sequence
from typing import TypeVar, final

from gnomon.profiler.spans import Shapes, Span
from gnomon.profiler.table import Column, table_of


class Timed:
    """Times in microseconds, of the host and of devices, each as total and without children."""

    key: str
    count: int
    input_shapes: Shapes
    device_type: str
    cpu_time_total: float
    self_cpu_time_total: float
    device_time_total: float
    self_device_time_total: float
    is_user_annotation: bool

    @property
    def cpu_time(self) -> float:
        """The host's time of one call."""
        return self.cpu_time_total / self.count

    @property
    def device_time(self) -> float:
        """The devices' time of one call."""
        return self.device_time_total / self.count

    @property
    def cuda_time(self) -> float:
        """``device_time`` under its older name."""
        return self.device_time

    @property
    def cuda_time_total(self) -> float:
        """``device_time_total`` under its older name."""
        return self.device_time_total

    @property
    def self_cuda_time_total(self) -> float:
        """``self_device_time_total`` under its older name."""
        return self.self_device_time_total


@final
class FunctionEvent(Timed):
    """One span, and the spans inside it."""

    def __init__(self, span: Span, number: int) -> None:
        self.id = number
        self.name = self.key = span.name
        self.thread = span.thread
        self.count = 1
        self.input_shapes = span.shapes
        self.device_type = span.device or "cpu"
        self.is_user_annotation = span.is_user_annotation
        self.start, self.end = span.start / 1e3, span.end / 1e3
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []
        length = self.end - self.start
        on_device = bool(span.device)
        self.cpu_time_total = self.self_cpu_time_total = 0.0 if on_device else length
        self.device_time_total = self.self_device_time_total = length if on_device else 0.0

    def adopt(self, child: FunctionEvent) -> None:
        """Take ``child`` in, whose time is then no longer one's own."""
        child.cpu_parent = self
        self.cpu_children.append(child)
        self.self_cpu_time_total -= child.cpu_time_total

    def __repr__(self) -> str:
        return (
            f"FunctionEvent(name={self.name!r}, device={self.device_type}, "
            f"time={self.end - self.start:.3f}us)"
        )


@final
class FunctionEventAvg(Timed):
    """The sum of events that are alike."""

    def __init__(self, first: Timed) -> None:
        self.key = first.key
        self.count = 0
        self.input_shapes = first.input_shapes
        self.device_type = first.device_type
        self.is_user_annotation = first.is_user_annotation
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.device_time_total = self.self_device_time_total = 0.0

    def add(self, event: Timed) -> FunctionEventAvg:
        """Add an event."""
        self.count += event.count
        self.cpu_time_total += event.cpu_time_total
        self.self_cpu_time_total += event.self_cpu_time_total
        self.device_time_total += event.device_time_total
        self.self_device_time_total += event.self_device_time_total
        return self

    def __repr__(self) -> str:
        return f"FunctionEventAvg(key={self.key!r}, count={self.count})"


E_co = TypeVar("E_co", bound=Timed)


class EventList(list[E_co]):
    """Events, or sums of events."""

    @property
    def self_cpu_time_total(self) -> float:
        """The host's time in all of them, in microseconds."""
        return sum(event.self_cpu_time_total for event in self)

    @property
    def self_device_time_total(self) -> float:
        """The devices' time in all of them, in microseconds."""
        return sum(event.self_device_time_total for event in self)

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """Return the events as a table, the largest by ``sort_by`` first.

        ``sort_by`` is ``count`` or the name of a time, such as ``cpu_time_total`` or
        ``self_device_time_total``; None leaves the order. Raises ValueError for another name.
        ``time_unit`` is ``us``, ``ms``, ``s`` or None, which lets every time choose its own.
        ``max_src_column_width`` has no effect: no sources are recorded.
        """
        events: Sequence[Timed] = self
        if top_level_events_only:
            events = [e for e in self if getattr(e, "cpu_parent", None) is None]
        if sort_by is not None:
            name = sort_by.replace("cuda", "device").replace("xpu", "device")
            if name != "count" and not (name.endswith(("_time", "_time_total"))):
                raise ValueError(
                    f"table: sort_by {sort_by!r} is neither count nor a time, such as "
                    "cpu_time_total or self_device_time_total."
                )
            events = sorted(events, key=lambda event: -float(getattr(event, name)))
        columns = self._columns(time_unit, max_name_column_width, max_shapes_column_width)
        sums = (self.self_cpu_time_total, self.self_device_time_total)
        return table_of(events[: row_limit if row_limit >= 0 else None], columns, sums, header)

    def _columns(
        self, unit: str | None, name_width: int, shapes_width: int
    ) -> list[Column[Timed]]:
        host, device = self.self_cpu_time_total, self.self_device_time_total
        columns: list[Column[Timed]] = [
            Column.text("Name", lambda e: e.key, name_width),
            Column.part("Self CPU %", lambda e: e.self_cpu_time_total, host),
            Column.time("Self CPU", lambda e: e.self_cpu_time_total, unit),
            Column.part("CPU total %", lambda e: e.cpu_time_total, host),
            Column.time("CPU total", lambda e: e.cpu_time_total, unit),
            Column.time("CPU time avg", lambda e: e.cpu_time, unit),
        ]
        if device:
            columns += [
                Column.time("Self device", lambda e: e.self_device_time_total, unit),
                Column.part("Self device %", lambda e: e.self_device_time_total, device),
                Column.time("Device total", lambda e: e.device_time_total, unit),
                Column.time("Device time avg", lambda e: e.device_time, unit),
                Column.text("Device", lambda e: e.device_type, name_width),
            ]
        columns.append(Column.text("# of Calls", lambda e: str(e.count), 0))
        if any(event.input_shapes for event in self):
            columns.append(
                Column.text("Input Shapes", lambda e: _shown(e.input_shapes), shapes_width)
            )
        return columns

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList[FunctionEventAvg]:
        """Return one sum for the events of each name on each device, in order of appearance.

        ``group_by_stack_n`` has no effect: no stacks are recorded.
        """
        sums: dict[tuple[str, str, Shapes], FunctionEventAvg] = {}
        for event in self:
            shapes = event.input_shapes if group_by_input_shape else ()
            key = (event.key, event.device_type, shapes)
            if key not in sums:
                sums[key] = FunctionEventAvg(event)
                sums[key].input_shapes = shapes
            sums[key].add(event)
        return EventList(sums.values())

    def total_average(self) -> FunctionEventAvg:
        """Return the sum of all."""
        total = FunctionEventAvg(self[0])
        total.key, total.input_shapes = "Total", ()
        for event in self:
            total.add(event)
        return total


def events_of(spans: Iterable[Span]) -> EventList[FunctionEvent]:
    """Return the spans as events, by their start, each knowing which it lies in."""
    ordered = sorted(spans, key=lambda span: (span.start, -span.end))
    events = EventList(FunctionEvent(span, number) for number, span in enumerate(ordered))
    open_events: dict[int, list[FunctionEvent]] = {}
    for event in events:
        if event.device_type != "cpu":
            continue
        around = open_events.setdefault(event.thread, [])
        while around and around[-1].end < event.end:
            around.pop()
        if around:
            around[-1].adopt(event)
        around.append(event)
    return events


def write_chrome_trace(
    events: Iterable[FunctionEvent], path: str, metadata: dict[str, str]
) -> None:
    """Write the events as a file for chrome://tracing or Perfetto; zipped if it ends in .gz."""
    process = os.getpid()
    entries: list[dict[str, object]] = []
    for event in events:
        on_host = event.device_type == "cpu"
        entries.append(
            {
                "ph": "X",
                "cat": "user_annotation"
                if event.is_user_annotation
                else ("cpu_op" if on_host else "kernel"),
                "name": event.name,
                "pid": process if on_host else event.device_type,
                "tid": event.thread,
                "ts": event.start,
                "dur": event.end - event.start,
                "args": {"Input Dims": event.input_shapes} if event.input_shapes else {},
            }
        )
    document = {
        "schemaVersion": 1,
        "displayTimeUnit": "ms",
        **metadata,
        "traceEvents": entries,
    }
    text = json.dumps(document)
    if path.endswith(".gz"):
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.write(text)
    else:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def _shown(shapes: Shapes) -> str:
    return str([list(shape) for shape in shapes])
