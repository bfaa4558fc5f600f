"""The node of a recorded operation; leaves and edges are in :mod:`gnomon.graph.edges`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

from gnomon.core import Cotangents, Node, TensorCore
from gnomon.graph.anomaly import forward_call
from gnomon.graph.edges import (
    AccumulateGrad,
    accumulator_of,
    edge_of,
    gradient_node,
    metadata_of,
    recording,
    set_history,
)
from gnomon.graph.modes import modes
from gnomon.graph.saved import SavedTensor, released

__all__ = [
    "OperationNode",
    "AccumulateGrad",
    "accumulator_of",
    "edge_of",
    "gradient_node",
    "metadata_of",
    "recording",
    "set_history",
]


@final
class OperationNode(Node):
    """The node of a recorded operation: its derivative, and the tensors that needs."""

    __slots__ = ("_derivative", "_label", "_saved")

    def __init__(
        self,
        label: str,
        inputs: Sequence[TensorCore | None],
        outputs: Sequence[TensorCore],
        saved: Sequence[SavedTensor | None],
        derivative: Callable[[Cotangents, Sequence[TensorCore | None]], Cotangents],
    ) -> None:
        """``derivative(cotangents, saved tensors)`` returns a cotangent per input."""
        super().__init__(
            tuple([None if tensor is None else edge_of(tensor) for tensor in inputs]),
            tuple([metadata_of(output) for output in outputs]),
        )
        self._label = label
        self._saved: Sequence[SavedTensor | None] | None = saved
        self._derivative = derivative
        if modes.anomaly:
            self.trace = forward_call()

    def name(self) -> str:
        return self._label

    def backward(self, cotangents: Cotangents) -> Cotangents:
        return self._derivative(cotangents, self.saved_tensors)

    def save_result(self, result: TensorCore) -> None:
        """Save the node's only output, which has the last place among what is saved."""
        assert self._saved is not None
        self._saved = [*self._saved[:-1], SavedTensor(result, output_index=0)]

    @property
    def saved_tensors(self) -> Sequence[TensorCore | None]:
        """What the operation saved; raises RuntimeError when it is freed or was written to."""
        if self._saved is None:
            raise released(self._label)
        return [None if saved is None else saved.unpack(self) for saved in self._saved]

    @property
    def _saved_self(self) -> TensorCore | None:
        """The first input, None if it was not saved."""
        return self._unpacked(self._raw_saved_self)

    @property
    def _saved_other(self) -> TensorCore | None:
        """The second input, None if it was not saved."""
        return self._unpacked(self._raw_saved_other)

    @property
    def _saved_result(self) -> TensorCore | None:
        """The result, None if it was not saved."""
        return self._unpacked(self._raw_saved_result)

    @property
    def _raw_saved_self(self) -> SavedTensor | None:
        return self._saved_at(0)

    @property
    def _raw_saved_other(self) -> SavedTensor | None:
        return self._saved_at(1) if len(self.edges) > 1 else None

    @property
    def _raw_saved_result(self) -> SavedTensor | None:
        # A result is saved after the inputs.
        return self._saved_at(len(self.edges))

    def _saved_at(self, position: int) -> SavedTensor | None:
        if self._saved is None:
            raise released(self._label)
        return self._saved[position] if position < len(self._saved) else None

    def _unpacked(self, saved: SavedTensor | None) -> TensorCore | None:
        return None if saved is None else saved.unpack(self)

    def release(self) -> None:
        if self._saved is not None and self._saved.count(None) < len(self._saved):
            self._saved = None

    @property
    def is_released(self) -> bool:
        return self._saved is None
