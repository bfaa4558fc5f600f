"""Operands larger than the first piece of any loop, table or tile, and of more dims than most.

Whole numbers make every result exact, so that nothing is allowed: it is what the oracle gives
in the same dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final, NamedTuple, TypeAlias, final

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import (
    DType,
    Kind,
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.checks.tensors import all_same
from gnomon_conformance.functions import with_gradients
from gnomon_conformance.judging import Evidence
from gnomon_conformance.target import Target, oracle

Shape: TypeAlias = tuple[int, ...]
#: Makes results of operands.
Function: TypeAlias = Callable[[list[Tensor]], Sequence[Tensor]]

_ALL: Final = (float32, float64, float16, bfloat16, bool_, uint8, int16, int64)
_NUMBERS: Final = (float32, float64, float16, int32, int64)
_FLOATS: Final = (float32, float64)


@final
class _Large(NamedTuple):
    """Functions of operands of these shapes, which hold whole numbers up to ``most``."""

    level: Level
    dtypes: Sequence[DType]
    shapes: Sequence[Shape]
    function: Function
    most: int = 2


def _turned(x: list[Tensor]) -> list[Tensor]:
    """Copies and sums of a matrix turned round."""
    square, wide = x
    return [square.t().contiguous(), square + square.t(), wide.t().contiguous(), wide.t() * 2]


def _broadcast(x: list[Tensor]) -> list[Tensor]:
    """A row, a column and a middle dim for thousands of elements."""
    matrix, row, cube, middle = x
    column = row[: matrix.shape[0]].unsqueeze(1)
    found = [cube * middle, cube == middle, torch.where(matrix > column, matrix, row)]
    for operation in (torch.add, torch.sub, torch.mul, torch.maximum):
        for other in (row, column):
            found += [operation(matrix, other), operation(other, matrix)]
    return found


def _line(x: list[Tensor]) -> list[Tensor]:
    """Thousands of elements, compared, and written over in place."""
    a, b = x
    found = [a == b, a < b, a >= b, a.abs(), a.clone().fill_(1), a.clone().copy_(b)]
    found += [a.clone().add_(b), a.clone().mul_(b), torch.clamp_min_(a.clone(), 0)]
    found.append(torch.maximum(last := a.clone(), b, out=last))
    return [*found, a.clone().div_(b.sign() * 2)] if a.is_floating_point() else found


def _folded(x: list[Tensor]) -> list[Tensor]:
    """Matrices of many rows and of many columns, turned round too."""
    found = []
    for matrix in x:
        for each in (matrix, matrix.t()):
            for dim in (0, 1):
                found += [each.sum(dim), each.amax(dim), each.amin(dim), each.argmax(dim)]
    return found


def _scanned(x: list[Tensor]) -> list[Tensor]:
    """Scans along and across thousands of lines."""
    found = []
    for matrix in x:
        for dim in (0, 1):
            found += [matrix.cumsum(dim), *matrix.cummax(dim), matrix.cummin(dim)[0]]
            found += [matrix.sign().cumprod(dim)]
    return found


def _in_parts(x: list[Tensor]) -> list[Tensor]:
    """As many rows, or lines, as there are parts of each."""
    rows, lines, strips, columns = x
    found = [rows.sum(1), rows.amax(1), rows.cumsum(1)[:, 1::97], lines.sum(1), strips.sum(1)]
    return [*found, strips.amax(1), columns.cumsum(0)[1::97], columns.sum(0)]


def _counted(x: list[Tensor]) -> list[Tensor]:
    """More elements than 16 bits count."""
    ones = torch.ones_like(x[0])
    found = [ones.count_nonzero(), (ones == 1).sum(), (ones == 1).all(), ones.cumsum(0)[-1:]]
    return [*found, ones.mean()] if ones.is_floating_point() else found


def _of_nine_dims(x: list[Tensor]) -> list[Tensor]:
    """Nine dims, in another order, with gaps, and some of them repeated."""
    nine, small = x
    turned = nine.permute(3, 6, 8, 0, 5, 2, 7, 1, 4)
    gaps = torch.stack([nine, nine + 1], -1)[..., 0]
    found: list[Tensor] = []
    for each in (turned, gaps, small.expand(nine.shape)):
        places = (each[:, :1] > 0).to(int64)
        found += [each.contiguous(), each - nine.reshape(each.shape), each.amax(1)]
        found += [each.sum((1, 4)), each.cumsum(2), each.sort(2)[0], each.gather(2, places)]
    return found


def _sorted(x: list[Tensor]) -> list[Tensor]:
    """More rows, and more columns, than are sorted together."""
    rows, columns, bytes_ = x
    found: list[Tensor] = []
    for each, dim in ((rows, 1), (columns, 0), (bytes_, 1)):
        found += each.sort(dim, stable=True)
        found += each.sort(dim, descending=True, stable=True)
        found += [each.topk(2, dim)[0], each.kthvalue(2, dim)[0], each.median(dim)[0]]
    return found


def _far_apart(x: list[Tensor]) -> list[Tensor]:
    """Integers next to each other that no float tells apart."""
    integers = x[0] + 2**60
    some = integers[:2].reshape(-1).sort()[0]
    return [
        *integers.sort(1, stable=True),
        *integers.topk(3, 1),
        *integers.kthvalue(2, 1),
        *integers.max(0),
        *integers.cummin(1),
        torch.unique(integers),
        torch.searchsorted(some, integers),
        torch.isin(integers, some[:2]),
        integers.clamp(2**60 - 1, 2**60 + 1),
        torch.where(integers > 2**60, integers, -integers),
        integers.argmax(1),
        integers % 7,
        integers // 3,
    ]


def _looked_up(x: list[Tensor]) -> list[Tensor]:
    """Thousands of indices, one of them after another."""
    values, more = x
    count = values.shape[0]
    places = (torch.arange(count, device=values.device) * 7 + 3) % count
    taken = values.index_select(0, places)
    flat = values.reshape(-1)
    scattered = torch.zeros_like(flat).scatter(
        0, torch.arange(flat.numel()).to(flat.device), flat
    )
    return [
        taken,
        values[places],
        values.gather(0, places.unsqueeze(1).expand(more.shape)),
        values.index_copy(0, places, more),
        values.index_add(0, places, more),
        scattered,
        torch.masked_select(values, values > 0),
        (values > 0).nonzero(),
    ]


def _products(x: list[Tensor]) -> list[Tensor]:
    """Products of which no size is small."""
    a, b, c = x
    return [a @ b, b.t() @ a.t(), torch.baddbmm(c, a.unsqueeze(0), b.unsqueeze(0))]


def _tall(x: list[Tensor]) -> list[Tensor]:
    """Products of many rows and few columns, with a vector from either side, of windows that
    overlap, and of a matrix that each of a batch shares, turned round.
    """
    tall, narrow, square, vector, batch = x
    windows = vector.as_strided((70, 60), (2, 1))
    found = [tall @ narrow, narrow.t() @ tall.t(), tall @ narrow[:, 0], vector @ square]
    found += [
        square @ vector,
        square.t() @ vector,
        windows @ square[:60],
        batch @ tall[:70].t(),
    ]
    return [*found, torch.outer(vector, tall[0])]


def _cubes(x: list[Tensor]) -> list[Tensor]:
    """A product none of whose sizes a block holds, and more products than 16 bits count."""
    a, b, rows = x
    return [a @ b, rows.unsqueeze(1) @ rows.unsqueeze(2)]


def _few_rows(x: list[Tensor]) -> list[Tensor]:
    """Products of few rows and many columns, and batches of a matrix and a vector."""
    row, deep, few, wide, addend, batch, vectors = x
    found = [row @ deep, torch.addmm(addend, few, wide.t()), batch @ vectors]
    return [*found, few[:, :16] @ wide[:, :16].repeat(5, 1).t()]


def _images(x: list[Tensor]) -> list[Tensor]:
    """Images with more than a few places to each side."""
    image, weight, transposed = x
    found = [
        F.conv2d(image, weight, None, stride, padding, dilation)
        for stride, padding, dilation in ((1, 1, 1), (4, 0, 1), (5, 2, 1), (1, 0, 5), (2, 4, 4))
    ]
    found += [F.conv_transpose2d(image, transposed, None, 4), F.max_pool2d(image, 3, 2, 1)]
    found += [F.max_pool2d(image, 2), F.avg_pool2d(image, 4), F.pad(image, (3, 2, 1, 4))]
    found += [F.interpolate(image, scale_factor=2), F.interpolate(image, (50, 13))]
    found += [F.max_pool2d(image[0], 2), F.avg_pool2d(image[0], 2)]
    return [*found, F.adaptive_max_pool2d(image, 5), F.pixel_shuffle(image, 2)]


_LARGE: Final = {
    "turned": _Large(Level.ELEMENTWISE, _ALL, ((70, 70), (67, 130)), _turned),
    "broadcast": _Large(
        Level.ELEMENTWISE,
        (float32, float64, int64),
        ((97, 101), (101,), (9, 31, 34), (31, 1)),
        _broadcast,
    ),
    "line": _Large(
        Level.ELEMENTWISE,
        (*_NUMBERS, int8, uint8, int16, bfloat16),
        ((9001,), (9001,)),
        _line,
    ),
    "truths": _Large(
        Level.ELEMENTWISE,
        (bool_,),
        ((9001,), (9001,)),
        lambda x: [x[0] & x[1], x[0].clone().logical_xor_(x[1]), x[0].clone().fill_(False)],
    ),
    "folded": _Large(
        Level.REDUCTION, (float32, float64, int64), ((70, 71), (2100, 3), (3, 2100)), _folded
    ),
    "scanned": _Large(
        Level.REDUCTION, (float32, int32, float64), ((2100, 3), (3, 2100)), _scanned
    ),
    "in-parts": _Large(
        Level.REDUCTION,
        (float32,),
        ((4, 40001), (3, 5000, 66), (4, 40, 1100), (20000, 3)),
        _in_parts,
    ),
    "counted": _Large(
        Level.REDUCTION, (float32, uint8, int64, float16, bfloat16), ((66003,),), _counted
    ),
    "nine-dims": _Large(
        Level.INDEXING,
        (float32, float64, int64),
        ((2, 3, 2, 1, 3, 1, 2, 1, 2), (1, 2, 1, 3, 1, 1, 1, 2)),
        _of_nine_dims,
    ),
    "many-lines": _Large(
        Level.INDEXING, (float32,), ((2**16 + 3, 2),), lambda x: [*x[0].sort(1, stable=True)]
    ),
    "sorted": _Large(
        Level.INDEXING,
        (float32, int64, float64),
        ((1100, 5), (1030, 9), (40, 30)),
        _sorted,
        900,
    ),
    "far-apart": _Large(Level.INDEXING, (int64,), ((6, 9),), _far_apart),
    "looked-up": _Large(
        Level.INDEXING, (float32, float64, int16, int64), ((1500, 3), (1500, 3)), _looked_up
    ),
    "products": _Large(
        Level.COMPOSITE, (*_NUMBERS, int16, uint8), ((66, 65), (65, 67), (66, 67)), _products
    ),
    "tall": _Large(
        Level.COMPOSITE,
        (float32, float64, float16, int32, int64),
        ((1030, 70), (70, 5), (300, 300), (300,), (3, 4, 70)),
        _tall,
    ),
    "cubes": _Large(
        Level.COMPOSITE, (float32, int32), ((131, 300), (300, 133), (2**16 + 3, 2)), _cubes
    ),
    "few-rows": _Large(
        Level.COMPOSITE,
        (float32, float64),
        ((1, 10000), (10000, 128), (16, 256), (300, 256), (16, 1), (4, 6, 50), (4, 50, 1)),
        _few_rows,
    ),
    "images": _Large(
        Level.COMPOSITE, _FLOATS, ((1, 4, 23, 26), (2, 4, 3, 3), (4, 1, 5, 5)), _images
    ),
    "images-back": _Large(
        Level.COMPOSITE,
        (float32,),
        ((1, 4, 23, 26), (2, 4, 3, 3), (4, 1, 5, 5)),
        with_gradients(_images),
    ),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each of the functions and dtypes."""
    for subject, large in _LARGE.items():
        for dtype in large.dtypes:
            yield Case(
                level=large.level,
                family="large",
                subject=subject,
                dtype=dtype.name,
                check=partial(_exact, subject, large, dtype, seed),
            )


def _exact(subject: str, large: _Large, dtype: DType, seed: int, target: Target) -> Evidence:
    """The results of a function are those of the oracle in every element."""
    chooser = Random(f"{subject} {dtype.name} {seed}")
    given = [drawn(shape, dtype, chooser, large.most) for shape in large.shapes]
    found = large.function([each.to(target.device) for each in given])
    return Evidence(all_same(found, large.function(given)))


def drawn(shape: Shape, dtype: DType, chooser: Random, most: int) -> Tensor:
    """Return whole numbers, none of which is 0, as memory that nobody wrote to may be."""
    numbers = [each for each in range(-most, most + 1) if each]
    if dtype.kind in (Kind.BOOL, Kind.UNSIGNED):
        numbers = [each for each in numbers if each > 0]
    count = math.prod(shape)
    drawn = torch.tensor(chooser.choices(numbers, k=count), dtype=dtype, device=oracle())
    return drawn.reshape(shape)
