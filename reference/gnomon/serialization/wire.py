"""The names that objects have in a file: PyTorch's, so that either library reads the other's.

A pickle calls classes and functions by module and name. What gnomon keeps elsewhere than
PyTorch is in the table here; every other ``gnomon.x.y`` is written as ``torch.x.y``, and read
as ``gnomon.x.y`` again.
"""

from __future__ import annotations

import importlib
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING  # the names of Python 2
from operator import attrgetter
from typing import Final, NamedTuple, cast

from gnomon.devices import Device
from gnomon.dtypes import ALL_DTYPES
from gnomon.layout import Size
from gnomon.nn.parameter import Parameter
from gnomon.serialization import rebuilding
from gnomon.serialization.kinds import KINDS
from gnomon.tensor import Tensor
from gnomon.tensor.storages import TypedStorage, UntypedStorage

OURS: Final = "gnomon"
THEIRS: Final = "torch"


class Name(NamedTuple):
    """A module and a name in it."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


#: What has a name of its own in a file, by that name.
OBJECTS: Final[dict[Name, object]] = {
    Name("torch", "Size"): Size,
    Name("torch", "Tensor"): Tensor,
    Name("torch", "device"): Device,
    Name("torch.nn.parameter", "Parameter"): Parameter,
    Name("torch.storage", "TypedStorage"): TypedStorage,
    Name("torch.storage", "UntypedStorage"): UntypedStorage,
    Name("torch._utils", "_rebuild_tensor"): rebuilding.tensor,
    Name("torch._utils", "_rebuild_tensor_v2"): rebuilding.typed_tensor,
    Name("torch._utils", "_rebuild_tensor_v3"): rebuilding.untyped_tensor,
    Name("torch._utils", "_rebuild_parameter"): rebuilding.parameter,
    Name("torch._utils", "_rebuild_parameter_with_state"): rebuilding.parameter_with_state,
    Name("torch._tensor", "_rebuild_from_type_v2"): rebuilding.with_state,
    Name("torch.serialization", "_get_layout"): rebuilding.layout,
    **{Name("torch", dtype.name): dtype for dtype in ALL_DTYPES},
    **{Name("torch", kind.name): kind for kind in KINDS},
}


def own_name(value: object) -> Name:
    """Return under which name the pickle module writes ``value``, a class or a function."""
    qualified = getattr(value, "__qualname__", None)
    if isinstance(qualified, str):
        return Name(str(value.__module__), qualified)
    # An instance that stands for itself: its ``__reduce__`` is its name in its class's module.
    return Name(type(value).__module__, str(value.__reduce__()))


# Modules whose classes PyTorch has in another one.
_MOVED: Final[dict[str, str]] = {
    "gnomon.nn.modules.adaptive_pooling": "torch.nn.modules.pooling",
    "gnomon.nn.modules.attention": "torch.nn.modules.activation",
    "gnomon.nn.modules.classification_loss": "torch.nn.modules.loss",
    "gnomon.nn.modules.parameter_containers": "torch.nn.modules.container",
    "gnomon.nn.modules.rnn_cells": "torch.nn.modules.rnn",
    "gnomon.nn.modules.softmax": "torch.nn.modules.activation",
    "gnomon.optim.lr_scheduler.composed": "torch.optim.lr_scheduler",
    "gnomon.optim.lr_scheduler.cosine": "torch.optim.lr_scheduler",
    "gnomon.optim.lr_scheduler.cyclic": "torch.optim.lr_scheduler",
    "gnomon.optim.lr_scheduler.factors": "torch.optim.lr_scheduler",
    "gnomon.optim.lr_scheduler.plateau": "torch.optim.lr_scheduler",
}

_WRITTEN: Final = {own_name(value): name for name, value in OBJECTS.items()}


def written(own: Name) -> Name:
    """Return the name in a file of what is called ``own`` here.

    >>> str(written(Name("gnomon.layout.size", "Size")))
    'torch.Size'
    >>> str(written(Name("gnomon.nn.modules.linear", "Linear")))
    'torch.nn.modules.linear.Linear'
    """
    known = _WRITTEN.get(own)
    if known is not None:
        return known
    if own.module in _MOVED:
        return own._replace(module=_MOVED[own.module])
    if own.module == OURS or own.module.startswith(OURS + "."):
        return own._replace(module=THEIRS + own.module.removeprefix(OURS))
    return own


def canonical(name: Name) -> Name:
    """Return ``name`` as Python 3 calls it.

    >>> str(canonical(Name("__builtin__", "xrange")))
    'builtins.range'
    """
    if name in NAME_MAPPING:
        return Name(*NAME_MAPPING[name])
    return name._replace(module=IMPORT_MAPPING.get(name.module, name.module))


def found(name: Name) -> object:
    """Import what a file calls ``name``; ModuleNotFoundError or AttributeError if it is gone.

    >>> found(Name("torch.nn.modules.linear", "Linear"))
    <class 'gnomon.nn.modules.linear.Linear'>
    """
    known = OBJECTS.get(name)
    if known is not None:
        return known
    if name.module.partition(".")[0] != THEIRS:
        return cast(object, attrgetter(name.name)(importlib.import_module(name.module)))
    module = importlib.import_module(OURS + name.module.removeprefix(THEIRS))
    if name.module in _MOVED.values() and not hasattr(module, name.name):
        module = importlib.import_module("gnomon.nn")  # which has the layers of every module
    return cast(object, attrgetter(name.name)(module))
