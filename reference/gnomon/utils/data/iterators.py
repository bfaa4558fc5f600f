"""One epoch of a loader: in this process, or by workers."""

from __future__ import annotations

import multiprocessing
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from multiprocessing.context import BaseContext
from typing import NamedTuple, final

from gnomon.errors import warn
from gnomon.random import Generator
from gnomon.utils.data.fetching import Exhausted, Fetching
from gnomon.utils.data.pool import WorkerPool
from gnomon.utils.data.sampler import random_seed
from gnomon.utils.data.worker import (
    Assignment,
    Ended,
    Failed,
    Fetch,
    Fetched,
    Restart,
    Restarted,
    Result,
    WorkerInit,
)


class Plan(NamedTuple):
    """What an iterator takes from its loader."""

    fetching: Fetching
    indices: Iterable[object]
    generator: Generator | None
    #: What ``len(loader)`` said of an iterable dataset, if it was asked.
    promised: int | None


class WorkPlan(NamedTuple):
    """How workers are started and used."""

    workers: int
    prefetch: int
    timeout: float
    init: WorkerInit | None
    context: BaseContext | None
    persistent: bool
    in_order: bool


class LoaderIterator(ABC):
    """The batches of an epoch, one after the other."""

    def __init__(self, plan: Plan) -> None:
        self._begin(plan)
        # Drawn here even where no worker needs it: what the generator draws afterwards, the
        # order of the samples among it, depends on it.
        self._base_seed = random_seed(plan.generator)

    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        batch = self._next()
        self._given += 1
        if self._promised is not None and self._given > self._promised:
            warn(
                f"Length of IterableDataset {self._fetching.dataset} was reported to be "
                f"{self._promised} (when accessing len(dataloader)), but {self._given} samples "
                "have been fetched. With workers, each of them may be reading all of the "
                "dataset: let it ask get_worker_info() which part is its."
            )
        return batch

    def __getstate__(self) -> object:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled.")

    @abstractmethod
    def _next(self) -> object:
        """Return the next batch; raise StopIteration at the end."""

    def _begin(self, plan: Plan) -> None:
        self._fetching = plan.fetching
        self._indices = iter(plan.indices)
        self._promised = plan.promised
        self._given = 0


@final
class SingleProcessIterator(LoaderIterator):
    """Fetches each batch when it is asked for."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._fetcher = plan.fetching.fetcher()

    def _next(self) -> object:
        index = next(self._indices)
        try:
            return self._fetcher.fetch(index)
        except Exhausted:
            raise StopIteration from None


@final
class MultiProcessIterator(LoaderIterator):
    """Has workers fetch batches ahead, and gives them in order unless that is not wanted."""

    def __init__(self, plan: Plan, work: WorkPlan) -> None:
        super().__init__(plan)
        self._work = work
        context = work.context or multiprocessing.get_context()
        shared = (work.workers, self._base_seed, plan.fetching, work.init, ())
        self._pool = WorkerPool(
            context, (Assignment(worker, *shared) for worker in range(work.workers))
        )
        self._fill()

    @property
    def has_ended(self) -> bool:
        """Whether its workers are gone, by an interrupt or because one of them failed."""
        return self._pool.has_ended

    def restart(self, plan: Plan) -> None:
        """Begin another epoch with the workers of this one."""
        self._begin(plan)
        for worker in range(self._work.workers):
            self._pool.send(worker, Restart())
        begun = 0
        while begun < self._work.workers:
            begun += isinstance(self._pool.receive(None), Restarted)
        self._fill()

    def _fill(self) -> None:
        """Give every worker its first tasks."""
        self._turn = 0
        self._sent = 0
        self._due = 0
        #: Which worker has which of the batches that were not given yet.
        self._worker_of: dict[int, int] = {}
        self._arrived: dict[int, Fetched | Failed] = {}
        self._active = set(range(self._work.workers))
        for _ in range(self._work.prefetch * self._work.workers):
            self._send_next()

    def _send_next(self) -> None:
        for index in self._indices:
            if self._active:
                worker = self._worker_in_turn()
                self._worker_of[self._sent] = worker
                self._pool.send(worker, Fetch(self._sent, index))
                self._sent += 1
            return

    def _worker_in_turn(self) -> int:
        count = self._work.workers
        order = [(self._turn + step) % count for step in range(count)]
        waiting = [worker for worker in order if worker in self._active]
        if not self._work.in_order:
            busy = list(self._worker_of.values())
            waiting.sort(key=busy.count)
        self._turn = (waiting[0] + 1) % count
        return waiting[0]

    def _next(self) -> object:
        try:
            while self._find_due():
                arrived = self._arrived.pop(self._due, None)
                if arrived is None:
                    arrived = self._receive()
                if arrived is not None:
                    return self._given_out(arrived)
        except KeyboardInterrupt:
            self._pool.shutdown(patience=0.0)
            raise
        if not self._work.persistent:
            self._pool.shutdown()
        raise StopIteration

    def _find_due(self) -> bool:
        """Go on to the next batch that was or will be fetched; return whether there is one."""
        while self._due < self._sent:
            worker = self._worker_of.get(self._due)
            if worker in self._active or self._due in self._arrived:
                return True
            self._worker_of.pop(self._due, None)
            self._due += 1
        return False

    def _receive(self) -> Fetched | Failed | None:
        """Return the next result if it is due; otherwise keep it."""
        result = self._result()
        if isinstance(result, Ended):
            worker = self._worker_of[result.number]
            self._active.discard(worker)
            if not self._work.persistent:
                self._pool.stop(worker)
            self._send_next()
        elif isinstance(result, Fetched | Failed):
            if result.number == self._due or not self._work.in_order:
                return result
            self._arrived[result.number] = result
        return None

    def _result(self) -> Result:
        result = self._pool.receive(self._work.timeout or None)
        if result is None:
            raise RuntimeError(
                f"DataLoader timed out after {self._work.timeout} seconds. Raise timeout, or "
                "look for what the workers wait for."
            )
        return result

    def _given_out(self, arrived: Fetched | Failed) -> object:
        del self._worker_of[arrived.number]
        self._send_next()
        if isinstance(arrived, Failed):
            arrived.failure.reraise()
        return arrived.data
