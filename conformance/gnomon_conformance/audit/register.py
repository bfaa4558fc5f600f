"""The faults: each with the cases that name it, which have to catch it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias, final

from gnomon.backend import Device
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks

Maker: TypeAlias = Callable[[Device], FaultyBackend]


@final
class Fault(NamedTuple):
    """One thing that is wrong with a backend."""

    name: str
    #: The cases, as ``--only`` takes them, that have to catch it.
    cases: str
    make: Maker
    #: What has to be undone afterwards, where the fault is not in the backend alone.
    undo: Callable[[], None] | None = None


FAULTS: Final[list[Fault]] = []


def hooked(name: str, cases: str, hooks: Hooks) -> None:
    """Add a fault that is one hook."""

    def make(device: Device) -> FaultyBackend:
        backend = FaultyBackend(device)
        backend.hooks = hooks
        return backend

    FAULTS.append(Fault(name, cases, make))


def fault(name: str, cases: str) -> Callable[[type[FaultyBackend]], type[FaultyBackend]]:
    """Add a fault that is a class."""

    def add(backend: type[FaultyBackend]) -> type[FaultyBackend]:
        FAULTS.append(Fault(name, cases, backend))
        return backend

    return add
