"""Convolutions on the device, against the reference's exact sums."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest

from gnomon.backend import (
    DType,
    Layout,
    Operand,
    Scalar,
    Storage,
    bfloat16,
    float16,
    float32,
    float64,
    int8,
    int64,
)
from gnomon.cpu.convolution import convolve
from gnomon.fusible import Geometry
from gnomon.fusible import convolution as convolution_of

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.kernels import tiles

from .devices import BACKENDS, REFERENCE, Pair, default_backend, elements, pair

#: How far sums may be off, in parts of the sum of the terms' sizes.
TOLERANCES = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 1e-5, "float64": 1e-13}


class Case(NamedTuple):
    """Sizes of images and kernels, and how the kernels are laid over the images."""

    images: tuple[int, ...]
    kernels: tuple[int, ...]
    geometry: Geometry


def plain(*stride: int, padding: int = 0, dilation: int = 1, groups: int = 1) -> Geometry:
    dims = len(stride)
    return Geometry(
        stride=stride, padding=(padding,) * dims, dilation=(dilation,) * dims, groups=groups
    )


def transposed(
    *stride: int, padding: int = 0, dilation: int = 1, groups: int = 1, more: int = 0
) -> Geometry:
    geometry = plain(*stride, padding=padding, dilation=dilation, groups=groups)
    return geometry.opposite((more,) * len(stride))


CASES = {
    "images": Case((2, 3, 9, 11), (5, 3, 3, 3), plain(1, 1, padding=1)),
    "many channels": Case((1, 5, 4, 4), (70, 5, 3, 3), plain(1, 1, padding=1)),
    "few places": Case((2, 5, 3, 3), (71, 5, 3, 3), plain(2, 2, padding=1)),
    "few places of each phase": Case((1, 6, 1, 2), (6, 40, 2, 1), transposed(2, 1, groups=2)),
    "few places, long kernels": Case((1, 2, 18, 17), (24, 2, 17, 17), plain(1, 1)),
    "few steps": Case((3, 2, 8, 7), (40, 2, 3, 3), plain(1, 1)),
    "few steps, of groups": Case((1, 4, 9, 37), (80, 2, 1, 3), plain(1, 1, groups=2)),
    "strided": Case((2, 4, 9, 12), (6, 2, 3, 2), plain(2, 3, padding=1, groups=2)),
    "dilated": Case((2, 2, 13), (3, 2, 3), plain(2, padding=2, dilation=2)),
    "depthwise": Case((2, 4, 7, 20), (8, 1, 3, 3), plain(1, 1, padding=1, groups=4)),
    "depthwise, one channel": Case(
        (2, 3, 6, 37), (3, 1, 3, 2), plain(2, 1, padding=1, groups=3)
    ),
    "depthwise, two apart": Case(
        (3, 5, 11, 35), (10, 1, 3, 5), plain(2, 2, padding=2, groups=5)
    ),
    "depthwise, three apart": Case((1, 2, 9, 40), (2, 1, 2, 3), plain(1, 3, groups=2)),
    "depthwise, narrow": Case((2, 3, 9, 7), (3, 1, 3, 3), plain(1, 1, padding=1, groups=3)),
    "depthwise, unpadded": Case((1, 4, 6, 19), (4, 1, 2, 3), plain(1, 1, groups=4)),
    "depthwise, lines": Case((2, 3, 50), (6, 1, 4), plain(1, padding=3, dilation=2, groups=3)),
    "few channels": Case((1, 9, 5, 70), (3, 9, 2, 3), plain(1, 1, padding=1)),
    "few channels, transposed": Case((1, 4, 5, 9), (4, 6, 3, 3), transposed(2, 2, padding=1)),
    "depthwise, a large kernel": Case((2, 6, 19, 23), (3, 2, 18, 19), plain(1, 1, groups=3)),
    "of one element": Case((3, 6, 5, 5), (4, 6, 1, 1), plain(1, 1)),
    "volumes": Case((1, 2, 4, 5, 6), (3, 2, 2, 3, 2), plain(1, 2, 1, padding=1)),
    "a large kernel": Case((3, 4, 21, 20), (5, 4, 19, 18), plain(1, 1, padding=1)),
    "transposed": Case(
        (2, 6, 5, 4), (6, 2, 3, 3), transposed(2, 2, padding=1, groups=2, more=1)
    ),
    "transposed, dilated": Case((1, 3, 8), (3, 4, 3), transposed(3, dilation=2, more=2)),
    "transposed, with gaps": Case((2, 2, 4), (2, 3, 2), transposed(4, more=1)),
    "without channels": Case((2, 0, 4, 4), (3, 0, 2, 2), plain(1, 1)),
    "without images": Case((0, 2, 4, 4), (3, 2, 2, 2), plain(1, 1)),
}


def drawn(dtype: DType, count: int) -> list[Scalar]:
    draw = random.Random(5)
    if dtype.is_floating_point:
        return [float(dtype.convert(draw.uniform(-2, 2))) for _ in range(count)]
    return [draw.randint(-128, 127) for _ in range(count)]


class Operands(NamedTuple):
    input: Pair
    weight: Pair
    bias: Pair
    output: Pair


def operands(case: Case, dtype: DType, traits: str, last: bool = False) -> Operands:
    """Return what a convolution is given on the host and on the device, and room for what it
    gives; with channels ``last`` if so.
    """
    backend = BACKENDS[traits]()
    shape = case.geometry.output_shape(case.images, case.kernels)
    layouts = [Layout.contiguous(each) for each in (case.images, case.kernels, shape)]
    if last:
        layouts = [layout.channels_last() for layout in layouts]
    input, weight, output = layouts
    bias = Layout((shape[1],), (2,), 1)
    values = [drawn(dtype, count) for count in (991, 503, 61)]
    results = pair(backend, [0], output, dtype)
    return Operands(
        pair(backend, values[0], input, dtype),
        pair(backend, values[1], weight, dtype),
        pair(backend, values[2], bias, dtype),
        results,
    )


def check(case: Case, given: Operands, with_bias: bool) -> None:
    """Compare the device's convolution with the reference's, and with the sum of the terms'
    sizes, which is what rounding depends on.
    """
    dtype = given.input.host.dtype
    kernel = convolution_of.kernel_on(given.output.device.storage.backend)
    assert kernel is not None
    for end, run in ((0, convolve), (1, kernel)):
        input, weight, bias, output = (each[end] for each in given)
        run(input, weight, bias if with_bias else None, case.geometry, output)
    found, expected = elements(given.output.device), elements(given.output.host)
    if not dtype.is_floating_point:
        assert found == expected
        return
    sizes = elements(_sizes(case, given, with_bias))
    for mine, other, size in zip(found, expected, sizes, strict=True):
        assert abs(mine - other) <= TOLERANCES[dtype.name] * size + 1e-30


def _sizes(case: Case, given: Operands, with_bias: bool) -> Operand:
    """Return the convolution of the elements' absolute values, in float64."""
    absolute = []
    for each in given[:3]:
        layout = Layout.contiguous(each.host.layout.shape)
        cells = memoryview(float64.pack([abs(value) for value in elements(each.host)]))
        storage = Storage(REFERENCE, REFERENCE.allocate(cells.nbytes))
        REFERENCE.write(storage.memory, 0, cells.cast("B"))
        absolute.append(Operand(storage, layout, float64))
    layout = Layout.contiguous(given.output.host.layout.shape)
    output = Operand(Storage(REFERENCE, REFERENCE.allocate(8 * layout.numel)), layout, float64)
    input, weight, bias = absolute
    convolve(input, weight, bias if with_bias else None, case.geometry, output)
    return output


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_convolutions(name: str, traits: str) -> None:
    case = CASES[name]
    check(case, operands(case, float32, traits), with_bias=True)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", (float64, float16, bfloat16, int8, int64), ids=str)
def test_dtypes(dtype: DType, traits: str) -> None:
    for name in ("images", "transposed"):
        check(CASES[name], operands(CASES[name], dtype, traits), with_bias=name == "images")


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("name", ("images", "of one element", "strided", "transposed"))
def test_channels_last(name: str, traits: str) -> None:
    case = CASES[name]
    check(case, operands(case, float32, traits, last=True), with_bias=False)


def test_an_operand_is_uploaded_once() -> None:
    case, given = CASES["strided"], operands(CASES["strided"], float32, "own")
    check(case, given, with_bias=True)
    transfers = default_backend().runtime.pool.transfers
    before = transfers.writes
    kernel = convolution_of.kernel_on(default_backend())
    assert kernel is not None
    input, weight, _, output = (each.device for each in given)
    kernel(input, weight, None, case.geometry, output)
    kernel(input, weight, None, case.geometry, output)
    assert transfers.writes <= before + 1


def test_places_from_tables_get_no_more_rows_than_pointers_fit_registers() -> None:
    free, placed = (
        tiles.fitting(float32, True, 1024, 32, 864, has_tables) for has_tables in (False, True)
    )
    assert (free.rows, placed.rows) == (12, 8)
    assert free.columns == placed.columns == 32
