"""Writing through indices.

What arrives at one place is combined in logical order, on every run: work-items therefore own
places, not elements that arrive. What the indices leave in order has places of its own for each
of its elements; for each of them, every owner looks at all indices and takes those whose place
falls to it. On processors, rows of neighbouring elements that are named by one index go to
their owner as a whole, in vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Final, NamedTuple, final

from gnomon.backend import (
    DType,
    IndexedDimension,
    Layout,
    Operand,
    Scalar,
    collapse_together,
    float32,
    uint8,
    uint16,
    uint32,
    uint64,
)
from gnomon_opencl.element_types import ElementType, element_type, kind_of
from gnomon_opencl.generation import (
    Plan,
    fill_in,
    group_attribute,
    needs_wide_index,
    slices,
    types_text,
    walk_text,
    whole_source,
)
from gnomon_opencl.kernels import copying
from gnomon_opencl.kernels.bounds import Bound, add_bounds, bounds_of, check, is_large
from gnomon_opencl.runtime import Argument, Runtime, buffer_of
from gnomon_opencl.traits import Traits

#: Cells are moved unread, as unsigned integers of their size.
_CELLS: Final = {1: uint8, 2: uint16, 4: uint32, 8: uint64}
_CACHED: Final = 1024
#: Owners of places on a card, enough for its lanes; on a processor each core is one.
_OWNERS: Final = 4096

#: Combinations that round what they keep.
_ACCUMULATING: Final = ("add", "multiply")
#: What a place becomes when ``b`` arrives where ``a`` is; see ``meanings``.
_COMBINATIONS: Final = {
    "add": {"floating": "a + b", "integer": "S(U(a) + U(b))", "boolean": "a | b"},
    "multiply": {"floating": "a * b", "integer": "S(U(a) * U(b))", "boolean": "a & b"},
    "maximum": dict.fromkeys(
        ("floating", "integer", "boolean"), "((b > a) | (b != b)) ? b : a"
    ),
    "minimum": dict.fromkeys(
        ("floating", "integer", "boolean"), "((b < a) | (b != b)) ? b : a"
    ),
}


def can_combine(name: str) -> bool:
    """Return whether values can be written through indices in the way called ``name``."""
    return name == "replace" or name in _COMBINATIONS


@final
class _Form(NamedTuple):
    """What the text of a scatter depends on."""

    name: str
    dtype: DType
    #: Whether what arrives is an operand, not a number.
    from_operand: bool
    lookups: int
    #: Dims that the indices leave in order, and all dims but that of a row.
    kept: int
    dims: int
    #: The stride of what arrives along a row, any but 0 and 1 being alike; None without rows.
    row_step: int | None
    index_type: str


@final
class _Launch(NamedTuple):
    """A kernel and all of its arguments but the buffers and the number."""

    source: str
    plan: bytes
    items: int


def scatter(
    runtime: Runtime,
    name: str,
    source: Operand | Scalar,
    indexed: Sequence[IndexedDimension],
    destination: Operand,
) -> None:
    """Combine ``source`` into ``destination``, in logical order, as ``name`` says."""
    if not destination.layout.numel:
        return
    check(runtime, indexed)
    dtype = destination.dtype
    if name in _ACCUMULATING and element_type(dtype).is_half:
        _accumulate_in_singles(runtime, name, source, indexed, destination)
        return
    if name == "replace":
        dtype = _CELLS[dtype.itemsize]
        if isinstance(source, Operand):
            source = source._replace(dtype=dtype)
        else:
            packed = memoryview(destination.dtype.pack([source])).cast("B")
            (source,) = packed.cast(dtype.cell)
    from_operand = isinstance(source, Operand)
    value: Argument = (
        buffer_of(source) if isinstance(source, Operand) else element_type(dtype).packed(source)
    )
    buffers = [buffer_of(each.indices) for each in indexed]
    for launch in _launches(
        name,
        dtype,
        from_operand,
        (
            destination.layout,
            source.layout if isinstance(source, Operand) else destination.layout,
            *[each.indices.layout for each in indexed],
        ),
        bounds_of(indexed),
        is_large(destination),
        runtime.traits,
    ):
        arguments = [buffer_of(destination), value, *buffers, launch.plan]
        runtime.launch(launch.source, "scatter", arguments, launch.items)


def _accumulate_in_singles(
    runtime: Runtime,
    name: str,
    source: Operand | Scalar,
    indexed: Sequence[IndexedDimension],
    destination: Operand,
) -> None:
    """Combine 16-bit floats in a copy of all that the indices reach, so that sums and products
    are rounded once.
    """
    shape, strides, offset = destination.layout
    kept = [dim for dim, stride in enumerate(strides) if stride and shape[dim] > 1]
    sizes = (*(shape[dim] for dim in kept), *(each.size for each in indexed))
    steps = (*(strides[dim] for dim in kept), *(each.stride for each in indexed))
    reached = destination.under(Layout(sizes, steps, offset))
    singles = _converted(runtime, reached)
    places = singles.layout.strides
    spread = [0] * len(shape)
    for dim, stride in zip(kept, places, strict=False):
        spread[dim] = stride
    scatter(
        runtime,
        name,
        _converted(runtime, source) if isinstance(source, Operand) else source,
        [
            each._replace(stride=stride)
            for each, stride in zip(indexed, places[len(kept) :], strict=True)
        ],
        singles.under(Layout(shape, tuple(spread), 0)),
    )
    copying.copy(runtime, singles, reached)


def _converted(runtime: Runtime, operand: Operand) -> Operand:
    """Return a contiguous float32 copy of ``operand``."""
    output = copying.fresh(operand, float32)
    copying.copy(runtime, operand, output)
    return output


@lru_cache(_CACHED)
def _launches(
    name: str,
    dtype: DType,
    from_operand: bool,
    given: tuple[Layout, ...],
    bounds: tuple[Bound, ...],
    wide_index: bool,
    traits: Traits,
) -> tuple[_Launch, ...]:
    """Return the launches for a destination, a source and indices of these layouts."""
    # Elements that differ in a dim the indices leave in order never meet: those dims may come
    # first.
    strides = given[0].strides
    order = sorted(range(len(strides)), key=lambda dim: strides[dim] == 0)
    made = []
    for part in slices(collapse_together([layout.permute(order) for layout in given])):
        kept = sum(stride != 0 for stride in part[0].strides)
        row = _row_of(part, kept, traits.lanes_of(dtype.itemsize))
        dims = len(part[0].shape)
        row_step: int | None = None
        if row is not None:
            last = [dim for dim in range(dims) if dim != row]
            part = [layout.permute((*last, row)) for layout in part]
            kept, dims = kept - 1, dims - 1
            row_step = min(part[1].strides[-1], 2)
        plan, items = _plan_owners(part, kept, dims, traits, wide_index)
        add_bounds(plan, bounds)
        form = _Form(name, dtype, from_operand, len(bounds), kept, dims, row_step, plan.index)
        made.append(_Launch(_source(form, plan.declaration(), traits), plan.packed(), items))
    return tuple(made)


def _row_of(part: Sequence[Layout], kept: int, lanes: int) -> int | None:
    """Return the dim along which neighbouring elements are named by the same indices."""
    destination, _, *indices = part
    for dim in range(kept):
        if (
            lanes > 1
            and destination.strides[dim] == 1
            and destination.shape[dim] >= lanes
            and not any(layout.strides[dim] for layout in indices)
        ):
            return dim
    return None


def _plan_owners(
    part: Sequence[Layout], kept: int, dims: int, traits: Traits, wide_index: bool
) -> tuple[Plan, int]:
    """Return the plan of a scatter and its work-items: for each element of the first ``kept``
    dims, as many owners of places, a power of two, as keep the device busy.
    """
    shape = part[0].shape
    separate, lines = prod(shape[:kept]), prod(shape[kept:dims])
    wanted = _OWNERS
    if traits.is_processor:
        wanted = traits.compute_units
    owners = 1 << (min(-(-wanted // separate), lines) - 1).bit_length()
    plan = Plan(wide_index or needs_wide_index(part))
    plan.members |= {
        "items": separate * owners,
        "owners": owners,
        "lines": lines,
    }
    plan.add_shape(shape)
    for number, layout in enumerate(part):
        plan.add_layout(number, layout)
    return plan, separate * owners


@lru_cache(_CACHED)
def _source(form: _Form, declaration: str, traits: Traits) -> str:
    kind = element_type(form.dtype)
    lanes = 1 if form.row_step is None else traits.lanes_of(form.dtype.itemsize)
    index, numbers = form.index_type, range(2, form.lookups + 2)
    operands = [0, *([1] if form.from_operand else []), *numbers]
    combined = "b"
    if form.name != "replace":
        combined = _COMBINATIONS[form.name][kind_of(form.dtype)]
    if form.row_step is None:
        present = kind.load(1, "p0", "at0")
        arriving = kind.load(1, "p1", "at1") if form.from_operand else "n1"
        store = kind.store(1, f"combined({present}, {arriving})", "p0", "at0")
    else:
        store = _row_text(form, kind, lanes)
    return whole_source(
        types_text(kind, lanes, traits),
        f"static T combined(T a, T b) {{ return {combined}; }}\n",
        declaration,
        _OWNED,
        fill_in(
            _SCATTER_COLLECTED if traits.is_processor else _SCATTER,
            {
                "ATTRIBUTE": group_attribute(traits.group_size),
                "STORAGE": kind.storage,
                "SOURCE": f"__global const {kind.storage} *p1"
                if form.from_operand
                else f"const {kind.compute} n1",
                "INDICES": "".join(f"__global const long *p{k}, " for k in numbers),
                "INDEX": index,
                "BASE": walk_text(form.kept, "separate", operands, index, at="base"),
                "WALK": walk_text(
                    form.dims, "line", operands, index, " " * 8, first=form.kept, base="base"
                ),
                "LOOKUPS": "".join(f"        {_wrapped_text(k, index)}\n" for k in numbers),
                "STORE": store,
                "FROM": "at1" if form.from_operand else "0",
            },
        ),
    )


def _row_text(form: _Form, kind: ElementType, lanes: int) -> str:
    """Return the loop that combines a row into its place, in vectors."""
    cells = f"{kind.compute} cells[{lanes}];"
    each = f"for (int lane = 0; lane < {lanes}; ++lane) cells[lane] ="
    place = "min(i + lane, length - 1)"
    step = f" * plan.stride1_{form.dims}"
    if not form.from_operand or not form.row_step:
        number = kind.load(1, "p1", "at1") if form.from_operand else "n1"
        whole = part = f"arriving = (T)({number});"
    else:
        one = kind.load(1, "p1", f"(at1 + {place}{step if form.row_step > 1 else ''})")
        gathered = f"{each} {one}; arriving = vload{lanes}(0, cells); }}"
        part = f"{{ {cells} ROLLED {gathered}"
        whole = f"arriving = {kind.load(lanes, 'p1', '(at1 + i)')};"
        if form.row_step > 1:
            whole = f"{{ {cells} {gathered}"
    present = f"{{ {cells} ROLLED {each} {kind.load(1, 'p0', f'(at0 + {place})')}; "
    result = f"combined({kind.load(lanes, 'p0', '(at0 + i)')}, arriving)"
    one = kind.store(1, "cells[lane]", "p0", "(at0 + i + lane)")
    return f"""\
        const {form.index_type} length = plan.size{form.dims};
        {form.index_type} i = 0;
        T arriving;
        for (; i + {lanes} <= length; i += {lanes}) {{
            {whole}
            {kind.store(lanes, result, "p0", "(at0 + i)")}
        }}
        if (i < length) {{
            {part}
            {present}
              vstore{lanes}(combined(vload{lanes}(0, cells), arriving), 0, cells);
              ROLLED for (int lane = 0; lane < length - i; ++lane) {one} }}
        }}"""


def _wrapped_text(operand: int, index: str) -> str:
    return (
        f"{{ const long index = p{operand}[at{operand}]; "
        f"inside &= index >= plan.lowest{operand} & index < plan.reach{operand}; "
        f"place += ({index})(index < 0 ? index + plan.reach{operand} : index)"
        f" * plan.step{operand}; }}"
    )


# The factor, 2^64 over the golden ratio, spreads neighbouring places over the owners (D. Knuth,
# "The Art of Computer Programming", volume 3, section 6.4).
_OWNED: Final = """\
static bool owned(long place, long owner, long owners) {
    const ulong spread = (ulong)place * 0x9e3779b97f4a7c15UL >> 32;
    return (spread & (ulong)(owners - 1)) == (ulong)owner;
}
"""
_SCATTER: Final = """\
__kernel $ATTRIBUTE$ void scatter(
    __global $STORAGE$ *p0, $SOURCE$, $INDICES$const Plan plan
) {
    const $INDEX$ item = get_global_id(0);
    if (item >= plan.items) return;
    $INDEX$ separate = item / plan.owners;
    const $INDEX$ owner = item - separate * plan.owners;
$BASE$
    for ($INDEX$ number = 0; number < plan.lines; ++number) {
        $INDEX$ line = number;
$WALK$
        $INDEX$ place = 0;
        bool inside = true;
$LOOKUPS$
        if (!inside || !owned(place, owner, plan.owners)) continue;
        at0 += place;
        $STORE$
    }
}
"""
# On a processor an owner first collects the lines that fall to it, then combines them: a branch
# for each line would be guessed wrong too often, and little would be read ahead.
_SCATTER_COLLECTED: Final = """\
#define BLOCK 256
__kernel $ATTRIBUTE$ void scatter(
    __global $STORAGE$ *p0, $SOURCE$, $INDICES$const Plan plan
) {
    const $INDEX$ item = get_global_id(0);
    if (item >= plan.items) return;
    $INDEX$ separate = item / plan.owners;
    const $INDEX$ owner = item - separate * plan.owners;
$BASE$
    $INDEX$ to[BLOCK];
    $INDEX$ from[BLOCK];
    for ($INDEX$ start = 0; start < plan.lines; start += BLOCK) {
        const $INDEX$ stop = min(start + BLOCK, plan.lines);
        int count = 0;
        for ($INDEX$ number = start; number < stop; ++number) {
            $INDEX$ line = number;
$WALK$
            $INDEX$ place = 0;
            bool inside = true;
$LOOKUPS$
            to[count] = at0 + place;
            from[count] = $FROM$;
            count += inside && owned(place, owner, plan.owners);
        }
        for (int k = 0; k < count; ++k) {
            const $INDEX$ at0 = to[k], at1 = from[k];
$STORE$
        }
    }
}
"""
