"""Processes that build programs while this one goes on: PoCL builds one program at a time a
process, whatever its threads do.

A builder is started when there is something to build, is given the texts of programs, gives
back what it built, and ends with this process.
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Final, final

import pyopencl as cl

from gnomon.backend import usable_cores
from gnomon_opencl.attempts import Attempt
from gnomon_opencl.trials import BUILDERS_VARIABLE, all_devices, note_end

#: Builders at most: each is a compiler, which takes 150 MB.
_MOST: Final = 4


@final
class Builders:
    """The builders for one device: one for each core that this process may use."""

    def __init__(self, device: cl.Device) -> None:
        self._device = device
        self._asked: SimpleQueue[tuple[Sequence[Attempt], Future[bytes | None]]] = SimpleQueue()
        self._started = 0
        is_processor = bool(device.type & cl.device_type.CPU)
        self._most = _most() if is_processor else 0
        #: Whether a builder has given something back: until then, it is quicker to build here.
        self.have_begun = False

    @property
    def are_of_use(self) -> bool:
        """Whether there may be any. Drivers of cards are left alone."""
        return self._most > 0

    def build(self, attempts: Sequence[Attempt]) -> Future[bytes | None]:
        """Return what will hold the first of ``attempts`` that builds, None if none does.

        It may be cancelled until a builder turns to it.
        """
        future: Future[bytes | None] = Future()
        self._asked.put((attempts, future))
        if self._started < self._most:
            self._started += 1
            threading.Thread(target=self._serve, daemon=True).start()
        return future

    def _serve(self) -> None:
        """Give a builder what is asked for, one program after the other."""
        builder = self._builder()
        while True:
            attempts, future = self._asked.get()
            if not future.set_running_or_notify_cancel():
                continue
            binary = None
            if builder is not None:
                try:
                    binary = _built(builder, attempts)
                except (OSError, EOFError, pickle.UnpicklingError):
                    builder.kill()  # what has ended already keeps its status
                    note_end(self._device, builder.wait())
                    builder = None
            future.set_result(binary)
            self.have_begun = builder is not None

    def _builder(self) -> subprocess.Popen[bytes] | None:
        number = str(all_devices().index(self._device))
        try:
            builder = subprocess.Popen(
                [sys.executable, "-m", "gnomon_opencl.builder", number],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:  # a sandbox that does not allow it
            return None
        atexit.register(builder.kill)
        return builder


def _built(builder: subprocess.Popen[bytes], attempts: Sequence[Attempt]) -> bytes | None:
    assert builder.stdin is not None and builder.stdout is not None
    pickle.dump([tuple(attempt) for attempt in attempts], builder.stdin)
    builder.stdin.flush()
    binary: bytes | None = pickle.load(builder.stdout)
    return binary


def _most() -> int:
    """Return how many builders there may be: as many as cores, or what the user says.

    Raises RuntimeError if that is not a number.
    """
    chosen = os.environ.get(BUILDERS_VARIABLE)
    if chosen is not None:
        if not chosen.isdecimal():
            raise RuntimeError(
                f"device: {BUILDERS_VARIABLE}={chosen!r} is not a number of processes. Give "
                "one, 0 to build kernels in the program's own process, or leave it unset."
            )
        return int(chosen)
    cores = usable_cores()
    return min(cores, _MOST) if cores > 1 else 0
