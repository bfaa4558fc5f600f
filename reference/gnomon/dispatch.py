"""From tensors to a launch: the checks, promotion, broadcasting and allocation all families
share.

Infer first, execute second: everything here is decided before a backend is asked, so errors are
the same on every device and nothing is half-written.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from gnomon.backend import Backend, Operand, Storage
from gnomon.core import TensorCore
from gnomon.devices import CPU
from gnomon.dtypes import (
    Category,
    DType,
    Participant,
    Scalar,
    bool_,
    dtype_of_scalar,
    float32,
    get_default_dtype,
    result_dtype,
)
from gnomon.errors import explain
from gnomon.graph.modes import modes, unnoted
from gnomon.layout import Layout, output_layout
from gnomon.op.copy import COPY
from gnomon.recording import LiveNumber

if TYPE_CHECKING:
    from gnomon.op.rules import DTypeRule


_CACHED_PLANS: Final = 4096

#: A tensor's layout, dtype and whether it is a wrapped number; a number's dtype.
Signature: TypeAlias = tuple[tuple[Layout, DType, bool] | DType, ...]


def allocate(backend: Backend, layout: Layout, dtype: DType) -> Operand:
    """Return a fresh operand of a dense ``layout``, with undefined content."""
    elements = 1
    for size in layout.shape:
        elements *= size
    if modes.notes is not None and backend.device == CPU:
        modes.notes.obstruct("it computes on the CPU")
    return Operand(Storage(backend, backend.allocate(elements * dtype.itemsize)), layout, dtype)


def converted(operand: Operand, dtype: DType) -> Operand:
    """Return a fresh operand with the elements of ``operand`` as ``dtype``, its strides kept if
    dense.
    """
    backend = operand.storage.backend
    output = allocate(backend, operand.layout.dense_like(), dtype)
    backend.elementwise(COPY, (operand,), output)
    return output


def contiguous(operand: Operand) -> Operand:
    """Return ``operand`` itself if it is contiguous, otherwise a contiguous copy."""
    if operand.layout.is_contiguous:
        return operand
    backend = operand.storage.backend
    output = allocate(backend, Layout.contiguous(operand.layout.shape), operand.dtype)
    backend.elementwise(COPY, (operand,), output)
    return output


def filled(backend: Backend, shape: tuple[int, ...], dtype: DType, value: Scalar) -> Operand:
    """Return a fresh contiguous operand full of ``value``."""
    output = allocate(backend, Layout.contiguous(shape), dtype)
    backend.elementwise(COPY, (value,), output)
    return output


def item_of(operand: Operand) -> Scalar:
    """Return the single element of ``operand`` as a Python number."""
    storage, layout, dtype = operand
    itemsize = dtype.itemsize
    data = storage.backend.read(storage.memory, layout.offset * itemsize, itemsize)
    return dtype.unpack(data.cast(dtype.cell))[0]


def constant_of(operand: Operand) -> Scalar:
    """Return the number in a tensor of the host that a recording need not know of."""
    with unnoted():
        return item_of(operand)


def values_of(operand: Operand) -> Sequence[Scalar]:
    """Return the elements of ``operand`` in logical order, read from its device."""
    storage, layout, dtype = contiguous(operand)
    itemsize = dtype.itemsize
    data = storage.backend.read(
        storage.memory, layout.offset * itemsize, layout.numel * itemsize
    )
    return dtype.unpack(data.cast(dtype.cell))


def common_dtype(inputs: Sequence[TensorCore | Scalar]) -> DType:
    """Return the dtype the inputs promote to: dimensioned tensors before 0-d ones before
    numbers.
    """
    return _promoted(signature_of(inputs))


def signature_of(inputs: Sequence[TensorCore | Scalar]) -> Signature:
    """Return what the plan of a launch depends on."""
    return tuple(
        [
            (value.operand.layout, value.operand.dtype, value.is_wrapped_number)
            if isinstance(value, TensorCore)
            else dtype_of_scalar(value)
            for value in inputs
        ]
    )


def _promoted(signature: Signature) -> DType:
    participants: list[Participant] = []
    for entry in signature:
        if isinstance(entry, DType):
            participants.append((Category.SCALAR, entry))
        else:
            layout, dtype, is_wrapped_number = entry
            if is_wrapped_number:
                category = Category.SCALAR
            else:
                category = Category.DIMENSIONED if layout.shape else Category.ZERO_DIM
            participants.append((category, dtype))
    return result_dtype(participants)


def common_backend(operation: str, inputs: Sequence[TensorCore | Scalar]) -> Backend:
    """Return the backend all inputs live on; 0-d tensors of the CPU may join any device."""
    found: Backend | None = None
    for value in inputs:
        if isinstance(value, TensorCore):
            backend = value.operand.storage.backend
            if found is None or found is backend:
                found = backend
            elif _is_host_scalar(value):
                continue
            elif found.device == CPU and _all_host_scalars(inputs, found):
                found = backend
            else:
                raise RuntimeError(
                    explain(
                        operation,
                        "expected all tensors to be on the same device, found "
                        f"{found.device} and {backend.device}",
                        remedy="Move one with .to(device)",
                    )
                )
    if found is None:
        raise TypeError(f"{operation}: at least one operand must be a tensor.")
    return found


def _is_host_scalar(tensor: TensorCore) -> bool:
    return not tensor.operand.layout.shape and tensor.operand.storage.backend.device == CPU


def _all_host_scalars(inputs: Sequence[TensorCore | Scalar], host: Backend) -> bool:
    return all(
        not isinstance(value, TensorCore)
        or value.operand.storage.backend is not host
        or _is_host_scalar(value)
        for value in inputs
    )


class Launch(NamedTuple):
    """An elementwise launch that is decided but not done."""

    backend: Backend
    inputs: tuple[Operand | Scalar, ...]
    layout: Layout
    result: DType


def prepare(
    operation: str,
    rule: DTypeRule,
    inputs: Sequence[TensorCore | Scalar],
    conditions: int = 0,
    precise_numbers: bool = False,
    tensors: int = 0,
) -> Launch:
    """Promote and broadcast ``inputs``, of which the first ``conditions`` are bool and do not
    promote. With ``precise_numbers``, numbers among 16-bit floats are rounded to float32 only.
    Raises TypeError for a number among the first ``tensors`` inputs, and without any tensor.
    """
    first = inputs[0]
    if not conditions and tensors < 2 and isinstance(first, TensorCore):
        storage, layout, dtype = first.operand
        narrow_numbers = precise_numbers and dtype.itemsize < float32.itemsize
        alike = _operands_alike(first.operand, inputs, narrow_numbers)
        if alike is not None:
            compute, result = rule(operation, dtype)
            if compute is dtype:
                return Launch(storage.backend, alike, layout, result)
    default = get_default_dtype()
    signature = signature_of(inputs)
    plan = _plan(operation, rule, signature, conditions, precise_numbers, tensors, default)
    backend = common_backend(operation, inputs)
    prepared: list[Operand | Scalar] = []
    for value, dtype, layout in zip(inputs, plan.dtypes, plan.layouts, strict=True):
        if not isinstance(value, TensorCore):
            prepared.append(_number(value, dtype))
            continue
        operand = value.operand
        if operand.storage.backend is not backend or value.is_wrapped_number:
            wrapped = value.is_wrapped_number
            prepared.append(
                dtype.convert(constant_of(operand)) if wrapped else _number_in(operand, dtype)
            )
            continue
        if operand.dtype is not dtype:
            operand = converted(operand, dtype)
            layout = operand.layout.expand(plan.layout.shape)
        if operand.layout is not layout:
            operand = Operand(operand.storage, layout, dtype)
        prepared.append(operand)
    return Launch(backend, tuple(prepared), plan.layout, plan.result)


def _number(value: Scalar, dtype: DType) -> Scalar:
    """Return ``value`` as ``dtype``; a live number stays one."""
    if isinstance(value, LiveNumber):
        return value.through(dtype.convert)
    return dtype.convert(value)


def _number_in(operand: Operand, dtype: DType) -> Scalar:
    """Return the number that a tensor of the host holds; a call that is recorded will find the
    one that is there by then.
    """
    if modes.notes is None or not dtype.is_floating_point:
        return dtype.convert(item_of(operand))

    return LiveNumber(lambda: float(dtype.convert(constant_of(operand))))


class Plan(NamedTuple):
    """What is decided of a launch by the layouts and dtypes of its inputs alone."""

    #: Which dtype each input is converted to.
    dtypes: tuple[DType, ...]
    #: Under which layout each input is read.
    layouts: tuple[Layout, ...]
    #: The layout of the output, and its dtype.
    layout: Layout
    result: DType


@lru_cache(_CACHED_PLANS)
def _plan(
    operation: str,
    rule: DTypeRule,
    signature: Signature,
    conditions: int,
    precise_numbers: bool,
    tensors: int,
    default: DType,
) -> Plan:
    """Return the plan for inputs of ``signature``, remembered: loops ask for the same few.

    Some rules give the default dtype, so that an answer holds for one ``default`` only.
    """
    _check_numbers(operation, signature, tensors)
    compute, result = rule(operation, _promoted(signature[conditions:]))
    given = [None if isinstance(entry, DType) else entry[0] for entry in signature]
    output = output_layout([layout for layout in given if layout is not None], operation)
    narrow = compute.is_floating_point and compute.itemsize < float32.itemsize
    of_numbers = float32 if precise_numbers and narrow else compute
    promoted = [
        of_numbers if isinstance(entry, DType) or entry[2] else compute
        for entry in signature[conditions:]
    ]
    return Plan(
        (*[bool_] * conditions, *promoted),
        tuple([output if layout is None else layout.expand(output.shape) for layout in given]),
        output,
        result,
    )


def _check_numbers(operation: str, signature: Signature, tensors: int) -> None:
    """Raise TypeError for a number among the first ``tensors`` inputs, or for numbers alone."""
    numbers = [isinstance(entry, DType) for entry in signature]
    if False not in numbers:
        raise TypeError(f"{operation}: at least one operand must be a tensor.")
    if True in numbers[:tensors]:
        position = numbers.index(True)
        raise TypeError(
            f"{operation}: argument {position} must be a tensor, not a Python number. Wrap it "
            "in gnomon.tensor()."
        )


def _operands_alike(
    first: Operand, inputs: Sequence[TensorCore | Scalar], narrow_numbers: bool
) -> tuple[Operand | Scalar, ...] | None:
    """Return the operands if all are contiguous and of one shape, dtype and device, else None.

    The common case, decided without promotion or broadcasting; contiguous layouts of a shape
    are usually one object. Numbers of a kind that the dtype holds may be among them, unless
    they are ``narrow_numbers``, which are rounded in another way.
    """
    storage, layout, dtype = first
    backend = storage.backend
    if layout.offset or not (layout is Layout.contiguous(layout.shape) or layout.is_contiguous):
        return None
    operands: list[Operand | Scalar] = []
    for value in inputs:
        if not isinstance(value, TensorCore):
            kinds = (float, int) if dtype.is_floating_point else (int,)
            if narrow_numbers or dtype is bool_ or type(value) not in kinds:
                return None
            operands.append(dtype.convert(value))
            continue
        operand = value.operand
        if (
            value.is_wrapped_number
            or operand.dtype is not dtype
            or operand.storage.backend is not backend
            or (operand.layout is not layout and operand.layout != layout)
        ):
            return None
        operands.append(operand)
    return tuple(operands)
