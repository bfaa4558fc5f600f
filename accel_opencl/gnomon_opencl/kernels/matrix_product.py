"""Products of batches of matrices, and sums with them: the kernels behind the composites
``matrix_product`` and ``matrix_sum``.

Small products, and those with a vector, have kernels of their own; others go by panels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand
from gnomon_opencl.generation import Plan, some_kernels, whole_source
from gnomon_opencl.kernels import copying, line_product, panels, tiles
from gnomon_opencl.kernels.panels import Factors, Product, arithmetic
from gnomon_opencl.kernels.tiles import Form, Tile, sum_bytes
from gnomon_opencl.runtime import Runtime, buffer_of

_CACHED: Final = 4096
#: Multiplications below which packing costs more than it gains: of a processor in all, if each
#: matrix has more than a few; elsewhere of each matrix.
_FEW_TERMS: Final = 16384
_FEW_OF_MATRIX: Final = 64
#: Rows for which a right operand is not worth packing, and its size that a core's cache holds.
_FEW_ROWS: Final = 12
_CACHED_BYTES: Final = 2**18
#: Rows for which an operand that stays near a core is not worth packing, and its size.
_SOME_ROWS: Final = 96
_NEAR_BYTES: Final = 2**20
_LINE_BYTES: Final = 64
_PAGE_BYTES: Final = 4096
#: Steps of a left operand that a core finds again for the next columns, wherever they lie.
_NEAR_STEPS: Final = 128
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

    @property
    def kernels(self) -> tuple[str, ...]:
        """Which kernels are launched."""
        if not self.parts:
            return ("multiply_directly",)
        sums = ("add_partial_sums",) if self.parts > 1 else ()
        return ("multiply_by_vector", *sums)


_NO_VECTOR: Final = Vector()


@final
class Matrices(NamedTuple):
    """Batches of matrices, (b, n, k) and (b, k, m), their products, and what is added to
    those.
    """

    output: Operand
    left: Operand
    right: Operand
    addend: Operand | None = None

    @property
    def layouts(self) -> tuple[Layout, ...]:
        return tuple([each.layout for each in self if each is not None])

    @property
    def factors(self) -> Factors:
        addend = None if self.addend is None else buffer_of(self.addend)
        left, right, output = map(buffer_of, (self.left, self.right, self.output))
        return Factors(left, right, output, addend)

    def transposed(self) -> Matrices:
        """Return the transposed products: of the transposed operands, in the other order."""
        turned = [
            None if each is None else each.under(each.layout.transpose(1, 2)) for each in self
        ]
        output, left, right, addend = turned
        assert output is not None and left is not None and right is not None
        return Matrices(output, right, left, addend)


def multiply_matrices(runtime: Runtime, left: Operand, right: Operand, output: Operand) -> None:
    """Write the products of two batches of matrices, (b, n, k) and (b, k, m), to (b, n, m)."""
    _multiply(runtime, Matrices(output, left, right))


def add_product(
    runtime: Runtime, addend: Operand, left: Operand, right: Operand, output: Operand
) -> None:
    """Write ``addend`` plus the products of ``left`` and ``right`` to (b, n, m)."""
    _multiply(runtime, Matrices(output, left, right, addend))


def _multiply(runtime: Runtime, matrices: Matrices) -> None:
    output, left, _, addend = matrices
    batch, rows, columns = output.layout.shape
    depth = left.layout.shape[2]
    if not output.layout.numel:
        return
    if not depth:
        copying.copy(runtime, 0 if addend is None else addend, output)
    elif rows == 1:
        _multiply_by_vector(runtime, matrices.transposed())
    elif columns == 1:
        _multiply_by_vector(runtime, matrices)
    elif _is_small(runtime, batch, rows * columns * depth):
        source, plan = _planned(left.dtype, matrices.layouts, _NO_VECTOR)
        first, second, to, more, _ = matrices.factors
        arguments = [first, second, more or to, to, plan]
        runtime.launch(source, "multiply_directly", arguments, batch * rows)
    else:
        _way(runtime, left.dtype, matrices.layouts)(matrices.factors)


def _is_small(runtime: Runtime, batch: int, terms: int) -> bool:
    """Return whether products of so many multiplications each are not worth packing."""
    if runtime.traits.is_processor and terms > _FEW_OF_MATRIX:
        terms *= batch
    return terms <= _FEW_TERMS


@lru_cache(_CACHED)
def _way(
    runtime: Runtime, dtype: DType, layouts: tuple[Layout, ...]
) -> Callable[[Factors], None]:
    """Return what queues the kernels of products that are not small."""
    product = _product(layouts)
    if not runtime.traits.is_processor:
        return partial(panels.multiply_shared, runtime, dtype, product)
    if line_product.is_worth_it(product, dtype):
        lines = line_product.work_of(product, dtype, line_product.tile_of(runtime, dtype))
        return partial(line_product.multiply, runtime, lines)
    tile = panels.tile_of(runtime, dtype, product, has_tables=False)
    # Rows that don't lie along the steps are worth packing if they are read again.
    is_scattered = product.left_step != 1 and product.columns > tile.columns
    is_near = product.left_row == 1 and product.steps <= _NEAR_STEPS
    if (is_scattered and not is_near) or not tiles.is_summed_as_stored(dtype):
        product = product.with_left_packed(tile)
    if _is_worth_reading_directly(product, dtype, tile) and tiles.runs_wide(
        runtime, dtype, tile, Form(is_direct=True)
    ):
        product = product._replace(is_direct=1)
    work = panels.work_of(product, dtype, tile, has_tables=False)
    return partial(panels.multiply, runtime, work)


def _is_worth_reading_directly(product: Product, dtype: DType, tile: Tile) -> bool:
    """Return whether the right operand is read faster where it lies than packed: where it
    stays in the cache, or is read few times.
    """
    if product.right_column != 1 or product.columns < tile.columns:
        return False
    nbytes = product.steps * product.columns * dtype.itemsize
    is_near = product.rows <= _FEW_ROWS or nbytes <= _CACHED_BYTES
    if not is_near and nbytes <= _NEAR_BYTES:
        # Short vectors read a part of a line for each step, and lines a page apart displace
        # each other: which counts if it happens for many rows.
        reads_lines = tile.lanes * dtype.itemsize >= _LINE_BYTES
        is_dense = product.right_step * dtype.itemsize < _PAGE_BYTES
        is_near = product.rows <= _SOME_ROWS or (reads_lines and is_dense)
    return is_near and tiles.is_summed_as_stored(dtype) and tiles.reads_wide(dtype)


def _product(layouts: tuple[Layout, ...]) -> Product:
    output, left, right, *addends = layouts
    (batch, rows, depth), columns = left.shape, right.shape[2]
    product = Product(
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
    for addend in addends:
        product = product._replace(
            has_addend=1,
            addend_offset=addend.offset,
            addend_outer=addend.strides[0],
            addend_row=addend.strides[1],
            addend_column=addend.strides[2],
        )
    return product


def _multiply_by_vector(runtime: Runtime, matrices: Matrices) -> None:
    """Multiply where the right operand of each product is a vector."""
    dtype, layout = matrices.left.dtype, matrices.left.layout
    batch, rows, depth = layout.shape
    side_by_side = layout.strides[1] == 1 and rows >= _VECTOR_ROWS
    length = _VECTOR_ROWS if side_by_side else min(8, -(-rows * batch // _ENOUGH_ITEMS))
    items = batch * -(-rows // length)
    parts = max(1, min(-(-_ENOUGH_ITEMS // items), depth // _PART_STEPS))
    part_steps = -(-depth // parts)
    parts = -(-depth // part_steps)
    by_vector = Vector(length, parts, part_steps)
    source, plan = _planned(dtype, matrices.layouts, by_vector)
    left, right, output, addend, _ = matrices.factors
    partial = output  # which nothing reads where there is one part
    if parts > 1:
        partial = runtime.pool.allocate(parts * batch * rows * sum_bytes(dtype)).buffer
    ends = [partial, addend or output, output, plan]
    runtime.launch(source, "multiply_by_vector", [left, right, *ends], items * parts)
    if parts > 1:
        runtime.launch(source, "add_partial_sums", ends, batch * rows)


@lru_cache(_CACHED)
def _planned(dtype: DType, layouts: tuple[Layout, ...], by_vector: Vector) -> tuple[str, bytes]:
    """Return the program for output, operands and perhaps addend of these layouts, and its
    plan.
    """
    output, (batch, rows, depth) = layouts[0], layouts[1].shape
    columns = output.shape[2]
    plan = Plan(wide_index=True)
    plan.members |= {"batch": batch, "rows": rows, "columns": columns, "depth": depth}
    plan.members |= by_vector._asdict()
    plan.members["has_addend"] = len(layouts) - 3
    # Without an addend the plan still has places for one.
    for number, layout in enumerate((*layouts, output)[:4]):
        plan.add_layout(number, layout)
    return _source(dtype, plan.declaration(), by_vector.kernels), plan.packed()


@cache
def _source(dtype: DType, declaration: str, kernels: tuple[str, ...]) -> str:
    text = some_kernels("matrix_product", *kernels)
    return whole_source(arithmetic(dtype), declaration, text)
