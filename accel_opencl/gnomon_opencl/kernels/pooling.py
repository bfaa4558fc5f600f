"""Poolings and interpolations: what each result makes of a window of its image.

Along each dim a table lists which positions each result reads, so that windows of every kind
(padded, dilated, adaptive, fractional, of an interpolation) are alike: see ``windows.cl``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import prod
from typing import Final, NamedTuple, TypeAlias, final

import numpy as np

from gnomon.backend import DType, Layout, Operand, Storage, float32
from gnomon.fusible import Resampling, Windows
from gnomon_opencl.element_types import ElementType, element_type
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels import copying
from gnomon_opencl.kernels.walks import integers
from gnomon_opencl.memory import Buffer
from gnomon_opencl.runtime import Runtime, buffer_of

_CACHED: Final = 64
#: Dims of an image, and dims in front of it, that kernels take.
_DIMS: Final = 3
_LEAD: Final = 2
#: Channels that are worth a vector, and places in an image that a lane can number.
_FEW_CHANNELS: Final = 8
_MOST_PLACES: Final = 2**31 - 1
#: The longest lines of images that a work-item of a processor keeps: LONGEST.
_LONGEST: Final = 512
#: Results that one work-item of a processor makes.
_ENOUGH: Final = 512

_Entries: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
_Weights: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]


@final
class Places(NamedTuple):
    """Where the elements of an operand stand, of dims in front and of an image."""

    offset: int = 0
    a: int = 0
    b: int = 0
    first: int = 0
    second: int = 0
    third: int = 0


@final
@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The positions that results read along each dim, and a weight for each entry."""

    entries: _Entries
    weights: _Weights
    #: Where each dim begins, and after all of them the divisors.
    starts: tuple[int, ...]
    #: Whether each result is one element of the images.
    picks: bool = False


def pool_largest(
    runtime: Runtime,
    input: Operand,
    windows: tuple[Windows, ...],
    values: Operand,
    indices: Operand,
) -> None:
    """Write the largest element of every window, and its flat position in its image."""
    dims, dtype = len(windows), input.dtype
    table = _positions(windows)
    for given, to, place in _parts(dims, input, values, indices):
        if not to.layout.numel:
            continue
        plan, items, by_channels = _plan(
            dims, given.layout, to.layout, place.layout, table.starts, runtime
        )
        arguments = [
            buffer_of(given),
            _entries(runtime, table),
            buffer_of(to),
            buffer_of(place),
            plan,
        ]
        name = "largest_of_channels" if by_channels else "largest"
        runtime.launch(_source("max_pooling", dtype), name, arguments, items)


def put_back(
    runtime: Runtime,
    values: Operand,
    indices: Operand,
    sizes: tuple[int, ...],
    output: Operand,
) -> None:
    """Write images of ``sizes``, 0 but for the values added at their flat positions."""
    layout, dtype = output.layout, output.dtype
    if not layout.numel:
        return
    sums = element_type(dtype).compute
    source = _source("max_pooling", dtype)
    dims, shape = len(sizes), Layout.contiguous(layout.shape)
    whole = output
    if layout != shape or element_type(dtype).storage != sums:
        wide = float32 if element_type(dtype).is_half else dtype
        memory = runtime.pool.allocate(shape.numel * wide.itemsize)
        whole = Operand(Storage(output.storage.backend, memory), shape, wide)
    for image, given, place in _parts(dims, whole, values, indices):
        starts = (0,) * (_DIMS + 1)
        plan, *_ = _plan(
            dims,
            image.layout,
            given.layout,
            place.layout,
            starts,
            runtime,
            image_by_image=True,
        )
        images = prod(image.layout.shape[: image.layout.ndim - dims])
        arguments = [buffer_of(given), buffer_of(place), buffer_of(image), plan]
        runtime.launch(source, "put_back", arguments, images)
    if whole is not output:
        copying.copy(runtime, whole, output)


def resample(
    runtime: Runtime,
    input: Operand,
    resampling: Resampling,
    divisors: tuple[int, ...] | None,
    output: Operand,
) -> None:
    """Write the weighted sums along the last dims of ``input``, over the divisors."""
    dims, dtype = len(resampling.taps), input.dtype
    table = _weighted(resampling, divisors)
    for given, to in _parts(dims, input, output):
        if not to.layout.numel:
            continue
        starts = table.starts
        plan, items, by_channels = _plan(
            dims, given.layout, to.layout, to.layout, starts, runtime, divisors is not None
        )
        arguments = [
            buffer_of(given),
            _entries(runtime, table),
            _weights(runtime, table, dtype.itemsize == 8),
            buffer_of(to),
            plan,
        ]
        name = "resample_channels" if by_channels else "pick" if table.picks else "resample"
        longest = _LONGEST if runtime.traits.is_processor else 1
        source = _source("resampling", dtype, longest)
        runtime.launch(source, name, arguments, items)


def _parts(dims: int, *operands: Operand) -> Iterator[Sequence[Operand]]:
    """Yield parts of operands with no more dims in front of images than kernels take."""
    if operands[0].layout.ndim - dims <= _LEAD:
        yield operands
        return
    for index in range(operands[0].layout.shape[0]):
        yield from _parts(
            dims, *(each.under(each.layout.select(0, index)) for each in operands)
        )


@lru_cache(_CACHED)
def _positions(windows: tuple[Windows, ...]) -> Table:
    return _table(windows, [[1.0] * sum(map(len, along)) for along in windows], ())


@lru_cache(_CACHED)
def _weighted(resampling: Resampling, divisors: tuple[int, ...] | None) -> Table:
    windows = [
        tuple([tuple([position for position, _ in pairs]) for pairs in taps])
        for taps in resampling.taps
    ]
    weights = [[weight for pairs in taps for _, weight in pairs] for taps in resampling.taps]
    table = _table(windows, weights, divisors or ())
    single = all(len(pairs) == 1 for taps in resampling.taps for pairs in taps)
    picks = single and divisors is None and all(set(each) == {1.0} for each in weights)
    return replace(table, picks=picks)


def _table(
    windows: Sequence[Windows], weights: Sequence[Sequence[float]], divisors: Sequence[int]
) -> Table:
    entries: list[int] = []
    factors: list[float] = []
    starts = []
    missing = _DIMS - len(windows)
    for along, each in zip(
        [((0,),)] * missing + list(windows), [[1.0]] * missing + list(weights), strict=True
    ):
        starts.append(len(entries))
        ends = np.cumsum([0, *map(len, along)])
        entries += ends.tolist()
        entries += [position for positions in along for position in positions]
        factors += [0.0] * len(ends)
        factors += each
    starts.append(len(entries))
    return Table(
        np.array(entries, np.int64), np.array([*factors, *divisors], np.float64), tuple(starts)
    )


@lru_cache(_CACHED)
def _entries(runtime: Runtime, table: Table) -> Buffer:
    memory = runtime.pool.allocate(table.entries.nbytes)
    runtime.pool.write(memory, 0, table.entries.data.cast("B"))
    return memory.buffer


@lru_cache(_CACHED)
def _weights(runtime: Runtime, table: Table, is_double: bool) -> Buffer:
    weights = table.weights if is_double else table.weights.astype(np.float32)
    memory = runtime.pool.allocate(weights.nbytes)
    runtime.pool.write(memory, 0, weights.data.cast("B"))
    return memory.buffer


def _places(layout: Layout, dims: int) -> Places:
    lead, own = layout.strides[: layout.ndim - dims], layout.strides[layout.ndim - dims :]
    return Places(
        layout.offset, *(0,) * (_LEAD - len(lead)), *lead, *(0,) * (_DIMS - dims), *own
    )


def _plan(
    dims: int,
    images: Layout,
    results: Layout,
    places: Layout,
    starts: tuple[int, ...],
    runtime: Runtime,
    has_divisors: bool = False,
    image_by_image: bool = False,
) -> tuple[bytes, int, bool]:
    """Return the struct ``Plan``, over how many work-items the lines are shared out, and
    whether channels are the lanes of vectors, which they are not ``image_by_image``.
    """
    split = images.ndim - dims
    lead = (1,) * (_LEAD - split) + images.shape[:split]
    missing = (1,) * (_DIMS - dims)
    counts, sizes = missing + results.shape[split:], missing + images.shape[split:]
    found = [_places(layout, dims) for layout in (images, results, places)]
    by_channels = (
        runtime.traits.is_processor
        and not image_by_image
        and lead[1] >= _FEW_CHANNELS
        and all(each.b == 1 for each in found)
        and prod(sizes) <= _MOST_PLACES
    )
    channels = lead[1] if by_channels else 1
    lines = prod(lead) // channels * counts[0] * counts[1]
    share = max(1, _ENOUGH // (counts[2] * channels)) if runtime.traits.is_processor else 1
    plan = integers(
        lead[0],
        1 if by_channels else lead[1],
        *counts,
        *sizes,
        *found[0],
        *found[1],
        *found[2],
        *starts,
        int(has_divisors),
        lines,
        share,
        channels,
    )
    return plan, -(-lines // share), by_channels


_MEMBERS: Final = (
    *("lead0", "lead1", "count0", "count1", "count2", "size0", "size1", "size2"),
    *("offset", "stride_a", "stride_b", "stride_0", "stride_1", "stride_2"),
    *("to", "to_a", "to_b", "to_0", "to_1", "to_2"),
    *("place", "place_a", "place_b", "place_0", "place_1", "place_2"),
    *("table0", "table1", "table2", "divisors", "has_divisors", "lines", "together"),
    "channels",
)


@cache
def _source(name: str, dtype: DType, longest: int = 1) -> str:
    kind = element_type(dtype)
    return whole_source(
        _cells(kind),
        f"#define LONGEST {longest}\n",
        f"typedef struct {{ long {', '.join(_MEMBERS)}; }} Plan;\n",
        source_file("windows"),
        source_file(name),
    )


def _cells(kind: ElementType) -> str:
    return (
        f"#define STORAGE {kind.storage}\n"
        f"#define COMPUTE {kind.compute}\n"
        f"#define LOAD(p, i) ({kind.load(1, '(p)', '(i)')})\n"
        f"#define STORE(x, p, i) {kind.store(1, '(x)', '(p)', '(i)')}\n"
    )
