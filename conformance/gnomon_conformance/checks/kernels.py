"""Composites of many sizes, where a kernel of one's own is cut into tiles: products,
sums and softmax. Whole numbers make every sum exact, so that nothing is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from random import Random
from typing import Final, TypeAlias

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import (
    Device,
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
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.correct import rounded, unit
from gnomon_conformance.functions import BEFORE, amid, elements_of, strided
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target, oracle
from gnomon_conformance.values import integer_range

LEVEL = Level.COMPOSITE
_FLOATS: Final = (float32, float64, float16, bfloat16)
#: Of a dtype, a seed and a backend.
Check: TypeAlias = Callable[[DType, int, Target], Evidence]
#: Rows, inner size and columns of products, around the sizes of tiles and of blocks.
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
    (32, 32, 32),
    (66, 5, 67),
    (3, 257, 40),
    (4, 1025, 3),
    (12, 2100, 17),
    (3, 3100, 9),
    (9, 9300, 2),
    (1, 5000, 33),
    (1, 64, 200),
    (34, 5000, 1),
    (0, 3, 4),
    (3, 0, 4),
)
#: What halves don't hold the sums of, or would take long for.
_NOT_OF_HALVES: Final = frozenset(("softmax", "larger-batches", "many-added"))
#: Products, and their rows, inner size and columns.
_LARGER: Final = (
    (2, 40, 30, 50),
    (3, 4, 10000, 1),
    (3, 1, 10001, 4),
    (3, 35, 150, 130),
    (1, 6, 3000, 5),
    (1, 3, 2100, 260),
    (1, 8, 256, 128),
)
#: Lengths of rows or columns, and how many there are.
_LENGTHS_OF_SOFTMAX: Final = (
    *((1, 3), (2, 3), (3, 3), (4, 3), (7, 3), (8, 3), (9, 3), (15, 3), (17, 3), (31, 3)),
    *((33, 3), (64, 3), (65, 3), (127, 3), (130, 3), (257, 3), (513, 3), (1025, 3)),
    *((3, 620), (2, 1031)),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of composites of many sizes."""
    checks = {
        "products": _products,
        "batches": _batches,
        "larger-batches": _larger_batches,
        "many-added": _many_added,
        "softmax": _softmax,
        "special-values": _special_values,
        "least": _least,
        "nothing": _nothing,
    }
    yield from cases_of_sizes(checks, _NOT_OF_HALVES, seed)
    for dtype in _FLOATS:
        tier = Tier.QUICK if dtype.itemsize == 2 else Tier.DEFAULT
        yield _case("accumulation", _accumulation, dtype, seed, tier)
    for dtype in (int8, uint8, int32, int64):
        yield _case("products", _integer_products, dtype, seed)


def cases_of_sizes(
    checks: Mapping[str, Check], not_of_halves: Collection[str], seed: int
) -> Iterator[Case]:
    """Yield the cases of checks of sizes, of all float dtypes but for those checks of which the
    names are given.
    """
    for name, check in checks.items():
        for dtype in _FLOATS:
            if dtype.itemsize > 2 or name not in not_of_halves:
                yield _case(name, check, dtype, seed)


def _case(name: str, check: Check, dtype: DType, seed: int, tier: Tier = Tier.QUICK) -> Case:
    return Case(
        level=LEVEL,
        family="sizes",
        subject=name,
        dtype=dtype.name,
        tier=tier,
        check=partial(check, dtype, seed),
    )


def _integer_products(dtype: DType, seed: int, target: Target) -> Evidence:
    """Products of integers that no float holds, and sums that wrap."""
    chooser = Random(f"integer products {dtype.name} {seed}")
    low, high = integer_range(dtype)
    compared = 0
    for rows, inner, columns in ((1, 2, 1), (3, 5, 2), (9, 33, 17), (40, 41, 39)):
        x, y = (
            [chooser.randint(low, high) >> chooser.choice((0, 9)) for _ in range(rest * inner)]
            for rest in (rows, columns)
        )
        a = torch.tensor(x, dtype=dtype).reshape((rows, inner)).to(target.device)
        b = torch.tensor(y, dtype=dtype).reshape((columns, inner)).to(target.device).t()
        right = [
            sum(x[i * inner + k] * y[j * inner + k] for k in range(inner))
            for i in range(rows)
            for j in range(columns)
        ]
        what = f"integers: [{rows}, {inner}] @ [{inner}, {columns}]"
        for element, (got, value) in enumerate(zip(elements_of(a @ b), right, strict=True)):
            if got != dtype.convert(value):
                wanted = dtype.convert(value)
                raise Wrong(f"{what}: element {element} is {got!r}; it must be {wanted!r}")
            compared += 1
    return Evidence(compared)


def whole(
    shape: tuple[int, ...], dtype: DType, device: Device, chooser: Random, most: int = 2
) -> Tensor:
    """Return small whole numbers, of which sums stay whole in every dtype, amid others."""
    values = [float(chooser.randint(-most, most)) for _ in range(math.prod(shape))]
    numbers = torch.tensor(values, dtype=dtype).reshape(shape).to(device)
    return amid(numbers, chooser.choice(BEFORE))


def equal(mine: Tensor, right: list[float], what: str, dtype: DType) -> int:
    for element, (got, value) in enumerate(zip(elements_of(mine), right, strict=True)):
        if got != dtype.round(value):
            raise Wrong(f"{what}: element {element} is {got!r}; it must be {value!r}")
    return max(len(right), 1)


def _products(dtype: DType, seed: int, target: Target) -> Evidence:
    """Products of all sizes, of factors that lie as they are, turned, and with gaps."""
    chooser = Random(f"products {dtype.name} {seed}")
    compared = 0
    for number, (rows, inner, columns) in enumerate(_SIZES):
        a = whole((rows, inner), dtype, target.device, chooser)
        b = whole((inner, columns), dtype, target.device, chooser)
        x, y = elements_of(a), elements_of(b)
        right = _product(x, y, 1, rows, inner, columns)
        if number % 3 == 1:
            a = _turned(a)
        if number % 3 == 2:
            b = _turned(b)
        if number % 4 == 3:
            a = torch.cat([a, a], 1)[:, :inner]
        what = f"[{rows}, {inner}] @ [{inner}, {columns}]"
        compared += equal(a @ b, right, what, dtype)
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
        ((130, 2, 3), (130, 3, 1)),
        ((2, 9, 33), (2, 33, 17)),
        ((3, 1, 5), (3, 5, 34)),
        ((2, 2, 3, 7), (1, 2, 7, 5)),
        ((65,), (2, 65, 3)),
    )
    for number, (left, right) in enumerate(shapes):
        a = whole(left, dtype, target.device, chooser)
        b = whole(right, dtype, target.device, chooser)
        if number % 3 and len(left) > 2:
            a = _turned(a)
        if number % 2 and len(right) > 2:
            b = b.transpose(0, -1).contiguous().transpose(0, -1)
        if number == len(shapes) - 2:
            a = a[:, :1].expand(left)  # one matrix for two of the batch
        exact = a.to(oracle()).to(float64) @ b.to(oracle()).to(float64)
        values = [float(value) for value in elements_of(exact)]
        compared += equal(a @ b, values, f"{left} @ {right}", dtype)
    return Evidence(compared)


def _larger_batches(dtype: DType, seed: int, target: Target) -> Evidence:
    """Batches of products that are not small, alone and added to matrices, with factors that
    lie as they are, turned, and with gaps, and addends that do so or have the batch inside.
    """
    chooser = Random(f"larger batches {dtype.name} {seed}")
    compared = 0
    for batch, rows, inner, columns in _LARGER:
        shapes = (batch, rows, inner), (batch, inner, columns), (batch, rows, columns)
        a, b, more = (whole(shape, dtype, target.device, chooser) for shape in shapes)
        x, y, z = (elements_of(each) for each in (a, b, more))
        right = _product(x, y, batch, rows, inner, columns)
        added = [value + other for value, other in zip(right, z, strict=True)]
        factors = (
            *((a, b), (_turned(a), b), (a, _turned(b)), (_turned(a), _turned(b))),
            *((a, strided(b)), (strided(a), b)),
        )
        addends = (more, _turned(more), more.transpose(0, 1).contiguous().transpose(0, 1))
        for turn, (left, other) in enumerate(factors):
            addend = addends[turn % 3]
            what = f"{tuple(left.shape)} @ {tuple(other.shape)}, layouts {turn}"
            compared += equal(left @ other, right, what, dtype)
            found = torch.baddbmm(addend, left, other)
            compared += equal(found, added, f"a sum with {what}", dtype)
            if batch == 1:
                found = torch.addmm(addend[0], left[0], other[0])
                compared += equal(found, added, f"a matrix and {what}", dtype)
    return Evidence(compared)


def _product(
    x: Sequence[Scalar], y: Sequence[Scalar], batch: int, rows: int, inner: int, columns: int
) -> list[float]:
    """Return the products of matrices, of which all of a batch follow each other."""
    return [
        math.fsum(
            x[(n * rows + i) * inner + k] * y[(n * inner + k) * columns + j]
            for k in range(inner)
        )
        for n in range(batch)
        for i in range(rows)
        for j in range(columns)
    ]


def _turned(matrices: Tensor) -> Tensor:
    """Return equal matrices that lie column by column."""
    return matrices.transpose(-1, -2).contiguous().transpose(-1, -2)


def _many_added(dtype: DType, seed: int, target: Target) -> Evidence:
    """Hundreds of lines and of elements, added to few."""
    chooser = Random(f"many added {dtype.name} {seed}")
    compared = 0
    for count, width in ((700, 16), (1500, 3), (40, 130), (5000, 1)):
        x = whole((count, width), dtype, target.device, chooser)
        places = chooser.choices(range(9), k=count)
        right = [0.0] * (9 * width)
        for number, value in enumerate(elements_of(x)):
            right[places[number // width] * width + number % width] += value
        zeros = torch.zeros(9, width, dtype=dtype, device=target.device)
        index = torch.tensor(places, device=target.device)
        what = f"{count} lines of {width}"
        compared += equal(zeros.index_add(0, index, x), right, f"{what} by index_add", dtype)
        wide = index.unsqueeze(1).expand(count, width)
        compared += equal(zeros.scatter_add(0, wide, x), right, f"{what} scattered", dtype)
        compared += equal(
            zeros.t().contiguous().index_add(1, index, x.t()).t(),
            right,
            f"{what}, turned, by index_add",
            dtype,
        )
    return Evidence(compared)


def _softmax(dtype: DType, seed: int, target: Target) -> Evidence:
    """Rows and columns of all lengths, and columns side by side, within the record's ULP."""
    chooser = Random(f"softmax {dtype.name} {seed}")
    compared = 0
    for number, (length, count) in enumerate(_LENGTHS_OF_SOFTMAX):
        drawn = [chooser.uniform(-4.0, 4.0) for _ in range(count * length)]
        values = rounded(dtype, drawn)
        x = torch.tensor(values, dtype=dtype).reshape((count, length)).to(target.device)
        right = []
        for start in range(0, len(values), length):
            row = values[start : start + length]
            top = max(row)
            total = math.fsum(math.exp(value - top) for value in row)
            right += [math.exp(value - top) / total for value in row]
        is_turned = number % 2 or count > 3
        mine = x.t().contiguous().softmax(0).t() if is_turned else x.softmax(1)
        what = f"softmax of {count} times {length}"
        for element, (got, value) in enumerate(zip(elements_of(mine), right, strict=True)):
            if not abs(got - value) <= 12 * unit(value, dtype):
                raise Wrong(f"{what}: element {element} is {got!r}, not {value!r}")
            compared += 1
    return Evidence(compared)


def _special_values(dtype: DType, seed: int, target: Target) -> Evidence:
    """Products in which one factor holds a NaN, an infinity, or zeros that meet one."""
    compared = 0
    special = (math.nan, math.inf, -math.inf, 0.0, -0.0)
    for rows, inner, columns in ((1, 1, 1), (3, 5, 2), (17, 19, 9), (2, 66, 33)):
        chooser = Random(f"special {rows} {dtype.name} {seed}")
        factors = []
        for shape in ((rows, inner), (inner, columns)):
            values = [float(chooser.randint(-2, 2)) for _ in range(math.prod(shape))]
            for value in special:
                values[chooser.randrange(len(values))] = value
            factors.append((values, torch.tensor(values, dtype=dtype).reshape(shape)))
        (x, a), (y, b) = factors
        right = [
            sum(x[i * inner + k] * y[k * columns + j] for k in range(inner))
            for i in range(rows)
            for j in range(columns)
        ]
        mine = elements_of(a.to(target.device) @ b.to(target.device))
        for element, (got, value) in enumerate(zip(mine, right, strict=True)):
            if got != value and (got == got or value == value):
                what = f"[{rows}, {inner}] @ [{inner}, {columns}]"
                raise Wrong(f"{what}: element {element} is {got!r}; it must be {value!r}")
            compared += 1
    return Evidence(compared)


def _least(dtype: DType, seed: int, target: Target) -> Evidence:
    """Products of small factors: sums of the least numbers there are."""
    if target.flushes(dtype):
        return Evidence(1)
    chooser = Random(f"least products {dtype.name} {seed}")
    compared = 0
    exponent = int(math.log2(unit(0.0, dtype)))
    half = 2.0 ** (exponent // 2)
    for rows, inner, columns in ((1, 3, 1), (3, 5, 2), (17, 19, 33)):
        a = whole((rows, inner), dtype, target.device, chooser)
        b = whole((inner, columns), dtype, target.device, chooser)
        exact = elements_of(a.to(oracle()).to(float64) @ b.to(oracle()).to(float64))
        right = [math.ldexp(float(each), exponent) for each in exact]
        what = f"[{rows}, {inner}] @ [{inner}, {columns}] of small factors"
        compared += equal((a * half) @ (b * (2.0**exponent / half)), right, what, dtype)
    return Evidence(compared)


def _nothing(dtype: DType, seed: int, target: Target) -> Evidence:
    """No image, no row: no result, and no derivative."""
    none = torch.zeros(0, 3, 4, dtype=dtype).to(target.device).requires_grad_()
    results = (
        F.conv1d(none, torch.ones(2, 3, 1, dtype=dtype).to(target.device)),
        F.layer_norm(none, (4,)),
        F.max_pool1d(none, 2),
        F.avg_pool1d(none, 2),
        F.interpolate(none, 7, mode="linear", align_corners=False),
        none.softmax(2),
        none.log_softmax(0),
    )
    for result in results:
        (derivative,) = torch.autograd.grad([result], [none], [torch.ones_like(result)])
        if result.numel() or derivative is None or derivative.numel():
            raise Wrong("of nothing comes something")
    return Evidence(2 * len(results))


def _accumulation(dtype: DType, seed: int, target: Target) -> Evidence:
    """Thousands of ones: added up in a 16-bit float they would come to a standstill."""
    count = 4099
    x = torch.ones(2, count, dtype=dtype).to(target.device)
    window = x.reshape((2, 1, 1, count))
    pixels = torch.ones(1, count, 2, 2, dtype=dtype).to(target.device)
    weight = torch.ones(3, count, 1, 1, dtype=dtype).to(target.device)
    results = {
        "a product": (x @ x.t(), count),
        "a sum": (x.sum(1), count),
        "a mean": (x.mean(1), 1),
        "a convolution": (F.conv2d(window, window[:1]), count),
        "a convolution of channels": (F.conv2d(pixels, weight), count),
        "an average of a window": (F.avg_pool2d(window, (1, count)), 1),
        "softmax": ((x - x).softmax(1)[:, :3], 1 / count),
    }
    compared = 0
    for what, (mine, right) in results.items():
        wanted = [float(right)] * mine.numel()
        compared += equal(mine, wanted, f"{what} of {count} ones in {dtype.name}", dtype)
    return Evidence(compared)
