"""Reductions of what elementwise operations make: one kernel, and the bits of several."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from gnomon.backend import Backend, DType, Operand, Storage
from gnomon.dtypes import Scalar, bfloat16, float16, float32, int32, int64, uint8
from gnomon.layout import Layout

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.backend import OpenCLBackend

from .devices import BACKENDS, pair, whole
from .test_elementwise import RECORDS as ELEMENTWISE
from .test_reduce import RECORDS as REDUCTIONS

#: Of the elements, and of a second operand: alike, the same along a dim, and in another order.
LAYOUTS = {
    "rows": (Layout.contiguous((5, 77)), Layout.contiguous((5, 77)), (1,)),
    "many short rows": (Layout.contiguous((300, 3)), Layout((300, 3), (1, 0), 2), (1,)),
    "columns": (Layout.contiguous((70, 45)), Layout((70, 45), (0, 1), 0), (0,)),
    "many columns": (Layout.contiguous((9, 1100)), Layout((9, 1100), (1, 9), 0), (0,)),
    "two dims": (Layout.contiguous((4, 5, 40)), Layout((4, 5, 40), (0, 1, 0), 0), (0, 2)),
    "all": (Layout.contiguous((6, 50)), Layout.contiguous((6, 50)), (0, 1)),
    "parts": (Layout.contiguous((40000,)), Layout((40000,), (0,), 3), (0,)),
    "parts of columns": (Layout.contiguous((9000, 7)), Layout.contiguous((9000, 7)), (0,)),
    "permuted": (Layout((50, 6), (1, 50), 0), Layout((50, 6), (1, 50), 5), (0,)),
    "pairs": (Layout.contiguous((40, 30, 5)), Layout((40, 30, 5), (0, 5, 1), 4), (2,)),
    "long pairs": (Layout.contiguous((9, 20, 70)), Layout((9, 20, 70), (0, 70, 1), 0), (2,)),
    "few beside": (Layout.contiguous((40, 3, 5)), Layout((40, 3, 5), (0, 5, 1), 0), (2,)),
    "pairs by planes": (
        Layout.contiguous((12, 20, 2, 3)),
        Layout((12, 20, 2, 3), (0, 6, 3, 1), 0),
        (2, 3),
    ),
    "steps": (Layout((40, 8), (16, 2), 1), Layout((40, 8), (8, 1), 0), (1,)),
    "unlike": (Layout.contiguous((6, 50)), Layout((6, 50), (0, 1), 0), (0, 1)),
}
FOLDS: dict[str, tuple[tuple[Scalar, ...], tuple[DType, ...]]] = {
    "sum": ((), (float32, float16, bfloat16, int64)),
    "mean": ((), (float32,)),
    "amax": ((), (float32, float16, int32)),
    "amin": ((), (uint8,)),
    "prod": ((), (float32,)),
    "nansum": ((), (float32,)),
    "count_nonzero": ((), (float32,)),
    "vector_norm": ((3.0,), (float32,)),
    "var": ((1,), (float32,)),
}
CASES = [("sum", float32, layout) for layout in LAYOUTS]
CASES += [
    (name, dtype, layout)
    for name, (_, dtypes) in FOLDS.items()
    for dtype in dtypes
    for layout in ("rows", "columns", "parts")
    if (name, dtype) != ("sum", float32)
]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[OpenCLBackend]:
    backend = BACKENDS[request.param]()
    window = backend.runtime.window
    before = window.fuse_at
    yield backend
    window.flush()
    window.fuse_at = before


def _fresh(backend: Backend, layout: Layout, dtype: DType) -> Operand:
    return Operand(
        Storage(backend, backend.allocate(layout.span[1] * dtype.itemsize)), layout, dtype
    )


def _folded(
    backend: OpenCLBackend, name: str, layout: str, x: Operand, y: Operand, keep: bool
) -> list[bytes]:
    """Return the bytes of a reduction of (x y - 3) y, and of x y if it is to be kept."""
    dims = LAYOUTS[layout][2]
    parameters, _ = FOLDS[name]
    first, second, third = (_fresh(backend, x.layout, x.dtype) for _ in range(3))
    shape = [1 if dim in dims else size for dim, size in enumerate(x.layout.shape)]
    _, result = REDUCTIONS[name].dtype(name, x.dtype)
    output = _fresh(backend, Layout.contiguous(tuple(shape)), result)
    backend.elementwise(ELEMENTWISE["mul"], [x, y], first)
    backend.elementwise(ELEMENTWISE["sub"], [first, 3], second)
    backend.elementwise(ELEMENTWISE["mul"], [second, y], third)
    backend.reduce(REDUCTIONS[name], third, dims, parameters, output)
    kept = [output, first] if keep else [output]
    del first, second, third
    backend.runtime.flush()
    return [whole(each) for each in kept]


@pytest.mark.parametrize(
    ("name", "dtype", "layout"), CASES, ids=[f"{n}-{d.name}-{at}" for n, d, at in CASES]
)
def test_the_bits_are_those_of_one_launch_at_a_time(
    name: str, dtype: DType, layout: str, backend: OpenCLBackend
) -> None:
    draw = random.Random(f"{name} {dtype.name} {layout}")
    values: list[Scalar] = [draw.randint(0, 5) for _ in range(997)]
    if dtype.is_floating_point:
        values = [draw.uniform(-2, 2) for _ in range(997)]
    elements, other, _ = LAYOUTS[layout]
    x = pair(backend, values, elements, dtype).device
    y = pair(backend, values[::-1], other, dtype).device
    found: list[list[bytes]] = []
    launches = []
    for fuse_at in (0, 1):
        backend.runtime.window.fuse_at = fuse_at
        before = backend.runtime.launches
        for keep in (True, False):
            found.append(_folded(backend, name, layout, x, y, keep))
        launches.append(backend.runtime.launches - before)
    apart, _, together, _ = found
    assert found == [apart, apart[:1], together, together[:1]] and apart[0] == together[0]
    # What lies between the elements of a buffer is undefined.
    assert layout == "steps" or apart == together
    # The writes and the reduction, or one kernel where it goes once through the same elements.
    is_fed = name != "var" and layout not in ("unlike", "few beside")
    # An operand that is read across memory is laid out by one more.
    copies = layout.startswith("pairs") and backend.runtime.traits.is_processor
    assert launches[0] - launches[1] == (6 if is_fed else 4) - 2 * copies
