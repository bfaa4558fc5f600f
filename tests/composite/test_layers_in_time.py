"""Derivatives of layers of cells, against those of the cells and against differences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

import gnomon as torch
from gnomon import Tensor
from gnomon.nn import GRU, LSTM, RNN, RNNBase
from gnomon.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

KINDS = (LSTM, GRU, RNN, partial(RNN, nonlinearity="relu"))
#: Which of outputs, last hidden state and last cells a loss looks at.
SEEN = [
    *[(kind, seen) for kind in KINDS for seen in ((0, 1), (0,), (1,))],
    *[(LSTM, seen) for seen in ((0, 1, 2), (2,))],
]


def made(kind: Callable[..., RNNBase], bidirectional: bool, bias: bool = True) -> RNNBase:
    torch.manual_seed(3)
    return kind(2, 3, bias=bias, bidirectional=bidirectional, dtype=torch.float64)


def given(layer: RNNBase) -> list[Tensor]:
    """Return an input, a hidden state, and cells if the layer has them."""
    state = (2 if layer.bidirectional else 1, 2, 3)
    shapes = ((4, 2, 2), state, *[state] * isinstance(layer, LSTM))
    return [torch.randn(shape, dtype=torch.float64).requires_grad_() for shape in shapes]


def results(layer: RNNBase, x: Tensor | PackedSequence, *state: Tensor) -> list[Tensor]:
    """Return outputs, hidden state, and cells if there are any; cell by cell if packed."""
    outputs, last = layer(x, state if len(state) > 1 else state[0])
    if isinstance(outputs, PackedSequence):
        outputs, _ = pad_packed_sequence(outputs)
    return [outputs, last] if isinstance(last, Tensor) else [outputs, *last]


@pytest.mark.parametrize("bidirectional", (False, True))
@pytest.mark.parametrize("bias", (False, True))
@pytest.mark.parametrize(("kind", "seen"), SEEN)
def test_the_derivatives_are_those_of_the_cells(
    kind: Callable[..., RNNBase], seen: tuple[int, ...], bias: bool, bidirectional: bool
) -> None:
    layer = made(kind, bidirectional, bias)
    x, *state = given(layer)
    leaves = [x, *state, *layer.parameters()]
    packed = pack_padded_sequence(x, torch.tensor([len(x)] * 2))
    compared = []
    for found in (results(layer, x, *state), results(layer, packed, *state)):
        total = sum([(found[number] ** 3).sum() for number in seen], torch.zeros(()))
        first = torch.autograd.grad(total, leaves, create_graph=True)
        squares = sum([(each**2).sum() for each in first], torch.zeros(()))
        second = torch.autograd.grad(squares, leaves)
        compared.append([*found, *first, *second])
    for mine, theirs in zip(*compared, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bidirectional", (False, True))
@pytest.mark.parametrize("kind", KINDS)
def test_both_derivatives_agree_with_differences(
    kind: Callable[..., RNNBase], bidirectional: bool
) -> None:
    layer = made(kind, bidirectional)
    function = partial(results, layer)
    assert torch.autograd.gradcheck(function, given(layer))
    assert torch.autograd.gradgradcheck(function, given(layer))


@pytest.mark.parametrize("kind", KINDS)
def test_what_needs_no_gradient_gets_none(kind: Callable[..., RNNBase]) -> None:
    layer = made(kind, False)
    layer.weight_hh_l0.requires_grad_(False)
    x, hidden, *others = given(layer)
    outputs, *_ = results(layer, x.detach(), hidden.detach(), *others)
    outputs.sum().backward()
    assert layer.weight_hh_l0.grad is None and hidden.grad is None
    assert layer.weight_ih_l0.grad is not None
    assert all(each.grad is not None for each in others)
