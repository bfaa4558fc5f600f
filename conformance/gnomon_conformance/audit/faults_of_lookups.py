"""Faults of bounds, of special values that arrive through indices, and of what lies far into a
storage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gnomon.backend import (
    IndexedDimension,
    Layout,
    Operand,
    PhiloxGenerator,
    Scalar,
    ScatterRecord,
    SourceRecord,
    Stream,
)
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, put, values_of
from gnomon_conformance.audit.register import fault, hooked
from gnomon_conformance.correct import is_subnormal

#: Of a source and what is looked up in it: whether wrong indices go unnoticed.
Unnoticed = Callable[[Operand, Sequence[IndexedDimension]], bool]


def _unchecked(name: str, unnoticed: Unnoticed, cases: str = "errors/out-of-range") -> None:
    """Add a fault in which launches return without having noticed some wrong indices."""

    @fault(name, cases)
    class Unchecked(FaultyBackend):
        def gather(
            self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
        ) -> None:
            try:
                super().gather(source, indexed, output)
            except IndexError:
                if not unnoticed(source, indexed):
                    raise


def _if_all(unnoticed: Callable[[int, int, int], bool]) -> Unnoticed:
    """Return whether all wrong indices are of a kind: of each, the number of its dim, where it
    stands, and the index itself.
    """
    return lambda source, indexed: all(unnoticed(*each) for each in _wrong(indexed))


def _wrong(indexed: Sequence[IndexedDimension]) -> list[tuple[int, int, int]]:
    """Return the number of the dim, place and value of all indices out of range."""
    return [
        (number, place, int(value))
        for number, each in enumerate(indexed)
        for place, value in enumerate(values_of(each.indices))
        if not (-each.size if each.negative else 0) <= value < each.size
    ]


_unchecked("only the first of several indexed dims checked", _if_all(lambda d, place, x: d > 0))
_unchecked("only the first 1024 indices checked", _if_all(lambda d, place, x: place >= 1024))
_unchecked("indices into an empty dim not checked", _if_all(lambda d, place, x: x == 0))
_unchecked("indices below -2**32 taken modulo that", _if_all(lambda d, place, x: x < -(2**32)))
_unchecked(
    "indices into 16-bit dtypes not checked",
    lambda source, indexed: source.dtype.itemsize == 2,
    "errors/out-of-range/dtypes",
)
_unchecked(
    "indices that lie apart not checked",
    lambda source, indexed: any(
        not each.indices.layout.is_contiguous and 0 not in each.indices.layout.strides
        for each in indexed
    ),
    "errors/out-of-range/*/layouts",
)


hooked(
    "scattered NaN is 0",
    "scatter/*/float*/collisions",
    Hooks(number=lambda x: x if x == x else 0.0),
)
hooked(
    "scattered numbers past 32 bits wrapped",
    "scatter/*/int64/collisions",
    Hooks(number=lambda x: (int(x) + 2**31) % 2**32 - 2**31),
)


def _arriving(
    name: str, cases: str, change: Callable[[Scalar, Scalar, Operand], Scalar]
) -> None:
    """Add a fault of the combination that the cases name: ``change``, of what was at a place,
    what is there afterwards and the destination, is there instead.
    """
    operation = cases.split("/")[1]

    @fault(name, cases)
    class Arriving(FaultyBackend):
        def scatter(
            self,
            record: ScatterRecord,
            source: Operand | Scalar,
            indexed: Sequence[IndexedDimension],
            destination: Operand,
        ) -> None:
            count = destination.storage.nbytes // destination.dtype.itemsize
            whole = destination.under(Layout.contiguous((count,)))
            before = values_of(whole)
            super().scatter(record, source, indexed, destination)
            after = values_of(whole)
            changed = [change(a, b, whole) for a, b in zip(before, after, strict=True)]
            if record.name == operation and [*map(str, changed)] != [*map(str, after)]:
                put(whole, changed)


_arriving(
    "subnormal numbers flushed on the way to their places",
    "scatter/replace/float32",
    lambda a, b, y: 0.0 if is_subnormal(b, y.dtype) else b,
)
_arriving(
    "subnormal maxima flushed on the way to their places",
    "scatter/maximum/float32",
    lambda a, b, y: 0.0 if is_subnormal(b, y.dtype) else b,
)
_arriving(
    "negative zeros lose their sign on the way to their places",
    "scatter/replace/float32",
    lambda a, b, y: 0.0 if b == 0 and y.dtype.is_floating_point and a != b else b,
)


def _near(name: str, cases: str, verb: str, bits: int, *, written: bool = False) -> None:
    """Add a fault in which offsets of operands of a verb are cut to so many bits."""

    def changed(mine: str, _name: str, operand: Operand) -> Operand:
        if mine != verb:
            return operand
        layout = operand.layout
        return operand.under(layout._replace(offset=layout.offset % 2**bits))

    hooked(name, cases, Hooks(output=changed) if written else Hooks(input=changed))


_near("offset cut to 16 bits", "shifts/add", "elementwise", 16)
_near("offset of a reduction cut to 16 bits", "reduce/sum", "reduce", 16)
_near("offset of a scan cut to 16 bits", "scan/cumsum", "scan", 16)
_near("offset of a gather cut to 8 bits", "gather/gather", "gather", 8)
_near("offset of a sort cut to 8 bits", "sort/sort", "sort", 8)
_near("offset of what arrives cut to 8 bits", "scatter/add/*/long", "scatter", 8)
_near(
    "offset of a destination cut to 8 bits",
    "scatter/replace/*/long",
    "scatter",
    8,
    written=True,
)


@fault("wide ranges of integers drawn from one word", "random/random/int64")
class _OneWord(FaultyBackend):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        if record.name == "random" and isinstance(generator, PhiloxGenerator):
            low, high = (int(each) for each in parameters)
            if 2**28 <= high - low < 2**32:
                narrow = generator.clone()
                super().source(record, (0, 2**28 - 1), narrow, output)
                words = values_of(output)
                generator.next_offset()
                put(output, [low + int(word) % (high - low) for word in words])
                return
        super().source(record, parameters, generator, output)


@fault("drawing nothing takes nothing from the stream", "random/uniform")
class _NothingDrawn(FaultyBackend):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        if output.layout.numel or generator is None:
            super().source(record, parameters, generator, output)
