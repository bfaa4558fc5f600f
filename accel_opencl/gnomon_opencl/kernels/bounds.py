"""Whether indices are in range: known before what goes through them is over.

Asking costs a round trip to the device. So the answer is kept for as long as the indices stay
as they are: a derivative goes through the same ones again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, final
from weakref import WeakKeyDictionary

import numpy as np

from gnomon.backend import IndexedDimension, Layout, Operand, Storage
from gnomon_opencl.generation import (
    Plan,
    needs_wide_index,
    plan_rows,
    rows_text,
    walk_text,
    whole_source,
)
from gnomon_opencl.memory import DeviceMemory
from gnomon_opencl.runtime import Question, Runtime, buffer_of
from gnomon_opencl.traits import Traits

_CACHED: Final = 1024


@final
class Finding(NamedTuple):
    """Indices that were found in range, by how often their storage had been written."""

    writes: int
    layout: Layout
    lowest: int
    size: int
    #: What an index may be besides.
    exempt: int | None = None


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


def finding_of(
    indices: Operand, lowest: int, size: int, exempt: int | None = None
) -> tuple[Storage, Finding]:
    """Return what is to be found of ``indices``, and where they are."""
    storage, layout, _ = indices
    return storage, Finding(storage.writes, layout, lowest, size, exempt)


def findings_of(indexed: Sequence[IndexedDimension]) -> list[tuple[Storage, Finding]]:
    """Return what is to be found of the indices of dimensions."""
    return [finding_of(each.indices, _lowest(each), each.size) for each in indexed]


def any_is_refused(
    runtime: Runtime,
    questions: Sequence[Question],
    findings: Sequence[tuple[Storage, Finding]],
) -> bool:
    """Queue kernels that set a flag where they meet an index out of range; return whether one
    did, for which the host need not wait where all are known to be in range.
    """
    if _are_known(runtime, findings):
        for question in questions:
            runtime.launch_unasked(*question)
        return False
    if questions and runtime.flag_is_set(questions):
        return True
    _found.update(findings)
    return False


def _are_known(runtime: Runtime, findings: Sequence[tuple[Storage, Finding]]) -> bool:
    """Return whether all of these indices are known to be in range.

    A recording asks always, because a replay meets other indices.
    """
    return runtime.recorder is None and all(
        _found.get(storage) == finding or _were_written_so(storage, finding)
        for storage, finding in findings
    )


def _were_written_so(storage: Storage, finding: Finding) -> bool:
    """Return whether the host wrote indices that are in range, and nobody wrote since."""
    memory = storage.memory
    assert isinstance(memory, DeviceMemory)
    if memory.written is None or finding.writes or len(memory.written) % 8:
        return False
    indices = np.frombuffer(memory.written, np.int64)
    is_fine = (indices >= finding.lowest) & (indices < finding.size)
    if finding.exempt is not None:
        is_fine |= indices == finding.exempt
    if not is_fine.all():
        return False
    _found[storage] = finding
    return True


def check(runtime: Runtime, indexed: Sequence[IndexedDimension]) -> None:
    """Raise IndexError if one of these indices is out of range."""
    unknown = [each for each in indexed if not _are_known(runtime, findings_of([each]))]
    questions = [question for each in unknown for question in _questions(runtime, each)]
    if any_is_refused(runtime, questions, findings_of(unknown)):
        refuse(runtime, unknown)


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
