"""Scans: operations that make a running result along one dim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar, final

from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, converted
from gnomon.dtypes import DType, Kind, Scalar
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.graph.saved import SavedTensor
from gnomon.layout import Layout, normalize_dim
from gnomon.op.derivative import NOT_SAVED, node_label, saved_parameters
from gnomon.op.record import NumericRecord, describes_itself

T = TypeVar("T", bound=TensorCore)

#: From the elements along the dim to as many running results.
Running: TypeAlias = Callable[[Sequence[Scalar]], Iterable[Scalar]]
#: ``(cotangent, input, output, dim) -> cotangent of the input``; what is saved is said as for
#: elementwise records, by names without a leading underscore.
ScanDerivative: TypeAlias = Callable[[TensorCore, TensorCore, TensorCore, int], TensorCore]


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Scan(NumericRecord):
    """An operation that folds each element into what came before it, such as ``cumsum``.

    >>> import gnomon as torch
    >>> from gnomon.ops.scans import CUMSUM
    >>> CUMSUM(torch.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """

    running: Running
    vjp: ScanDerivative | None = None

    def __call__(self, input: T, dim: int, *, dtype: DType | None = None) -> T:
        """Return the running results along ``dim``; ``dtype`` is what to convert to first."""
        operand = input.operand
        dim = normalize_dim(dim, len(operand.layout.shape), self.name)
        compute, result_dtype = self.dtype(self.name, dtype or operand.dtype)
        result_dtype = dtype or result_dtype
        if operand.dtype is not compute:
            operand = converted(operand, compute)
        backend = operand.storage.backend
        output = allocate(backend, Layout.contiguous(operand.layout.shape), result_dtype)
        source, target = operand, output
        if not operand.layout.shape:
            source = operand.under(operand.layout.unsqueeze(0))
            target = output.under(output.layout.unsqueeze(0))
        backend.scan(self, source, dim, target)
        result = input.like(output)
        if self.vjp is not None and result_dtype.kind >= Kind.FLOAT and recording(input):
            self._record(self.vjp, input, result, dim)
        return result

    def differentiable(self) -> tuple[str, ...]:
        return () if self.vjp is None else ("input",)

    def meaning_on(self, dtype: DType) -> Running:
        """Return the running meaning for elements of ``dtype``."""
        return self.running

    def _record(
        self, vjp: ScanDerivative, input: TensorCore, result: TensorCore, dim: int
    ) -> None:
        saves_input, saves_output, *_ = saved_parameters(vjp)
        node = OperationNode(
            node_label(self.name),
            (input,),
            (result,),
            (
                SavedTensor(input) if saves_input else None,
                SavedTensor(result, output_index=0) if saves_output else None,
            ),
            partial(_cotangent, vjp, dim),
        )
        set_history(result, node)


def _cotangent(
    vjp: ScanDerivative,
    dim: int,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return (None,)
    input, output = saved
    return (
        vjp(
            cotangent,
            NOT_SAVED if input is None else input,
            NOT_SAVED if output is None else output,
            dim,
        ),
    )
