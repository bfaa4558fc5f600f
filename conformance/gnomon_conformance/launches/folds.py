"""What reductions, scans and sorts mean: what is done to rows of elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final, TypeVar, final

from gnomon.backend import (
    Backend,
    DType,
    Layout,
    Scalar,
)
from gnomon.records import (
    Reduction,
    Scan,
)
from gnomon_conformance.correct import (
    Expected,
    Right,
    accumulated,
    epsilon,
    largest,
    needs_terms,
    of_fold,
    smallest_normal,
    terms_of,
    unit,
)
from gnomon_conformance.launches.base import (
    Finder,
    Launch,
    Place,
    record_code,
    values_at,
)

Element = TypeVar("Element")
#: Those that are about how far elements are from their mean.
_SPREADS: Final = ("var", "std")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceLaunch(Launch):
    """Each output element is the fold of the input's elements along ``dims``."""

    record: Reduction
    dims: tuple[int, ...]
    parameters: tuple[Scalar, ...] = ()

    @property
    def verb(self) -> str:
        return "reduce"

    @property
    def name(self) -> str:
        return self.record.name

    def perform(self, backend: Backend, operand: Finder) -> None:
        (input,) = self.inputs
        assert isinstance(input, Place)
        output = operand(self.outputs[0])
        backend.reduce(self.record, operand(input), self.dims, self.parameters, output)

    def right(self) -> list[Right]:
        (input,) = self.inputs
        assert isinstance(input, Place)
        fold = self.record.meaning_on(input.dtype)
        rows = rows_along(self.stores, input, self.dims)
        values = [fold(row, self.parameters) for row in rows]
        return [Right(values, lambda element: self._expected(values[element], rows[element]))]

    def _expected(self, value: Scalar, row: Sequence[Scalar]) -> Expected:
        """Return what is expected of the fold of a row."""
        dtype, tolerance = self.outputs[0].dtype, self.record.tolerance
        divided = self.record.name == "mean"
        terms = terms_of(row, tolerance, dtype)
        expected = of_fold(value, terms, tolerance, dtype, divided=divided)
        if self.record.name in _SPREADS and expected.slack:
            expected = expected._replace(slack=self._slack_of_spread(value, row))
        if value == 0 and dtype.is_floating_point and _has_both_zeros(row):
            expected = expected._replace(others=(0.0, -0.0))  # they are equal
        if self._is_undefined(row) or _leaves_domain(self.record, row, dtype):
            expected = expected._replace(anything=True)
        return expected

    def _slack_of_spread(self, value: Scalar, row: Sequence[Scalar]) -> float:
        """Return how far the variance of a row, or its root, may be off.

        Where elements are taken one by one, a variance is off by n eps k of itself at most;
        where differences from the mean are, by n eps and (n eps k)^2; k^2 is the mean of
        squares over it. Squares that are no normal numbers of the dtype they are added in may
        be 0 besides. Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for
        Computing the Sample Variance", 1983.
        """
        dtype = self.outputs[0].dtype
        freedom = len(row) - float(self.parameters[0])
        is_root = self.record.name == "std"
        deviation = float(value) if is_root else math.sqrt(value)
        size = math.hypot(*row) / math.sqrt(freedom)
        far = (len(row) + 2) * epsilon(accumulated(dtype)) * size
        slack = far * deviation + far * far
        slack += smallest_normal(accumulated(dtype)) * len(row) / freedom
        if not is_root:
            return slack + 0.5 * unit(value, dtype)
        root = math.sqrt(slack)
        return (min(slack / value, root) if value else root) + unit(value, dtype)

    def _is_undefined(self, row: Sequence[Scalar]) -> bool:
        """Whether it is the spread of equal elements, or of some whose squares underflow, over
        no degree of freedom: 0 / 0, or what rounding leaves of it, which is infinite.
        """
        if self.record.name not in _SPREADS or not 1 <= len(row) <= self.parameters[0]:
            return False
        width = max(row) - min(row)
        return width * width < smallest_normal(accumulated(self.outputs[0].dtype))

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        (input,) = self.inputs
        return [
            f"record = {record_code(self.name, self.record)}",
            f"backend.reduce(record, {operand(input)}, {self.dims}, {self.parameters}, "
            f"{operand(self.outputs[0])})",
        ]


def _has_both_zeros(row: Sequence[Scalar]) -> bool:
    return len({math.copysign(1.0, each) for each in row if each == 0}) == 2


def _leaves_domain(record: Reduction, row: Sequence[Scalar], dtype: DType) -> bool:
    """Whether finite elements are so large that squares overflow, where none are claimed of."""
    domain = record.domain
    if not dtype.is_floating_point or isinstance(domain, tuple) or math.isinf(domain.high):
        return False
    return any(math.isfinite(x) and abs(x) > largest(dtype) ** 0.5 for x in row)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ScanLaunch(Launch):
    """Each output element is the fold of what stands up to it along ``dim``."""

    record: Scan
    dim: int

    @property
    def verb(self) -> str:
        return "scan"

    @property
    def name(self) -> str:
        return self.record.name

    def perform(self, backend: Backend, operand: Finder) -> None:
        (input,) = self.inputs
        assert isinstance(input, Place)
        backend.scan(self.record, operand(input), self.dim, operand(self.outputs[0]))

    def right(self) -> list[Right]:
        (input,) = self.inputs
        assert isinstance(input, Place)
        running = self.record.meaning_on(input.dtype)
        rows = rows_along(self.stores, input, (self.dim,))
        results = [[*running(row)] for row in rows]
        shape = self.outputs[0].layout.shape
        length, inner = shape[self.dim], math.prod(shape[self.dim + 1 :])

        @cache
        def expected(row: int) -> list[Expected]:
            return [*self._expected(rows[row], results[row])]

        def expected_at(element: int) -> Expected:
            outer, place = divmod(element, length * inner)
            return expected(outer * inner + place % inner)[place // inner]

        return [Right(in_logical_order(results, shape, self.dim), expected_at)]

    def _expected(self, row: Sequence[Scalar], values: Sequence[Scalar]) -> Iterator[Expected]:
        """Yield what is expected of the folds of what stands up to each place of a row."""
        dtype, tolerance = self.outputs[0].dtype, self.record.tolerance
        weighs = needs_terms(tolerance, dtype)
        terms = terms_of((), tolerance, dtype)
        for term, value in zip(row, values, strict=True):
            if weighs:
                terms.add(term)
            yield of_fold(value, terms, tolerance, dtype)

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        (input,) = self.inputs
        return [
            f"record = {record_code(self.name, self.record)}",
            f"backend.scan(record, {operand(input)}, {self.dim}, {operand(self.outputs[0])})",
        ]


def moved_last(layout: Layout, dims: Sequence[int]) -> Layout:
    """Return ``layout`` with ``dims`` behind all others."""
    kept = [dim for dim in range(len(layout.shape)) if dim not in dims]
    return layout.permute((*kept, *dims))


def rows_along(
    stores: Sequence[bytes], place: Place, dims: tuple[int, ...]
) -> list[list[Scalar]]:
    """Return the elements along ``dims`` for every index of the other dims."""
    moved = place._replace(layout=moved_last(place.layout, dims))
    elements = values_at(stores, moved)
    length = 1
    for dim in dims:
        length *= place.layout.shape[dim]
    rows = 1
    for size in moved.layout.shape[: len(moved.layout.shape) - len(dims)]:
        rows *= size
    return [elements[row * length : (row + 1) * length] for row in range(rows)]


def in_logical_order(
    rows: Sequence[Sequence[Element]], shape: tuple[int, ...], dim: int
) -> list[Element]:
    """Return the elements of ``shape`` in logical order, given its rows along ``dim``."""
    inner = math.prod(shape[dim + 1 :])
    if inner < 2:
        return [*chain.from_iterable(rows)]
    found: list[Element] = []
    for first in range(0, len(rows), inner):
        found += chain.from_iterable(zip(*rows[first : first + inner], strict=True))
    return found


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SortLaunch(Launch):
    """Stable sort along ``dim``, NaN the largest; the second output says from where."""

    dim: int
    descending: bool

    @property
    def verb(self) -> str:
        return "sort"

    @property
    def name(self) -> str:
        return "sort"

    def perform(self, backend: Backend, operand: Finder) -> None:
        (input,) = self.inputs
        assert isinstance(input, Place)
        values, indices = map(operand, self.outputs)
        backend.sort(operand(input), self.dim, self.descending, values, indices)

    def right(self) -> list[Right]:
        (input,) = self.inputs
        assert isinstance(input, Place)
        values: list[list[Scalar]] = []
        places: list[list[Scalar]] = []
        for row in rows_along(self.stores, input, (self.dim,)):
            keys = [(value != value, 0 if value != value else value) for value in row]
            order = sorted(range(len(row)), key=keys.__getitem__, reverse=self.descending)
            values.append([row[place] for place in order])
            places.append([*order])
        shape = input.layout.shape
        return [Right(in_logical_order(each, shape, self.dim)) for each in (values, places)]

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        (input,) = self.inputs
        values, indices = map(operand, self.outputs)
        how = f"{self.dim}, {self.descending}"
        return [f"backend.sort({operand(input)}, {how}, {values}, {indices})"]
