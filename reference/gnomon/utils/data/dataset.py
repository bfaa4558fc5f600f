"""Datasets: samples by index or one after the other, and datasets made of others."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Generic, Protocol, TypeVar, cast

from gnomon.errors import warn
from gnomon.random import Generator, default_generator
from gnomon.tensor import Tensor
from gnomon.utils.data.sampler import permutation

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Indexed(Protocol[T_co]):
    """What is read by index: a ``Dataset``, or a list."""

    def __getitem__(self, index: int, /) -> T_co: ...
    def __len__(self) -> int: ...


class Dataset(Generic[T_co]):
    """Samples by index; a subclass defines ``__getitem__`` and, for most uses, ``__len__``.

    A subclass may define ``__getitems__`` as well, which takes a list of indices and returns
    the list of their samples; loaders ask it for a whole batch. ``a + b`` is their
    concatenation.
    """

    def __getitem__(self, index: int, /) -> T_co:
        raise NotImplementedError(
            f"{type(self).__name__} does not define __getitem__, which a Dataset must."
        )

    def __add__(self, other: Dataset[T_co]) -> Dataset[T_co]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """Samples one after the other; a subclass must define ``__iter__``.

    Each worker of a loader has a copy of its own and reads all of it, unless ``__iter__`` or
    the loader's ``worker_init_fn`` asks ``get_worker_info()`` which part is its. ``a + b`` is
    one after the other.
    """

    def __add__(self, other: Dataset[T_co]) -> ChainDataset[T_co]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tuples of the slices at one index of the first dim of every tensor.

    Raises AssertionError unless the first dims have the same size.

    >>> import gnomon as torch
    >>> TensorDataset(torch.eye(2), torch.tensor([5, 6]))[1]
    (tensor([0., 1.]), tensor(6))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        sizes = [tensor.size(0) for tensor in tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(
                f"TensorDataset: size mismatch between tensors, whose first dims are {sizes}. "
                "Give tensors with one slice per sample."
            )
        self.tensors = tensors

    def __getitem__(self, index: int, /) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].size(0)


class StackDataset(Dataset[object]):
    """Tuples, or dicts, of the samples that several datasets have at one index.

    Raises ValueError for datasets of several lengths, for none, and for some that are named and
    some that are not.

    >>> StackDataset(image=["a", "b"], label=[3, 4])[1]
    {'image': 'b', 'label': 4}
    """

    datasets: tuple[Indexed[object], ...] | dict[str, Indexed[object]]

    def __init__(self, *args: Indexed[object], **kwargs: Indexed[object]) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError(
                "StackDataset: give at least one dataset, and either all of them by name, for "
                "dicts, or none, for tuples."
            )
        self.datasets = args or kwargs
        lengths = [len(dataset) for dataset in (*args, *kwargs.values())]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"StackDataset: size mismatch between datasets, whose lengths are {lengths}."
            )
        self._length = lengths[0]

    def __getitem__(self, index: int, /) -> object:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: list[int]) -> list[object]:
        """Return the samples at ``indices``; asks the datasets for theirs all at once."""
        datasets = self.datasets.values() if isinstance(self.datasets, dict) else self.datasets
        columns = [samples_at(dataset, indices) for dataset in datasets]
        for dataset, column in zip(datasets, columns, strict=True):
            if len(column) != len(indices):
                raise ValueError(
                    f"StackDataset: nested dataset's output size mismatch. Expected "
                    f"{len(indices)}, got {len(column)} from {type(dataset).__name__}."
                )
        if isinstance(self.datasets, dict):
            rows = zip(*columns, strict=True)
            return [dict(zip(self.datasets, row, strict=True)) for row in rows]
        return list(zip(*columns, strict=True))

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T_co]):
    """The samples of several datasets, one dataset after the other.

    Raises AssertionError for no dataset and for one that has no index.

    >>> ConcatDataset([[1, 2], [3]])[-1]
    3
    """

    datasets: list[Indexed[T_co]]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[object]) -> None:
        self.datasets = [cast("Indexed[T_co]", dataset) for dataset in datasets]
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets should not be an empty iterable.")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError(
                "ConcatDataset does not support IterableDataset, which has no index. Use "
                "ChainDataset."
            )
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int, /) -> T_co:
        if index < -len(self):
            raise ValueError(
                f"ConcatDataset: index {index} is out of range. Its absolute value should not "
                f"exceed the dataset length, {len(self)}."
            )
        if index < 0:
            index += len(self)
        place = bisect_right(self.cumulative_sizes, index)
        before = self.cumulative_sizes[place - 1] if place else 0
        return self.datasets[place][index - before]


class ChainDataset(IterableDataset[T_co]):
    """The samples of several ``IterableDataset``, one dataset after the other.

    Reading raises AssertionError at one that is no ``IterableDataset``.
    """

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[T_co]:
        for dataset in self.datasets:
            yield from self._iterable(dataset)

    def __len__(self) -> int:
        return sum(length_of(self._iterable(dataset)) for dataset in self.datasets)

    def _iterable(self, dataset: Dataset[T_co]) -> IterableDataset[T_co]:
        if not isinstance(dataset, IterableDataset):
            raise AssertionError(
                f"ChainDataset only supports IterableDataset, not {type(dataset).__name__}. "
                "Use ConcatDataset for datasets with an index."
            )
        return dataset


class Subset(Dataset[T_co]):
    """The samples of ``dataset`` at ``indices``, in their order.

    Raises NotImplementedError for a subclass that redefines ``__getitem__`` and leaves
    ``__getitems__`` as it is, for loaders use the latter.

    >>> list(Subset("abc", [2, 0]))
    ['c', 'a']
    """

    dataset: Indexed[T_co]
    indices: Sequence[int]

    def __init__(self, dataset: object, indices: Sequence[int]) -> None:
        self.dataset = cast("Indexed[T_co]", dataset)
        self.indices = indices
        kind = type(self)
        by_one, by_many = Subset.__getitem__, Subset.__getitems__
        if kind.__getitem__ is not by_one and kind.__getitems__ is by_many:
            raise NotImplementedError(
                f"Subset: {kind.__name__} overrides __getitem__ but not __getitems__, which "
                "loaders use. Define it: return [self[index] for index in indices]."
            )

    def __getitem__(self, index: int | list[int], /) -> T_co:
        if isinstance(index, list):
            # A dataset that takes a list of indices may be asked for several at once.
            return self.dataset[cast(int, [self.indices[place] for place in index])]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        """Return the samples at ``indices``; asks the dataset for all of them at once."""
        return samples_at(self.dataset, [self.indices[place] for place in indices])

    def __len__(self) -> int:
        return len(self.indices)


def samples_at(dataset: Indexed[T], indices: list[int]) -> list[T]:
    """Return the samples of ``dataset`` at ``indices``, asked for at once if it can do that."""
    ask = getattr(dataset, "__getitems__", None)
    if callable(ask):
        return cast("list[T]", ask(indices))
    return [dataset[index] for index in indices]


def length_of(dataset: object) -> int:
    """Return ``len(dataset)``; TypeError where the dataset does not define it."""
    return len(cast("Sequence[object]", dataset))


def random_split(
    dataset: object,
    lengths: Sequence[int | float],
    generator: Generator | None = default_generator,
) -> list[Subset[object]]:
    """Deal the samples of ``dataset`` out at random into subsets of ``lengths``.

    ``lengths`` are integers whose sum is the dataset's length, or fractions whose sum is 1;
    these are rounded down, and what is left over is dealt out one by one from the first subset
    on. Raises ValueError for any other sum and for fractions outside 0 to 1.

    >>> import gnomon as torch
    >>> a, b = random_split(range(5), [0.6, 0.4], torch.Generator().manual_seed(0))
    >>> list(a), list(b)
    ([4, 0, 1], [3, 2])
    """
    whole = length_of(dataset)
    sizes = _sizes_of_fractions(whole, lengths) if _are_fractions(lengths) else list(lengths)
    if sum(sizes) != whole:
        raise ValueError(
            f"random_split: the sum of the lengths {list(lengths)} is {sum(sizes)}, which does "
            f"not equal the length of the dataset, {whole}. Give lengths that add up to it, or "
            "fractions that add up to 1."
        )
    order = permutation(whole, generator)
    ends = list(accumulate(map(int, sizes)))
    starts = [0, *ends]
    return [Subset(dataset, order[start:end]) for start, end in zip(starts, ends, strict=False)]


def _are_fractions(lengths: Sequence[int | float]) -> bool:
    total = sum(lengths)
    return math.isclose(total, 1) and total <= 1


def _sizes_of_fractions(whole: int, fractions: Sequence[float]) -> list[int]:
    for place, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(
                f"random_split: fraction at index {place} is not between 0 and 1: {fraction}."
            )
    sizes = [math.floor(whole * fraction) for fraction in fractions]
    for extra in range(whole - sum(sizes)):
        sizes[extra % len(sizes)] += 1
    for place, size in enumerate(sizes):
        if size == 0:
            warn(
                f"random_split: Length of split at index {place} is 0. "
                "This might result in an empty dataset."
            )
    return sizes
