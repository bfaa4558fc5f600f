"""Images and volumes read at the points of a grid; the function is in ``nn.functional``."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import int64
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite
from gnomon.op.copying import to_contiguous, to_dtype
from gnomon.op.foundation import add
from gnomon.op.indexing import IndexPlan, read_through_indices
from gnomon.ops.arithmetic import abs, div, mul, remainder, sub
from gnomon.ops.comparison import ge, ne, where
from gnomon.ops.logic import logical_or
from gnomon.ops.masking import masked_fill
from gnomon.ops.rounding import floor, round
from gnomon.ops.selection import clamp_above
from gnomon.ops.slicing import select
from gnomon.ops.views import unsqueeze

T = TypeVar("T", bound=TensorCore)

#: ``(input, grid, mode, padding_mode, aligned, output)``: (N, C, H, W), (N, *places, 2) and
#: (N, C, *places), the last contiguous; returns whether it did the work.
GridSampleKernel: TypeAlias = Callable[[Operand, Operand, str, str, bool, Operand], bool]
GridSampleMeaning: TypeAlias = Callable[[TensorCore, TensorCore, str, str, bool], TensorCore]


def sampled_at(input: T, grid: T, mode: str, padding_mode: str, aligned: bool) -> T:
    """Return ``input`` (N, C, \\*spatial) at the points of ``grid`` (N, \\*places, dims).

    The result is (N, C, \\*places). The arguments are those of ``grid_sample``, checked.
    """
    kernel = grid_samples_of.kernel_outside_graph(input, grid)
    storage, layout, dtype = input.operand
    if kernel is not None and layout.ndim == 4:
        shape = (*layout.shape[:2], *grid.operand.layout.shape[1:-1])
        output = allocate(storage.backend, Layout.contiguous(shape), dtype)
        if kernel(input.operand, grid.operand, mode, padding_mode, aligned, output):
            return input.like(output)
    return _sampled(input, grid, mode, padding_mode, aligned)


def _sampled(input: T, grid: T, mode: str, padding_mode: str, aligned: bool) -> T:
    sizes = input.operand.layout.shape[2:]
    # The grid names the last dim first.
    points = [select(grid, -1, count) for count in reversed(range(len(sizes)))]
    places = [
        _unscaled(point, size, aligned) for point, size in zip(points, sizes, strict=True)
    ]
    if mode != "bicubic":
        places = [
            _inside(place, size, padding_mode, aligned)
            for place, size in zip(places, sizes, strict=True)
        ]
    choices = [_taps(place, mode) for place in places]
    total: T | None = None
    for taps in product(*choices):
        term = _read(input, [at for at, _ in taps], mode, padding_mode, aligned)
        for _, weight in taps:
            term = term if weight is None else mul(term, unsqueeze(weight, 1))
        total = term if total is None else add(total, term)
    assert total is not None
    return to_contiguous(total)


def _unscaled(point: T, size: int, aligned: bool) -> T:
    """Return points between -1 and 1 as places, elements counted from 0."""
    if aligned:
        return mul(div(add(point, 1), 2), size - 1)
    return div(sub(mul(add(point, 1), size), 1), 2)


def _inside(place: T, size: int, padding_mode: str, aligned: bool) -> T:
    if padding_mode == "reflection":
        place = _reflected(place, size, aligned)
    return place if padding_mode == "zeros" else _clamped(place, size)


def _clamped(place: T, size: int) -> T:
    """Return places within the image; NaN counts as the first, as in PyTorch."""
    return where(ge(place, 0), clamp_above(place, size - 1), 0.0)


def _reflected(place: T, size: int, aligned: bool) -> T:
    """Return places mirrored at the image's ends until they lie inside."""
    low, span = (0.0, size - 1.0) if aligned else (-0.5, float(size))
    if span == 0:
        return mul(place, 0)
    distance = abs(sub(place, low))
    with no_grad():
        turns = floor(div(distance, span))
        odd = remainder(turns, 2)
        sign, base = sub(1, mul(odd, 2)), add(mul(odd, span), low)
    return add(mul(sub(distance, mul(turns, span)), sign), base)


def _taps(place: T, mode: str) -> list[tuple[T, T | None]]:
    """Return the elements along one dim that a place reads, with their weights."""
    with no_grad():
        first = round(place) if mode == "nearest" else floor(place)
    if mode == "nearest":
        return [(first, None)]
    part = sub(place, first)
    if mode == "bilinear":
        return [(first, sub(1, part)), (add(first, 1), part)]
    return [
        (add(first, tap), _cubic(abs(sub(part, tap)), tap in (0, 1))) for tap in (-1, 0, 1, 2)
    ]


def _cubic(distance: T, near: bool) -> T:
    """Return Keys' weights with the parameter -0.75 that ``interpolate`` has."""
    if near:
        return add(mul(mul(sub(mul(distance, 1.25), 2.25), distance), distance), 1)
    inner = sub(mul(add(mul(distance, -0.75), 3.75), distance), 6)
    return add(mul(inner, distance), 3)


def _read(input: T, places: list[T], mode: str, padding_mode: str, aligned: bool) -> T:
    """Return the elements at whole places, zeros where those lie outside."""
    shape, sizes = input.operand.layout.shape, input.operand.layout.shape[2:]
    with no_grad():
        if mode == "bicubic" and padding_mode != "zeros":
            places = [
                round(_inside(place, size, padding_mode, aligned))
                for place, size in zip(places, sizes, strict=True)
            ]
        known = [
            to_dtype(_clamped(place, size), int64)
            for place, size in zip(places, sizes, strict=True)
        ]
    points = known[0].operand.layout.shape[1:]
    plan = IndexPlan(
        operation="grid_sample",
        shape=(*shape[:2], *points),
        walked=(0, 1, *[None] * len(points)),
        indexed=tuple(range(2, len(shape))),
    )
    indices = tuple([unsqueeze(each, 1) for each in known])
    found = read_through_indices(input, plan, indices, "IndexBackward0")
    if padding_mode != "zeros":
        return found
    outside = ne(places[0], known[0])
    for place, at in zip(places[1:], known[1:], strict=True):
        outside = logical_or(outside, ne(place, at))
    return masked_fill(found, unsqueeze(outside, 1), 0)


grid_samples_of: Composite[GridSampleMeaning, GridSampleKernel] = Composite(
    name="grid_samples",
    definition=(
        "weighted sums of what stands around the points of a grid in images, whose ends are at "
        "-1 and 1"
    ),
    special_cases="what lies outside is 0, the border, or the image by reflection",
    decompose=_sampled,
    tolerance=SumOfTerms(),
    gradients=("input", "grid"),
)
