"""Recurrent networks: a step of their cells, and layers of cells along time.

A state is a tuple: the hidden state (B, H), and for an LSTM that of its cell as well. Source of
projections: H. Sak et al., "Long Short-Term Memory Based Recurrent Neural Network
Architectures" (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from gnomon.composite.dropout import dropout
from gnomon.composite.layers_in_time import Cell, layer_in_time
from gnomon.composite.linear import linear
from gnomon.composite.recurrent_cells import GRU, LSTM, RELU, TANH
from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.joining import cat, stack
from gnomon.ops.slicing import narrow, select
from gnomon.ops.splitting import split, unbind

__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]

T = TypeVar("T", bound=TensorCore)
State: TypeAlias = tuple[T, ...]


class Weights(NamedTuple, Generic[T]):
    """The parameters of a cell: rows for each of its gates."""

    input: T
    hidden: T
    input_bias: T | None = None
    hidden_bias: T | None = None
    #: What an LSTM's hidden state is multiplied with in the end, if it is made smaller.
    projection: T | None = None


def _step(cell: Cell, from_input: T, state: State[T], weights: Weights[T]) -> State[T]:
    """Return the next state, its hidden part made smaller if there is a projection."""
    from_hidden = linear(state[0], weights.hidden, weights.hidden_bias)
    hidden, *others = cell.next(from_input, from_hidden, state)
    if weights.projection is not None:
        hidden = linear(hidden, weights.projection)
    return hidden, *others


def _cell(
    operation: str, cell: Cell, input: T, state: State[T], weights: Weights[T]
) -> State[T]:
    """Return the state after ``input`` (B, I), once the sizes are checked."""
    given, gates = input.operand.layout.shape, weights.input.operand.layout.shape
    hidden = weights.hidden.operand.layout.shape
    rule = ""
    if len(given) != 2 or any(len(each.operand.layout.shape) != 2 for each in state):
        rule = "expected input and state of 2 dims"
    elif given[1] != gates[1]:
        rule = f"input has inconsistent input_size: got {given[1]} expected {gates[1]}"
    elif any(each.operand.layout.shape[0] != given[0] for each in state):
        rule = f"Input batch size {given[0]} doesn't match that of the state"
    elif state[0].operand.layout.shape[1] != hidden[1]:
        size = state[0].operand.layout.shape[1]
        rule = f"hidden has inconsistent hidden_size: got {size}, expected {hidden[1]}"
    if rule:
        remedy = "Give an input (B, input_size) and a state (B, hidden_size)"
        raise RuntimeError(explain(operation, rule, input, *state, remedy=remedy))
    return _step(cell, linear(input, weights.input, weights.input_bias), state, weights)


@numpy_names
def rnn_tanh_cell(
    input: T, hx: T, w_ih: T, w_hh: T, b_ih: T | None = None, b_hh: T | None = None
) -> T:
    """Return the hidden state tanh(w_ih x + b_ih + w_hh h + b_hh) after ``input`` (B, I).

    ``hx`` is (B, H). Raises RuntimeError for sizes that do not fit.

    >>> import gnomon as torch
    >>> one = torch.ones(1, 1)
    >>> torch.rnn_tanh_cell(one, -one, one, one)
    tensor([[0.]])
    """
    weights = Weights(w_ih, w_hh, b_ih, b_hh)
    return _cell("rnn_tanh_cell", TANH, input, (hx,), weights)[0]


@numpy_names
def rnn_relu_cell(
    input: T, hx: T, w_ih: T, w_hh: T, b_ih: T | None = None, b_hh: T | None = None
) -> T:
    """Return what ``rnn_tanh_cell`` returns, with relu for tanh.

    >>> import gnomon as torch
    >>> one = torch.ones(1, 1)
    >>> torch.rnn_relu_cell(one, one, one, one)
    tensor([[2.]])
    """
    weights = Weights(w_ih, w_hh, b_ih, b_hh)
    return _cell("rnn_relu_cell", RELU, input, (hx,), weights)[0]


@numpy_names
def lstm_cell(
    input: T,
    hx: Sequence[T],
    w_ih: T,
    w_hh: T,
    b_ih: T | None = None,
    b_hh: T | None = None,
) -> tuple[T, T]:
    """Return hidden state and cell state after ``input`` (B, I).

    ``hx`` holds both, (B, H). Weights have H rows each for the input, the forget, the cell and
    the output gate. Raises RuntimeError for sizes that do not fit.

    >>> import gnomon as torch
    >>> x, zero = torch.ones(1, 1), torch.zeros(1, 1)
    >>> hidden, cell = torch.lstm_cell(x, (zero, x), torch.zeros(4, 1), torch.zeros(4, 1))
    >>> cell
    tensor([[0.5000]])
    """
    if len(hx) != 2:
        raise RuntimeError(explain("lstm_cell", "expects two hidden states", *hx))
    weights = Weights(w_ih, w_hh, b_ih, b_hh)
    hidden, cell = _cell("lstm_cell", LSTM, input, tuple(hx), weights)
    return hidden, cell


@numpy_names
def gru_cell(
    input: T, hx: T, w_ih: T, w_hh: T, b_ih: T | None = None, b_hh: T | None = None
) -> T:
    """Return the hidden state of a gated recurrent unit after ``input`` (B, I).

    ``hx`` is (B, H). Weights have H rows each for the reset gate, the update gate and the new
    state. Raises RuntimeError for sizes that do not fit.

    >>> import gnomon as torch
    >>> one = torch.ones(1, 1)
    >>> torch.gru_cell(one, one, torch.zeros(3, 1), torch.zeros(3, 1))
    tensor([[0.5000]])
    """
    weights = Weights(w_ih, w_hh, b_ih, b_hh)
    return _cell("gru_cell", GRU, input, (hx,), weights)[0]


def recurrent(
    cell: Cell,
    input: T,
    batch_sizes: Sequence[int] | None,
    state: State[T],
    layers: Sequence[Sequence[Weights[T]]],
    dropped: float,
) -> tuple[T, State[T]]:
    """Return the outputs of the last of ``layers`` at all times, and all their last states.

    ``input`` is (T, B, I), or packed, (sum of ``batch_sizes``, I). ``layers`` holds for each
    layer the weights of its one or two directions, ``state`` the initial states, (layers *
    directions, B, H). Between layers elements are dropped with probability ``dropped``. Raises
    RuntimeError for a sequence of no elements.

    >>> import gnomon as torch
    >>> from gnomon.composite.recurrent_cells import RELU
    >>> x, weights = torch.ones(2, 1, 1), Weights(torch.ones(1, 1), torch.ones(1, 1))
    >>> outputs, state = recurrent(RELU, x, None, (x[:1],), [[weights]], 0.0)
    >>> outputs.flatten(), state[0].shape
    (tensor([2., 3.]), torch.Size([1, 1, 1]))
    """
    if not input.operand.layout.shape[0]:
        rule = "Expected sequence length to be larger than 0"
        raise RuntimeError(explain("recurrent layer", rule, input))
    initial = iter(zip(*[unbind(each) for each in state], strict=True))
    last: list[State[T]] = []
    for depth, layer in enumerate(layers):
        if depth and dropped:
            input = dropout(input, dropped, True)
        outputs = []
        for direction, weights in enumerate(layer):
            found, state = _along(cell, input, batch_sizes, next(initial), weights, direction)
            outputs.append(found)
            last.append(state)
        input = outputs[0] if len(outputs) == 1 else cat(outputs, -1)
    return input, tuple([stack(each) for each in zip(*last, strict=True)])


def _along(
    cell: Cell,
    input: T,
    batch_sizes: Sequence[int] | None,
    initial: State[T],
    weights: Weights[T],
    backward: int,
) -> tuple[T, State[T]]:
    """Return the hidden states at all times, and the last state, of one layer one way."""
    gates = linear(input, weights.input, weights.input_bias)
    if batch_sizes is None and weights.projection is None:
        # No sequence ends before the others: a derivative of its own.
        states = layer_in_time(
            cell, gates, initial, weights.hidden, weights.hidden_bias, bool(backward)
        )
        end = 0 if backward else -1
        return states[0], tuple([select(each, 0, end) for each in states])
    moments = unbind(gates) if batch_sizes is None else split(gates, list(batch_sizes))
    walk = _backward if backward else _forward
    outputs, last = walk(cell, moments, initial, weights)
    return (stack(outputs) if batch_sizes is None else cat(outputs)), last


def _forward(
    cell: Cell, moments: Sequence[T], initial: State[T], weights: Weights[T]
) -> tuple[list[T], State[T]]:
    """Walk in the order of time; sequences that end leave the state, the last ones first."""
    outputs: list[T] = []
    ended: list[State[T]] = []
    state = initial
    for moment in moments:
        running, size = _batch(state[0]), _batch(moment)
        if size < running:
            ended.append(_part(state, size, running))
            state = _part(state, 0, size)
        state = _step(cell, moment, state, weights)
        outputs.append(state[0])
    return outputs, _joined([state, *reversed(ended)])


def _backward(
    cell: Cell, moments: Sequence[T], initial: State[T], weights: Weights[T]
) -> tuple[list[T], State[T]]:
    """Walk from the end; a sequence enters the state, with its initial one, at its own end."""
    outputs: list[T] = []
    state = _part(initial, 0, 0)
    for moment in reversed(moments):
        running, size = _batch(state[0]), _batch(moment)
        if size > running:
            state = _joined([state, _part(initial, running, size)])
        state = _step(cell, moment, state, weights)
        outputs.append(state[0])
    return outputs[::-1], state


def _batch(tensor: TensorCore) -> int:
    return tensor.operand.layout.shape[0]


def _part(state: State[T], start: int, stop: int) -> State[T]:
    """Return the state of the sequences from ``start`` to ``stop``."""
    return tuple([narrow(each, 0, start, stop - start) for each in state])


def _joined(states: Sequence[State[T]]) -> State[T]:
    """Return the states of several groups of sequences as one."""
    filled = [state for state in states if _batch(state[0])] or states[:1]
    if len(filled) == 1:
        return filled[0]
    return tuple([cat(parts) for parts in zip(*filled, strict=True)])
