"""One device at work: its queue, its memory, its kernels, and how they are launched."""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias, final

import pyopencl as cl

from gnomon.backend import DType, LiveBytes, Operand, Scalar
from gnomon_opencl.explaining import constant_parameters
from gnomon_opencl.failures import failure as failure_of
from gnomon_opencl.kernels.endings import Made
from gnomon_opencl.kernels.expressions import Formula
from gnomon_opencl.kernels.reduce import Reducing, scratch_of
from gnomon_opencl.memory import Buffer, DeviceMemory, Pool, buffer_in
from gnomon_opencl.peaks import Peak, measured_peak
from gnomon_opencl.programs import Programs, declare
from gnomon_opencl.recording import LaunchRecorder
from gnomon_opencl.timeline import Timeline
from gnomon_opencl.traits import WIDE_LANES, Traits, traits_of
from gnomon_opencl.trials import (
    begin_wide_elements,
    long_vectors_are_right,
    wide_elements_are_right,
)
from gnomon_opencl.window import Window

#: A buffer, a value packed as the kernel's parameter is laid out, or local memory.
Argument: TypeAlias = Buffer | bytes | cl.LocalMemory
#: What a flag is set to by values that an operation refuses.
REFUSED: Final = 2
#: A kernel that may set a flag: its text, its name, its arguments but the flag, its items.
Question: TypeAlias = tuple[str, str, Sequence[Argument], int]


#: Launches that wait at most, which bounds the memory that they hold.
_LONGEST_BACKLOG: Final = 512
#: Small launches are queued so many at a time, or when they are given so many bytes: it takes
#: the host longer to wake a device than to queue all of them.
_TOGETHER: Final = 8
_BYTES_TOGETHER: Final = 1 << 19
#: To declare the arguments of a kernel takes as long as a dozen launches save by it.
_OFTEN: Final = 12


class _Waiting(NamedTuple):
    """A launch that waits for others, or for its kernel or that of one before it."""

    source: str
    name: str
    arguments: Sequence[Argument]
    items: int
    group: int


@final
class _Forks:
    """How many forks lie between this process and the one that imported the module: asked at
    every launch, where ``os.getpid`` would be a call of the system.
    """

    count = 0

    @classmethod
    def add_one(cls) -> None:
        cls.count += 1


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_Forks.add_one)


@final
class Runtime:
    """The one in-order queue of a device and what is needed to put kernels on it.

    Launches from several threads take turns, because an OpenCL kernel object holds its own
    arguments. A forked child can't use its parent's driver: it gets an error instead.
    """

    def __init__(self, device: cl.Device, name: str, traits: Traits | None = None) -> None:
        self.name = name
        self.traits = traits or _tried(device)
        self.context = cl.Context([device])
        long_name = f"{name} ({device.name.strip()})"
        self.timeline = Timeline(self.context, device, long_name)
        self.pool = Pool(self.timeline, long_name, self.traits)
        options = ["-cl-std=CL1.2"]
        if self.traits.exact_division:
            options.append("-cl-fp32-correctly-rounded-divide-sqrt")
        self.programs = Programs(self.context, device, tuple(options))
        #: How often kernels were launched, and those that were often enough to be declared.
        self._launched: Counter[tuple[str, str]] = Counter()
        self._kernels: dict[tuple[str, str], cl.Kernel] = {}
        #: Launches in the order in which they are to be queued.
        self._backlog: deque[_Waiting] = deque()
        self._backlog_bytes = 0
        self._is_catching_up = False
        self.recorder: LaunchRecorder | None = None
        self._watched: list[DeviceMemory] = []
        self.window = Window(self.traits, self.pool, self.enqueue)
        self.launches = 0
        self._peak: Peak | None = None
        self._forks = _Forks.count
        self._lock = threading.RLock()
        #: 0 but for the time between a kernel that sets it and its reading.
        self._flag: DeviceMemory | None = None
        self._unread_flag: DeviceMemory | None = None

    def check_process(self) -> None:
        """Raise RuntimeError in a process forked from the one that opened the device."""
        if self._forks != _Forks.count:
            raise RuntimeError(
                f"{self.name}: OpenCL does not work in a process forked after its first use. "
                'Start processes with multiprocessing.set_start_method("spawn").'
            )

    def launch(
        self,
        source: str,
        name: str,
        arguments: Sequence[Argument],
        items: int,
        group: int = 0,
        made: Made | None = None,
    ) -> None:
        """Queue ``items`` work-items of the kernel ``name``, in groups of ``group``, behind
        what waits in the window; ``made`` tells of one that can end in elementwise steps,
        whose last buffer is what it makes.

        The number of items is rounded up to whole groups; kernels check the bound themselves.
        """
        self.flush()
        # Another thread may be done with the recorder meanwhile, here and below.
        recorder = self.recorder
        if recorder is not None:
            recorder.launch(source, name, arguments, items, group, made=made)
        self.enqueue(source, name, arguments, items, group)

    def flush(self) -> None:
        """Queue what waits in the window."""
        self.check_process()
        with self._lock:
            self.window.flush()

    def defer(
        self,
        formula: Formula,
        compute: DType,
        inputs: Sequence[Operand | Scalar],
        output: Operand,
        conditions: int,
    ) -> None:
        """Put an elementwise launch into the window."""
        with self._lock:
            recorder = self.recorder
            if recorder is not None:
                recorder.defer(formula, compute, inputs, output, conditions)
            self.window.add(formula, compute, inputs, output, conditions)

    def defer_reduction(self, reducing: Reducing, input: Operand, output: Operand) -> None:
        """Put a reduction into the window."""
        with self._lock:
            needs = scratch_of(reducing, self.traits)
            scratch = [self.pool.allocate(nbytes).buffer for nbytes in needs]
            if self.recorder is not None:
                self.recorder.defer_reduction(reducing, input, output, scratch)
            self.window.add_reduction(reducing, input, output, scratch)

    def enqueue(
        self, source: str, name: str, arguments: Sequence[Argument], items: int, group: int = 0
    ) -> None:
        """Queue a kernel soon: when it is there, and so many that waking the device is worth
        it, or somebody waits for the device.
        """
        with self._lock:
            self.launches += 1
            size = group or self.traits.group_size
            waiting = _Waiting(source, name, arguments, items, size)
            self._backlog.append(waiting)
            self._backlog_bytes += sum(
                [each.nbytes for each in arguments if isinstance(each, Buffer)]
            )
            self.timeline.catch_up = self._catch_up
            self._is_there(waiting)  # or begins to be built
            if len(self._backlog) >= _LONGEST_BACKLOG:
                self._catch_up()
            elif len(self._backlog) >= _TOGETHER or self._backlog_bytes > _BYTES_TOGETHER:
                self._catch_up(waits=False)

    def _is_there(self, waiting: _Waiting) -> bool:
        source, name, *_ = waiting
        return (source, name) in self._kernels or self.programs.is_at_hand(source, name)

    def _catch_up(self, waits: bool = True) -> None:
        """Queue what waits; unless this ``waits`` for kernels, as far as they are there. A
        failure is raised when the others are queued.
        """
        failure: RuntimeError | None = None
        with self._lock:
            if self._is_catching_up:
                return  # for want of memory the device is waited for, as far as it has come
            self._is_catching_up = True
            try:
                while self._backlog and (waits or self._is_there(self._backlog[0])):
                    try:
                        self._put_first()
                    except RuntimeError as error:
                        failure = failure or error
            finally:
                self._is_catching_up = False
                if not self._backlog:
                    self.timeline.catch_up = None
        if failure is not None:
            raise failure

    def _put_first(self) -> None:
        """Queue the launch that waits for longest; what it should have written may be lost."""
        waiting = self._backlog.popleft()
        if not self._backlog:
            self._backlog_bytes = 0
        try:
            self._put(waiting)
        except RuntimeError as error:
            constant = constant_parameters(waiting.source, waiting.name)
            for argument, is_constant in zip(waiting.arguments, constant, strict=False):
                if isinstance(argument, Buffer) and not is_constant:
                    argument.lose(error)
            raise

    def _put(self, waiting: _Waiting) -> None:
        source, name, arguments, items, size = waiting
        whole = -(-items // size) * size
        given = [each.pooled if isinstance(each, Buffer) else each for each in arguments]
        try:
            kernel = self._kernels.get((source, name))
            if kernel is None:
                kernel = self._given_undeclared(source, name, given)
            else:
                kernel.set_args(*given)
            self.timeline.launch(kernel, (whole,), (size,), name, source)
        except cl.Error as error:
            raise failure_of(name, self.name, error) from error

    def _given_undeclared(self, source: str, name: str, given: Sequence[object]) -> cl.Kernel:
        """Return a kernel that has not been declared, its arguments set. Once it has been
        launched often enough to be worth it, it is declared.
        """
        kernel = self.programs.kernel(source, name)
        for position, argument in enumerate(given):
            kernel.set_arg(position, argument)
        self._launched[source, name] += 1
        if self._launched[source, name] == _OFTEN:
            declare(kernel, given)
            self._kernels[source, name] = kernel
            del self._launched[source, name]
        return kernel

    def begin(self, operation: str, *arguments: object) -> None:
        """Tell a recorder, if one is at work, what the launches that follow are for."""
        if self.recorder is not None:
            self.recorder.begin(operation, arguments)

    def peak(self) -> Peak:
        """Return what the device can reach at all, measured when it is first asked for."""
        if self._peak is None:
            self._peak = measured_peak(self)
        return self._peak

    def turn(self) -> AbstractContextManager[bool]:
        """Return a context that keeps other threads from launching."""
        self.check_process()
        return self._lock

    def obstruct(self, obstacle: str) -> None:
        """Tell a recorder, if one is at work, why the call can't be replayed."""
        recorder = self.recorder
        if recorder is not None:
            recorder.obstruct(obstacle)

    def note_draw(self, draw: LiveBytes) -> None:
        """Tell a recorder, if one is at work, of a draw that no kernel needs."""
        recorder = self.recorder
        if recorder is not None:
            recorder.draw(draw)

    def watch(self, flag: DeviceMemory) -> None:
        """Look at the flag of a replayed recording when the host waits next."""
        if flag not in self._watched:
            self._watched.append(flag)

    def check_watched(self) -> None:
        """Raise IndexError if a replay since the last look met an index out of range, and
        RuntimeError if a value that an operation refuses.
        """
        watched, self._watched = self._watched, []
        found = 0
        for flag in watched:
            word = self.pool.word(flag)
            if word:
                self.pool.clear(flag)
            found = found or word
        if found:
            is_index = found != REFUSED
            met = "an index was out of range" if is_index else "a value was refused"
            raise (IndexError if is_index else RuntimeError)(
                f"{self.name}: in a compiled call, {met}. The call was replayed, so this comes "
                "late; run it without gnomon.compile to see which operation it was."
            )

    def flag_is_set(self, questions: Sequence[Question]) -> bool:
        """Return whether any item of these kernels sets its last argument, an int, which is 0:
        to 1 for an index out of range, or to ``REFUSED``.

        Waits for the kernels, because what is asked must be known before anything is written.
        """
        with self._lock:
            flag = self._flag
            if flag is None:
                flag = self._flag = self.pool.allocate(4)
                self.pool.clear(flag)
            self.flush()
            recorder = self.recorder
            for source, name, given, items in questions:
                arguments = [*given, flag.buffer]
                if recorder is not None:
                    recorder.launch(source, name, arguments, items, 0, flag.buffer)
                self.enqueue(source, name, arguments, items)
            is_set = self.pool.word(flag) != 0
            if is_set:
                self.pool.clear(flag)
            return is_set

    def launch_unasked(
        self, source: str, name: str, arguments: Sequence[Argument], items: int
    ) -> None:
        """Queue a kernel that ends with a flag which nobody looks at."""
        if self._unread_flag is None:
            self._unread_flag = self.pool.allocate(4)
        self.launch(source, name, [*arguments, self._unread_flag.buffer], items)


def _tried(device: cl.Device) -> Traits:
    """Return the traits of ``device``, as far as a trial of its compiler bears them out."""
    traits = traits_of(device)
    if traits.lanes == 1:
        return traits
    if traits.has_wide_registers:
        begin_wide_elements(device)
    if not long_vectors_are_right(device):
        traits = replace(traits, vector_bytes=traits.vector_bytes // 2)
    if traits.has_wide_registers and wide_elements_are_right(device):
        traits = replace(traits, float_lanes=WIDE_LANES)
    return traits


def buffer_of(operand: Operand) -> Buffer:
    """Return the buffer an operand is in."""
    return buffer_in(operand.storage.memory)
