"""Faults of operands that are views of one storage, of divisors that lie anyhow,
and of numbers beside an operand that is written to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gnomon.backend import (
    ElementwiseRecord,
    IndexedDimension,
    Operand,
    Scalar,
)
from gnomon_conformance.audit.faulty import FaultyBackend, put
from gnomon_conformance.audit.register import fault

#: What a launch of an elementwise record is done with in place of its operands.
Operands = Sequence[Operand | Scalar]


def _zeros(output: Operand) -> None:
    put(output, [0] * output.layout.numel)


@fault("indices of one storage taken for the first of them", "gather/gather/*/shared")
class _FirstIndices(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        first = indexed[0].indices
        super().gather(
            source,
            [
                each._replace(indices=first) if each.indices.storage is first.storage else each
                for each in indexed
            ],
            output,
        )


@fault("indices looked up in themselves found to be 0", "gather/gather/*/shared")
class _InThemselves(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        super().gather(source, indexed, output)
        if any(each.indices.storage is source.storage for each in indexed):
            _zeros(output)


@fault("zero divisors of several dims not noticed", "division-by-zero/remainder")
class _Divided(FaultyBackend):
    def elementwise(self, record: ElementwiseRecord, inputs: Operands, output: Operand) -> None:
        try:
            super().elementwise(record, inputs, output)
        except RuntimeError:
            if record.name != "remainder" or len(output.layout.shape) < 2:
                raise
            _zeros(output)


def _changed(
    name: str, cases: str, change: Callable[[str, Operands, Operand], Operands]
) -> None:
    """Add a fault in which elementwise launches are done with other operands."""

    @fault(name, cases)
    class Changed(FaultyBackend):
        def elementwise(
            self, record: ElementwiseRecord, inputs: Operands, output: Operand
        ) -> None:
            super().elementwise(record, change(record.name, inputs, output), output)


def _one_layout(name: str, inputs: Operands, output: Operand) -> Operands:
    """Return the operands of which those of one storage have the layout of the first."""
    found: dict[int, Operand] = {}
    return [
        found.setdefault(id(each.storage), each) if isinstance(each, Operand) else each
        for each in inputs
    ]


def _one_more(names: Sequence[str]) -> Callable[[str, Operands, Operand], Operands]:
    """Return what makes numbers one more, beside an operand that is the output."""

    def change(name: str, inputs: Operands, output: Operand) -> Operands:
        if name not in names or output not in inputs:
            return inputs
        return [each if isinstance(each, Operand) else each + 1 for each in inputs]

    return change


_changed("operands of one storage all read under one layout", "shared/where", _one_layout)
_changed("numbers beside what is written to read late", "tails/fmod", _one_more(("fmod",)))
_changed(
    "bounds of what is clamped in place read late",
    "writing/in-place-forms",
    _one_more(("clamp", "clamp_min", "clamp_max")),
)
