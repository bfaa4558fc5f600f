"""Softmaxes and norms on the device, and their derivatives, against the reference."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence
from functools import cache

import pytest

import gnomon
import gnomon.nn.functional as F

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon.backend import DType, Layout, float16, float32
from gnomon_opencl.kernels.row_programs import RowProgram
from gnomon_opencl.kernels.rows import row_launch
from gnomon_opencl.kernels.softmax import SOFTMAX, SOFTMAX_BACKWARD

from .devices import BACKENDS, apart, default_backend, served_device

Function = Callable[..., gnomon.Tensor]

#: What is computed of an input and its weights, and their shapes.
CASES: dict[str, tuple[Function, Sequence[tuple[int, ...]]]] = {
    "softmax": (lambda x: F.softmax(x, 1), [(5, 19)]),
    "softmax of longer rows": (lambda x: F.softmax(x, 1), [(2, 46)]),
    "softmax of columns": (lambda x: F.softmax(x, 0), [(7, 45)]),
    "softmax of short rows": (lambda x: F.softmax(x, 1), [(19, 3)]),
    "softmax of a slanting tensor": (lambda x: F.softmax(x[:, 1::2], 1), [(5, 38)]),
    "softmax of an expanded row": (lambda x: F.softmax(x.expand(3, 19), 1), [(1, 19)]),
    "log_softmax": (lambda x: F.log_softmax(x, 1), [(5, 19)]),
    "log_softmax of longer rows": (lambda x: F.log_softmax(x, 1), [(2, 46)]),
    "log_softmax in the middle": (lambda x: F.log_softmax(x, 1), [(2, 4, 9)]),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, [19], w, b), [(5, 19), (19,), (19,)]),
    "layer_norm of longer rows": (lambda x: F.layer_norm(x, [46]), [(2, 46)]),
    "layer_norm without weights": (lambda x: F.layer_norm(x, [19]), [(5, 19)]),
    "layer_norm with a slanting weight": (
        lambda x, w: F.layer_norm(x, [4, 5], w.t()),
        [(3, 4, 5), (5, 4)],
    ),
    "layer_norm of many rows": (
        lambda x, w, b: F.layer_norm(x, [19], w, b),
        [(70, 19), (19,), (19,)],
    ),
    "group_norm": (
        lambda x, w, b: F.group_norm(x, 2, w, b),
        [(2, 4, 3, 4), (4,), (4,)],
    ),
    "group_norm of channels last": (
        lambda x, w: F.group_norm(x.contiguous(memory_format=gnomon.channels_last), 2, w),
        [(2, 4, 3, 4), (4,)],
    ),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        [(3, 2, 2, 5), (2,), (2,)],
    ),
    "batch_norm of vectors": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        [(7, 10), (10,), (10,)],
    ),
    "instance_norm": (lambda x: F.instance_norm(x), [(2, 3, 9)]),
}
EXTREMES = [math.inf, -math.inf, math.nan]


@cache
def _device(traits: str) -> gnomon.device:
    return gnomon.device(served_device(BACKENDS[traits]()))


def _drawn(shape: tuple[int, ...], dtype: gnomon.dtype) -> gnomon.Tensor:
    draw = random.Random(str(shape))
    values = [draw.uniform(-2, 2) for _ in range(math.prod(shape))]
    return gnomon.tensor(values, dtype=gnomon.float64).reshape(shape).to(dtype)


def _run(
    function: Function, tensors: Sequence[gnomon.Tensor], device: gnomon.device | str
) -> list[gnomon.Tensor]:
    """Return the result of ``function`` on ``device``, and the gradients of a sum of it."""
    leaves = [tensor.to(device).requires_grad_() for tensor in tensors]
    result = function(*leaves)
    weights = _drawn(tuple(result.shape), result.dtype).to(device)
    (result * weights).sum().backward()
    return [result, *[leaf.grad for leaf in leaves]]


def _assert_near(
    mine: Sequence[gnomon.Tensor], others: Sequence[gnomon.Tensor], allowed: float
) -> None:
    for one, other in zip(mine, others, strict=True):
        assert one.dtype is other.dtype
        assert one.stride() == other.stride()
        for a, b in zip(
            one.detach().cpu().flatten().tolist(), other.flatten().tolist(), strict=True
        ):
            assert abs(a - b) <= allowed * max(1.0, abs(b))


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_rows(name: str, traits: str) -> None:
    function, shapes = CASES[name]
    tensors = [_drawn(shape, gnomon.float32) for shape in shapes]
    # Sums of 64 terms or fewer, of numbers below 4.
    _assert_near(
        _run(function, tensors, _device(traits)), _run(function, tensors, "cpu"), 256 * 2.0**-23
    )


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("name", ["softmax", "layer_norm"])
@pytest.mark.parametrize(
    ("dtype", "eps"),
    [(gnomon.float64, 2.0**-52), (gnomon.float16, 2.0**-10), (gnomon.bfloat16, 2.0**-7)],
    ids=str,
)
def test_other_dtypes(dtype: gnomon.dtype, eps: float, name: str, traits: str) -> None:
    function, shapes = CASES[name]
    tensors = [_drawn(shape, dtype) for shape in shapes]
    # The reference rounds every step of a derivative to 16 bits.
    allowed = eps * (256 if dtype is gnomon.float64 else 16)
    _assert_near(
        _run(function, tensors, _device(traits)), _run(function, tensors, "cpu"), allowed
    )


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("function", [F.softmax, F.log_softmax])
def test_softmax_of_extremes(function: Function, traits: str) -> None:
    """The composites' tolerance holds, where sums don't cancel; so do the special cases."""
    device = _device(traits)
    rows = [[0.0] * 17 + [value, 1.0] for value in (*EXTREMES, 500.0)]
    rows += [[-math.inf] * 19, [80.0 * k for k in range(19)]]
    x = gnomon.tensor(rows)
    mine, other = function(x.to(device), 1).cpu(), function(x, 1)
    for a, b in zip(mine.flatten().tolist(), other.flatten().tolist(), strict=True):
        assert apart(a, b, x.dtype) <= 10


@pytest.mark.parametrize("traits", BACKENDS)
def test_nothing_and_numbers(traits: str) -> None:
    device = _device(traits)
    assert F.softmax(gnomon.empty(0, 4, device=device), 1).shape == (0, 4)
    assert F.softmax(gnomon.empty(4, 0, device=device), 1).shape == (4, 0)
    assert F.softmax(gnomon.tensor(3.0, device=device), 0).item() == 1.0
    assert F.log_softmax(gnomon.tensor([3.0], device=device), 0).tolist() == [0.0]
    x = gnomon.empty(0, 4, device=device, requires_grad=True)
    w = gnomon.ones(4, device=device, requires_grad=True)
    F.layer_norm(x, [4], w).sum().backward()
    assert w.grad is not None and w.grad.tolist() == [0.0] * 4
    mean = gnomon.ones(2, device=device)
    F.batch_norm(gnomon.empty(0, 2, 3, device=device), mean, None, training=True)
    assert mean.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("traits", BACKENDS)
def test_long_rows_across(traits: str) -> None:
    """Sums for weights are split into parts; the result is that of exact sums."""
    device = _device(traits)
    x = _drawn((512, 33), gnomon.float32)
    w = _drawn((33,), gnomon.float32)
    found = _run(lambda x, w: F.layer_norm(x, [33], w), [x, w], device)
    expected = _run(
        lambda x, w: F.layer_norm(x, [33], w),
        [x.to(gnomon.float64), w.to(gnomon.float64)],
        "cpu",
    )
    for mine, other in zip(found, expected, strict=True):
        assert (mine.detach().cpu() - other).abs().max().item() < 512 * 2.0**-22


def test_derivatives_differentiate_again() -> None:
    device = _device("own")
    for name in ("softmax", "log_softmax", "layer_norm"):
        function, shapes = CASES[name]
        found = []
        for place in ("cpu", device):
            leaves = [_drawn(s, gnomon.float32).to(place).requires_grad_() for s in shapes]
            result = function(*leaves)
            weights = _drawn(tuple(result.shape), result.dtype).to(place)
            slopes = gnomon.autograd.grad((result * weights).sum(), leaves, create_graph=True)
            total = sum((slope * slope).sum() for slope in slopes)
            found.append(gnomon.autograd.grad(total, leaves[:1]))
        _assert_near(found[1], found[0], 4096 * 2.0**-23)


def test_a_softmax_and_its_derivative_are_two_launches() -> None:
    device = _device("own")
    runtime = BACKENDS["own"]().runtime
    x = _drawn((5, 19), gnomon.float32).to(device).requires_grad_()
    slopes = gnomon.ones(5, 19, device=device)
    runtime.flush()
    before = runtime.launches
    F.softmax(x, 1).backward(slopes)
    assert runtime.launches - before == 2


def _fetched(program: RowProgram, dtype: DType, layout: Layout) -> list[tuple[str, str]]:
    """Return what a kernel brings near ahead of time, each once."""
    operands = len(program.operands)
    traits = default_backend().runtime.traits
    launch = row_launch(program, (dtype,) * operands, (layout,) * operands, (1,), 8, 0, traits)
    assert launch is not None
    return sorted(set(re.findall(r"FETCH\((p\d) \+ .*, ([01])\);", launch.source)))


@pytest.mark.skipif(not default_backend().runtime.traits.is_processor, reason="has no vectors")
def test_rows_of_floats_are_brought_near_ahead_of_time() -> None:
    rows = Layout.contiguous((5, 64))
    assert _fetched(SOFTMAX, float32, rows) == [("p0", "0"), ("p1", "1")]
    assert _fetched(SOFTMAX_BACKWARD, float32, rows) == [("p0", "0"), ("p1", "0"), ("p2", "1")]
    assert _fetched(SOFTMAX, float16, rows) == []
    assert _fetched(SOFTMAX, float32, Layout((5, 64), (128, 2), 0)) == []
    assert _fetched(SOFTMAX, float32, Layout((5, 64), (0, 1), 0)) == []
