"""Composites of many sizes, where a kernel of one's own is cut into tiles: products,
convolutions, pools and softmax. Whole numbers make every sum exact, so that nothing is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Final

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import Device, DType, bfloat16, float16, float32, float64
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.correct import unit
from gnomon_conformance.functions import elements_of
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target, oracle

LEVEL = Level.COMPOSITE
#: Rows, inner size and columns of products, around the sizes of tiles.
_SIZES: Final = (
    (1, 1, 1),
    (1, 70, 1),
    (2, 3, 2),
    (5, 7, 3),
    (8, 8, 8),
    (9, 8, 7),
    (15, 17, 16),
    (16, 33, 31),
    (33, 5, 65),
    (1, 130, 33),
    (34, 129, 1),
    (64, 16, 64),
    (65, 63, 33),
    (3, 257, 40),
    (4, 1025, 3),
    (0, 3, 4),
    (3, 0, 4),
)
_LENGTHS: Final = (1, 2, 3, 4, 7, 8, 9, 15, 17, 31, 33, 64, 65, 127, 130, 257, 513, 1025)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of composites of many sizes."""
    checks = {
        "products": _products,
        "batches": _batches,
        "convolutions": _convolutions,
        "softmax": _softmax,
    }
    for name, check in checks.items():
        for dtype in (float32, float64, float16, bfloat16):
            if name == "softmax" and dtype.itemsize == 2:
                continue
            yield Case(
                level=LEVEL,
                family="sizes",
                subject=name,
                dtype=dtype.name,
                tier=Tier.QUICK if dtype is float32 else Tier.DEFAULT,
                check=partial(check, dtype, seed),
            )


def _whole(
    shape: tuple[int, ...], dtype: DType, device: Device, chooser: Random, most: int = 2
) -> Tensor:
    """Return small whole numbers, of which sums stay whole in every dtype."""
    values = [float(chooser.randint(-most, most)) for _ in range(math.prod(shape))]
    return torch.tensor(values, dtype=dtype).reshape(shape).to(device)


def _equal(mine: Tensor, right: list[float], what: str, dtype: DType) -> int:
    for element, (got, value) in enumerate(zip(elements_of(mine), right, strict=True)):
        if got != dtype.round(value):
            raise Wrong(f"{what}: element {element} is {got!r}; it must be {value!r}")
    return max(len(right), 1)


def _products(dtype: DType, seed: int, target: Target) -> Evidence:
    """Products of all sizes, of factors that lie as they are, turned, and with gaps."""
    chooser = Random(f"products {dtype.name} {seed}")
    compared = 0
    for number, (rows, inner, columns) in enumerate(_SIZES):
        a = _whole((rows, inner), dtype, target.device, chooser)
        b = _whole((inner, columns), dtype, target.device, chooser)
        x, y = elements_of(a), elements_of(b)
        right = [
            math.fsum(x[i * inner + k] * y[k * columns + j] for k in range(inner))
            for i in range(rows)
            for j in range(columns)
        ]
        if number % 3 == 1:
            a = a.t().contiguous().t()
        if number % 3 == 2:
            b = b.t().contiguous().t()
        if number % 4 == 3:
            a = torch.cat([a, a], 1)[:, :inner]
        what = f"[{rows}, {inner}] @ [{inner}, {columns}]"
        compared += _equal(a @ b, right, what, dtype)
    return Evidence(compared)


def _batches(dtype: DType, seed: int, target: Target) -> Evidence:
    """Batches of products, broadcast and expanded."""
    chooser = Random(f"batches {dtype.name} {seed}")
    compared = 0
    shapes = (
        ((3, 5, 4), (3, 4, 6)),
        ((2, 1, 5, 9), (3, 9, 2)),
        ((1, 7, 3), (4, 3, 1)),
        ((17, 2, 2), (17, 2, 2)),
        ((3, 4), (2, 4, 5)),
        ((2, 3, 33), (33,)),
    )
    for left, right in shapes:
        a = _whole(left, dtype, target.device, chooser)
        b = _whole(right, dtype, target.device, chooser)
        exact = a.to(oracle()).to(float64) @ b.to(oracle()).to(float64)
        values = [float(value) for value in elements_of(exact)]
        compared += _equal(a @ b, values, f"{left} @ {right}", dtype)
    return Evidence(compared)


def _convolutions(dtype: DType, seed: int, target: Target) -> Evidence:
    """Convolutions and pools with all kinds of strides, paddings, dilations and groups."""
    chooser = Random(f"convolutions {dtype.name} {seed}")
    compared = 0
    for turn in range(8):
        groups = chooser.choice((1, 1, 2, 3))
        channels, results = groups * chooser.randint(1, 3), groups * chooser.randint(1, 3)
        kernel = (chooser.randint(1, 3), chooser.randint(1, 4))
        stride = chooser.choice((1, 1, 2, (1, 2)))
        padding = chooser.choice((0, 1, (0, 2)))
        dilation = chooser.choice((1, 1, 2))
        size = (chooser.randint(7, 9), chooser.randint(7, 11))
        x = _whole((chooser.randint(1, 3), channels, *size), dtype, target.device, chooser)
        weight = _whole((results, channels // groups, *kernel), dtype, target.device, chooser)
        bias = _whole((results,), dtype, target.device, chooser)
        if turn % 2:
            x = x.transpose(2, 3).contiguous().transpose(2, 3)
        mine = F.conv2d(x, weight, bias, stride, padding, dilation, groups)
        a, b, c = (each.to(oracle()).to(float64) for each in (x, weight, bias))
        exact = F.conv2d(a, b, c, stride, padding, dilation, groups)
        what = f"conv2d {tuple(x.shape)} {tuple(weight.shape)} {stride} {padding} {dilation}"
        compared += _equal(mine, [float(v) for v in elements_of(exact)], what, dtype)
        pooled = F.max_pool2d(x, kernel, stride, 0)
        exact = F.max_pool2d(a, kernel, stride, 0)
        what = f"max_pool2d {tuple(x.shape)} {kernel} {stride}"
        compared += _equal(pooled, [float(v) for v in elements_of(exact)], what, dtype)
    return Evidence(compared)


def _softmax(dtype: DType, seed: int, target: Target) -> Evidence:
    """Rows and columns of all lengths, within the record's ULP."""
    chooser = Random(f"softmax {dtype.name} {seed}")
    compared = 0
    for number, length in enumerate(_LENGTHS):
        values = [float(dtype.round(chooser.uniform(-4.0, 4.0))) for _ in range(3 * length)]
        x = torch.tensor(values, dtype=dtype).reshape((3, length)).to(target.device)
        rows = [values[k * length : (k + 1) * length] for k in range(3)]
        right = []
        for row in rows:
            top = max(row)
            total = math.fsum(math.exp(value - top) for value in row)
            right += [math.exp(value - top) / total for value in row]
        mine = x.t().contiguous().softmax(0).t() if number % 2 else x.softmax(1)
        for element, (got, value) in enumerate(zip(elements_of(mine), right, strict=True)):
            if not abs(got - value) <= 12 * unit(value, dtype):
                raise Wrong(f"softmax of {length}: element {element} is {got!r}, not {value!r}")
            compared += 1
    return Evidence(compared)
