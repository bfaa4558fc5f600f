"""Overwriting a whole tensor with another or with a number: ``copy_`` and what setitem does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from gnomon.core import Cotangents, TensorCore
from gnomon.dtypes import Scalar
from gnomon.graph.nodes import OperationNode, recording
from gnomon.op.copying import to_backend
from gnomon.op.foundation import no_slope
from gnomon.op.in_place import check_in_place, rebase_history
from gnomon.op.index_arguments import number_for
from gnomon.op.output import check_writable, write
from gnomon.op.reduction import expand_to

T = TypeVar("T", bound=TensorCore)


def assign(target: T, value: TensorCore | Scalar, label: str = "CopyBackwards") -> T:
    """Copy ``value``, which broadcasts and converts, into ``target``, and return ``target``.

    The gradient of what was there is zero. Raises RuntimeError for a value that does not
    broadcast to the target's shape or, if a number, does not fit its integer dtype. ``label``
    is the node's name.
    """
    operand = target.operand
    if not isinstance(value, TensorCore):
        check_in_place("fill_", target, recording(target))
        check_writable("fill_", target)
        number = number_for("fill_", value, operand.dtype)
        node = overwrite_node(label, target, None)
        write(target, number)
    else:
        check_in_place("copy_", target, recording(target, value))
        if value.operand.layout.shape != operand.layout.shape:
            value = expand_to(value, operand.layout.shape)
        value = to_backend(value, operand.storage.backend)
        check_writable("copy_", target, (value,))
        node = overwrite_node(label, target, value)
        write(target, value.operand)
    if node is not None:
        rebase_history(target, node)
    return target


def overwrite_node(
    label: str, target: TensorCore, value: TensorCore | None
) -> OperationNode | None:
    """Return the node of overwriting all of ``target``, by ``value`` if that is a tensor."""
    if not target.operand.dtype.is_floating_point or not recording(target, value):
        return None
    made = target.like(target.operand)
    derivative = partial(_cotangents, target.tracked, value is not None and value.tracked)
    return OperationNode(label, (target, value), (made,), (), derivative)


def _cotangents(
    target_needs: bool,
    value_needs: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return None, None
    return (
        no_slope(cotangent) if target_needs else None,
        cotangent if value_needs else None,
    )
