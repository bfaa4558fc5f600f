"""Products of batches of matrices: the kernel behind the composite ``matrix_product``.

Small products, and those with a vector, have kernels of their own; others go by panels.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand
from gnomon_opencl.generation import Plan, source_file, whole_source
from gnomon_opencl.kernels import copying, panels
from gnomon_opencl.kernels.panels import Factors, Product, arithmetic, sum_bytes
from gnomon_opencl.runtime import Runtime, buffer_of

_CACHED: Final = 4096
#: Multiplications per matrix below which packing costs more than it gains.
_FEW_TERMS: Final = 16384
#: Rows that one work-item multiplies by a vector where they lie side by side: LENGTH.
_VECTOR_ROWS: Final = 64
#: Work-items that are enough to fill a device.
_ENOUGH_ITEMS: Final = 64
#: Fewest steps that are worth a partial sum of their own.
_PART_STEPS: Final = 4096


@final
class Vector(NamedTuple):
    """How the rows of a matrix that meets a vector are shared out; unset otherwise."""

    together: int = 0
    parts: int = 0
    part_steps: int = 0


_NO_VECTOR: Final = Vector()


def multiply_matrices(runtime: Runtime, left: Operand, right: Operand, output: Operand) -> None:
    """Write the products of two batches of matrices, (b, n, k) and (b, k, m), to (b, n, m)."""
    batch, rows, depth = left.layout.shape
    columns = right.layout.shape[2]
    if not output.layout.numel:
        return
    if not depth:
        copying.copy(runtime, 0, output)
    elif rows == 1 or columns == 1:
        _multiply_by_vector(runtime, left, right, output)
    elif rows * columns * depth <= _FEW_TERMS:
        source, plan = _planned(left.dtype, _layouts(left, right, output), _NO_VECTOR)
        buffers = [buffer_of(operand) for operand in (left, right, output)]
        runtime.launch(source, "multiply_directly", [*buffers, plan], batch * rows)
    else:
        multiply_by_panels(runtime, left, right, output)


def multiply_by_panels(
    runtime: Runtime, left: Operand, right: Operand, output: Operand
) -> None:
    """Multiply batches of matrices by way of panels, on devices that pack them."""
    columns = right.layout.shape[2]
    product = _product(_layouts(left, right, output))
    if runtime.traits.is_processor:
        tile = panels.tile_of(runtime, left.dtype, columns)
        # Rows that don't lie along the steps are worth packing if they are read again.
        is_scattered = product.left_step != 1 and columns > tile.columns
        if is_scattered or not panels.is_summed_as_stored(left.dtype):
            product = product.with_left_packed(tile)
    factors = Factors(*(buffer_of(operand) for operand in (left, right, output)))
    panels.multiply(runtime, left.dtype, product, factors)


@lru_cache(_CACHED)
def _product(layouts: tuple[Layout, Layout, Layout]) -> Product:
    output, left, right = layouts
    (batch, rows, depth), columns = left.shape, right.shape[2]
    return Product(
        rows=rows,
        columns=columns,
        steps=depth,
        width=rows,
        outer=batch,
        left_offset=left.offset,
        left_outer=left.strides[0],
        left_row=left.strides[1],
        left_step=left.strides[2],
        right_offset=right.offset,
        right_outer=right.strides[0] if batch > 1 else 0,
        right_step=right.strides[1],
        right_column=right.strides[2],
        right_steps=depth,
        product_offset=output.offset,
        product_outer=output.strides[0],
        product_row=output.strides[1],
        product_column=output.strides[2],
    )


def _layouts(left: Operand, right: Operand, output: Operand) -> tuple[Layout, Layout, Layout]:
    return output.layout, left.layout, right.layout


def _multiply_by_vector(
    runtime: Runtime, left: Operand, right: Operand, output: Operand
) -> None:
    """Multiply where one operand of each product is a vector, which is put on the right."""
    if left.layout.shape[1] == 1:
        left, right, output = (_transposed(each) for each in (right, left, output))
    batch, rows, depth = left.layout.shape
    side_by_side = left.layout.strides[1] == 1 and rows >= _VECTOR_ROWS
    length = _VECTOR_ROWS if side_by_side else min(8, -(-rows * batch // _ENOUGH_ITEMS))
    items = batch * -(-rows // length)
    parts = max(1, min(-(-_ENOUGH_ITEMS // items), depth // _PART_STEPS))
    part_steps = -(-depth // parts)
    parts = -(-depth // part_steps)
    by_vector = Vector(length, parts, part_steps)
    source, plan = _planned(left.dtype, _layouts(left, right, output), by_vector)
    partial = runtime.pool.allocate(parts * batch * rows * sum_bytes(left.dtype)).buffer
    arguments = [buffer_of(left), buffer_of(right), partial, plan]
    runtime.launch(source, "multiply_by_vector", arguments, items * parts)
    arguments = [partial, buffer_of(output), plan]
    runtime.launch(source, "add_partial_sums", arguments, batch * rows)


def _transposed(operand: Operand) -> Operand:
    return operand._replace(layout=operand.layout.transpose(1, 2))


@lru_cache(_CACHED)
def _planned(dtype: DType, layouts: tuple[Layout, ...], by_vector: Vector) -> tuple[str, bytes]:
    """Return the program for output, left and right operand of these layouts, and its plan."""
    _, (batch, rows, depth), (_, _, columns) = (layout.shape for layout in layouts)
    plan = Plan(wide_index=True)
    plan.members |= {"batch": batch, "rows": rows, "columns": columns, "depth": depth}
    plan.members |= by_vector._asdict()
    for number, layout in enumerate(layouts):
        plan.add_layout(number, layout)
    return _source(dtype, plan.declaration()), plan.packed()


@cache
def _source(dtype: DType, declaration: str) -> str:
    return whole_source(arithmetic(dtype), declaration, source_file("matrix_product"))
