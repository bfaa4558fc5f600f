"""The checks, one module a subject: each yields its cases."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from gnomon_conformance.cases import Case, unique
from gnomon_conformance.checks import (
    attention,
    autograd,
    bits,
    bounds,
    claims,
    compiled,
    composite_extents,
    composites,
    conversion,
    convolutions,
    edges,
    elementwise,
    every_fold,
    every_record,
    fused,
    in_place_forms,
    indexing,
    integers,
    kernels,
    large,
    layouts,
    memory,
    options,
    programs,
    recordings,
    reductions,
    rewritten,
    sequences,
    shared_storages,
    sorting,
    sources,
    special_inputs,
    targets,
    tensors,
)

_MODULES = (
    memory,
    claims,
    conversion,
    elementwise,
    layouts,
    integers,
    every_record,
    edges,
    tensors,
    reductions,
    every_fold,
    indexing,
    bounds,
    shared_storages,
    sorting,
    sources,
    sequences,
    rewritten,
    bits,
    autograd,
    composites,
    in_place_forms,
    kernels,
    convolutions,
    large,
    composite_extents,
    options,
    attention,
    targets,
    special_inputs,
    programs,
    compiled,
    recordings,
    fused,
)


@cache
def all_cases(seed: int = 0) -> tuple[Case, ...]:
    """Return every case there is, lowest level first."""
    found = unique(case for module in _MODULES for case in module.cases(seed))
    return tuple(sorted(found, key=lambda case: case.level))
