"""The launches of the protocol as values: what each verb means, on the bytes of its operands.

A :class:`Launch` holds the bytes of every storage that takes part and says where in them its
operands lie. It can be performed on a backend, which gives the bytes afterwards, and it says
what is expected of every element it writes; all other bytes must be as they were. The meaning
is spelled out here by the shortest means, one element at a time, and shares no loop with any
backend, the reference's included; only the meaning of a record on Python numbers is the
reference's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias, final

from gnomon.backend import (
    Backend,
    DType,
    IndexedDimension,
    Layout,
    Operand,
    PhiloxGenerator,
    Scalar,
    Storage,
)
from gnomon.records import (
    COPY,
    Combination,
    Domain,
    Elementwise,
    ProductOfTerms,
    RandomSource,
    Reduction,
    Scan,
    Source,
    SumOfTerms,
    Tolerance,
    Ulps,
)
from gnomon_conformance.correct import (
    Expected,
    Terms,
    is_subnormal,
    needs_terms,
    of_fold,
    of_function,
)


@final
class Place(NamedTuple):
    """One operand: in which storage of the launch, under which layout, of which dtype."""

    store: int
    layout: Layout
    dtype: DType


@final
class Lookup(NamedTuple):
    """One dim that is read through indices, as ``IndexedDimension`` says."""

    indices: Place
    size: int
    stride: int
    negative: bool


#: The bytes of each storage of a launch.
Stores: TypeAlias = tuple[bytes, ...]
Finder: TypeAlias = Callable[[Place], Operand]


def values_at(stores: Sequence[bytes], place: Place) -> list[Scalar]:
    """Return the elements of an operand, in logical order."""
    cells = place.dtype.unpack(memoryview(stores[place.store]).cast(place.dtype.cell))
    return [cells[position] for position in place.layout.positions()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch(ABC):
    """One call of a launch verb."""

    stores: Stores
    inputs: tuple[Place | Scalar, ...]
    outputs: tuple[Place, ...]

    @property
    @abstractmethod
    def verb(self) -> str: ...

    @property
    @abstractmethod
    def name(self) -> str:
        """The operation, as ``supports`` and a declared gap call it."""

    @abstractmethod
    def perform(self, backend: Backend, operand: Finder) -> None:
        """Call the verb."""

    @abstractmethod
    def expected(self) -> list[list[Expected]]:
        """Return what is expected of the elements of each output, in logical order."""

    @abstractmethod
    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        """Return the lines of Python that make the call, given how operands are written."""

    def judged(self) -> tuple[Place, ...]:
        """Return what ``expected`` is about; all other bytes must stay as they are."""
        return self.outputs

    @property
    def shape(self) -> tuple[int, ...]:
        """The largest shape among the operands."""
        shapes = [place.layout.shape for place in self.places()]
        return tuple([max(sizes) for sizes in zip(*shapes, strict=True)])

    def places(self) -> list[Place]:
        """Return all operands."""
        return [*[each for each in self.inputs if isinstance(each, Place)], *self.outputs]

    def dtypes(self) -> tuple[DType, ...]:
        """Return the dtypes of the operands."""
        return tuple([place.dtype for place in self.places()])

    def column(self, value: Place | Scalar) -> list[Scalar]:
        """Return the elements of an operand, or the number as often as the output needs it."""
        if isinstance(value, Place):
            return values_at(self.stores, value)
        return [value] * self.outputs[0].layout.numel

    def mapped(self, change: Callable[[Place], Place]) -> Launch:
        """Return the launch with every operand changed."""
        return replace(
            self,
            inputs=tuple(
                [change(each) if isinstance(each, Place) else each for each in self.inputs]
            ),
            outputs=tuple([change(each) for each in self.outputs]),
        )

    def run(self, backend: Backend, repeat: int = 1) -> Stores:
        """Perform the launch on fresh storages, and return their bytes afterwards."""
        storages = [stored(backend, data) for data in self.stores]
        for _ in range(repeat):
            self.perform(
                backend,
                lambda place: Operand(storages[place.store], place.layout, place.dtype),
            )
        return tuple([bytes_of(storage) for storage in storages])


def stored(backend: Backend, data: bytes) -> Storage:
    """Return a storage of the backend that holds ``data``."""
    storage = Storage(backend, backend.allocate(len(data)))
    if data:
        backend.write(storage.memory, 0, memoryview(data))
    return storage


def bytes_of(storage: Storage) -> bytes:
    """Return all bytes of a storage."""
    if not storage.nbytes:
        return b""
    return bytes(storage.backend.read(storage.memory, 0, storage.nbytes))


def record_code(name: str, record: object) -> str:
    """Return an expression for a record that a script can evaluate."""
    if record is COPY:
        return "COPY"
    family = type(record).__name__
    return (
        f"next(found.record for found in all_records() if found.record.name == {name!r} "
        f"and type(found.record).__name__ == {family!r})"
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ElementwiseLaunch(Launch):
    """``output[i] = meaning(inputs[0][i], inputs[1][i], ...)``."""

    record: Elementwise
    compute: DType
    #: Whether the backend takes subnormal numbers of the dtype for zero.
    flushes: bool = False

    @property
    def verb(self) -> str:
        return "elementwise"

    @property
    def name(self) -> str:
        return self.record.name

    def perform(self, backend: Backend, operand: Finder) -> None:
        inputs = [operand(each) if isinstance(each, Place) else each for each in self.inputs]
        backend.elementwise(self.record, inputs, operand(self.outputs[0]))

    def expected(self) -> list[list[Expected]]:
        record, dtype = self.record, self.outputs[0].dtype
        columns = [self.column(each) for each in self.inputs]
        values = list(record.values(columns, self.compute, total=True))
        rows = list(zip(*columns, strict=True))
        domains = domains_of(record, len(columns))
        found = []
        for value, row in zip(values, rows, strict=True):
            expected = of_function(value, tolerance_of(record), dtype)
            if expected.slack and not _inside(row, domains):
                expected = expected._replace(class_only=True)
            if self.flushes and any(is_subnormal(each, self.compute) for each in row):
                flushed = [
                    each * 0.0 if is_subnormal(each, self.compute) else each for each in row
                ]
                zeroed = record.values([[each] for each in flushed], self.compute, total=True)
                expected = expected._replace(others=tuple(zeroed))
            if self.flushes and is_subnormal(value, dtype):
                expected = expected._replace(others=(*expected.others, value * 0.0))
            found.append(expected)
        return [found]

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        inputs = ", ".join(map(operand, self.inputs))
        return [
            f"record = {record_code(self.name, self.record)}",
            f"backend.elementwise(record, [{inputs}], {operand(self.outputs[0])})",
        ]


def tolerance_of(record: Elementwise) -> Ulps:
    """Return the tolerance of an elementwise record, which is one of ULP."""
    assert isinstance(record.tolerance, Ulps)
    return record.tolerance


def domains_of(record: Elementwise, count: int) -> tuple[Domain, ...]:
    """Return the domain of each of ``count`` operands."""
    return record.domain if isinstance(record.domain, tuple) else (record.domain,) * count


def _inside(row: Sequence[Scalar], domains: Sequence[Domain]) -> bool:
    return all(
        domain.low <= value <= domain.high and (value or not domain.nonzero)
        for value, domain in zip(row, domains, strict=True)
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CopyLaunch(Launch):
    """``output[i] = input[i]``, converted to the output's dtype; same dtype: bit for bit."""

    @property
    def verb(self) -> str:
        return "elementwise"

    @property
    def name(self) -> str:
        return "copy"

    def perform(self, backend: Backend, operand: Finder) -> None:
        (value,) = self.inputs
        given = operand(value) if isinstance(value, Place) else value
        backend.elementwise(COPY, (given,), operand(self.outputs[0]))

    def expected(self) -> list[list[Expected]]:
        (value,) = self.inputs
        dtype = self.outputs[0].dtype
        source = value.dtype if isinstance(value, Place) else dtype
        return [[Expected(each) for each in dtype.convert_all(self.column(value), source)]]

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        (value,) = self.inputs
        return [f"backend.elementwise(COPY, [{operand(value)}], {operand(self.outputs[0])})"]


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

    def expected(self) -> list[list[Expected]]:
        (input,) = self.inputs
        assert isinstance(input, Place)
        dtype = self.outputs[0].dtype
        fold = self.record.meaning_on(input.dtype)
        rows = rows_along(self.stores, input, self.dims)
        tolerance = self.record.tolerance
        return [
            [of_fold(fold(row, self.parameters), Terms(row), tolerance, dtype) for row in rows]
        ]

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        (input,) = self.inputs
        return [
            f"record = {record_code(self.name, self.record)}",
            f"backend.reduce(record, {operand(input)}, {self.dims}, {self.parameters}, "
            f"{operand(self.outputs[0])})",
        ]


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

    def expected(self) -> list[list[Expected]]:
        (input,) = self.inputs
        assert isinstance(input, Place)
        running = self.record.meaning_on(input.dtype)
        dtype, tolerance = self.outputs[0].dtype, self.record.tolerance
        rows = rows_along(self.stores, input, (self.dim,))
        found = []
        weighs = needs_terms(tolerance, dtype)
        for row in rows:
            terms = Terms()
            for term, value in zip(row, running(row), strict=True):
                if weighs:
                    terms.add(term)
                else:
                    terms.count += 1
                found.append(of_fold(value, terms, tolerance, dtype))
        return [in_logical_order(found, self.outputs[0].layout, self.dim)]

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


def in_logical_order(found: Sequence[Expected], layout: Layout, dim: int) -> list[Expected]:
    """Return in logical order what was found with ``dim`` walked innermost."""
    order = moved_last(Layout.contiguous(layout.shape), (dim,)).positions()
    placed = dict(zip(order, found, strict=True))
    return [placed[position] for position in range(len(found))]


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

    def expected(self) -> list[list[Expected]]:
        (input,) = self.inputs
        assert isinstance(input, Place)
        values: list[Expected] = []
        places: list[Expected] = []
        for row in rows_along(self.stores, input, (self.dim,)):
            keys = [(value != value, 0 if value != value else value) for value in row]
            order = sorted(range(len(row)), key=keys.__getitem__, reverse=self.descending)
            values += [Expected(row[place]) for place in order]
            places += [Expected(place) for place in order]
        layout = input.layout
        return [in_logical_order(each, layout, self.dim) for each in (values, places)]

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        (input,) = self.inputs
        values, indices = map(operand, self.outputs)
        how = f"{self.dim}, {self.descending}"
        return [f"backend.sort({operand(input)}, {how}, {values}, {indices})"]


def looked_up(
    stores: Sequence[bytes], layout: Layout, lookups: Sequence[Lookup]
) -> Iterator[int]:
    """Yield the position that each element of a launch through indices reads or writes."""
    columns = [values_at(stores, lookup.indices) for lookup in lookups]
    for element, position in enumerate(layout.positions()):
        for lookup, column in zip(lookups, columns, strict=True):
            position += int(column[element]) % lookup.size * lookup.stride
        yield position


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

    def expected(self) -> list[list[Expected]]:
        (source,) = self.inputs
        assert isinstance(source, Place)
        cells = source.dtype.unpack(
            memoryview(self.stores[source.store]).cast(source.dtype.cell)
        )
        return [
            [
                Expected(cells[position])
                for position in looked_up(self.stores, source.layout, self.lookups)
            ]
        ]

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

    def expected(self) -> list[list[Expected]]:
        (whole,) = self.judged()
        present = values_at(self.stores, whole)
        terms: dict[int, list[Scalar]] = {}
        positions = looked_up(self.stores, self.outputs[0].layout, self.lookups)
        for position, value in zip(positions, self.column(self.inputs[0]), strict=True):
            terms.setdefault(position, []).append(value)
        found = [Expected(value) for value in present]
        for position, arriving in terms.items():
            value = present[position]
            for each in arriving:
                value = self.record.combine(value, each)
            found[position] = self._of_combination(value, [present[position], *arriving])
        return [found]

    def _of_combination(self, value: Scalar, terms: Sequence[Scalar]) -> Expected:
        tolerances: dict[str, Tolerance] = {"add": SumOfTerms(), "multiply": ProductOfTerms()}
        tolerance = tolerances.get(self.record.name)
        if tolerance is None:
            return Expected(value)
        return of_fold(value, Terms(terms), tolerance, self.outputs[0].dtype)

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


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLaunch(Launch):
    """The output filled in logical order with what a record makes of its parameters.

    A random record draws from a Philox stream of ``seed`` that has made ``drawn`` draws, or on
    the reference's own device from its Mersenne Twister; the numbers are equal, not close.
    """

    record: Source | RandomSource
    parameters: tuple[Scalar, ...]
    seed: int = 0
    drawn: int = 0

    @property
    def verb(self) -> str:
        return "source"

    @property
    def name(self) -> str:
        return self.record.name

    def stream(self) -> PhiloxGenerator | None:
        """Return the stream that the launch draws from."""
        if isinstance(self.record, Source):
            return None
        stream = PhiloxGenerator(self.seed)
        for _ in range(self.drawn):
            stream.next_offset()
        return stream

    def perform(self, backend: Backend, operand: Finder) -> None:
        backend.source(self.record, self.parameters, self.stream(), operand(self.outputs[0]))

    def expected(self) -> list[list[Expected]]:
        record, (_, layout, dtype) = self.record, self.outputs[0]
        if isinstance(record, RandomSource):
            drawn = record.generate(layout, dtype, self.parameters, self.stream())
            return [[Expected(value) for value in drawn]]
        assert isinstance(record.tolerance, Ulps)
        values = [record.element(index, self.parameters) for index in range(layout.numel)]
        return [[_of_element(value, record.tolerance, dtype) for value in values]]

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        stream = "None"
        if isinstance(self.record, RandomSource):
            stream = f"PhiloxGenerator({self.seed})"
        return [
            f"record = {record_code(self.name, self.record)}",
            f"backend.source(record, {self.parameters}, {stream}, {operand(self.outputs[0])})",
        ]


def _of_element(value: Scalar, tolerance: Ulps, dtype: DType) -> Expected:
    if dtype.is_floating_point:
        return of_function(value, tolerance, dtype)
    return Expected(dtype.convert(value))
