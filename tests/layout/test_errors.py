"""Each wrong call raises the class PyTorch raises, with its phrase, the rule and a remedy."""

import operator

import pytest

from gnomon.layout import (
    Layout,
    Size,
    broadcast_shapes,
    infer_size,
    normalize_dim,
    normalize_dims,
    output_layout,
)
from layout.faults import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.view}-{fault.phrase[:40]}")
def test_fault(fault: Fault) -> None:
    layout = Layout.contiguous(fault.shape)
    with pytest.raises(fault.error) as caught:
        getattr(layout, fault.view)(*fault.arguments)
    message = str(caught.value)
    assert fault.phrase in message
    operation = "expand" if fault.view == "broadcast_to" else fault.view
    assert message.startswith(f"{operation}: ")
    remedy = message.rstrip(".").rsplit(". ", 1)[-1]
    assert remedy[0].isupper() and remedy not in fault.phrase


def test_a_view_across_a_gap_names_reshape() -> None:
    layout = Layout.contiguous((2, 3)).transpose(0, 1)
    with pytest.raises(
        RuntimeError, match=r"view size is not compatible .* Use \.reshape\(\.\.\.\) instead"
    ):
        layout.view((6,))
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        layout.flatten()


@pytest.mark.parametrize("step", [0, -1])
def test_slices_step_forward(step: int) -> None:
    with pytest.raises(RuntimeError, match="slice step must be positive"):
        Layout.contiguous((3,)).slice(0, None, None, step)


def test_a_scalar_has_nothing_to_slice() -> None:
    with pytest.raises(IndexError, match=r"slice\(\) cannot be applied to a 0-dim tensor"):
        Layout.contiguous(()).slice(0, 0, 1)


def test_sizes_are_not_negative() -> None:
    with pytest.raises(
        RuntimeError, match=r"Trying to create tensor with negative dimension -1: \[2, -1\]"
    ):
        Layout.contiguous((2, -1))


@pytest.mark.parametrize("ndim", [0, 3, 6])
def test_channels_last_is_for_images_and_volumes(ndim: int) -> None:
    with pytest.raises(
        RuntimeError, match="required rank 4 tensor to use channels_last format"
    ):
        Layout.contiguous((1,) * ndim).channels_last()


def test_dims_name_the_operation() -> None:
    with pytest.raises(
        IndexError, match=r"^sum: Dimension out of range .* \[-1, 0\], but got 1"
    ):
        normalize_dim(1, 0, "sum")
    with pytest.raises(RuntimeError, match=r"^sum: dim 1 appears multiple times"):
        normalize_dims((0, 1, -1), 2, "sum")


def test_infer_size_names_the_operation() -> None:
    with pytest.raises(RuntimeError, match=r"^reshape: shape '\[4\]' is invalid for input of"):
        infer_size((4,), 6, "reshape")
    with pytest.raises(RuntimeError, match=r"^reshape: shape"):
        Layout.contiguous((6,)).view_or_none((4,))


def test_shapes_that_do_not_broadcast_name_the_last_dim_that_differs() -> None:
    phrase = r"^add: The size of tensor a \(3\) must match the size of tensor b \(4\) at "
    with pytest.raises(RuntimeError, match=phrase + "non-singleton dimension 1"):
        broadcast_shapes((2, 3), (5, 4), operation="add")
    with pytest.raises(RuntimeError, match=phrase + "non-singleton dimension 2"):
        output_layout([Layout.contiguous((3,)), Layout.contiguous((5, 2, 4))], "add")
    with pytest.raises(RuntimeError, match=r"tensor a \(3\) .* tensor b \(0\)"):
        broadcast_shapes((3,), (1,), (0,))


@pytest.mark.parametrize(
    ("sizes", "position", "kind"),
    [([1.0], 0, "float"), ([1, "a"], 1, "str"), ([None], 0, "NoneType")],
)
def test_a_size_holds_ints(sizes: list[object], position: int, kind: str) -> None:
    with pytest.raises(TypeError, match=rf"\(item {position} is '{kind}'\)"):
        Size(sizes)  # type: ignore[arg-type]  # the wrong type is the point


def test_a_size_adds_to_tuples_only() -> None:
    with pytest.raises(TypeError, match="can only concatenate tuple"):
        operator.add(Size([1]), [2])
    with pytest.raises(TypeError):
        operator.add([2], Size([1]))
