"""Faults of replayed calls: what is stale, frozen, left out, or given away too early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from gnomon.backend import Device, LiveNumber, Memory, PhiloxGenerator, float32
from gnomon_conformance.audit.faulty import FaultyBackend
from gnomon_conformance.audit.recording import CallRecording, Numbered, RecordingBackend
from gnomon_conformance.audit.register import FAULTS, Fault


def _recorded(name: str, cases: str, recording: type[CallRecording]) -> None:
    """Add a fault in what a backend's recordings do."""

    def make(device: Device) -> FaultyBackend:
        backend = RecordingBackend(device)
        backend.recording = recording
        return backend

    FAULTS.append(Fault(name, cases, make))


class _Stale(CallRecording):
    first: Sequence[Memory] | None = None

    def memory(self, inputs: Sequence[Memory]) -> dict[int, Memory]:
        self.first = self.first or inputs
        return super().memory(self.first)


class _Frozen(CallRecording):
    def argument(self, value: object, memory: Mapping[int, Memory]) -> object:
        return (
            float(value) if isinstance(value, LiveNumber) else super().argument(value, memory)
        )


class _Single(CallRecording):
    """Keeps numbers in single precision."""

    def argument(self, value: object, memory: Mapping[int, Memory]) -> object:
        number = super().argument(value, memory)
        return float32.round(value.now()) if isinstance(value, LiveNumber) else number


class _WritesFirst(CallRecording):
    """Takes a launch before the one that reads what it writes."""

    def replay(self, inputs: Sequence[Memory]) -> list[Memory]:
        whole, self.entries = self.entries, [*self.entries]
        for place, ((_, before), (_, after)) in enumerate(pairwise(whole)):
            written = _output(after).number
            if written in _read(before) and _output(before).number not in _read(after):
                self.entries[place : place + 2] = [whole[place + 1], whole[place]]
                break
        try:
            return super().replay(inputs)
        finally:
            self.entries = whole


def _read(arguments: tuple[object, ...]) -> set[int]:
    """Return the numbers of the operands that an elementwise launch reads."""
    inputs = arguments[1] if isinstance(arguments[1], tuple | list) else ()
    return {each.number for each in inputs if isinstance(each, Numbered)}


class _SameNumbers(CallRecording):
    def argument(self, value: object, memory: Mapping[int, Memory]) -> object:
        return (
            value.clone()
            if isinstance(value, PhiloxGenerator)
            else super().argument(value, memory)
        )


class _Shared(CallRecording):
    def memory(self, inputs: Sequence[Memory]) -> dict[int, Memory]:
        found = super().memory(inputs)
        slabs: dict[int, Memory] = {}
        for number, size in self.sizes.items():
            if number not in self.results:
                found[number] = slabs.setdefault(size, found[number])
        return found


class _SameResults(CallRecording):
    kept: dict[int, Memory] | None = None

    def memory(self, inputs: Sequence[Memory]) -> dict[int, Memory]:
        found = super().memory(inputs)
        self.kept = self.kept or {number: found[number] for number in self.results}
        return {**found, **self.kept}


class _OneWriteToEach(CallRecording):
    """Takes a later write to memory for one that replaces the first."""

    def replay(self, inputs: Sequence[Memory]) -> list[Memory]:
        last: dict[Numbered, int] = {}
        for place, (_, arguments) in enumerate(self.entries):
            output = arguments[-1]
            if isinstance(output, Numbered):
                last[output] = place
        kept = [
            entry
            for place, entry in enumerate(self.entries)
            if last.get(_output(entry[1]), place) == place
        ]
        whole, self.entries = self.entries, kept
        try:
            return super().replay(inputs)
        finally:
            self.entries = whole


def _output(arguments: tuple[object, ...]) -> Numbered:
    output = arguments[-1]
    assert isinstance(output, Numbered)
    return output


class _CopiesCaptured(CallRecording):
    """Computes on a copy of what was there before the call."""

    def memory(self, inputs: Sequence[Memory]) -> dict[int, Memory]:
        found = super().memory(inputs)
        for number, memory in self.captured.items():
            copy = found[number] = self.backend.allocate(memory.nbytes)
            data = self.backend.inner.read(memory, 0, memory.nbytes)
            self.backend.inner.write(copy, 0, data)
        return found


class _CopiesInputs(CallRecording):
    """Computes on a copy of what the call is given."""

    def memory(self, inputs: Sequence[Memory]) -> dict[int, Memory]:
        copies = []
        for memory in inputs:
            copies.append(self.backend.allocate(memory.nbytes))
            data = self.backend.inner.read(memory, 0, memory.nbytes)
            self.backend.inner.write(copies[-1], 0, data)
        return super().memory(copies)


_recorded("a replay reads the inputs of the first one", "compiled/random-program", _Stale)
_recorded("learning rate frozen in a recording", "training/scheduled/float32/compiled", _Frozen)
_recorded("numbers of replays in single precision", "compiled/numbers", _Single)
_recorded("a write moved before a read", "compiled/changes", _WritesFirst)
_recorded("a replay draws the same random numbers", "compiled/random-program", _SameNumbers)
_recorded("temporaries share memory while in use", "compiled/random-program", _Shared)
_recorded("replays return the same memory", "compiled/results", _SameResults)
_recorded("a write left out for a later one", "compiled/random-program", _OneWriteToEach)
_recorded("a state is not changed by replays", "compiled/random-program", _CopiesCaptured)
_recorded("an input is not changed by replays", "compiled/changes", _CopiesInputs)
