"""Reading and writing through indices.

Gathering is a loop over rows like the elementwise ones. Scattering must combine what arrives
at one place in logical order, on every run: work-items therefore own places, not elements that
arrive. What the indices leave in order has places of its own for each of its elements; for each
of them, every owner looks at all indices and takes those whose place falls to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Final

from gnomon.backend import (
    DType,
    IndexedDimension,
    Layout,
    Operand,
    Scalar,
    collapse_together,
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
    plan_rows,
    rows_text,
    slices,
    types_text,
    walk_text,
    whole_source,
)
from gnomon_opencl.runtime import Argument, Runtime, buffer_of
from gnomon_opencl.traits import Traits

#: Cells are moved unread, as unsigned integers of their size.
_CELLS: Final = {1: uint8, 2: uint16, 4: uint32, 8: uint64}
_CACHED: Final = 1024
#: Owners of places: enough for the cores of a processor, or for the lanes of a card.
_OWNERS_ON_PROCESSORS: Final = 16
_OWNERS: Final = 4096

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


def gather(
    runtime: Runtime, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
) -> None:
    """Write to ``output``, which is fresh, what the indices find."""
    if not output.layout.numel:
        return
    cells = element_type(_CELLS[output.dtype.itemsize])
    given = [output.layout, source.layout, *[each.indices.layout for each in indexed]]
    buffers = [buffer_of(each.indices) for each in indexed]
    wide_index = _is_large(source) or _is_large(output)
    out_of_range = False
    for part in slices(collapse_together(given, any_order=True)):
        plan, items = plan_rows(dict(enumerate(part)), runtime.traits, wide_index)
        _add_dimensions(plan, indexed)
        varies = tuple([layout.strides[-1] != 0 for layout in part[2:]])
        text = _gather_source(
            cells, varies, len(part[0].shape), plan.index, plan.declaration(), runtime.traits
        )
        arguments = [buffer_of(output), buffer_of(source), *buffers, plan.packed()]
        out_of_range |= runtime.flag_is_set(text, "gather", arguments, items)
    if out_of_range:
        _refuse(runtime, indexed)


@lru_cache(_CACHED)
def _gather_source(
    cells: ElementType,
    varies: tuple[bool, ...],
    dims: int,
    index: str,
    declaration: str,
    traits: Traits,
) -> str:
    operands = range(len(varies) + 2)
    fixed = [k for k, varying in enumerate(varies, 2) if not varying]
    moving = [k for k, varying in enumerate(varies, 2) if varying]
    walk = walk_text(dims - 1, "line", operands, index, " " * 8)
    # Indices that stay the same along a row are looked up once a row.
    walk += f"        {index} found = at1; bool inside = true;\n"
    walk += "".join(f"        {_lookup_text(k, f'at{k}', index)}\n" for k in fixed)
    inner = dims - 1
    body = [
        f"{index} at = found + i * plan.stride1_{inner};",
        "bool reached = inside;",
        *[
            _lookup_text(k, f"at{k} + i * plan.stride{k}_{inner}", index, "at", "reached")
            for k in moving
        ],
        f"if (reached) p0[at0 + i * plan.stride0_{inner}] = p1[at];",
        "else *flag = 1;",
    ]
    parameters = [
        f"__global {cells.storage} *p0",
        f"__global const {cells.storage} *p1",
        *[f"__global const long *p{k}" for k in operands[2:]],
        "const Plan plan",
        "__global int *flag",
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


def _add_dimensions(plan: Plan, indexed: Sequence[IndexedDimension]) -> None:
    """Add the bounds and the step of each dimension; its indices are operand 2, 3, ..."""
    for operand, dimension in enumerate(indexed, 2):
        plan.members |= {
            f"lowest{operand}": -dimension.size if dimension.negative else 0,
            f"reach{operand}": dimension.size,
            f"step{operand}": dimension.stride,
        }


def _is_large(operand: Operand) -> bool:
    cells = operand.storage.nbytes // operand.dtype.itemsize
    return needs_wide_index([Layout.contiguous((cells,))])


def _refuse(runtime: Runtime, indexed: Sequence[IndexedDimension]) -> None:
    """Raise IndexError for the dimension whose index is out of range, of which there is one."""
    for dimension in indexed:
        if not _in_range(runtime, dimension):
            lowest = -dimension.size if dimension.negative else 0
            raise IndexError(
                f"an index is out of bounds for dimension with size {dimension.size}. Indices "
                f"lie in [{lowest}, {dimension.size - 1}]."
            )


def _in_range(runtime: Runtime, dimension: IndexedDimension) -> bool:
    layout = dimension.indices.layout.collapse()
    if not layout.numel:
        return True
    part = layout if layout.shape else layout.unsqueeze(0)
    plan, items = plan_rows({0: part}, runtime.traits)
    plan.members |= {
        "lowest": -dimension.size if dimension.negative else 0,
        "reach": dimension.size,
    }
    dims = len(part.shape)
    body = (
        f"            const long index = p0[at0 + i * plan.stride0_{dims - 1}];\n"
        "            if (index < plan.lowest || index >= plan.reach) *flag = 1;"
    )
    walk = walk_text(dims - 1, "line", [0], plan.index, " " * 8)
    parameters = ["__global const long *p0", "const Plan plan", "__global int *flag"]
    text = whole_source(
        plan.declaration(),
        rows_text("check", parameters, walk, body, plan.index, 1, runtime.traits),
    )
    arguments: list[Argument] = [buffer_of(dimension.indices), plan.packed()]
    return not runtime.flag_is_set(text, "check", arguments, items)


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
    _refuse(runtime, indexed)
    dtype = destination.dtype
    if name == "replace":
        dtype = _CELLS[dtype.itemsize]
        if isinstance(source, Operand):
            source = source._replace(dtype=dtype)
        else:
            packed = memoryview(destination.dtype.pack([source])).cast("B")
            (source,) = packed.cast(dtype.cell)
    from_operand = isinstance(source, Operand)
    given = [
        destination.layout,
        source.layout if isinstance(source, Operand) else destination.layout,
        *[each.indices.layout for each in indexed],
    ]
    value: Argument = (
        element_type(dtype).packed(source)
        if not isinstance(source, Operand)
        else buffer_of(source)
    )
    buffers = [buffer_of(each.indices) for each in indexed]
    wide_index = _is_large(destination)
    # Elements that differ in a dim the indices leave in order never meet: those dims may come
    # first.
    strides = destination.layout.strides
    order = sorted(range(len(strides)), key=lambda dim: strides[dim] == 0)
    for part in slices(collapse_together([layout.permute(order) for layout in given])):
        kept = sum(stride != 0 for stride in part[0].strides)
        plan, items = _plan_owners(part, kept, runtime.traits, wide_index)
        _add_dimensions(plan, indexed)
        text = _scatter_source(
            name,
            dtype,
            from_operand,
            len(indexed),
            len(part[0].shape),
            kept,
            plan.index,
            plan.declaration(),
            runtime.traits,
        )
        arguments = [buffer_of(destination), value, *buffers, plan.packed()]
        runtime.launch(text, "scatter", arguments, items)


def _plan_owners(
    part: Sequence[Layout], kept: int, traits: Traits, wide_index: bool
) -> tuple[Plan, int]:
    """Return the plan of a scatter and its work-items: for each element of the first ``kept``
    dims, as many owners of places as keep the device busy.
    """
    shape = part[0].shape
    separate, lines = prod(shape[:kept]), prod(shape[kept:])
    wanted = _OWNERS_ON_PROCESSORS if traits.is_processor else _OWNERS
    owners = min(-(-wanted // separate), lines)
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
def _scatter_source(
    name: str,
    dtype: DType,
    from_operand: bool,
    lookups: int,
    dims: int,
    kept: int,
    index: str,
    declaration: str,
    traits: Traits,
) -> str:
    kind = element_type(dtype)
    operands = [0, *([1] if from_operand else []), *range(2, lookups + 2)]
    present = kind.load(1, "p0", "at0")
    arriving = kind.load(1, "p1", "at1") if from_operand else "n1"
    if name == "replace":
        combined = "b"
    else:
        combined = _COMBINATIONS[name][kind_of(dtype)]
    return whole_source(
        types_text(kind, 1, traits),
        f"static T combined(T a, T b) {{ return {combined}; }}\n",
        declaration,
        fill_in(
            _SCATTER,
            {
                "ATTRIBUTE": group_attribute(traits.group_size),
                "STORAGE": kind.storage,
                "SOURCE": f"__global const {kind.storage} *p1"
                if from_operand
                else f"const {kind.compute} n1",
                "INDICES": "".join(
                    f"__global const long *p{k}, " for k in range(2, lookups + 2)
                ),
                "INDEX": index,
                "BASE": walk_text(kept, "separate", operands, index, at="base"),
                "WALK": walk_text(
                    dims, "line", operands, index, " " * 8, first=kept, base="base"
                ),
                "LOOKUPS": "".join(
                    f"        {_wrapped_text(k, index)}\n" for k in range(2, lookups + 2)
                ),
                "STORE": kind.store(1, f"combined({present}, {arriving})", "p0", "at0"),
            },
        ),
    )


def _wrapped_text(operand: int, index: str) -> str:
    return (
        f"{{ const long index = p{operand}[at{operand}]; "
        f"place += ({index})(index < 0 ? index + plan.reach{operand} : index)"
        f" * plan.step{operand}; }}"
    )


# The factor, 2^64 over the golden ratio, spreads neighbouring places over the owners (D. Knuth,
# "The Art of Computer Programming", volume 3, section 6.4).
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
$LOOKUPS$
        const uint spread = (uint)(((ulong)place * 0x9e3779b97f4a7c15UL) >> 32);
        if (plan.owners > 1 && spread % (uint)plan.owners != (uint)owner) continue;
        at0 += place;
        $STORE$
    }
}
"""
