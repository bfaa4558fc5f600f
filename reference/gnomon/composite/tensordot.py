"""Products over chosen dims: ``tensordot``, the Kronecker product, the cross product."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import TypeVar

from gnomon.composite.matmul import unsafe_view
from gnomon.composite.matrix import check_dtypes, dot, mm
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import contiguous, values_of
from gnomon.errors import explain, warn
from gnomon.graph.modes import no_grad
from gnomon.layout import broadcast_shapes, normalize_dim, normalize_dims
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.composite import record_composite
from gnomon.op.copying import to_contiguous
from gnomon.op.foundation import sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.view import view_as
from gnomon.ops.arithmetic import mul, sub
from gnomon.ops.rearranging import roll
from gnomon.ops.views import PERMUTE, reshape

__all__ = ["cross", "kron", "tensordot"]

T = TypeVar("T", bound=TensorCore)


@kinds_checked
def tensordot(
    a: T,
    b: T,
    dims: int | Sequence[Sequence[int]] | TensorCore = 2,
    out: T | None = None,
) -> T:
    """Return the products of ``a`` and ``b`` summed over pairs of dims.

    An integer pairs the last ``dims`` dims of ``a`` with the first of ``b``, in order; two
    lists pair the dims they name. The result has the other dims of ``a``, then those of ``b``.
    Raises RuntimeError for paired sizes that differ, unless one is 1, and for differing dtypes.

    >>> import gnomon as torch
    >>> torch.tensordot(torch.ones(3, 4, 5), torch.ones(4, 3, 2), dims=([1, 0], [0, 1])).shape
    torch.Size([5, 2])
    """
    left_dims, right_dims = _paired_dims(a, b, dims)
    check_dtypes("tensordot", a, b)
    result = _tensordot(a, b, left_dims, right_dims)
    return result if out is None else deliver("tensordot", result, out, (a, b))


def _paired_dims(
    a: TensorCore, b: TensorCore, dims: int | Sequence[Sequence[int]] | TensorCore
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    left_ndim, right_ndim = a.operand.layout.ndim, b.operand.layout.ndim
    if isinstance(dims, TensorCore):
        dims = _dims_in(dims)
    if isinstance(dims, int):
        if not 0 <= dims <= min(left_ndim, right_ndim):
            raise RuntimeError(
                explain(
                    "tensordot",
                    f"expects 0 <= dims <= ndim of both operands, but got dims={dims}",
                    a,
                    b,
                )
            )
        return tuple(range(left_ndim - dims, left_ndim)), tuple(range(dims))
    left, right = dims
    if len(left) != len(right):
        raise RuntimeError(
            explain(
                "tensordot", f"both lists of dims should have same length, got {dims}", a, b
            )
        )
    return (
        normalize_dims(left, left_ndim, "tensordot"),
        normalize_dims(right, right_ndim, "tensordot"),
    )


def _dims_in(dims: TensorCore) -> int | list[list[int]]:
    """Return the dims a tensor holds: one number, or a row for each operand."""
    numbers = [int(value) for value in values_of(dims.operand)]
    if len(numbers) == 1:
        return numbers[0]
    half = len(numbers) // 2
    return [numbers[:half], numbers[half:]]


def _tensordot(a: T, b: T, left_dims: tuple[int, ...], right_dims: tuple[int, ...]) -> T:
    for left_dim, right_dim in zip(left_dims, right_dims, strict=True):
        left_size = a.operand.layout.shape[left_dim]
        right_size = b.operand.layout.shape[right_dim]
        if left_size == 1 != right_size:
            b = sum_of(b, right_dim, True, dtype=b.operand.dtype)
        elif right_size == 1 != left_size:
            a = sum_of(a, left_dim, True, dtype=a.operand.dtype)
        elif left_size != right_size:
            raise RuntimeError(
                explain(
                    "tensordot",
                    f"contracted dimensions need to match, but first has size {left_size} in "
                    f"dim {left_dim} and second has size {right_size} in dim {right_dim}",
                    a,
                    b,
                    remedy="Name dims of equal sizes",
                )
            )
    left_shape, right_shape = a.operand.layout.shape, b.operand.layout.shape
    left_free = [dim for dim in range(len(left_shape)) if dim not in left_dims]
    right_free = [dim for dim in range(len(right_shape)) if dim not in right_dims]
    terms = prod([left_shape[dim] for dim in left_dims])
    left = PERMUTE(a, (*left_free, *left_dims))
    right = PERMUTE(b, (*right_dims, *right_free))
    if not left_free and not right_free:
        return view_as(dot(reshape(left, (terms,)), reshape(right, (terms,))), ())
    rows = [left_shape[dim] for dim in left_free]
    columns = [right_shape[dim] for dim in right_free]
    product = mm(reshape(left, (prod(rows), terms)), reshape(right, (terms, prod(columns))))
    return view_as(product, (*rows, *columns))


@numpy_names
def kron(input: T, other: T, *, out: T | None = None) -> T:
    """Return the Kronecker product: every element of ``input`` times the whole of ``other``.

    Ranks may differ; sizes multiply, after the shapes are aligned on the right.

    >>> import gnomon as torch
    >>> torch.kron(torch.tensor([[1, 2]]), torch.tensor([[1, 0], [0, 1]]))
    tensor([[1, 0, 2, 0],
            [0, 1, 0, 2]])
    """
    ndim = max(input.operand.layout.ndim, other.operand.layout.ndim)
    left = _ones_before(input.operand.layout.shape, ndim)
    right = _ones_before(other.operand.layout.shape, ndim)
    coarse = tuple([size for pair in left for size in (pair, 1)])
    fine = tuple([size for pair in right for size in (1, pair)])
    products = to_contiguous(mul(reshape(input, coarse), reshape(other, fine)))
    sizes = tuple([rows * columns for rows, columns in zip(left, right, strict=True)])
    result = unsafe_view(products, sizes)
    return result if out is None else deliver("kron", result, out, (input, other))


def _ones_before(shape: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    return (1,) * (ndim - len(shape)) + shape


@numpy_names
def cross(input: T, other: T, dim: int | None = None, *, out: T | None = None) -> T:
    """Return the cross product of vectors of 3 elements along ``dim``.

    Without ``dim``, the first dim of size 3 is taken, with a warning: ``linalg.cross`` takes
    the last. Raises RuntimeError when ``dim`` has another size, for differing ranks and dtypes.

    >>> import gnomon as torch
    >>> torch.cross(torch.tensor([1, 0, 0]), torch.tensor([0, 1, 0]), dim=0)
    tensor([0, 0, 1])
    """
    if dim is None:
        warn(
            "cross: Using torch.cross without specifying the dim arg is deprecated. Give dim, "
            "or use linalg.cross, whose dim is the last.",
        )
        shape = input.operand.layout.shape
        if 3 not in shape:
            raise RuntimeError(
                explain("cross", "no dimension of size 3 in input", input, other)
            )
        dim = shape.index(3)
    return cross_along("linalg.cross", input, other, dim, out)


def cross_along(operation: str, input: T, other: T, dim: int, out: T | None) -> T:
    """Return the cross product of vectors of 3 elements along ``dim``."""
    left, right = input.operand.layout.shape, other.operand.layout.shape
    if len(left) != len(right):
        raise RuntimeError(
            explain(
                operation,
                "inputs must have the same number of dimensions",
                input,
                other,
                remedy="Unsqueeze one",
            )
        )
    if not left:
        raise IndexError(
            f"{operation}: dimension specified as {dim} but tensor has no dimensions."
        )
    place = normalize_dim(dim, len(left), operation)
    if left[place] != 3 or right[place] != 3:
        raise RuntimeError(
            explain(
                operation,
                f"inputs dimension {dim} must have length 3. Got {left[place]} and "
                f"{right[place]}",
                input,
                other,
            )
        )
    check_dtypes(operation, input, other)
    broadcast_shapes(left, right, operation=operation)
    result = _crossed(input, other, place)
    return result if out is None else deliver(operation, result, out, (input, other))


def _crossed(input: T, other: T, dim: int) -> T:
    with no_grad():
        minuend = mul(roll(input, -1, dim), roll(other, -2, dim))
        subtrahend = mul(roll(input, -2, dim), roll(other, -1, dim))
        result = input.like(contiguous(sub(minuend, subtrahend).operand))
    record_composite(
        "LinalgCrossBackward0",
        (input, other),
        (result,),
        (input, other),
        partial(_uncrossed, dim),
    )
    return result


def _uncrossed(
    dim: int, cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    g, left, right = cotangents[0], saved[0], saved[1]
    assert g is not None and left is not None and right is not None
    return (
        _crossed(right, g, dim) if needs[0] else None,
        _crossed(g, left, dim) if needs[1] else None,
    )
