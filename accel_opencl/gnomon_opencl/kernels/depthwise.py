"""Convolutions of each channel by itself, on processors: ``depthwise.cl``."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from gnomon.backend import DType, Layout, Operand
from gnomon.fusible import Geometry
from gnomon_opencl.element_types import element_type, wide
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels import staging
from gnomon_opencl.kernels.panels import arithmetic
from gnomon_opencl.kernels.staging import Margins
from gnomon_opencl.kernels.tiles import is_summed_as_stored, sum_bytes, sum_type
from gnomon_opencl.kernels.walks import integers
from gnomon_opencl.runtime import Runtime, buffer_of

_CACHED: Final = 1024
_DIMS: Final = 2
#: Bytes of a vector, work-items that keep a processor busy, and rows that one makes at a time.
_VECTOR_BYTES: Final = 32
_ENOUGH_ITEMS: Final = 32
_ROWS: Final = 4
#: Columns that windows may be apart to be read in vectors.
_MOST_APART: Final = 2


def is_depthwise(input: Layout, geometry: Geometry) -> bool:
    """Return whether each channel of the images is convolved by itself, along few dims."""
    few = len(geometry.stride) <= _DIMS
    return few and not geometry.transposed and 1 < geometry.groups == input.shape[1]


def convolve_channels(
    runtime: Runtime,
    input: Operand,
    weight: Operand,
    bias: Operand | None,
    geometry: Geometry,
    output: Operand,
) -> None:
    """Write the convolution of each channel to ``output``, which has elements."""
    dtype, images, layout = input.dtype, buffer_of(input), input.layout
    margins = tuple([(each, each) for each in geometry.padding])
    step, lanes = geometry.stride[-1], _VECTOR_BYTES // sum_bytes(dtype)
    reads_more = step == _MOST_APART or output.layout.shape[-1] < lanes
    as_stored = is_summed_as_stored(dtype) and layout.strides[-1] == 1
    if any(geometry.padding) or reads_more or not as_stored:
        staged = Margins(layout, ((0, 0), (0, 0), *margins), slack=2 * lanes)
        images, layout = staging.stage(runtime, dtype, staged, images), staged.layout
    plan, items = _plan(
        layout, weight.layout, None if bias is None else bias.layout, geometry, output.layout
    )
    others = [buffer_of(weight if each is None else each) for each in (weight, bias, output)]
    source = _source(dtype, lanes, step if step <= _MOST_APART else 0)
    runtime.launch(source, "convolve_channels", [images, *others, plan], items)


@lru_cache(_CACHED)
def _plan(
    images: Layout, weight: Layout, bias: Layout | None, geometry: Geometry, output: Layout
) -> tuple[bytes, int]:
    """Return the struct ``Plan`` and its work-items."""
    batch, channels, *sizes = output.shape
    missing = _DIMS - len(sizes)
    rows, columns = (1,) * missing + tuple(sizes)
    none = (0,) * missing
    taps_high, taps_wide = (1,) * missing + weight.shape[2:]
    row, column = none + images.strides[2:]
    steps = (1,) * missing + geometry.stride
    apart = (1,) * missing + geometry.dilation
    planes = batch * channels
    parts = min(-(-_ENOUGH_ITEMS // planes), -(-rows // _ROWS))
    part_rows = -(-rows // (parts * _ROWS)) * _ROWS
    parts = -(-rows // part_rows)
    items = planes * parts
    plan = integers(
        *(items, channels, channels // images.shape[1]),
        *(rows, columns, part_rows, parts, taps_high, taps_wide),
        *(images.offset, *images.strides[:2], steps[0] * row, steps[1] * column),
        *(apart[0] * row, apart[1] * column),
        *(weight.offset, weight.strides[0], *none, *weight.strides[2:]),
        *((0, 0, 0) if bias is None else (1, bias.offset, bias.strides[0])),
        *(output.offset, *output.strides[:2], *none, *output.strides[2:]),
    )
    return plan, items


@cache
def _source(dtype: DType, lanes: int, step: int) -> str:
    vector = wide(sum_type(element_type(dtype)), lanes)
    types = f"#define LANES {lanes}\n#define VECTOR {vector}\n"
    sizes = f"#define ROWS {_ROWS}\n#define STEP {step}\n"
    return whole_source(arithmetic(dtype), types, sizes, source_file("depthwise"))
