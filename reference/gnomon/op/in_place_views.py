"""Views in place: a tensor that takes on another layout of its own storage, as ``t_`` does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.layout import Layout
from gnomon.op.in_place import check_in_place
from gnomon.op.output import count_write
from gnomon.op.view import through_view

T = TypeVar("T", bound=TensorCore)


def take_layout(
    target: T, operation: str, label: str, relative: Callable[[Layout], Layout]
) -> T:
    """Give ``target`` the layout ``relative`` makes of its own; return ``target``.

    No element moves. Other views of the storage keep their layouts.
    """
    records = recording(target)
    check_in_place(operation, target, records)
    layout = target.operand.layout
    operand = target.operand.under(relative(layout))
    node = None
    if records:
        made = target.like(operand)
        derivative = partial(through_view, layout.shape, relative, None)
        node = OperationNode(label, (target,), (made,), (), derivative)
    target.operand = operand
    count_write(target)
    view = target.autograd.view if target.autograd is not None else None
    if view is not None:
        view.version = operand.storage.version
    if node is not None:
        set_history(target, node)
    return target
