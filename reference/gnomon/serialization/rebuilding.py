"""What a file calls to make its tensors; nothing here trusts what it is called with.

Arguments come from a file, so each is checked: a tensor that reached outside its storage, or an
attribute that stood in the place of one of gnomon's own, would be a way to do harm.
"""

from __future__ import annotations

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Never, cast

from gnomon.backend import Operand
from gnomon.dtypes import DType
from gnomon.formats import TensorLayout, strided
from gnomon.layout import Layout
from gnomon.nn.parameter import Parameter
from gnomon.tensor import Tensor
from gnomon.tensor.storage_methods import OWN_ATTRIBUTES
from gnomon.tensor.storages import TypedStorage, UntypedStorage


def tensor(storage: object, offset: object, size: object, stride: object) -> Tensor:
    """Return the tensor of these places of ``storage``, as in files of early PyTorch."""
    if not isinstance(storage, TypedStorage):
        _refuse("a tensor needs a typed storage", storage)
    return _tensor_over(storage.untyped(), storage.dtype, offset, size, stride, False)


def typed_tensor(
    storage: object,
    offset: object,
    size: object,
    stride: object,
    requires_grad: object,
    hooks: object,
    metadata: object = None,
) -> Tensor:
    """Return the tensor of these places of a storage of its dtype."""
    if not isinstance(storage, TypedStorage):
        _refuse("a tensor needs a typed storage", storage)
    untyped = storage.untyped()
    return _tensor_over(untyped, storage.dtype, offset, size, stride, requires_grad)


def untyped_tensor(
    storage: object,
    offset: object,
    size: object,
    stride: object,
    requires_grad: object,
    hooks: object,
    dtype: object,
    metadata: object = None,
) -> Tensor:
    """Return the tensor of these places of a storage of bytes, read as ``dtype``."""
    if not isinstance(storage, UntypedStorage) or not isinstance(dtype, DType):
        _refuse("a tensor needs an untyped storage and a dtype", (storage, dtype))
    return _tensor_over(storage, dtype, offset, size, stride, requires_grad)


def parameter(data: object, requires_grad: object, hooks: object) -> Parameter:
    """Return a parameter over ``data``."""
    if not isinstance(data, Tensor) or not isinstance(requires_grad, bool):
        _refuse("a parameter needs a tensor and a bool", (data, requires_grad))
    return Parameter(data, requires_grad)


def parameter_with_state(
    data: object, requires_grad: object, hooks: object, state: object
) -> Parameter:
    """Return a parameter over ``data`` that has the attributes of ``state``."""
    made = parameter(data, requires_grad, hooks)
    _give_attributes(made, state)
    return made


def with_state(
    function: Callable[..., object], kind: type, arguments: tuple[object, ...], state: object
) -> Tensor:
    """Return what ``function`` makes, as a tensor of ``kind`` that has the attributes of
    ``state``.
    """
    made = function(*arguments)
    if not isinstance(made, Tensor) or not issubclass(kind, Tensor):
        _refuse("only a tensor can become a tensor of another type", kind)
    if type(made) is not kind:
        made = _as_kind(kind, made)
    _give_attributes(made, state)
    return made


def _as_kind(kind: type[Tensor], made: Tensor) -> Tensor:
    tensor = object.__new__(kind)
    tensor.operand = made.operand
    tensor.autograd = made.autograd
    return tensor


def layout(name: object) -> TensorLayout:
    """Return the layout of that name."""
    if name != str(strided):
        _refuse("gnomon has strided tensors only", name)
    return strided


def _tensor_over(
    storage: UntypedStorage,
    dtype: DType,
    offset: object,
    size: object,
    stride: object,
    requires_grad: object,
) -> Tensor:
    places = (offset, *_tuple_of(size), *_tuple_of(stride))
    if not all(type(number) is int and number >= 0 for number in places):
        _refuse("offset, size and stride of a tensor are not integers from 0 on", places)
    shape = cast("tuple[int, ...]", size)
    strides = cast("tuple[int, ...]", stride)
    if len(shape) != len(strides):
        _refuse("size and stride of a tensor have different lengths", (size, stride))
    layout = Layout(tuple(shape), tuple(strides), cast(int, offset))
    end = layout.span[1] if layout.numel else 0
    if end * dtype.itemsize > storage.nbytes():
        _refuse(
            f"a tensor of size {shape}, stride {strides}, offset {offset} and dtype {dtype} is "
            f"out of bounds for a storage of {storage.nbytes()} bytes",
            None,
        )
    if not isinstance(requires_grad, bool) or (requires_grad and not dtype.is_floating_point):
        _refuse(f"a tensor of dtype {dtype} cannot have requires_grad", requires_grad)
    made = Tensor.over(Operand(storage.storage, layout, dtype))
    if requires_grad:
        made.autograd_state().requires_grad = True
    return made


def _tuple_of(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _give_attributes(made: Tensor, state: object) -> None:
    # A class with slots has a pair: its dictionary, and what is in the slots.
    parts = state if isinstance(state, tuple) else (state,)
    for part in parts:
        if part is not None and not isinstance(part, dict):
            _refuse("the attributes of a tensor are not a dictionary", part)
        for name, value in (part or {}).items():
            if not isinstance(name, str) or name in OWN_ATTRIBUTES or name.startswith("__"):
                _refuse("a tensor cannot be given this attribute by a file", name)
            made.__dict__[name] = value


def _refuse(rule: str, given: object) -> Never:
    found = "" if given is None else f", given {given!r:.200}"
    raise UnpicklingError(f"load: {rule}{found}. The file is damaged or made to do harm.")
