"""Faults of sources: parameters cut or turned round, and streams that begin anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from gnomon.backend import Operand, Scalar, SourceRecord, Stream
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks
from gnomon_conformance.audit.register import fault, hooked

Parameters: TypeAlias = tuple[Scalar, ...]

#: How many numbers a block of threads makes.
_BLOCK: Final = 8192


def _taken(name: str, cases: str, change: Callable[[Parameters], Parameters]) -> None:
    """Add a fault of the source that the cases name, in its parameters."""
    source = cases.split("/")[1]

    @fault(name, cases)
    class Taken(FaultyBackend):
        def source(
            self,
            record: SourceRecord,
            parameters: Parameters,
            generator: Stream | None,
            output: Operand,
        ) -> None:
            given = change(parameters) if record.name == source else parameters
            super().source(record, given, generator, output)


_taken(
    "integers from above 0 drawn up to the sum of their bounds",
    "random/random/int32",
    lambda bounds: (bounds[0], bounds[1] + max(bounds[0], 0)),
)
_taken(
    "unit matrix of columns counted in 8 bits",
    "source/eye/float32",
    lambda columns: (int(columns[0]) & 255 or 256,),
)
_taken(
    "base of a logarithmic line a whole number",
    "source/logspace/float32",
    lambda line: (*line[:3], float(round(line[3]))),
)
_taken(
    "line from below 0 begins above it",
    "source/linspace/float32",
    lambda line: (abs(line[0]), *line[1:]),
)
_taken(
    "normal numbers about a mean below 0 lie about one above it",
    "random/normal/float32",
    lambda shape: (abs(shape[0]), shape[1]),
)
_taken(
    "standard deviation of normal numbers at most 1",
    "random/normal/float64",
    lambda shape: (shape[0], min(shape[1], 1.0)),
)
_taken(
    "rate of exponential numbers at least 1",
    "random/exponential/float32",
    lambda rate: (max(rate[0], 1.0),),
)
_taken(
    "uniform numbers spread over 100 at most",
    "random/uniform/float32",
    lambda bounds: (bounds[0], min(bounds[1], bounds[0] + 100.0)),
)


def _anew(
    name: str, parameters: Sequence[Scalar], output: Operand, elements: Sequence[Scalar]
) -> Sequence[Scalar]:
    """Draw the numbers of the first block for all others, too."""
    if name == "eye" or output.layout.numel <= _BLOCK:
        return elements
    return [elements[number % _BLOCK] for number in range(len(elements))]


for _name, _dtype in (("normal", "float32"), ("random", "int64"), ("uniform", "float64")):
    hooked(
        f"numbers of {_dtype} drawn anew in each block ({_name})",
        f"random/{_name}/{_dtype}",
        Hooks(source=_anew),
    )


def _in_16_bits(
    name: str, parameters: Sequence[Scalar], output: Operand, elements: Sequence[Scalar]
) -> Sequence[Scalar]:
    """Count the elements of a line in 16 bits."""
    if name != "arange" or output.layout.numel <= 2**16:
        return elements
    return [elements[number % 2**16] for number in range(len(elements))]


hooked(
    "elements of a line counted in 16 bits", "source/arange/int32", Hooks(source=_in_16_bits)
)
