"""Small programs about loaders, for gnomon and for PyTorch: each returns what it saw."""

# ruff: noqa: ANN401  # the values are those of two libraries

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy

Program = Callable[[ModuleType], list[Any]]


def drawing(torch: ModuleType, length: int) -> Any:
    """Return a dataset whose samples are drawn from every generator there is."""

    class Drawing(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return length

        def __getitem__(self, index: int) -> Any:
            return index, torch.rand(2), random.random(), numpy.random.rand()

    return Drawing()


def counting(torch: ModuleType, *, sized: bool = False) -> Any:
    """Return an iterable dataset of which worker ``n`` has ``3 n + 2`` samples."""

    class Counting(torch.utils.data.IterableDataset):
        def __iter__(self) -> Any:
            info = torch.utils.data.get_worker_info()
            worker = 0 if info is None else info.id
            for count in range(3 * worker + 2):
                yield 100 * worker + count

    class Sized(Counting):
        def __len__(self) -> int:
            return 3

    return Sized() if sized else Counting()


def workers_draw_from_seeds_of_their_own(torch: ModuleType) -> list[Any]:
    loader = torch.utils.data.DataLoader(drawing(torch, 7), 2, shuffle=True, num_workers=2)
    return [list(loader), list(loader), torch.rand(1)]


def persistent_workers_draw_on(torch: ModuleType) -> list[Any]:
    loader = torch.utils.data.DataLoader(
        drawing(torch, 5), 2, num_workers=2, persistent_workers=True, drop_last=True
    )
    return [list(loader), list(loader), torch.rand(1)]


def a_generator_gives_the_workers_seeds(torch: ModuleType) -> list[Any]:
    generator = torch.Generator().manual_seed(9)
    loader = torch.utils.data.DataLoader(
        drawing(torch, 4), 2, shuffle=True, num_workers=1, generator=generator
    )
    return [list(loader), list(loader), torch.rand(1, generator=generator), torch.rand(1)]


def workers_know_themselves(torch: ModuleType) -> list[Any]:
    class Knowing(torch.utils.data.Dataset):
        note = ""

        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            info = torch.utils.data.get_worker_info()
            return info.id, info.num_workers, info.seed, info.dataset is self, self.note

    def init(worker: int) -> None:
        torch.utils.data.get_worker_info().dataset.note = f"{worker} {torch.initial_seed()}"

    loader = torch.utils.data.DataLoader(
        Knowing(), None, num_workers=2, worker_init_fn=init, collate_fn=tuple
    )
    return list(loader)


def workers_end_one_by_one(torch: ModuleType) -> list[Any]:
    dataset = counting(torch)
    options: list[dict[str, Any]] = [
        {"batch_size": 2, "num_workers": 3},
        {"batch_size": 2, "num_workers": 3, "drop_last": True},
        {"batch_size": None, "num_workers": 2, "prefetch_factor": 5},
        {"batch_size": 3, "num_workers": 0},
        {"batch_size": None, "num_workers": 0},
    ]
    return [list(torch.utils.data.DataLoader(dataset, **each)) for each in options]


def persistent_workers_begin_again(torch: ModuleType) -> list[Any]:
    loader = torch.utils.data.DataLoader(
        counting(torch), 2, num_workers=2, persistent_workers=True
    )
    first = next(iter(loader))
    return [first, list(loader), list(loader)]


def lengths_of_iterable_datasets(torch: ModuleType) -> list[Any]:
    loaders = [
        torch.utils.data.DataLoader(counting(torch, sized=True), size, drop_last=last)
        for size, last in ((1, False), (2, False), (2, True), (None, False))
    ]
    return [len(loader) for loader in loaders]


def chains_of_iterable_datasets(torch: ModuleType) -> list[Any]:
    sized = counting(torch, sized=True)
    chain = sized + sized
    return [len(chain), list(chain), type(chain).__name__]


def errors_of_workers(torch: ModuleType) -> list[Any]:
    class Own(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(one, two)

    class Broken(torch.utils.data.Dataset):
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> int:
            if index == 1:
                raise self.error
            return index

    seen: list[Any] = []
    for error in (ValueError("no"), KeyError("no"), StopIteration(), ZeroDivisionError("no")):
        batches = iter(torch.utils.data.DataLoader(Broken(error), num_workers=2))
        for _ in range(3):
            try:
                seen.append(next(batches))
            except Exception as caught:
                text = str(caught).splitlines()
                seen += [type(caught).__name__, text[0], text[1], "in __getitem__" in text[-3]]
    return seen


def errors_of_initialization(torch: ModuleType) -> list[Any]:
    def init(worker: int) -> None:
        raise OSError("no file")

    loader = torch.utils.data.DataLoader(range(3), num_workers=1, worker_init_fn=init)
    try:
        next(iter(loader))
    except OSError as caught:
        return [str(caught).splitlines()[0]]
    return []


def batches_at_once(torch: ModuleType) -> list[Any]:
    class AtOnce(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int) -> int:
            raise AssertionError("not asked one by one")

        def __getitems__(self, indices: list[int]) -> list[int]:
            return [10 * index for index in indices]

    dataset = AtOnce()
    subset = torch.utils.data.Subset(dataset, [4, 3, 0])
    return [list(torch.utils.data.DataLoader(each, 2)) for each in (dataset, subset)]


PROGRAMS: list[Program] = [
    workers_draw_from_seeds_of_their_own,
    persistent_workers_draw_on,
    a_generator_gives_the_workers_seeds,
    workers_know_themselves,
    workers_end_one_by_one,
    persistent_workers_begin_again,
    lengths_of_iterable_datasets,
    chains_of_iterable_datasets,
    errors_of_workers,
    errors_of_initialization,
    batches_at_once,
]
