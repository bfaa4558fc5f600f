"""``x[...]`` and ``x[...] = v``: what a key means.

A key is a tuple of ints, slices, ``None``, ``...`` and bools, which make views, and of index
tensors, lists, ranges and arrays, which look up. Views come first; what looks up is applied to
the last view.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from operator import index as as_integer
from types import EllipsisType
from typing import Generic, SupportsFloat, SupportsIndex, TypeAlias, TypeVar, cast, final

from gnomon.core import TensorCore
from gnomon.dispatch import item_of
from gnomon.dtypes import Kind, Scalar, bool_, int64, uint8
from gnomon.errors import explain, warn
from gnomon.op.assignment import assign
from gnomon.op.copying import to_dtype
from gnomon.op.index_arguments import index_operand, number_for
from gnomon.op.indexing import Write
from gnomon.op.scatter_records import REPLACE
from gnomon.op.view import View
from gnomon.ops.advanced_indexing import advanced_plan, advanced_write, is_mask, read_advanced
from gnomon.ops.slicing import SELECT, SLICE
from gnomon.ops.views import UNSQUEEZE

T = TypeVar("T", bound=TensorCore)

#: One item of a key. Sequences nest and hold ints or bools; arrays are anything with a buffer.
Item: TypeAlias = "SupportsIndex | slice | EllipsisType | TensorCore | Sequence[Item] | None"
Key: TypeAlias = "Item | tuple[Item, ...]"

# From this length on a list is always a list of indices, never a tuple in disguise.
_LONGEST_TUPLE_IN_DISGUISE = 31

# The name PyTorch gives the node of filling a tensor with one value.
_FILL = "FillBackward3"

_alias = View(name="alias", layout=lambda layout: layout)
_without_leading_ones = View(
    name="view", layout=lambda layout: layout.view(_strip_leading_ones(layout.shape))
)


@final
class Subscript(Generic[T]):
    """A tensor with the views of a key applied, and the index tensors left, by dim."""

    def __init__(self, viewed: T) -> None:
        self.viewed = viewed
        self.indices: dict[int, T] = {}


def read_item(input: T, key: Key) -> T:
    """Return ``input[key]``: a view, unless the key holds tensors, lists or masks.

    Raises IndexError for a key that is out of range or of no known kind, and ValueError for a
    slice with a negative step.
    """
    if isinstance(key, slice):
        return _sliced(input, 0, key)
    if type(key) is int and input.operand.layout.shape:  # datasets and loops do little else
        return SELECT(input, 0, key)
    found = resolve(input, key)
    if found.indices:
        return read_advanced(found.viewed, found.indices)
    return _alias(input) if found.viewed is input else found.viewed


def write_item(input: T, key: Key, value: T | Scalar) -> None:
    """Do ``input[key] = value``; the value broadcasts, and a basic key converts its dtype.

    Raises what ``read_item`` does; RuntimeError for a value that does not fit, before anything
    is written, and TypeError for one that is neither a tensor nor a number.
    """
    if key is False:  # selects nothing, whatever the value's shape
        return
    if not isinstance(value, TensorCore):
        number = _as_element(input, value)
        found = resolve(input, key)
        if found.indices:
            _write_number(found, number)
        else:
            assign(found.viewed, number, _FILL)
        return
    found = resolve(input, key)
    label = "CopyBackwards" if value.operand.layout.shape else _FILL
    if value.operand.layout.shape[:1] == (1,):
        value = _without_leading_ones(value)
    if not found.indices:
        assign(found.viewed, value, label)
        return
    (first, *more) = found.indices.values()
    if value.operand.layout.numel == 1 and not more and is_mask(first):
        value = to_dtype(value, input.operand.dtype)
    advanced_write("index_put", found.viewed, found.indices, value, False).into(found.viewed)


def _write_number(found: Subscript[T], value: Scalar) -> None:
    plan, tensors = advanced_plan("index_put", found.viewed, found.indices)
    Write(
        plan=plan,
        indices=tensors,
        source=value,
        combination=REPLACE,
        label="IndexPutBackward0",
    ).into(found.viewed)


def _as_element(input: TensorCore, value: object) -> Scalar:
    """Return the number ``value`` as an element of ``input``'s dtype.

    What is too large for a float of 16 bits becomes infinity, though not for other dtypes.
    """
    number, dtype = _as_number(input, value), input.operand.dtype
    if dtype.is_floating_point and dtype.itemsize == 2:
        return dtype.convert(number)
    return number_for("setitem", number, dtype)


def _as_number(input: TensorCore, value: object) -> Scalar:
    if isinstance(value, bool | int | float):
        return value
    if not isinstance(value, Sized):  # arrays look like numbers, but for their length
        if isinstance(value, SupportsIndex):
            return as_integer(value)
        if isinstance(value, SupportsFloat):
            return float(value)
    raise TypeError(
        explain(
            "setitem",
            f"can't assign a {type(value).__name__} to a tensor",
            input,
            remedy="Make it a tensor first",
        )
    )


def _strip_leading_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    kept = next((dim for dim, size in enumerate(shape) if size != 1), len(shape))
    return shape[kept:]


def resolve(input: T, key: Key) -> Subscript[T]:
    """Apply the views of ``key`` to ``input`` and collect its index tensors."""
    items = [_tensor_of(input, item) for item in _items(key)]
    ndim = input.operand.layout.ndim
    named = sum(map(_dims_named, items))
    if named > ndim:
        raise _too_many(input)
    found = Subscript(input)
    dim = 0
    for item in items:
        if item is Ellipsis:
            dim += ndim - named
        elif item is None:
            found.viewed = UNSQUEEZE(found.viewed, dim)
            dim += 1
        elif isinstance(item, slice):
            if item != slice(None):
                found.viewed = _sliced(found.viewed, dim, item)
            dim += 1
        elif isinstance(item, TensorCore):
            dim = _look_up(found, dim, item)
        elif isinstance(item, bool):
            dim = _keep_or_drop(found, dim, item)
        else:
            found.viewed = SELECT(found.viewed, dim, _integer(item))
    return found


def _items(key: Key) -> Sequence[Item]:
    if isinstance(key, tuple):
        return key
    if (
        isinstance(key, list)
        and len(key) <= _LONGEST_TUPLE_IN_DISGUISE
        and any(_hides_a_tuple(item) for item in key)
    ):
        warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated: write "
            "x[tuple(key)] instead of x[key], or x[torch.tensor(key)] to look up.",
        )
        return key
    return (key,)


def _hides_a_tuple(item: Item) -> bool:
    return (
        item is None
        or item is Ellipsis
        or isinstance(item, slice | TensorCore | list | tuple | range)
    )


def _tensor_of(input: T, item: Item) -> Item:
    """Return ``item``, or the tensor a list, range or array stands for."""
    if item is None or isinstance(item, bool | int | slice | EllipsisType | TensorCore):
        return item
    if isinstance(item, SupportsIndex):
        try:
            return as_integer(item)
        except TypeError:  # an array of more than one element
            pass
    if isinstance(item, str | bytes) or not isinstance(item, Sequence):
        try:
            array = memoryview(cast(bytes, item))
        except TypeError:
            raise _not_an_index(item) from None
        return _made(input, array.tolist(), array.shape or (), array.format == "B")
    return _made(input, item, _shape_of(item), False)


def _shape_of(sequence: object) -> tuple[int, ...]:
    """Return the shape of nested sequences, as their first items have it."""
    shape: list[int] = []
    while isinstance(sequence, Sequence):
        shape.append(len(sequence))
        if not sequence:
            break
        sequence = sequence[0]
    return tuple(shape)


def _made(input: T, data: object, shape: tuple[int, ...], byte: bool) -> T:
    """Return the index tensor of nested sequences of ints or of bools; of ``byte``, a mask."""
    values: list[int] = []
    _flatten(data, shape, values)
    dtype = uint8 if byte else int64
    if values and all(isinstance(value, bool) for value in values):
        dtype = bool_
    return input.like(index_operand(input.operand.storage.backend, values, shape, dtype))


def _flatten(data: object, shape: tuple[int, ...], values: list[int]) -> None:
    if not shape:
        values.append(data if isinstance(data, bool) else _integer(data))
        return
    if not isinstance(data, Sequence) or len(data) != shape[0]:
        raise ValueError(
            f"getitem: expected sequence of length {shape[0]} among the indices, got {data!r}. "
            "All sequences of one depth must have the same length."
        )
    for part in data:
        _flatten(part, shape[1:], values)


def _integer(item: object) -> int:
    # int first: it takes microseconds to find out whether there is a method.
    if not isinstance(item, int) and not isinstance(item, SupportsIndex):
        raise _not_an_index(item)
    try:
        return as_integer(item)
    except TypeError:
        raise _not_an_index(item) from None


def _not_an_index(item: object) -> IndexError | TypeError:
    error = TypeError if isinstance(item, str) else IndexError
    return error(
        explain(
            "getitem",
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte tensors are "
            f"valid indices (got {type(item).__name__})",
        )
    )


def _dims_named(item: Item) -> int:
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, TensorCore) and is_mask(item):
        return item.operand.layout.ndim
    return 1


def _too_many(input: TensorCore) -> IndexError:
    ndim = input.operand.layout.ndim
    if ndim:
        return IndexError(
            explain("getitem", f"too many indices for tensor of dimension {ndim}", input)
        )
    return IndexError(
        explain(
            "getitem",
            "invalid index of a 0-dim tensor",
            remedy="Use tensor.item() to convert a 0-dim tensor to a number",
        )
    )


def _sliced(input: T, dim: int, item: slice) -> T:
    start, stop, step = [
        None if bound is None else as_integer(bound)
        for bound in (item.start, item.stop, item.step)
    ]
    if step is not None and step <= 0:
        raise ValueError(
            explain("slice", "step must be greater than zero", remedy="Use flip() to reverse")
        )
    return SLICE(input, dim, start, stop, 1 if step is None else step)


def _look_up(found: Subscript[T], dim: int, index: TensorCore) -> int:
    """Let ``index`` stand at ``dim``, and return the dim of the next item."""
    if not index.operand.layout.shape and index.operand.dtype.kind < Kind.FLOAT:
        value = item_of(index.operand)
        if is_mask(index):
            return _keep_or_drop(found, dim, bool(value))
        found.viewed = SELECT(found.viewed, dim, int(value))
        return dim
    found.indices[dim] = cast(T, index)
    return dim + (index.operand.layout.ndim if is_mask(index) else 1)


def _keep_or_drop(found: Subscript[T], dim: int, keep: bool) -> int:
    """Add a dim at ``dim`` that holds all (size 1) or nothing (size 0)."""
    found.viewed = UNSQUEEZE(found.viewed, dim)
    backend = found.viewed.operand.storage.backend
    kept = index_operand(backend, [0] * keep, (int(keep),))
    found.indices[dim] = found.viewed.like(kept)
    return dim + 1
