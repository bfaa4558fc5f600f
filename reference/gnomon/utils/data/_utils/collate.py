"""Samples put together into a batch: tensors stacked, numbers made tensors, containers kept."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Protocol, TypeAlias, cast

from gnomon.dtypes import float64
from gnomon.ops.joining import stack
from gnomon.tensor import Tensor
from gnomon.tensor.creation import as_tensor, tensor
from gnomon.tensor.nested import Data
from gnomon.tensor.numpy_arrays import is_array, is_numpy_scalar

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]


class CollateFunction(Protocol):
    """What makes a batch of samples of one type."""

    def __call__(
        self, batch: Sequence[object], *, collate_fn_map: CollateMap | None = None
    ) -> object: ...


CollateMap: TypeAlias = "dict[type | tuple[type, ...], CollateFunction]"


def default_convert(data: object) -> object:
    """Return ``data`` with NumPy's arrays and numbers in it as tensors, the rest as it is.

    Containers are copied; tuples become lists, unless they are named. Arrays of strings and of
    objects stay as they are.

    >>> default_convert({"a": (1, 2.5)})
    {'a': [1, 2.5]}
    """
    if isinstance(data, Tensor):
        return data
    if _is_of_numpy(data):
        return data if _holds_no_numbers(data) else as_tensor(cast(Data, data))
    if isinstance(data, Mapping):
        converted = {key: default_convert(data[key]) for key in data}
        return _mapping_like(data, converted)
    if isinstance(data, tuple):
        parts = [default_convert(part) for part in data]
        return _named(data, parts) if hasattr(data, "_fields") else parts
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _sequence_like(data, [default_convert(part) for part in data])
    return data


def default_collate(batch: Sequence[object]) -> object:
    """Return the samples of ``batch``, which are alike, as one: what loaders do by default.

    Tensors and arrays are stacked along a new first dim; floats become a float64 tensor, other
    numbers one of their dtype; strings and bytes stay a list. Mappings, named tuples and
    sequences are put together part by part; plain tuples become lists. Raises TypeError for any
    other type, RuntimeError for sequences of several lengths.

    >>> default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
    {'x': tensor([1, 2]), 'name': ['a', 'b']}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate(batch: Sequence[object], *, collate_fn_map: CollateMap | None = None) -> object:
    """Return the samples of ``batch`` as one, by the functions that ``collate_fn_map`` has.

    A function is found by the type of the first sample, exactly or as a subclass; it is called
    with the samples and the map. Containers for which there is none are put together part by
    part; any other type is a TypeError.
    """
    sample = batch[0]
    kind = type(sample)
    if collate_fn_map is not None:
        exact = collate_fn_map.get(kind)
        if exact is not None:
            return exact(batch, collate_fn_map=collate_fn_map)
        for known, function in collate_fn_map.items():
            if isinstance(sample, known):
                return function(batch, collate_fn_map=collate_fn_map)
    if _is_of_numpy(sample):
        if _holds_no_numbers(sample):
            raise _refused(getattr(sample, "dtype", kind))
        return stack([as_tensor(array) for array in cast("Sequence[Data]", batch)])
    if isinstance(sample, Mapping):
        samples = cast("Sequence[Mapping[object, object]]", batch)
        collated = {
            key: collate([each[key] for each in samples], collate_fn_map=collate_fn_map)
            for key in sample
        }
        return _mapping_like(sample, collated)
    if isinstance(sample, Sequence) and not isinstance(sample, str | bytes):
        parts = _collated_parts(cast("Sequence[Sequence[object]]", batch), collate_fn_map)
        if isinstance(sample, tuple):
            return _named(sample, parts) if hasattr(sample, "_fields") else parts
        return _sequence_like(sample, parts)
    raise _refused(kind)


def _collated_parts(
    batch: Sequence[Sequence[object]], collate_fn_map: CollateMap | None
) -> list[object]:
    lengths = [len(sample) for sample in batch]
    if len(set(lengths)) > 1:
        raise RuntimeError(
            "default_collate: each element in list of batch should be of equal size, given "
            f"lengths {lengths}. Pad them, or give the loader a collate_fn."
        )
    columns = zip(*batch, strict=True)
    return [collate(column, collate_fn_map=collate_fn_map) for column in columns]


def _mapping_like(original: Mapping[object, object], items: dict[object, object]) -> object:
    """Return ``items`` as a mapping of the kind of ``original``, where that can be made.

    A mutable one is a copy, which keeps what else the mapping has, such as its default factory.
    """
    try:
        if isinstance(original, MutableMapping):
            clone = copy.copy(original)
            clone.update(items)
            return clone
        make = cast("Callable[[object], object]", type(original))
        return make(items)
    except TypeError:
        return items


def _sequence_like(original: Sequence[object], parts: list[object]) -> object:
    """Return ``parts`` as a sequence of the kind of ``original``, where that can be made."""
    try:
        if isinstance(original, MutableSequence):
            clone = copy.copy(original)
            for place, part in enumerate(parts):
                clone[place] = part
            return clone
        make = cast("Callable[[object], object]", type(original))
        return make(parts)
    except TypeError:
        return parts


def _named(original: tuple[object, ...], parts: list[object]) -> object:
    """Return ``parts`` as a named tuple of the kind of ``original``."""
    make: Callable[..., object] = type(original)
    return make(*parts)


def _collated_tensors(
    batch: Sequence[object], *, collate_fn_map: CollateMap | None = None
) -> Tensor:
    return stack(cast("Sequence[Tensor]", batch))


def _collated_floats(
    batch: Sequence[object], *, collate_fn_map: CollateMap | None = None
) -> Tensor:
    return tensor(cast("list[float]", list(batch)), dtype=float64)


def _collated_integers(
    batch: Sequence[object], *, collate_fn_map: CollateMap | None = None
) -> Tensor:
    return tensor(cast("list[int]", list(batch)))


def _collated_texts(
    batch: Sequence[object], *, collate_fn_map: CollateMap | None = None
) -> Sequence[object]:
    return batch


#: What ``default_collate`` does by type; programs add types of their own.
default_collate_fn_map: CollateMap = {
    Tensor: _collated_tensors,
    float: _collated_floats,
    int: _collated_integers,
    str: _collated_texts,
    bytes: _collated_texts,
}


def _is_of_numpy(value: object) -> bool:
    """Tell whether ``value`` is an array or a number of NumPy's."""
    return is_array(value) or (is_numpy_scalar(value) and not isinstance(value, str | bytes))


def _holds_no_numbers(array: object) -> bool:
    kind = getattr(getattr(array, "dtype", None), "kind", "")
    return kind in ("S", "a", "U", "O")


def _refused(found: object) -> TypeError:
    return TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {found}. Give the loader a collate_fn."
    )
