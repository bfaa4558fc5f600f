"""What a layout says of itself is what its list of positions shows."""

import pickle
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from gnomon.layout import (
    Layout,
    Overlap,
    broadcast_shapes,
    collapse_together,
    contiguous_strides,
    loop_order,
    output_layout,
    overlap,
    share_positions,
)
from layout.grids import grid_of, layouts, shapes, strides_for

ANY_STRIDES = st.integers(-12, 12)


@st.composite
def signed_layouts(draw: st.DrawFn) -> Layout:
    """Layouts with strides of either sign, large and small, that interleave in odd ways."""
    shape = draw(shapes(4, 5))
    stride = st.one_of(ANY_STRIDES, st.integers(-60, 60))
    return Layout(shape, tuple(draw(stride) for _ in shape), draw(st.integers(0, 50)))


@st.composite
def operands_of_one_shape(draw: st.DrawFn) -> list[Layout]:
    shape = draw(shapes())
    count = draw(st.integers(1, 3))
    return [
        Layout(shape, draw(strides_for(shape)), draw(st.integers(0, 9))) for _ in range(count)
    ]


@given(layouts() | signed_layouts())
def test_counts(layout: Layout) -> None:
    positions = grid_of(layout).positions
    assert layout.ndim == len(layout.shape)
    assert layout.numel == len(positions)


@given(layouts() | signed_layouts())
def test_span(layout: Layout) -> None:
    positions = grid_of(layout).positions or [layout.offset]
    beyond = 1 if layout.numel else 0
    assert layout.span == (min(positions), max(positions) + beyond)


@given(layouts() | signed_layouts())
@example(Layout((3, 3, 2), (6, 10, 15)))
@example(Layout((2, 2, 2), (3, 5, 8)))  # 3 + 5 = 8
@example(Layout((2, 2, 2, 2), (1, 2, 4, 7)))  # 1 + 2 + 4 = 7
@example(Layout((2, 2, 2), (7, 11, 13)))
def test_injective_means_no_position_twice(layout: Layout) -> None:
    positions = grid_of(layout).positions
    assert layout.is_injective == (len(set(positions)) == len(positions))
    assert layout.overlaps_itself != layout.is_injective


def test_injectivity_of_large_layouts_needs_no_enumeration() -> None:
    windows = Layout.contiguous((1 << 40,)).unfold(0, 3, 2)
    assert windows.overlaps_itself
    assert Layout.contiguous((1 << 40,)).unfold(0, 3, 3).is_injective
    assert Layout((1 << 20, 1 << 20), (1 << 21, 2)).is_injective
    assert Layout((10**6, 10**6), (10**6 + 1, 10**6)).is_injective
    assert Layout((10**6 + 1, 10**6 + 2), (10**6 + 1, 10**6)).overlaps_itself


@given(layouts())
def test_contiguous_means_counting_up_by_one(layout: Layout) -> None:
    positions = grid_of(layout).positions
    counted = list(range(layout.offset, layout.offset + len(positions)))
    assert layout.is_contiguous == (positions == counted)


@given(layouts())
def test_dense_means_each_position_of_the_span_once(layout: Layout) -> None:
    positions = sorted(grid_of(layout).positions)
    assert layout.is_dense == (positions == list(range(*layout.span)))


@st.composite
def images(draw: st.DrawFn) -> Layout:
    """4-d and 5-d layouts, many of them channels-last."""
    shape = draw(st.lists(st.integers(1, 3), min_size=4, max_size=5).map(tuple))
    if draw(st.booleans()):
        return Layout.contiguous(shape).channels_last()
    return Layout(shape, draw(strides_for(shape)))


@given(images())
def test_channels_last_means_counting_up_with_channels_innermost(layout: Layout) -> None:
    rearranged = layout.movedim(1, -1)
    assert layout.is_channels_last == rearranged.is_contiguous
    if layout.is_channels_last and 1 not in layout.shape:
        assert layout.prefers_channels_last


def test_channels_last_needs_four_or_five_dims() -> None:
    assert not Layout.contiguous((2, 1, 3)).is_channels_last
    assert not Layout.contiguous((2, 1, 3)).prefers_channels_last


def test_preference_for_channels_last_survives_slicing_and_yields_when_undecided() -> None:
    image = Layout.contiguous((2, 4, 6, 6)).channels_last()
    assert image.slice(2, 1, 5).prefers_channels_last
    assert not image.slice(2, 1, 5).is_channels_last
    assert not Layout.contiguous((2, 4, 6, 6)).prefers_channels_last
    assert not Layout.contiguous((3, 1, 1, 1)).prefers_channels_last


@given(layouts())
def test_range_of_positions(layout: Layout) -> None:
    positions = grid_of(layout).positions
    spaced = layout.as_range()
    if spaced is not None:
        assert list(spaced) == positions
        return
    steps = {after - before for before, after in pairwise(positions)}
    assert len(steps) > 1 or steps == {0}


@given(layouts())
def test_collapse_keeps_the_positions_and_leaves_nothing_to_merge(layout: Layout) -> None:
    collapsed = layout.collapse()
    assert grid_of(collapsed).positions == grid_of(layout).positions
    assert 1 not in collapsed.shape
    for outer, inner in pairwise(range(collapsed.ndim)):
        assert collapsed.strides[outer] != collapsed.strides[inner] * collapsed.shape[inner]


@given(operands_of_one_shape())
def test_collapse_together_keeps_the_pairs(operands: list[Layout]) -> None:
    pairs = list(zip(*[grid_of(operand).positions for operand in operands], strict=True))
    collapsed = collapse_together(operands)
    assert len({operand.shape for operand in collapsed}) == 1
    assert list(zip(*[grid_of(c).positions for c in collapsed], strict=True)) == pairs
    if len(operands) == 1:
        assert collapsed == [operands[0].collapse()]
    reordered = collapse_together(operands, any_order=True)
    assert sorted(zip(*[grid_of(c).positions for c in reordered], strict=True)) == sorted(pairs)
    assert (
        all(c.is_contiguous for c in reordered)
        or not operands[0].is_dense
        or any(operand.strides != operands[0].strides for operand in operands)
    )


def test_collapse_together_of_nothing() -> None:
    assert collapse_together([]) == []


@given(operands_of_one_shape())
def test_loop_order_names_every_dim(operands: list[Layout]) -> None:
    assert sorted(loop_order(operands)) == list(range(operands[0].ndim))


@given(layouts() | signed_layouts(), layouts() | signed_layouts())
def test_sharing_means_a_common_position(a: Layout, b: Layout) -> None:
    common = set(grid_of(a).positions) & set(grid_of(b).positions)
    assert share_positions(a, b) == bool(common)


def test_sharing_of_large_layouts_needs_no_enumeration() -> None:
    base = Layout.contiguous((1 << 15, 1 << 15))
    left, right = base.chunk(2, 1)
    assert not share_positions(left, right)
    assert share_positions(left, right.slice(1, 0, None, 7).transpose(0, 1)) is False
    assert share_positions(base.slice(1, 0, None, 2), base.slice(0, 0, None, 2))
    assert not share_positions(base.slice(1, 0, None, 2), base.slice(1, 1, None, 2))


@given(layouts(most_offset=20), layouts(most_offset=20))
def test_overlap_is_true_to_the_positions(a: Layout, b: Layout) -> None:
    here, there = set(grid_of(a).positions), set(grid_of(b).positions)
    found = overlap(a, b)
    assert found is overlap(b, a)
    if found is Overlap.NONE:
        assert not here & there
    elif found is Overlap.FULL:
        assert here == there and a.strides == b.strides
    elif found is Overlap.PARTIAL:
        assert here & there
    else:
        assert not (a.is_dense and b.is_dense)


@given(layouts())
def test_a_layout_overlaps_itself_fully(layout: Layout) -> None:
    assert overlap(layout, layout) is Overlap.FULL


@given(operands_of_one_shape(), shapes(2, 3))
def test_output_layout_is_dense_and_broadcast(
    operands: list[Layout], leading: tuple[int, ...]
) -> None:
    scalar = Layout((), ())
    wider = operands[0].expand((*leading, *operands[0].shape))
    for given_operands in (operands, [*operands, scalar], [*operands, wider]):
        output = output_layout(given_operands)
        assert output.shape == broadcast_shapes(*[layout.shape for layout in given_operands])
        assert output.offset == 0
        assert output.is_dense


def test_output_layout_follows_the_operands() -> None:
    row_major = Layout.contiguous((2, 3))
    column_major = Layout.contiguous((3, 2)).transpose(0, 1)
    assert output_layout([column_major]).strides == (1, 2)
    assert output_layout([column_major, Layout((), ())]).strides == (1, 2)
    assert output_layout([column_major, row_major]).strides == (1, 2)
    assert output_layout([row_major, column_major]).strides == (3, 1)
    image = Layout.contiguous((2, 3, 4, 5)).channels_last()
    bias = Layout.contiguous((3, 1, 1))
    assert output_layout([image, bias]).strides == image.strides
    assert output_layout([bias, image]).strides == image.strides


@given(shapes())
def test_contiguous_strides_step_over_what_lies_inside(shape: tuple[int, ...]) -> None:
    strides = contiguous_strides(shape)
    assert strides[-1:] in ((), (1,))
    for outer, inner in pairwise(range(len(shape))):
        assert strides[outer] == strides[inner] * max(shape[inner], 1)


@given(layouts())
def test_a_layout_is_a_value(layout: Layout) -> None:
    again = Layout(*layout)
    assert again == layout and hash(again) == hash(layout)
    assert pickle.loads(pickle.dumps(layout)) == layout
    assert type(pickle.loads(pickle.dumps(layout))) is Layout
    assert not hasattr(layout, "__dict__")
