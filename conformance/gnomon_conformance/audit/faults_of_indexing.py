"""Faults of gathers, scatters, sorts and sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from gnomon.backend import (
    IndexedDimension,
    Layout,
    Operand,
    PhiloxGenerator,
    Scalar,
    ScatterRecord,
    SourceRecord,
    Stream,
    int64,
)
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, put, rows_of, values_of
from gnomon_conformance.audit.register import fault, hooked

hooked(
    "gather reads its source densely",
    "gather",
    Hooks(
        input=lambda verb, name, x: (
            x.under(x.layout._replace(offset=0)) if verb == "gather" else x
        )
    ),
)
hooked(
    "scatter ignores the offset of its destination",
    "scatter/replace",
    Hooks(
        output=lambda verb, name, x: (
            x.under(x.layout._replace(offset=0)) if verb == "scatter" else x
        )
    ),
)
hooked(
    "sorted indices written densely",
    "sort",
    Hooks(
        output=lambda verb, name, x: (
            x.under(Layout.contiguous(x.layout.shape)) if name == "indices" else x
        )
    ),
)
hooked(
    "arange ignores the strides of its output",
    "source/arange",
    Hooks(
        output=lambda verb, name, x: (
            x.under(Layout.contiguous(x.layout.shape)._replace(offset=x.layout.offset))
            if verb == "source"
            else x
        )
    ),
)


@fault("negative indices clamped to 0", "gather/gather")
class _Clamped(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        super().gather(source, [_clamped(each) for each in indexed], output)


def _clamped(dimension: IndexedDimension) -> IndexedDimension:
    indices = dimension.indices
    storage = indices.storage
    backend = storage.backend
    data = int64.pack([max(value, 0) for value in values_of(indices)])
    memory = backend.allocate(max(len(data), 1) * 8)
    if len(data):
        backend.write(memory, 0, memoryview(data).cast("B"))
    fresh = type(storage)(backend, memory)
    return dimension._replace(
        indices=Operand(fresh, Layout.contiguous(indices.layout.shape), int64)
    )


@fault("out of range is not noticed", "errors/out-of-range")
class _Unchecked(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        try:
            super().gather(source, indexed, output)
        except IndexError:
            return


@fault("something is written before an index out of range is noticed", "errors/out-of-range")
class _HalfWritten(FaultyBackend):
    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        try:
            super().scatter(record, source, indexed, destination)
        except IndexError:
            first = destination.under(Layout((1,), (0,), destination.layout.offset))
            put(first, [2])
            raise


@fault("negative indices accepted where they are out of range", "errors/out-of-range")
class _AlwaysNegative(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        super().gather(source, [each._replace(negative=True) for each in indexed], output)


@fault("only the last indexed dim looked up", "gather/gather")
class _LastOnly(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        super().gather(source, indexed[-1:], output)


@fault("strides of the indices ignored", "gather/gather")
class _DenseIndices(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        dense = []
        for each in indexed:
            layout = Layout.contiguous(each.indices.layout.shape)
            fits = layout.span[1] * 8 <= each.indices.storage.nbytes
            fits = fits and 0 not in each.indices.layout.strides
            try_indices = each.indices.under(layout) if fits else each.indices
            legal = all(-each.size <= value < each.size for value in values_of(try_indices))
            dense.append(each._replace(indices=try_indices) if legal else each)
        super().gather(source, dense, output)


@fault("scatter loses duplicates", "scatter/add")
class _LostDuplicates(FaultyBackend):
    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        if record.name != "add" or not isinstance(source, Operand):
            super().scatter(record, source, indexed, destination)
            return
        start, arriving = _whole(destination), values_of(source)
        columns = [values_of(each.indices) for each in indexed]
        whole = destination.under(
            Layout.contiguous((destination.storage.nbytes // destination.dtype.itemsize,))
        )
        result = _whole(destination)
        for element, position in enumerate(destination.layout.positions()):
            for each, column in zip(indexed, columns, strict=True):
                position += int(column[element]) % each.size * each.stride
            result[position] = start[position] + arriving[element]
        put(whole, result)


def _whole(operand: Operand) -> list[Scalar]:
    count = operand.storage.nbytes // operand.dtype.itemsize
    return values_of(operand.under(Layout.contiguous((count,))))


@fault("first of several replacements stays", "scatter/replace")
class _FirstStays(FaultyBackend):
    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        if (
            record.name == "replace"
            and isinstance(source, Operand)
            and len(source.layout.shape) == 1
        ):
            backwards = [_reversed(each) for each in indexed]
            values = values_of(source)[::-1]
            storage = type(source.storage)(self, self.allocate(max(source.storage.nbytes, 1)))
            fresh = Operand(storage, Layout.contiguous(source.layout.shape), source.dtype)
            put(fresh, values)
            super().scatter(record, fresh, backwards, destination)
            return
        super().scatter(record, source, indexed, destination)


def _reversed(dimension: IndexedDimension) -> IndexedDimension:
    indices = dimension.indices
    backend = indices.storage.backend
    values = values_of(indices)[::-1]
    storage = type(indices.storage)(backend, backend.allocate(max(8 * len(values), 1)))
    fresh = Operand(storage, Layout.contiguous(indices.layout.shape), int64)
    put(fresh, values)
    return dimension._replace(indices=fresh)


@fault("scatter of maximum loses NaN", "scatter/maximum/float32")
class _MaximumWithoutNan(FaultyBackend):
    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        before = _whole(destination)
        super().scatter(record, source, indexed, destination)
        if record.name == "maximum":
            after = [
                b if b == b else a for a, b in zip(before, _whole(destination), strict=True)
            ]
            count = len(after)
            put(destination.under(Layout.contiguous((count,))), after)


@fault("unstable sort", "sort")
class _Unstable(FaultyBackend):
    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        super().sort(input, dim, descending, values, indices)
        rows = zip(rows_of(values, (dim,)), rows_of(indices, (dim,)), strict=True)
        found: list[Scalar] = []
        for row, places in rows:
            for k in range(len(row) - 1):
                if row[k] == row[k + 1]:
                    places[k], places[k + 1] = places[k + 1], places[k]
                    break
            found += places
        kept = [d for d in range(len(input.layout.shape)) if d != dim]
        put(indices.under(indices.layout.permute((*kept, dim))), found)


@fault("descending sort is an ascending one turned round", "sort")
class _Turned(FaultyBackend):
    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        super().sort(input, dim, False, values, indices)
        if descending:
            kept = [d for d in range(len(input.layout.shape)) if d != dim]
            for output in (values, indices):
                rows = rows_of(output, (dim,))
                turned = [value for row in rows for value in row[::-1]]
                put(output.under(output.layout.permute((*kept, dim))), turned)


@fault("NaN sorts first", "sort/sort/float32")
class _NanFirst(FaultyBackend):
    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        super().sort(input, dim, descending, values, indices)
        kept = [d for d in range(len(input.layout.shape)) if d != dim]
        rows = rows_of(values, (dim,))
        moved = [v for row in rows for v in sorted(row, key=lambda value: value == value)]
        put(values.under(values.layout.permute((*kept, dim))), moved)


@fault("long rows sorted in blocks only", "sort/sort/float32/lengths")
class _Blocks(FaultyBackend):
    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        size = input.layout.shape[dim]
        for start in range(0, max(size, 1), 512):
            length = min(512, size - start)
            parts = [
                each.under(each.layout.narrow(dim, start, length))
                for each in (input, values, indices)
            ]
            super().sort(parts[0], dim, descending, parts[1], parts[2])
            if start:
                put(parts[2], [value + start for value in values_of(parts[2])])


@fault("random stream reused", "random")
class _Reused(FaultyBackend):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        if isinstance(generator, PhiloxGenerator):
            generator = PhiloxGenerator(generator.initial_seed())
        super().source(record, parameters, generator, output)


hooked(
    "random numbers of a block repeat",
    "random/uniform",
    Hooks(
        source=lambda name, parameters, output, found: [
            found[place % 1024] for place in range(len(found))
        ]
    ),
)
hooked(
    "uniform numbers include their upper bound",
    "random/uniform",
    Hooks(
        source=lambda name, parameters, output, found: [each * (1 + 2.0**-20) for each in found]
    ),
)


def _accumulated(
    name: str, parameters: Sequence[Scalar], output: Operand, found: Sequence[Scalar]
) -> Sequence[Scalar]:
    if name != "arange":
        return found
    start, step = parameters
    convert = output.dtype.convert
    return [*accumulate(found[1:], lambda value, _: convert(value + step), initial=start)]


hooked("arange accumulates its step", "source/arange/float32", Hooks(source=_accumulated))


@fault("linspace misses its end", "source/linspace")
class _MissedEnd(FaultyBackend):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        if record.name == "linspace" and parameters[2] > 1:
            parameters = (*parameters[:2], parameters[2] + 1)
        super().source(record, parameters, generator, output)


def _short(name: str, cases: str, concerned: Callable[[str, Layout, int], bool]) -> None:
    """Add a fault of launches through indices and sorts: where ``concerned``, of the name of
    the operation, the layout of the launch, and the dim that is sorted along or the number of
    lookups, the last element stays as it was.
    """

    @fault(name, cases)
    class Short(FaultyBackend):
        def gather(
            self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
        ) -> None:
            before = values_of(output)
            super().gather(source, indexed, output)
            if before and concerned("gather", output.layout, len(indexed)):
                put(output, [*values_of(output)[:-1], before[-1]])

        def scatter(
            self,
            record: ScatterRecord,
            source: Operand | Scalar,
            indexed: Sequence[IndexedDimension],
            destination: Operand,
        ) -> None:
            layout = destination.layout
            if min(layout.shape, default=0) > 1 and concerned(
                record.name, layout, len(indexed)
            ):
                # All but the last of the first dim, as long as that is not all there is.
                first = slice(0, layout.shape[0] - 1)
                destination = _rows(destination, first)
                indexed = [
                    each._replace(indices=_rows(each.indices, first)) for each in indexed
                ]
                source = _rows(source, first) if isinstance(source, Operand) else source
            super().scatter(record, source, indexed, destination)

        def sort(
            self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
        ) -> None:
            before = values_of(values)
            super().sort(input, dim, descending, values, indices)
            if before and concerned("sort", input.layout, dim):
                put(values, [*values_of(values)[:-1], before[-1]])


def _rows(operand: Operand, rows: slice) -> Operand:
    return operand.under(operand.layout.narrow(0, rows.start, rows.stop))


_short(
    "gather of five dims one short",
    "gather/gather/*/plans",
    lambda name, y, count: name == "gather" and len(y.shape) == 5,
)
_short(
    "gather along the first of four dims one short",
    "gather/gather/*/plans",
    lambda name, y, count: name == "gather" and len(y.shape) == 4 and count == 1,
)
_short(
    "gather of thousands of elements one short",
    "gather/gather/float32/lengths",
    lambda name, y, count: name == "gather" and 4096 < y.numel < 5000,
)
_short(
    "scatter of maxima past 4096 elements loses the last",
    "scatter/maximum/float32/long",
    lambda name, y, count: name == "maximum" and y.numel > 4096,
)
_short(
    "scatter of sums of six dims loses the last",
    "scatter/add/*/plans",
    lambda name, y, count: name == "add" and len(y.shape) == 6,
)
_short(
    "the last of more than 256 rows not sorted",
    "sort/sort/int16/values",
    lambda name, y, dim: name == "sort" and dim == 1 and y.shape[0] > 256,
)
_short(
    "the last of more than 256 columns not sorted",
    "sort/sort/*/values",
    lambda name, y, dim: name == "sort" and dim == 0 and y.shape[-1] > 256,
)
_short(
    "sort of bytes past 1024 one short",
    "sort/sort/uint8/values",
    lambda name, y, dim: name == "sort" and y.shape[dim] > 1024,
)


@fault("the launch after a refused one is left out", "errors/out-of-range")
class _AfterRefusal(FaultyBackend):
    refused = False

    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        if self.refused:
            self.refused = False
            return
        try:
            super().gather(source, indexed, output)
        except IndexError:
            self.refused = True
            raise
