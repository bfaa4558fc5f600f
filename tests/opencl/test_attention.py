"""Attention as one kernel each way, against the operations that it is made of."""

from __future__ import annotations

import math
import random

import pytest

import gnomon
import gnomon.nn.functional as F

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.kernels.tiles import strip_tile

from .devices import default_backend, with_registers_of

NAME = "ScaledDotProductFlashAttentionForCpuBackward0"


@pytest.fixture
def device() -> gnomon.device:
    backend = default_backend()
    if not backend.runtime.traits.is_processor:
        pytest.skip("the kernels are for processors")
    return gnomon.device(str(backend.device))


def _drawn(shape: tuple[int, ...], seed: int, dtype: gnomon.dtype) -> gnomon.Tensor:
    draw = random.Random(seed)
    values = [draw.uniform(-2, 2) for _ in range(math.prod(shape))]
    return gnomon.tensor(values).reshape(shape).to(dtype)


def _mask(kind: str, queries: int, keys: int, dtype: gnomon.dtype) -> gnomon.Tensor | None:
    draw = random.Random(5)
    if kind == "bool":
        # The first query sees nothing.
        rows = [
            [row > 0 and draw.random() < 0.6 for _ in range(keys)] for row in range(queries)
        ]
        return gnomon.tensor(rows)
    if kind == "float":
        return _drawn((keys,), 5, dtype).expand(queries, keys)
    return None


#: The kind of mask; the numbers of queries, keys, and elements of keys and of values.
CASES = [
    ("none", (37, 70, 5, 3)),
    ("none", (1, 1, 1, 1)),
    ("causal", (70, 70, 4, 9)),
    ("causal", (5, 40, 4, 4)),
    ("bool", (5, 70, 4, 4)),
    ("float", (34, 9, 4, 4)),
]


def _run(
    kind: str,
    sizes: tuple[int, int, int, int],
    place: gnomon.device | str,
    dtype: gnomon.dtype = gnomon.float32,
) -> list[gnomon.Tensor]:
    """Return the attention on ``place``, and the gradients of a sum of it."""
    queries, keys, size, width = sizes
    # Heads behind queries, as projections leave them; keys with their dims exchanged.
    shapes = [(1, queries, 2, size), (1, 2, size, keys), (1, 2, keys, width)]
    leaves = [
        _drawn(shape, seed, dtype).to(place).requires_grad_()
        for seed, shape in enumerate(shapes)
    ]
    mask = _mask(kind, queries, keys, dtype)
    result = F.scaled_dot_product_attention(
        leaves[0].transpose(1, 2),
        leaves[1].transpose(2, 3),
        leaves[2],
        attn_mask=None if mask is None else mask.to(place),
        is_causal=kind == "causal",
    )
    weights = _drawn(tuple(result.shape), 7, dtype).to(place)
    (result * weights).sum().backward()
    return [result, *[leaf.grad for leaf in leaves]]


def _assert_near(
    found: list[gnomon.Tensor], expected: list[gnomon.Tensor], allowed: float
) -> None:
    for mine, other in zip(found, expected, strict=True):
        assert mine.shape == other.shape and mine.dtype is other.dtype
        difference = mine.detach().cpu().double() - other.detach().double()
        assert difference.abs().max().item() <= allowed


@pytest.mark.parametrize(("kind", "sizes"), CASES)
def test_attention(kind: str, sizes: tuple[int, int, int, int], device: gnomon.device) -> None:
    found = _run(kind, sizes, device)
    assert found[0].grad_fn is not None and found[0].grad_fn.name() == NAME
    # Sums of up to 140 terms, of numbers below 4 whose own errors are 16 eps.
    _assert_near(found, _run(kind, sizes, "cpu"), 140 * 16 * 2.0**-23)


@pytest.mark.parametrize("length", [32, 64])
@pytest.mark.parametrize("dtype", [gnomon.float32, gnomon.float64], ids=str)
def test_tiles_of_any_registers(
    length: int, dtype: gnomon.dtype, device: gnomon.device
) -> None:
    backend = with_registers_of(length)
    expected = (8, 2) if length == 64 else (6, 2, length // dtype.itemsize)
    assert strip_tile(backend.runtime, dtype, 8)[: len(expected)] == expected
    for kind, sizes in CASES:
        found = _run(kind, sizes, gnomon.device(str(backend.device)), dtype)
        allowed = 140 * 16 * 2.0**-23 if dtype is gnomon.float32 else 1e-12
        _assert_near(found, _run(kind, sizes, "cpu", dtype), allowed)


@pytest.mark.parametrize(
    ("dtype", "allowed"), [(gnomon.float16, 2.0**-7), (gnomon.float64, 1e-12)], ids=str
)
def test_other_dtypes(dtype: gnomon.dtype, allowed: float, device: gnomon.device) -> None:
    _assert_near(
        _run("none", (9, 11, 4, 4), device, dtype),
        _run("none", (9, 11, 4, 4), "cpu", dtype),
        allowed,
    )


def test_it_is_one_launch_and_has_a_derivative_of_the_derivative(device: gnomon.device) -> None:
    runtime = default_backend().runtime
    shapes = [(1, 2, 5, 4)] * 3
    found = []
    for place in ("cpu", device):
        leaves = [_drawn(s, k, gnomon.float32).to(place) for k, s in enumerate(shapes)]
        runtime.flush()
        before = runtime.launches
        F.scaled_dot_product_attention(*leaves)
        assert runtime.launches - before == (place is device)
        leaves = [leaf.requires_grad_() for leaf in leaves]
        result = F.scaled_dot_product_attention(*leaves)
        slopes = gnomon.autograd.grad((result**2).sum(), leaves, create_graph=True)
        total = sum((slope**2).sum() for slope in slopes)
        found.append(list(gnomon.autograd.grad(total, leaves)))
    _assert_near(found[1], found[0], 4096 * 2.0**-23)


def test_what_the_kernel_does_not_take(device: gnomon.device) -> None:
    """Nothing, heads without a batch, and masks that learn are run as operations."""
    q = _drawn((2, 5, 4), 1, gnomon.float32).to(device).requires_grad_()
    assert F.scaled_dot_product_attention(q, q, q).grad_fn.name() != NAME
    four = q.unsqueeze(0)
    mask = gnomon.zeros(5, 5, device=device, requires_grad=True)
    F.scaled_dot_product_attention(four, four, four, attn_mask=mask).sum().backward()
    assert mask.grad is not None
    empty = gnomon.empty(1, 2, 0, 4, device=device)
    assert F.scaled_dot_product_attention(four, empty, empty).tolist() == [
        [[[0.0] * 4] * 5] * 2
    ]
    shared = F.scaled_dot_product_attention(
        four.repeat(1, 2, 1, 1), four, four, enable_gqa=True
    )
    assert shared.shape == (1, 4, 5, 4)
