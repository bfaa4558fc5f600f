"""What sources mean: elements made of nothing but their place and a few parameters."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from gnomon.backend import (
    Backend,
    PhiloxGenerator,
    Scalar,
)
from gnomon.records import (
    RandomSource,
    Source,
    Ulps,
)
from gnomon_conformance.correct import (
    Right,
    of_function,
)
from gnomon_conformance.launches.base import (
    Finder,
    Launch,
    Place,
    record_code,
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
        state = struct.pack("<QQ", self.seed, self.drawn)
        return PhiloxGenerator.from_state_bytes(state)

    def perform(self, backend: Backend, operand: Finder) -> None:
        backend.source(self.record, self.parameters, self.stream(), operand(self.outputs[0]))

    def right(self) -> list[Right]:
        record, (_, layout, dtype) = self.record, self.outputs[0]
        if isinstance(record, RandomSource):
            drawn = record.generate(layout, dtype, self.parameters, self.stream())
            return [Right([*drawn])]
        assert isinstance(record.tolerance, Ulps)
        values = [record.element(index, self.parameters) for index in range(layout.numel)]
        if not dtype.is_floating_point:
            return [Right([*map(dtype.convert, values)])]
        within = record.tolerance
        return [Right(values, lambda element: of_function(values[element], within, dtype))]

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        stream = "None"
        if isinstance(self.record, RandomSource):
            state = struct.pack("<QQ", self.seed, self.drawn)
            stream = f"PhiloxGenerator.from_state_bytes({state!r})"
        return [
            f"record = {record_code(self.name, self.record)}",
            f"backend.source(record, {self.parameters}, {stream}, {operand(self.outputs[0])})",
        ]
