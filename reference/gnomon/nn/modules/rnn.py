"""Recurrent layers: cells along time, in several layers and both directions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import ClassVar, cast, overload

from gnomon.composite import recurrent_cells
from gnomon.composite.layers_in_time import Cell
from gnomon.composite.recurrence import Weights, recurrent
from gnomon.nn import init
from gnomon.nn.modules.module import Module
from gnomon.nn.modules.rnn_cells import GRUCell, LSTMCell, RNNCell, RNNCellBase
from gnomon.nn.parameter import Parameter
from gnomon.nn.utils.rnn import PackedSequence
from gnomon.tensor import Tensor
from gnomon.tensor.factories import empty, zeros
from gnomon.tensor.options import DeviceLike, DTypeLike

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

#: By PyTorch's name of the cell, what it computes.
_MODES: dict[str, Cell] = {
    "RNN_TANH": recurrent_cells.TANH,
    "RNN_RELU": recurrent_cells.RELU,
    "LSTM": recurrent_cells.LSTM,
    "GRU": recurrent_cells.GRU,
}


class RNNBase(Module):
    """What recurrent layers share: weights of layers and directions, and the run along time.

    Weights are called ``weight_ih_l0``, ``weight_hh_l0``, ``bias_ih_l0``, ``bias_hh_l0``, and
    ``weight_hr_l0`` for a projection; the number is the layer's, and ``_reverse`` follows for
    the second direction. All are drawn uniformly within 1 / sqrt(hidden_size). Raises
    ValueError or TypeError for arguments out of range or of another kind.
    """

    _states: ClassVar[int] = 1

    mode: str
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    proj_size: int

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        _check_dropout(dropout, num_layers)
        _check_kinds(bias, batch_first, input_size, hidden_size)
        _check_sizes(input_size, hidden_size, num_layers, proj_size)
        if mode not in _MODES:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: self._directions]:
                self._add_weights(layer, suffix, device, dtype)
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _shown_size(self) -> int:
        """The size of the hidden state, which a projection makes smaller."""
        return self.proj_size or self.hidden_size

    def _add_weights(
        self, layer: int, suffix: str, device: DeviceLike, dtype: DTypeLike | None
    ) -> None:
        rows = _MODES[self.mode].gates * self.hidden_size
        below = self._shown_size * self._directions if layer else self.input_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, below),
            "weight_hh": (rows, self._shown_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        names = [f"{name}_l{layer}{suffix}" for name in shapes]
        for name, shape in zip(names, shapes.values(), strict=True):
            setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
        self._all_weights.append(names)

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: there is no form of the weights that runs faster."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [
            [cast(Parameter, getattr(self, name)) for name in names]
            for names in self._all_weights
        ]

    def _layers(self) -> list[list[Weights[Tensor]]]:
        """Return the weights of each layer's directions."""
        cells = []
        for names in self._all_weights:
            given = [cast(Tensor, getattr(self, name)) for name in names]
            biases = given[2:4] if self.bias else [None, None]
            projection = given[-1] if self.proj_size else None
            cells.append(Weights(given[0], given[1], biases[0], biases[1], projection))
        count = self._directions
        return [cells[start : start + count] for start in range(0, len(cells), count)]

    def _run(
        self, input: Tensor | PackedSequence, state: tuple[Tensor, ...] | None
    ) -> tuple[Tensor | PackedSequence, tuple[Tensor, ...]]:
        """Return outputs in the form of ``input``, and the last state."""
        if isinstance(input, PackedSequence):
            return self._run_packed(input, state)
        if input.ndim not in (2, 3):
            raise ValueError(
                f"{self._get_name()}: Expected input to be 2D or 3D, got {input.ndim}D tensor "
                "instead"
            )
        batched = input.ndim == 3
        if state is not None and any(each.ndim != input.ndim for each in state):
            ranks = ", ".join(f"{each.ndim}-D" for each in state)
            raise RuntimeError(
                f"For {'batched 3-D' if batched else 'unbatched 2-D'} input, hx should also be "
                f"{input.ndim}-D but got {ranks} tensor"
            )
        if not batched:
            input = input.unsqueeze(0 if self.batch_first else 1)
            state = None if state is None else tuple([each.unsqueeze(1) for each in state])
        self._check_input(input, 3)
        steps = input.transpose(0, 1) if self.batch_first else input
        initial = self._checked_state(state, input, steps.size(1))
        outputs, last = self._recur(steps, None, initial)
        if self.batch_first:
            outputs = outputs.transpose(0, 1)
        if not batched:
            outputs = outputs.squeeze(0 if self.batch_first else 1)
            last = tuple([each.squeeze(1) for each in last])
        return outputs, last

    def _run_packed(
        self, packed: PackedSequence, state: tuple[Tensor, ...] | None
    ) -> tuple[PackedSequence, tuple[Tensor, ...]]:
        data, batch_sizes, order, order_back = packed
        self._check_input(data, 2)
        sizes = cast("list[int]", batch_sizes.tolist())
        if state is not None and order is not None:
            state = tuple([each.index_select(1, order) for each in state])
        initial = self._checked_state(state, data, sizes[0])
        outputs, last = self._recur(data, sizes, initial)
        if order_back is not None:
            last = tuple([each.index_select(1, order_back) for each in last])
        return PackedSequence(outputs, batch_sizes, order, order_back), last

    def _recur(
        self, input: Tensor, sizes: Sequence[int] | None, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        dropped = self.dropout if self.training else 0.0
        return recurrent(_MODES[self.mode], input, sizes, state, self._layers(), dropped)

    def _check_input(self, input: Tensor, rank: int) -> None:
        weight = cast(Tensor, getattr(self, self._all_weights[0][0]))
        if input.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype "
                f"({weight.dtype}). Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        if input.ndim != rank:
            raise RuntimeError(f"input must have {rank} dimensions, got {input.ndim}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {input.size(-1)}"
            )

    def _checked_state(
        self, state: tuple[Tensor, ...] | None, input: Tensor, batch: int
    ) -> tuple[Tensor, ...]:
        """Return ``state`` if its shapes are right; zeros for None."""
        count = self.num_layers * self._directions
        sizes = (self._shown_size, self.hidden_size)[: self._states]
        shapes = [(count, batch, size) for size in sizes]
        if state is None:
            return tuple(
                [zeros(shape, dtype=input.dtype, device=input.device) for shape in shapes]
            )
        for index, (each, shape) in enumerate(zip(state, shapes, strict=True)):
            if each.shape != shape:
                place = f"[{index}]" if self._states > 1 else ""
                raise RuntimeError(
                    f"Expected hidden{place} size {shape}, got {list(each.shape)}"
                )
        return state

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.proj_size != 0:
            parts.append(f"proj_size={self.proj_size}")
        if self.num_layers != 1:
            parts.append(f"num_layers={self.num_layers}")
        if self.bias is not True:
            parts.append(f"bias={self.bias}")
        if self.batch_first is not False:
            parts.append(f"batch_first={self.batch_first}")
        if self.dropout != 0:
            parts.append(f"dropout={self.dropout}")
        if self.bidirectional is not False:
            parts.append(f"bidirectional={self.bidirectional}")
        return ", ".join(parts)


def _check_dropout(dropout: object, num_layers: int) -> None:
    if isinstance(dropout, bool) or not (
        isinstance(dropout, int | float) and 0 <= dropout <= 1
    ):
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an "
            f"element being zeroed, but got {dropout!r}"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero "
            f"dropout expects num_layers greater than 1, but got dropout={dropout} and "
            f"num_layers={num_layers}",
            stacklevel=4,
        )


def _check_kinds(bias: object, batch_first: object, *sizes: object) -> None:
    for name, flag in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(flag, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")
    for name, size in zip(("input_size", "hidden_size"), sizes, strict=True):
        if not isinstance(size, int):
            raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")


def _check_sizes(input_size: int, hidden_size: int, num_layers: int, proj_size: int) -> None:
    for name, size in (
        ("input_size", input_size),
        ("hidden_size", hidden_size),
        ("num_layers", num_layers),
    ):
        if size <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if proj_size < 0:
        raise ValueError(
            "proj_size should be a positive integer or zero to disable projections"
        )
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNN(RNNBase):
    """Elman's network: h' = tanh(W x + b + U h + c), or with ``nonlinearity="relu"`` its relu.

    Inputs are (T, B, I), or (B, T, I) with ``batch_first``, or (T, I), or packed; the first
    state, zeros by default, is (layers * directions, B, H), or without B. Returns the hidden
    states of the last layer at all times, those of both directions side by side, and the last
    hidden states of all layers. ``dropout`` is the probability of elements to be dropped
    between layers in training.

    >>> import gnomon as torch
    >>> outputs, last = RNN(10, 20, 2)(torch.ones(5, 3, 10))
    >>> outputs.shape, last.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    nonlinearity: str

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        _refuse_projection(proj_size)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            0,
            device,
            dtype,
        )
        self.nonlinearity = nonlinearity

    @overload
    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]: ...
    @overload
    def forward(
        self, input: PackedSequence, hx: Tensor | None = None
    ) -> tuple[PackedSequence, Tensor]: ...
    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Return the outputs and the last hidden states."""
        outputs, (last,) = self._run(input, None if hx is None else (hx,))
        return outputs, last


class LSTM(RNNBase):
    """A long short-term memory, whose cells keep, take in and show what three gates let pass.

    Inputs are those of ``RNN``; a state is a pair: of hidden states (layers * directions, B,
    ``proj_size`` or H), and of cells (layers * directions, B, H).

    >>> import gnomon as torch
    >>> outputs, (hidden, cell) = LSTM(10, 20, 2, bidirectional=True)(torch.ones(5, 3, 10))
    >>> outputs.shape, cell.shape
    (torch.Size([5, 3, 40]), torch.Size([4, 3, 20]))
    """

    _states = 2

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )

    @overload
    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]: ...
    @overload
    def forward(
        self, input: PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[PackedSequence, tuple[Tensor, Tensor]]: ...
    def forward(
        self, input: Tensor | PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor | PackedSequence, tuple[Tensor, Tensor]]:
        """Return the outputs, and the last hidden states and cells."""
        outputs, (hidden, cell) = self._run(input, None if hx is None else (hx[0], hx[1]))
        return outputs, (hidden, cell)


class GRU(RNNBase):
    """Gated recurrent units, which mix their state with a new one; as ``RNN`` otherwise.

    >>> import gnomon as torch
    >>> outputs, last = GRU(10, 20, batch_first=True)(torch.ones(3, 5, 10))
    >>> outputs.shape, last.shape
    (torch.Size([3, 5, 20]), torch.Size([1, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        _refuse_projection(proj_size)
        super().__init__(
            "GRU",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            0,
            device,
            dtype,
        )

    @overload
    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]: ...
    @overload
    def forward(
        self, input: PackedSequence, hx: Tensor | None = None
    ) -> tuple[PackedSequence, Tensor]: ...
    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Return the outputs and the last hidden states."""
        outputs, (last,) = self._run(input, None if hx is None else (hx,))
        return outputs, last


def _refuse_projection(proj_size: int) -> None:
    if proj_size:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
