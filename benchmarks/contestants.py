"""Libraries that take part, each in a process of its own.

A compiler that aborts, or threads that wait busily, must not disturb the others. The parent
asks a worker to prepare a row, then for one time after another, so that the runs interleave.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import NamedTuple, Protocol

from benchmarks.rows import Row, Run

#: How long a worker may take to prepare and warm up a row, or to run it once.
PATIENCE = 120.0


#: Runs before the first timed one: compilers of traces need three.
_WARM_RUNS = 3


class Timing(NamedTuple):
    """The seconds of a run until it is done, and until Python has given it to the device."""

    done: float
    given: float


class Library(Protocol):
    """What a worker knows of its library."""

    def prepare(self, row: Row) -> Run | None:
        """Return the program of ``row``, or None when it has none."""

    def wait(self) -> None:
        """Wait until everything is done."""


class Gnomon:
    """gnomon on one device."""

    def __init__(self, device: str) -> None:
        import gnomon
        from gnomon.registry import backend_for

        self.module, self.device = gnomon, device
        self.wait = backend_for(gnomon.device(device)).synchronize

    def prepare(self, row: Row) -> Run | None:
        return row.torch(self.module, self.device)


class PyTorch:
    """PyTorch on the processor."""

    def __init__(self) -> None:
        import torch

        self.module = torch

    def prepare(self, row: Row) -> Run | None:
        return row.torch(self.module, "cpu")

    def wait(self) -> None:
        pass


class NumPy:
    """NumPy; only its products take several threads."""

    def prepare(self, row: Row) -> Run | None:
        return row.numpy and row.numpy()

    def wait(self) -> None:
        pass


class Tinygrad:
    """tinygrad on its OpenCL device, every program through TinyJit."""

    def __init__(self) -> None:
        os.environ.setdefault("DEV", "CL")
        from tinygrad import Device

        self.wait = Device[Device.DEFAULT].synchronize

    def prepare(self, row: Row) -> Run | None:
        return row.tinygrad and row.tinygrad()


class Entrant(NamedTuple):
    """A library to be: its column's title, and how its worker makes it."""

    title: str
    is_gnomon: bool
    library: Callable[[], Library]


class OnDevice(NamedTuple):
    """Makes gnomon on ``device``; a value, so that it can be sent to a worker."""

    device: str

    def __call__(self) -> Library:
        return Gnomon(self.device)


def entrants() -> list[Entrant]:
    """Return gnomon on each OpenCL device that works, and the peers that are installed."""
    found = [Entrant(f"gnomon {name}", True, OnDevice(name)) for name in _working_devices()]
    peers = (("torch", "PyTorch", PyTorch), ("numpy", "NumPy", NumPy))
    for package, title, library in (*peers, ("tinygrad", "tinygrad", Tinygrad)):
        if importlib.util.find_spec(package) is not None:
            version = importlib.metadata.version(package).partition("+")[0]
            found.append(Entrant(f"{title} {version}", False, library))
    return found


def _working_devices() -> list[str]:
    from gnomon.plugins import load_provider

    try:
        provider = load_provider("opencl")
        count = provider.device_count()
    except RuntimeError as error:
        print(error)
        return []
    found = []
    for index in range(count):
        try:
            provider.open(index)
            found.append(f"opencl:{index}")
        except RuntimeError as error:
            print(error)
    return found


class Worker:
    """The process of one contestant, started anew if it dies."""

    def __init__(self, entrant: Entrant) -> None:
        self.entrant = entrant
        self._context = multiprocessing.get_context("spawn")
        self._start()

    def _start(self) -> None:
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=serve, args=(self.entrant.library, theirs), daemon=True
        )
        self._process.start()
        theirs.close()

    def prepare(self, row: str) -> str | None:
        """Let the worker prepare and warm up a row; return why it can't, or None if it can.

        The reason is empty when the library has no program for the row.
        """
        answer = self._ask(row)
        return answer if isinstance(answer, str) else None

    def time(self, calls: int) -> Timing | None:
        """Return the times of one run, the mean of ``calls``; None if the worker failed."""
        answer = self._ask(calls)
        return answer if isinstance(answer, Timing) else None

    def _ask(self, question: str | int) -> Timing | str:
        try:
            self._pipe.send(question)
            if self._pipe.poll(PATIENCE):
                answer: Timing | str = self._pipe.recv()
                return answer
            reason = f"took over {PATIENCE:.0f} s"
        except (EOFError, OSError):
            self._process.join()
            reason = f"the process ended with status {self._process.exitcode}"
        self.stop()
        self._start()
        return reason

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def serve(make: Callable[[], Library], pipe: Connection) -> None:
    """Answer the parent's questions until it hangs up."""
    from benchmarks.table import ROWS

    library: Library | None = None
    run: Run | None = None
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        try:
            if isinstance(question, str):
                run = None  # what the last row holds must not lie beside this one's
                library = library or make()
                run = library.prepare(ROWS[question])
                pipe.send("" if run is None else _warmed_up(library, run))
            else:
                assert library is not None and run is not None
                pipe.send(timed(library, run, question))
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}")


def _warmed_up(library: Library, run: Run) -> Timing:
    for _ in range(_WARM_RUNS):
        timed(library, run, 1)
    return timed(library, run, 1)


def timed(library: Library, run: Run, calls: int) -> Timing:
    """Return the mean times of a call. Results live until all is done, so that none may be left
    out.
    """
    library.wait()
    started = time.perf_counter()
    results = [run() for _ in range(calls)]
    given = time.perf_counter()
    library.wait()
    done = time.perf_counter()
    del results
    return Timing((done - started) / calls, (given - started) / calls)
