"""Copies of images with zeros around them, for kernels that read windows: ``staging.cl``."""

from __future__ import annotations

from functools import cache, lru_cache
from math import prod
from typing import Final, NamedTuple

from gnomon.backend import DType, Layout
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels.panels import arithmetic
from gnomon_opencl.kernels.tiles import sum_bytes, sum_type
from gnomon_opencl.kernels.walks import integers
from gnomon_opencl.memory import Buffer
from gnomon_opencl.runtime import Runtime

_CACHED: Final = 1024
_DIMS: Final = 5
#: Elements that one work-item of a processor copies.
_ENOUGH: Final = 4096


class Margins(NamedTuple):
    """Images (N, C, \\*spatial), and how many zeros go before and behind along each dim."""

    source: Layout
    zeros: tuple[tuple[int, int], ...]
    #: Elements behind the last one that may be read; with them the copy is in the dims' order.
    slack: int = 0

    @property
    def order(self) -> list[int]:
        """The dims in the order in which the copy has them: as they lie in the source."""
        strides = self.source.strides
        if self.slack:
            return list(range(len(strides)))
        return sorted(range(self.source.ndim), key=lambda dim: -strides[dim])

    @property
    def layout(self) -> Layout:
        """The layout of the copy."""
        shape = [
            before + size + behind
            for size, (before, behind) in zip(self.source.shape, self.zeros, strict=True)
        ]
        order = self.order
        dense = Layout.contiguous(tuple([shape[dim] for dim in order]))
        return dense.permute([order.index(dim) for dim in range(len(shape))])


def stage(runtime: Runtime, dtype: DType, margins: Margins, source: Buffer) -> Buffer:
    """Return the images with their margins: on a processor of the type of sums, elsewhere of
    the type they are stored in.
    """
    converts = runtime.traits.is_processor
    itemsize = sum_bytes(dtype) if converts else dtype.itemsize
    elements = margins.layout.numel
    staged = runtime.pool.allocate((elements + margins.slack) * itemsize).buffer
    if not elements:
        return staged
    plan, items = _plan(margins)
    arguments = [source, staged, plan]
    text = _source(dtype, converts)
    if converts:
        runtime.launch(text, "stage_planes", arguments, items, 1)
    else:
        runtime.launch(text, "stage_elements", arguments, elements)
    return staged


@lru_cache(_CACHED)
def _plan(margins: Margins) -> tuple[bytes, int]:
    """Return the struct ``Plan``, and over how many work-items planes are shared out."""
    missing = _DIMS - margins.source.ndim
    order = margins.order
    sizes = [1] * missing + [margins.source.shape[dim] for dim in order]
    strides = [0] * missing + [margins.source.strides[dim] for dim in order]
    lows = [0] * missing + [margins.zeros[dim][0] for dim in order]
    padded = [1] * missing + [margins.layout.shape[dim] for dim in order]
    planes = prod(padded[:3])
    together = max(1, _ENOUGH // (padded[3] * padded[4]))
    plan = integers(*sizes, *lows, *padded, *strides, margins.source.offset, planes, together)
    return plan, -(-planes // together)


@cache
def _source(dtype: DType, converts: bool) -> str:
    kind = element_type(dtype)
    members = [
        f"{name}{dim}" for name in ("size", "low", "padded", "stride") for dim in range(_DIMS)
    ]
    plan = f"typedef struct {{ long {', '.join(members)}, offset, planes, together; }} Plan;\n"
    if converts:
        types = arithmetic(dtype) + f"#define STAGED {sum_type(kind)}\n"
    else:
        cell = {1: "uchar", 2: "ushort", 4: "uint", 8: "ulong"}[dtype.itemsize]
        types = f"#define STORAGE {cell}\n#define STAGED {cell}\n#define LOAD(p, i) (p)[i]\n"
    return whole_source(types, plan, source_file("staging"))
