"""Writing through indices: scatter, index_add, put and their kin, copying or in place.

Every function here has a twin ``..._write`` that checks the arguments and returns the write,
which the methods that end in an underscore then do to the tensor itself. Values for one element
arrive in logical order, so that the last one stays where they do not combine.
"""

from __future__ import annotations

from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import values_of
from gnomon.dtypes import Scalar, int64
from gnomon.errors import explain
from gnomon.graph.nodes import recording
from gnomon.layout import Layout, normalize_dim
from gnomon.op.along import integers
from gnomon.op.copying import to_dtype
from gnomon.op.in_place import replace, snapshot
from gnomon.op.index_arguments import (
    check_index_dtype,
    check_same_device,
    check_same_dtype,
    number_for,
)
from gnomon.op.indexing import IndexPlan, Write
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import check_apart
from gnomon.op.scatter_records import ADD_TO, REPLACE, Combination
from gnomon.op.view import View, reshaped
from gnomon.ops.arithmetic import mul
from gnomon.ops.indexing import along_dim, exactly, of_flattened, slices_of_dim

__all__ = ["index_add", "index_copy", "index_fill", "put", "scatter_add"]

T = TypeVar("T", bound=TensorCore)


def combined(
    operation: str, result: T, out: T | None, input: T, *sources: TensorCore | Scalar
) -> T:
    """Return ``result``, or ``out`` with it, which may be ``input`` but none of ``sources``."""
    if out is None:
        return result
    check_apart(operation, out, sources)
    return exactly(operation, result, out, input)


def _leading(layout: Layout, shape: tuple[int, ...]) -> Layout:
    return Layout(shape, layout.strides[: len(shape)], layout.offset)


leading_part = View(name="slice", layout=_leading)


def scatter_write(
    operation: str,
    input: TensorCore,
    dim: int,
    index: TensorCore,
    src: TensorCore | Scalar,
    combination: Combination,
    label: str,
) -> Write:
    """Return the write of ``src``, at every place of ``index``, to ``input`` there but for
    ``dim``.
    """
    plan, indices = along_dim(operation, input, dim, index)
    if not isinstance(src, TensorCore):
        source: TensorCore | Scalar = number_for(operation, src, input.operand.dtype)
    elif not plan.indexed:  # an empty index may be of any shape
        source = 0
    else:
        source = source_part(operation, input, index, src)
    return Write(
        plan=plan, indices=indices, source=source, combination=combination, label=label
    )


def source_part(operation: str, input: TensorCore, index: TensorCore, src: T) -> T:
    """Return the part of ``src`` that ``index`` has places for.

    Raises RuntimeError when ``src`` is smaller than ``index`` or of another dtype than
    ``input``.
    """
    check_same_dtype(operation, input, src)
    check_same_device(operation, input, src)
    shape, wanted = src.operand.layout.shape, index.operand.layout.shape
    if len(shape or (1,)) != len(wanted or (1,)) or any(
        size > limit for size, limit in zip(wanted, shape, strict=False)
    ):
        raise RuntimeError(
            explain(
                operation,
                f"Expected index {list(wanted)} to be no larger size than src {list(shape)}",
                src,
                index,
                remedy="Narrow the index, or give a value for every place of it",
            )
        )
    if shape == wanted:
        return src
    return leading_part(src, wanted) if shape else reshaped(src, wanted)


@numpy_names
def scatter_add(input: T, dim: int, index: T, src: T, *, out: T | None = None) -> T:
    """Return ``input`` with every element of ``src`` added where ``index`` says along ``dim``.

    ``out[index[i][j]][j] += src[i][j]`` for ``dim`` 0 of two; ``src`` may be larger than
    ``index``. Raises RuntimeError for an index below 0 or past the end, and for dtypes or
    shapes that do not fit.

    >>> import gnomon as torch
    >>> index = torch.tensor([0, 2, 0])
    >>> torch.scatter_add(torch.zeros(3), 0, index, torch.tensor([1.0, 2.0, 3.0]))
    tensor([4., 0., 2.])
    """
    result = scatter_add_write(input, dim, index, src).onto_copy_of(input)
    return combined("scatter_add", result, out, input, index, src)


def scatter_add_write(input: TensorCore, dim: int, index: TensorCore, src: TensorCore) -> Write:
    """Return the write of ``scatter_add``."""
    return scatter_write("scatter_add", input, dim, index, src, ADD_TO, "ScatterAddBackward0")


@numpy_names
def index_add(
    input: T, dim: int, index: T, source: T, *, alpha: Scalar = 1, out: T | None = None
) -> T:
    """Return ``input`` with the slices of ``alpha * source`` added to those ``index`` names.

    ``source`` has ``input``'s dtype, and its shape but for ``dim``, where it has an element per
    index. Raises RuntimeError otherwise, and for an index below 0 or past the end.

    >>> import gnomon as torch
    >>> rows = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> torch.index_add(torch.zeros(2, 2), 0, torch.tensor([1, 1]), rows, alpha=10)
    tensor([[ 0.,  0.],
            [40., 60.]])
    """
    result = index_add_write(input, dim, index, source, alpha).onto_copy_of(input)
    return combined("index_add", result, out, input, index, source)


def index_add_write(
    input: TensorCore, dim: int, index: TensorCore, source: TensorCore, alpha: Scalar = 1
) -> Write:
    """Return the write of ``index_add``."""
    check_index_dtype("index_add", index)
    plan, indices = slices_of_dim("index_add", input, dim, index, out_of_range=RuntimeError)
    source = slices_to_write("index_add", plan, input, source, RuntimeError)
    factor = number_for("index_add", alpha, input.operand.dtype)
    if factor != 1:
        source = mul(source, factor)
    return Write(
        plan=plan,
        indices=indices,
        source=source,
        combination=ADD_TO,
        label="IndexAddBackward0",
    )


def slices_to_write(
    operation: str,
    plan: IndexPlan,
    input: TensorCore,
    source: T,
    wrong_count: type[IndexError | RuntimeError],
) -> T:
    """Return ``source``, which holds a slice per index, in the plan's shape.

    Raises RuntimeError for another dtype or shape, ``wrong_count`` for another number of
    slices.
    """
    check_same_dtype(operation, input, source)
    check_same_device(operation, input, source)
    shape = source.operand.layout.shape or (1,)
    (dim,) = plan.indexed
    if len(shape) != len(plan.shape) or any(
        size != wanted
        for other, (size, wanted) in enumerate(zip(shape, plan.shape, strict=True))
        if other != dim
    ):
        raise RuntimeError(
            explain(
                operation,
                "source tensor shape must match self tensor shape, excluding the specified "
                f"dimension {dim}",
                input,
                source,
                remedy=f"Give a source of shape {list(plan.shape)}",
            )
        )
    if shape[dim] != plan.shape[dim]:
        raise wrong_count(
            explain(
                operation,
                f"{operation}(): Number of indices ({plan.shape[dim]}) should be equal to "
                f"source.size(dim) ({shape[dim]}), for dim {dim}",
                source,
                remedy="Give a slice per index",
            )
        )
    return reshaped(source, plan.shape)


@numpy_names
def index_copy(input: T, dim: int, index: T, source: T, *, out: T | None = None) -> T:
    """Return ``input`` with the slices that the int64 ``index`` names replaced by ``source``'s.

    Where an index stands twice, the last slice stays. Raises IndexError for an index below 0 or
    past the end, and RuntimeError for dtypes or shapes that do not fit.

    >>> import gnomon as torch
    >>> torch.index_copy(torch.zeros(3), 0, torch.tensor([2, 0]), torch.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    result = index_copy_write(input, dim, index, source).onto_copy_of(input)
    return combined("index_copy", result, out, input, index, source)


def index_copy_write(
    input: TensorCore, dim: int, index: TensorCore, source: TensorCore
) -> Write:
    """Return the write of ``index_copy``."""
    check_index_dtype("index_copy", index, (int64,))
    plan, indices = slices_of_dim("index_copy", input, dim, index)
    return Write(
        plan=plan,
        indices=indices,
        source=slices_to_write("index_copy", plan, input, source, IndexError),
        combination=REPLACE,
        label="IndexCopyBackward0",
    )


@numpy_names
def index_fill(input: T, dim: int, index: T, value: T | Scalar) -> T:
    """Return ``input`` with ``value`` in the slices along ``dim`` that the int64 ``index``
    names.

    ``value`` is a number or a 0-d tensor; negative indices count from the end. Raises
    IndexError for an index out of range or of another dtype.

    >>> import gnomon as torch
    >>> torch.index_fill(torch.zeros(2, 3), 1, torch.tensor([0, -1]), 7)
    tensor([[7., 0., 7.],
            [7., 0., 7.]])
    """
    return index_fill_write(input, dim, index, value).onto_copy_of(input, keep_order=True)


def index_fill_write(
    input: TensorCore, dim: int, index: TensorCore, value: TensorCore | Scalar
) -> Write:
    """Return the write of ``index_fill``."""
    check_index_dtype("index_fill", index, (int64,), IndexError)
    if isinstance(value, TensorCore) and recording(value):
        index = _distinct(index, input, dim)
    plan, indices = slices_of_dim(
        "index_fill", input, dim, index, negative=True, not_a_vector=RuntimeError
    )
    return Write(
        plan=plan,
        indices=indices,
        source=one_value("index_fill", input, value),
        combination=REPLACE,
        label=f"IndexFillBackward{int(isinstance(value, TensorCore))}",
    )


def _distinct(index: T, input: TensorCore, dim: int) -> T:
    """Return ``index`` with each slice named once, so that its gradient arrives once."""
    shape = input.operand.layout.shape or (1,)
    size = shape[normalize_dim(dim, len(shape), "index_fill")]
    names = [int(value) for value in values_of(index.operand)]
    slices = list(dict.fromkeys(name + size if -size <= name < 0 else name for name in names))
    return index if len(slices) == len(names) else integers(index, slices, (len(slices),))


def one_value(operation: str, input: TensorCore, value: T | Scalar) -> T | Scalar:
    """Return the number or 0-d tensor ``value`` in the dtype of ``input``."""
    if not isinstance(value, TensorCore):
        return number_for(operation, value, input.operand.dtype)
    if value.operand.layout.shape:
        raise RuntimeError(
            explain(
                operation,
                f"{operation} only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.operand.layout.ndim} dimension(s)",
                value,
                remedy="Give a number, or use where",
            )
        )
    check_same_device(operation, input, value)
    return to_dtype(value, input.operand.dtype)


@numpy_names
def put(input: T, index: T, source: T, accumulate: bool = False) -> T:
    """Return ``input`` with the elements of ``source`` at the int64 ``index`` into it as 1-d.

    ``source`` has as many elements as ``index`` and ``input``'s dtype; with ``accumulate`` they
    are added. Negative indices count from the end, and where one stands twice the last element
    stays. Raises IndexError out of range and RuntimeError for dtypes that do not fit.

    >>> import gnomon as torch
    >>> torch.put(torch.zeros(2, 2), torch.tensor([0, -1]), torch.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    return put_write(input, index, source, accumulate).onto_copy_of(input)


def put_in_place(input: T, index: T, source: T, accumulate: bool = False) -> T:
    """Do ``put`` to ``input`` itself."""
    if input.operand.layout.is_contiguous:
        return put_write(input, index, source, accumulate).into(input)
    return replace(input, "put_", put(snapshot(input), index, source, accumulate))


def put_write(
    input: TensorCore, index: TensorCore, source: TensorCore, accumulate: bool
) -> Write:
    """Return the write of ``put``, for a contiguous target."""
    plan, indices = of_flattened("put", input, index)
    check_same_dtype("put", input, source)
    check_same_device("put", input, source)
    if source.operand.layout.numel != index.operand.layout.numel:
        raise IndexError(
            explain(
                "put",
                "put_(): Expected source and index to have the same number of elements",
                source,
                index,
            )
        )
    return Write(
        plan=plan,
        indices=indices,
        source=reshaped(source, plan.shape),
        combination=ADD_TO if accumulate else REPLACE,
        label="PutBackward0",
    )
