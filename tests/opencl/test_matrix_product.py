"""Matrix products on the device, against exact sums of exact products."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from itertools import product
from math import fsum

import pytest

import gnomon
from gnomon.backend import Operand, Storage
from gnomon.composite.matrix import matrix_product, matrix_sum
from gnomon.dtypes import (
    DType,
    Scalar,
    bfloat16,
    float16,
    float32,
    float64,
    int8,
    int32,
    int64,
    uint8,
)
from gnomon.layout import Layout

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.backend import OpenCLBackend
from gnomon_opencl.generation import some_kernels

from .devices import BACKENDS, default_backend, elements, pair

DTYPES = (float32, float64, float16, bfloat16, int8, uint8, int32, int64)
#: (batch, rows, inner, columns): small, with tails on all sides, with a vector, with nothing.
SIZES = (
    (2, 3, 4, 5),
    (1, 48, 30, 50),
    (2, 33, 40, 25),
    (40, 9, 10, 11),
    (300, 5, 3, 7),
    (1, 40, 20, 131),
    (1, 1, 70, 30),
    (2, 70, 9, 1),
    (1, 1, 9000, 1),
    (2, 3, 0, 4),
    (0, 3, 2, 4),
)


def _layouts(batch: int, rows: int, columns: int) -> dict[str, Layout]:
    """Return ways for a batch of matrices to lie."""
    whole = Layout.contiguous((batch, rows, columns))
    return {
        "rows": whole,
        "columns": Layout.contiguous((batch, columns, rows)).transpose(1, 2),
        "stepped": Layout((batch, rows, columns), (rows * columns * 3, columns * 3, 3), 2),
    }


def _drawn(dtype: DType, count: int, draw: random.Random) -> list[Scalar]:
    if dtype.is_floating_point:
        return [float(dtype.convert(draw.uniform(-2, 2))) for _ in range(count)]
    bits = 8 * dtype.itemsize
    low = -(2 ** (bits - 1)) if dtype.is_signed else 0
    return [draw.randint(low, low + 2**bits - 1) for _ in range(count)]


@cache
def with_short_registers() -> OpenCLBackend:
    """Return a backend that gives the device the tiles of registers of 32 bytes."""
    runtime = default_backend().runtime
    (device,) = runtime.context.devices
    return OpenCLBackend(device, 98, replace(runtime.traits, register_bytes=32))


WAYS = {**BACKENDS, "short registers": with_short_registers}
CASES = [
    *((dtype, traits) for traits in BACKENDS for dtype in DTYPES),
    (float32, "short registers"),
    (int8, "short registers"),
]


@pytest.mark.parametrize(("dtype", "traits"), CASES, ids=str)
def test_products(dtype: DType, traits: str) -> None:
    backend = WAYS[traits]()
    kernel = matrix_product.kernel_on(backend)
    assert kernel is not None
    draw = random.Random(3)
    for batch, rows, inner, columns in SIZES:
        ways = product(
            _layouts(batch, rows, inner).values(), _layouts(batch, inner, columns).values()
        )
        for count, (of_left, of_right) in enumerate(ways):
            left = pair(backend, _drawn(dtype, 997, draw), of_left, dtype).device
            right = pair(backend, _drawn(dtype, 991, draw), of_right, dtype).device
            places = list(_layouts(batch, rows, columns).values())[count % 3]
            size = max(places.span[1], 1) * dtype.itemsize
            output = Operand(Storage(backend, backend.allocate(size)), places, dtype)
            kernel(left, right, output)
            _check(left, right, output, inner)


def _check(left: Operand, right: Operand, output: Operand, inner: int) -> None:
    dtype = output.dtype
    batch, rows, columns = output.layout.shape
    a, b, found = elements(left), elements(right), iter(elements(output))
    # Sums in float32 or float64, in any order, then one rounding.
    working = 2.0**-52 if dtype is float64 else 2.0**-23
    rounding = {"float16": 2.0**-11, "bfloat16": 2.0**-8}.get(dtype.name, 0.0)
    for matrix, row, column in product(range(batch), range(rows), range(columns)):
        start = (matrix * rows + row) * inner
        across = a[start : start + inner]
        first = matrix * inner * columns + column
        down = b[first : first + inner * columns : columns] if inner else []
        terms = [x * y for x, y in zip(across, down, strict=True)]
        mine = next(found)
        if dtype.is_floating_point:
            exact = fsum(terms)
            allowed = (
                inner * working * fsum(map(abs, terms))
                + rounding * abs(exact)
                + 1e-7 * (rounding > 0)
            )
            assert abs(mine - exact) <= allowed
        else:
            (exact,) = dtype.unpack(dtype.pack([sum(terms)]))
            assert mine == exact


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", (float32, bfloat16, int8), ids=str)
def test_sums_with_products(dtype: DType, traits: str) -> None:
    backend = BACKENDS[traits]()
    kernel = matrix_sum.kernel_on(backend)
    assert kernel is not None
    for batch, rows, inner, columns in (
        (2, 3, 4, 5),
        (2, 33, 40, 25),
        (40, 9, 10, 11),
        (300, 5, 3, 7),
        (1, 1, 70, 30),
        (1, 2, 0, 3),
    ):
        left = pair(backend, [1], Layout.contiguous((batch, rows, inner)), dtype).device
        lying = Layout.contiguous((batch, inner, columns))
        along = Layout.contiguous((batch, columns, inner)).transpose(1, 2)
        places = Layout.contiguous((batch, rows, columns))
        row = Layout.contiguous((columns,)).expand(places.shape)
        for of_right, addends in product((lying, along), (places, row)):
            right = pair(backend, [1], of_right, dtype).device
            addend = pair(backend, list(range(7)), addends, dtype).device
            output = pair(backend, [0], places, dtype).device
            kernel(addend, left, right, output)
            assert elements(output) == [value + inner for value in elements(addend)]


@pytest.mark.parametrize("layers", (1, 3))
def test_a_linear_layer_is_one_product(layers: int) -> None:
    backend = default_backend()
    input, weight, bias = (
        gnomon.rand(*shape, device=str(backend.device)) for shape in ((32, 50), (50, 50), (50,))
    )
    gnomon.synchronize()
    before = backend.runtime.launches
    for _ in range(layers):
        input = gnomon.nn.functional.linear(input, weight, bias)
    gnomon.synchronize()
    launches = backend.runtime.launches - before
    assert launches == layers


@pytest.mark.parametrize("shape", ((2, 128, 64, 128), (1, 64, 1000, 100), (1, 40, 40, 250)))
@pytest.mark.parametrize("is_turned", (False, True))
def test_operands_that_a_cache_holds_are_multiplied_where_they_lie(
    shape: tuple[int, int, int, int], is_turned: bool
) -> None:
    batch, rows, inner, columns = shape
    backend = default_backend()
    right = gnomon.rand(batch, inner, columns)
    if is_turned:  # the steps of a few rows stay in the cache, too
        left = gnomon.rand(batch, min(inner, 100), rows).transpose(1, 2)
        right = right[:, :100]
    else:
        left = gnomon.rand(batch, rows, inner)
    on_device = [each.to(backend.device) for each in (left, right)]
    gnomon.synchronize()
    before = backend.runtime.launches
    product = on_device[0] @ on_device[1]
    assert backend.runtime.launches - before == 1
    # No term is negative: what a sum of them is off by is a part of the sum.
    error = left.shape[-1] * 2.0**-23
    gnomon.testing.assert_close(product.cpu(), left @ right, rtol=error, atol=0.0)


@pytest.mark.parametrize("traits", BACKENDS)
def test_an_expanded_operand_and_infinities(traits: str) -> None:
    backend = BACKENDS[traits]()
    kernel = matrix_product.kernel_on(backend)
    assert kernel is not None
    row = Layout.contiguous((1, 1, 40)).expand((2, 40, 40))
    left = pair(backend, [float("inf"), *[1.0] * 39], row, float32).device
    right = pair(backend, [1.0] * 3200, Layout.contiguous((2, 40, 40)), float32).device
    places = Layout.contiguous((2, 40, 40))
    output = Operand(Storage(backend, backend.allocate(12800)), places, float32)
    kernel(left, right, output)
    assert set(elements(output)) == {float("inf")}


@pytest.mark.parametrize(
    ("depth", "kernels"),
    [(70, ["multiply_by_vector"]), (20000, ["multiply_by_vector", "add_partial_sums"])],
)
def test_a_product_with_a_vector_is_one_launch_of_what_is_built(
    depth: int, kernels: list[str]
) -> None:
    backend = default_backend()
    matrix, vector = (gnomon.ones(shape, device="opencl") for shape in ((3, depth), (depth, 1)))
    backend.synchronize()
    before = backend.runtime.launches
    found = matrix @ vector
    backend.runtime.flush()
    assert backend.runtime.launches - before == len(kernels)
    assert found.flatten().tolist() == [depth] * 3
    text = some_kernels("matrix_product", *kernels)
    assert [text.count(f"__kernel void {name}(") for name in kernels] == [1] * len(kernels)
    assert text.count("__kernel") == len(kernels)
    assert any(text in each for each in backend.runtime.programs._programs)
