"""Poolings and interpolations on the device give what the reference gives."""

from __future__ import annotations

import random
from math import prod

import pytest

import gnomon
from gnomon.backend import (
    DType,
    Layout,
    Scalar,
    bfloat16,
    float16,
    float32,
    float64,
    int32,
    int64,
    uint8,
)
from gnomon.composite.pooling_windows import Pooling, adaptive_windows
from gnomon.cpu.windows import largest_in_windows, resample_images
from gnomon.fusible import (
    Resampling,
    Windows,
    max_pooling,
    max_pooling_backward,
    resampling,
)

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import BACKENDS, default_backend, elements, pair

NAN = float("nan")
#: How far sums may be off, in parts of the largest term's size.
TOLERANCES = {"float16": 2.0**-9, "bfloat16": 2.0**-6, "float32": 1e-5, "float64": 1e-13}

WINDOWS: dict[str, tuple[tuple[int, ...], tuple[Windows, ...]]] = {
    "images": ((2, 3, 7, 9), Pooling((3, 2), (2, 2), (1, 0), (1, 1), True).windows((7, 9))),
    "dilated": ((3, 8, 12), Pooling((3, 3), (1, 2), (1, 1), (2, 3), False).windows((8, 12))),
    "signals": ((2, 2, 11), Pooling((4,), (3,), (2,), (1,), False).windows((11,))),
    "volumes": (
        (2, 4, 5, 6),
        Pooling((2,) * 3, (2,) * 3, (0,) * 3, (1,) * 3, False).windows((4, 5, 6)),
    ),
    "adaptive": ((2, 2, 7, 5), adaptive_windows((7, 5), (3, 4))),
    "with dims in front": ((2, 1, 2, 3, 4), adaptive_windows((3, 4), (2, 2))),
    "many channels": (
        (2, 41, 4, 5),
        Pooling((3, 2), (2, 1), (1, 1), (1, 1), False).windows((4, 5)),
    ),
    "without images": ((0, 2, 4, 4), adaptive_windows((4, 4), (2, 2))),
}


def drawn(dtype: DType, count: int) -> list[Scalar]:
    draw = random.Random(7)
    if dtype.is_floating_point:
        values = [float(dtype.convert(draw.uniform(-2, 2))) for _ in range(count)]
        values[::41] = [NAN] * len(values[::41])
        return values
    return [draw.randint(0, 100) for _ in range(count)]


def layouts(shape: tuple[int, ...]) -> list[Layout]:
    """Return ways for images to lie."""
    found = [Layout.contiguous(shape)]
    if len(shape) == 4:
        found.append(found[0].channels_last())
    stepped = Layout.contiguous((*shape[:-1], 2 * shape[-1]))
    return [*found, stepped.slice(len(shape) - 1, 1, None, 2)]


def like(layout: Layout, shape: tuple[int, ...]) -> Layout:
    """Return the layout of results of ``shape``: with channels last if the images have."""
    found = Layout.contiguous(shape)
    return found.channels_last() if layout.ndim == 4 and layout.strides[1] == 1 else found


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("name", WINDOWS)
def test_largest_elements(name: str, traits: str) -> None:
    shape, windows = WINDOWS[name]
    for layout in layouts(shape):
        _check_largest(float32, layout, windows, traits)


@pytest.mark.parametrize("dtype", (float64, float16, bfloat16, int32, uint8), ids=str)
def test_dtypes_of_largest_elements(dtype: DType) -> None:
    shape, windows = WINDOWS["images"]
    _check_largest(dtype, Layout.contiguous(shape), windows, "own")


def _check_largest(
    dtype: DType, layout: Layout, windows: tuple[Windows, ...], traits: str
) -> None:
    backend = BACKENDS[traits]()
    kernel = max_pooling.kernel_on(backend)
    assert kernel is not None
    split = layout.ndim - len(windows)
    places = like(layout, (*layout.shape[:split], *map(len, windows)))
    input = pair(backend, drawn(dtype, 499), layout, dtype)
    values = pair(backend, [0], places, dtype)
    indices = pair(backend, [0], places, int64)
    largest_in_windows(input.host, windows, values.host, indices.host)
    kernel(input.device, windows, values.device, indices.device)
    assert elements(indices.device) == elements(indices.host)
    assert list(map(repr, elements(values.device))) == list(map(repr, elements(values.host)))


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", (float32, float64, bfloat16), ids=str)
def test_values_are_put_back(dtype: DType, traits: str) -> None:
    backend = BACKENDS[traits]()
    kernel = max_pooling_backward.kernel_on(backend)
    assert kernel is not None
    sizes, draw = (3, 5), random.Random(1)
    for layout in layouts((2, 3, 4, 5)):
        values = pair(backend, [float(k % 7) for k in range(97)], layout, dtype)
        places = [draw.randrange(prod(sizes)) for _ in range(layout.span[1])]
        indices = pair(backend, places, layout, int64)
        for output in layouts((2, 3, *sizes)):
            found = pair(backend, [9.0], output, dtype).device
            kernel(values.device, indices.device, sizes, found)
            expected = [0.0] * (6 * prod(sizes))
            for number, (value, place) in enumerate(
                zip(elements(values.host), elements(indices.host), strict=True)
            ):
                expected[number // 20 * prod(sizes) + int(place)] += value
            assert elements(found) == expected


def weighted(sizes: tuple[int, ...], counts: tuple[int, ...]) -> Resampling:
    """Return a map in which results read two positions each, the last one nothing."""
    taps = []
    for size, count in zip(sizes, counts, strict=True):
        pairs = [
            ((k * size // count, 0.25), (min(k * size // count + 1, size - 1), 0.75))
            for k in range(count - 1)
        ]
        taps.append((*pairs, ()))
    return Resampling(tuple(taps), sizes)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", (float32, float64, float16, bfloat16), ids=str)
def test_weighted_sums(dtype: DType, traits: str) -> None:
    backend = BACKENDS[traits]()
    kernel = resampling.kernel_on(backend)
    assert kernel is not None
    shapes = ((2, 3, 5, 7), (4, 6)), ((2, 6), (9,)), ((1, 3, 4, 5, 3), (2, 3, 4))
    for shape, counts in (*shapes, ((1, 37, 3, 4), (2, 5)), ((2, 600), (50,))):
        dims = len(counts)
        given = weighted(shape[-dims:], counts)
        divisors = tuple(range(1, prod(counts) + 1))
        for layout in layouts(shape):
            values = [abs(value) for value in drawn(dtype, 499) if value == value]
            input = pair(backend, values, layout, dtype)
            places = like(layout, (*shape[:-dims], *counts))
            for by in (None, divisors):
                output = pair(backend, [0], places, dtype)
                resample_images(input.host, given, by, output.host)
                kernel(input.device, given, by, output.device)
                for mine, other in zip(*map(elements, output), strict=True):
                    assert abs(mine - other) <= TOLERANCES[dtype.name] * abs(other)


def test_a_derivative_launches_one_kernel() -> None:
    backend = default_backend()
    images = gnomon.rand(2, 3, 8, 8, device=str(backend.device)).requires_grad_()
    largest = gnomon.nn.functional.max_pool2d(images, 2)
    cotangent = gnomon.ones_like(largest)
    gnomon.synchronize()
    before = backend.runtime.launches
    (found,) = gnomon.autograd.grad(largest, images, cotangent)
    gnomon.synchronize()
    assert backend.runtime.launches - before == 1
    assert found.sum().item() == largest.numel()


def test_values_are_put_back_in_images_of_one_element() -> None:
    """Channels of such images lie next to each other, as vectors of channels want them."""
    x = gnomon.arange(9.0, device="opencl").reshape(1, 9, 1).requires_grad_()
    largest = gnomon.nn.functional.max_pool1d(x, 1)
    cotangent = gnomon.arange(9.0, device="opencl").reshape(1, 9, 1)
    (gradient,) = gnomon.autograd.grad(largest, x, cotangent)
    assert gradient.flatten().tolist() == list(range(9))


@pytest.mark.parametrize("mode", ("nearest", "nearest-exact"))
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_nearest_elements_are_copied(dtype: str, mode: str) -> None:
    x = gnomon.arange(0, 2 * 3 * 5 * 7 * 2, dtype=getattr(gnomon, dtype)).reshape(2, 3, 5, 7, 2)
    x[0, 0, 0, 0] = float("nan")
    strided = x[..., 0].transpose(2, 3)
    for given, sizes in (
        (x, (10, 3, 4)),
        (strided, (14, 5)),
        (strided[:, :, 0], (3,)),
        (x[..., 0].to(memory_format=gnomon.channels_last), (11, 7)),
        (x[..., 0].expand(2, 3, 5, 7)[:1, :1], (1, 20)),
    ):
        device = given.to(str(default_backend().device))
        for each in (device, device.flip(0)):
            host = given if each is device else given.flip(0)
            found = gnomon.nn.functional.interpolate(each, size=sizes, mode=mode)
            right = gnomon.nn.functional.interpolate(host, size=sizes, mode=mode)
            assert found.stride() == right.stride()
            gnomon.testing.assert_close(found.cpu(), right, rtol=0, atol=0, equal_nan=True)
