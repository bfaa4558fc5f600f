"""Whether indices are in range: known before what goes through them is over.

Asking costs a round trip to the device. So the answer is kept for as long as the indices stay
as they are: a derivative goes through the same ones again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, final
from weakref import WeakKeyDictionary

from gnomon.backend import IndexedDimension, Layout, Operand, Storage
from gnomon_opencl.generation import (
    Plan,
    needs_wide_index,
    plan_rows,
    rows_text,
    walk_text,
    whole_source,
)
from gnomon_opencl.runtime import Question, Runtime, buffer_of
from gnomon_opencl.traits import Traits

_CACHED: Final = 1024


@final
class Finding(NamedTuple):
    """Indices that were found in range, by the version of the storage they are in."""

    version: int
    layout: Layout
    lowest: int
    size: int


@final
class Bound(NamedTuple):
    """What a kernel is told of a dimension that it indexes."""

    lowest: int
    reach: int
    step: int


_found: Final[WeakKeyDictionary[Storage, Finding]] = WeakKeyDictionary()


def bounds_of(indexed: Sequence[IndexedDimension]) -> tuple[Bound, ...]:
    """Return the bounds of dimensions; they hold no operand, so that plans can be kept."""
    return tuple([Bound(_lowest(each), each.size, each.stride) for each in indexed])


def _lowest(dimension: IndexedDimension) -> int:
    return -dimension.size if dimension.negative else 0


def add_bounds(plan: Plan, bounds: Sequence[Bound]) -> None:
    """Add the bounds and the step of each dimension; its indices are operand 2, 3, ..."""
    for operand, bound in enumerate(bounds, 2):
        plan.members |= {f"{name}{operand}": value for name, value in bound._asdict().items()}


def _finding(dimension: IndexedDimension) -> Finding:
    storage, layout, _ = dimension.indices
    return Finding(storage.version, layout, _lowest(dimension), dimension.size)


def are_known(runtime: Runtime, indexed: Sequence[IndexedDimension]) -> bool:
    """Return whether all of these indices have been found in range before.

    A recording asks always, because a replay meets other indices.
    """
    return runtime.recorder is None and all(
        _found.get(each.indices.storage) == _finding(each) for each in indexed
    )


def remember(indexed: Sequence[IndexedDimension]) -> None:
    """Keep that these indices are in range."""
    for each in indexed:
        _found[each.indices.storage] = _finding(each)


def check(runtime: Runtime, indexed: Sequence[IndexedDimension]) -> None:
    """Raise IndexError if one of these indices is out of range."""
    unknown = [each for each in indexed if not are_known(runtime, [each])]
    questions = [question for each in unknown for question in _questions(runtime, each)]
    if questions and runtime.flag_is_set(questions):
        refuse(runtime, unknown)
    remember(unknown)


def refuse(runtime: Runtime, indexed: Sequence[IndexedDimension]) -> None:
    """Raise IndexError for the dimension whose index is out of range, of which there is one."""
    for dimension in indexed:
        questions = _questions(runtime, dimension)
        if questions and runtime.flag_is_set(questions):
            raise IndexError(
                f"an index is out of bounds for dimension with size {dimension.size}. Indices "
                f"lie in [{_lowest(dimension)}, {dimension.size - 1}]."
            )


def is_large(operand: Operand) -> bool:
    """Return whether places in the storage of ``operand`` take 64 bits to number."""
    cells = operand.storage.nbytes // operand.dtype.itemsize
    return needs_wide_index([Layout.contiguous((cells,))])


def _questions(runtime: Runtime, dimension: IndexedDimension) -> list[Question]:
    """Return the kernel that sets a flag if an index is out of range; none for no indices."""
    indices = dimension.indices
    if not indices.layout.numel:
        return []
    text, plan, items = _checking(
        indices.layout, _lowest(dimension), dimension.size, runtime.traits
    )
    return [(text, "check", [buffer_of(indices), plan], items)]


@lru_cache(_CACHED)
def _checking(layout: Layout, lowest: int, size: int, traits: Traits) -> tuple[str, bytes, int]:
    """Return the kernel that checks indices of ``layout``, its plan and its items."""
    # What is repeated need not be looked at twice.
    kept = [dim for dim, stride in enumerate(layout.strides) if stride]
    shape, strides = layout.shape, layout.strides
    once = Layout(
        tuple([shape[dim] for dim in kept]),
        tuple([strides[dim] for dim in kept]),
        layout.offset,
    ).collapse()
    part = once if once.shape else once.unsqueeze(0)
    plan, items = plan_rows({0: part}, traits)
    plan.members |= {"lowest": lowest, "reach": size}
    dims = len(part.shape)
    body = (
        f"            const long index = p0[at0 + i * plan.stride0_{dims - 1}];\n"
        "            if (index < plan.lowest || index >= plan.reach) *flag = 1;"
    )
    walk = walk_text(dims - 1, "line", [0], plan.index, " " * 8)
    parameters = ["__global const long *p0", "const Plan plan", "__global int *flag"]
    text = whole_source(
        plan.declaration(), rows_text("check", parameters, walk, body, plan.index, 1, traits)
    )
    return text, plan.packed(), items
