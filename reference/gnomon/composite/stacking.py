"""Joining by rows, columns and depth, and the dims that takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, cast, overload

from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.layout import Layout
from gnomon.ops.joining import assembled, cat, check_not_empty, check_tensors
from gnomon.ops.slicing import NARROW
from gnomon.ops.views import reshape, unsqueeze

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "column_stack",
    "dstack",
    "hstack",
    "row_stack",
    "vstack",
]

T = TypeVar("T", bound=TensorCore)


def hstack(tensors: Sequence[T], *, out: T | None = None) -> T:
    """Return ``tensors`` joined side by side: along dim 1, or dim 0 where they are 1-d.

    >>> import gnomon as torch
    >>> torch.hstack([torch.tensor([1, 2]), torch.tensor([3])])
    tensor([1, 2, 3])
    """
    check_not_empty("hstack", tensors)
    columns = [_with_one_dim(tensor) for tensor in tensors]
    return cat(columns, 0 if columns[0].operand.layout.ndim == 1 else 1, out=out)


def vstack(tensors: Sequence[T], *, out: T | None = None) -> T:
    """Return ``tensors`` joined one below the other, 1-d ones as rows.

    >>> import gnomon as torch
    >>> torch.vstack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    check_not_empty("vstack", tensors)
    return cat([_with_two_dims(tensor) for tensor in tensors], 0, out=out)


def row_stack(tensors: Sequence[T], *, out: T | None = None) -> T:
    """Return ``tensors`` joined one below the other: ``vstack`` under another name."""
    return vstack(tensors, out=out)


def dstack(tensors: Sequence[T], *, out: T | None = None) -> T:
    """Return ``tensors`` joined along dim 2, after ``atleast_3d``.

    >>> import gnomon as torch
    >>> torch.dstack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[[1, 3],
             [2, 4]]])
    """
    check_not_empty("dstack", tensors)
    return cat([_with_three_dims(tensor) for tensor in tensors], 2, out=out)


def column_stack(tensors: Sequence[T], *, out: T | None = None) -> T:
    """Return ``tensors`` joined side by side, 1-d and 0-d ones as columns.

    >>> import gnomon as torch
    >>> torch.column_stack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    check_not_empty("column_stack", tensors)
    columns = [
        reshape(tensor, (tensor.operand.layout.numel, 1))
        if tensor.operand.layout.ndim <= 1
        else tensor
        for tensor in tensors
    ]
    return cat(columns, 1, out=out)


@overload
def atleast_1d(tensor: T, /) -> T: ...
@overload
def atleast_1d(*tensors: T) -> tuple[T, ...]: ...
@overload
def atleast_1d(tensors: Sequence[T], /) -> tuple[T, ...]: ...
def atleast_1d(*tensors: T | Sequence[T]) -> T | tuple[T, ...]:
    """Return each tensor with at least one dim: one for one, a tuple for several.

    >>> import gnomon as torch
    >>> torch.atleast_1d(torch.tensor(1))
    tensor([1])
    """
    return _each("atleast_1d", _with_one_dim, tensors)


@overload
def atleast_2d(tensor: T, /) -> T: ...
@overload
def atleast_2d(*tensors: T) -> tuple[T, ...]: ...
@overload
def atleast_2d(tensors: Sequence[T], /) -> tuple[T, ...]: ...
def atleast_2d(*tensors: T | Sequence[T]) -> T | tuple[T, ...]:
    """Return each tensor with at least two dims, a vector as a row.

    >>> import gnomon as torch
    >>> torch.atleast_2d(torch.tensor([1, 2]))
    tensor([[1, 2]])
    """
    return _each("atleast_2d", _with_two_dims, tensors)


@overload
def atleast_3d(tensor: T, /) -> T: ...
@overload
def atleast_3d(*tensors: T) -> tuple[T, ...]: ...
@overload
def atleast_3d(tensors: Sequence[T], /) -> tuple[T, ...]: ...
def atleast_3d(*tensors: T | Sequence[T]) -> T | tuple[T, ...]:
    """Return each tensor with at least three dims: a vector in the middle, a matrix in front.

    >>> import gnomon as torch
    >>> torch.atleast_3d(torch.tensor([1, 2])).shape
    torch.Size([1, 2, 1])
    """
    return _each("atleast_3d", _with_three_dims, tensors)


def _each(
    operation: str, function: Callable[[T], T], tensors: tuple[T | Sequence[T], ...]
) -> T | tuple[T, ...]:
    if len(tensors) == 1 and isinstance(tensors[0], TensorCore):
        return function(tensors[0])
    given = cast("Sequence[T]", tensors[0] if len(tensors) == 1 else tensors)
    check_tensors(operation, given)
    return tuple([function(tensor) for tensor in given])


def _with_one_dim(tensor: T) -> T:
    return tensor if tensor.operand.layout.ndim else reshape(tensor, (1,))


def _with_two_dims(tensor: T) -> T:
    ndim = tensor.operand.layout.ndim
    if ndim == 0:
        return reshape(tensor, (1, 1))
    return unsqueeze(tensor, 0) if ndim == 1 else tensor


def _with_three_dims(tensor: T) -> T:
    ndim = tensor.operand.layout.ndim
    if ndim == 0:
        return reshape(tensor, (1, 1, 1))
    if ndim == 1:
        return unsqueeze(unsqueeze(tensor, 0), -1)
    return unsqueeze(tensor, -1) if ndim == 2 else tensor


def block_diag(*tensors: T) -> T:
    """Return a matrix with ``tensors`` as blocks along its diagonal and zeros elsewhere.

    Vectors are rows, 0-d tensors 1 x 1 blocks. Raises RuntimeError for more than two dims.

    >>> import gnomon as torch
    >>> torch.block_diag(torch.tensor([[1], [2]]), torch.tensor([3, 4]))
    tensor([[1, 0, 0],
            [2, 0, 0],
            [0, 3, 4]])
    """
    check_not_empty("block_diag", tensors)
    corners: list[tuple[int, int]] = []
    rows = columns = 0
    blocks = [_with_two_dims(tensor) for tensor in tensors]
    for position, block in enumerate(blocks):
        shape = block.operand.layout.shape
        if len(shape) > 2:
            raise RuntimeError(
                explain(
                    "block_diag",
                    "Input tensors must have 2 or fewer dimensions. Input "
                    f"{position} has {len(shape)} dimensions",
                    block,
                    remedy="Join the matrices of a batch one by one",
                )
            )
        corners.append((rows, columns))
        rows, columns = rows + shape[0], columns + shape[1]
    layout = Layout.contiguous((rows, columns))
    shapes = [block.operand.layout.shape for block in blocks]
    places = [
        layout.narrow(0, row, height).narrow(1, column, width)
        for (row, column), (height, width) in zip(corners, shapes, strict=True)
    ]

    def blocks_of(cotangent: TensorCore) -> list[TensorCore]:
        return [
            NARROW(NARROW(cotangent, 0, row, height), 1, column, width)
            for (row, column), (height, width) in zip(corners, shapes, strict=True)
        ]

    return assembled(
        "block_diag", blocks, layout, places, "BlockDiagBackward0", blocks_of, has_gaps=True
    )
