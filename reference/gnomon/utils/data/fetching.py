"""Fetching: what a loader asks of a dataset to make one batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias, cast, final

from gnomon.utils.data.dataset import Indexed, IterableDataset, samples_at

#: Makes a batch of a list of samples, or converts one sample where there are no batches.
Collate: TypeAlias = Callable[[object], object]


class Exhausted(Exception):
    """An iterable dataset has no more samples."""


class Fetcher(ABC):
    """One epoch of a dataset, batch after batch."""

    @abstractmethod
    def fetch(self, index: object) -> object:
        """Return the batch for what a sampler gave; raise Exhausted at the end."""


class Fetching(NamedTuple):
    """How a loader turns what its sampler gives into batches; goes to each worker."""

    dataset: object
    #: Whether the sampler gives lists, for whole batches.
    batched: bool
    collate: Collate
    drop_last: bool

    def fetcher(self) -> Fetcher:
        """Return what fetches the batches of one epoch."""
        if isinstance(self.dataset, IterableDataset):
            return _Iteration(self, iter(self.dataset))
        return _Lookup(self)


@final
class _Lookup(Fetcher):
    """Reads samples by index."""

    def __init__(self, fetching: Fetching) -> None:
        self._dataset = cast("Indexed[object]", fetching.dataset)
        self._batched = fetching.batched
        self._collate = fetching.collate

    def fetch(self, index: object) -> object:
        if self._batched:
            return self._collate(samples_at(self._dataset, cast("list[int]", index)))
        return self._collate(self._dataset[cast(int, index)])


@final
class _Iteration(Fetcher):
    """Reads samples one after the other."""

    def __init__(self, fetching: Fetching, samples: Iterator[object]) -> None:
        self._samples = samples
        self._batched = fetching.batched
        self._collate = fetching.collate
        self._drop_last = fetching.drop_last

    def fetch(self, index: object) -> object:
        if not self._batched:
            try:
                sample = next(self._samples)
            except StopIteration:
                raise Exhausted from None
            return self._collate(sample)
        wanted = len(cast("Sequence[object]", index))
        batch = list(islice(self._samples, wanted))
        if not batch or (self._drop_last and len(batch) < wanted):
            raise Exhausted
        return self._collate(batch)
