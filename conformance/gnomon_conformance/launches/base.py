"""What all launches have in common: storages, places in them, and bytes afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias, final

from gnomon.backend import (
    Backend,
    DType,
    Layout,
    Operand,
    Scalar,
    Storage,
)
from gnomon.records import (
    COPY,
)
from gnomon_conformance.correct import (
    Right,
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
    even = place.layout.as_range()
    if even is not None:
        return [*cells[even.start : even.stop : even.step]]
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
    def right(self) -> list[Right]:
        """Return what is right of each output."""

    @abstractmethod
    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        """Return the lines of Python that make the call, given how operands are written."""

    def judged(self) -> tuple[Place, ...]:
        """Return what ``right`` is about; all other bytes must stay as they are."""
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

    def perform_on(self, backend: Backend, storages: Sequence[Storage]) -> None:
        """Perform the launch on operands in ``storages``."""
        self.perform(
            backend, lambda place: Operand(storages[place.store], place.layout, place.dtype)
        )

    def run(self, backend: Backend, repeat: int = 1) -> Stores:
        """Perform the launch on fresh storages, and return their bytes afterwards."""
        storages = [stored(backend, data) for data in self.stores]
        for _ in range(repeat):
            self.perform_on(backend, storages)
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
