"""The brute-force model of a view: the position of every element, written out one by one.

A `Grid` knows nothing of strides. Its views move list entries around, so that whatever a layout
claims can be compared with the plain list it stands for. The strategies draw the layouts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from hypothesis import strategies as st

from gnomon.layout import Layout, contiguous_strides

Index = tuple[int, ...]


def indices(shape: Sequence[int]) -> Iterator[Index]:
    """Every index of `shape`, in row-major order."""
    return product(*[range(size) for size in shape])


@dataclass(frozen=True)
class Grid:
    """The positions of the elements of `shape`, in row-major order."""

    shape: tuple[int, ...]
    positions: list[int]

    def __getitem__(self, index: Index) -> int:
        place = 0
        for i, size in zip(index, self.shape, strict=True):
            assert 0 <= i < size
            place = place * size + i
        return self.positions[place]

    def remap(self, shape: Sequence[int], source: Callable[[Index], Index]) -> "Grid":
        """The grid of `shape` that holds at each index what this one holds at `source`."""
        return Grid(tuple(shape), [self[source(index)] for index in indices(shape)])

    def take(self, dim: int, chosen: Sequence[int]) -> "Grid":
        """The entries `chosen` along `dim`."""
        shape = (*self.shape[:dim], len(chosen), *self.shape[dim + 1 :])
        return self.remap(shape, lambda i: (*i[:dim], chosen[i[dim]], *i[dim + 1 :]))


def grid_of(layout: Layout) -> Grid:
    """The model of `layout`, by the definition of a layout."""
    return Grid(
        layout.shape,
        [
            layout.offset
            + sum(i * stride for i, stride in zip(index, layout.strides, strict=True))
            for index in indices(layout.shape)
        ],
    )


def shapes(most_dims: int = 4, most: int = 4, least: int = 0) -> st.SearchStrategy[Index]:
    return st.lists(st.integers(least, most), max_size=most_dims).map(tuple)


@st.composite
def strides_for(draw: st.DrawFn, shape: Index) -> Index:
    """Strides of every kind met in practice, and arbitrary ones."""
    kind = draw(st.sampled_from(["contiguous", "permuted", "stepped", "expanded", "any"]))
    if kind == "any":
        return tuple(draw(st.integers(0, 12)) for _ in shape)
    order = list(range(len(shape)))
    if kind != "contiguous":
        order = draw(st.permutations(order))
    dense = contiguous_strides(tuple(shape[dim] for dim in order))
    strides = [0] * len(shape)
    for dim, stride in zip(order, dense, strict=True):
        strides[dim] = stride
    if kind == "stepped":
        step = draw(st.integers(1, 3))
        strides = [stride * step for stride in strides]
    if kind == "expanded":
        strides = [stride if draw(st.booleans()) else 0 for stride in strides]
    if draw(st.booleans()):
        strides = [
            draw(st.integers(0, 12)) if size == 1 else stride
            for size, stride in zip(shape, strides, strict=True)
        ]
    return tuple(strides)


@st.composite
def layouts(
    draw: st.DrawFn, shape: st.SearchStrategy[Index] | None = None, most_offset: int = 9
) -> Layout:
    sizes = draw(shapes() if shape is None else shape)
    return Layout(sizes, draw(strides_for(sizes)), draw(st.integers(0, most_offset)))


@st.composite
def factored(draw: st.DrawFn, numel: int) -> Index:
    """A shape of `numel` elements."""
    if numel == 0:
        sizes = draw(st.lists(st.integers(0, 3), max_size=3))
        return tuple(draw(st.permutations([*sizes, 0])))
    sizes = []
    while numel > 1 and len(sizes) < 5:
        size = draw(st.sampled_from([n for n in range(1, numel + 1) if numel % n == 0]))
        sizes.append(size)
        numel //= size
    if numel > 1:
        sizes.append(numel)
    assert prod(sizes) >= 1
    return tuple(draw(st.permutations(sizes + [1] * draw(st.integers(0, 1)))))


def dims_of(layout: Layout) -> st.SearchStrategy[int]:
    """A dim of `layout`, counted from either end; a 0-d layout has dims 0 and -1."""
    count = layout.ndim or 1
    return st.integers(-count, count - 1)
