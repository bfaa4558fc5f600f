"""What writes leave behind: history, counted versions, and nothing after an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import ElementwiseRecord, Operand, Scalar
from gnomon.cpu.backend import ReferenceBackend

INDEX_PAST_THE_END = torch.tensor([0, 1, 3])
VALUES = torch.tensor([7.0, 8.0, 9.0])

FAILING: dict[str, Callable[[Tensor], object]] = {
    "scatter_": lambda x: x.scatter_(0, INDEX_PAST_THE_END, VALUES),
    "scatter_add_": lambda x: x.scatter_add_(0, INDEX_PAST_THE_END, VALUES),
    "scatter_reduce_": lambda x: x.scatter_reduce_(0, INDEX_PAST_THE_END, VALUES, "prod"),
    "index_add_": lambda x: x.index_add_(0, INDEX_PAST_THE_END, VALUES),
    "index_copy_": lambda x: x.index_copy_(0, INDEX_PAST_THE_END, VALUES),
    "index_fill_": lambda x: x.index_fill_(0, INDEX_PAST_THE_END, 7.0),
    "index_put_": lambda x: x.index_put_((INDEX_PAST_THE_END,), VALUES),
    "index_reduce_": lambda x: x.index_reduce_(0, INDEX_PAST_THE_END, VALUES, "amax"),
    "put_": lambda x: x.put_(INDEX_PAST_THE_END, VALUES),
    "masked_scatter_": lambda x: x.masked_scatter_(x < 9, VALUES[:2]),
    "setitem": lambda x: x.__setitem__([0, 1, 3], VALUES),
    "setitem with a value too long": lambda x: x.__setitem__([0, 1], VALUES),
    "setitem of a slice with a value too long": lambda x: x.__setitem__(slice(2), VALUES),
}


@pytest.mark.parametrize("name", FAILING)
def test_nothing_is_half_written(name: str) -> None:
    x = torch.tensor([0.0, 1.0, 2.0])
    with pytest.raises((IndexError, RuntimeError), match=r"\."):
        FAILING[name](x)
    assert x.tolist() == [0.0, 1.0, 2.0]
    assert x._version == 0


def test_a_write_is_counted_once() -> None:
    x = torch.zeros(3)
    x[[0, 1]] = 1
    x[2] = 1
    x.index_fill_(0, torch.tensor([0]), 2)
    assert x._version == 3


def test_an_index_that_is_written_to_later_is_noticed() -> None:
    x = torch.ones(3).requires_grad_()
    index = torch.tensor([0, 2])
    y = x[index]
    index[0] = 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_leaf_that_requires_grad_is_not_written_to() -> None:
    x = torch.ones(3).requires_grad_()
    with pytest.raises(RuntimeError, match="leaf"):
        x[[0]] = 1
    with pytest.raises(RuntimeError, match="leaf"):
        x[0] = 1


def test_a_write_through_a_view_reaches_the_history_of_its_base() -> None:
    x = torch.ones(2, 3).requires_grad_()
    v = torch.tensor([2.0, 3.0]).requires_grad_()
    y = x * 1
    row = y[1]
    row[[0, 2]] = v
    (y * y).sum().backward()
    assert x.grad is not None and v.grad is not None
    assert x.grad.tolist() == [[2.0, 2.0, 2.0], [0.0, 2.0, 0.0]]
    assert v.grad.tolist() == [4.0, 6.0]


def test_a_write_to_the_base_reaches_its_views() -> None:
    x = torch.ones(2, 3).requires_grad_()
    y = x * 1
    row = y[1]
    y[:, 0] = 5
    row.sum().backward()
    assert row.tolist() == [5.0, 1.0, 1.0]
    assert x.grad is not None and x.grad.tolist() == [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0]]


def test_a_value_may_be_what_is_overwritten() -> None:
    x = torch.tensor([0.0, 1.0, 2.0])
    x[[2, 0, 1]] = x[[0, 1, 2]]
    assert x.tolist() == [1.0, 2.0, 0.0]


OVERLAPPING: dict[str, Callable[[Tensor], object]] = {
    "setitem": lambda x: x.__setitem__((..., -1), x[0, 2:]),
    "copy_": lambda x: x[:, 0].copy_(x[1, :4]),
    "out=": lambda x: torch.add(x[0, 2:], 1, out=x[:, 2]),
    "an elementwise operation": lambda x: x[:, 3].add_(x[3, 2:]),
    "elements of another size": lambda x: x[:, :3].copy_(x.view(torch.int16)[:, ::4]),
    "cumsum_": lambda x: x[:, 1].cumsum_(0),
}


@pytest.mark.parametrize("name", OVERLAPPING)
def test_backends_never_write_what_they_have_yet_to_read(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = ReferenceBackend.elementwise

    def checked(
        self: ReferenceBackend,
        record: ElementwiseRecord,
        inputs: Sequence[Operand | Scalar],
        output: Operand,
    ) -> None:
        for value in inputs:
            if isinstance(value, Operand) and value.storage is output.storage:
                assert value.dtype.itemsize == output.dtype.itemsize
                assert value.layout == output.layout or not shares(value, output)
        launch(self, record, inputs, output)

    def shares(a: Operand, b: Operand) -> bool:
        return bool(set(a.layout.positions()) & set(b.layout.positions()))

    x = torch.arange(24, dtype=torch.int32).reshape(4, 6).clone()
    monkeypatch.setattr(ReferenceBackend, "elementwise", checked)
    OVERLAPPING[name](x)


def test_the_replaced_part_of_an_as_strided_scatter_gets_no_gradient() -> None:
    x, y = torch.zeros(2, 3).requires_grad_(), torch.ones(2).requires_grad_()
    (
        torch.as_strided_scatter(x, y, (2,), (3,)) * torch.tensor([[1.0, 2, 3], [4, 5, 6]])
    ).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[0.0, 2.0, 3.0], [0.0, 5.0, 6.0]]
    assert y.grad is not None and y.grad.tolist() == [1.0, 4.0]


def test_scatter_differentiates_where_src_is_larger_than_index() -> None:
    x, y = torch.zeros(3).requires_grad_(), torch.ones(3).requires_grad_()
    torch.scatter(x, 0, torch.tensor([2]), y).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 1.0, 0.0]
    assert y.grad is not None and y.grad.tolist() == [1.0, 0.0, 0.0]
