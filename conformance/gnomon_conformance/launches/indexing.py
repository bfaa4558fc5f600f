"""What reading and writing through indices mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import final

from gnomon.backend import (
    Backend,
    DType,
    IndexedDimension,
    Layout,
    Scalar,
)
from gnomon.records import (
    Combination,
    ProductOfTerms,
    SumOfTerms,
    Tolerance,
)
from gnomon_conformance.correct import (
    Expected,
    Right,
    of_fold,
    terms_of,
)
from gnomon_conformance.launches.base import (
    Finder,
    Launch,
    Lookup,
    Place,
    record_code,
    values_at,
)


def looked_up(
    stores: Sequence[bytes], layout: Layout, lookups: Sequence[Lookup]
) -> Iterator[int]:
    """Return the position that each element of a launch through indices reads or writes."""
    steps = [
        [int(index) % size * stride for index in values_at(stores, indices)]
        for indices, size, stride, _ in lookups
    ]
    return map(sum, zip(layout.positions(), *steps, strict=True))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class GatherLaunch(Launch):
    """``output[i] = source[i + sum(indices_j[i] * stride_j)]``; the one input is the source."""

    lookups: tuple[Lookup, ...]

    @property
    def verb(self) -> str:
        return "gather"

    @property
    def name(self) -> str:
        return "gather"

    def places(self) -> list[Place]:
        # Not super(): a dataclass with slots is another class than the one named here.
        return [*Launch.places(self), *[lookup.indices for lookup in self.lookups]]

    def mapped(self, change: Callable[[Place], Place]) -> Launch:
        lookups = tuple([each._replace(indices=change(each.indices)) for each in self.lookups])
        return Launch.mapped(replace(self, lookups=lookups), change)

    def dtypes(self) -> tuple[DType, ...]:
        return (self.outputs[0].dtype,)

    def perform(self, backend: Backend, operand: Finder) -> None:
        (source,) = self.inputs
        assert isinstance(source, Place)
        backend.gather(
            operand(source), _dimensions(self.lookups, operand), operand(self.outputs[0])
        )

    def right(self) -> list[Right]:
        (source,) = self.inputs
        assert isinstance(source, Place)
        cells = source.dtype.unpack(
            memoryview(self.stores[source.store]).cast(source.dtype.cell)
        )
        places = looked_up(self.stores, source.layout, self.lookups)
        return [Right([cells[position] for position in places])]

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        (source,) = self.inputs
        return [
            f"indexed = [{_lookups_code(self.lookups, operand)}]",
            f"backend.gather({operand(source)}, indexed, {operand(self.outputs[0])})",
        ]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterLaunch(Launch):
    """The source's elements, in logical order, combined into what the indices find."""

    record: Combination
    lookups: tuple[Lookup, ...]

    @property
    def verb(self) -> str:
        return "scatter"

    @property
    def name(self) -> str:
        return self.record.name

    def places(self) -> list[Place]:
        return [*Launch.places(self), *[lookup.indices for lookup in self.lookups]]

    def mapped(self, change: Callable[[Place], Place]) -> Launch:
        lookups = tuple([each._replace(indices=change(each.indices)) for each in self.lookups])
        return Launch.mapped(replace(self, lookups=lookups), change)

    def dtypes(self) -> tuple[DType, ...]:
        return (self.outputs[0].dtype,)

    def perform(self, backend: Backend, operand: Finder) -> None:
        (source,) = self.inputs
        given = operand(source) if isinstance(source, Place) else source
        backend.scatter(
            self.record,
            given,
            _dimensions(self.lookups, operand),
            operand(self.outputs[0]),
        )

    def judged(self) -> tuple[Place, ...]:
        """Return the whole storage that is written to, as one row of elements."""
        store, _, dtype = self.outputs[0]
        size = len(self.stores[store]) // dtype.itemsize
        return (Place(store, Layout.contiguous((size,)), dtype),)

    def right(self) -> list[Right]:
        (whole,) = self.judged()
        values = values_at(self.stores, whole)
        terms: dict[int, list[Scalar]] = {}
        positions = looked_up(self.stores, self.outputs[0].layout, self.lookups)
        for position, value in zip(positions, self.column(self.inputs[0]), strict=True):
            terms.setdefault(position, [values[position]]).append(value)
        for position, combined in terms.items():
            values[position] = reduce(self.record.combine, combined)
        return [
            Right(
                values,
                lambda element: self._expected(values[element], terms.get(element, ())),
            )
        ]

    def _expected(self, value: Scalar, terms: Sequence[Scalar]) -> Expected:
        """Return what is expected of a combination of terms; of none, it is what was there."""
        tolerances: dict[str, Tolerance] = {"add": SumOfTerms(), "multiply": ProductOfTerms()}
        tolerance = tolerances.get(self.record.name)
        if tolerance is None or not terms:
            return Expected(value)
        dtype = self.outputs[0].dtype
        return of_fold(value, terms_of(terms, tolerance, dtype), tolerance, dtype)

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        (source,) = self.inputs
        return [
            f"record = {record_code(self.name, self.record)}",
            f"indexed = [{_lookups_code(self.lookups, operand)}]",
            f"backend.scatter(record, {operand(source)}, indexed, {operand(self.outputs[0])})",
        ]


def _dimensions(lookups: Sequence[Lookup], operand: Finder) -> list[IndexedDimension]:
    return [
        IndexedDimension(operand(indices), size, stride, negative)
        for indices, size, stride, negative in lookups
    ]


def _lookups_code(lookups: Sequence[Lookup], operand: Callable[[Place | Scalar], str]) -> str:
    return ", ".join(
        f"IndexedDimension({operand(indices)}, {size}, {stride}, {negative})"
        for indices, size, stride, negative in lookups
    )
