"""Images read at the points of a grid on the device are what the reference gives."""

from __future__ import annotations

import math
from itertools import product

import pytest

import gnomon
from gnomon import Tensor
from gnomon.backend import DType, float16, float32, float64
from gnomon.nn.functional import grid_sample

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import default_backend, served_device, with_traits_of_a_gpu

MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")
EPS = {float32: 2.0**-23, float64: 2.0**-52, float16: 2.0**-10}


def _agree(images: Tensor, grid: Tensor, mode: str, close: float) -> None:
    gpu = with_traits_of_a_gpu()
    for backend, padding, aligned in product((default_backend(), gpu), PADDINGS, (True, False)):
        place = served_device(backend)
        found = grid_sample(images.to(place), grid.to(place), mode, padding, aligned)
        right = grid_sample(images, grid, mode, padding, aligned)
        assert found.stride() == right.stride()
        gnomon.testing.assert_close(found.cpu(), right, rtol=close, atol=close, equal_nan=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", EPS, ids=str)
def test_points_in_and_around_images(dtype: DType, mode: str) -> None:
    if mode == "bicubic" and dtype is not float32:
        pytest.skip("made of the same operations")
    if dtype is float64 and not default_backend().runtime.traits.double_arithmetic:
        pytest.skip("the device has no float64")
    gnomon.manual_seed(0)
    for shape, points in (
        ((2, 3, 5, 7), (4, 6)),
        ((1, 1, 1, 1), (3, 3)),
        ((3, 2, 1, 4), (1, 9)),
        ((2, 0, 2, 2), (2, 2)),
        ((1, 2, 3, 3), (0, 2)),
    ):
        images = gnomon.randn(*shape).to(dtype)
        grid = (gnomon.rand(shape[0], *points, 2) * 6 - 3).to(dtype)
        _agree(images, grid, mode, 16 * EPS[dtype] * 7)


@pytest.mark.parametrize("mode", MODES[:2])
def test_images_and_grids_that_are_not_dense(mode: str) -> None:
    gnomon.manual_seed(1)
    images = gnomon.randn(3, 9, 2, 11).permute(2, 0, 3, 1)[:, 1:, ::2]
    grid = (gnomon.rand(2, 8, 5, 2) * 3 - 1.5).permute(1, 2, 3, 0)[::4, 1:].transpose(2, 3)
    _agree(images, grid, mode, 1e-5)
    _agree(images, grid[:1].expand(2, -1, -1, -1), mode, 1e-5)


@pytest.mark.parametrize("mode", MODES[:2])
def test_points_on_edges_and_halfway(mode: str) -> None:
    images = gnomon.arange(1.0, 13.0).reshape(1, 1, 3, 4)
    steps = gnomon.arange(-12.0, 13.0) / 4
    grid = gnomon.stack(gnomon.meshgrid(steps, steps, indexing="ij"), 2)[None]
    _agree(images, grid, mode, 1e-6)


@pytest.mark.parametrize("mode", MODES[:2])
def test_points_that_are_nowhere(mode: str) -> None:
    images = gnomon.arange(1.0, 13.0).reshape(1, 1, 3, 4)
    points = [(math.nan, 0.0), (1e30, 0.0), (math.inf, 0.2), (-math.inf, math.nan)]
    grid = gnomon.tensor([[points]])
    _agree(images, grid, mode, 1e-6)
    found = grid_sample(images, grid, mode, "border", align_corners=False).flatten().tolist()
    # PyTorch's.
    last = 9.2 if mode == "bilinear" else 8.0
    assert found == pytest.approx([5.0, 8.0, last, 1.0])


def test_a_call_without_gradients_launches_one_kernel() -> None:
    backend = default_backend()
    device = str(backend.device)
    images, grid = (
        gnomon.rand(1, 2, 4, 4, device=device),
        gnomon.zeros(1, 3, 3, 2, device=device),
    )
    gnomon.synchronize()
    before = backend.runtime.launches, backend.runtime.pool.transfers.bytes_read
    found = grid_sample(images, grid, align_corners=False)
    gnomon.synchronize()
    assert backend.runtime.launches - before[0] == 1
    assert backend.runtime.pool.transfers.bytes_read == before[1]
    assert math.isclose(found[0, 0, 0, 0].item(), images[0, 0, 1:3, 1:3].mean().item())
