"""The composite behind average pooling and interpolation: weighted sums along separate dims.

Each result along a dim reads some positions, each with a weight; weights of several dims
multiply. The transpose of such a map is another one, so it is its own derivative's form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import chain
from typing import Final, NamedTuple, TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import bool_, float32
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.layout.strides import prefers_channels_last
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite
from gnomon.op.copy import COPY
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import sum_of
from gnomon.op.index_arguments import table_operand
from gnomon.op.indexing import IndexPlan, read_through_indices
from gnomon.op.linear import linear
from gnomon.ops.arithmetic import div, mul
from gnomon.ops.comparison import where

T = TypeVar("T", bound=TensorCore)
_CACHED: Final = 64

#: For each result along one dim, the positions it reads and their weights.
Taps: TypeAlias = tuple[tuple[tuple[int, float], ...], ...]


class Resampling(NamedTuple):
    """A weighted sum along each of the last dims, which have ``sizes``."""

    taps: tuple[Taps, ...]
    sizes: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """How many results there are along each dim."""
        return tuple(map(len, self.taps))

    def transposed(self) -> Resampling:
        """Return the map that carries cotangents of results to what they read.

        >>> halves = ((0, 0.5), (1, 0.5))
        >>> Resampling(((halves, halves),), (2,)).transposed().taps
        ((((0, 0.5), (1, 0.5)), ((0, 0.5), (1, 0.5))),)
        """
        return _turned(self)


@lru_cache(_CACHED)
def _turned(resampling: Resampling) -> Resampling:
    found = []
    for taps, size in zip(resampling.taps, resampling.sizes, strict=True):
        readers: list[list[tuple[int, float]]] = [[] for _ in range(size)]
        for result, pairs in enumerate(taps):
            for position, weight in pairs:
                readers[position].append((result, weight))
        found.append(tuple(map(tuple, readers)))
    return Resampling(tuple(found), resampling.counts)


#: ``(input, resampling, divisors, output)``: output is what the weighted sums give, over the
#: divisors, one for each place of an image, unless they are None.
ResamplingKernel: TypeAlias = Callable[
    [Operand, Resampling, "tuple[int, ...] | None", Operand], None
]
ResamplingMeaning: TypeAlias = Callable[
    [TensorCore, Resampling, "tuple[int, ...] | None"], TensorCore
]


def _resampled(
    input: TensorCore, resampling: Resampling, divisors: tuple[int, ...] | None
) -> TensorCore:
    backend, dtype = input.operand.storage.backend, input.operand.dtype
    result = input
    lead = input.operand.layout.ndim - len(resampling.taps)
    for dim, taps in enumerate(resampling.taps, lead):
        longest = max(map(len, taps), default=0)
        missing = [longest - len(pairs) for pairs in taps]
        # A result without any position reads the first one, with no weight.
        ends = [pairs[-1][0] if pairs else 0 for pairs in taps]
        positions = [
            [position for position, _ in pairs] + [end] * more
            for pairs, end, more in zip(taps, ends, missing, strict=True)
        ]
        weights = [
            [weight for _, weight in pairs] + [0.0] * more
            for pairs, more in zip(taps, missing, strict=True)
        ]
        read = _read(result, positions, dim)
        after = (1,) * (result.operand.layout.ndim - dim - 1)
        shape = (len(taps), longest, *after)
        if any(missing):
            present = tuple([k < longest - more for more in missing for k in range(longest)])
            mask = table_operand(backend, present, shape, bool_)
            read = where(input.like(mask), read, 0.0)
        if any(weight != 1.0 for pairs in taps for _, weight in pairs):
            flat = tuple(chain.from_iterable(weights))
            read = mul(read, input.like(table_operand(backend, flat, shape, dtype)))
        result = sum_of(read, dim + 1, dtype=dtype)
    if divisors is not None:
        table = table_operand(backend, divisors, resampling.counts, dtype)
        result = div(result, input.like(table))
    return result


def _read(input: T, positions: list[list[int]], dim: int) -> T:
    """Return ``input`` with ``dim`` replaced by two: the results, and what each one reads."""
    layout = input.operand.layout
    longest = len(positions[0]) if positions else 0
    backend = input.operand.storage.backend
    after = (1,) * (layout.ndim - dim - 1)
    index = table_operand(
        backend, tuple(chain.from_iterable(positions)), (len(positions), longest, *after)
    )
    plan = IndexPlan(
        operation="resampling",
        shape=(*layout.shape[:dim], len(positions), longest, *layout.shape[dim + 1 :]),
        walked=(*range(dim), None, None, *range(dim + 1, layout.ndim)),
        indexed=(dim,),
    )
    return read_through_indices(input, plan, (input.like(index),), "IndexBackward0")


resampling_of: Composite[ResamplingMeaning, ResamplingKernel] = Composite(
    name="resampling",
    definition="weighted sums along the last dims of what each result reads, over divisors",
    decompose=_resampled,
    tolerance=SumOfTerms(),
    gradients=("input",),
)


def resampled(
    label: str, input: T, resampling: Resampling, divisors: tuple[int, ...] | None = None
) -> T:
    """Return the weighted sums along the last dims of ``input``, as the output of one node."""
    result = input.like(_computed(input, resampling, divisors))
    back = partial(_transposed, label, resampling, divisors)
    return linear(label, input, result, back)


def _transposed(
    label: str, resampling: Resampling, divisors: tuple[int, ...] | None, g: TensorCore
) -> TensorCore:
    if divisors is not None and len(set(divisors)) == 1:
        g = div(g, divisors[0])
    elif divisors is not None:
        _, layout, dtype = g.operand
        shape = layout.shape[layout.ndim - len(resampling.taps) :]
        g = div(g, g.like(table_operand(g.operand.storage.backend, divisors, shape, dtype)))
    return resampled(f"{label[:-1]}Backward0", g, resampling.transposed())


def _computed(
    input: TensorCore, resampling: Resampling, divisors: tuple[int, ...] | None
) -> Operand:
    storage, given, dtype = input.operand
    lead = given.shape[: given.ndim - len(resampling.taps)]
    layout = Layout.contiguous((*lead, *resampling.counts))
    if given.ndim > 3 and prefers_channels_last(given.shape, given.strides):
        layout = layout.channels_last()
    output = allocate(storage.backend, layout, dtype)
    if not layout.numel:
        return output
    kernel = resampling_of.kernel_on(storage.backend)
    if kernel is not None:
        kernel(input.operand, resampling, divisors, output)
        return output
    wide = dtype if dtype.itemsize > 2 else float32
    with no_grad():
        whole = resampling_of.decompose(to_dtype(input, wide), resampling, divisors)
    storage.backend.elementwise(COPY, (to_dtype(whole, dtype).operand,), output)
    return output


def divisors_of(lengths: list[list[int]]) -> tuple[int, ...]:
    """Return the products of one length along each dim, for every place in logical order."""
    found = [1]
    for along in lengths:
        found = [product * length for product in found for length in along]
    return tuple(found)
