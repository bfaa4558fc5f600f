"""Selecting along one dim: elements of a tensor by the positions that another tensor holds.

Sorting, running extremes and extremes along a dim all return elements of their input; their
values are read through the positions found, and so is their derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.op.index_arguments import index_operand
from gnomon.op.indexing import IndexPlan, read_through_indices, record_reading

T = TypeVar("T", bound=TensorCore)


def at_positions(
    operation: str, input: T, dim: int, positions: TensorCore, label: str, keepdim: bool = True
) -> T:
    """Return the elements of ``input`` that stand at ``positions`` of its ``dim``.

    ``positions`` is int64 and has ``input``'s other sizes; it lacks ``dim`` unless ``keepdim``.
    """
    if not input.operand.layout.shape:
        plan = IndexPlan(operation=operation, shape=(), walked=(), indexed=())
        return read_through_indices(input, plan, (), label)
    plan = _plan(operation, input, dim, positions, keepdim)
    return read_through_indices(input, plan, (positions,), label)


def record_at_positions(
    operation: str,
    input: TensorCore,
    dim: int,
    positions: TensorCore,
    values: TensorCore,
    label: str,
) -> None:
    """Record that ``values`` are the elements of ``input``, of one dim or more, that stand at
    ``positions`` of its ``dim``.
    """
    plan = _plan(operation, input, dim, positions, True)
    record_reading(input, plan, (positions,), values, label)


def _plan(
    operation: str, input: TensorCore, dim: int, positions: TensorCore, keepdim: bool
) -> IndexPlan:
    dims = range(len(input.operand.layout.shape))
    walked = tuple([None if k == dim else k for k in dims if keepdim or k != dim])
    shape = positions.operand.layout.shape
    return IndexPlan(operation=operation, shape=shape, walked=walked, indexed=(dim,))


def integers(prototype: T, values: Sequence[int], shape: tuple[int, ...]) -> T:
    """Return ``values`` as an int64 tensor of ``shape`` on the device of ``prototype``."""
    return prototype.like(index_operand(prototype.operand.storage.backend, values, shape))


def places_along(input: T, dim: int) -> T:
    """Return 0, 1, 2, ... along ``dim``, in a shape that broadcasts against ``input``."""
    shape = input.operand.layout.shape
    size = shape[dim]
    return integers(
        input, range(size), tuple([size if k == dim else 1 for k in range(len(shape))])
    )
