"""The signature of a call: what two calls must have in common to make the same launches."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import FunctionType, MethodType
from typing import NamedTuple

from gnomon.compiler.reads import PLAIN, names_in
from gnomon.devices import get_default_device
from gnomon.dtypes import get_default_dtype
from gnomon.graph.modes import modes
from gnomon.tensor import Tensor


class Signature(NamedTuple):
    """What decides which recording a call can use, and the tensors to give it."""

    key: Hashable
    tensors: list[Tensor]
    #: Objects known by their identity, which must not be another object's meanwhile.
    kept: list[object]


def signature_of(
    function: object, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> Signature:
    """Return the signature of ``function(*args, **kwargs)``.

    Tensors count by shape, strides, dtype, device, and by which of them share memory; leaves
    that require a gradient, numbers, strings and containers by what they are, other objects by
    identity. So do the plain values that ``function`` finds in its closure and its module, and
    the modes.
    """
    found = _Found([], [], {})
    key = (
        _part(args, found),
        _part(kwargs, found) if kwargs else None,
        *_surroundings(function),
        (modes.grad_enabled, modes.inference, get_default_dtype(), get_default_device()),
    )
    return Signature(key, found.tensors, found.kept)


class _Found(NamedTuple):
    """What was found in arguments: the tensors to give a recording, the objects known by their
    identity, and the number of each storage by its own.
    """

    tensors: list[Tensor]
    kept: list[object]
    storages: dict[int, int]


def _part(value: object, found: _Found) -> Hashable:
    if isinstance(value, Tensor):
        if value.requires_grad and value.is_leaf:
            found.kept.append(value)
            return ("leaf", id(value))
        storage, layout, dtype = value.operand
        found.tensors.append(value)
        alias = found.storages.setdefault(id(storage), len(found.storages))
        return (alias, layout, dtype, storage.device, value.requires_grad)
    if isinstance(value, PLAIN):
        return (type(value), repr(value))
    if isinstance(value, tuple | list):
        return (type(value), *[_part(each, found) for each in value])
    if isinstance(value, dict):
        items = [(_part(name, found), _part(each, found)) for name, each in value.items()]
        return (dict, *items)
    found.kept.append(value)
    return (type(value), id(value))


def _surroundings(function: object) -> list[Hashable]:
    """Return the plain values that ``function`` itself reads from outside."""
    if isinstance(function, MethodType):
        function = function.__func__
    if not isinstance(function, FunctionType):
        return []
    found: list[Hashable] = []
    for cell in function.__closure__ or ():
        try:
            content = cell.cell_contents
        except ValueError:  # not filled yet
            continue
        if isinstance(content, PLAIN):
            found.append((type(content), repr(content)))
    for name in names_in(function.__code__).globals:
        content = function.__globals__.get(name)
        if isinstance(content, PLAIN) and content is not None:
            found.append((name, repr(content)))
    return found
