"""A layer of LSTM cells along time, with a derivative of its own.

The gradient of its weights is a sum over all times. Through the derivatives of cells that is a
product and an addition at each of them; here it is one product over all times, and the slopes
of the gates are found at all times at once. Source of the cell: S. Hochreiter and
J. Schmidhuber, "Long Short-Term Memory" (1997).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, TypeVar, final

from gnomon.composite.linear import linear
from gnomon.composite.matrix import mm
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import contiguous, filled
from gnomon.graph.modes import no_grad
from gnomon.op.composite import record_composite
from gnomon.op.elementwise import Unary
from gnomon.op.foundation import add, sum_of
from gnomon.ops.arithmetic import mul
from gnomon.ops.hyperbolic import tanh
from gnomon.ops.joining import cat, stack
from gnomon.ops.logistic import sigmoid
from gnomon.ops.slicing import narrow
from gnomon.ops.splitting import chunk, unbind
from gnomon.ops.views import reshape, t, unsqueeze

T = TypeVar("T", bound=TensorCore)


def lstm_state(gates: T, cell: T) -> tuple[T, T]:
    """Return h' and c': the cell keeps what the forget gate leaves, adds what the input gate
    lets in, and shows what the output gate lets out.

    ``gates`` holds, along its last dim, what input gate, forget gate, cell and output gate are
    given.
    """
    enters, stays, offered, leaves = chunk(gates, 4, -1)
    cell = add(mul(sigmoid(stays), cell), mul(sigmoid(enters), tanh(offered)))
    return mul(sigmoid(leaves), tanh(cell)), cell


def lstm_layer(
    from_input: T, hidden: T, cell: T, weight: T, bias: T | None, is_backward: bool
) -> tuple[T, T]:
    """Return hidden states and cells at all times, (T, B, H) both.

    ``from_input`` (T, B, 4 H) is what the input gives to the gates; ``hidden`` and ``cell``
    (B, H) are the state before all, or ``is_backward`` behind; ``weight`` (4 H, H) and ``bias``
    say what the hidden state gives to the gates.

    >>> import gnomon as torch
    >>> zeros, ones = torch.zeros(2, 1, 4), torch.ones(1, 1)
    >>> _, cells = lstm_layer(zeros, ones, ones, torch.zeros(4, 1), None, False)
    >>> cells.flatten()
    tensor([0.5000, 0.2500])
    """
    states: list[tuple[T, T]] = []
    with no_grad():
        state = (hidden, cell)
        moments = unbind(from_input)
        # In the order that products read it in, once for all of them.
        columns = weight.like(contiguous(t(weight).operand))
        for moment in reversed(moments) if is_backward else moments:
            state = lstm_state(add(moment, linear(state[0], t(columns), bias)), state[1])
            states.append(state)
        in_time = states[::-1] if is_backward else states
        hiddens, cells = (stack(each) for each in zip(*in_time, strict=True))
    record_composite(
        "LstmBackward0",
        (from_input, hidden, cell, weight, bias),
        (hiddens, cells),
        (from_input, hidden, cell, weight, bias, hiddens, cells),
        partial(_derivative, is_backward),
    )
    return hiddens, cells


def _derivative(
    is_backward: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    from_input, hidden, cell, weight, bias, hiddens, cells = saved
    assert from_input is not None and hidden is not None and cell is not None
    assert weight is not None and hiddens is not None and cells is not None
    before = _before(hidden, hiddens, is_backward)
    gates = add(from_input, linear(before, weight, bias))
    slopes = _slopes(gates, _before(cell, cells, is_backward), cells)
    changes, of_hidden, of_cell = _against_time(is_backward, slopes, cotangents, weight)
    of_weight = None
    if needs[3]:
        width, size = weight.operand.layout.shape
        of_weight = mm(t(reshape(changes, (-1, width))), reshape(before, (-1, size)))
    of_bias = sum_of(changes, (0, 1)) if needs[4] else None
    return (
        changes if needs[0] else None,
        of_hidden if needs[1] else None,
        of_cell if needs[2] else None,
        of_weight,
        of_bias,
    )


def _before(first: TensorCore, states: TensorCore, is_backward: bool) -> TensorCore:
    """Return the states that cells at all times begin with."""
    first, rest = unsqueeze(first, 0), states.operand.layout.shape[0] - 1
    if is_backward:
        return cat([narrow(states, 0, 1, rest), first])
    return cat([first, narrow(states, 0, 0, rest)])


@final
class _Slopes(NamedTuple):
    """What changes with what, at all times."""

    #: The cell with what three of the gates are given, (T, B, 3, H), and with the cell before.
    of_cell: TensorCore
    of_kept: TensorCore
    #: The hidden state with what its gate is given, and with the cell.
    of_hidden: TensorCore
    of_shown: TensorCore


def _slopes(gates: TensorCore, before: TensorCore, cells: TensorCore) -> _Slopes:
    enters, stays, offered, leaves = chunk(gates, 4, -1)
    enters, stays, leaves = sigmoid(enters), sigmoid(stays), sigmoid(leaves)
    offered, shown = tanh(offered), tanh(cells)
    of_cell = [
        _slope(sigmoid, enters, offered),
        _slope(sigmoid, stays, before),
        _slope(tanh, offered, enters),
    ]
    return _Slopes(
        stack(of_cell, -2),
        stays,
        _slope(sigmoid, leaves, shown),
        _slope(tanh, shown, leaves),
    )


def _slope(function: Unary, result: TensorCore, factor: TensorCore) -> TensorCore:
    """Return a factor times the slope of sigmoid or tanh, which the result alone tells."""
    return function.cotangent(0, factor, (result,), result)


def _against_time(
    is_backward: bool, slopes: _Slopes, cotangents: Cotangents, weight: TensorCore
) -> tuple[TensorCore, TensorCore, TensorCore]:
    """Return the cotangents of what gates are given, (T, B, 4 H), and of the state before."""
    _, batch, size = (shape := slopes.of_hidden.operand.layout.shape)
    of_hiddens, of_cells = cotangents
    if of_hiddens is None:
        backend, dtype = weight.operand.storage.backend, weight.operand.dtype
        of_hiddens = weight.like(filled(backend, shape, dtype, 0))
    moments = [_Slopes(*each) for each in zip(*map(unbind, slopes), strict=True)]
    of_shown = unbind(of_hiddens)
    of_kept = [None] * len(moments) if of_cells is None else unbind(of_cells)
    steps = [*zip(moments, of_shown, of_kept, strict=True)]
    changes: list[TensorCore] = []
    hidden = cell = None
    for slope, more_hidden, more_cell in steps if is_backward else reversed(steps):
        hidden = more_hidden if hidden is None else add(more_hidden, hidden)
        through = mul(hidden, slope.of_shown)
        for more in (more_cell, cell):
            through = through if more is None else add(more, through)
        change = reshape(mul(unsqueeze(through, -2), slope.of_cell), (batch, 3 * size))
        changes.append(cat([change, mul(hidden, slope.of_hidden)], -1))
        hidden, cell = mm(changes[-1], weight), mul(through, slope.of_kept)
    assert hidden is not None and cell is not None
    return stack(changes if is_backward else changes[::-1]), hidden, cell
