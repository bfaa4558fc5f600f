"""Composites: functions over records that a backend may run as one kernel.

The decomposition is the meaning, and conformance compares every kernel with it. A composite
without a derivative of its own is differentiated through its decomposition; one with a kernel
or a node of its own records itself with :func:`record_composite`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Signature
from typing import Generic, TypeAlias, TypeVar, final

from gnomon.backend import Backend
from gnomon.core import Cotangents, TensorCore
from gnomon.dtypes import Kind
from gnomon.graph.modes import modes
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.graph.saved import SavedTensor
from gnomon.op.claims import Tolerance
from gnomon.op.record import Record, describes_itself, without_annotations

Meaning = TypeVar("Meaning")
Kernel = TypeVar("Kernel")

#: ``(cotangents of the outputs, saved tensors, which inputs need one) -> cotangents of the
#: inputs``
CompositeDerivative: TypeAlias = Callable[
    [Cotangents, Sequence[TensorCore | None], Sequence[bool]], Cotangents
]


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Composite(Record, Generic[Meaning, Kernel]):
    """A function over records, and the type of the kernel a backend may offer for it.

    A kernel takes the operands of the inputs, then the parameters, then the operands it writes.

    >>> from gnomon.composite.softmax import softmax_of
    >>> print(softmax_of.definition)
    exp(input) / sum(exp(input)) along a dim, without overflow
    """

    decompose: Meaning
    tolerance: Tolerance
    #: The names of the inputs that a gradient flows to.
    gradients: tuple[str, ...] = ()

    def signature(self) -> Signature:
        assert callable(self.decompose)
        return without_annotations(self.decompose)

    def accuracy(self) -> str:
        return str(self.tolerance)

    def differentiable(self) -> tuple[str, ...]:
        return self.gradients

    def kernel_on(self, backend: Backend) -> Kernel | None:
        """Return the kernel ``backend`` offers for this composite, or None."""
        return backend.kernels.find(self)

    def kernel_outside_graph(
        self, first: TensorCore, *others: TensorCore | None
    ) -> Kernel | None:
        """Return the kernel the backend of ``first`` offers; None also where a gradient flows
        to any of these inputs, because the operations of the decomposition record themselves.
        """
        if recording(first, *others):
            return None
        return self.kernel_on(first.operand.storage.backend)


def record_composite(
    label: str,
    inputs: Sequence[TensorCore | None],
    outputs: Sequence[TensorCore],
    saved: Sequence[TensorCore | None],
    derivative: CompositeDerivative,
) -> None:
    """Make ``outputs`` those of one node called ``label``, if a gradient can flow to an input.

    Outputs of integer dtype, such as indices, stay outside the graph. A tensor of ``saved``
    that is one of the outputs is kept without making a cycle.
    """
    if not recording(*inputs):
        return
    needs = [tensor is not None and tensor.tracked for tensor in inputs]
    saves = [None if tensor is None else _saved(tensor, outputs) for tensor in saved]
    node = OperationNode(
        label, inputs, outputs, saves, partial(_differentiate, derivative, needs)
    )
    for index, output in enumerate(outputs):
        if output.operand.dtype.kind >= Kind.FLOAT:
            set_history(output, node, index)


def _saved(tensor: TensorCore, outputs: Sequence[TensorCore]) -> SavedTensor:
    index = next((index for index, output in enumerate(outputs) if output is tensor), None)
    return SavedTensor(tensor, output_index=index)


def _differentiate(
    derivative: CompositeDerivative,
    needs: Sequence[bool],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    running = modes.backward_pass
    if running is not None and running.inputs is not None:
        needs = [need and running.asks_for(place) for place, need in enumerate(needs)]
    if all(cotangent is None for cotangent in cotangents):
        return [None] * len(needs)
    return derivative(cotangents, saved, needs)
