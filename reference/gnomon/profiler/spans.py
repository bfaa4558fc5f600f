"""Where the time of a program goes: the spans that are taken down while a profile is taken.

While one is, the verbs of every backend, the kernels of composites and the nodes of the graph
are replaced by ones that take down their times; at any other time nothing is paid for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar, cast, final

from gnomon.backend import Backend, DeviceEvent, FusedKernels, Fusible, Operand
from gnomon.core import Cotangents
from gnomon.cpu import ReferenceBackend
from gnomon.cpu.fallback import FallbackBackend
from gnomon.graph.nodes import OperationNode
from gnomon.registry import opened_backends

P = ParamSpec("P")
R = TypeVar("R")
Kernel = TypeVar("Kernel")

#: Verbs whose first argument is the record of the operation.
_OF_RECORDS = ("elementwise", "reduce", "scan", "scatter", "source")
#: Verbs that are operations themselves, and ways between host and device.
_OF_THEIR_OWN = ("gather", "sort", "read", "write", "to_host", "synchronize")

Shapes = tuple[tuple[int, ...], ...]


@final
class Span(NamedTuple):
    """Something that ran, in nanoseconds of ``time.perf_counter_ns``."""

    name: str
    start: int
    end: int
    #: The thread of the host; 0 on a device.
    thread: int
    #: The device that ran it; "" on the host.
    device: str = ""
    shapes: Shapes = ()
    #: Whether the program itself named it, with ``record_function``.
    is_user_annotation: bool = False


@final
class Recording:
    """The spans of the host and of all devices since :func:`recorded`."""

    def __init__(self, with_shapes: bool, on_devices: bool) -> None:
        self.spans: list[Span] = []
        self._with_shapes = with_shapes
        self._on_devices = on_devices
        self._profiled: dict[Backend, bool] = {}

    def add(self, name: str, start: int, arguments: tuple[object, ...] = ()) -> None:
        """Take down that ``name`` ran from ``start`` until now in this thread."""
        end = time.perf_counter_ns()
        shapes = _shapes_of(arguments) if self._with_shapes else ()
        self.spans.append(Span(name, start, end, threading.get_ident(), "", shapes))

    def meet(self, backend: Backend) -> None:
        """Let ``backend`` take the times of its device, if it did not yet."""
        if backend not in self._profiled:
            self._profiled[backend] = self._on_devices and backend.start_profiling()

    def collect(self) -> None:
        """Add what the devices ran."""
        for backend, takes_times in self._profiled.items():
            if takes_times:
                device = str(backend.device)
                self.spans += [_on_device(event, device) for event in backend.stop_profiling()]


def _on_device(event: DeviceEvent, device: str) -> Span:
    return Span(event.name, event.start, event.end, 0, device)


def _shapes_of(arguments: tuple[object, ...]) -> Shapes:
    """Return the shapes of the operands among ``arguments``, those in sequences too."""
    found: list[tuple[int, ...]] = []
    for argument in arguments:
        if isinstance(argument, Operand):
            found.append(tuple(argument.layout.shape))
        elif isinstance(argument, (tuple, list)):
            found += _shapes_of(tuple(argument))
    return tuple(found)


_active: list[Recording] = []


def active() -> Recording | None:
    """Return the recording that is under way, if one is."""
    return _active[-1] if _active else None


@contextmanager
def recorded(with_shapes: bool, on_devices: bool) -> Iterator[Recording]:
    """Take down what runs inside the block.

    Raises RuntimeError inside another one: a span belongs to one profile.
    """
    if _active:
        raise RuntimeError("profile: a profile is being taken already. End that one first.")
    recording = Recording(with_shapes, on_devices)
    for backend in opened_backends():
        recording.meet(backend)
    with _replaced(recording):
        _active.append(recording)
        try:
            yield recording
        finally:
            _active.pop()
    recording.collect()


@contextmanager
def _replaced(recording: Recording) -> Iterator[None]:
    """Replace what is to be timed, and put it back."""
    timed: list[tuple[type, str, object]] = [
        (kind, verb, _timed_verb(recording, verb, vars(kind)[verb])) for kind, verb in _verbs()
    ]
    timed.append((FusedKernels, "find", _timed_kernels(recording, FusedKernels.find)))
    timed.append((OperationNode, "backward", _timed_node(recording, OperationNode.backward)))
    before = [(kind, name, vars(kind)[name]) for kind, name, _ in timed]
    try:
        for kind, name, function in timed:
            setattr(kind, name, function)
        yield
    finally:
        for kind, name, function in before:
            setattr(kind, name, function)


def _verbs() -> set[tuple[type, str]]:
    """Return the verbs of the backends in use, each with the class that defines it."""
    kinds = {ReferenceBackend, FallbackBackend, *map(type, opened_backends())}
    return {
        (next(kind for kind in backend.__mro__ if verb in vars(kind)), verb)
        for backend in kinds
        for verb in (*_OF_RECORDS, *_OF_THEIR_OWN)
    } - {(Backend, verb) for verb in _OF_THEIR_OWN}


def _timed_verb(
    recording: Recording, verb: str, function: Callable[Concatenate[Backend, P], R]
) -> Callable[Concatenate[Backend, P], R]:
    """Return a verb of a backend that takes down its time."""

    def timed(backend: Backend, /, *args: P.args, **kwargs: P.kwargs) -> R:
        recording.meet(backend)
        record = args[0] if args and verb in _OF_RECORDS else None
        name = getattr(record, "name", verb)
        if verb == "scatter":
            name = f"scatter_{name}"
        start = time.perf_counter_ns()
        try:
            return function(backend, *args, **kwargs)
        finally:
            recording.add(name, start, args)

    return timed


def _timed_kernels(
    recording: Recording, find: Callable[[FusedKernels, Fusible[Kernel]], Kernel | None]
) -> Callable[[FusedKernels, Fusible[Kernel]], Kernel | None]:
    """Return what finds kernels that take down their times."""

    def found(kernels: FusedKernels, composite: Fusible[Kernel]) -> Kernel | None:
        kernel = find(kernels, composite)
        if not callable(kernel):
            return kernel

        @wraps(kernel)
        def timed(*args: object, **kwargs: object) -> object:
            start = time.perf_counter_ns()
            try:
                return kernel(*args, **kwargs)
            finally:
                recording.add(composite.name, start, args)

        return cast(Kernel, timed)

    return found


def _timed_node(
    recording: Recording, backward: Callable[[OperationNode, Cotangents], Cotangents]
) -> Callable[[OperationNode, Cotangents], Cotangents]:
    """Return the derivative of a node, which takes down its time."""

    def timed(node: OperationNode, cotangents: Cotangents) -> Cotangents:
        start = time.perf_counter_ns()
        try:
            return backward(node, cotangents)
        finally:
            recording.add(node.name(), start)

    return timed
