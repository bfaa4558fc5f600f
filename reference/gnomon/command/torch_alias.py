"""``torch`` and its submodules as other names of gnomon's, for the length of a process.

``import torch.nn as nn`` gives the module ``gnomon.nn`` itself, not a copy, so a program and
gnomon agree on every class and every global. A name that gnomon lacks is an AttributeError or
an ImportError in the words of the program: the torch name, and the line that asked for it.

Only the import system of the running process is touched; gnomon's modules know nothing of it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from opcode import opmap
from types import FrameType, ModuleType
from typing import final

ALIAS, REAL = "torch", "gnomon"


def install() -> None:
    """Let ``torch`` mean gnomon in every import from now on, even where PyTorch is installed.

    Installing it twice is the same as once.
    """
    if any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        return
    for name in [name for name in sys.modules if _is_within(name, ALIAS)]:
        del sys.modules[name]
    sys.meta_path.insert(0, _AliasFinder())


@final
class _AliasFinder(MetaPathFinder):
    """Finds ``torch.x.y`` where ``gnomon.x.y`` is."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if not _is_within(fullname, ALIAS):
            return None
        found = importlib.util.find_spec(_real(fullname))
        if found is not None:
            return ModuleSpec(fullname, _AliasLoader(), origin=found.origin)
        if _asker().f_globals.get("__name__") == "importlib.util":
            return None  # The program asks whether the module exists; it does not import it.
        raise ModuleNotFoundError(_missing(fullname), name=fullname)


@final
class _AliasLoader(Loader):
    """Puts gnomon's module under its torch name."""

    def exec_module(self, module: ModuleType) -> None:
        # A module may replace itself in sys.modules while it is executed: the import system
        # then hands out the replacement, and gnomon's module keeps its own name and spec.
        sys.modules[module.__name__] = importlib.import_module(_real(module.__name__))
        for name, loaded in list(sys.modules.items()):
            if _is_within(name, REAL) and type(loaded) is ModuleType:
                loaded.__class__ = _ModuleWithTorchNames


class _ModuleWithTorchNames(ModuleType):
    """A module of gnomon that names what it lacks as a PyTorch program knows it."""

    def __getattr__(self, name: str) -> object:
        module = ALIAS + self.__name__.removeprefix(REAL)
        message = _missing(f"{module}.{name}")
        if _imports_from(sys._getframe(1)):
            raise ImportError(message, name=module)
        raise AttributeError(message, name=name, obj=self)


def _is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def _real(name: str) -> str:
    return REAL + name.removeprefix(ALIAS)


def _missing(torch_name: str) -> str:
    frame = _asker()
    line = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    parent = torch_name.rpartition(".")[0]
    # Without a full stop, for Python itself may go on with ". Did you mean ...".
    return f"gnomon has no {torch_name}, which {line} asks for; dir({parent}) lists what it has"


def _asker() -> FrameType:
    """Return the nearest frame that is neither the import system's nor gnomon's."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_machinery(frame.f_globals.get("__name__")):
        frame = frame.f_back
    return frame


def _is_machinery(module: object) -> bool:
    return isinstance(module, str) and (
        _is_within(module, REAL)
        or module == "importlib"
        or module.startswith(("importlib._bootstrap", "_frozen_importlib"))
    )


def _imports_from(frame: FrameType) -> bool:
    """Tell whether ``frame`` is at ``from module import name``, which wants an ImportError.

    Python asks the module for the attribute in both cases; only the instruction differs.
    """
    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]
