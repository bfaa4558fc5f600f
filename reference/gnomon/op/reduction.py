"""Reductions: operations that make one element of many, over any dims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar, final

from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, converted
from gnomon.dtypes import DType, Kind, Scalar
from gnomon.errors import explain
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.graph.saved import SavedTensor
from gnomon.layout import Layout, normalize_dims
from gnomon.op.claims import Domain, Tolerance
from gnomon.op.elementwise import NOT_SAVED, node_label, saved_parameters
from gnomon.op.output import deliver
from gnomon.op.rules import DTypeRule
from gnomon.op.view import View, view_as

T = TypeVar("T", bound=TensorCore)
Dims: TypeAlias = int | Sequence[int] | None

Fold: TypeAlias = Callable[[Sequence[Scalar], Sequence[Scalar]], Scalar]
#: ``(cotangent, input, output, dims, parameters) -> cotangent of the input``. Cotangent and output keep the
#: reduced dims with size 1, so that they broadcast against the input; what is returned may too.
#: Parameters whose names begin with an underscore are not saved, as for elementwise records.
ReductionDerivative: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, tuple[int, ...], tuple[Scalar, ...]], TensorCore
]

expand_to = View(name="expand", layout=Layout.expand)


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reduction:
    """An operation that folds the elements along some dims, such as ``sum``."""

    name: str
    dtype: DTypeRule
    #: The meaning on the list of elements and the launch's parameters.
    fold: Fold
    tolerance: Tolerance
    domain: Domain
    #: The meaning on integers and bools, where it is not ``fold``.
    integer_fold: Fold | None = None
    vjp: ReductionDerivative | None = None
    #: Whether an empty list of elements has a result.
    has_identity: bool = True
    node_name: str = ""

    def __call__(
        self,
        input: T,
        dim: Dims = None,
        keepdim: bool = False,
        *,
        parameters: tuple[Scalar, ...] = (),
        dtype: DType | None = None,
        out: T | None = None,
    ) -> T:
        """Fold ``input`` along ``dim`` (None or empty: all dims)."""
        result = self._reduce(input, dim, keepdim, parameters, dtype)
        return result if out is None else deliver(self.name, result, out, (input,))

    def meaning_on(self, dtype: DType) -> Fold:
        """Return the fold for elements of ``dtype``."""
        if dtype.kind < Kind.FLOAT and self.integer_fold is not None:
            return self.integer_fold
        return self.fold

    def _reduce(
        self,
        input: T,
        dim: Dims,
        keepdim: bool,
        parameters: tuple[Scalar, ...],
        dtype: DType | None,
    ) -> T:
        operand = input.operand
        shape = operand.layout.shape
        dims = reduced_dims(self.name, dim, len(shape))
        compute, result_dtype = self.dtype(self.name, dtype or operand.dtype)
        if not self.has_identity:
            self._check_not_empty(input, dims)
        if operand.dtype is not compute:
            operand = converted(operand, compute)
        kept = tuple([1 if index in dims else size for index, size in enumerate(shape)])
        output = allocate(operand.storage.backend, Layout.contiguous(kept), result_dtype)
        operand.storage.backend.reduce(self, operand, dims, parameters, output)
        if not keepdim:
            final_shape = tuple([size for index, size in enumerate(shape) if index not in dims])
            output = output._replace(layout=Layout.contiguous(final_shape))
        result = input.like(output)
        if self.vjp is not None and result_dtype.kind >= Kind.FLOAT and recording(input):
            self._record(input, result, dims, parameters, kept)
        return result

    def _check_not_empty(self, input: TensorCore, dims: tuple[int, ...]) -> None:
        shape = input.operand.layout.shape
        if any(shape[dim] == 0 for dim in dims):
            raise IndexError(
                explain(
                    self.name,
                    f"dims {dims} hold no elements, and {self.name} of nothing has no value",
                    input,
                    remedy="Reduce over dims of nonzero size",
                )
            )

    def _record(
        self,
        input: TensorCore,
        result: TensorCore,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        kept: tuple[int, ...],
    ) -> None:
        assert self.vjp is not None
        saves_input, saves_output, *_ = saved_parameters(self.vjp)
        node = OperationNode(
            self.node_name or node_label(self.name),
            (input,),
            (result,),
            (
                SavedTensor(input) if saves_input else None,
                SavedTensor(result, output_index=0) if saves_output else None,
            ),
            partial(_cotangent, self.vjp, dims, parameters, kept, input.operand.layout.shape),
        )
        set_history(result, node)


def _cotangent(
    vjp: ReductionDerivative,
    dims: tuple[int, ...],
    parameters: tuple[Scalar, ...],
    kept: tuple[int, ...],
    shape: tuple[int, ...],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return (None,)
    input, output = saved
    result = vjp(
        view_as(cotangent, kept),
        NOT_SAVED if input is None else input,
        NOT_SAVED if output is None else view_as(output, kept),
        dims,
        parameters,
    )
    if result.operand.layout.shape != shape:
        result = expand_to(result, shape)
    return (result,)


def reduced_dims(operation: str, dim: Dims, ndim: int) -> tuple[int, ...]:
    """Return the dims to reduce, non-negative and ascending; None and the empty sequence mean all.

    Raises IndexError for a dim out of range and RuntimeError for one given twice.
    """
    if dim is None:
        return tuple(range(ndim))
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    if not dims:
        return tuple(range(ndim))
    if not ndim:
        normalize_dims(dims, 1, operation)
        return ()
    return tuple(sorted(normalize_dims(dims, ndim, operation)))
