"""History for operations that are linear in one tensor and are computed outside the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from gnomon.core import Cotangents, TensorCore
from gnomon.graph.nodes import OperationNode, recording, set_history

T = TypeVar("T", bound=TensorCore)
#: From the cotangent of the result to that of the input; made of recorded operations.
LinearDerivative = Callable[[TensorCore], TensorCore]


def linear(label: str, input: T, result: T, derivative: LinearDerivative) -> T:
    """Return ``result``, made the output of a node whose derivative is ``derivative``."""
    if result.operand.dtype.is_floating_point and recording(input):
        node = OperationNode(label, (input,), (result,), (), partial(_apply, derivative))
        set_history(result, node)
    return result


def _apply(
    derivative: LinearDerivative, cotangents: Cotangents, saved: Sequence[TensorCore | None]
) -> Cotangents:
    (cotangent,) = cotangents
    return (None if cotangent is None else derivative(cotangent),)
