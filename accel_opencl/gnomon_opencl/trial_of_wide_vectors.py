"""Multiply two matrices in vectors of 64 bytes on a device; see ``trials``.

``python -m gnomon_opencl.trial_of_wide_vectors 0 float 6 4 16 0 0 0`` ends with status 0 if the
product is right that is added up in floats, in tiles of 6 rows and 4 vectors of 16, without
tables and with a right operand that is packed, not read where it lies, nor by its lines.
"""

from __future__ import annotations

import sys
from array import array
from typing import Final

from gnomon.backend import DType, Layout, Operand, Storage, float32, float64, int32, int64
from gnomon_opencl.backend import OpenCLBackend
from gnomon_opencl.kernels import line_product, panels
from gnomon_opencl.kernels.panels import Factors, Product
from gnomon_opencl.kernels.tiles import Form, Tile
from gnomon_opencl.runtime import buffer_of
from gnomon_opencl.trials import FAILED, all_devices

_SIZE = 53
_SLACK = 1024
#: What stands for the dtypes that are added up in a type.
_DTYPES: Final = {"float": float32, "double": float64, "uint": int32, "ulong": int64}


def is_right(backend: OpenCLBackend, dtype: DType, tile: Tile, form: Form) -> bool:
    """Return whether a product of numbers that leave no room for rounding comes out right."""
    layout = Layout.contiguous((1, _SIZE, _SIZE))
    numbers = range(_SIZE)
    values = [[(row * 7 + column * 3) % 11 for column in numbers] for row in numbers]
    elements = [value for row in values for value in row]
    cells = memoryview(dtype.pack(dtype.convert_all(elements, int64)))
    operands = []
    for _ in range(3):
        # What is read directly is read beyond its end.
        storage = Storage(backend, backend.allocate(cells.nbytes + _SLACK))
        backend.write(storage.memory, 0, cells.cast("B"))
        operands.append(Operand(storage, layout, dtype))
    product = Product(
        rows=_SIZE,
        columns=_SIZE,
        steps=_SIZE,
        width=1 if form.has_tables else _SIZE,
        left_row=_SIZE,
        left_step=1,
        right_step=1 if form.by_lines else _SIZE,
        right_column=_SIZE if form.by_lines else 1,
        right_steps=_SIZE,
        product_row=_SIZE,
        product_column=1,
        step_table=_SIZE,
        is_direct=int(form.is_direct),
    )
    factors = Factors(*map(buffer_of, operands))
    if form.has_tables:
        factors = factors._replace(tables=buffer_of(_tables(backend)))
    if form.by_lines:
        work = line_product.work_of(product, dtype, tile)
        line_product.multiply(backend.runtime, work, factors)
    else:
        by_panels = panels.work_of(product, dtype, tile, form.has_tables)
        panels.multiply(backend.runtime, by_panels, factors)
    found = array(dtype.cell, bytes(backend.read(operands[2].storage.memory, 0, cells.nbytes)))
    columns = values if form.by_lines else list(map(list, zip(*values, strict=True)))
    expected = [
        sum(x * y for x, y in zip(row, column, strict=True))
        for row in values
        for column in columns
    ]
    return list(found) == expected


def _tables(backend: OpenCLBackend) -> Operand:
    """Return the places of rows, or of the right operand's steps, then of the left one's."""
    places = [row * _SIZE for row in range(_SIZE)] + list(range(_SIZE))
    cells = memoryview(int64.pack(places)).cast("B")
    storage = Storage(backend, backend.allocate(cells.nbytes))
    backend.write(storage.memory, 0, cells)
    return Operand(storage, Layout.contiguous((len(places),)), int64)


def main() -> int:
    """Return 0 if the product named is right on the device named, else FAILED."""
    _, device, sums, *numbers = sys.argv
    rows, vectors, lanes, *form = map(int, numbers)
    tile = Tile(rows, vectors, lanes)
    backend = OpenCLBackend(all_devices()[int(device)], 0)
    try:
        right = is_right(backend, _DTYPES[sums], tile, Form(*map(bool, form)))
    except RuntimeError as error:  # a kernel that does not build
        print(str(error).splitlines()[0])
        return FAILED
    return 0 if right else FAILED


if __name__ == "__main__":
    sys.exit(main())
