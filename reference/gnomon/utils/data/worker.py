"""A worker: the process that fetches a loader's batches, and what its dataset can ask about it.

The main thread of a worker runs the dataset's code. One thread reads tasks, so that the loader
never waits to hand one over, and so that the worker notices at once when the loader's process
is gone. Another sends results, so that the worker goes on while nobody takes them.
"""

from __future__ import annotations

import os
import queue
import random as python_random
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import NamedTuple, NoReturn, TypeAlias

from gnomon.devices import CPU, set_default_device
from gnomon.random import manual_seed
from gnomon.utils.data.failure import Failure, failure_of
from gnomon.utils.data.fetching import Exhausted, Fetcher, Fetching

#: Called in each worker with its number, before it reads anything.
WorkerInit: TypeAlias = Callable[[int], object]

# How often a worker looks whether its parent process still is its parent, in seconds.
_CHECK_PARENT_EVERY = 2.0


class Fetch(NamedTuple):
    """The task to fetch batch ``number``, for which the sampler gave ``wanted``."""

    number: int
    wanted: object


class Restart(NamedTuple):
    """The task to begin a new epoch of the dataset."""


class Fetched(NamedTuple):
    """The batch ``number``."""

    number: int
    data: object


class Failed(NamedTuple):
    """Fetching batch ``number`` raised an error."""

    number: int
    failure: Failure


class Ended(NamedTuple):
    """The worker's dataset has no batch ``number``, nor a later one."""

    number: int


class Restarted(NamedTuple):
    """The worker has begun a new epoch."""


#: None tells the worker to stop.
Task: TypeAlias = "Fetch | Restart | None"
Result: TypeAlias = "Fetched | Failed | Ended | Restarted"


class WorkerInfo(NamedTuple):
    """What a worker knows of itself: its number, how many there are, its seed, its dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: object


class Assignment(NamedTuple):
    """What a worker is started with."""

    worker: int
    workers: int
    base_seed: int
    fetching: Fetching
    init: WorkerInit | None
    #: The parent's ends of pipes, which a forked process has as well and must not keep open:
    #: a worker learns from its pipe's end that the parent is gone.
    inherited: tuple[Connection, ...]


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Return what this worker knows of itself, None outside a worker of a loader.

    >>> get_worker_info() is None
    True
    """
    return _info


def work(assignment: Assignment, tasks: Connection, results: Connection) -> None:
    """Fetch what ``tasks`` asks for until it says to stop; what a worker's process runs."""
    for connection in assignment.inherited:
        connection.close()
    # An interrupt is for the program, which ends its workers; a handler of its own for
    # termination must not keep a worker alive.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    finished: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    arguments = (tasks, waiting, os.getppid())
    threading.Thread(target=_read_tasks, args=arguments, daemon=True).start()
    sender = threading.Thread(target=_send_results, args=(results, finished), daemon=True)
    sender.start()
    _Loop(assignment, waiting, finished).run()
    finished.put(None)
    sender.join()


class _Loop:
    """What the main thread of a worker does."""

    def __init__(
        self,
        assignment: Assignment,
        waiting: queue.SimpleQueue[Task],
        finished: queue.SimpleQueue[bytes | None],
    ) -> None:
        self._assignment = assignment
        self._waiting = waiting
        self._finished = finished
        self._ended = False

    def run(self) -> None:
        fetcher = self._begin(_introduce)
        while (task := self._waiting.get()) is not None:
            if isinstance(task, Restart):
                self._ended = False
                fetcher = self._begin(None)
                self._send(Restarted(), 0)
            elif not self._ended:
                self._send(self._result_of(task, fetcher), task.number)

    def _begin(self, prepare: Callable[[Assignment], None] | None) -> Fetcher | Failure:
        """Return what fetches an epoch, or, for the tasks' results, why there is none."""
        try:
            if prepare is not None:
                prepare(self._assignment)
            return self._assignment.fetching.fetcher()
        except Exception:
            return failure_of(self._assignment.worker)

    def _result_of(self, task: Fetch, fetcher: Fetcher | Failure) -> Result:
        if isinstance(fetcher, Failure):
            return Failed(task.number, fetcher)
        try:
            return Fetched(task.number, fetcher.fetch(task.wanted))
        except Exhausted:
            self._ended = True
            return Ended(task.number)
        except Exception:
            return Failed(task.number, failure_of(self._assignment.worker))

    def _send(self, result: Result, number: int) -> None:
        try:
            pickled = ForkingPickler.dumps(result)
        except Exception:
            failure = failure_of(self._assignment.worker)
            pickled = ForkingPickler.dumps(Failed(number, failure))
        self._finished.put(bytes(pickled))


def _introduce(assignment: Assignment) -> None:
    """Make tensors on the CPU, seed what draws random numbers, let the dataset ask who it is,
    and call the program's initialization.
    """
    global _info
    # An accelerator belongs to the process that opened it.
    set_default_device(CPU)
    seed = assignment.base_seed + assignment.worker
    python_random.seed(seed)
    manual_seed(seed)
    _seed_numpy(assignment.base_seed, assignment.worker)
    dataset = assignment.fetching.dataset
    _info = WorkerInfo(assignment.worker, assignment.workers, seed, dataset)
    if assignment.init is not None:
        assignment.init(assignment.worker)


def _seed_numpy(base_seed: int, worker: int) -> None:
    """Seed NumPy's global generator as PyTorch does, if the program uses NumPy."""
    if "numpy" not in sys.modules:
        return
    import numpy

    entropy = [worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    numpy.random.seed(numpy.random.SeedSequence(entropy).generate_state(4))


def _read_tasks(tasks: Connection, waiting: queue.SimpleQueue[Task], parent: int) -> None:
    try:
        while True:
            if tasks.poll(_CHECK_PARENT_EVERY):
                task: Task = tasks.recv()
                if not isinstance(task, Fetch):
                    _forget(waiting)
                waiting.put(task)
                if task is None:
                    return
            elif os.getppid() != parent:
                _leave()
    except (EOFError, OSError):
        _leave()


def _forget(waiting: queue.SimpleQueue[Task]) -> None:
    """Drop tasks that were not begun: nobody will look at their results."""
    try:
        while True:
            waiting.get_nowait()
    except queue.Empty:
        pass


def _send_results(results: Connection, finished: queue.SimpleQueue[bytes | None]) -> None:
    try:
        while (pickled := finished.get()) is not None:
            results.send_bytes(pickled)
    except OSError:
        _leave()


def _leave() -> NoReturn:
    """End the process at once: nobody wants its results any more."""
    os._exit(1)
