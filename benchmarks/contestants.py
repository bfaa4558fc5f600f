"""Libraries that take part, each in a process of its own.

A compiler that aborts, or threads that wait busily, must not disturb the others. The parent
asks a worker to prepare a row, then for one time after another, so that the runs interleave.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Final, NamedTuple, Protocol

from benchmarks.rows import Row, Run

#: How long a worker may take to run a row once, in seconds.
PATIENCE: Final = 120.0
#: Rows for which a contestant may be too slow; it takes no part in those after them.
_MOST_FAILURES: Final = 3

#: Runs before the first timed one: compilers of traces need three.
_WARM_RUNS: Final = 3
#: Seconds of runs that do not count before each that does: others had caches and cores
#: meanwhile, and after a pause clocks and threads take some 20 ms to be as fast as in a
#: program's loop.
STEADY: Final = 0.05


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
    """gnomon on one device, which is waited for; whole programs are compiled, if asked for."""

    def __init__(self, device: str, compiled: bool) -> None:
        # What the parent was given for its own threads counts here too: contestants take turns,
        # so that each has all cores to itself, as a program has that runs alone.
        os.environ.pop("GNOMON_OPENCL_BOUND", None)
        import gnomon
        from gnomon.registry import backend_for

        self.module, self.device, self.compiled = gnomon, device, compiled
        self.wait = backend_for(gnomon.device(device)).synchronize

    def prepare(self, row: Row) -> Run | None:
        if not self.compiled:
            return row.torch(self.module, self.device)
        return (
            self.module.compile(row.torch(self.module, self.device)) if row.compiled else None
        )


class PyTorch:
    """PyTorch on the processor, which is done when a call returns."""

    def __init__(self) -> None:
        import torch

        self.module = torch

    def prepare(self, row: Row) -> Run | None:
        return row.torch(self.module, "cpu")

    def wait(self) -> None:
        pass


class CompiledPyTorch(PyTorch):
    """PyTorch, every program through ``torch.compile``."""

    def prepare(self, row: Row) -> Run | None:
        run = super().prepare(row) if row.compiled else None
        return run and self.module.compile(run)


class NumPy:
    """NumPy; only its products take several threads."""

    def prepare(self, row: Row) -> Run | None:
        return row.numpy and row.numpy()

    def wait(self) -> None:
        pass


class JAX:
    """JAX on the processor; its programs are compiled, and wait for what they compute."""

    def __init__(self) -> None:
        os.environ.setdefault("JAX_PLATFORMS", "cpu")

    def prepare(self, row: Row) -> Run | None:
        return row.jax and row.jax()

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
    library: Callable[[], Library]
    #: The device, if it is gnomon.
    device: str = ""
    #: Whether it is gnomon or PyTorch that runs operation by operation.
    is_eager: bool = False

    @property
    def is_gnomon(self) -> bool:
        return bool(self.device)


#: Title, package and library of each peer, whether or not it is installed.
PEERS: Final = (
    ("PyTorch", "torch", PyTorch),
    ("torch.compile", "torch", CompiledPyTorch),
    ("NumPy", "numpy", NumPy),
    ("JAX", "jax", JAX),
    ("tinygrad", "tinygrad", Tinygrad),
)


def entrants() -> list[Entrant]:
    """Return gnomon on each OpenCL device that works, and the peers that are installed."""
    found = []
    for name in _working_devices():
        compiled = "compiled:" + name.rpartition(":")[2]
        found.append(Entrant(name, partial(Gnomon, name, False), name, is_eager=True))
        found.append(Entrant(compiled, partial(Gnomon, name, True), name))
    for title, package, library in PEERS:
        if importlib.util.find_spec(package) is not None:
            found.append(Entrant(title, library, is_eager=library is PyTorch))
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
        self._too_slow = 0
        self._start()

    def _start(self) -> None:
        self._began, self._has_library = 0.0, False
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=serve, args=(self.entrant.library, theirs), daemon=True
        )
        self._process.start()
        theirs.close()

    def prepare(self, row: str) -> None:
        """Let the worker begin to prepare and warm up a row, once it has its library."""
        if self._too_slow >= _MOST_FAILURES:
            return
        if not self._has_library:
            with suppress(EOFError, OSError):
                self._has_library = self._pipe.poll(PATIENCE) and self._pipe.recv()
        self._began = time.perf_counter()
        with suppress(OSError):  # of a worker that has ended, which the answer will say
            self._pipe.send(row)

    def prepared(self, patience: float) -> str | None:
        """Return why the worker can't run the row, or None if it is prepared.

        The reason is empty when the library has no program for the row.
        """
        if self._too_slow >= _MOST_FAILURES:
            return f"left out after {_MOST_FAILURES} rows that took over {patience:g} s"
        answer = self._answer(patience)
        return answer if isinstance(answer, str) else None

    def time(self, calls: int) -> Timing | None:
        """Return the times of one run, the mean of ``calls``; None if the worker failed."""
        self._began = time.perf_counter()
        with suppress(OSError):
            self._pipe.send(calls)
        answer = self._answer(PATIENCE)
        return answer if isinstance(answer, Timing) else None

    def _answer(self, patience: float) -> Timing | str:
        try:
            if self._pipe.poll(max(0.0, self._began + patience - time.perf_counter())):
                answer: Timing | str = self._pipe.recv()
                return answer
            self._too_slow += 1
            reason = f"took over {patience:g} s"
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

    library, run = make(), None
    pipe.send(True)
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        try:
            if isinstance(question, str):
                run = None  # what the last row holds must not lie beside this one's
                run = library.prepare(ROWS[question])
                calls = ROWS[question].calls
                pipe.send("" if run is None else _warmed_up(library, run, calls))
            else:
                assert run is not None
                run_in(library, run)
                pipe.send(timed(library, run, question))
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}")


def _warmed_up(library: Library, run: Run, calls: int) -> Timing:
    for _ in range(_WARM_RUNS):
        timed(library, run, 1)
    return timed(library, run, calls)  # which takes the memory for so many results


def run_in(library: Library, run: Run) -> None:
    """Run until the steady state of a loop is reached."""
    started = time.perf_counter()
    while time.perf_counter() - started < STEADY:
        timed(library, run, 1)


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
