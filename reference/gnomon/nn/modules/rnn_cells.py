"""Recurrent cells: one step in time as a layer."""

from __future__ import annotations

import math

from gnomon.composite.recurrence import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from gnomon.nn import init
from gnomon.nn.modules.module import Module
from gnomon.nn.parameter import Parameter
from gnomon.tensor import Tensor
from gnomon.tensor.factories import empty, zeros
from gnomon.tensor.options import DeviceLike, DTypeLike

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What cells share: weights of ``num_chunks`` gates, drawn within 1 / sqrt(hidden_size)."""

    input_size: int
    hidden_size: int
    bias: bool
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size

        def parameter(*shape: int) -> Parameter:
            return Parameter(empty(shape, device=device, dtype=dtype))

        self.weight_ih = parameter(rows, input_size)
        self.weight_hh = parameter(rows, hidden_size)
        self.register_parameter("bias_ih", parameter(rows) if bias else None)
        self.register_parameter("bias_hh", parameter(rows) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and biases anew."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.bias is not True:
            parts.append(f"bias={self.bias}")
        return ", ".join(parts)

    def _weights(self) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _batched(
        self, input: Tensor, *state: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return input and state with a batch dim; zeros for a state that is None."""
        name = self._get_name()
        if input.ndim not in (1, 2):
            raise ValueError(
                f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead"
            )
        for each in state:
            if each is not None and each.ndim not in (1, 2):
                raise ValueError(
                    f"{name}: Expected hidden to be 1D or 2D, got {each.ndim}D instead"
                )
        batched = input.ndim == 2
        rows = input if batched else input.unsqueeze(0)
        shape = (rows.size(0), self.hidden_size)
        states = []
        for each in state:
            if each is None:
                each = zeros(shape, dtype=input.dtype, device=input.device)
            elif not batched:
                each = each.unsqueeze(0)
            states.append(each)
        return rows, tuple(states)


class RNNCell(RNNCellBase):
    """One step of ``RNN``: input (B, I) and hidden state (B, H) give the next, or without B.

    >>> import gnomon as torch
    >>> RNNCell(10, 20)(torch.ones(3, 10)).shape
    torch.Size([3, 20])
    """

    nonlinearity: str

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next hidden state; RuntimeError for an unknown ``nonlinearity``."""
        rows, (state,) = self._batched(input, hx)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(
                f"Unknown nonlinearity: {self.nonlinearity}. Select from 'tanh' or 'relu'."
            )
        cell = rnn_tanh_cell if self.nonlinearity == "tanh" else rnn_relu_cell
        hidden = cell(rows, state, *self._weights())
        return hidden if input.ndim == 2 else hidden.squeeze(0)

    def extra_repr(self) -> str:
        shown = f", nonlinearity={self.nonlinearity}" if self.nonlinearity != "tanh" else ""
        return super().extra_repr() + shown


class LSTMCell(RNNCellBase):
    """One step of ``LSTM``: input (B, I) and a pair of states (B, H) give the next pair.

    >>> import gnomon as torch
    >>> hidden, cell = LSTMCell(10, 20)(torch.ones(3, 10))
    >>> hidden.shape, cell.shape
    (torch.Size([3, 20]), torch.Size([3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the next hidden state and that of the cell."""
        rows, state = self._batched(input, *((None, None) if hx is None else hx))
        hidden, cell = lstm_cell(rows, state, *self._weights())
        if input.ndim == 2:
            return hidden, cell
        return hidden.squeeze(0), cell.squeeze(0)


class GRUCell(RNNCellBase):
    """One step of ``GRU``: input (B, I) and hidden state (B, H) give the next, or without B.

    >>> import gnomon as torch
    >>> GRUCell(10, 20)(torch.ones(3, 10)).shape
    torch.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next hidden state."""
        rows, (state,) = self._batched(input, hx)
        hidden = gru_cell(rows, state, *self._weights())
        return hidden if input.ndim == 2 else hidden.squeeze(0)
