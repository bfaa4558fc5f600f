"""Views: a tensor read through another layout of its storage, and the one derivative they
share.

A view is a function from layout to layout (``gnomon.layout``). Applied to the contiguous layout
of the input's shape, the same function says which element of the input each element of the view
is; the cotangent of the input is the view's, accumulated through that layout. ``accumulate``
and ``read_through`` are each other's derivative, so views differentiate any number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Concatenate, Final, Generic, ParamSpec, TypeVar, final

from gnomon.backend import Backend, IndexedDimension, Operand
from gnomon.core import Cotangents, Node, TensorCore, ViewKind, ViewRelation
from gnomon.dispatch import allocate, contiguous, filled
from gnomon.graph.modes import modes
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.layout import Layout, output_layout
from gnomon.op.copy import COPY
from gnomon.op.copying import clone_as
from gnomon.op.derivative import node_label
from gnomon.op.index_arguments import index_operand
from gnomon.op.scatter_records import ADD_TO

T = TypeVar("T", bound=TensorCore)
P = ParamSpec("P")

#: Tables of positions that are kept, and their entries at most.
_KEPT: Final = 32
_MOST_KEPT: Final = 1 << 18


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View(Generic[P]):
    """An operation that returns its input's storage under another layout, such as
    ``transpose``.
    """

    name: str
    layout: Callable[Concatenate[Layout, P], Layout]
    #: A faster form of the shared derivative: ``(cotangent, input's shape) -> cotangent of the
    #: input``.
    vjp: Callable[[TensorCore, tuple[int, ...]], TensorCore] | None = None
    node_name: str = ""

    def __call__(self, input: T, /, *args: P.args, **kwargs: P.kwargs) -> T:
        operand = input.operand
        layout = self.layout(operand.layout, *args, **kwargs)
        return view_of(
            input,
            layout,
            self.node_name or node_label(self.name),
            lambda whole: self.layout(whole, *args, **kwargs),
            vjp=self.vjp,
        )


def view_of(
    input: T,
    layout: Layout,
    label: str,
    relative: Callable[[Layout], Layout],
    kind: ViewKind = ViewKind.DIFFERENTIABLE,
    vjp: Callable[[TensorCore, tuple[int, ...]], TensorCore] | None = None,
) -> T:
    """Return ``input``'s storage under ``layout``, as a view that shares its history.

    ``relative`` maps the contiguous layout of the input's shape to where the view reads in it.
    """
    result = alias_of(input, layout, kind)
    if recording(input) and not result.made_for_inference:
        derivative = partial(through_view, input.operand.layout.shape, relative, vjp)
        set_history(result, OperationNode(label, (input,), (result,), (), derivative))
    return result


def alias_of(input: T, layout: Layout, kind: ViewKind = ViewKind.DIFFERENTIABLE) -> T:
    """Return ``input``'s storage under ``layout``, known to be a view but without a node."""
    operand = input.operand
    result = input.like(Operand(operand.storage, layout, operand.dtype))
    result.counts_writes = input.counts_writes
    result.made_for_inference = input.made_for_inference
    if input.made_for_inference:
        return result
    source = input.autograd
    parent = source.view if source is not None else None
    if modes.inference:
        kind = ViewKind.INFERENCE
    elif not modes.grad:
        kind = ViewKind.NO_GRAD
    elif parent is not None and parent.kind is not ViewKind.DIFFERENTIABLE:
        kind = parent.kind
    base = input if parent is None else parent.base
    version = operand.storage.version
    result.autograd_state().view = ViewRelation(base, kind, version, view_node_from_base)
    return result


def views_of(
    input: T,
    layouts: Sequence[Layout],
    label: str,
    relative: Callable[[Layout], Sequence[Layout]],
) -> tuple[T, ...]:
    """Return ``input``'s storage under several layouts without a common position.

    All are outputs of one node, so none may be written to in place while gradients are
    recorded. ``relative`` is as for :func:`view_of`.
    """
    results = tuple([alias_of(input, layout, ViewKind.MULTIPLE) for layout in layouts])
    if recording(input) and results and not results[0].made_for_inference:
        derivative = partial(_through_views, input.operand.layout, relative)
        node = OperationNode(label, (input,), results, (), derivative)
        for index, result in enumerate(results):
            set_history(result, node, index)
    return results


def _through_views(
    given: Layout,
    relative: Callable[[Layout], Sequence[Layout]],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    """The derivative of views, which lies as the input does: views before need not copy it."""
    whole = output_layout([given])
    parts: list[TensorCore] = []
    layouts: list[Layout] = []
    for cotangent, layout in zip(cotangents, relative(whole), strict=True):
        if cotangent is not None:
            parts.append(cotangent)
            layouts.append(layout)
    if not parts:
        return (None,)
    order = sorted(range(whole.ndim), key=whole.strides.__getitem__, reverse=True)
    cells = assemble(parts, layouts, whole.numel)
    ordered = view_as(cells, tuple([whole.shape[dim] for dim in order]))
    return (permuted(ordered, [order.index(dim) for dim in range(whole.ndim)]),)


def through_view(
    shape: tuple[int, ...],
    relative: Callable[[Layout], Layout],
    vjp: Callable[[TensorCore, tuple[int, ...]], TensorCore] | None,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    """The derivative of a view: see :func:`view_of`; ``shape`` is the input's."""
    (cotangent,) = cotangents
    if cotangent is None:
        return (None,)
    if vjp is not None:
        return (vjp(cotangent, shape),)
    whole = Layout.contiguous(shape)
    read = relative(whole)
    if read.is_dense and read.numel == whole.numel:
        # The view showed every element once, so the cotangent needs no more than another view.
        order = sorted(range(read.ndim), key=read.strides.__getitem__, reverse=True)
        return (reshaped(permuted(cotangent, order), shape),)
    return (view_as(accumulate(cotangent, read, whole.numel), shape),)


def reshaped(input: T, shape: tuple[int, ...]) -> T:
    """Return the elements of ``input`` as ``shape``: a view where strides allow it, else a
    copy.
    """
    layout = input.operand.layout
    if layout.shape == shape:
        return input
    if layout.view_or_none(shape) is None:
        input = clone_as(input, Layout.contiguous(layout.shape))
    return view_as(input, shape)


def view_through_storage(input: T, layout: Layout) -> T:
    """Return the part of ``input``'s storage under ``layout``, whatever the input's own layout
    is.

    The general ``as_strided``: positions that the input does not have give it no gradient.
    """
    result = view_of(input, layout, "AsStridedBackward0", lambda whole: whole)
    if recording(input):
        set_history(result, view_node_from_base(input, result))
    return result


def view_node_from_base(base: TensorCore, view: TensorCore) -> Node:
    """Return a node for ``view`` that reads it from ``base`` as the base is now."""
    base_layout, view_layout = base.operand.layout, view.operand.layout
    return OperationNode(
        "AsStridedBackward0",
        (base,),
        (view,),
        (),
        partial(_through_storage, base_layout, view_layout),
    )


def _through_storage(
    base: Layout,
    view: Layout,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    return (None if cotangent is None else through_storage(base, view, cotangent),)


def through_storage(base: Layout, view: Layout, cotangent: T) -> T:
    """Return the cotangent of what ``base`` reads, given that of what ``view`` reads."""
    # A view may reach beyond its base; what arrives there is nobody's.
    start = min(base.span[0], view.span[0])
    end = max(base.span[1], view.span[1])
    cells = accumulate(cotangent, view._replace(offset=view.offset - start), end - start)
    return read_through(cells, base._replace(offset=base.offset - start))


def accumulate(cotangent: T, layout: Layout, cells: int) -> T:
    """Return ``cells`` zeros to which each element of ``cotangent`` is added at its place.

    The derivative of reading a tensor of ``cells`` elements through ``layout``.
    """
    if layout.is_injective:
        return assemble((cotangent,), (layout,), cells)
    operand = cotangent.operand
    backend, dtype = operand.storage.backend, operand.dtype
    output = filled(backend, (cells,), dtype, 0)
    index = _positions(operand, layout)
    backend.scatter(
        ADD_TO, operand, [IndexedDimension(index, cells, 1)], _spread(output, layout.shape)
    )
    return _collected(cotangent.like(output), (cotangent,), (layout,))


def assemble(cotangents: Sequence[T], layouts: Sequence[Layout], cells: int) -> T:
    """Return ``cells`` zeros with each cotangent written to its layout; none share a place."""
    prototype = cotangents[0].operand
    backend, dtype = prototype.storage.backend, prototype.dtype
    if sum([layout.numel for layout in layouts]) == cells:
        output = allocate(backend, Layout.contiguous((cells,)), dtype)
    else:
        output = filled(backend, (cells,), dtype, 0)
    for cotangent, layout in zip(cotangents, layouts, strict=True):
        if layout.numel:
            place = Operand(output.storage, layout, dtype)
            backend.elementwise(COPY, (cotangent.operand,), place)
    return _collected(cotangents[0].like(output), cotangents, layouts)


def _collected(result: T, cotangents: Sequence[T], layouts: Sequence[Layout]) -> T:
    if recording(*cotangents):
        derivative = partial(_read, layouts)
        label = "AccumulateThroughLayoutBackward0"
        set_history(result, OperationNode(label, cotangents, (result,), (), derivative))
    return result


def _read(
    layouts: Sequence[Layout], cotangents: Cotangents, saved: Sequence[TensorCore | None]
) -> Cotangents:
    (cotangent,) = cotangents
    return [
        None if cotangent is None else read_through(cotangent, layout) for layout in layouts
    ]


def read_through(input: T, layout: Layout) -> T:
    """Return the elements that ``layout`` reads of the 1-d ``input``, in the layout's shape."""
    operand = contiguous(input.operand)
    shifted = layout._replace(offset=layout.offset + operand.layout.offset)
    result = input.like(contiguous(Operand(operand.storage, shifted, operand.dtype)))
    if recording(input):
        cells = operand.layout.numel
        node = OperationNode(
            "ReadThroughLayoutBackward0",
            (input,),
            (result,),
            (),
            partial(_collect, layout, cells),
        )
        set_history(result, node)
    return result


def _collect(
    layout: Layout, cells: int, cotangents: Cotangents, saved: Sequence[TensorCore | None]
) -> Cotangents:
    (cotangent,) = cotangents
    return (None if cotangent is None else accumulate(cotangent, layout, cells),)


def _positions(operand: Operand, layout: Layout) -> Operand:
    """Return where ``layout`` reads, as an int64 operand on ``operand``'s device."""
    make = _kept_positions if layout.numel <= _MOST_KEPT else _made_positions
    return make(operand.storage.backend, layout)


def _made_positions(backend: Backend, layout: Layout) -> Operand:
    return index_operand(backend, list(layout.positions()), layout.shape)


#: Not to be written to; calls with the same layouts, which may be recorded, share them.
_kept_positions = lru_cache(_KEPT)(_made_positions)


def _spread(cells: Operand, shape: tuple[int, ...]) -> Operand:
    """Return ``cells`` as a scatter's destination: every index counts from the first cell."""
    strides = (0,) * len(shape)
    return Operand(cells.storage, Layout(shape, strides, cells.layout.offset), cells.dtype)


view_as = View(name="view", layout=Layout.view)
permuted = View(name="permute", layout=Layout.permute)
