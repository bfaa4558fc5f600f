"""Scatter in all its forms: replacing, adding, multiplying, averaging, keeping extremes.

Several values that arrive at one element combine; with ``include_self`` what is there takes
part, otherwise only elements at which nothing arrives keep it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf
from typing import Literal, NamedTuple, TypeAlias, TypeVar, final

from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import filled
from gnomon.dtypes import DType, Kind, Scalar, bool_, iinfo
from gnomon.errors import explain, warn
from gnomon.graph.modes import no_grad
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.graph.saved import SavedTensor
from gnomon.op.copying import clone, to_dtype
from gnomon.op.in_place import replace, snapshot
from gnomon.op.index_arguments import check_index_dtype
from gnomon.op.indexing import (
    IndexPlan,
    Indices,
    Write,
    present,
    read_through_indices,
    zeroed,
)
from gnomon.op.numpy_names import numpy_names
from gnomon.op.scatter_records import (
    ADD_TO,
    KEEP_LARGER,
    KEEP_SMALLER,
    MULTIPLY_BY,
    REPLACE,
    Combination,
)
from gnomon.ops.arithmetic import div, floor_divide, mul
from gnomon.ops.comparison import eq, where
from gnomon.ops.indexing import along_dim, slices_of_dim
from gnomon.ops.logic import logical_and
from gnomon.ops.scattering import combined, scatter_write, slices_to_write, source_part

__all__ = ["index_reduce", "scatter", "scatter_reduce"]

T = TypeVar("T", bound=TensorCore)
Reduce: TypeAlias = Literal["sum", "prod", "mean", "amax", "amin"]

_COMBINATIONS: dict[str, Combination] = {
    "sum": ADD_TO,
    "mean": ADD_TO,
    "prod": MULTIPLY_BY,
    "amax": KEEP_LARGER,
    "amin": KEEP_SMALLER,
}


@numpy_names
def scatter(
    input: T,
    dim: int,
    index: T,
    src: T | Scalar | None = None,
    *,
    value: Scalar | None = None,
    reduce: Literal["add", "multiply"] | None = None,
    out: T | None = None,
) -> T:
    """Return ``input`` with ``src``, a tensor or a number, where ``index`` says along ``dim``.

    ``out[index[i][j]][j] = src[i][j]`` for ``dim`` 0 of two; where a place is named twice the
    last element stays, unless ``reduce`` is ``"add"`` or ``"multiply"``, which combine with
    what is there. Raises RuntimeError for an index below 0 or past the end, and for dtypes or
    shapes that do not fit.

    >>> import gnomon as torch
    >>> torch.scatter(torch.zeros(2, 3), 1, torch.tensor([[2], [0]]), 5.0)
    tensor([[0., 0., 5.],
            [5., 0., 0.]])
    """
    written = _number_or_tensor(src, value)
    if reduce is not None:
        result = _scatter_combining(input, dim, index, written, reduce)
    else:
        result = scatter_replacing_write(input, dim, index, written).onto_copy_of(input)
    return combined("scatter", result, out, input, index, written)


def scatter_in_place(
    input: T,
    dim: int,
    index: T,
    src: T | Scalar | None = None,
    *,
    value: Scalar | None = None,
    reduce: Literal["add", "multiply"] | None = None,
) -> T:
    """Do ``scatter`` to ``input`` itself."""
    written = _number_or_tensor(src, value)
    if reduce is None:
        return scatter_replacing_write(input, dim, index, written).into(input)
    combined = _scatter_combining(snapshot(input), dim, index, written, reduce)
    return replace(input, "scatter_", combined)


def scatter_replacing_write(
    input: TensorCore, dim: int, index: TensorCore, src: TensorCore | Scalar
) -> Write:
    """Return the write of ``scatter`` without ``reduce``."""
    label = "ScatterBackward0" if isinstance(src, TensorCore) else "ScatterBackward1"
    return scatter_write("scatter", input, dim, index, src, REPLACE, label)


def _number_or_tensor(src: T | Scalar | None, value: Scalar | None) -> T | Scalar:
    written = value if src is None else src
    if written is None or (src is not None and value is not None):
        raise TypeError(
            explain("scatter", "takes one of src and value", remedy="Give a tensor or a number")
        )
    return written


def _scatter_combining(input: T, dim: int, index: T, src: T | Scalar, reduce: str) -> T:
    if reduce not in ("add", "multiply"):
        raise RuntimeError(
            explain(
                "scatter",
                f"reduce argument must be either add or multiply, got {reduce!r}",
                remedy="Use scatter_reduce for the others",
            )
        )
    if isinstance(src, TensorCore):
        warn(
            "scatter: the reduce argument with a tensor src is deprecated. Use "
            "scatter_reduce(..., reduce='sum' or 'prod') instead.",
        )
    kind = "sum" if reduce == "add" else "prod"
    plan, indices = along_dim("scatter", input, dim, index)
    if isinstance(src, TensorCore):
        source = source_part("scatter", input, index, src) if plan.indexed else src
    else:
        write = scatter_replacing_write(input, dim, index, src)
        assert not isinstance(write.source, TensorCore)
        source = input.like(
            filled(input.operand.storage.backend, (), input.operand.dtype, write.source)
        )
    return _reduced(plan, indices, input, source, kind, True, "ScatterReduceBackward0")


@numpy_names
def scatter_reduce(
    input: T,
    dim: int,
    index: T,
    src: T,
    reduce: Reduce,
    *,
    include_self: bool = True,
    out: T | None = None,
) -> T:
    """Return ``input`` with the elements of ``src`` reduced to where ``index`` says along
    ``dim``.

    ``reduce`` is sum, prod, mean, amax or amin, of what arrives at an element and, with
    ``include_self``, of what is there. The mean of integers is rounded down. Raises
    RuntimeError for an index below 0 or past the end, and for dtypes or shapes that do not fit.

    >>> import gnomon as torch
    >>> x, index = torch.tensor([10.0, 20.0]), torch.tensor([0, 0])
    >>> torch.scatter_reduce(x, 0, index, torch.tensor([1.0, 4.0]), "mean", include_self=False)
    tensor([ 2.5000, 20.0000])
    """
    _check_reduce("scatter_reduce", reduce, ("sum", "prod", "mean", "amax", "amin"))
    plan, indices = along_dim("scatter_reduce", input, dim, index)
    source = source_part("scatter_reduce", input, index, src) if plan.indexed else src
    label = "ScatterReduceBackward0"
    result = _reduced(plan, indices, input, source, reduce, include_self, label)
    return combined("scatter_reduce", result, out, input, index, src)


@numpy_names
def index_reduce(
    input: T,
    dim: int,
    index: T,
    source: T,
    reduce: Literal["prod", "mean", "amax", "amin"],
    *,
    include_self: bool = True,
    out: T | None = None,
) -> T:
    """Return ``input`` with the slices of ``source`` reduced to those that ``index`` names.

    As ``scatter_reduce`` with whole slices of ``dim``; the sum is ``index_add``. Raises
    IndexError for an index below 0 or past the end, and RuntimeError for dtypes or shapes that
    do not fit.

    >>> import gnomon as torch
    >>> x, index = torch.ones(3), torch.tensor([0, 0, 2])
    >>> torch.index_reduce(x, 0, index, torch.tensor([2.0, 3.0, 4.0]), "prod")
    tensor([6., 1., 4.])
    """
    _check_reduce("index_reduce", reduce, ("prod", "mean", "amax", "amin"))
    check_index_dtype("index_reduce", index)
    plan, indices = slices_of_dim("index_reduce", input, dim, index)
    source = slices_to_write("index_reduce", plan, input, source, IndexError)
    label = "IndexReduceBackward0"
    result = _reduced(plan, indices, input, source, reduce, include_self, label)
    return combined("index_reduce", result, out, input, index, source)


def _check_reduce(operation: str, reduce: str, allowed: Sequence[str]) -> None:
    if reduce not in allowed:
        raise RuntimeError(
            explain(
                operation,
                f"reduce argument must be one of {', '.join(allowed)}, got {reduce}",
                remedy="Name one of these",
            )
        )


def _reduced(
    plan: IndexPlan,
    indices: tuple[T, ...],
    input: T,
    source: T,
    reduce: str,
    include_self: bool,
    label: str,
) -> T:
    if not plan.indexed:
        return clone(input)
    with no_grad():
        result = _reduced_values(plan, indices, input, source, reduce, include_self)
    if recording(input, source):
        node = OperationNode(
            label,
            (input, source),
            (result,),
            [
                SavedTensor(input),
                SavedTensor(source),
                *[SavedTensor(index) for index in indices],
                SavedTensor(result, output_index=0),
            ],
            partial(_back, plan, reduce, include_self),
        )
        set_history(result, node)
    return result


def _reduced_values(
    plan: IndexPlan, indices: Indices, input: T, source: T, reduce: str, include_self: bool
) -> T:
    start = input
    if not include_self:
        identity = _identity(reduce, input.operand.dtype)
        start = _write(plan, indices, identity, REPLACE).onto_copy_of(input)
    result = _write(plan, indices, source, _COMBINATIONS[reduce]).onto_copy_of(start)
    if reduce != "mean":
        return result
    counts = _counts(plan, indices, input, include_self)
    if input.operand.dtype.kind >= Kind.FLOAT:
        return div(result, counts)
    return floor_divide(result, counts)


def _write(
    plan: IndexPlan, indices: Indices, source: TensorCore | Scalar, how: Combination
) -> Write:
    return Write(
        plan=plan, indices=indices, source=source, combination=how, label="IndexPutBackward0"
    )


def _identity(reduce: str, dtype: DType) -> Scalar:
    """Return what changes nothing when it is reduced with something."""
    if reduce == "prod":
        return 1
    if reduce in ("sum", "mean"):
        return 0
    if dtype is bool_:
        return reduce == "amin"
    if dtype.kind >= Kind.FLOAT:
        return -inf if reduce == "amax" else inf
    return iinfo(dtype).min if reduce == "amax" else iinfo(dtype).max


def _counts(plan: IndexPlan, indices: Indices, input: T, include_self: bool) -> T:
    """Return how many values each element of the mean is of; 1 where nothing arrives."""
    ones = _full_like(input, 1)
    start = ones if include_self else zeroed(ones, plan, indices)
    return _write(plan, indices, 1, ADD_TO).onto_copy_of(start)


def _full_like(input: T, value: Scalar) -> T:
    storage, layout, dtype = input.operand
    return input.like(filled(storage.backend, layout.shape, dtype, value))


def _back(
    plan: IndexPlan,
    reduce: str,
    include_self: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return None, None
    input, source, *rest, result = present(saved)
    places = _Places(plan, tuple(rest), include_self)
    if reduce == "prod":
        return _back_through_product(cotangent, input, source, result, places)
    if reduce in ("amax", "amin"):
        return _back_through_extreme(cotangent, input, source, result, places)
    if reduce == "mean":
        cotangent = div(cotangent, _counts(plan, places.indices, input, include_self))
    return places.outside(cotangent), places.read(cotangent)


@final
class _Places(NamedTuple):
    """Where values arrive, and whether what is there takes part."""

    plan: IndexPlan
    indices: Indices
    include_self: bool

    def read(self, input: T) -> T:
        return read_through_indices(input, self.plan, self.indices, "IndexBackward0")

    def collect(self, start: T, values: TensorCore) -> T:
        return _write(self.plan, self.indices, values, ADD_TO).onto_copy_of(start)

    def outside(self, input: T) -> T:
        """Return ``input``, but 0 where values arrive if what is there takes no part."""
        return input if self.include_self else zeroed(input, self.plan, self.indices)

    def product(self, input: TensorCore, source: TensorCore) -> TensorCore:
        label = "ScatterReduceBackward0"
        return _reduced(
            self.plan, self.indices, input, source, "prod", self.include_self, label
        )


def _back_through_product(
    cotangent: TensorCore,
    input: TensorCore,
    source: TensorCore,
    result: TensorCore,
    places: _Places,
) -> Cotangents:
    """Divide the product by each factor; a factor that is the only 0 is left out instead.

    Where two of the values that arrive at an element are 0, their cotangents are 0; second
    derivatives there are not those of the product.
    """
    is_zero = eq(input, 0)
    nonzero = where(is_zero, 1, input)
    of_input = div(mul(cotangent, places.product(nonzero, source)), nonzero)
    arrives_zero = eq(source, 0)
    zeros = places.collect(_full_like(input, 0), to_dtype(arrives_zero, input.operand.dtype))
    only_zero = logical_and(arrives_zero, eq(places.read(zeros), 1))
    without = places.product(input, where(only_zero, 1, source))
    of_source = where(
        only_zero,
        places.read(mul(cotangent, without)),
        div(places.read(mul(cotangent, result)), where(arrives_zero, 1, source)),
    )
    return places.outside(of_input), of_source


def _back_through_extreme(
    cotangent: TensorCore,
    input: TensorCore,
    source: TensorCore,
    result: TensorCore,
    places: _Places,
) -> Cotangents:
    """Share the cotangent equally among all values that equal the extreme."""
    dtype = input.operand.dtype
    input_is_result = places.outside(to_dtype(eq(input, result), dtype))
    source_is_result = to_dtype(eq(source, places.read(result)), dtype)
    share = div(cotangent, places.collect(input_is_result, source_is_result))
    return mul(share, input_is_result), mul(places.read(share), source_is_result)
