"""The cells of recurrent networks, and what goes back through them from time to time.

Sources: J. Elman, "Finding Structure in Time" (1990); S. Hochreiter and J. Schmidhuber, "Long
Short-Term Memory" (1997); K. Cho et al., "Learning Phrase Representations using RNN
Encoder-Decoder" (2014), with the reset gate after the product.
"""

from __future__ import annotations

from typing import Final, TypeVar, final

from gnomon.composite.arithmetic import rsub
from gnomon.composite.layers_in_time import Cell, Changes, Moments, against_order
from gnomon.composite.matrix import mm
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import filled
from gnomon.op.elementwise import Unary
from gnomon.op.foundation import add
from gnomon.ops.arithmetic import mul, sub
from gnomon.ops.hyperbolic import tanh
from gnomon.ops.joining import cat, stack
from gnomon.ops.logistic import sigmoid
from gnomon.ops.piecewise_activations import relu
from gnomon.ops.slicing import narrow
from gnomon.ops.splitting import chunk, unbind
from gnomon.ops.views import reshape, unsqueeze

T = TypeVar("T", bound=TensorCore)


@final
class ElmanCell(Cell):
    """h' = f(W x + b + U h + c)."""

    gates = 1

    def __init__(self, function: Unary, label: str) -> None:
        self._function = function
        self.label = label

    def next(self, from_input: T, from_hidden: T, state: tuple[T, ...]) -> tuple[T, ...]:
        """Return the next hidden state."""
        return (self._function(add(from_input, from_hidden)),)

    def against_time(
        self, moments: Moments, cotangents: Cotangents, weight: TensorCore, is_backward: bool
    ) -> Changes:
        """Return what changes: at each time, as much of the cotangent as the slope leaves."""
        (of_hiddens,), (hiddens,) = cotangents, moments.after
        assert of_hiddens is not None
        changes: list[TensorCore] = []
        hidden = None
        steps = [*zip(unbind(of_hiddens), unbind(hiddens), strict=True)]
        for more, after in against_order(steps, is_backward):
            hidden = more if hidden is None else add(more, hidden)
            changes.append(_change(self._function, after, hidden))
            hidden = mm(changes[-1], weight)
        assert hidden is not None
        of_gates = stack(against_order(changes, is_backward))
        return Changes(of_gates, of_gates, (hidden,))


@final
class GatedRecurrentUnit(Cell):
    """h' = n + z (h - n): the update gate z mixes the old state with a new one, n, which sees
    of the old what the reset gate leaves.
    """

    label, gates = "GruBackward0", 3

    def next(self, from_input: T, from_hidden: T, state: tuple[T, ...]) -> tuple[T, ...]:
        """Return the next hidden state."""
        _, update, new, _ = _gated(from_input, from_hidden)
        return (add(new, mul(update, sub(state[0], new))),)

    def against_time(
        self, moments: Moments, cotangents: Cotangents, weight: TensorCore, is_backward: bool
    ) -> Changes:
        """Return what changes: at each time, the cotangent times what the gates do by it."""
        (of_hiddens,), (before,) = cotangents, moments.before
        assert of_hiddens is not None
        _, batch, size = before.operand.layout.shape
        reset, update, new, of_reset = _gated(moments.from_input, moments.from_hidden())
        # What the hidden state changes with: what the new one is given, and the gates are.
        of_new = _change(tanh, new, rsub(update, 1))
        slopes = [
            _change(sigmoid, reset, mul(of_new, of_reset)),
            _change(sigmoid, update, sub(before, new)),
            mul(of_new, reset),
        ]
        hiddens: list[TensorCore] = []
        changes: list[TensorCore] = []
        hidden = None
        steps = [*zip(*map(unbind, (of_hiddens, stack(slopes, -2), update)), strict=True)]
        for more, slope, kept in against_order(steps, is_backward):
            hidden = more if hidden is None else add(more, hidden)
            hiddens.append(hidden)
            changes.append(reshape(mul(unsqueeze(hidden, -2), slope), (batch, 3 * size)))
            hidden = add(mm(changes[-1], weight), mul(hidden, kept))
        assert hidden is not None
        of_hidden, from_hidden = (
            stack(against_order(each, is_backward)) for each in (hiddens, changes)
        )
        of_gates = narrow(from_hidden, -1, 0, 2 * size)
        from_input = cat([of_gates, mul(of_hidden, of_new)], -1)
        return Changes(from_input, from_hidden, (hidden,))


def _gated(from_input: T, from_hidden: T) -> tuple[T, T, T, T]:
    """Return reset gate, update gate, new state, and what the reset gate is applied to."""
    size = from_input.operand.layout.shape[-1] // 3
    gates = [narrow(each, -1, 0, 2 * size) for each in (from_input, from_hidden)]
    reset, update = chunk(sigmoid(add(*gates)), 2, -1)
    offered = narrow(from_hidden, -1, 2 * size, size)
    new = tanh(add(narrow(from_input, -1, 2 * size, size), mul(reset, offered)))
    return reset, update, new, offered


@final
class LongShortTermMemory(Cell):
    """c' = f c + i g and h' = o tanh(c'): the cell keeps what the forget gate leaves, adds what
    the input gate lets in, and shows what the output gate lets out.

    Gates are, in this order, input gate i, forget gate f, what is offered g, output gate o.
    """

    label, gates = "LstmBackward0", 4

    def next(self, from_input: T, from_hidden: T, state: tuple[T, ...]) -> tuple[T, ...]:
        """Return the next hidden state and cell."""
        enters, stays, offered, leaves = chunk(add(from_input, from_hidden), 4, -1)
        cell = add(mul(sigmoid(stays), state[1]), mul(sigmoid(enters), tanh(offered)))
        return mul(sigmoid(leaves), tanh(cell)), cell

    def against_time(
        self, moments: Moments, cotangents: Cotangents, weight: TensorCore, is_backward: bool
    ) -> Changes:
        """Return what changes: at each time, the cotangent of the hidden state times what the
        output gate does, and that which comes to the cell times what the other gates do.
        """
        (_, before), (_, cells) = moments.before, moments.after
        gates = add(moments.from_input, moments.from_hidden())
        enters, stays, offered, leaves = chunk(gates, 4, -1)
        enters, stays, leaves = sigmoid(enters), sigmoid(stays), sigmoid(leaves)
        offered, shown = tanh(offered), tanh(cells)
        # What the cell changes with, and what the hidden state does.
        of_cell = [
            _change(sigmoid, enters, offered),
            _change(sigmoid, stays, before),
            _change(tanh, offered, enters),
        ]
        of_leaving, of_shown = _change(sigmoid, leaves, shown), _change(tanh, shown, leaves)
        _, batch, size = shape = cells.operand.layout.shape
        of_hiddens, of_cells = cotangents
        if of_hiddens is None:
            backend, dtype = weight.operand.storage.backend, weight.operand.dtype
            of_hiddens = weight.like(filled(backend, shape, dtype, 0))
        slopes = map(unbind, (stack(of_cell, -2), stays, of_leaving, of_shown))
        of_kept = [None] * shape[0] if of_cells is None else unbind(of_cells)
        steps = [*zip(unbind(of_hiddens), of_kept, *slopes, strict=True)]
        changes: list[TensorCore] = []
        hidden = cell = None
        for more_hidden, more_cell, *slope in against_order(steps, is_backward):
            of_gates, kept, left, seen = slope
            hidden = more_hidden if hidden is None else add(more_hidden, hidden)
            through = mul(hidden, seen)
            for more in (more_cell, cell):
                through = through if more is None else add(more, through)
            change = reshape(mul(unsqueeze(through, -2), of_gates), (batch, 3 * size))
            changes.append(cat([change, mul(hidden, left)], -1))
            hidden, cell = mm(changes[-1], weight), mul(through, kept)
        assert hidden is not None and cell is not None
        from_gates = stack(against_order(changes, is_backward))
        return Changes(from_gates, from_gates, (hidden, cell))


def _change(function: Unary, result: TensorCore, factor: TensorCore) -> TensorCore:
    """Return a factor times the slope of a function, which the result alone tells."""
    return function.cotangent(0, factor, (result,), result)


TANH: Final = ElmanCell(tanh, "RnnTanhBackward0")
RELU: Final = ElmanCell(relu, "RnnReluBackward0")
GRU: Final = GatedRecurrentUnit()
LSTM: Final = LongShortTermMemory()
