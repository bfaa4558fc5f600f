"""The processes that work for one loader, as the loader's own process sees them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import NamedTuple, NoReturn, Protocol, cast, final
from weakref import WeakSet

from gnomon.utils.data.worker import Assignment, Result, Task, work

# How long workers may take to finish what they are at before they are ended, in seconds.
_PATIENCE = 5.0


class _Context(Protocol):
    """A context of ``multiprocessing``, whose classes differ by how processes are started."""

    def get_start_method(self) -> str: ...
    def Pipe(self, duplex: bool) -> tuple[Connection, Connection]: ...
    def Process(
        self,
        *,
        target: Callable[[Assignment, Connection, Connection], None],
        args: tuple[Assignment, Connection, Connection],
        daemon: bool,
    ) -> BaseProcess: ...


class _Worker(NamedTuple):
    """One process, where its tasks go and where its results come from."""

    process: BaseProcess
    tasks: Connection
    results: Connection


@final
class WorkerPool:
    """Workers of one loader: each gets tasks of its own and has a pipe of its own for results.

    They end when the pool is shut down or collected, and by themselves when this process is
    gone. A process that was forked from this one leaves them alone.
    """

    def __init__(self, context: BaseContext, assignments: Iterable[Assignment]) -> None:
        self._owner = os.getpid()
        self._workers: dict[int, _Worker] = {}
        self._ending: list[BaseProcess] = []
        starting = cast(_Context, context)
        _pools.add(self)
        for assignment in assignments:
            self._workers[assignment.worker] = _start(starting, assignment)

    def send(self, worker: int, task: Task) -> None:
        """Hand ``task`` to ``worker``; RuntimeError if it is gone."""
        found = self._workers[worker]
        try:
            found.tasks.send(task)
        except OSError:
            self._fail(found)

    def receive(self, timeout: float | None) -> Result | None:
        """Return the next result of any worker, None after ``timeout`` seconds without one.

        Raises RuntimeError when a worker is gone without having been told to.
        """
        if not self._workers:
            raise RuntimeError(
                "DataLoader: the workers of this iterator have ended. Iterate the loader anew."
            )
        by_results = {worker.results: worker for worker in self._workers.values()}
        sentinels = [worker.process.sentinel for worker in self._workers.values()]
        ready = wait([*by_results, *sentinels], timeout)
        for connection in ready:
            if isinstance(connection, Connection):
                try:
                    return cast(Result, connection.recv())
                except EOFError:
                    self._fail(by_results[connection])
        for worker in self._workers.values():
            # What it sent before it ended may have come after the wait.
            if worker.process.sentinel in ready and not worker.results.poll():
                self._fail(worker)
        return self.receive(timeout) if ready else None

    @property
    def has_ended(self) -> bool:
        """Whether there is no worker left."""
        return not self._workers

    def stop(self, worker: int) -> None:
        """Tell ``worker`` to end when it has finished what it is at."""
        self._ending.append(_told_to_stop(self._workers.pop(worker)))

    def shutdown(self, patience: float = _PATIENCE) -> None:
        """End all workers: those that need longer than ``patience`` seconds are terminated."""
        if os.getpid() != self._owner:
            return
        processes = [*self._ending, *map(_told_to_stop, self._workers.values())]
        self._ending.clear()
        self._workers.clear()
        until = time.monotonic() + patience
        for process in processes:
            process.join(max(until - time.monotonic(), 0.0))
            if process.is_alive():
                process.terminate()
        for process in processes:
            process.join(1.0)
            if process.is_alive():
                process.kill()
                process.join()

    def connections(self) -> list[Connection]:
        """Return this process's ends of the pipes."""
        return [
            connection
            for worker in self._workers.values()
            for connection in (worker.tasks, worker.results)
        ]

    def _fail(self, worker: _Worker) -> NoReturn:
        worker.process.join(1.0)
        code, pid = worker.process.exitcode, worker.process.pid
        if code is not None and code < 0:
            how = f"was killed by signal {signal.Signals(-code).name}"
        else:
            how = f"exited unexpectedly, with exit code {code}"
        self.shutdown()
        raise RuntimeError(
            f"DataLoader worker (pid {pid}) {how}. Use num_workers=0 to see an error in this "
            "process; a worker that is killed may have run out of memory."
        )

    def __del__(self) -> None:
        self.shutdown()


_pools: WeakSet[WorkerPool] = WeakSet()


def _start(context: _Context, assignment: Assignment) -> _Worker:
    task_reader, task_writer = context.Pipe(duplex=False)
    result_reader, result_writer = context.Pipe(duplex=False)
    if context.get_start_method() == "fork":
        others = [connection for pool in _pools for connection in pool.connections()]
        assignment = assignment._replace(inherited=(*others, task_writer, result_reader))
    arguments = (assignment, task_reader, result_writer)
    process = context.Process(target=work, args=arguments, daemon=True)
    process.start()
    task_reader.close()
    result_writer.close()
    return _Worker(process, task_writer, result_reader)


def _told_to_stop(worker: _Worker) -> BaseProcess:
    with suppress(OSError):  # it may have ended already
        worker.tasks.send(None)
    worker.tasks.close()
    worker.results.close()
    return worker.process
