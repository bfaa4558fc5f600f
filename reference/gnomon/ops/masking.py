"""Filling, selecting and overwriting the elements where a mask is True."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import Scalar, bool_
from gnomon.errors import explain
from gnomon.layout import broadcast_shapes
from gnomon.op.elementwise import Ternary
from gnomon.op.in_place import write_elementwise
from gnomon.op.index_arguments import check_same_device, check_same_dtype
from gnomon.op.indexing import IndexPlan, Write, read_through_indices
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import expand_to
from gnomon.op.scatter_records import REPLACE
from gnomon.op.view import reshaped
from gnomon.ops.comparison import where
from gnomon.ops.indexing import moved
from gnomon.ops.nonzero import nonzero_columns
from gnomon.ops.scattering import leading_part, one_value

__all__ = ["masked_fill", "masked_scatter", "masked_select"]

T = TypeVar("T", bound=TensorCore)

_where_masked: Ternary = replace(
    where, node_name="MaskedFillBackward1", number_node_name="MaskedFillBackward0"
)


@numpy_names
def masked_fill(input: T, mask: T, value: T | Scalar) -> T:
    """Return ``input`` with ``value`` where ``mask`` is True; both broadcast, the dtype is
    kept.

    ``value`` is a number or a 0-d tensor. Raises RuntimeError for a mask that is not bool and a
    number that does not fit an integer dtype.

    >>> import gnomon as torch
    >>> torch.masked_fill(torch.tensor([1.0, 2.0]), torch.tensor([True, False]), -1)
    tensor([-1.,  2.])
    """
    _check_mask("masked_fill", mask)
    return _where_masked(mask, one_value("masked_fill", input, value), input)


def masked_fill_in_place(input: T, mask: T, value: T | Scalar) -> T:
    """Do ``masked_fill`` to ``input`` itself, to whose shape ``mask`` broadcasts."""
    _check_mask("masked_fill_", mask)
    filling = one_value("masked_fill_", input, value)
    return write_elementwise(_where_masked, input, (mask, filling, input))


def _check_mask(operation: str, mask: TensorCore) -> None:
    if mask.operand.dtype is not bool_:
        raise RuntimeError(
            explain(
                operation,
                f"expected a mask of dtype bool, got {mask.operand.dtype.name}",
                mask,
                remedy="Convert the mask with .bool()",
            )
        )


@numpy_names
def masked_select(input: T, mask: T, *, out: T | None = None) -> T:
    """Return the elements of ``input`` where ``mask`` is True, in logical order, as a 1-d
    tensor.

    Both broadcast. Raises RuntimeError for a mask that is not bool.

    >>> import gnomon as torch
    >>> torch.masked_select(torch.tensor([[1, 2], [3, 4]]), torch.tensor([True, False]))
    tensor([1, 3])
    """
    _check_mask("masked_select", mask)
    check_same_device("masked_select", input, mask)
    source, plan, places = _selected("masked_select", input, mask)
    result = read_through_indices(source, plan, places, "MaskedSelectBackward0")
    return result if out is None else moved("masked_select", result, out, input, mask)


def _selected(operation: str, input: T, mask: T) -> tuple[T, IndexPlan, tuple[T, ...]]:
    """Return ``input`` broadcast with ``mask``, and how to look up what the mask selects."""
    shape = broadcast_shapes(
        input.operand.layout.shape, mask.operand.layout.shape, operation=operation
    )
    source = input if input.operand.layout.shape == shape else expand_to(input, shape)
    places = nonzero_columns(expand_to(mask, shape))
    plan = IndexPlan(
        operation=operation,
        shape=places[0].operand.layout.shape,
        walked=(None,),
        indexed=tuple(range(len(places))),
    )
    return source, plan, places


@numpy_names
def masked_scatter(input: T, mask: T, source: T) -> T:
    """Return ``input`` with the elements of ``source``, in order, where ``mask`` is True.

    ``input`` and ``mask`` broadcast; ``source`` has ``input``'s dtype. Raises RuntimeError for
    a mask that is not bool, and when ``source`` has too few elements.

    >>> import gnomon as torch
    >>> mask = torch.tensor([True, False, True])
    >>> torch.masked_scatter(torch.zeros(3), mask, torch.tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 2.])
    """
    given, write = masked_scatter_write(input, mask, source)
    return write.onto_copy_of(given)


def masked_scatter_in_place(input: T, mask: T, source: T) -> T:
    """Do ``masked_scatter`` to ``input`` itself, to whose shape ``mask`` broadcasts."""
    given, write = masked_scatter_write(input, mask, source)
    if given is not input:
        raise RuntimeError(
            explain(
                "masked_scatter_",
                f"output with shape {list(input.operand.layout.shape)} doesn't match the "
                f"broadcast shape {list(given.operand.layout.shape)}",
                remedy="Use masked_scatter, whose result has the broadcast shape",
            )
        )
    return write.into(input)


def masked_scatter_write(input: T, mask: T, source: T) -> tuple[T, Write]:
    """Return ``input`` broadcast with ``mask``, and the write of ``masked_scatter`` to that."""
    _check_mask("masked_scatter", mask)
    check_same_dtype("masked_scatter", input, source)
    check_same_device("masked_scatter", input, mask, source)
    given, plan, places = _selected("masked_scatter", input, mask)
    count = source.operand.layout.numel
    if plan.shape[0] > count:
        raise RuntimeError(
            explain(
                "masked_scatter",
                f"Number of elements of source ({count}) < number of ones in mask "
                f"({plan.shape[0]})",
                source,
                mask,
            )
        )
    return given, Write(
        plan=plan,
        indices=places,
        source=leading_part(reshaped(source, (count,)), plan.shape),
        combination=REPLACE,
        label="MaskedScatterBackward0",
    )
