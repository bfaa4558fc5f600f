"""The faults: each with the cases that name it, which have to catch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias, TypeVar, final

import gnomon
from gnomon.backend import Device, Fusible, Operand
from gnomon.cpu import ReferenceBackend
from gnomon.records import Composite
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, put, values_of

Kernel = TypeVar("Kernel")
Meaning = TypeVar("Meaning")
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


def kernel_fault(name: str, cases: str, composite: Fusible[Kernel], wrong: Kernel) -> None:
    """Add a fault that is a kernel of a composite."""

    def make(device: Device) -> FaultyBackend:
        backend = FaultyBackend(device)
        backend.kernels.offer(composite, wrong)
        return backend

    FAULTS.append(Fault(name, cases, make))


def right_kernel(composite: Fusible[Kernel]) -> Kernel:
    """Return the reference's own kernel of a composite."""
    found = ReferenceBackend().kernels.find(composite)
    assert found is not None
    return found


def decomposed(
    composite: Composite[Meaning, Kernel],
    inputs: Sequence[Operand | None],
    parameters: Sequence[object],
    outputs: Sequence[Operand | None],
) -> None:
    """Write to operands what the decomposition of a composite makes of others: what a kernel of
    it that the reference has not does.
    """
    like = gnomon.tensor(0.0).like
    tensors = [None if each is None else like(each) for each in inputs]
    assert callable(composite.decompose)
    with gnomon.no_grad():
        found = composite.decompose(*tensors, *parameters)
    results = found if isinstance(found, tuple) else (found,)
    for result, output in zip(results, outputs, strict=True):
        if result is not None and output is not None:
            put(output, values_of(result.operand))


def fault(name: str, cases: str) -> Callable[[type[FaultyBackend]], type[FaultyBackend]]:
    """Add a fault that is a class."""

    def add(backend: type[FaultyBackend]) -> type[FaultyBackend]:
        FAULTS.append(Fault(name, cases, backend))
        return backend

    return add
