"""Views that reorder, merge, split, add or drop dims: layout mathematics, nothing is copied.

``reshape`` and its like are views where some strides show the elements in the same order, and
copies elsewhere, by PyTorch's rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import SupportsIndex, TypeVar

from gnomon.core import Cotangents, TensorCore
from gnomon.errors import explain
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.layout import Layout, infer_size
from gnomon.op.arguments import (
    IntegerArgument,
    integer,
    integer_or_integers,
    integer_sequence,
    integers,
)
from gnomon.op.copying import clone_as, to_contiguous
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import expand_to
from gnomon.op.view import View, reshaped, view_as

__all__ = [
    "adjoint",
    "broadcast_to",
    "flatten",
    "moveaxis",
    "movedim",
    "permute",
    "ravel",
    "reshape",
    "squeeze",
    "swapaxes",
    "swapdims",
    "t",
    "transpose",
    "unflatten",
    "unsqueeze",
]

T = TypeVar("T", bound=TensorCore)


def _matrix_transpose(layout: Layout) -> Layout:
    if layout.ndim > 2:
        raise RuntimeError(
            explain(
                "t",
                f"t() expects a tensor with <= 2 dimensions, but self is {layout.ndim}D",
                remedy=f"Use .mT or transpose() on shape {list(layout.shape)}",
            )
        )
    return layout.transpose(0, 1) if layout.ndim == 2 else layout


TRANSPOSE = View(name="transpose", layout=Layout.transpose)
MATRIX_TRANSPOSE = View(name="t", layout=_matrix_transpose)
PERMUTE = View(name="permute", layout=Layout.permute)
MOVEDIM = View(name="movedim", layout=Layout.movedim, node_name="PermuteBackward0")
MOVE_NOTHING = View(name="movedim", layout=Layout.movedim, node_name="AliasBackward0")
UNSQUEEZE = View(name="unsqueeze", layout=Layout.unsqueeze)
SQUEEZE = View(name="squeeze", layout=Layout.squeeze)
SQUEEZE_DIM = View(name="squeeze", layout=Layout.squeeze, node_name="SqueezeBackward1")
SQUEEZE_DIMS = View(name="squeeze", layout=Layout.squeeze, node_name="SqueezeBackward2")
EXPAND = expand_to
UNFLATTEN = View(name="unflatten", layout=Layout.unflatten, node_name="ViewBackward0")
RESHAPE_ALIAS = View(name="reshape_alias", layout=Layout.view)


@numpy_names
def transpose(input: T, dim0: SupportsIndex, dim1: SupportsIndex) -> T:
    """Return ``input`` with ``dim0`` and ``dim1`` exchanged.

    >>> import gnomon as torch
    >>> transposed = torch.transpose(torch.tensor([[1, 2, 3], [4, 5, 6]]), 0, 1)
    >>> transposed.shape, transposed.stride()
    (torch.Size([3, 2]), (1, 3))
    """
    return TRANSPOSE(input, *integers("transpose", (dim0, dim1)))


@numpy_names
def swapaxes(input: T, axis0: SupportsIndex, axis1: SupportsIndex) -> T:
    """Return ``input`` with two dims exchanged: ``transpose`` under NumPy's name."""
    return TRANSPOSE(input, *integers("swapaxes", (axis0, axis1)))


@numpy_names
def swapdims(input: T, dim0: SupportsIndex, dim1: SupportsIndex) -> T:
    """Return ``input`` with two dims exchanged: ``transpose`` under another name."""
    return TRANSPOSE(input, *integers("swapdims", (dim0, dim1)))


@numpy_names
def t(input: T) -> T:
    """Return a matrix transposed; 0-d and 1-d tensors stay as they are.

    Raises RuntimeError for more than two dims.
    """
    return MATRIX_TRANSPOSE(input)


@numpy_names
def adjoint(input: T) -> T:
    """Return ``input`` with its last two dims exchanged; real numbers need no conjugation.

    Raises RuntimeError for a 1-d tensor; a 0-d one stays as it is.
    """
    return matrix_transposed("adjoint", input)


def matrix_transposed(operation: str, input: T) -> T:
    """Return ``input`` with its last two dims exchanged, for ``operation``."""
    ndim = input.operand.layout.ndim
    if ndim == 1:
        raise RuntimeError(
            explain(
                operation,
                "only supported on matrices or batches of matrices, got a 1-D tensor",
                input,
                remedy="unsqueeze() it to a row or a column first",
            )
        )
    return TRANSPOSE(input, -2, -1) if ndim else input


@numpy_names
def permute(input: T, dims: Sequence[SupportsIndex]) -> T:
    """Return ``input`` with its dims in the order ``dims``, which names each once.

    >>> import gnomon as torch
    >>> torch.permute(torch.tensor([[[1, 2]], [[3, 4]], [[5, 6]]]), (2, 0, 1)).shape
    torch.Size([2, 3, 1])
    """
    return PERMUTE(input, integer_sequence("permute", dims))


@numpy_names
def movedim(input: T, source: IntegerArgument, destination: IntegerArgument) -> T:
    """Return ``input`` with the dims ``source`` moved to ``destination``, the others in order.

    >>> import gnomon as torch
    >>> torch.movedim(torch.tensor([[[1, 2]], [[3, 4]], [[5, 6]]]), 0, -1).shape
    torch.Size([1, 2, 3])
    """
    return (MOVEDIM if input.operand.layout.shape else MOVE_NOTHING)(
        input,
        integer_or_integers("movedim", source),
        integer_or_integers("movedim", destination),
    )


@numpy_names
def moveaxis(input: T, source: IntegerArgument, destination: IntegerArgument) -> T:
    """Return ``input`` with some dims moved: ``movedim`` under NumPy's name."""
    return movedim(input, source, destination)


@numpy_names
def unsqueeze(input: T, dim: SupportsIndex) -> T:
    """Return ``input`` with a dim of size 1 put in at ``dim``, in ``[-ndim - 1, ndim]``.

    >>> import gnomon as torch
    >>> torch.unsqueeze(torch.tensor([1, 2, 3]), 1)
    tensor([[1],
            [2],
            [3]])
    """
    return UNSQUEEZE(input, integer("unsqueeze", dim))


@numpy_names
def squeeze(input: T, dim: IntegerArgument | None = None) -> T:
    """Return ``input`` without its dims of size 1: all of them, or those among ``dim``.

    >>> import gnomon as torch
    >>> torch.squeeze(torch.tensor([[[1], [2]]]), (0, 1)).shape
    torch.Size([2, 1])
    """
    if dim is None:
        return SQUEEZE(input)
    dims = integer_or_integers("squeeze", dim)
    return (SQUEEZE_DIM if isinstance(dims, int) else SQUEEZE_DIMS)(input, dims)


def expand(input: T, size: Sequence[SupportsIndex]) -> T:
    """Return ``input`` with dims of size 1 stretched to ``size``; -1 keeps a dim as it is.

    A stretched dim has stride 0, all its elements one place: clone before writing to it.
    """
    return EXPAND(input, integer_sequence("expand", size))


@numpy_names
def broadcast_to(input: T, size: Sequence[SupportsIndex]) -> T:
    """Return ``input`` stretched to the shape ``size``, by strides of 0.

    >>> import gnomon as torch
    >>> stretched = torch.broadcast_to(torch.tensor([1, 2, 3]), (2, 3))
    >>> stretched.stride()
    (0, 1)
    """
    return EXPAND(input, integer_sequence("broadcast_to", size))


def view(input: T, size: Sequence[SupportsIndex]) -> T:
    """Return the elements of ``input``, in the same order, as shape ``size``; -1 infers one.

    Raises RuntimeError where no strides show them so.
    """
    return view_as(input, integer_sequence("view", size))


@numpy_names
def reshape(input: T, shape: Sequence[SupportsIndex]) -> T:
    """Return the elements of ``input``, in the same order, as ``shape``; -1 infers one size.

    The result is a view where some strides show the elements so, and a copy elsewhere.

    >>> import gnomon as torch
    >>> matrix = torch.tensor([[1, 2, 3], [4, 5, 6]])
    >>> torch.reshape(matrix, (3, -1))
    tensor([[1, 2],
            [3, 4],
            [5, 6]])
    """
    layout = input.operand.layout
    sizes = infer_size(integer_sequence("reshape", shape), layout.numel, "reshape")
    if layout.is_contiguous:
        return view_as(input, sizes)
    if layout.view_or_none(sizes) is not None:
        return RESHAPE_ALIAS(input, sizes)
    copied = clone_as(input, Layout.contiguous(layout.shape))
    result = input.like(copied.operand.under(Layout.contiguous(sizes)))
    if recording(copied):
        # The copy is nobody else's, so the result is no view of it.
        node = OperationNode(
            "UnsafeViewBackward0",
            (copied,),
            (result,),
            (),
            partial(_reshape_back, layout.shape),
        )
        set_history(result, node)
    return result


def _reshape_back(
    shape: tuple[int, ...], cotangents: Cotangents, saved: Sequence[TensorCore | None]
) -> Cotangents:
    (cotangent,) = cotangents
    return (None if cotangent is None else reshaped(cotangent, shape),)


@numpy_names
def flatten(input: T, start_dim: SupportsIndex = 0, end_dim: SupportsIndex = -1) -> T:
    """Return ``input`` with the dims ``start_dim`` to ``end_dim``, both included, made one.

    A view where ``reshape`` would be one; the tensor itself when there is but one such dim.

    >>> import gnomon as torch
    >>> torch.flatten(torch.tensor([[[1, 2], [3, 4]]]), 1)
    tensor([[1, 2, 3, 4]])
    """
    start, end = integers("flatten", (start_dim, end_dim))
    layout = input.operand.layout
    shape = layout.flattened_shape(start, end)
    return input if shape == layout.shape and layout.ndim else reshape(input, shape)


@numpy_names
def ravel(input: T) -> T:
    """Return the elements of ``input`` as one dim: a view if it is contiguous, else a copy."""
    return view_as(to_contiguous(input), (-1,) if input.operand.layout.numel else (0,))


@numpy_names
def unflatten(input: T, dim: SupportsIndex, sizes: Sequence[SupportsIndex]) -> T:
    """Return ``input`` with ``dim`` split into ``sizes``, of which one may be -1.

    >>> import gnomon as torch
    >>> torch.unflatten(torch.tensor([1, 2, 3, 4]), 0, (2, -1))
    tensor([[1, 2],
            [3, 4]])
    """
    position = integer("unflatten", dim)
    return UNFLATTEN(input, position, integer_sequence("unflatten", sizes))
