"""Utilities around tensors and modules."""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING as _TYPE_CHECKING

from gnomon.utils import dlpack as dlpack
from gnomon.utils import hooks as hooks

if _TYPE_CHECKING:
    from gnomon.utils import checkpoint as checkpoint
    from gnomon.utils import data as data
    from gnomon.utils import graph as graph
    from gnomon.utils import safetensors as safetensors
    from gnomon.utils import tensorboard as tensorboard


def __getattr__(name: str) -> _ModuleType:
    """Import what not every program needs when it is first asked for."""
    if name in ("checkpoint", "data", "graph", "safetensors", "tensorboard"):
        return _import_module(f"gnomon.utils.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
