"""Rules over shapes alone: sizes, dims, inference and broadcasting."""

import copy
import pickle
from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.layout import (
    Size,
    broadcast_shapes,
    infer_size,
    normalize_dim,
    normalize_dims,
    numel_of,
)
from layout.grids import indices, shapes


@given(shapes())
def test_size_is_a_tuple_with_a_name(shape: tuple[int, ...]) -> None:
    size = Size(shape)
    assert size == shape and hash(size) == hash(shape) and isinstance(size, tuple)
    assert repr(size) == f"torch.Size({list(shape)})"
    assert size.numel() == numel_of(shape) == len(list(indices(shape)))
    assert Size.of(shape) == size and type(Size.of(shape)) is Size
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(size, protocol))
        assert again == size and type(again) is Size
    assert type(copy.deepcopy(size)) is Size


@given(shapes(), shapes(), st.slices(4), st.integers(-1, 3))
def test_what_is_made_of_sizes_is_a_size(
    shape: tuple[int, ...], other: tuple[int, ...], part: slice, times: int
) -> None:
    size = Size(shape)
    for made, expected in [
        (size[part], shape[part]),
        (size + other, shape + other),
        (size + Size(other), shape + other),
        (other + size, other + shape),
        (size * times, shape * times),
        (times * size, times * shape),
    ]:
        assert made == expected
        assert type(made) is Size
    assert list(size) == list(shape)
    for place in range(-len(shape), len(shape)):
        assert size[place] == shape[place] and type(size[place]) is int


def test_size_takes_anything_that_is_an_int() -> None:
    assert Size() == ()
    converted = Size([True, 2])
    assert repr(converted) == "torch.Size([1, 2])" and type(converted[0]) is int


@given(st.integers(0, 5), st.data())
def test_a_dim_counts_from_either_end(ndim: int, data: st.DataObject) -> None:
    dims = range(max(ndim, 1))
    dim = data.draw(st.integers(-len(dims), len(dims) - 1))
    assert normalize_dim(dim, ndim, "sum") == dims[dim]
    order = data.draw(st.permutations(dims))
    assert normalize_dims([k - len(dims) for k in order], ndim, "sum") == tuple(order)
    for wrong in (-len(dims) - 1, len(dims)):
        with pytest.raises(IndexError):
            normalize_dim(wrong, ndim, "sum")


@given(shapes(4, 4), st.integers(0, 24))
def test_inference_finds_the_one_size_that_fits(shape: tuple[int, ...], numel: int) -> None:
    for hidden in range(len(shape)):
        asked = [-1 if dim == hidden else size for dim, size in enumerate(shape)]
        fitting = [
            size for size in range(25) if prod([size if s == -1 else s for s in asked]) == numel
        ]
        if len(fitting) == 1:
            expected = tuple(fitting[0] if s == -1 else s for s in asked)
            assert infer_size(asked, numel) == expected
        else:
            with pytest.raises(RuntimeError):
                infer_size(asked, numel)


@given(shapes())
def test_a_full_shape_needs_its_own_number_of_elements(shape: tuple[int, ...]) -> None:
    assert infer_size(shape, prod(shape)) == shape
    with pytest.raises(RuntimeError, match="is invalid for input of size"):
        infer_size(shape, prod(shape) + 1)


def stretched(sizes: tuple[int, ...]) -> int | None:
    """The size that aligned `sizes` broadcast to, if they do."""
    others = set(sizes) - {1}
    return None if len(others) > 1 else (others or {1}).pop()


@given(st.lists(shapes(3, 3), max_size=3))
def test_broadcasting_aligns_right(operands: list[tuple[int, ...]]) -> None:
    ndim = max(map(len, operands), default=0)
    padded = [(1,) * (ndim - len(shape)) + shape for shape in operands]
    sizes = [stretched(column) for column in zip(*padded, strict=True)]
    if None in sizes:
        with pytest.raises(RuntimeError, match="at non-singleton dimension"):
            broadcast_shapes(*operands)
    else:
        assert broadcast_shapes(*operands) == tuple(sizes)


def test_broadcasting_of_two_sizes_is_exhausted() -> None:
    for a, b in product(range(4), repeat=2):
        if a == b or 1 in (a, b):
            assert broadcast_shapes((a,), (b,)) == (b if a == 1 else a,)
        else:
            with pytest.raises(RuntimeError):
                broadcast_shapes((a,), (b,))
