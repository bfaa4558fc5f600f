"""Samplers: the order in which indices of a dataset are asked for, and batches of indices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Generic, TypeVar, cast

from gnomon.devices import CPU
from gnomon.dtypes import float64, int64
from gnomon.random import Generator
from gnomon.tensor import Tensor
from gnomon.tensor.creation import as_tensor
from gnomon.tensor.factories import empty
from gnomon.tensor.random_factories import randint, randperm

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)

# How many indices with replacement PyTorch draws at a time, which decides the numbers drawn.
_DRAWN_AT_ONCE = 32


class Sampler(Generic[T_co]):
    """An order of indices, or of batches of indices; a subclass defines ``__iter__``.

    A subclass that knows how many it yields defines ``__len__``, which ``len`` of a loader
    needs.
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(
            f"{type(self).__name__} does not define __iter__, which a Sampler must."
        )


class SequentialSampler(Sampler[int]):
    """All indices, from the first to the last.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    data_source: Sized

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices at random: permutations one after the other, or with ``replacement``.

    There are ``num_samples`` of them, as many as the source has by default. Without a
    ``generator`` each iteration has one of its own, seeded by a draw from the default one.
    Raises TypeError unless ``replacement`` is a bool, ValueError unless ``num_samples`` is
    positive.

    >>> import gnomon as torch
    >>> list(RandomSampler("abcde", generator=torch.Generator().manual_seed(1)))
    [0, 4, 2, 3, 1]
    """

    data_source: Sized
    replacement: bool

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        _check_count("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices an iteration gives; follows a source that grows."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        count = len(self.data_source)
        if not count:
            raise ValueError("RandomSampler: the source is empty, there is nothing to draw.")
        generator = self.generator
        if generator is None:
            generator = Generator().manual_seed(random_seed())
        left = self.num_samples
        if self.replacement:
            while left >= 0:
                drawn = randint(
                    count, (min(left, _DRAWN_AT_ONCE),), generator=generator, device=CPU
                )
                yield from cast("list[int]", drawn.tolist())
                left -= _DRAWN_AT_ONCE
            return
        # The last permutation is drawn even where none of it is left to give: what the
        # generator draws afterwards depends on it.
        while left >= 0:
            yield from permutation(count, generator)[:left]
            left -= count

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given ``indices`` in a random order."""

    indices: Sequence[int]

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for place in permutation(len(self.indices), self.generator):
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """``num_samples`` indices, each with the probability that ``weights`` give it.

    Weights need no sum of 1. Raises ValueError unless they are one-dimensional, ``num_samples``
    is positive and ``replacement`` is a bool.
    """

    weights: Tensor
    num_samples: int
    replacement: bool

    def __init__(
        self,
        weights: Sequence[float] | Tensor,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_count("num_samples", num_samples)
        _check_flag("replacement", replacement)
        self.weights = as_tensor(weights, dtype=float64, device=CPU)
        if self.weights.dim() != 1:
            raise ValueError(
                "weights should be a 1d sequence but given weights have shape "
                f"{tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = self.weights.multinomial(
            self.num_samples, self.replacement, generator=self.generator
        )
        yield from cast("list[int]", drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of ``batch_size`` indices in the order of ``sampler``.

    The last one is shorter when they do not come out even; ``drop_last`` leaves it out then.
    Raises ValueError unless ``batch_size`` is positive and ``drop_last`` is a bool.

    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool
    ) -> None:
        _check_count("batch_size", batch_size)
        _check_flag("drop_last", drop_last)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        whole, rest = divmod(len(cast(Sized, self.sampler)), self.batch_size)
        return whole if self.drop_last or not rest else whole + 1


def permutation(count: int, generator: Generator | None) -> list[int]:
    """Return the integers below ``count`` in a random order, drawn on the CPU."""
    return cast("list[int]", randperm(count, generator=generator, device=CPU).tolist())


def random_seed(generator: Generator | None = None) -> int:
    """Return the seed that the next draw of ``generator`` is, the CPU's default by default."""
    return int(empty((), dtype=int64, device=CPU).random_(generator=generator).item())


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")


def _check_flag(name: str, value: bool) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name} should be a boolean value, but got {name}={value}")
