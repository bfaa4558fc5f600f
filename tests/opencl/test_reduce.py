"""Every reduction gives on the device what the reference gives, within the order of sums."""

from __future__ import annotations

import importlib
import math
import pkgutil
import random

import pytest

import gnomon.ops
from gnomon.backend import Operand, Storage
from gnomon.dtypes import ALL_DTYPES, DType, Scalar, bool_, float16, float32, int64
from gnomon.layout import Layout
from gnomon.op.reduction import Reduction, sum_of

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.kernels.reduce import Reducing, geometry_of

from .devices import BACKENDS, REFERENCE, elements, pair


def _records() -> dict[str, Reduction]:
    found = {"sum": sum_of}
    for module in pkgutil.iter_modules(gnomon.ops.__path__):
        for value in vars(importlib.import_module(f"gnomon.ops.{module.name}")).values():
            if isinstance(value, Reduction):
                found.setdefault(value.name, value)
    return found


RECORDS = _records()
SMALL = (
    (Layout.contiguous((5, 40)), (1,)),
    (Layout.contiguous((5, 40)), (0,)),
    (Layout.contiguous((5, 7)), (0, 1)),
    (Layout((6, 40), (1, 6), 3), (0,)),
    (Layout.contiguous((3, 4, 9)), (0, 2)),
    (Layout((4, 9), (0, 2), 1), (0,)),
    # Rows that are folded side by side for their shortness.
    (Layout.contiguous((40, 5)), (1,)),
    (Layout((3, 33, 6), (400, 12, 2), 1), (2,)),
    (Layout.contiguous(()), ()),
    (Layout.contiguous((3,)), ()),
    (Layout.contiguous((0, 4)), (0,)),
    (Layout.contiguous((0, 4)), (1,)),
)
#: Where a fold is split into parts.
LARGE = (
    (Layout.contiguous((20000,)), (0,)),
    (Layout.contiguous((9000, 3)), (0,)),
    (Layout.contiguous((2, 17000)), (1,)),
)
WORKING = (float32, float16, int64)
PARAMETERS: dict[str, list[tuple[Scalar, ...]]] = {
    "vector_norm": [(0,), (1,), (2,), (3,), (0.5,), (math.inf,), (-math.inf,)],
    "var": [(1,), (0,)],
    "std": [(1,)],
}


def _drawn(name: str, dtype: DType, count: int, draw: random.Random) -> list[Scalar]:
    if dtype is bool_:
        share = draw.choice([0.02, 0.5, 0.98])
        return [draw.random() < share for _ in range(count)]
    if not dtype.is_floating_point:
        bits = 8 * dtype.itemsize
        low = -(2 ** (bits - 1)) if dtype.is_signed else 0
        return [draw.choice([draw.randint(low, low + 2**bits - 1), 3, 0]) for _ in range(count)]
    if name == "prod":
        return [draw.choice([-1, 1]) * draw.uniform(0.9, 1.1) for _ in range(count)]
    return [draw.uniform(-2, 2) for _ in range(count)]


def _is_near(mine: Scalar, other: Scalar, name: str, dtype: DType, terms: int) -> bool:
    if mine == other or (mine != mine and other != other):
        return True
    if not dtype.is_floating_point or not (math.isfinite(mine) and math.isfinite(other)):
        return False
    # Terms are below 16; each addition, product or function rounds, and the result once more.
    working = 2.0**-52 if dtype.itemsize == 8 else 2.0**-23
    rounding = {"float16": 2.0**-10, "bfloat16": 2.0**-7}.get(dtype.name, 4 * working)
    additions = terms * 16 * terms if name in ("sum", "nansum", "var", "std") else 16 * terms
    return abs(mine - other) <= working * additions + (rounding + working * terms) * abs(other)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("name", RECORDS)
def test_reduction(name: str, dtype: DType, traits: str) -> None:
    record = RECORDS[name]
    try:
        compute, _ = record.dtype(name, dtype)
    except (RuntimeError, NotImplementedError):
        pytest.skip("the record is not defined on the dtype")
    if compute is not dtype:
        pytest.skip("the operands are converted first")
    if traits == "gpu" and dtype not in WORKING:
        pytest.skip("its kernels differ from those of other dtypes as the processor's do")
    draw = random.Random(f"{name} {dtype.name}")
    large = LARGE if dtype in WORKING else ()
    for layout, dims in SMALL + large:
        for parameters in PARAMETERS.get(name, [()]):
            count = max(layout.span[1], 1)
            values = _drawn(name, dtype, count, draw)
            _compare(record, values, dtype, layout, dims, parameters, traits)
            if dtype.is_floating_point and layout.numel < 1000:
                special = (math.nan, math.inf, -math.inf, 0.0, -0.0)
                for place in range(0, count, 9):
                    values[place] = draw.choice(special)
                _compare(record, values, dtype, layout, dims, parameters, traits)


def _compare(
    record: Reduction,
    values: list[Scalar],
    dtype: DType,
    layout: Layout,
    dims: tuple[int, ...],
    parameters: tuple[Scalar, ...],
    traits: str,
) -> None:
    backend = BACKENDS[traits]()
    terms = math.prod([layout.shape[dim] for dim in dims])
    if not terms and (not record.has_identity or parameters == (-math.inf,)):
        return
    _, result = record.dtype(record.name, dtype)
    kept = tuple([1 if dim in dims else size for dim, size in enumerate(layout.shape)])
    places = Layout.contiguous(kept[::-1]).permute(range(len(kept))[::-1])
    inputs = pair(backend, values, layout, dtype)
    outputs = []
    for place, operand in zip((REFERENCE, backend), inputs, strict=True):
        size = max(places.numel, 1) * result.itemsize
        output = Operand(Storage(place, place.allocate(size)), places, result)
        place.reduce(record, operand, dims, parameters, output)
        outputs.append(elements(output))
    for other, mine in zip(*outputs, strict=True):
        assert _is_near(mine, other, record.name, result, terms), (
            f"{record.name}{parameters} of {dtype.name}{list(layout.shape)} {layout.strides} "
            f"along {dims}: {mine} instead of {other}"
        )


@pytest.mark.parametrize(("terms", "kernel"), [(5, "reduce_columns"), (40, "reduce_rows")])
def test_short_rows_are_folded_side_by_side(terms: int, kernel: str) -> None:
    traits = BACKENDS["own"]().runtime.traits
    input, output = Layout.contiguous((500, terms)), Layout.contiguous((500, 1))
    reducing = Reducing("sum", (), input, (1,), output, float32)
    found = geometry_of(reducing, (input,), traits).kernel
    assert found == (kernel if traits.is_processor else "reduce_in_groups")
