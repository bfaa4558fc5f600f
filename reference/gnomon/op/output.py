"""Where results go: ``out=`` arguments, and the checks on tensors that are written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.devices import CPU
from gnomon.dispatch import converted
from gnomon.dtypes import Scalar, can_cast
from gnomon.errors import explain, warn
from gnomon.graph.modes import modes
from gnomon.layout import Layout, Overlap, overlap, share_positions
from gnomon.memory import HostMemory
from gnomon.op.copy import COPY

T = TypeVar("T", bound=TensorCore)


def deliver(operation: str, result: T, out: T, inputs: Sequence[TensorCore | Scalar] = ()) -> T:
    """Copy ``result`` into ``out``, which is resized to fit, and return ``out``.

    Raises RuntimeError when the devices differ, when the result's dtype can't be cast to
    ``out``'s, when ``out`` overlaps itself or partly overlaps an input, or when a gradient is
    asked for.
    """
    if modes.grad and (result.tracked or out.tracked):
        raise RuntimeError(
            explain(
                operation,
                "functions with out=... arguments don't support automatic differentiation, but "
                "one of the arguments requires grad",
                remedy="Leave out= away, or call it inside gnomon.no_grad()",
            )
        )
    check_castable(operation, result.operand, out.operand)
    if out.operand.layout.shape != result.operand.layout.shape:
        if out.operand.layout.numel:
            warn(
                f"{operation}: out= of shape {list(out.operand.layout.shape)} was resized to "
                f"{list(result.operand.layout.shape)}. Give a tensor of that shape, or an "
                "empty one.",
            )
        resize(out, result.operand.layout.shape)
    check_writable(operation, out, inputs)
    write(out, result.operand)
    return out


def check_castable(operation: str, result: Operand, target: Operand) -> None:
    """Raise RuntimeError unless ``result`` may be stored on the device and as the dtype of
    ``target``.
    """
    if result.storage.backend is not target.storage.backend:
        raise RuntimeError(
            explain(
                operation,
                f"the result is on {result.storage.device}, the tensor to write to on "
                f"{target.storage.device}",
                remedy="Give one on the result's device",
            )
        )
    if not can_cast(result.dtype, target.dtype):
        raise RuntimeError(
            explain(
                operation,
                f"result type {result.dtype.name} can't be cast to the desired output type "
                f"{target.dtype.name}",
                remedy="Write to a tensor of the result's dtype, or convert the result",
            )
        )


def check_writable(
    operation: str, target: TensorCore, inputs: Sequence[TensorCore | Scalar] = ()
) -> None:
    """Raise RuntimeError when writing to ``target`` would write an element twice or spoil an
    input.
    """
    layout = target.operand.layout
    if layout.overlaps_itself:
        raise RuntimeError(
            explain(
                operation,
                "unsupported operation: more than one element of the written-to tensor refers "
                f"to a single memory location, strides {layout.strides}",
                target,
                remedy="clone() the tensor before writing to it",
            )
        )
    _check_overlap(operation, target, inputs, (Overlap.PARTIAL,))


def check_apart(
    operation: str, target: TensorCore, inputs: Sequence[TensorCore | Scalar]
) -> None:
    """Raise RuntimeError when ``target`` shares an element with an input, be it in place.

    For operations that move elements, whose inputs PyTorch does not let them overwrite.
    """
    _check_overlap(operation, target, inputs, (Overlap.PARTIAL, Overlap.FULL))


def _check_overlap(
    operation: str,
    target: TensorCore,
    inputs: Sequence[TensorCore | Scalar],
    refused: tuple[Overlap, ...],
) -> None:
    storage, layout, dtype = target.operand
    for value in inputs:
        if not isinstance(value, TensorCore) or value.operand.storage is not storage:
            continue
        itemsizes = (value.operand.dtype.itemsize, dtype.itemsize)
        if overlap(value.operand.layout, layout, itemsizes) in refused:
            raise RuntimeError(
                explain(
                    operation,
                    "unsupported operation: some elements of the input tensor and the "
                    "written-to tensor refer to a single memory location",
                    value,
                    target,
                    remedy="clone() one of them first",
                )
            )


def write(target: TensorCore, value: Operand | Scalar) -> None:
    """Copy ``value``, which has ``target``'s shape, into ``target``, converting; counts as a
    write.

    A value in positions that are overwritten is as it was before.
    """
    operand = target.operand
    if isinstance(value, Operand) and reads_elsewhere(operand, value):
        value = converted(value, value.dtype)
    operand.storage.backend.elementwise(COPY, (value,), operand)
    count_write(target)


def reads_elsewhere(target: Operand, value: Operand) -> bool:
    """Whether ``value`` has positions of ``target`` under another layout than the target's
    own, so that a backend can't write the one while it reads the other.
    """
    if value.storage is not target.storage:
        return False
    if value.dtype.itemsize != target.dtype.itemsize:
        return True  # Places of elements of other sizes can't be compared.
    return value.layout != target.layout and share_positions(value.layout, target.layout)


def count_write(target: TensorCore) -> None:
    """Let all who keep something about ``target``'s storage know that it has changed."""
    storage = target.operand.storage
    written = (1, 0) if target.counts_writes else (0, 1)
    storage.count_writes(*written)
    if modes.notes is not None:
        modes.notes.wrote(storage, *written)
        if storage.device == CPU:
            modes.notes.obstruct("it changes a tensor on the CPU")


def resize(target: TensorCore, shape: tuple[int, ...]) -> None:
    """Give ``target`` the contiguous layout of ``shape``; its storage grows when it is too
    small.
    """
    storage, layout, dtype = target.operand
    fresh = Layout.contiguous(shape)
    target.operand = Operand(
        storage,
        Layout(fresh.shape, fresh.strides, layout.offset) if layout.offset else fresh,
        dtype,
    )
    _, end = target.operand.layout.span
    ensure_capacity(target, end * dtype.itemsize)


def ensure_capacity(target: TensorCore, nbytes: int) -> None:
    """Let ``target``'s storage hold at least ``nbytes`` bytes, keeping what it holds."""
    storage = target.operand.storage
    if storage.nbytes >= nbytes:
        return
    backend = storage.backend
    if isinstance(storage.memory, HostMemory) and storage.memory.owner is not None:
        raise RuntimeError(
            "resize_: Trying to resize storage that is not resizable: its memory belongs to "
            "another library. Clone the tensor first."
        )
    grown = backend.allocate(nbytes)
    backend.write(grown, 0, backend.read(storage.memory, 0, storage.nbytes))
    storage.memory = grown
