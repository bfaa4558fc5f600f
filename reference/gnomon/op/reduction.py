"""Reductions: operations that make one element of many, over any dims."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from operator import index
from typing import NamedTuple, SupportsIndex, TypeAlias, TypeVar, final

from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, converted
from gnomon.dtypes import DType, Kind, Scalar
from gnomon.errors import explain
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.graph.saved import SavedTensor
from gnomon.layout import Layout, normalize_dims
from gnomon.op.claims import REALS, SumOfTerms
from gnomon.op.derivative import NOT_SAVED, node_label, saved_parameters
from gnomon.op.record import NumericRecord, describes_itself
from gnomon.op.rules import integers_to_int64
from gnomon.op.view import View, view_as

T = TypeVar("T", bound=TensorCore)
#: The dims of a call: one, several, or None for all.
Dims: TypeAlias = SupportsIndex | Sequence[SupportsIndex] | None


class Extent(NamedTuple):
    """Along which dims a reduction went, and how many elements made one result."""

    dims: tuple[int, ...]
    terms: int


Fold: TypeAlias = Callable[[Sequence[Scalar], Sequence[Scalar]], Scalar]
#: ``(cotangent, input, output, extent, parameters) -> cotangent of the input``. Cotangent and
#: output keep the reduced dims with size 1, so that they broadcast against the input; what is
#: returned may too. Parameters whose names begin with an underscore are not saved, as for
#: elementwise records.
ReductionDerivative: TypeAlias = Callable[
    [TensorCore, TensorCore, TensorCore, Extent, tuple[Scalar, ...]], TensorCore | None
]


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Reduction(NumericRecord):
    """An operation that folds the elements along some dims, such as ``sum``.

    >>> import gnomon as torch
    >>> sum_of(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, keepdim=True)
    tensor([[3.],
            [7.]])
    """

    #: The meaning on the list of elements and the launch's parameters.
    fold: Fold
    #: The meaning on integers and bools, where it is not ``fold``.
    integer_fold: Fold | None = None
    vjp: ReductionDerivative | None = None
    #: Whether an empty list of elements has a result.
    has_identity: bool = True
    #: The parameters that conformance launches it with, one tuple a launch.
    samples: tuple[tuple[Scalar, ...], ...] = ((),)
    #: The node's name where PyTorch's is not made of the operation's, and that with dims given.
    node_name: str = ""
    dims_node_name: str = ""

    def __call__(
        self,
        input: T,
        dim: Dims = None,
        keepdim: bool = False,
        *,
        parameters: tuple[Scalar, ...] = (),
        dtype: DType | None = None,
    ) -> T:
        """Fold ``input`` along ``dim`` (None or empty: all dims)."""
        dims = reduced_dims(self.name, dim, len(input.operand.layout.shape))
        label = self.node_name if dim is None else self.dims_node_name or self.node_name
        return self.over(input, dims, keepdim, parameters, dtype=dtype, label=label)

    def differentiable(self) -> tuple[str, ...]:
        return () if self.vjp is None else ("input",)

    def meaning_on(self, dtype: DType) -> Fold:
        """Return the fold for elements of ``dtype``."""
        if dtype.kind < Kind.FLOAT and self.integer_fold is not None:
            return self.integer_fold
        return self.fold

    def over(
        self,
        input: T,
        dims: tuple[int, ...],
        keepdim: bool,
        parameters: tuple[Scalar, ...] = (),
        *,
        dtype: DType | None = None,
        label: str = "",
    ) -> T:
        """Fold ``input`` along exactly ``dims``, which are non-negative and ascending.

        ``dtype`` is what to convert to before folding, and the result's dtype.
        """
        operand = input.operand
        shape = operand.layout.shape
        compute, result_dtype = self.dtype(self.name, dtype or operand.dtype)
        result_dtype = dtype or result_dtype
        if not self.has_identity:
            self._check_not_empty(input, dims)
        if operand.dtype is not compute:
            operand = converted(operand, compute)
        kept = tuple([1 if index in dims else size for index, size in enumerate(shape)])
        output = allocate(operand.storage.backend, Layout.contiguous(kept), result_dtype)
        operand.storage.backend.reduce(self, operand, dims, parameters, output)
        if not keepdim:
            final_shape = tuple([size for index, size in enumerate(shape) if index not in dims])
            output = output.under(Layout.contiguous(final_shape))
        result = input.like(output)
        if self.vjp is not None and result_dtype.kind >= Kind.FLOAT and recording(input):
            self._record(input, result, dims, parameters, kept, label)
        return result

    def _check_not_empty(self, input: TensorCore, dims: tuple[int, ...]) -> None:
        shape = input.operand.layout.shape
        if all(shape[dim] for dim in dims):
            return
        raise IndexError(
            explain(
                self.name,
                f"Expected reduction dims {dims} to have non-zero size, {self.name} of no "
                "elements has no value",
                input,
                remedy="Reduce over dims of non-zero size",
            )
        )

    def _record(
        self,
        input: TensorCore,
        result: TensorCore,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        kept: tuple[int, ...],
        label: str,
    ) -> None:
        assert self.vjp is not None
        shape = input.operand.layout.shape
        extent = Extent(dims, prod([shape[dim] for dim in dims]))
        saves_input, saves_output, *_ = saved_parameters(self.vjp)
        node = OperationNode(
            label or self.node_name or node_label(self.name),
            (input,),
            (result,),
            (
                SavedTensor(input) if saves_input else None,
                SavedTensor(result, output_index=0) if saves_output else None,
            ),
            partial(_cotangent, self.vjp, extent, parameters, kept, shape),
        )
        set_history(result, node)


def _cotangent(
    vjp: ReductionDerivative,
    extent: Extent,
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
        extent,
        parameters,
    )
    if result is not None and result.operand.layout.shape != shape:
        result = expand_to(result, shape)
    return (result,)


def reduced_dims(operation: str, dim: Dims, ndim: int) -> tuple[int, ...]:
    """Return the dims to reduce, non-negative and ascending; None and the empty sequence mean
    all.

    Raises IndexError for a dim out of range and RuntimeError for one given twice.
    """
    if dim is None:
        return tuple(range(ndim))
    dims = _listed(dim)
    if not dims:
        return tuple(range(ndim))
    normalized = normalize_dims(dims, ndim, operation)
    return tuple(sorted(normalized)) if ndim else ()


def _listed(dim: SupportsIndex | Iterable[SupportsIndex]) -> list[int]:
    # Plain types come first: it takes microseconds to find out whether there is a method.
    if isinstance(dim, int):
        return [index(dim)]
    if isinstance(dim, tuple | list) or not isinstance(dim, SupportsIndex):
        return [index(each) for each in dim]
    return [index(dim)]


# Sum and expand stand here together because each is the other's derivative.


def exact_sum(elements: Sequence[Scalar]) -> Scalar:
    """Return the exact sum rounded once to float64, inf or nan where float64 sums give it.

    >>> exact_sum([1e16, 1.0, -1e16]), exact_sum([math.inf, -math.inf])
    (1.0, nan)
    """
    try:
        return math.fsum(elements)
    except (OverflowError, ValueError):  # past float64, or infinities of both signs
        return sum(elements)


sum_of: Reduction = Reduction(
    name="sum",
    definition="the sum of the elements",
    special_cases=(
        "0 for no elements; the exact sum is rounded once; integers wrap in two's complement"
    ),
    dtype=integers_to_int64,
    fold=lambda elements, _: exact_sum(elements),
    integer_fold=lambda elements, _: sum(elements),
    vjp=lambda g, _x, _y, _extent, _: g,
    tolerance=SumOfTerms(),
    domain=REALS,
    dims_node_name="SumBackward1",
)


def sum_to(input: T, shape: tuple[int, ...]) -> T:
    """Return ``input`` summed down to ``shape``, from which it was broadcast."""
    given = input.operand.layout.shape
    if given == shape:
        return input
    added = len(given) - len(shape)
    dims = [
        dim
        for dim, size in enumerate(given)
        if dim < added or (shape[dim - added] == 1 and size != 1)
    ]
    summed = sum_of(input, dims, True) if dims else input
    return view_as(summed, shape)


def _summed_repeats(cotangent: TensorCore, shape: tuple[int, ...]) -> TensorCore:
    return sum_to(cotangent, shape)


expand_to: View[[Sequence[int]]] = View(
    name="expand", layout=Layout.expand, vjp=_summed_repeats
)
