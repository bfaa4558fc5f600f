"""The largest element of each window, where it stands, and putting it back there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from math import prod
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.composite.pooling_windows import Windows
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, filled
from gnomon.dtypes import bool_, int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.layout.strides import prefers_channels_last
from gnomon.op.claims import EXACT, SumOfTerms
from gnomon.op.composite import Composite, record_composite
from gnomon.op.copy import COPY
from gnomon.op.index_arguments import table_operand
from gnomon.op.indexing import (
    IndexPlan,
    Write,
    add_through_indices,
    read_through_indices,
)
from gnomon.op.scatter_records import REPLACE
from gnomon.ops.arithmetic import mul
from gnomon.ops.comparison import isnan, where
from gnomon.ops.reduction import ARGMAX
from gnomon.ops.truth import ANY
from gnomon.ops.views import EXPAND, reshape

T = TypeVar("T", bound=TensorCore)

#: ``(input, windows, values, indices)``: windows along the last dims; indices are int64.
MaxPoolKernel: TypeAlias = Callable[[Operand, tuple[Windows, ...], Operand, Operand], None]
MaxPoolMeaning: TypeAlias = Callable[
    [TensorCore, tuple[Windows, ...]], tuple[TensorCore, TensorCore]
]
#: ``(cotangent, indices, sizes of an image, output)``
MaxPoolBackwardKernel: TypeAlias = Callable[[Operand, Operand, tuple[int, ...], Operand], None]
MaxPoolBackwardMeaning: TypeAlias = Callable[
    [TensorCore, TensorCore, tuple[int, ...]], TensorCore
]


def _largest(input: TensorCore, windows: tuple[Windows, ...]) -> tuple[TensorCore, TensorCore]:
    """Return the largest elements and their flat positions, as (images, places)."""
    shape = input.operand.layout.shape
    split = len(shape) - len(windows)
    sizes, images = shape[split:], prod(shape[:split])
    places = _flat_positions(sizes, windows)
    longest = max(map(len, places))
    backend = input.operand.storage.backend
    # Windows at the border are shorter: what is read twice changes nothing.
    padded = [place + place[-1:] * (longest - len(place)) for place in places]
    table = input.like(
        table_operand(backend, tuple(chain.from_iterable(padded)), (len(places), longest))
    )
    flat = reshape(input, (images, prod(sizes)))
    read = read_through_indices(
        flat,
        IndexPlan(
            operation="max_pool",
            shape=(images, len(places), longest),
            walked=(0, None, None),
            indexed=(1,),
        ),
        (table,),
        "IndexBackward0",
    )
    chosen = _chosen(read)
    at_window = IndexPlan(
        operation="max_pool",
        shape=(images, len(places)),
        walked=(None, 1),
        indexed=(2,),
    )
    tables = EXPAND(table, (1, *table.operand.layout.shape))
    positions = read_through_indices(tables, at_window, (chosen,), "IndexBackward0")
    return read_through_indices(flat, _at_positions(positions), (positions,), ""), positions


def _chosen(windows: TensorCore) -> TensorCore:
    """Return where the first largest element of each window is, or else the last NaN."""
    first = ARGMAX.over(windows, (2,), False)
    if not windows.operand.dtype.is_floating_point:
        return first
    length = windows.operand.layout.shape[2]
    order = tuple(range(1, length + 1))
    numbers = table_operand(windows.operand.storage.backend, order, (length,))
    counted = mul(isnan(windows), windows.like(numbers))
    return where(ANY.over(counted, (2,), False), ARGMAX.over(counted, (2,), False), first)


def _flat_positions(
    sizes: Sequence[int], windows: tuple[Windows, ...]
) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [(0,)]
    for size, along in zip(sizes, windows, strict=True):
        found = [
            tuple([base * size + at for base in bases for at in positions])
            for bases in found
            for positions in along
        ]
    return found


def _at_positions(positions: TensorCore) -> IndexPlan:
    """Return the plan that reads (images, positions) of images that lie flat."""
    return IndexPlan(
        operation="max_pool",
        shape=positions.operand.layout.shape,
        walked=(0, None),
        indexed=(1,),
        negative=False,
        out_of_range=RuntimeError,
    )


max_pooling: Composite[MaxPoolMeaning, MaxPoolKernel] = Composite(
    name="max_pooling",
    definition="the largest element of each window, and its flat position in its image",
    decompose=_largest,
    tolerance=EXACT,
    gradients=("input",),
)


def _scattered(values: TensorCore, indices: TensorCore, sizes: tuple[int, ...]) -> TensorCore:
    shape = values.operand.layout.shape
    split = len(shape) - len(sizes)
    images, places = prod(shape[:split]), prod(shape[split:])
    positions = reshape(indices, (images, places))
    flat = add_through_indices(
        reshape(values, (images, places)),
        _at_positions(positions),
        (positions,),
        (images, prod(sizes)),
    )
    return reshape(flat, (*shape[:split], *sizes))


max_pooling_backward: Composite[MaxPoolBackwardMeaning, MaxPoolBackwardKernel] = Composite(
    name="max_pooling_backward",
    definition="images of zeros, to which each value is added at its flat position",
    decompose=_scattered,
    tolerance=SumOfTerms(),
    gradients=("values",),
)


def max_pooled(
    operation: str, label: str, input: T, windows: tuple[Windows, ...]
) -> tuple[T, T]:
    """Return the largest element of each window, as a node's output, and where it stands."""
    if input.operand.dtype is bool_:
        raise NotImplementedError(
            explain(operation, "not implemented for bool", input, remedy="Use .float()")
        )
    if not all(positions for along in windows for positions in along):
        raise RuntimeError(
            explain(
                operation,
                "a window lies in the padding alone, where nothing is largest",
                input,
                remedy="Pad less, or dilate less",
            )
        )
    values, indices = _computed(input, windows)
    result, places = input.like(values), input.like(indices)
    derivative = partial(_put_back, input.operand.layout.shape[-len(windows) :])
    record_composite(label, (input,), (result,), (places,), derivative)
    return result, places


def _computed(input: TensorCore, windows: tuple[Windows, ...]) -> tuple[Operand, Operand]:
    storage, given, dtype = input.operand
    counts = tuple(map(len, windows))
    layout = Layout.contiguous((*given.shape[: given.ndim - len(windows)], *counts))
    if given.ndim > 3 and prefers_channels_last(given.shape, given.strides):
        layout = layout.channels_last()
    values = allocate(storage.backend, layout, dtype)
    indices = allocate(storage.backend, layout, int64)
    if not layout.numel:
        return values, indices
    kernel = max_pooling.kernel_on(storage.backend)
    if kernel is not None:
        kernel(input.operand, windows, values, indices)
        return values, indices
    with no_grad():
        for tensor, output in zip(
            max_pooling.decompose(input, windows), (values, indices), strict=True
        ):
            found = tensor.operand
            found = found.under(found.layout.view(layout.shape))
            storage.backend.elementwise(COPY, (found,), output)
    return values, indices


def _put_back(
    sizes: tuple[int, ...],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    (g,), (indices,) = cotangents, saved
    assert g is not None and indices is not None
    kernel = max_pooling_backward.kernel_outside_graph(g)
    if kernel is None:
        return (max_pooling_backward.decompose(g, indices, sizes),)
    _, layout, dtype = g.operand
    shape = (*layout.shape[: layout.ndim - len(sizes)], *sizes)
    output = allocate(g.operand.storage.backend, Layout.contiguous(shape), dtype)
    kernel(g.operand, indices.operand, sizes, output)
    return (g.like(output),)


def put(values: T, indices: T, shape: tuple[int, ...], count: int) -> T:
    """Return images of ``shape``, 0 but for ``values``, the last at each flat position."""
    split = len(shape) - count
    images = prod(shape[:split])
    places = prod(values.operand.layout.shape[split:])
    positions = reshape(indices, (images, places))
    backend, dtype = values.operand.storage.backend, values.operand.dtype
    write = Write(
        plan=_at_positions(positions),
        indices=(positions,),
        source=reshape(values, (images, places)),
        combination=REPLACE,
        label="",
    )
    zeros = values.like(filled(backend, (images, prod(shape[split:])), dtype, 0))
    return reshape(write.onto_copy_of(zeros), shape)


def gathered(images: T, indices: T, count: int) -> T:
    """Return the elements of ``images`` at flat positions in each."""
    shape = indices.operand.layout.shape
    split = len(shape) - count
    lead = prod(shape[:split])
    positions = reshape(indices, (lead, prod(shape[split:])))
    flat = reshape(images, (lead, prod(images.operand.layout.shape[split:])))
    plan = _at_positions(positions)
    return reshape(read_through_indices(flat, plan, (positions,), "IndexBackward0"), shape)
