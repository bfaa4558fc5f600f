"""Joining tensors: ``cat`` along a dim there is, ``stack`` along a new one.

Each input is copied to its place in the result; the cotangent's part there is the input's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import SupportsIndex, TypeVar

from gnomon.backend import Operand
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, common_dtype, filled
from gnomon.dtypes import can_cast
from gnomon.errors import explain
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.layout import Layout, normalize_dim
from gnomon.op.arguments import integer
from gnomon.op.copy import COPY
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import check_apart, deliver
from gnomon.op.view import reshaped
from gnomon.ops.slicing import NARROW, SELECT

__all__ = [
    "cat",
    "concat",
    "concatenate",
    "stack",
]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def cat(tensors: Sequence[T], dim: SupportsIndex = 0, *, out: T | None = None) -> T:
    """Return ``tensors`` joined along ``dim``, their dtypes promoted.

    Their other dims must be of equal sizes; a tensor of shape ``(0,)`` joins anything. Raises
    ValueError for no tensors, RuntimeError where sizes or numbers of dims differ.

    >>> import gnomon as torch
    >>> torch.cat([torch.tensor([[1, 2]]), torch.tensor([[3, 4], [5, 6]])])
    tensor([[1, 2],
            [3, 4],
            [5, 6]])
    """
    check_tensors("cat", tensors)
    if not tensors:
        raise ValueError("cat: expected a non-empty list of Tensors. Give at least one.")
    if out is not None and not can_cast(common_dtype(tensors), out.operand.dtype):
        raise TypeError(
            explain(
                "cat",
                "input types can't be cast to the desired output type "
                f"{out.operand.dtype.name}",
                *tensors,
                remedy="Give an out= of the dtype they promote to",
            )
        )
    axis = integer("cat", dim)
    shape, axis = _joined_shape(tensors, axis)
    # A legacy empty tensor, of shape (0,), takes up no room in whatever it joins.
    given = [tensor.operand.layout.shape for tensor in tensors]
    lengths = [sizes[axis] if sizes != (0,) else 0 for sizes in given]
    starts = list(accumulate(lengths, initial=0))
    layout = joined_layout([tensor.operand.layout for tensor in tensors], shape)
    places = [layout.narrow(axis, *extent) for extent in zip(starts, lengths, strict=False)]
    split = partial(_narrowed, axis, starts, given)
    result = assembled("cat", tensors, layout, places, "CatBackward0", split)
    if out is None:
        return result
    check_apart("cat", out, tensors)
    return deliver("cat", result, out, tensors)


@numpy_names
def concat(tensors: Sequence[T], dim: SupportsIndex = 0, *, out: T | None = None) -> T:
    """Return ``tensors`` joined along ``dim``: ``cat`` under another name."""
    return cat(tensors, dim, out=out)


@numpy_names
def concatenate(tensors: Sequence[T], dim: SupportsIndex = 0, *, out: T | None = None) -> T:
    """Return ``tensors`` joined along ``dim``: ``cat`` under NumPy's name."""
    return cat(tensors, dim, out=out)


@numpy_names
def stack(tensors: Sequence[T], dim: SupportsIndex = 0, *, out: T | None = None) -> T:
    """Return ``tensors``, all of one shape, joined along a new dim at ``dim``.

    Raises RuntimeError for no tensors, and where shapes differ.

    >>> import gnomon as torch
    >>> torch.stack([torch.tensor([1, 2]), torch.tensor([3, 4])], dim=1)
    tensor([[1, 3],
            [2, 4]])
    """
    check_not_empty("stack", tensors)
    axis = integer("stack", dim)
    given = tensors[0].operand.layout.shape
    axis = normalize_dim(axis, len(given) + 1, "stack")
    for entry, tensor in enumerate(tensors):
        if tensor.operand.layout.shape != given:
            raise RuntimeError(
                explain(
                    "stack",
                    f"stack expects each tensor to be equal size, but got {list(given)} at "
                    f"entry 0 and {list(tensor.operand.layout.shape)} at entry {entry}",
                    remedy="Pad or crop them to one shape",
                )
            )
    layout = Layout.contiguous((*given[:axis], len(tensors), *given[axis:]))
    places = [layout.select(axis, entry) for entry in range(len(tensors))]
    split = partial(_selected, axis)
    result = assembled("stack", tensors, layout, places, "StackBackward0", split)
    if out is None:
        return result
    check_apart("stack", out, tensors)
    return deliver("stack", result, out, tensors)


def check_not_empty(operation: str, tensors: Sequence[TensorCore]) -> None:
    """Raise RuntimeError for no tensors, TypeError for what is no sequence of tensors."""
    check_tensors(operation, tensors)
    if not tensors:
        raise RuntimeError(
            f"{operation}: {operation} expects a non-empty TensorList. Give a tensor."
        )


def check_tensors(operation: str, tensors: Sequence[TensorCore]) -> None:
    """Raise TypeError for what is no tuple or list of tensors."""
    if not isinstance(tensors, tuple | list):
        raise TypeError(
            f"{operation}: argument 'tensors' must be a tuple or list of Tensors, not "
            f"{type(tensors).__name__}. Wrap it in a list."
        )
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, TensorCore):
            raise TypeError(
                f"{operation}: expected Tensor as element {position} in argument 'tensors', "
                f"but got {type(tensor).__name__}. Make it one with gnomon.tensor()."
            )


def _joined_shape(tensors: Sequence[TensorCore], dim: int) -> tuple[tuple[int, ...], int]:
    """Return the shape ``cat`` gives, and ``dim`` counted from the front."""
    shapes = [tensor.operand.layout.shape for tensor in tensors]
    for position, shape in enumerate(shapes):
        if not shape:
            raise RuntimeError(
                f"cat: zero-dimensional tensor (at position {position}) cannot be "
                "concatenated. Use stack, or unsqueeze(0) it first."
            )
    first = next((shape for shape in shapes if shape != (0,)), (0,))
    if first == (0,):
        return first, 0
    dim = normalize_dim(dim, len(first), "cat")
    extent = 0
    for position, shape in enumerate(shapes):
        if shape == (0,):
            continue
        if len(shape) != len(first):
            raise RuntimeError(
                f"cat: Tensors must have same number of dimensions: got {len(first)} and "
                f"{len(shape)}. Reshape or unsqueeze tensor number {position}."
            )
        for axis, (expected, size) in enumerate(zip(first, shape, strict=True)):
            if axis != dim and expected != size:
                raise RuntimeError(
                    f"cat: Sizes of tensors must match except in dimension {dim}. Expected "
                    f"size {expected} but got size {size} for tensor number {position} in "
                    f"the list: shapes {list(first)} and {list(shape)}. Pad or crop dimension "
                    f"{axis}."
                )
        extent += shape[dim]
    return (*first[:dim], extent, *first[dim + 1 :]), dim


def joined_layout(parts: Sequence[Layout], shape: tuple[int, ...]) -> Layout:
    """Return channels-last where every part prefers it, else the contiguous layout."""
    layout = Layout.contiguous(shape)
    if len(shape) in (4, 5) and all(part.prefers_channels_last for part in parts):
        return layout.channels_last()
    return layout


def assembled(
    operation: str,
    tensors: Sequence[T],
    layout: Layout,
    places: Sequence[Layout],
    label: str,
    split: Callable[[TensorCore], list[TensorCore]],
    *,
    has_gaps: bool = False,
) -> T:
    """Return a fresh tensor of ``layout`` with each of ``tensors`` written to its place in it.

    ``split`` hands each tensor its part of the result's cotangent. Places that no tensor fills,
    if it ``has_gaps``, are zero.
    """
    backend = tensors[0].operand.storage.backend
    for tensor in tensors:
        if tensor.operand.storage.backend is not backend:
            raise RuntimeError(
                explain(
                    operation,
                    "expected all tensors to be on the same device, found "
                    f"{backend.device} and {tensor.operand.storage.device}",
                    remedy="Move one with .to(device)",
                )
            )
    dtype = common_dtype(tensors)
    output = (
        filled(backend, layout.shape, dtype, 0)
        if has_gaps
        else allocate(backend, layout, dtype)
    )
    for tensor, place in zip(tensors, places, strict=True):
        if place.numel:
            part = Operand(output.storage, place, output.dtype)
            backend.elementwise(COPY, (tensor.operand,), part)
    result = tensors[0].like(output)
    if output.dtype.is_floating_point and recording(*tensors):
        derivative = partial(_parts, split, len(tensors))
        set_history(result, OperationNode(label, tensors, (result,), (), derivative))
    return result


def _parts(
    split: Callable[[TensorCore], list[TensorCore]],
    count: int,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    return [None] * count if cotangent is None else split(cotangent)


def _narrowed(
    dim: int,
    starts: Sequence[int],
    shapes: Sequence[tuple[int, ...]],
    cotangent: TensorCore,
) -> list[TensorCore]:
    return [
        NARROW(cotangent, dim, start, shape[dim])
        if shape != (0,)
        else reshaped(NARROW(cotangent, dim, 0, 0), shape)
        for start, shape in zip(starts, shapes, strict=False)
    ]


def _selected(dim: int, cotangent: TensorCore) -> list[TensorCore]:
    return [
        SELECT(cotangent, dim, entry) for entry in range(cotangent.operand.layout.shape[dim])
    ]
