"""Tensors broadcast against each other, grids of coordinates, and what is chosen from them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import combinations as choices
from itertools import combinations_with_replacement as choices_with_replacement
from typing import SupportsIndex, TypeVar, cast

from gnomon.core import TensorCore
from gnomon.dispatch import values_of
from gnomon.dtypes import int32, int64
from gnomon.errors import explain
from gnomon.formats import contiguous_format
from gnomon.layout import Size, normalize_dim
from gnomon.layout import broadcast_shapes as broadcast_of
from gnomon.op.arguments import IntegerArgument, integer, integers
from gnomon.op.index_arguments import index_operand
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.copying import clone
from gnomon.ops.indexing import index_select
from gnomon.ops.joining import check_not_empty, check_tensors, stack
from gnomon.ops.views import EXPAND, flatten, reshape, unsqueeze, view

__all__ = [
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "combinations",
    "meshgrid",
    "repeat_interleave",
]

T = TypeVar("T", bound=TensorCore)


def broadcast_shapes(*shapes: IntegerArgument) -> Size:
    """Return the shape that tensors of ``shapes`` have together.

    Raises RuntimeError when two sizes differ and neither is 1.

    >>> broadcast_shapes((2, 1), (3,))
    torch.Size([2, 3])
    """
    given = [integers("broadcast_shapes", (shape,)) for shape in shapes]
    return Size.of(broadcast_of(*given, operation="broadcast_shapes"))


def broadcast_tensors(*tensors: T | Sequence[T]) -> tuple[T, ...]:
    """Return ``tensors`` expanded to the shape they have together: views, with strides of 0.

    A tensor that has the shape already is returned itself.

    >>> import gnomon as torch
    >>> torch.broadcast_tensors(torch.tensor([[1], [2]]), torch.tensor([3, 4]))[0]
    tensor([[1, 1],
            [2, 2]])
    """
    given = _spread("broadcast_tensors", tensors)
    shapes = [tensor.operand.layout.shape for tensor in given]
    shape = broadcast_of(*shapes, operation="broadcast_tensors")
    return tuple(
        [
            tensor if tensor.operand.layout.shape == shape else EXPAND(tensor, shape)
            for tensor in given
        ]
    )


def _spread(operation: str, tensors: tuple[T | Sequence[T], ...]) -> Sequence[T]:
    """Return the tensors given one by one, or as one sequence."""
    whole = tensors
    if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
        whole = tuple(tensors[0])
    given = cast("tuple[T, ...]", whole)
    check_tensors(operation, given)
    return given


def meshgrid(*tensors: T | Sequence[T], indexing: str | None = None) -> tuple[T, ...]:
    """Return a grid of coordinates for each of ``tensors``, which are 1-d or 0-d: views.

    With ``indexing="ij"`` dim ``k`` of every grid walks the ``k``-th tensor; ``"xy"`` swaps the
    first two. Without it ``"ij"`` is meant, and a warning says that this will change, as in
    PyTorch.

    >>> import gnomon as torch
    >>> torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4]), indexing="xy")[0]
    tensor([[1, 2],
            [1, 2]])
    """
    if indexing is None:
        warnings.warn(
            "meshgrid: in an upcoming release, it will be required to pass the indexing "
            "argument. Pass indexing='ij' to keep what this call does.",
            UserWarning,
            stacklevel=2,
        )
    return _grids("meshgrid", _spread("meshgrid", tensors), indexing or "ij")


def _grids(operation: str, tensors: Sequence[T], indexing: str) -> tuple[T, ...]:
    check_not_empty(operation, tensors)
    first = tensors[0].operand
    rule = ""
    for tensor in tensors:
        operand = tensor.operand
        if operand.layout.ndim > 1:
            rule = f"Expected 0D or 1D tensor in the tensor list but got: {tensor.describe()}"
        elif operand.dtype is not first.dtype:
            rule = "expects all tensors to have the same dtype"
        elif operand.storage.backend is not first.storage.backend:
            rule = "expects all tensors to be on the same device"
    if indexing not in ("ij", "xy"):
        rule = f'indexing must be one of "xy" or "ij", but received: {indexing}'
    if rule:
        raise RuntimeError(explain(operation, rule, *tensors, remedy="Convert the arguments"))
    swapped = indexing == "xy" and len(tensors) > 1
    ordered = [tensors[1], tensors[0], *tensors[2:]] if swapped else list(tensors)
    shape = tuple([tensor.operand.layout.numel for tensor in ordered])
    grids = []
    for dim, tensor in enumerate(ordered):
        line = (1,) * dim + (shape[dim],) + (1,) * (len(shape) - dim - 1)
        grids.append(EXPAND(view(tensor, line), shape))
    if swapped:
        grids[:2] = grids[1], grids[0]
    return tuple(grids)


def cartesian_prod(*tensors: T) -> T:
    """Return all combinations of one element from each of 1-d ``tensors``, as rows.

    A single tensor is returned as it is.

    >>> import gnomon as torch
    >>> torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    check_not_empty("cartesian_prod", tensors)
    for tensor in tensors:
        _check_vector("cartesian_prod", tensor)
    if len(tensors) == 1:
        return tensors[0]
    grids = _grids("cartesian_prod", tensors, "ij")
    return stack([flatten(grid) for grid in grids], 1)


@numpy_names
def combinations(input: T, r: int = 2, with_replacement: bool = False) -> T:
    """Return all combinations of ``r`` elements of a 1-d ``input``, in order, as rows.

    >>> import gnomon as torch
    >>> torch.combinations(torch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    _check_vector("combinations", input)
    if r < 0:
        raise RuntimeError(
            explain("combinations", f"Expect a non-negative number, but got {r}", input)
        )
    if r == 0:
        return input.like(
            index_operand(input.operand.storage.backend, (), (0,), input.operand.dtype)
        )
    choose = choices_with_replacement if with_replacement else choices
    rows = list(choose(range(input.operand.layout.numel), r))
    backend = input.operand.storage.backend
    columns = [
        input.like(index_operand(backend, [row[place] for row in rows], (len(rows),)))
        for place in range(r)
    ]
    return stack([index_select(input, 0, column) for column in columns], 1)


def _check_vector(operation: str, tensor: TensorCore) -> None:
    if tensor.operand.layout.ndim != 1:
        raise RuntimeError(
            explain(
                operation,
                f"Expect a 1D vector, but got shape {list(tensor.operand.layout.shape)}",
                tensor,
                remedy="flatten() it first",
            )
        )


@numpy_names
def repeat_interleave(
    input: T,
    repeats: SupportsIndex | T | None = None,
    dim: SupportsIndex | None = None,
    *,
    output_size: int | None = None,
) -> T:
    """Return ``input`` with each element along ``dim`` (None: of all, as one dim) repeated.

    ``repeats`` is a number, or a 1-d integer tensor with one for each element. Given one tensor
    alone, return index ``i`` as many times as its ``i``-th element says. ``output_size``, which
    spares a device the sum of the repeats, must be that sum.

    >>> import gnomon as torch
    >>> torch.repeat_interleave(torch.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    >>> torch.repeat_interleave(torch.tensor([0, 2, 1]))
    tensor([1, 1, 2])
    """
    if repeats is None:
        return _interleaved_indices(input, output_size)
    if dim is None:
        input, axis = flatten(input), 0
    else:
        axis = integer("repeat_interleave", dim)
        axis = normalize_dim(axis, input.operand.layout.ndim, "repeat_interleave")
        if not input.operand.layout.ndim:
            raise IndexError(
                "repeat_interleave: Dimension specified but the tensor has no dimensions. "
                "Leave dim away."
            )
    if not isinstance(repeats, TensorCore):
        count = integer("repeat_interleave", repeats)
        return _repeated_evenly(input, count, axis)
    shape = input.operand.layout.shape
    if repeats.operand.layout.numel == 1:
        repeats = EXPAND(reshape(repeats, (1,)), (shape[axis],))
    if repeats.operand.layout.shape != (shape[axis],):
        raise RuntimeError(
            explain(
                "repeat_interleave",
                "repeats must have the same size as input along dim, but got repeats of shape "
                f"{list(repeats.operand.layout.shape)} and input.size({axis}) = {shape[axis]}",
                input,
                remedy="Give a number for every element, or one for all",
            )
        )
    return index_select(input, axis, _interleaved_indices(repeats, output_size))


def _repeated_evenly(input: T, count: int, dim: int) -> T:
    if count < 0:
        raise RuntimeError(
            explain("repeat_interleave", f"Repeats must be non-negative, got {count}", input)
        )
    shape = input.operand.layout.shape
    repeated = (*shape[: dim + 1], count, *shape[dim + 1 :])
    copied = clone(
        EXPAND(unsqueeze(input, dim + 1), repeated),
        memory_format=contiguous_format,
    )
    return view(copied, (*shape[:dim], shape[dim] * count, *shape[dim + 1 :]))


def _interleaved_indices(repeats: T, output_size: int | None) -> T:
    storage, layout, dtype = repeats.operand
    if dtype not in (int32, int64):
        raise NotImplementedError(
            explain(
                "repeat_interleave",
                "repeats has to be int32 or int64",
                repeats,
                remedy="Convert it with .to(gnomon.int64)",
            )
        )
    rule = ""
    counts = [int(count) for count in values_of(repeats.operand)]
    if layout.ndim != 1:
        rule = "repeat_interleave only accept 1D vector as repeat"
    elif any(count < 0 for count in counts):
        rule = "repeats can not be negative"
    elif output_size is not None and output_size != sum(counts):
        rule = f"allocated size {output_size} does not match required size {sum(counts)}"
    if rule:
        raise RuntimeError(explain("repeat_interleave", rule, repeats))
    indices = [index for index, count in enumerate(counts) for _ in range(count)]
    return repeats.like(index_operand(storage.backend, indices, (len(indices),), dtype))
