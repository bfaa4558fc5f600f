"""Which elements of a dim come first in its order, without an order of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import int64
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.claims import EXACT
from gnomon.op.composite import Composite
from gnomon.op.copying import clone_as
from gnomon.op.sort import sort_along
from gnomon.ops.slicing import narrow

T = TypeVar("T", bound=TensorCore)

LeadingMeaning: TypeAlias = Callable[[TensorCore, int, int, bool], TensorCore]
#: ``(input, dim, descending, output)``: an int64 output of as many places along ``dim`` as are
#: wanted.
LeadingKernel: TypeAlias = Callable[[Operand, int, bool, Operand], None]


def leading(input: T, dim: int, count: int, descending: bool) -> T:
    """Return where the first ``count`` elements of ``dim`` stand, once it is sorted stably."""
    storage, layout, _ = input.operand
    kernel = leading_places.kernel_on(storage.backend)
    if kernel is None or not layout.shape:
        return _first_of_sorted(input, dim, count, descending)
    shape = (*layout.shape[:dim], count, *layout.shape[dim + 1 :])
    output = allocate(storage.backend, Layout.contiguous(shape), int64)
    kernel(input.operand, dim, descending, output)
    return input.like(output)


def _first_of_sorted(input: T, dim: int, count: int, descending: bool) -> T:
    with no_grad():
        _, order = sort_along(input, dim, descending, "")
    chosen = narrow(order, dim, 0, count) if order.operand.layout.shape else order
    return clone_as(chosen, Layout.contiguous(chosen.operand.layout.shape))


leading_places: Composite[LeadingMeaning, LeadingKernel] = Composite(
    name="leading_places",
    definition="where the first elements of a dim stand, once it is sorted stably",
    special_cases="NaN is the largest",
    decompose=_first_of_sorted,
    tolerance=EXACT,
)
