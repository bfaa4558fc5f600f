"""The sampler that gives each of several training processes its part of a dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gnomon import distributed
from gnomon.random import Generator
from gnomon.utils.data.dataset import length_of
from gnomon.utils.data.sampler import Sampler, permutation

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every ``num_replicas``-th index from ``rank`` on, of an order all replicas agree on.

    All replicas get the same number of indices: some are given twice, or, with ``drop_last``,
    some are left out. With ``shuffle``, call ``set_epoch`` before each epoch, or all have the
    same order. Either number left out is that of ``gnomon.distributed``. Raises ValueError for
    a rank that is no replica's, and where there is no process group to ask.

    >>> [list(DistributedSampler(range(5), 2, rank, shuffle=False)) for rank in range(2)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(
        self,
        dataset: object,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None:
            num_replicas = distributed.get_world_size()
        if rank is None:
            rank = distributed.get_rank()
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        length = length_of(dataset)
        self.num_samples = (
            length // num_replicas if drop_last else math.ceil(length / num_replicas)
        )
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        length = length_of(self.dataset)
        indices = list(range(length))
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            indices = permutation(length, generator)
        places = range(self.rank, self.total_size, self.num_replicas)
        return iter([indices[place % length] for place in places])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration have the order of ``epoch``, the same in every replica."""
        self.epoch = epoch
