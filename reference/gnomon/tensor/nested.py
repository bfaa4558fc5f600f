"""Nested Python sequences: their shape, their elements in order, the dtype they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import chain
from typing import TypeAlias, cast

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.devices import CPU
from gnomon.dispatch import allocate, converted, filled, item_of
from gnomon.dtypes import (
    DType,
    Kind,
    Scalar,
    bool_,
    dtype_of_scalar,
    float64,
    get_default_dtype,
    iinfo,
    int64,
    promote_types,
    uint64,
)
from gnomon.layout import Layout
from gnomon.memory import cast_cells
from gnomon.op.copying import transferred
from gnomon.tensor.numpy_arrays import (
    NumPyArray,
    NumPyScalar,
    dtype_of_array,
    dtype_of_numpy_scalar,
    is_array,
    is_numpy_scalar,
    shared_with_array,
)
from gnomon.tensor.options import DeviceLike, DTypeLike, backend_of, dtype_of

#: What ``tensor`` takes: numbers, tensors, NumPy's arrays and scalars, and sequences of them.
Data: TypeAlias = "Scalar | TensorCore | NumPyArray | NumPyScalar | Sequence[Data]"

_PYTHON_NUMBERS = frozenset({bool, int, float})


def flattened(operation: str, data: Data) -> tuple[tuple[int, ...], list[Scalar], DType]:
    """Return shape, elements in order and dtype of a number or of nested sequences.

    Raises ValueError for sequences of unequal lengths, TypeError where a number stands beside a
    sequence, RuntimeError for what is no number.

    >>> flattened("tensor", [[1, 2.5], (True, 3)])
    ((2, 2), [1, 2.5, True, 3], torch.float32)
    """
    if isinstance(data, str | bytes):
        raise TypeError(f"{operation}: invalid data type {type(data).__name__!r}.")
    shape: list[int] = []
    level: list[Data] = [data]
    dtypes: set[DType] = set()
    while level and _is_sequence(level[0]):
        sequences = [_sequence(operation, item, len(shape), dtypes) for item in level]
        length = len(sequences[0])
        for sequence in sequences:
            if len(sequence) != length:
                raise ValueError(
                    f"{operation}: expected sequence of length {length} at dim {len(shape)} "
                    f"(got {len(sequence)}). Sequences of one depth must be of one length."
                )
        shape.append(length)
        level = list(chain.from_iterable(sequences))
    if not level:
        return tuple(shape), [], reduce(promote_types, dtypes or {get_default_dtype()})
    values, dtype = _numbers(operation, level)
    return tuple(shape), values, reduce(promote_types, dtypes or {dtype})


def _is_sequence(item: Data) -> bool:
    if isinstance(item, list | tuple) or is_array(item):
        return True
    if isinstance(item, TensorCore | dict | str | bytes):
        return False
    return hasattr(item, "__len__") and hasattr(item, "__getitem__")


def _sequence(operation: str, item: Data, dim: int, dtypes: set[DType]) -> Sequence[Data]:
    """Return ``item`` as a sequence; the dtype of an array is noted in ``dtypes``."""
    if isinstance(item, list | tuple):
        return item
    if is_array(item):
        array = cast(NumPyArray, item)
        dtypes.add(dtype_of_array(array))
        return cast("list[Data]", array.tolist())
    if not _is_sequence(item):
        raise TypeError(
            f"{operation}: not a sequence: {type(item).__name__} at dim {dim}, beside "
            "sequences. All parts of one depth must be alike."
        )
    return cast("Sequence[Data]", item)


def _numbers(operation: str, items: list[Data]) -> tuple[list[Scalar], DType]:
    """Return ``items`` as Python numbers, and the dtype they promote to."""
    types = set(map(type, items))
    if types <= _PYTHON_NUMBERS:
        if float in types:
            dtype = get_default_dtype()
        else:
            dtype = int64 if int in types else bool_
        return cast("list[Scalar]", items), dtype
    pairs = [_number(operation, item) for item in items]
    values = [value for value, _ in pairs]
    return values, reduce(promote_types, {dtype for _, dtype in pairs})


def _number(operation: str, item: Data) -> tuple[Scalar, DType]:
    if is_numpy_scalar(item):
        scalar = cast(NumPyScalar, item)
        return scalar.item(), dtype_of_numpy_scalar(scalar)
    if isinstance(item, bool | int | float):
        return item, dtype_of_scalar(item)
    if isinstance(item, TensorCore):
        if item.operand.layout.numel != 1:
            error = ValueError if item.operand.dtype.is_floating_point else TypeError
            raise error(
                f"{operation}: only one element tensors can be converted to Python scalars, "
                f"given {item.describe()} in a sequence. Join tensors with stack() or cat()."
            )
        return item_of(item.operand), item.operand.dtype
    if isinstance(item, complex):
        raise TypeError(
            f"{operation}: complex numbers such as {item} have no dtype here. Keep the real "
            "and the imaginary part in two tensors."
        )
    if isinstance(item, str | bytes):
        raise ValueError(f"{operation}: too many dimensions {type(item).__name__!r}.")
    if _is_sequence(item):
        raise TypeError(
            f"{operation}: {type(item).__name__!r} object beside numbers. All parts of one "
            "depth must be alike."
        )
    raise RuntimeError(f"{operation}: Could not infer dtype of {type(item).__name__}.")


def fitted(
    operation: str, values: list[Scalar], given: DType, dtype: DType
) -> tuple[list[Scalar], DType]:
    """Return ``values`` in a form that ``dtype`` packs, and the dtype that form is of.

    Raises RuntimeError for a number out of the range of an integer ``dtype`` (from ``-max`` on
    if it is unsigned, where negative numbers wrap), ValueError for one beyond 64 bits.
    """
    if dtype is bool_:
        return [bool(value) for value in values], bool_
    if dtype.kind >= Kind.FLOAT:
        return [float(value) for value in values], float64
    if given.kind >= Kind.FLOAT and any(value != value for value in values):
        raise _overflow(operation, float("nan"), dtype)
    if values:
        limits = iinfo(dtype)
        least = limits.min if dtype.is_signed else -limits.max
        for extreme in (min(values), max(values)):
            beyond = isinstance(extreme, int) and not -(2**63) <= extreme < 2**63
            if beyond and dtype is not uint64:
                raise ValueError(
                    f"{operation}: Overflow when unpacking long long, {extreme} needs more "
                    "than 64 bits. Give a floating-point dtype."
                )
            if not least <= extreme <= limits.max:
                raise _overflow(operation, extreme, dtype)
        if dtype is uint64 and min(values) < 0:
            raise OverflowError(f"{operation}: can't convert negative int to unsigned uint64.")
    return [int(value) for value in values], int64


def _overflow(operation: str, value: Scalar, dtype: DType) -> RuntimeError:
    return RuntimeError(
        f"{operation}: value {value} cannot be converted to type {dtype.name} without "
        "overflow. Give a wider dtype, or convert the tensor afterwards, which wraps."
    )


def from_values(
    values: Sequence[Scalar],
    given: DType,
    shape: tuple[int, ...],
    dtype: DType,
    device: DeviceLike = None,
) -> Operand:
    """Return a fresh contiguous operand of ``values``, elements of ``given``, as ``dtype``."""
    backend = backend_of(device)
    cells = dtype.pack_converted(values, given)
    if not shape and backend.device != CPU:
        # As a number of a launch, which a recorded call may have, and which nobody waits for.
        (value,) = dtype.unpack(cells)
        return filled(backend, shape, dtype, value)
    operand = allocate(backend, Layout.contiguous(shape), dtype)
    backend.write(operand.storage.memory, 0, cast_cells(memoryview(cells), "B"))
    return operand


def copied(
    operation: str, data: Data, dtype: DTypeLike | None, device: DeviceLike = None
) -> Operand:
    """Return a fresh operand that holds a copy of ``data``, on ``device`` if one is given.

    Otherwise a tensor's copy stays on the tensor's device, other data go to the default one.
    """
    chosen = None if dtype is None else dtype_of(operation, dtype)
    if isinstance(data, TensorCore) or is_array(data):
        if isinstance(data, TensorCore):
            given = data.operand
            backend = given.storage.backend if device is None else backend_of(device)
        else:
            given, backend = shared_with_array(cast(NumPyArray, data)), backend_of(device)
        operand = converted(given, chosen or given.dtype)
        same = operand.storage.backend is backend
        return operand if same else transferred(operand, backend)
    shape, values, found = flattened(operation, data)
    chosen = chosen or found
    elements, form = fitted(operation, values, found, chosen)
    return from_values(elements, form, shape, chosen, device)
