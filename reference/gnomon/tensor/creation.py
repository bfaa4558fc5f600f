"""Tensors made of Python data: ``tensor``, ``as_tensor`` and what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from gnomon.backend import Operand
from gnomon.devices import Device, get_default_device
from gnomon.dispatch import allocate, values_of
from gnomon.dtypes import DType, Kind, Scalar, dtype_of_scalar, get_default_dtype
from gnomon.layout import Layout
from gnomon.memory import cast_cells
from gnomon.registry import backend_for
from gnomon.tensor.tensor import Tensor

Data: TypeAlias = "Scalar | Tensor | Sequence[Data]"


def tensor(
    data: Data,
    *,
    dtype: DType | None = None,
    device: Device | str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor that holds a copy of ``data``: a number, or nested sequences of equal lengths.

    >>> tensor([[1, 2], [3, 4]]).shape
    torch.Size([2, 2])
    """
    if isinstance(data, Tensor):
        shape: tuple[int, ...] = data.operand.layout.shape
        values: Sequence[Scalar] = values_of(data.operand)
        given = data.operand.dtype
    else:
        shape = _shape_of(data)
        flat: list[Scalar] = []
        _flatten(data, shape, flat)
        values, given = flat, _dtype_of(flat)
    result = Tensor.over(from_values(values, given, shape, dtype or given, device))
    if requires_grad:
        result.autograd_state().requires_grad = True
    return result


def from_values(
    values: Sequence[Scalar],
    given: DType,
    shape: tuple[int, ...],
    dtype: DType,
    device: Device | str | None = None,
) -> Operand:
    """Return a fresh contiguous operand of ``values``, which are of the dtype ``given``, as ``dtype``."""
    backend = backend_for(get_default_device() if device is None else Device(device))
    operand = allocate(backend, Layout.contiguous(shape), dtype)
    cells = memoryview(dtype.pack_converted(values, given))
    backend.write(operand.storage.memory, 0, cast_cells(cells, "B"))
    return operand


def _shape_of(data: Data) -> tuple[int, ...]:
    shape: list[int] = []
    while not isinstance(data, bool | int | float):
        if isinstance(data, Tensor):
            return (*shape, *data.operand.layout.shape)
        shape.append(len(data))
        if not data:
            break
        data = data[0]
    return tuple(shape)


def _flatten(data: Data, shape: tuple[int, ...], flat: list[Scalar]) -> None:
    if isinstance(data, Tensor):
        flat.extend(values_of(data.operand))
    elif isinstance(data, bool | int | float):
        if shape:
            raise ValueError(f"tensor: expected a sequence of length {shape[0]}, got {data!r}.")
        flat.append(data)
    else:
        if not shape or len(data) != shape[0]:
            expected = shape[0] if shape else "a number"
            raise ValueError(
                f"tensor: expected sequence of length {expected}, got one of length {len(data)}. "
                "All sequences of one depth must have the same length."
            )
        for part in data:
            _flatten(part, shape[1:], flat)


def _dtype_of(values: Sequence[Scalar]) -> DType:
    if not values:
        return get_default_dtype()
    return max({dtype_of_scalar(value) for value in values}, key=lambda dtype: Kind(dtype.kind))
