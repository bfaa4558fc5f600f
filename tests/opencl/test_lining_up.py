"""Operands that are read across memory again and again are laid out for it first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnomon.backend import DType, Layout, float32

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import gnomon
from gnomon_opencl.kernels.expressions import Expression, Formula, Step
from gnomon_opencl.kernels.lining_up import copying_for
from gnomon_opencl.kernels.reduce import Reducing, geometry_of

from .devices import default_backend

MANY, FEW, TERMS = 400, 40, 5
SHAPE = (MANY, FEW, TERMS)
ELEMENTS = Layout.contiguous(SHAPE)
OF_MANY = Layout(SHAPE, (TERMS, 0, 1), 7)
OF_FEW = Layout(SHAPE, (0, TERMS, 1), 3)
ROOM = ELEMENTS.numel * 4


def _reducing(input: Layout = ELEMENTS, dims: tuple[int, ...] = (2,)) -> Reducing:
    kept = tuple([1 if dim in dims else size for dim, size in enumerate(input.shape)])
    return Reducing("sum", (), input, dims, Layout.contiguous(kept), float32)


def _difference(dtype: DType = float32) -> Expression:
    step = Step(Formula("a - b"), dtype, (0, 1), dtype)
    return Expression((dtype, dtype), (), (step,), (), 2)


def _moved(
    *layouts: Layout, reducing: Reducing | None = None, room: int = ROOM, cpu: bool = True
) -> tuple[Layout, ...]:
    traits = replace(default_backend().runtime.traits, is_processor=cpu)
    reducing = reducing or _reducing()
    copying = copying_for(reducing, _difference(), layouts, room, traits)
    places = {place for place, _ in copying.launches}
    for place, (before, after) in enumerate(zip(layouts, copying.layouts, strict=True)):
        assert (before != after) == (place in places)
    return copying.layouts


def test_results_that_lie_side_by_side_are_read_so() -> None:
    assert _moved(OF_MANY, OF_FEW) == (OF_MANY, Layout(SHAPE, (0, 1, FEW), 0))


def test_several_copies_lie_behind_each_other() -> None:
    first, second = _moved(OF_FEW, OF_FEW._replace(offset=0))
    assert first == Layout(SHAPE, (0, 1, FEW), 0)
    # 40 * 5 floats are 800 bytes, and a line has 64.
    assert second == Layout(SHAPE, (0, 1, FEW), 832 // 4)


def test_what_would_not_gain_stays() -> None:
    rows = Layout(SHAPE, (0, 1, FEW), 0)
    assert _moved(OF_MANY, rows) == (OF_MANY, rows), "they lie so already"
    assert _moved(OF_MANY, ELEMENTS) == (OF_MANY, ELEMENTS), "each is read once"
    assert _moved(OF_MANY, OF_FEW, room=799) == (OF_MANY, OF_FEW), "there is no room"
    assert _moved(OF_MANY, OF_FEW, cpu=False) == (OF_MANY, OF_FEW), "items go side by side"
    long = (9, 20, 70)
    layouts = Layout(long, (70, 0, 1), 0), Layout(long, (0, 70, 1), 0)
    rows_alone = _reducing(Layout.contiguous(long))
    assert _moved(*layouts, reducing=rows_alone) == layouts, "it goes along rows"


@pytest.mark.parametrize("is_processor", [True, False])
@pytest.mark.parametrize("shape", [(400, 40, 5), (9, 20, 70), (3, 17, 30), (2, 5000, 31)])
def test_operands_do_not_change_the_order_of_a_fold(
    shape: tuple[int, ...], is_processor: bool
) -> None:
    traits = replace(default_backend().runtime.traits, is_processor=is_processor)
    few = Layout(shape, (0, shape[2], 1), 0)
    reducing = _reducing(Layout.contiguous(shape))
    alone = geometry_of(reducing, (reducing.input,), traits)
    broadcast = geometry_of(reducing, (few,), traits)
    assert broadcast.courses[0].kept.shape != alone.courses[0].kept.shape
    for name in ("kernel", "width", "outputs", "row", "parts", "part_terms"):
        assert getattr(broadcast, name) == getattr(alone, name), name


@pytest.mark.parametrize("dtype", [gnomon.float32, gnomon.float64, gnomon.bfloat16])
@pytest.mark.parametrize("compiled", [False, True])
def test_sums_of_differences_of_all_pairs(dtype: gnomon.dtype, compiled: bool) -> None:
    if dtype is gnomon.float64 and not default_backend().runtime.traits.double_arithmetic:
        pytest.skip("the device has no fp64")
    many = gnomon.arange(3 * 130.0).reshape(130, 3).sin().to(dtype)
    few = gnomon.arange(3 * 20.0).reshape(20, 3).cos().to(dtype)

    def distances(x: gnomon.Tensor, y: gnomon.Tensor) -> gnomon.Tensor:
        return ((x[:, None] - y[None]) ** 2).sum(-1)

    on_device = gnomon.compile(distances) if compiled else distances
    expected = distances(many, few)
    for scale in (1, 2, 3):
        x, y = many.to("opencl") * scale, few.to("opencl") * scale
        for _ in range(2):
            found = on_device(x, y).cpu()
        expected = distances(many * scale, few * scale)
        gnomon.testing.assert_close(found, expected)
