"""Images read at the points of a grid: see ``grid_samples.cl``."""

from __future__ import annotations

from functools import cache
from typing import Final

from gnomon.backend import DType, Operand
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels.walks import integers
from gnomon_opencl.runtime import Runtime, buffer_of

#: Results that are worth a work-item of a processor.
_ENOUGH: Final = 1024
_PADDINGS: Final = ("zeros", "border", "reflection")


def sample_grid(
    runtime: Runtime,
    input: Operand,
    grid: Operand,
    mode: str,
    padding_mode: str,
    aligned: bool,
    output: Operand,
) -> bool:
    """Write what the points read; return whether that was done.

    It is not of 16-bit floats, which round the places of points, and cubic weights.
    """
    if mode == "bicubic" or input.dtype.itemsize == 2:
        return False
    batch, channels, height, width = input.layout.shape
    rows, columns = grid.layout.shape[1:3]
    points = batch * rows * columns
    if not output.layout.numel:
        return True
    together = max(1, _ENOUGH // channels) if runtime.traits.is_processor else 1
    plan = integers(
        *(points, together, channels, height, width, rows, columns),
        *(input.layout.offset, *input.layout.strides),
        *(grid.layout.offset, *grid.layout.strides),
        *(mode == "nearest", _PADDINGS.index(padding_mode), aligned),
    )
    arguments = [*map(buffer_of, (input, grid, output)), plan]
    runtime.launch(_source(input.dtype), "sample_grid", arguments, -(-points // together))
    return True


@cache
def _source(dtype: DType) -> str:
    return whole_source(
        f"#define COMPUTE {element_type(dtype).compute}\n", source_file("grid_samples")
    )
