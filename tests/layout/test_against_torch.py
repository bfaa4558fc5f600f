"""Strides, offsets and formats are PyTorch's, view by view, for random layouts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.layout import Layout, Overlap, broadcast_shapes, output_layout, overlap
from layout.grids import layouts, shapes

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

STORAGE = torch.zeros(4096)


def tensor_of(layout: Layout) -> "torch.Tensor":
    return STORAGE.as_strided(layout.shape, layout.strides, layout.offset)


def layout_of(tensor: "torch.Tensor") -> Layout:
    return Layout(tuple(tensor.shape), tensor.stride(), int(tensor.storage_offset()))


Views = Layout | tuple[Layout, ...]
Tensors = "torch.Tensor | tuple[torch.Tensor, ...]"


def outcome(function: Callable[[], object]) -> object:
    """What `function` returns, as layouts, or the class of the error it raises."""
    try:
        result = function()
    except (RuntimeError, IndexError) as error:
        return type(error)
    if isinstance(result, torch.Tensor):
        return layout_of(result)
    if isinstance(result, (tuple, list)) and not isinstance(result, Layout):
        return [layout_of(x) if isinstance(x, torch.Tensor) else x for x in result]
    return result


DIM = st.integers(-5, 5)
COUNT = st.integers(-1, 5)
BOUND = st.integers(-7, 7)
DIMS = st.lists(DIM, max_size=4)
SIZES = st.lists(st.integers(-1, 6), max_size=4)
SHAPE = st.lists(st.sampled_from([-2, -1, 0, 1, 1, 2, 2, 3, 4, 6, 8, 12]), max_size=4)

# One entry a view: the strategies of its arguments, then the view on either side.
VIEWS = {
    "select": ((DIM, BOUND), Layout.select, torch.select),
    "narrow": ((DIM, BOUND, COUNT), Layout.narrow, torch.narrow),
    "permute": ((DIMS,), Layout.permute, torch.permute),
    "transpose": ((DIM, DIM), Layout.transpose, torch.transpose),
    "movedim": ((DIMS, DIMS), Layout.movedim, torch.movedim),
    "expand": ((SHAPE,), Layout.expand, torch.Tensor.expand),
    "broadcast_to": ((SHAPE,), Layout.broadcast_to, torch.broadcast_to),
    "view": ((SHAPE,), Layout.view, torch.Tensor.view),
    "squeeze": ((), Layout.squeeze, torch.squeeze),
    "squeeze one": ((DIM,), Layout.squeeze, torch.squeeze),
    "squeeze some": ((DIMS,), Layout.squeeze, lambda x, dims: torch.squeeze(x, tuple(dims))),
    "unsqueeze": ((DIM,), Layout.unsqueeze, torch.unsqueeze),
    "unflatten": ((DIM, SHAPE), Layout.unflatten, torch.unflatten),
    "diagonal": ((BOUND, DIM, DIM), Layout.diagonal, torch.diagonal),
    "unfold": ((DIM, COUNT, COUNT), Layout.unfold, torch.Tensor.unfold),
    "split": ((COUNT, DIM), Layout.split, torch.Tensor.split),
    "split into sizes": ((SIZES, DIM), Layout.split, torch.Tensor.split),
    "chunk": ((COUNT, DIM), Layout.chunk, torch.Tensor.chunk),
    "tensor_split": ((COUNT, DIM), Layout.tensor_split, torch.tensor_split),
    "tensor_split at": (
        (st.lists(BOUND, max_size=3), DIM), Layout.tensor_split, torch.tensor_split
    ),
    "unbind": ((DIM,), Layout.unbind, torch.unbind),
    "slice": (
        (DIM, st.none() | BOUND, st.none() | BOUND, COUNT), Layout.slice, torch.ops.aten.slice
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
@settings(max_examples=300)
@given(layout=layouts(), data=st.data())
def test_view(name: str, layout: Layout, data: st.DataObject) -> None:
    arguments, ours, theirs = VIEWS[name]
    drawn = [data.draw(argument) for argument in arguments]
    mine = outcome(lambda: ours(layout, *drawn))
    expected = outcome(lambda: theirs(tensor_of(layout), *drawn))
    assert mine == (list(expected) if isinstance(expected, tuple) and not isinstance(expected, Layout) else expected)
