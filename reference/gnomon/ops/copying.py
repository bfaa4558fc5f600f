"""Copies and overwriting: ``clone``, ``contiguous``, ``copy_``, ``fill_`` and their like."""

from __future__ import annotations

from typing import TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate, converted
from gnomon.dtypes import Scalar
from gnomon.errors import explain
from gnomon.formats import MemoryFormat, contiguous_format, preserve_format
from gnomon.graph.nodes import recording, set_history
from gnomon.layout import Layout
from gnomon.op.assignment import assign, overwrite_node
from gnomon.op.copy import COPY
from gnomon.op.copying import clone_as, to_backend
from gnomon.op.formatting import formatted, has_format
from gnomon.op.in_place import check_in_place, rebase_history
from gnomon.op.index_arguments import number_for
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import count_write
from gnomon.op.view import view_through_storage

__all__ = ["clone", "fill", "fill_", "zero_"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def clone(input: T, *, memory_format: MemoryFormat = preserve_format) -> T:
    """Return a copy of ``input``; the graph leads through it.

    The strides are kept if they are dense, unless ``memory_format`` asks for others.

    >>> import gnomon as torch
    >>> original = torch.tensor([1, 2])
    >>> torch.clone(original).add_(1), original
    (tensor([2, 3]), tensor([1, 2]))
    """
    return clone_as(input, formatted("clone", input.operand.layout, memory_format))


def contiguous(input: T, memory_format: MemoryFormat = contiguous_format) -> T:
    """Return ``input`` itself if it lies densely in ``memory_format``, else such a copy."""
    layout = input.operand.layout
    if has_format(layout, memory_format):
        return input
    if memory_format is preserve_format:
        raise RuntimeError(
            explain(
                "contiguous",
                "preserve memory format is unsupported by the contiguous operator",
                remedy="Use clone(), which preserves it",
            )
        )
    return clone_as(input, formatted("contiguous", layout, memory_format))


def copy_(input: T, src: TensorCore | Scalar) -> T:
    """Overwrite ``input`` with ``src``, which broadcasts and converts, from any device.

    The gradient goes to ``src``; that of what was there before is zero.
    """
    return assign(input, src) if isinstance(src, TensorCore) else fill_(input, src)


@numpy_names
def fill_(input: T, value: TensorCore | Scalar) -> T:
    """Overwrite every element of ``input`` with ``value``, a number or a 0-d tensor.

    Raises RuntimeError for a number that the dtype can't hold, and for a tensor with dims.
    """
    operand = input.operand
    tensor = value if isinstance(value, TensorCore) else None
    check_in_place("fill_", input, recording(input, tensor))
    source = _element("fill_", value, operand)
    label = "FillBackward2" if tensor is None else "FillBackward3"
    return _overwritten(input, source, label, tensor)


@numpy_names
def zero_(input: T) -> T:
    """Overwrite every element of ``input`` with zero."""
    check_in_place("zero_", input, recording(input))
    return _overwritten(input, 0, "ZeroBackward0", None)


@numpy_names
def fill(input: T, value: TensorCore | Scalar) -> T:
    """Return a tensor like ``input``, full of ``value``, a number or a 0-d tensor.

    >>> import gnomon as torch
    >>> torch.fill(torch.tensor([1.0, 2.0]), 7)
    tensor([7., 7.])
    """
    storage, layout, dtype = input.operand
    tensor = value if isinstance(value, TensorCore) else None
    output = allocate(storage.backend, layout.dense_like(), dtype)
    _write_everywhere(output, _element("fill", value, output))
    result = input.like(output)
    label = "FillBackward0" if tensor is None else "FillBackward1"
    node = overwrite_node(label, input, tensor)
    if node is not None:
        set_history(result, node)
    return result


def fill_diagonal_(input: T, fill_value: TensorCore | Scalar, wrap: bool = False) -> T:
    """Overwrite the main diagonal of ``input``; ``wrap`` starts it anew in a tall matrix.

    Raises RuntimeError for fewer than two dims, and for more than two of unequal sizes.
    """
    shape, strides, offset = input.operand.layout
    if len(shape) < 2:
        rule = "dimensions must larger than 1"
    elif len(shape) > 2 and len(set(shape)) > 1:
        rule = "all dimensions of input must be of equal length"
    else:
        step, length = sum(strides), min(shape)
        fill_(view_through_storage(input, Layout((length,), (step,), offset)), fill_value)
        rows, columns = shape[:2]
        if wrap and len(shape) == 2 and rows > columns + 1:
            rest = -(-rows * columns // (columns + 1)) - length
            start = offset + strides[0] * (columns + 1)
            fill_(view_through_storage(input, Layout((rest,), (step,), start)), fill_value)
        return input
    raise RuntimeError(explain("fill_diagonal_", rule, input, remedy="Give a matrix or a cube"))


def _element(operation: str, value: TensorCore | Scalar, like: Operand) -> Operand | Scalar:
    """Return ``value`` as what the backend of ``like`` can copy to each of its elements."""
    if not isinstance(value, TensorCore):
        return number_for(operation, value, like.dtype)
    if value.operand.layout.shape:
        raise RuntimeError(
            explain(
                operation,
                f"{operation} only supports 0-dimension value tensor but got tensor with "
                f"{value.operand.layout.ndim} dimensions",
                value,
                remedy="Use copy_, which broadcasts",
            )
        )
    # A copy of its own, since the value may lie in what is about to be overwritten.
    return converted(to_backend(value, like.storage.backend).operand, like.dtype)


def _overwritten(
    target: T, source: Operand | Scalar, label: str, value: TensorCore | None
) -> T:
    node = overwrite_node(label, target, value)
    _write_everywhere(target.operand, source)
    count_write(target)
    if node is not None:
        rebase_history(target, node)
    return target


def _write_everywhere(operand: Operand, source: Operand | Scalar) -> None:
    """Write one value to all elements, each place once where several elements share it."""
    layout = operand.layout
    if layout.is_injective:
        if isinstance(source, Operand):
            source = source.under(source.layout.expand(layout.shape))
        operand.storage.backend.elementwise(COPY, (source,), operand)
        return
    distinct = layout.shape[0] if layout.strides[0] else 1
    for index in range(distinct):
        _write_everywhere(operand.under(layout.select(0, index)), source)
