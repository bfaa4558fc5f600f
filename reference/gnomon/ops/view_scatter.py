"""Copies with one part replaced: what a write through a view of the copy would leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import SupportsIndex, TypeAlias, TypeVar

from gnomon.core import Cotangents, TensorCore
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.layout import Layout
from gnomon.op.arguments import integers
from gnomon.op.assignment import assign
from gnomon.op.copying import clone_as
from gnomon.op.derivative import node_label
from gnomon.op.foundation import no_slope
from gnomon.op.index_arguments import check_same_device
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.view import view_through_storage
from gnomon.ops.slicing import DIAGONAL, SELECT, SLICE, strided_layout

__all__ = ["as_strided_scatter", "diagonal_scatter", "select_scatter", "slice_scatter"]

T = TypeVar("T", bound=TensorCore)
PartOf: TypeAlias = Callable[[TensorCore], TensorCore]


@numpy_names
def select_scatter(
    input: T, src: T, dim: SupportsIndex, index: SupportsIndex, *, out: T | None = None
) -> T:
    """Return ``input`` with the slice at ``index`` of ``dim`` replaced by ``src``, of its
    shape.

    >>> import gnomon as torch
    >>> torch.select_scatter(torch.zeros(2, 2), torch.ones(2), 0, 0)
    tensor([[1., 1.],
            [0., 0.]])
    """
    place = integers("select", (dim, index))
    return _scattered("select_scatter", input, src, lambda x: SELECT(x, *place), out)


@numpy_names
def slice_scatter(
    input: T,
    src: T,
    dim: SupportsIndex = 0,
    start: SupportsIndex | None = None,
    end: SupportsIndex | None = None,
    step: SupportsIndex = 1,
    *,
    out: T | None = None,
) -> T:
    """Return ``input`` with ``start:end:step`` of ``dim`` replaced by ``src``, of that shape.

    >>> import gnomon as torch
    >>> torch.slice_scatter(torch.zeros(4), torch.ones(2), start=1, end=3)
    tensor([0., 1., 1., 0.])
    """
    along, every = integers("slice", (dim, step))
    first, last = [
        None if bound is None else integers("slice", (bound,))[0] for bound in (start, end)
    ]
    part: PartOf = lambda x: SLICE(x, along, first, last, every)  # noqa: E731
    return _scattered("slice_scatter", input, src, part, out)


@numpy_names
def diagonal_scatter(
    input: T,
    src: T,
    offset: SupportsIndex = 0,
    dim1: SupportsIndex = 0,
    dim2: SupportsIndex = 1,
    *,
    out: T | None = None,
) -> T:
    """Return ``input`` with a diagonal replaced by ``src``, of the diagonal's shape.

    >>> import gnomon as torch
    >>> torch.diagonal_scatter(torch.zeros(2, 2), torch.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    place = integers("diagonal", (offset, dim1, dim2))
    return _scattered("diagonal_scatter", input, src, lambda x: DIAGONAL(x, *place), out)


@numpy_names
def as_strided_scatter(
    input: T,
    src: T,
    size: Sequence[SupportsIndex],
    stride: Sequence[SupportsIndex],
    storage_offset: SupportsIndex | None = None,
    *,
    out: T | None = None,
) -> T:
    """Return ``input`` with its part under other strides replaced by ``src``, of shape
    ``size``.

    Strides in which two indices share a position are a RuntimeError: which element of ``src``
    would stay there is not defined.

    >>> import gnomon as torch
    >>> torch.as_strided_scatter(torch.zeros(2, 2), torch.ones(2), (2,), (3,))
    tensor([[1., 0.],
            [0., 1.]])
    """
    layout = strided_layout("as_strided_scatter", input, size, stride, storage_offset)
    part: PartOf = lambda x: view_through_storage(x, layout)  # noqa: E731
    return _scattered("as_strided_scatter", input, src, part, out)


def _scattered(operation: str, input: T, src: T, part: PartOf, out: T | None) -> T:
    result = _replaced(operation, input, src, part)
    return result if out is None else deliver(operation, result, out, (input, src))


def _replaced(operation: str, input: T, src: TensorCore, part: PartOf) -> T:
    """Return a copy of ``input`` whose ``part`` is ``src``."""
    check_same_device(operation, input, src)
    layout = input.operand.layout
    kept = layout if layout.is_injective else layout.dense_like()
    with no_grad():
        result = clone_as(input, kept)
        target = part(result)
        expected, given = target.operand.layout.shape, src.operand.layout.shape
        if expected != given:
            raise RuntimeError(
                explain(
                    operation,
                    "expected src to have a size equal to the slice of self. src size = "
                    f"{list(given)}, slice size = {list(expected)}",
                    input,
                    src,
                    remedy="Expand src",
                )
            )
        assign(target, src)
    if recording(input, src):
        derivative = partial(_back, operation, part, kept)
        node = OperationNode(node_label(operation), (input, src), (result,), (), derivative)
        set_history(result, node)
    return result


def _back(
    operation: str,
    part: PartOf,
    layout: Layout,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return None, None
    laid_out = clone_as(cotangent, layout)
    of_src = part(laid_out)
    with no_grad():
        nothing = no_slope(of_src)
    return _replaced(operation, laid_out, nothing, part), of_src
