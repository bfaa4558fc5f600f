"""Kernels that go along rows several times: what a softmax or a norm does, in a few words.

A row is what lies along some dims of the operands, and a :class:`RowProgram` says what each
pass over it adds up and writes. Three kernels can be made of it. A work-item of a processor
goes along whole rows in vectors; or, where rows lie side by side, down a strip of them, a
vector across; elsewhere a group shares a row and folds as a tree. Which one runs, and so the
order of sums, depends on the layouts and the device only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand, Scalar, collapse_together, float32
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import Plan, needs_wide_index
from gnomon_opencl.kernels.row_programs import RowProgram, Way
from gnomon_opencl.kernels.row_text import GROUP, RowText
from gnomon_opencl.runtime import Argument, Runtime, buffer_of
from gnomon_opencl.traits import WIDE_LANES, Traits

_CACHED: Final = 4096
#: Elements that one work-item of a processor goes through at least, where there are that many.
_ENOUGH_TERMS: Final = 8192
#: Vectors across that are taken together, so that whole cache lines are used, and the number
#: of strips from which on they are.
_VECTORS: Final = 4
_MANY_STRIPS: Final = 8
#: Parts that sums down the rows are made in, and the fewest rows that are worth one.
_PARTS_OF_A_CORE: Final = 8
_FEWEST_ROWS: Final = 16
#: Rows from which on each gets one item, where it does not get a group.
_MANY_ROWS: Final = 8192


@final
class RowLaunch(NamedTuple):
    """A kernel and all of its arguments but the buffers and numbers."""

    source: str
    plan: bytes
    items: int
    group: int


def run_rows(
    runtime: Runtime,
    program: RowProgram,
    operands: Sequence[Operand],
    dims: tuple[int, ...],
    numbers: Sequence[Scalar] = (),
    partial: Sequence[Operand] = (),
) -> None:
    """Run ``program`` along ``dims`` of operands in its order: inputs, outputs, kept ones.

    Kept operands have size 1 along the dims, the others one shape. Arithmetic is in the type
    that elements of the first operand are computed in. ``partial`` has the sums down the rows,
    of a shape (parts, elements of a row): each part is the work of one item.
    """
    launch = row_launch(
        program,
        tuple([operand.dtype for operand in operands]),
        tuple([operand.layout for operand in operands]),
        dims,
        lanes_for(runtime, operands),
        partial[0].layout.shape[0] if partial else 0,
        runtime.traits,
    )
    if launch is None:
        return
    kind = element_type(operands[0].dtype)
    arguments: list[Argument] = [buffer_of(operand) for operand in (*operands, *partial)]
    arguments.append(launch.plan)
    arguments += [kind.packed(number) for number in numbers]
    runtime.launch(launch.source, program.name, arguments, launch.items, launch.group)


@lru_cache(_CACHED)
def row_launch(
    program: RowProgram,
    dtypes: tuple[DType, ...],
    layouts: tuple[Layout, ...],
    dims: tuple[int, ...],
    lanes: int,
    parts: int,
    traits: Traits,
) -> RowLaunch | None:
    """Return the launch that runs ``program``; None if there is no row."""
    whole = len(program.inputs) + len(program.outputs)
    others = [dim for dim in range(layouts[0].ndim) if dim not in dims]
    rows = collapse_together([_only(layout, others) for layout in layouts], any_order=True)
    along = collapse_together(
        [_only(layout, dims)._replace(offset=0) for layout in layouts[:whole]], any_order=True
    )
    if not rows[0].numel:
        return None
    rows = rows if rows[0].shape else [layout.unsqueeze(0) for layout in rows]
    along = along if along[0].shape else [layout.unsqueeze(0) for layout in along]
    if parts:
        together = -(-rows[0].numel // parts)
        way, items = Way("along", lanes, 1, rows[0].ndim, 0, (), (), (), "int"), parts
    else:
        way, items, together = _way(rows, along, lanes, traits)
    spread = [
        Layout(
            place.shape + along[0].shape,
            place.strides + (along[k].strides if k < whole else (0,) * along[0].ndim),
            place.offset,
        )
        for k, place in enumerate(rows)
    ]
    way = way._replace(
        steps=tuple([min(layout.strides[way.lane_dim], 2) for layout in spread]),
        fixed=tuple([not any(layout.strides[way.kept :]) for layout in spread]),
        repeated=tuple([not any(layout.strides[: way.kept]) for layout in spread]),
        index_type="long" if needs_wide_index(spread) else "int",
    )
    plan = Plan(way.index_type == "long")
    plan.members |= {
        "rows": rows[0].numel,
        "terms": along[0].numel,
        "lines": prod(along[0].shape[:-1]),
        "together": together,
    }
    plan.add_shape(spread[0].shape)
    for number, layout in enumerate(spread):
        plan.add_layout(number, layout)
    source = RowText(program, tuple(map(element_type, dtypes)), way, traits).source(plan)
    group = GROUP if way.kernel == "in_groups" else 0
    return RowLaunch(source, plan.packed(), items * (group or 1), group)


def lanes_for(runtime: Runtime, operands: Sequence[Operand]) -> int:
    """Return the lanes of vectors."""
    traits = runtime.traits
    if all(operand.dtype is float32 for operand in operands):
        return traits.float_lanes
    return traits.lanes_of(max(operand.dtype.itemsize for operand in operands))


def parts_of(rows: int, traits: Traits) -> int:
    """Return in how many parts, each of as many rows, an item of a processor each goes along
    ``rows``.
    """
    wanted = max(1, min(_PARTS_OF_A_CORE * traits.compute_units, rows // _FEWEST_ROWS))
    together = -(-rows // wanted)
    return -(-rows // together)


def lie_in_lines(operands: Sequence[Operand], dims: tuple[int, ...]) -> bool:
    """Return whether there are elements, and those along ``dims`` are neighbours in the same
    order, enough for a vector.
    """
    if not operands[0].layout.numel:
        return False
    along = collapse_together([_only(each.layout, dims) for each in operands], any_order=True)
    return (
        along[0].ndim == 1
        and along[0].shape[0] >= WIDE_LANES
        and all(layout.strides[0] == 1 for layout in along)
    )


def _only(layout: Layout, dims: Sequence[int]) -> Layout:
    """Return the dims named of a layout, as they stand at the first element of the others."""
    shape, strides, offset = layout
    return Layout(
        tuple([shape[dim] for dim in dims]), tuple([strides[dim] for dim in dims]), offset
    )


def _way(
    rows: Sequence[Layout], along: Sequence[Layout], lanes: int, traits: Traits
) -> tuple[Way, int, int]:
    """Return how to go, with how many work-items or groups, and how many rows or strips each
    item takes.
    """
    count, terms, columns = rows[0].numel, along[0].numel, rows[0].shape[-1]
    side_by_side = rows[0].strides[-1] == 1 and along[0].strides[-1] != 1
    way = Way("along", 1, 1, rows[0].ndim, along[0].ndim - 1, (), (), (), "int")
    if not traits.is_processor:
        if side_by_side and count >= _MANY_ROWS:
            return way._replace(kernel="across"), count, 1
        return way._replace(kernel="in_groups"), count, 1
    short = along[0].shape[-1] < lanes <= columns
    if not (short or (side_by_side and columns >= lanes // 2)):
        together = max(1, min(_ENOUGH_TERMS // max(terms, 1), count))
        return way._replace(lanes=lanes), -(-count // together), together
    outer = count // columns
    many = outer * (columns // (lanes * _VECTORS)) >= _MANY_STRIPS
    vectors = _VECTORS if many and side_by_side else 1
    strips = outer * -(-columns // (lanes * vectors))
    together = max(1, min(_ENOUGH_TERMS // max(terms * lanes * vectors, 1), strips))
    across = way._replace(kernel="across", lanes=lanes, vectors=vectors)
    return across, -(-strips // together), together
