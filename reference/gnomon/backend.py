"""The backend protocol: everything an accelerator must offer to run gnomon.

A backend is one device. It has four memory verbs (``allocate``, ``write``, ``read``,
``synchronize``), one launch verb per family of operations, and ``supports``. A launch receives
operands that are already promoted, broadcast and validated, and an output operand of any
injective layout; element ``i`` of an operand stands at ``offset + sum(i_k * stride_k)`` of its
storage. A backend never hears of views, promotion, broadcasting, autograd or error messages.

What an operation *means* is on its record: a backend looks records up by ``name``, and the
reference backend evaluates the meaning itself.

A backend imports from this module, and from ``gnomon.fusible`` the composites it has kernels
for: dtypes, layouts, devices, memory, random streams and errors are here too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol, TypeAlias, TypeVar, cast, final

from gnomon.devices import Device, usable_cores
from gnomon.dtypes import (
    ALL_DTYPES,
    Cells,
    DType,
    Kind,
    Scalar,
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from gnomon.errors import NotSupported, OutOfMemoryError
from gnomon.generator import MersenneTwister, PhiloxGenerator
from gnomon.layout import Layout, collapse_together
from gnomon.memory import HostMemory, Memory
from gnomon.recording import (
    LiveBytes,
    LiveNumber,
    LiveNumbers,
    NotRecordable,
    PlannedBuffer,
    PlannedKernel,
    Recorder,
    Recording,
    ReplayPlan,
    located,
)

__all__ = [
    "ALL_DTYPES",
    "Backend",
    "Cells",
    "DType",
    "Device",
    "DeviceEvent",
    "ElementwiseRecord",
    "FusedKernels",
    "Fusible",
    "Gap",
    "HostMemory",
    "IndexedDimension",
    "Kind",
    "Layout",
    "LiveBytes",
    "LiveNumber",
    "LiveNumbers",
    "Memory",
    "MemoryUse",
    "MersenneTwister",
    "NotRecordable",
    "NotSupported",
    "Operand",
    "OutOfMemoryError",
    "PhiloxGenerator",
    "PlannedBuffer",
    "PlannedKernel",
    "Recorder",
    "Recording",
    "ReductionRecord",
    "ReplayPlan",
    "Scalar",
    "ScanRecord",
    "ScatterRecord",
    "SourceRecord",
    "Storage",
    "Stream",
    "bfloat16",
    "bool_",
    "collapse_together",
    "float16",
    "float32",
    "float64",
    "int16",
    "int32",
    "int64",
    "int8",
    "located",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "usable_cores",
]

#: Where random numbers come from: a Mersenne Twister on the CPU, Philox on other devices.
Stream: TypeAlias = MersenneTwister | PhiloxGenerator


@final
class Storage:
    """The bytes of one device, and how often they were written.

    ``writes`` counts every write. ``version`` is what lets ``backward`` notice that a saved
    tensor has changed since; it leaves out writes hidden from it, as through ``.data``.
    """

    __slots__ = ("__weakref__", "backend", "memory", "version", "writes")

    def __init__(self, backend: Backend, memory: Memory) -> None:
        self.backend = backend
        self.memory = memory
        self.version = 0
        self.writes = 0

    def count_writes(self, times: int = 1, hidden: int = 0) -> None:
        """Count that many writes, and ``hidden`` ones that ``backward`` need not notice."""
        self.version += times
        self.writes += times + hidden

    @property
    def device(self) -> Device:
        return self.backend.device

    @property
    def nbytes(self) -> int:
        return self.memory.nbytes


class Operand(NamedTuple):
    """How to read a tensor: which storage, at which positions, as which dtype."""

    storage: Storage
    layout: Layout
    dtype: DType

    def under(self, layout: Layout) -> Operand:
        """Return the same storage, read under another layout."""
        return Operand(self.storage, layout, self.dtype)

    def describe(self) -> str:
        """Return dtype and shape, as error messages show them."""
        return f"{self.dtype.name}{list(self.layout.shape)}"


class IndexedDimension(NamedTuple):
    """One dimension that is read through an index instead of in order.

    ``indices`` holds int64 and has the launch's shape; its values lie in ``-size <= value <
    size``, negative ones counting from the end, or in ``0 <= value < size`` unless
    ``negative``; each adds ``value * stride`` to the position read or written.
    """

    indices: Operand
    size: int
    stride: int
    negative: bool = True


class ElementwiseRecord(Protocol):
    """An operation that looks at one element of each input at a time."""

    @property
    def name(self) -> str: ...

    def evaluate(
        self, columns: Sequence[Sequence[Scalar]], compute: DType, result: DType
    ) -> Cells:
        """Return cells of ``result`` for the columns of values of ``compute``."""


class ReductionRecord(Protocol):
    """An operation that makes one element of many."""

    @property
    def name(self) -> str: ...

    def meaning_on(
        self, dtype: DType
    ) -> Callable[[Sequence[Scalar], Sequence[Scalar]], Scalar]:
        """Return the function of elements and parameters that folds elements of ``dtype``."""


class ScanRecord(Protocol):
    """An operation that makes a running result along a dimension."""

    @property
    def name(self) -> str: ...

    def meaning_on(self, dtype: DType) -> Callable[[Sequence[Scalar]], Iterable[Scalar]]:
        """Return the function that yields the running results of elements of ``dtype``."""


class ScatterRecord(Protocol):
    """How several values that are written to one place combine."""

    @property
    def name(self) -> str: ...

    def combine(self, present: Scalar, value: Scalar) -> Scalar: ...


class SourceRecord(Protocol):
    """An operation that makes elements of nothing, such as random numbers."""

    @property
    def name(self) -> str: ...

    def generate(
        self,
        layout: Layout,
        dtype: DType,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
    ) -> Sequence[Scalar]:
        """Return the elements, in logical order, of an output with this layout and dtype."""


class Gap(NamedTuple):
    """Something that a backend does not do, as it declares itself.

    A launch lies in the gap if its operation or its verb is among ``operations`` and one of its
    dtypes among ``dtypes``; an empty set stands for all.

    >>> single = Gap("computes in single precision", dtypes=frozenset({"float64"}))
    >>> single.covers("sin", "elementwise", ["float64"]), single.covers("sort", "sort", [])
    (True, False)
    """

    reason: str
    operations: frozenset[str] = frozenset()
    dtypes: frozenset[str] = frozenset()
    #: Whether it is for good, as what the hardware lacks is; otherwise it is "not yet".
    never: bool = False

    def covers(self, name: str, verb: str, dtypes: Sequence[str]) -> bool:
        """Return whether a launch of the operation ``name`` lies in the gap."""
        return (not self.operations or not self.operations.isdisjoint((name, verb))) and (
            not self.dtypes or not self.dtypes.isdisjoint(dtypes)
        )


Kernel = TypeVar("Kernel")
Kernel_co = TypeVar("Kernel_co", covariant=True)


class Fusible(Protocol[Kernel_co]):
    """A composite for which a backend may offer one kernel of the type ``Kernel``."""

    @property
    def name(self) -> str: ...

    def kernel_on(self, backend: Backend) -> Kernel_co | None:
        """Return the kernel ``backend`` offers, or None."""


@final
class FusedKernels:
    """The composites a backend runs as one kernel, each with a kernel of the composite's own
    type.
    """

    __slots__ = ("_kernels",)

    def __init__(self) -> None:
        self._kernels: dict[str, object] = {}

    def offer(self, composite: Fusible[Kernel], kernel: Kernel) -> None:
        """Run ``composite`` with ``kernel`` from now on."""
        self._kernels[composite.name] = kernel

    def find(self, composite: Fusible[Kernel]) -> Kernel | None:
        """Return the kernel offered for ``composite``, or None."""
        return cast("Kernel | None", self._kernels.get(composite.name))


@final
class MemoryUse(NamedTuple):
    """What a device's memory is used for, in bytes, and how often it was short."""

    #: Held by tensors.
    allocated: int = 0
    allocated_peak: int = 0
    #: Taken from the device, for tensors or to be used again.
    reserved: int = 0
    reserved_peak: int = 0
    #: Blocks held by tensors.
    blocks: int = 0
    #: What may be reserved at most.
    limit: int = 0
    #: How often an allocation needed a second try, and how often there was no memory then.
    retries: int = 0
    failures: int = 0


@final
class DeviceEvent(NamedTuple):
    """Something a device ran, in nanoseconds of ``time.perf_counter_ns``."""

    name: str
    start: int
    end: int


class Backend(ABC):
    """One device, as the operations of gnomon see it.

    A subclass sets ``device`` and ``kernels``, which may stay empty, and writes the verbs. Work
    may be deferred: only ``read`` and ``synchronize`` must wait for it. A launch that a backend
    has no kernel for raises ``NotSupported`` (see :meth:`lacks`) before it has any effect; so
    does every launch verb that a subclass does not write.
    """

    device: Device
    kernels: FusedKernels

    @abstractmethod
    def allocate(self, nbytes: int) -> Memory:
        """Return memory of ``nbytes`` undefined bytes, or raise OutOfMemoryError."""

    @abstractmethod
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        """Copy the host's ``data`` (format ``B``) to ``memory`` from byte ``offset`` on."""

    @abstractmethod
    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        """Return ``nbytes`` bytes from ``offset`` on, as a memoryview of format ``B``."""

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until all work given to the device is done."""

    @abstractmethod
    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        """Return whether the operation called ``name`` runs here on operands of ``dtypes``."""

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        """Write ``record`` of the inputs' elements to ``output``.

        Inputs have the output's shape; a Python number stands for an operand full of it. All
        are of one compute dtype, except that ``copy`` converts and ``where`` takes a bool
        first. The output may be one of the inputs (same positions), or overlap none of them.
        """
        given = [value.dtype for value in inputs if isinstance(value, Operand)]
        raise self.lacks(record.name, (*given, output.dtype))

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        """Fold the elements along ``dims``; ``output`` has size 1 there and the input's size
        elsewhere.
        """
        raise self.lacks(record.name, (input.dtype, output.dtype))

    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        """Write the running results of ``record`` along ``dim``; shapes are equal."""
        raise self.lacks(record.name, (input.dtype, output.dtype))

    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        """Read ``source`` through indices.

        ``source`` has the output's shape, with stride 0 along what the indices replace; the
        element at ``i`` stands at the source's position of ``i`` plus the sum over ``indexed``
        of ``indices[i] * stride``. An index out of range raises IndexError.
        """
        raise self.lacks("gather", (output.dtype,))

    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        """Combine ``source`` into ``destination`` through indices, in the logical order of
        ``source``.

        ``destination`` has the indices' shape, with stride 0 along what the indices replace. An
        index out of range raises IndexError and leaves the destination as it was.
        """
        raise self.lacks(record.name, (destination.dtype,))

    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        """Sort along ``dim``, stably, NaN as the largest; ``indices`` is int64."""
        raise self.lacks("sort", (input.dtype,))

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        """Fill ``output`` in logical order with what ``record`` makes of its parameters.

        A random record draws from ``generator``: on an accelerator a ``PhiloxGenerator``, of
        which a draw takes ``initial_seed()`` and ``next_offset()``.
        """
        raise self.lacks(record.name, (output.dtype,))

    def lend(
        self, memory: Memory, offset: int, nbytes: int
    ) -> AbstractContextManager[memoryview]:
        """Return ``nbytes`` bytes from ``offset`` on, to be read until the block ends.

        Another device copies from there; a backend whose memory the host can see lends it
        without a copy of its own.
        """
        return nullcontext(self.read(memory, offset, nbytes))

    def to_host(self, memory: Memory, offset: int, nbytes: int) -> HostMemory:
        """Return the host's own copy of ``nbytes`` bytes from ``offset`` on."""
        return HostMemory(memoryview(bytearray(self.read(memory, offset, nbytes))))

    def memory_use(self, reset_peaks: bool = False) -> MemoryUse:
        """Return what the device's memory is used for; zeros where nobody counts.

        With ``reset_peaks``, peaks are counted anew from now on.
        """
        return MemoryUse()

    def empty_cache(self) -> int:
        """Give back what the backend keeps of the device's memory and no tensor uses; return
        how many bytes that is.
        """
        return 0

    def start_profiling(self) -> bool:
        """Take the times of what the device runs from now on; return whether that can be."""
        return False

    def stop_profiling(self) -> list[DeviceEvent]:
        """Wait for the device and return what it ran since ``start_profiling``."""
        return []

    def gaps(self) -> Sequence[Gap]:
        """Return what the backend does not do; conformance fails a gap that is not declared,
        and one that is declared but not there.
        """
        return ()

    def flushes_subnormals(self, dtype: DType) -> bool:
        """Return whether arithmetic may take subnormal numbers of ``dtype`` for zero."""
        return False

    def recorder(self) -> Recorder | None:
        """Begin to take down launches, for ``gnomon.compile`` to replay; None if that can't be
        done here.
        """
        return None

    def lacks(self, name: str, dtypes: Sequence[DType]) -> NotSupported:
        """Return the error for an operation this backend has no kernel for."""
        listed = ", ".join(dtype.name for dtype in dtypes)
        return NotSupported(
            f"{name}: the device {self.device} has no kernel for the dtypes ({listed}). "
            "Convert the operands to a dtype it supports, move them to the CPU, or set "
            "GNOMON_FALLBACK=cpu to let the reference run what the device lacks.",
            name,
            dtypes,
        )
