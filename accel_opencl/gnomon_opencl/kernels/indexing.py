"""Reading through indices: a loop over rows, like the elementwise ones.

Rows of neighbouring cells that are named by one index are moved in vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, final

from gnomon.backend import (
    IndexedDimension,
    Layout,
    Operand,
    collapse_together,
    uint8,
    uint16,
    uint32,
    uint64,
)
from gnomon_opencl.element_types import ElementType, element_type
from gnomon_opencl.generation import (
    fill_in,
    group_attribute,
    plan_rows,
    rows_text,
    slices,
    walk_text,
    whole_source,
)
from gnomon_opencl.kernels.bounds import (
    Bound,
    add_bounds,
    any_is_refused,
    bounds_of,
    findings_of,
    is_large,
    refuse,
)
from gnomon_opencl.runtime import Question, Runtime, buffer_of
from gnomon_opencl.traits import Traits

#: Cells are moved unread, as unsigned integers of their size.
_CELLS: Final = {1: uint8, 2: uint16, 4: uint32, 8: uint64}
_CACHED: Final = 1024


@final
class _Launch(NamedTuple):
    """A kernel and all of its arguments but the buffers."""

    source: str
    plan: bytes
    items: int


def gather(
    runtime: Runtime, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
) -> None:
    """Write to ``output``, which is fresh, what the indices find."""
    if not output.layout.numel:
        return
    buffers = [
        buffer_of(each) for each in (output, source, *[each.indices for each in indexed])
    ]
    questions: list[Question] = [
        (launch.source, "gather", [*buffers, launch.plan], launch.items)
        for launch in _launches(
            element_type(_CELLS[output.dtype.itemsize]),
            (output.layout, source.layout, *[each.indices.layout for each in indexed]),
            bounds_of(indexed),
            is_large(source) or is_large(output),
            runtime.traits,
        )
    ]
    if any_is_refused(runtime, questions, findings_of(indexed)):
        refuse(runtime, indexed)


@lru_cache(_CACHED)
def _launches(
    cells: ElementType,
    given: tuple[Layout, ...],
    bounds: tuple[Bound, ...],
    wide_index: bool,
    traits: Traits,
) -> tuple[_Launch, ...]:
    """Return the launches for an output, a source and indices of these layouts."""
    made = []
    for part in slices(collapse_together(given, any_order=True)):
        plan, items = plan_rows(dict(enumerate(part)), traits, wide_index)
        add_bounds(plan, bounds)
        moving = tuple([layout.strides[-1] != 0 for layout in part[2:]])
        beside = part[0].strides[-1] == part[1].strides[-1] == 1
        lanes = traits.lanes_of(cells.dtype.itemsize)
        whole = plan.members["parts"] == 1 and lanes > 1
        text = _source(
            cells,
            moving,
            beside and whole and not any(moving),
            len(part[0].shape) - 1,
            plan.index,
            plan.declaration(),
            traits,
        )
        made.append(_Launch(text, plan.packed(), items))
    return tuple(made)


@lru_cache(_CACHED)
def _source(
    cells: ElementType,
    moving: tuple[bool, ...],
    in_rows: bool,
    inner: int,
    index: str,
    declaration: str,
    traits: Traits,
) -> str:
    """Return the kernel for indices of which some vary along the dim ``inner``, the last."""
    numbers = range(2, len(moving) + 2)
    walk = walk_text(inner, "line", range(len(moving) + 2), index, " " * 8)
    # Indices that stay the same along a row are looked up once a row.
    walk += f"        {index} found = at1; bool inside = true;\n"
    walk += "".join(
        f"        {_lookup_text(k, f'at{k}', index)}\n" for k in numbers if not moving[k - 2]
    )
    parameters = [
        f"__global {cells.storage} *p0",
        f"__global const {cells.storage} *p1",
        *[f"__global const long *p{k}" for k in numbers],
        "const Plan plan",
        "__global int *flag",
    ]
    if in_rows:
        text = fill_in(
            _ROWS_OF_CELLS,
            {
                "ATTRIBUTE": group_attribute(traits.group_size),
                "PARAMETERS": ", ".join(parameters),
                "INDEX": index,
                "WALK": walk,
                "LANES": str(traits.lanes_of(cells.dtype.itemsize)),
            },
        )
        return whole_source(declaration, text)
    body = [
        f"{index} at = found + i * plan.stride1_{inner};",
        "bool reached = inside;",
        *[
            _lookup_text(k, f"at{k} + i * plan.stride{k}_{inner}", index, "at", "reached")
            for k in numbers
            if moving[k - 2]
        ],
        f"if (reached) p0[at0 + i * plan.stride0_{inner}] = p1[at];",
        "else *flag = 1;",
    ]
    text = "\n".join(f"            {line}" for line in body)
    return whole_source(
        declaration, rows_text("gather", parameters, walk, text, index, 1, traits)
    )


def _lookup_text(
    operand: int, place: str, index: str, at: str = "found", inside: str = "inside"
) -> str:
    """Return the statement that adds what one index says to ``at``, if it is in range."""
    return (
        f"{{ const long index = p{operand}[{place}]; "
        f"if (index < plan.lowest{operand} || index >= plan.reach{operand}) {inside} = false; "
        f"else {at} += ({index})(index < 0 ? index + plan.reach{operand} : index)"
        f" * plan.step{operand}; }}"
    )


_ROWS_OF_CELLS: Final = """\
__kernel $ATTRIBUTE$ void gather($PARAMETERS$) {
    const $INDEX$ first = ($INDEX$)get_global_id(0) * plan.batch;
    const $INDEX$ last = min(first + plan.batch, plan.rows);
    for ($INDEX$ each = first; each < last; ++each) {
        $INDEX$ line = each;
$WALK$
        if (!inside) { *flag = 1; continue; }
        $INDEX$ i = 0;
        for (; i + $LANES$ <= plan.row; i += $LANES$)
            vstore$LANES$(vload$LANES$(0, p1 + found + i), 0, p0 + at0 + i);
        for (; i < plan.row; ++i) p0[at0 + i] = p1[found + i];
    }
}
"""
