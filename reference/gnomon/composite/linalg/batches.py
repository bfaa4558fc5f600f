"""Batches of matrices as lists of rows and back, and the checks of all linear algebra."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TypeVar

from gnomon.backend import Operand
from gnomon.composite.linalg.elimination import Matrix
from gnomon.core import TensorCore
from gnomon.dispatch import allocate, common_backend, values_of
from gnomon.dtypes import DType, int32
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.ops.comparison import eq
from gnomon.ops.sources import eye
from gnomon.ops.truth import holds
from gnomon.ops.views import TRANSPOSE

T = TypeVar("T", bound=TensorCore)


class LinAlgError(RuntimeError):
    """A matrix has no such factorization: it is singular, not positive, or not finite."""


def check_matrices(operation: str, *tensors: TensorCore) -> None:
    """Raise RuntimeError unless all are batches of float32 or all of float64 matrices."""
    first = tensors[0]
    for tensor in tensors:
        dtype = tensor.operand.dtype
        if tensor.operand.layout.ndim < 2:
            rule = "The input tensor must have at least 2 dimensions"
            remedy = "Unsqueeze it to a matrix"
        elif not dtype.is_floating_point or dtype.itemsize < 4:
            rule = f"Expected float32 or float64 tensors as input. Got {dtype.name}"
            remedy = "Convert with .to(gnomon.float32)"
        elif dtype is not first.operand.dtype:
            rule = f"Expected tensors of the same dtype, got {first.operand.dtype.name} and "
            rule += dtype.name
            remedy = "Convert one with .to(dtype)"
        else:
            continue
        raise RuntimeError(explain(operation, rule, *tensors, remedy=remedy))
    common_backend(operation, tensors)


def floating_only(operation: str, input: TensorCore) -> None:
    """Raise RuntimeError for integers and bool."""
    if not input.operand.dtype.is_floating_point:
        rule = f"Expected a floating point tensor as input. Got {input.operand.dtype.name}"
        raise RuntimeError(explain(operation, rule, input, remedy="Convert it first"))


def check_square(operation: str, input: TensorCore) -> None:
    """Raise RuntimeError unless ``input`` is a batch of square float matrices."""
    check_matrices(operation, input)
    *_, rows, columns = input.operand.layout.shape
    if rows != columns:
        raise RuntimeError(
            explain(
                operation,
                f"A must be batches of square matrices, but they are {rows} by {columns} "
                "matrices",
                input,
            )
        )


def batch_of(input: TensorCore) -> tuple[int, ...]:
    """Return the leading sizes of a batch of matrices."""
    return input.operand.layout.shape[:-2]


def sizes_of(input: TensorCore) -> tuple[int, int]:
    """Return how many rows and columns the matrices have."""
    rows, columns = input.operand.layout.shape[-2:]
    return rows, columns


def matrices_of(input: TensorCore) -> list[Matrix]:
    """Return the matrices of a batch, in logical order, as lists of rows."""
    *batch, rows, columns = input.operand.layout.shape
    values = [float(value) for value in values_of(input.operand)]
    lines = [values[k * columns : (k + 1) * columns] for k in range(prod(batch) * rows)]
    return [lines[k * rows : (k + 1) * rows] for k in range(prod(batch))]


def tensor_of(
    prototype: T, matrices: Sequence[Matrix], shape: tuple[int, ...], by_columns: bool = True
) -> T:
    """Return ``matrices`` as a tensor of ``shape``, on the device and of the dtype of
    ``prototype``.

    ``by_columns``: each matrix is laid out column by column, as LAPACK's results are.
    """
    columns = shape[-1]
    if not by_columns:
        values = [value for matrix in matrices for row in matrix for value in row]
        return prototype.like(_written(prototype, values, Layout.contiguous(shape)))
    values = [row[k] for matrix in matrices for k in range(columns) for row in matrix]
    return prototype.like(_written(prototype, values, by_columns_of(shape)))


def by_columns_of(shape: tuple[int, ...]) -> Layout:
    """Return the layout of matrices each of which lies column by column."""
    *batch, rows, columns = shape
    return Layout.contiguous((*batch, columns, rows)).transpose(-2, -1)


def fresh_matrices(prototype: TensorCore, shape: tuple[int, ...] | None = None) -> Operand:
    """Return a fresh operand on the device, of the dtype, and if None of the shape of
    ``prototype``, each matrix column by column.
    """
    storage, layout, dtype = prototype.operand
    found = by_columns_of(layout.shape if shape is None else shape)
    return allocate(storage.backend, found, dtype)


def fresh_numbers(
    prototype: TensorCore, shape: tuple[int, ...], dtype: DType | None = None
) -> Operand:
    """Return a fresh contiguous operand on the device of ``prototype``."""
    storage, _, own = prototype.operand
    return allocate(storage.backend, Layout.contiguous(shape), dtype or own)


def vectors_of(prototype: T, vectors: Sequence[Sequence[float]], shape: tuple[int, ...]) -> T:
    """Return ``vectors``, or numbers of one vector, as a contiguous tensor of ``shape``."""
    values = [value for vector in vectors for value in vector]
    return prototype.like(_written(prototype, values, Layout.contiguous(shape)))


def identity_like(prototype: T, height: int, width: int) -> T:
    """Return ones on the diagonal of a matrix, on the device and of the dtype of
    ``prototype``.
    """
    storage, _, dtype = prototype.operand
    output = allocate(storage.backend, Layout.contiguous((height, width)), dtype)
    storage.backend.source(eye, (width,), None, output)
    return prototype.like(output)


def integers_of(prototype: T, values: Sequence[int], shape: tuple[int, ...]) -> T:
    """Return ``values`` as a contiguous int32 tensor of ``shape``."""
    return prototype.like(_written(prototype, values, Layout.contiguous(shape), int32))


def _written(
    prototype: TensorCore,
    values: Sequence[float],
    layout: Layout,
    dtype: DType | None = None,
) -> Operand:
    """Return a fresh operand whose storage holds ``values``, one after the other."""
    dtype = dtype or prototype.operand.dtype
    backend = prototype.operand.storage.backend
    output = allocate(backend, layout, dtype)
    if values:
        backend.write(output.storage.memory, 0, memoryview(dtype.pack(values)).cast("B"))
    return output


def singular(operation: str, input: TensorCore, infos: Sequence[int], what: str) -> None:
    """Raise LinAlgError if one of ``infos`` is not 0; ``what`` says what it counts."""
    place = next((k for k, info in enumerate(infos) if info), None)
    if place is None:
        return
    batch = f"(Batch element {place}): " if batch_of(input) else ""
    raise LinAlgError(
        explain(
            operation,
            f"{batch}{what.format(infos[place])}",
            input,
            remedy="Check the input, or use pinv, lstsq or the function whose name ends in _ex",
        )
    )


def check_infos(operation: str, input: TensorCore, infos: TensorCore, what: str) -> None:
    """Raise LinAlgError if one of ``infos``, int32, is not 0, for the first that is not."""
    if not all_zero(infos):
        singular(operation, input, [int(info) for info in values_of(infos.operand)], what)


def all_zero(infos: TensorCore) -> bool:
    """Return whether ``infos`` are 0, which an error depends on."""
    with no_grad():
        return holds(eq(infos, 0))


def mT(input: T) -> T:
    """Return the matrices transposed."""
    return TRANSPOSE(input, -2, -1)
