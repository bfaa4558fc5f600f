"""Strides, offsets and formats are PyTorch's, view by view, for random layouts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gnomon.layout import Layout, Overlap, broadcast_shapes, output_layout, overlap
from layout.faults import FAULTS, Fault
from layout.grids import layouts, shapes, strides_for

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

STORAGE = torch.zeros(4096)


def tensor_of(layout: Layout) -> "torch.Tensor":
    return STORAGE.as_strided(layout.shape, layout.strides, layout.offset)


def layout_of(tensor: "torch.Tensor") -> Layout:
    return Layout(tuple(tensor.shape), tensor.stride(), int(tensor.storage_offset()))


def outcome(function: Callable[[], object]) -> object:
    """The layouts that `function` returns, or that it raises.

    Which of several faults is reported first is nobody's promise; `FAULTS` holds the classes.
    """
    try:
        result = function()
    except (RuntimeError, IndexError):
        return "raises"
    if isinstance(result, torch.Tensor):
        return layout_of(result)
    if isinstance(result, Layout):
        return result
    assert isinstance(result, tuple | list)
    return [layout_of(x) if isinstance(x, torch.Tensor) else x for x in result]


DIM = st.integers(-5, 5)
COUNT = st.integers(-1, 5)
BOUND = st.integers(-7, 7)
DIMS = st.lists(st.integers(-4, 3), max_size=4)
SIZES = st.lists(st.integers(-1, 6), max_size=4)
SHAPE = st.lists(st.sampled_from([-1, -1, 0, 1, 1, 2, 2, 3, 4, 6, 8, 12]), max_size=4)
POINTS = st.lists(BOUND, max_size=3)
END = st.none() | BOUND

View = Callable[..., object]

# One entry a view: the strategies of its arguments, then the view on either side.
VIEWS: dict[str, tuple[tuple[st.SearchStrategy[object], ...], View, View]] = {
    "select": ((DIM, BOUND), Layout.select, torch.select),
    "narrow": ((DIM, BOUND, COUNT), Layout.narrow, torch.narrow),
    "permute": ((DIMS,), Layout.permute, torch.permute),
    "transpose": ((DIM, DIM), Layout.transpose, torch.transpose),
    "movedim": ((DIMS, DIMS), Layout.movedim, torch.movedim),
    "expand": ((SHAPE,), Layout.expand, torch.Tensor.expand),
    "broadcast_to": (
        (st.lists(st.integers(0, 4), max_size=4),),
        Layout.broadcast_to,
        torch.broadcast_to,
    ),
    "view": ((SHAPE,), Layout.view, torch.Tensor.view),
    "squeeze": ((), Layout.squeeze, torch.squeeze),
    "squeeze one": ((DIM,), Layout.squeeze, torch.squeeze),
    "squeeze some": ((DIMS.map(tuple),), Layout.squeeze, torch.squeeze),
    "unsqueeze": ((DIM,), Layout.unsqueeze, torch.unsqueeze),
    "unflatten": ((DIM, SHAPE), Layout.unflatten, torch.unflatten),
    "diagonal": ((BOUND, DIM, DIM), Layout.diagonal, torch.diagonal),
    "unfold": ((DIM, COUNT, COUNT), Layout.unfold, torch.Tensor.unfold),
    "split": ((COUNT, DIM), Layout.split, torch.Tensor.split),
    "split into sizes": ((SIZES, DIM), Layout.split, torch.Tensor.split),
    "chunk": ((COUNT, DIM), Layout.chunk, torch.Tensor.chunk),
    "tensor_split": ((COUNT, DIM), Layout.tensor_split, torch.tensor_split),
    "tensor_split at": ((POINTS, DIM), Layout.tensor_split, torch.tensor_split),
    "unbind": ((DIM,), Layout.unbind, torch.unbind),
    "slice": ((DIM, END, END, COUNT), Layout.slice, torch.ops.aten.slice),
}


@pytest.mark.parametrize("name", VIEWS)
@settings(deadline=None)
@given(layout=layouts(), data=st.data())
def test_view(name: str, layout: Layout, data: st.DataObject) -> None:
    arguments, ours, theirs = VIEWS[name]
    drawn = [data.draw(argument) for argument in arguments]
    mine = outcome(lambda: ours(layout, *drawn))
    assert mine == outcome(lambda: theirs(tensor_of(layout), *drawn))


@settings(deadline=None)
@given(layouts(), SHAPE)
def test_reshape_copies_exactly_when_no_view_exists(layout: Layout, shape: list[int]) -> None:
    try:
        reshaped = tensor_of(layout).reshape(shape)
    except RuntimeError:
        with pytest.raises(RuntimeError):
            layout.view_or_none(shape)
        return
    view = layout.view_or_none(shape)
    if view is not None:
        assert view == layout_of(reshaped)
    elif reshaped.numel():
        assert reshaped.data_ptr() != STORAGE.data_ptr() + 4 * layout.offset


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.view}-{fault.phrase[:40]}")
def test_fault_is_pytorch_s(fault: Fault) -> None:
    tensor = torch.zeros(fault.shape)
    with pytest.raises(fault.error) as caught:
        getattr(tensor, fault.view)(*fault.arguments)
    assert fault.phrase in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(layouts() | layouts(st.lists(st.integers(0, 3), min_size=4, max_size=5).map(tuple)))
def test_formats(layout: Layout) -> None:
    tensor = tensor_of(layout)
    assert layout.is_contiguous == tensor.is_contiguous()
    assert layout.is_dense == torch.ops.aten.is_non_overlapping_and_dense(tensor)
    assert layout.dense_like() == layout_of(torch.empty_like(tensor))
    assert Layout.contiguous(layout.shape) == layout_of(torch.empty(layout.shape))
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    if layout.ndim in formats:
        wanted = formats[layout.ndim]
        assert layout.is_channels_last == tensor.is_contiguous(memory_format=wanted)
        fresh = torch.empty(layout.shape, memory_format=wanted)
        assert layout.channels_last() == layout_of(fresh)


@settings(deadline=None)
@given(layouts(st.lists(st.integers(1, 3), min_size=4, max_size=4).map(tuple)))
def test_pooling_follows_the_preferred_format(layout: Layout) -> None:
    pooled = layout_of(torch.nn.functional.adaptive_avg_pool2d(tensor_of(layout), (2, 2)))
    fresh = Layout.contiguous(pooled.shape)
    assert pooled == (fresh.channels_last() if layout.prefers_channels_last else fresh)


@st.composite
def broadcastable(draw: st.DrawFn, count: int) -> list[Layout]:
    shape = draw(shapes(4, 3))
    operands = []
    for _ in range(count):
        sizes = shape
        if draw(st.booleans()):
            kept = shape[draw(st.integers(0, len(shape))) :]
            sizes = tuple(1 if draw(st.booleans()) else size for size in kept)
        operands.append(Layout(sizes, draw(strides_for(sizes)), draw(st.integers(0, 5))))
    return operands


@settings(max_examples=500, deadline=None)
@given(st.integers(1, 3).flatmap(broadcastable))
def test_output_layout(operands: list[Layout]) -> None:
    operations: dict[int, Callable[..., torch.Tensor]] = {
        1: torch.neg,
        2: torch.add,
        3: torch.addcmul,
    }
    output = operations[len(operands)](*[tensor_of(operand) for operand in operands])
    assert output_layout(operands) == layout_of(output)


@settings(deadline=None)
@given(st.lists(shapes(3, 3), max_size=3))
def test_broadcast_shapes(operands: list[tuple[int, ...]]) -> None:
    try:
        expected = tuple(torch.broadcast_shapes(*operands))  # type: ignore[no-untyped-call]  # torch's
    except RuntimeError:
        with pytest.raises(RuntimeError):
            broadcast_shapes(*operands)
    else:
        assert broadcast_shapes(*operands) == expected


@settings(max_examples=300, deadline=None)
@given(layouts(shapes(2, 3)), st.data())
def test_partial_overlap_is_what_pytorch_refuses(source: Layout, data: st.DataObject) -> None:
    strides = data.draw(strides_for(source.shape))
    out = Layout(source.shape, strides, data.draw(st.integers(0, 9)))
    assume(out.is_injective)
    try:
        torch.neg(tensor_of(source), out=tensor_of(out))
        refused = False
    except RuntimeError as error:
        assert "single memory location" in str(error)
        refused = True
    assert refused == (overlap(source, out) is Overlap.PARTIAL)
