"""Copies that the graph knows of: of another dtype, layout or device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from gnomon.backend import Backend, Operand, Storage
from gnomon.core import Cotangents, TensorCore
from gnomon.devices import CPU
from gnomon.dispatch import converted
from gnomon.dtypes import DType
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.layout import Layout
from gnomon.op.copy import COPY

T = TypeVar("T", bound=TensorCore)


def clone_as(
    input: T, layout: Layout, dtype: DType | None = None, label: str = "CloneBackward0"
) -> T:
    """Return a copy of ``input`` under ``layout``, which has its shape and starts at a fresh
    storage.
    """
    operand = input.operand
    backend = operand.storage.backend
    dtype = dtype or operand.dtype
    _, end = layout.span
    storage = Storage(backend, backend.allocate(end * dtype.itemsize))
    output = Operand(storage, layout, dtype)
    backend.elementwise(COPY, (operand,), output)
    return _recorded(input, output, label)


def clone(input: T) -> T:
    """Return a copy of ``input``, its strides kept if they are dense.

    The graph leads through it: the gradient of a clone is the gradient of its original.
    """
    return clone_as(input, input.operand.layout.dense_like())


def to_dtype(input: T, dtype: DType) -> T:
    """Return ``input`` converted to ``dtype``: itself when it has that dtype already."""
    if input.operand.dtype is dtype:
        return input
    return clone_as(input, input.operand.layout.dense_like(), dtype, "ToCopyBackward0")


def to_contiguous(input: T) -> T:
    """Return ``input`` itself if it is contiguous, otherwise a contiguous copy."""
    layout = input.operand.layout
    if layout.is_contiguous:
        return input
    return clone_as(input, Layout.contiguous(layout.shape))


def to_backend(input: T, backend: Backend) -> T:
    """Return ``input`` on the device of ``backend``: a copy unless it is there already."""
    operand = input.operand
    if operand.storage.backend is backend:
        return input
    return _recorded(input, transferred(operand, backend), "ToCopyBackward0")


def transferred(operand: Operand, backend: Backend) -> Operand:
    """Return the elements of ``operand`` on the other device of ``backend``, its dense strides
    kept.
    """
    source = operand if operand.layout.is_dense else converted(operand, operand.dtype)
    layout, itemsize = source.layout, source.dtype.itemsize
    nbytes = layout.numel * itemsize
    origin, memory, start = (
        source.storage.backend,
        source.storage.memory,
        layout.offset * itemsize,
    )
    if backend.device == CPU:
        storage = Storage(backend, origin.to_host(memory, start, nbytes))
    else:
        storage = Storage(backend, backend.allocate(nbytes))
        with origin.lend(memory, start, nbytes) as data:
            backend.write(storage.memory, 0, data)
    return Operand(storage, layout._replace(offset=0), source.dtype)


def _recorded(input: T, output: Operand, label: str) -> T:
    result = input.like(output)
    if output.dtype.is_floating_point and recording(input):
        origin = input.operand.storage.backend
        node = OperationNode(label, (input,), (result,), (), partial(_back, origin))
        set_history(result, node)
    return result


def _back(
    origin: Backend, cotangents: Cotangents, saved: Sequence[TensorCore | None]
) -> Cotangents:
    # The engine converts a gradient to the dtype of what it is the gradient of.
    (cotangent,) = cotangents
    return (None if cotangent is None else to_backend(cotangent, origin),)
