"""Multiply two matrices in vectors of 64 bytes on a device; see ``trials``.

``python -m gnomon_opencl.trial_of_wide_vectors 0`` ends with status 0 if the product is right.
"""

from __future__ import annotations

import sys
from array import array

from gnomon.backend import DType, Layout, Operand, Storage, float32, float64, int32, int64
from gnomon_opencl.backend import OpenCLBackend
from gnomon_opencl.kernels.matrix_product import multiply_packed, wide_tile
from gnomon_opencl.trials import all_devices

_SIZE = 53


def is_right(backend: OpenCLBackend, dtype: DType) -> bool:
    """Return whether a product of numbers that leave no room for rounding comes out right."""
    layout = Layout.contiguous((1, _SIZE, _SIZE))
    numbers = range(_SIZE)
    values = [[(row * 7 + column * 3) % 11 for column in numbers] for row in numbers]
    elements = [value for row in values for value in row]
    cells = memoryview(dtype.pack(dtype.convert_all(elements, int64)))
    operands = []
    for _ in range(3):
        storage = Storage(backend, backend.allocate(cells.nbytes))
        backend.write(storage.memory, 0, cells.cast("B"))
        operands.append(Operand(storage, layout, dtype))
    left, right, output = operands
    multiply_packed(backend.runtime, left, right, output, wide_tile(dtype))
    found = array(dtype.cell, bytes(backend.read(output.storage.memory, 0, cells.nbytes)))
    columns = list(zip(*values, strict=True))
    expected = [
        sum(x * y for x, y in zip(row, column, strict=True))
        for row in values
        for column in columns
    ]
    return list(found) == expected


def main() -> int:
    """Return 0 if the products of all types of sums are right on the device named."""
    backend = OpenCLBackend(all_devices()[int(sys.argv[1])], 0)
    dtypes = [float32, int32, int64]
    if backend.runtime.traits.double_arithmetic:
        dtypes.append(float64)
    return 0 if all(is_right(backend, dtype) for dtype in dtypes) else 1


if __name__ == "__main__":
    sys.exit(main())
