"""Fractional max pooling: windows that lie at random, so that sizes shrink by any factor.

Source: B. Graham, "Fractional Max-Pooling" (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import TypeVar

from gnomon.composite.max_pooling import gathered
from gnomon.composite.pooling_windows import Sizes, check_rank
from gnomon.core import TensorCore
from gnomon.dispatch import values_of
from gnomon.dtypes import DType
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.op.index_arguments import index_operand
from gnomon.op.rules import floating
from gnomon.ops.indexing import gather
from gnomon.ops.reduction import ARGMAX
from gnomon.ops.views import reshape

T = TypeVar("T", bound=TensorCore)


def fractional_max_pool(
    count: int, input: T, kernel: Sizes, output: Sizes, samples: T
) -> tuple[T, T]:
    """Return the largest element of each of ``output`` windows of size ``kernel``, and where.

    Windows lie along the last ``count`` dims of ``input``, in each channel shifted by its
    numbers in ``samples`` (N, C, count), which are between 0 and 1. Raises RuntimeError for
    windows that do not fit and samples of another shape or dtype.

    >>> import gnomon as torch
    >>> samples = torch.tensor([[[0.5, 0.5]]])
    >>> fractional_max_pool(2, torch.arange(16.0).view(1, 4, 4), (2, 2), (2, 2), samples)[0]
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    operation = f"fractional_max_pool{count}d"
    check_rank(operation, count, input)
    floating(operation, input.operand.dtype)
    shape = input.operand.layout.shape
    lead, sizes = shape[:-count], shape[-count:]
    _check(operation, count, input, kernel, output, samples)
    shifts = [float(value) for value in values_of(samples.operand)]
    dtypes = [input.operand.dtype] * count
    windows: list[int] = []
    for channel in range(prod(lead)):
        own = shifts[channel * count : (channel + 1) * count]
        # The first number of two is the shift along the last dim, those of three are in order.
        ordered = own[::-1] if count == 2 else own
        starts = [
            _starts(*along)
            for along in zip(ordered, sizes, kernel, output, dtypes, strict=True)
        ]
        for corner in product(*starts):
            for step in product(*map(range, kernel)):
                windows.append(_flat([a + b for a, b in zip(corner, step, strict=True)], sizes))
    with no_grad():
        places = _largest(input, windows, prod(lead), prod(output), prod(kernel), prod(sizes))
        indices = reshape(places, (*lead, *output))
    return gathered(input, indices, count), indices


def _starts(shift: float, size: int, length: int, count: int, dtype: DType) -> list[int]:
    """Return where the windows along a dim begin; the last one ends with the dim."""
    if count == 1:
        return [size - length]

    def rounded(value: float) -> float:
        return float(dtype.convert(value))

    step = rounded((size - length) / (count - 1))
    first = int(rounded(shift * step))
    starts = [int(rounded(rounded(place + shift) * step)) - first for place in range(count - 1)]
    return [*starts, size - length]


def _flat(position: Sequence[int], sizes: Sizes) -> int:
    """Return the place of a position in an image that lies flat."""
    flat = 0
    for at, size in zip(position, sizes, strict=True):
        flat = flat * size + at
    return flat


def _largest(
    input: T, windows: list[int], images: int, count: int, length: int, size: int
) -> T:
    """Return the flat place of the largest element in each of ``count`` windows an image."""
    backend = input.operand.storage.backend
    table = input.like(index_operand(backend, windows, (images, count * length)))
    read = gather(reshape(input, (images, size)), 1, table)
    chosen = ARGMAX.over(reshape(read, (images, count, length)), (2,), True)
    return gather(reshape(table, (images, count, length)), 2, chosen)


def _check(
    operation: str, count: int, input: T, kernel: Sizes, output: Sizes, samples: T
) -> None:
    lead, sizes = input.operand.layout.shape[:-count], input.operand.layout.shape[-count:]
    batch = lead if len(lead) == 2 else (1, *lead)
    rule = ""
    if min(kernel) < 1 or min(output) < 1:
        rule = f"kernel size {list(kernel)} and output size {list(output)} must be positive"
    elif any(
        number + length - 1 > size
        for number, length, size in zip(output, kernel, sizes, strict=True)
    ):
        rule = f"pool of {list(kernel)} too large relative to input {list(sizes)}"
    elif samples.operand.dtype is not input.operand.dtype:
        rule = "Expect _random_samples to have the same dtype as input"
    elif samples.operand.layout.shape != (*batch, count):
        rule = f"Expect _random_samples of shape {[*batch, count]}"
    if rule:
        remedy = "Choose fewer or smaller windows, and one number for each dim and channel"
        raise RuntimeError(explain(operation, rule, input, samples, remedy=remedy))
