"""The derivative of a layer of LSTM cells, against those of cells and against differences."""

from __future__ import annotations

import pytest

import gnomon as torch
from gnomon import Tensor
from gnomon.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def layer(bidirectional: bool, bias: bool) -> torch.nn.LSTM:
    torch.manual_seed(3)
    return torch.nn.LSTM(
        2, 3, bias=bias, bidirectional=bidirectional, dtype=torch.float64
    ).requires_grad_()


def given(layer: torch.nn.LSTM) -> list[Tensor]:
    directions = 2 if layer.bidirectional else 1
    shapes = ((4, 2, 2), (directions, 2, 3), (directions, 2, 3))
    return [torch.randn(shape, dtype=torch.float64).requires_grad_() for shape in shapes]


def by_cells(layer: torch.nn.LSTM, x: Tensor, hidden: Tensor, cell: Tensor) -> list[Tensor]:
    """Return what the layer does of a packed sequence, cell by cell."""
    packed = pack_padded_sequence(x, torch.tensor([len(x)] * 2))
    outputs, state = layer(packed, (hidden, cell))
    return [pad_packed_sequence(outputs)[0], *state]


@pytest.mark.parametrize("bidirectional", (False, True))
@pytest.mark.parametrize("bias", (False, True))
@pytest.mark.parametrize("seen", ((0, 1, 2), (0,), (1,), (2,)))
def test_the_derivatives_are_those_of_the_cells(
    seen: tuple[int, ...], bias: bool, bidirectional: bool
) -> None:
    lstm = layer(bidirectional, bias)
    x, hidden, cell = given(lstm)
    leaves = [x, hidden, cell, *lstm.parameters()]
    results = []
    for found in (
        [(outputs := lstm(x, (hidden, cell)))[0], *outputs[1]],
        by_cells(lstm, x, hidden, cell),
    ):
        total = sum([(found[number] ** 3).sum() for number in seen], torch.zeros(()))
        first = torch.autograd.grad(total, leaves, create_graph=True)
        squares = sum([(each**2).sum() for each in first], torch.zeros(()))
        second = torch.autograd.grad(squares, leaves)
        results.append([*found, *first, *second])
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bidirectional", (False, True))
def test_both_derivatives_agree_with_differences(bidirectional: bool) -> None:
    lstm = layer(bidirectional, True)

    def function(x: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
        outputs, state = lstm(x, (hidden, cell))
        return outputs, *state

    assert torch.autograd.gradcheck(function, given(lstm))
    assert torch.autograd.gradgradcheck(function, given(lstm))


def test_what_needs_no_gradient_gets_none() -> None:
    lstm = layer(False, True)
    lstm.weight_hh_l0.requires_grad_(False)
    x, hidden, cell = given(lstm)
    outputs, _ = lstm(x.detach(), (hidden.detach(), cell))
    outputs.sum().backward()
    assert lstm.weight_hh_l0.grad is None and hidden.grad is None
    assert cell.grad is not None and lstm.weight_ih_l0.grad is not None
