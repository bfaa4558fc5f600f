"""The loader: batches of a dataset, in an order, fetched here or by workers."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.context import BaseContext
from typing import Generic, TypeVar, cast

from gnomon.devices import usable_cores
from gnomon.errors import warn
from gnomon.random import Generator
from gnomon.utils.data._utils.collate import default_collate as default_collate
from gnomon.utils.data._utils.collate import default_convert as default_convert
from gnomon.utils.data.dataset import IterableDataset, length_of
from gnomon.utils.data.fetching import Collate, Fetching
from gnomon.utils.data.iterators import (
    MultiProcessIterator,
    Plan,
    SingleProcessIterator,
    WorkPlan,
)
from gnomon.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)
from gnomon.utils.data.worker import WorkerInit
from gnomon.utils.data.worker import get_worker_info as get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)

# What PyTorch has workers fetch ahead, in batches each.
_DEFAULT_PREFETCH = 2

_FIXED = frozenset(
    {"batch_sampler", "batch_size", "dataset", "drop_last", "persistent_workers", "sampler"}
)


class DataLoader(Generic[T_co]):
    """Batches of ``dataset``, in this process or from ``num_workers`` processes.

    Samples come in order, in a random order (``shuffle``), or in that of ``sampler``; they are
    put together by ``collate_fn`` in batches of ``batch_size``, the last one shorter unless
    ``drop_last``. ``batch_sampler`` gives lists of indices instead; with ``batch_size=None``
    there are no batches, and samples come one by one. ``generator`` draws the order and the
    workers' seeds.

    With workers: ``worker_init_fn`` is called in each with its number; each fetches
    ``prefetch_factor`` batches ahead (default 2); ``timeout`` is for how many seconds a batch
    is waited for (0: forever); ``persistent_workers`` stay for the next epoch; without
    ``in_order`` batches come as they are finished; ``multiprocessing_context`` says how
    processes are started. ``pin_memory`` has no effect: no device here has pinned memory.

    Raises ValueError for options that exclude each other.

    >>> loader = DataLoader([1.0, 2.0, 3.0], batch_size=2)
    >>> len(loader), list(loader)
    (2, [tensor([1., 2.], dtype=torch.float64), tensor([3.], dtype=torch.float64)])
    """

    def __init__(
        self,
        dataset: object,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[object] | Iterable[object] | None = None,
        batch_sampler: Sampler[list[object]] | Iterable[list[object]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[T_co]], object] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: WorkerInit | None = None,
        multiprocessing_context: str | BaseContext | None = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        iterable = isinstance(dataset, IterableDataset)
        if iterable:
            _check_nothing_given(shuffle=shuffle, sampler=sampler, batch_sampler=batch_sampler)
        _check_batches(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = (
            _DEFAULT_PREFETCH if num_workers and prefetch_factor is None else prefetch_factor
        )
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.generator = generator
        if sampler is None:
            sampler = _default_sampler(dataset, shuffle, generator)
        self.sampler = sampler
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = cast(
                "Sampler[list[object]]",
                BatchSampler(cast("Iterable[int]", sampler), batch_size, drop_last),
            )
        self.batch_size = batch_size
        self.batch_sampler = batch_sampler
        self.drop_last = drop_last
        default = default_convert if batch_sampler is None else default_collate
        self.collate_fn = cast(Collate, collate_fn or default)
        self.persistent_workers = persistent_workers
        self._promised: int | None = None
        self._iterator: MultiProcessIterator | None = None
        self._complete = True
        if num_workers:
            self.check_worker_number_rationality()

    def __setattr__(self, name: str, value: object) -> None:
        if name in _FIXED and getattr(self, "_complete", False):
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is "
                "initialized. Make another loader."
            )
        super().__setattr__(name, value)

    @property
    def multiprocessing_context(self) -> BaseContext | None:
        """How workers are started; None for the default of the operating system."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: str | BaseContext | None) -> None:
        self._context = None if context is None else _context(context, self.num_workers)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Iterable[object]:
        """What gives the indices, lists of them where there are batches."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[object]:
        plan = Plan(
            Fetching(self.dataset, self._auto_collation, self.collate_fn, self.drop_last),
            self._index_sampler,
            self.generator,
            self._promised,
        )
        if not self.num_workers:
            if self.timeout:
                raise AssertionError(
                    f"DataLoader: timeout={self.timeout} is for workers. Set num_workers, or "
                    "leave timeout at 0."
                )
            return SingleProcessIterator(plan)
        if not self.persistent_workers:
            return MultiProcessIterator(plan, self._work_plan())
        if self._iterator is None or self._iterator.has_ended:
            self._iterator = MultiProcessIterator(plan, self._work_plan())
        else:
            self._iterator.restart(plan)
        return self._iterator

    def _work_plan(self) -> WorkPlan:
        return WorkPlan(
            self.num_workers,
            self.prefetch_factor or _DEFAULT_PREFETCH,
            self.timeout,
            self.worker_init_fn,
            self._context,
            self.persistent_workers,
            self.in_order,
        )

    def __len__(self) -> int:
        """Return the number of batches; TypeError where the dataset or the sampler has none."""
        if not isinstance(self.dataset, IterableDataset):
            return length_of(self._index_sampler)
        self._promised = length_of(self.dataset)
        if self.batch_size is None:
            return self._promised
        whole, rest = divmod(self._promised, self.batch_size)
        return whole if self.drop_last or not rest else whole + 1

    def check_worker_number_rationality(self) -> None:
        """Warn when there are more workers than processors this process may use."""
        processors = usable_cores()
        if self.num_workers > processors:
            warn(
                f"DataLoader: this will create {self.num_workers} worker processes, but the "
                f"suggested max number of worker in current system is {processors}. Lower "
                "num_workers to avoid slowness."
            )


class _Endless(Sampler[None]):
    """What stands for indices where an iterable dataset has none."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


def _default_sampler(
    dataset: object, shuffle: bool | None, generator: Generator | None
) -> Iterable[object]:
    if isinstance(dataset, IterableDataset):
        return _Endless()
    source = cast("list[object]", dataset)
    return RandomSampler(source, generator=generator) if shuffle else SequentialSampler(source)


def _check_workers(
    workers: int, timeout: float, prefetch_factor: int | None, persistent: bool
) -> None:
    if workers < 0:
        raise ValueError(
            f"DataLoader: num_workers={workers}, but it should be non-negative. 0 fetches in "
            "this process."
        )
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout={timeout}, but it should be non-negative.")
    if prefetch_factor is not None and not workers:
        raise ValueError(
            "DataLoader: prefetch_factor could only be specified in multiprocessing. Set "
            "num_workers, or leave prefetch_factor out."
        )
    if prefetch_factor is not None and prefetch_factor <= 0:
        raise ValueError(
            f"DataLoader: prefetch_factor={prefetch_factor}, but a worker must fetch at least "
            "one batch at a time."
        )
    if persistent and not workers:
        raise ValueError("DataLoader: persistent_workers option needs num_workers > 0.")


def _check_nothing_given(**options: object) -> None:
    for name, given in options.items():
        if given is not None and given is not False:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                f"{name}={given}. The dataset itself decides the order."
            )


def _check_batches(
    batch_size: int | None,
    shuffle: bool | None,
    sampler: object,
    batch_sampler: object,
    drop_last: bool,
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: sampler option is mutually exclusive with shuffle.")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "DataLoader: batch_sampler option is mutually exclusive with batch_size, "
                "shuffle, sampler, and drop_last."
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "DataLoader: batch_size=None option disables auto-batching and is mutually "
            "exclusive with drop_last."
        )


def _context(context: str | BaseContext, workers: int) -> BaseContext:
    if not workers:
        raise ValueError(
            "DataLoader: multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={workers}."
        )
    if isinstance(context, BaseContext):
        return context
    methods = multiprocessing.get_all_start_methods()
    if not isinstance(context, str):
        raise TypeError(
            "DataLoader: multiprocessing_context should be a context object or a string "
            f"specifying the start method, but got {context!r}."
        )
    if context not in methods:
        raise ValueError(
            f"DataLoader: multiprocessing_context should be one of {methods}, but got "
            f"{context!r}."
        )
    return multiprocessing.get_context(context)
