"""Every view is what it does to the list of positions."""

from itertools import pairwise
from math import prod

from hypothesis import assume, given
from hypothesis import strategies as st

from gnomon.layout import Layout, contiguous_strides
from layout.grids import Grid, dims_of, factored, grid_of, layouts, shapes

DATA = st.data()
SOME_DIMS = shapes(4, 4).filter(bool)


def check(view: Layout, expected: Grid) -> None:
    assert type(view) is Layout
    assert view.shape == expected.shape
    assert len(view.strides) == len(view.shape)
    assert grid_of(view) == expected


@given(layouts())
def test_positions_are_the_offset_plus_indices_times_strides(layout: Layout) -> None:
    assert list(layout.positions()) == grid_of(layout).positions


@given(shapes())
def test_contiguous_counts_up_from_zero(shape: tuple[int, ...]) -> None:
    layout = Layout.contiguous(shape)
    assert list(layout.positions()) == list(range(prod(shape)))
    assert layout is Layout.contiguous(shape)


@given(
    layouts(SOME_DIMS),
    DATA,
    st.none() | st.integers(-7, 7),
    st.none() | st.integers(-7, 7),
    st.integers(1, 4),
)
def test_slice(
    layout: Layout, data: st.DataObject, start: int | None, stop: int | None, step: int
) -> None:
    dim = data.draw(dims_of(layout))
    front = dim % layout.ndim
    chosen = list(range(layout.shape[front]))[start:stop:step]
    check(layout.slice(dim, start, stop, step), grid_of(layout).take(front, chosen))


@given(layouts(shapes(4, 4, least=1).filter(bool)), DATA)
def test_select(layout: Layout, data: st.DataObject) -> None:
    dim = data.draw(dims_of(layout))
    front = dim % layout.ndim
    size = layout.shape[front]
    index = data.draw(st.integers(-size, size - 1))
    expected = grid_of(layout).take(front, [range(size)[index]])
    shape = layout.shape[:front] + layout.shape[front + 1 :]
    check(layout.select(dim, index), Grid(shape, expected.positions))


@given(layouts(SOME_DIMS), DATA)
def test_narrow(layout: Layout, data: st.DataObject) -> None:
    dim = data.draw(dims_of(layout))
    front = dim % layout.ndim
    size = layout.shape[front]
    start = data.draw(st.integers(-size, size))
    first = start % size if start < 0 else start
    length = data.draw(st.integers(0, size - first))
    chosen = range(first, first + length)
    check(layout.narrow(dim, start, length), grid_of(layout).take(front, chosen))


@given(layouts(), DATA)
def test_permute(layout: Layout, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(layout.ndim)))
    given_dims = [dim - layout.ndim if data.draw(st.booleans()) else dim for dim in order]
    expected = grid_of(layout).remap(
        [layout.shape[dim] for dim in order],
        lambda index: tuple(index[order.index(dim)] for dim in range(layout.ndim)),
    )
    check(layout.permute(given_dims), expected)


@given(layouts(), DATA)
def test_transpose(layout: Layout, data: st.DataObject) -> None:
    a, b = data.draw(dims_of(layout)), data.draw(dims_of(layout))
    order = list(range(layout.ndim))
    if order:
        order[a], order[b] = order[b], order[a]
    assert layout.transpose(a, b) == layout.permute(order)


@given(layouts(), DATA)
def test_movedim(layout: Layout, data: st.DataObject) -> None:
    dims = range(layout.ndim)
    sources = data.draw(st.permutations(dims))[: data.draw(st.integers(0, layout.ndim))]
    targets = data.draw(st.permutations(dims))[: len(sources)]
    moved = layout.movedim(sources, [dim - layout.ndim for dim in targets])
    order = [dim for dim in dims if dim not in sources]
    for target, source in sorted(zip(targets, sources, strict=True)):
        order.insert(target, source)
    assert moved == layout.permute(order)
    if len(sources) == 1:
        assert moved == layout.movedim(sources[0], targets[0])


@given(layouts(), DATA)
def test_expand(layout: Layout, data: st.DataObject) -> None:
    leading = data.draw(st.lists(st.integers(0, 3), max_size=2))
    kept = [
        data.draw(st.integers(0, 3)) if size == 1 and data.draw(st.booleans()) else size
        for size in layout.shape
    ]
    shape = (*leading, *kept)
    expected = grid_of(layout).remap(
        shape,
        lambda index: tuple(
            0 if size == 1 else i
            for i, size in zip(index[len(leading) :], layout.shape, strict=True)
        ),
    )
    check(layout.expand(shape), expected)
    check(layout.broadcast_to(shape), expected)
    unchanged = [
        -1 if size == old else size for size, old in zip(kept, layout.shape, strict=True)
    ]
    assert layout.expand([*leading, *unchanged]) == layout.expand(shape)


@given(layouts(), DATA)
def test_view_exists_exactly_when_some_strides_do_it(
    layout: Layout, data: st.DataObject
) -> None:
    shape = data.draw(factored(layout.numel))
    view = layout.view_or_none(shape)
    reshaped = Grid(shape, grid_of(layout).positions)
    if view is not None:
        check(view, reshaped)
        assert layout.view(shape) == view
        return
    # Strides can only be the steps from the first element to the next along each dim.
    strides = tuple(
        reshaped[tuple(int(k == dim) for k in range(len(shape)))] - layout.offset
        if size > 1
        else 0
        for dim, size in enumerate(shape)
    )
    assert grid_of(Layout(shape, strides, layout.offset)) != reshaped


@given(layouts(shapes(4, 4, least=1)), DATA)
def test_view_infers_one_size(layout: Layout, data: st.DataObject) -> None:
    shape = data.draw(factored(layout.numel).filter(bool))
    hidden = data.draw(st.integers(0, len(shape) - 1))
    asked = [-1 if dim == hidden else size for dim, size in enumerate(shape)]
    assert layout.view_or_none(asked) == layout.view_or_none(shape)


@given(shapes(), DATA)
def test_contiguous_views_as_any_shape(shape: tuple[int, ...], data: st.DataObject) -> None:
    new_shape = data.draw(factored(prod(shape)))
    view = Layout.contiguous(shape).view(new_shape)
    assert view.is_contiguous
    check(view, Grid(new_shape, list(range(prod(shape)))))


@given(layouts(), DATA)
def test_squeeze(layout: Layout, data: st.DataObject) -> None:
    dims = data.draw(st.permutations(range(layout.ndim)))
    dims = dims[: data.draw(st.integers(0, layout.ndim))]
    positions = grid_of(layout).positions
    kept = [s for dim, s in enumerate(layout.shape) if s != 1 or dim not in dims]
    check(layout.squeeze(dims), Grid(tuple(kept), positions))
    check(layout.squeeze(), Grid(tuple(s for s in layout.shape if s != 1), positions))
    if len(dims) == 1:
        assert layout.squeeze(dims[0] - layout.ndim) == layout.squeeze(dims)


@given(layouts(), DATA)
def test_unsqueeze(layout: Layout, data: st.DataObject) -> None:
    dim = data.draw(st.integers(-layout.ndim - 1, layout.ndim))
    shape = list(layout.shape)
    shape.insert(dim % (layout.ndim + 1), 1)
    check(layout.unsqueeze(dim), Grid(tuple(shape), grid_of(layout).positions))


@given(layouts(), DATA)
def test_flatten(layout: Layout, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.integers(0, max(layout.ndim - 1, 0))) for _ in range(2))
    merged = prod(layout.shape[start : end + 1])
    shape = (*layout.shape[:start], merged, *layout.shape[end + 1 :])
    assert layout.flattened_shape(start, end - max(layout.ndim, 1)) == shape
    assume(layout.view_or_none(shape) is not None)
    check(layout.flatten(start, end), Grid(shape, grid_of(layout).positions))


@given(layouts(SOME_DIMS), DATA)
def test_unflatten(layout: Layout, data: st.DataObject) -> None:
    dim = data.draw(dims_of(layout))
    front = dim % layout.ndim
    sizes = data.draw(factored(layout.shape[front]).filter(bool))
    shape = (*layout.shape[:front], *sizes, *layout.shape[front + 1 :])
    check(layout.unflatten(dim, sizes), Grid(shape, grid_of(layout).positions))


@given(layouts(shapes(4, 4).filter(lambda shape: len(shape) > 1)), DATA, st.integers(-5, 5))
def test_diagonal(layout: Layout, data: st.DataObject, offset: int) -> None:
    dim1, dim2 = data.draw(st.permutations(range(layout.ndim)))[:2]
    pairs = [
        (i, i + offset)
        for i in range(layout.shape[dim1])
        if 0 <= i + offset < layout.shape[dim2]
    ]
    rest = [dim for dim in range(layout.ndim) if dim not in (dim1, dim2)]

    def source(index: tuple[int, ...]) -> tuple[int, ...]:
        row, column = pairs[index[-1]]
        where = {**dict(zip(rest, index[:-1], strict=True)), dim1: row, dim2: column}
        return tuple(where[dim] for dim in range(layout.ndim))

    shape = (*[layout.shape[dim] for dim in rest], len(pairs))
    check(
        layout.diagonal(offset, dim1 - layout.ndim, dim2), grid_of(layout).remap(shape, source)
    )


@given(layouts(SOME_DIMS), DATA, st.integers(1, 3))
def test_unfold(layout: Layout, data: st.DataObject, step: int) -> None:
    dim = data.draw(dims_of(layout))
    front = dim % layout.ndim
    size = data.draw(st.integers(0, layout.shape[front]))
    starts = range(0, layout.shape[front] - size + 1, step)
    shape = (*layout.shape[:front], len(starts), *layout.shape[front + 1 :], size)
    expected = grid_of(layout).remap(
        shape,
        lambda i: (*i[:front], starts[i[front]] + i[-1], *i[front + 1 : -1]),
    )
    check(layout.unfold(dim, size, step), expected)


@given(layouts(), layouts())
def test_as_strided_forgets_all_but_the_offset(layout: Layout, other: Layout) -> None:
    assert layout.as_strided(other.shape, other.strides, other.offset) == other
    kept = layout.as_strided(other.shape, other.strides)
    assert kept == Layout(other.shape, other.strides, layout.offset)


@given(layouts(SOME_DIMS), DATA)
def test_split_into_sizes(layout: Layout, data: st.DataObject) -> None:
    dim = data.draw(dims_of(layout))
    front = dim % layout.ndim
    size = layout.shape[front]
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=3)))
    bounds = [0, *cuts, size]
    expected = [
        grid_of(layout).take(front, range(start, stop)) for start, stop in pairwise(bounds)
    ]
    for pieces in (
        layout.split([stop - start for start, stop in pairwise(bounds)], dim),
        layout.tensor_split(cuts, dim),
    ):
        assert len(pieces) == len(expected)
        for piece, model in zip(pieces, expected, strict=True):
            check(piece, model)


@given(layouts(SOME_DIMS), DATA, st.integers(1, 6))
def test_equal_pieces(layout: Layout, data: st.DataObject, count: int) -> None:
    dim = data.draw(dims_of(layout))
    front = dim % layout.ndim
    size = layout.shape[front]
    split = [piece.shape[front] for piece in layout.split(count, dim)]
    assert sum(split) == size
    assert all(length == count for length in split[:-1])
    assert split[-1] <= count
    assert split == [0] or split[-1] > 0

    chunks = [piece.shape[front] for piece in layout.chunk(count, dim)]
    assert sum(chunks) == size
    assert len(chunks) == count if size == 0 else len(chunks) <= count
    assert len(set(chunks[:-1])) <= 1 and chunks[-1] <= chunks[0]

    sections = [piece.shape[front] for piece in layout.tensor_split(count, dim)]
    assert sum(sections) == size
    assert len(sections) == count
    assert sections == sorted(sections, reverse=True) and sections[0] - sections[-1] <= 1

    for pieces in (
        layout.split(count, dim), layout.chunk(count, dim), layout.tensor_split(count, dim)
    ):  # fmt: skip
        start = 0
        for piece in pieces:
            stop = start + piece.shape[front]
            check(piece, grid_of(layout).take(front, range(start, stop)))
            start = stop


@given(layouts(SOME_DIMS), DATA)
def test_unbind(layout: Layout, data: st.DataObject) -> None:
    dim = data.draw(dims_of(layout))
    size = layout.shape[dim]
    assert layout.unbind(dim) == tuple(layout.select(dim, index) for index in range(size))


@given(layouts())
def test_dense_like_is_dense_and_keeps_dense_strides(layout: Layout) -> None:
    fresh = layout.dense_like()
    assert fresh.shape == layout.shape and fresh.offset == 0
    assert fresh.is_dense
    if layout.is_dense:
        assert fresh.strides == layout.strides


def test_a_new_dim_of_size_one_takes_the_stride_of_what_it_contains() -> None:
    layout = Layout.contiguous((2, 3))
    assert layout.unsqueeze(0).strides == (6, 3, 1)
    assert layout.unsqueeze(2).strides == (3, 1, 1)
    assert layout.expand((1, 2, 3)).strides == (6, 3, 1)
    assert Layout.contiguous(()).expand((1, 4)).strides == (0, 0)


def test_an_empty_contiguous_layout_counts_its_empty_dims_as_one() -> None:
    assert contiguous_strides((2, 0, 3)) == (3, 3, 1)
