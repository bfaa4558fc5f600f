"""Layers of recurrent cells along time, with derivatives of their own.

The gradient of a layer's weights is a sum over all times. Through the derivatives of cells that
is a product and an addition at each of them; here it is one product over all times, and what
the gates did is found again at all times at once. From time to time goes the cotangent of the
state alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar, final

from gnomon.composite.linear import linear
from gnomon.composite.matrix import mm
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import contiguous
from gnomon.graph.modes import no_grad
from gnomon.op.composite import record_composite
from gnomon.op.foundation import sum_of
from gnomon.ops.joining import cat, stack
from gnomon.ops.slicing import narrow
from gnomon.ops.splitting import unbind
from gnomon.ops.views import reshape, t, unsqueeze

T = TypeVar("T", bound=TensorCore)
Item = TypeVar("Item")


@final
class Moments(NamedTuple):
    """What cells did at all times; all tensors are (T, B, features)."""

    #: What the input gave to the gates.
    from_input: TensorCore
    #: Computes, for cells that have to know it again, what the hidden state gave to them.
    from_hidden: Callable[[], TensorCore]
    #: The states that they began with, and those that they ended with.
    before: Sequence[TensorCore]
    after: Sequence[TensorCore]


@final
class Changes(NamedTuple):
    """Cotangents of what the input and the hidden state gave to the gates, at all times, and of
    the state before all.
    """

    from_input: TensorCore
    from_hidden: TensorCore
    state: tuple[TensorCore, ...]


class Cell(ABC):
    """What makes the next state of a sequence from the last; the hidden state comes first."""

    #: What the derivative of a layer is called.
    label: str
    #: How many rows of weights there are for each element of the state.
    gates: int

    @abstractmethod
    def next(self, from_input: T, from_hidden: T, state: tuple[T, ...]) -> tuple[T, ...]:
        """Return the next state, given what the input and the hidden state give to the gates,
        (B, gates * H) both.
        """

    @abstractmethod
    def against_time(
        self, moments: Moments, cotangents: Cotangents, weight: TensorCore, is_backward: bool
    ) -> Changes:
        """Return what changes, given the cotangents of the states after, not all None, and the
        weight that hidden states are multiplied with.
        """


def layer_in_time(
    cell: Cell,
    from_input: T,
    state: tuple[T, ...],
    weight: T,
    bias: T | None,
    is_backward: bool,
) -> tuple[T, ...]:
    """Return the states at all times, (T, B, H) each.

    ``from_input`` (T, B, gates * H) is what the input gives to the gates, ``state`` the state
    before all, or ``is_backward`` behind, (B, H) each; ``weight`` (gates * H, H) and ``bias``
    say what the hidden state gives to the gates.

    >>> import gnomon as torch
    >>> from gnomon.composite.recurrent_cells import LSTM
    >>> zeros, one = torch.zeros(2, 1, 4), torch.ones(1, 1)
    >>> _, cells = layer_in_time(LSTM, zeros, (one, one), torch.zeros(4, 1), None, False)
    >>> cells.flatten()
    tensor([0.5000, 0.2500])
    """
    with no_grad():
        found: list[tuple[T, ...]] = []
        last = state
        # In the order that products read it in, once for all of them.
        columns = weight.like(contiguous(t(weight).operand))
        for moment in _order(unbind(from_input), is_backward):
            last = cell.next(moment, linear(last[0], t(columns), bias), last)
            found.append(last)
        in_time = _order(found, is_backward)
        states = tuple([stack(each) for each in zip(*in_time, strict=True)])
    given = (from_input, weight, bias, *state)
    record_composite(
        cell.label, given, states, (*given, *states), partial(_derivative, cell, is_backward)
    )
    return states


def _derivative(
    cell: Cell,
    is_backward: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    from_input, weight, bias, *states = saved
    assert from_input is not None and weight is not None
    count = len(states) // 2
    first = [each for each in states[:count] if each is not None]
    after = [each for each in states[count:] if each is not None]
    before = [_before(*each, is_backward) for each in zip(first, after, strict=True)]
    from_hidden = partial(linear, before[0], weight, bias)
    moments = Moments(from_input, from_hidden, before, after)
    changes = cell.against_time(moments, cotangents, weight, is_backward)
    of_weight = None
    if needs[1]:
        width, size = weight.operand.layout.shape
        rows = reshape(changes.from_hidden, (-1, width))
        of_weight = mm(t(rows), reshape(before[0], (-1, size)))
    of_bias = sum_of(changes.from_hidden, (0, 1)) if needs[2] else None
    return (changes.from_input, of_weight, of_bias, *changes.state)


def _before(first: TensorCore, states: TensorCore, is_backward: bool) -> TensorCore:
    """Return the states that cells at all times begin with."""
    first, rest = unsqueeze(first, 0), states.operand.layout.shape[0] - 1
    if is_backward:
        return cat([narrow(states, 0, 1, rest), first])
    return cat([first, narrow(states, 0, 0, rest)])


def _order(items: Sequence[Item], is_backward: bool) -> Sequence[Item]:
    """Return what there is at all times in the order that cells come in, or back in time's."""
    return items[::-1] if is_backward else items


def against_order(items: Sequence[Item], is_backward: bool) -> Sequence[Item]:
    """Return what there is at all times in the order that derivatives come in, or back."""
    return _order(items, not is_backward)
