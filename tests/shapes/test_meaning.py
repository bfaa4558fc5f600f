"""What views, joins and copies mean, told without PyTorch: sharing, identities, values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gnomon as torch
from gnomon import Tensor
from gnomon.layout import Layout

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def counted(shape: tuple[int, ...], *, requires_grad: bool = False) -> Tensor:
    values = [float(number) for number in range(Layout.contiguous(shape).numel)]
    flat = torch.tensor(values, dtype=torch.float64, requires_grad=requires_grad)
    return flat.view(shape)


def shares(a: Tensor, b: Tensor) -> bool:
    return a.operand.storage is b.operand.storage


@given(SHAPES, st.data())
def test_a_permutation_and_its_inverse(shape: tuple[int, ...], data: st.DataObject) -> None:
    x = counted(shape)
    order = data.draw(st.permutations(range(len(shape))))
    back = sorted(range(len(order)), key=order.__getitem__)
    assert x.permute(order).permute(back).tolist() == x.tolist()
    assert shares(x.permute(order), x)


@given(SHAPES.filter(len), st.data())
def test_split_then_cat(shape: tuple[int, ...], data: st.DataObject) -> None:
    x = counted(shape)
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    size = data.draw(st.integers(1, 5))
    pieces = x.split(size, dim)
    assert all(shares(piece, x) for piece in pieces)
    assert torch.cat(pieces, dim).tolist() == x.tolist()
    joined = torch.stack(x.unbind(dim), dim) if shape[dim] else x
    assert joined.tolist() == x.tolist()


@given(SHAPES.filter(len), st.data())
def test_reversing_and_rolling_twice(shape: tuple[int, ...], data: st.DataObject) -> None:
    x = counted(shape)
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    shift = data.draw(st.integers(-9, 9))
    assert x.flip(dim).flip(dim).tolist() == x.tolist()
    assert x.roll(shift, dim).roll(-shift, dim).tolist() == x.tolist()
    assert x.roll(shift).roll(-shift).tolist() == x.tolist()
    assert not shares(x.flip(dim), x)


@given(SHAPES)
def test_reshape_copies_only_where_it_must(shape: tuple[int, ...]) -> None:
    x = counted(shape)
    assert shares(x.reshape(-1) if x.numel() else x.reshape(0), x)
    turned = x.permute(tuple(range(len(shape)))[::-1])
    line = turned.reshape(x.numel())
    assert shares(line, x) == (turned.operand.layout.view_or_none((x.numel(),)) is not None)
    assert line.tolist() == turned.contiguous().view(x.numel()).tolist()


@given(SHAPES.filter(lambda shape: len(shape) >= 2), st.integers(-4, 4))
def test_triangles_complete_each_other(shape: tuple[int, ...], diagonal: int) -> None:
    x = counted(shape)
    whole = x.tril(diagonal) + x.triu(diagonal + 1)
    assert whole.tolist() == x.tolist()


@given(st.integers(0, 4), st.integers(-3, 3))
def test_diagonals(size: int, offset: int) -> None:
    x = counted((2, size))
    assert x.diag_embed(offset).diagonal(offset, -2, -1).tolist() == x.tolist()
    assert x.select(0, 1).diag(offset).diag(offset).tolist() == x.select(0, 1).tolist()


def test_writes_show_in_every_view() -> None:
    x = torch.zeros(2, 3)
    row, column, line = x.select(0, 1), x.t().select(0, 2), x.view(-1)
    row.fill_(1)
    column.copy_(torch.tensor([5.0, 6.0]))
    line.narrow(0, 0, 1).fill_(9)
    assert x.tolist() == [[9.0, 0.0, 5.0], [1.0, 1.0, 6.0]]


def test_an_expanded_dim_is_one_place() -> None:
    x = torch.tensor([1.0, 2.0])
    wide = x.expand(3, 2)
    assert wide.stride() == (0, 1)
    with pytest.raises(RuntimeError, match="single memory location"):
        wide.copy_(torch.zeros(3, 2))
    assert wide.fill_(4).tolist() == [[4.0, 4.0]] * 3
    assert x.tolist() == [4.0, 4.0]


def test_views_of_other_dtypes_share_bytes() -> None:
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    small = x.view(torch.int8)
    for write in (
        lambda: x.add_(small[:4]),
        lambda: small[4:8].add_(x.view(torch.int16)[:4]),
        lambda: torch.add(small[:4], 1, out=x),
    ):
        with pytest.raises(RuntimeError, match="single memory location"):
            write()
    assert x.view(torch.int32).mul_(x.view(torch.int32)).shape == (4,)
    assert small[4:8].add_(x.view(torch.int16)[4:8].to(torch.int8)).shape == (4,)


def test_the_gradient_of_as_strided_counts_each_place_once() -> None:
    leaf = torch.tensor([2.0, 3.0], requires_grad=True)
    leaf.narrow(0, 0, 1).expand(4).as_strided((2,), (0,)).sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [2.0, 0.0]


def test_pieces_of_one_call_may_not_be_written_to_while_recording() -> None:
    x = torch.ones(4, requires_grad=True) * 2
    first, _ = x.split(2)
    with pytest.raises(RuntimeError, match="multiple views"):
        first.mul_(2)
    pieces = torch.ones(4).chunk(2)
    pieces[0].mul_(3)
    x.tensor_split(2)[0].mul_(2)
    assert x.tolist() == [4.0, 4.0, 2.0, 2.0]


@pytest.mark.parametrize("used", [(0, 1, 2), (1,), (2, 0)])
def test_the_gradient_of_pieces_lies_as_what_they_are_pieces_of(used: tuple[int, ...]) -> None:
    whole = torch.rand(2, 3, 4, 5, requires_grad=True)
    for turned in (whole.permute(1, 3, 0, 2), whole.transpose(0, 1), whole[..., ::2].mT * 1):
        (axis,) = [dim for dim, size in enumerate(turned.shape) if size == 3][:1]
        for pieces in (turned.unbind(axis), turned.split(1, axis)):
            loss = sum((pieces[k] * (k + 2)).sum() for k in used)
            (gradient,) = torch.autograd.grad(loss, turned, retain_graph=True)
            assert gradient.stride() == turned.stride()
            by_piece = torch.tensor([k + 2.0 if k in used else 0.0 for k in range(3)])
            shape = [3 if dim == axis else 1 for dim in range(turned.ndim)]
            assert torch.equal(gradient, by_piece.view(shape).expand(turned.shape))


def test_bytes_as_another_dtype() -> None:
    x = torch.tensor([1.0, -2.0])
    assert x.view(torch.int32).tolist() == [0x3F800000, -0x40000000]
    assert x.view(torch.uint8).tolist() == [0, 0, 128, 63, 0, 0, 0, 192]
    assert x.view(torch.int64).shape == (1,)
    assert shares(x.view(torch.int16), x)
    with pytest.raises(RuntimeError, match="divisible"):
        torch.zeros(3).view(torch.float64)
    with pytest.raises(RuntimeError, match=r"stride\(-1\)"):
        torch.zeros(2, 2).t().view(torch.int16)
    with pytest.raises(RuntimeError, match="cannot be 0"):
        torch.tensor(1.0).view(torch.int16)


def test_joining_promotes_and_skips_legacy_empties() -> None:
    nothing = torch.tensor([])
    joined = torch.cat([nothing, torch.tensor([[1, 2]]), torch.tensor([[0.5, 1.5]])])
    assert joined.tolist() == [[1.0, 2.0], [0.5, 1.5]]
    assert torch.stack([torch.tensor(1), torch.tensor(2.5)]).tolist() == [1.0, 2.5]
    out = torch.zeros(0)
    assert torch.cat([torch.ones(1), torch.zeros(1)], out=out) is out
    assert out.tolist() == [1.0, 0.0]
    with pytest.raises(TypeError, match="can't be cast"):
        torch.cat([torch.ones(1)], out=torch.zeros(1, dtype=torch.int32))


def test_meshgrid_warns_without_indexing() -> None:
    with pytest.warns(UserWarning, match="indexing"):
        torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3]))


def test_filling_converts_or_refuses() -> None:
    assert torch.zeros(1, dtype=torch.int32).fill_(1.7).tolist() == [1]
    assert torch.zeros(1, dtype=torch.uint8).fill_(-1).tolist() == [255]
    for dtype, value in (
        (torch.int8, 300),
        (torch.int32, float("nan")),
        (torch.float16, 1e6),
        (torch.float32, 1e39),
    ):
        with pytest.raises(RuntimeError, match="overflow"):
            torch.zeros(1, dtype=dtype).fill_(value)


def test_the_values_written_may_lie_in_what_is_overwritten() -> None:
    x = torch.tensor([1.0, 2.0, 3.0])
    assert x.fill_(x.select(0, 2)).tolist() == [3.0, 3.0, 3.0]


def test_memory_formats() -> None:
    x = counted((1, 2, 2, 2))
    last = x.contiguous(memory_format=torch.channels_last)
    assert last.stride() == (8, 1, 4, 2)
    assert last.tolist() == x.tolist()
    assert last.contiguous(memory_format=torch.channels_last) is last
    assert torch.cat([last, last]).stride() == (8, 1, 4, 2)
    with pytest.raises(RuntimeError, match="rank 4"):
        torch.zeros(2).contiguous(memory_format=torch.channels_last)


def test_a_tensor_resized_keeps_what_its_storage_holds() -> None:
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert x.resize_(2).tolist() == [1.0, 2.0]
    assert x.resize_(2, 2).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(RuntimeError, match="require grad"):
        torch.ones(2, requires_grad=True).resize_(1)


def test_the_version_counts_views_in_place_too() -> None:
    x = torch.ones(2, 3)
    before = x.operand.storage.version
    x.t_().unsqueeze_(0)
    assert x.shape == (1, 3, 2)
    assert x.operand.storage.version == before + 2


def test_views_hold_under_every_dtype() -> None:
    for dtype in (torch.bool, torch.int8, torch.float16, torch.bfloat16, torch.uint64):
        x = torch.tensor([0, 1, 1, 0, 1, 1], dtype=dtype).view(2, 3)
        for made in (x.flip(1), x.roll(1, 0), x.repeat(1, 2), x.tril(), x.t().contiguous()):
            assert made.dtype is dtype
        assert torch.cat([x, x]).dtype is dtype
