"""The modes that decide whether operations are recorded; each thread has its own.

>>> with no_grad():
...     is_grad_enabled()
False
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from typing import TYPE_CHECKING, NamedTuple

from gnomon.core import TensorCore

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class SavedTensorHooks(NamedTuple):
    """How saved tensors are packed when a node is made, and unpacked when it runs."""

    pack: Callable[[TensorCore], object]
    unpack: Callable[[object], TensorCore]


class Modes(threading.local):
    """The modes of the running thread."""

    grad: bool = True
    inference: bool = False
    anomaly: bool = False
    anomaly_checks_nan: bool = True
    saved_tensor_hooks: SavedTensorHooks | None = None


modes = Modes()


def is_grad_enabled() -> bool:
    """Return whether operations are being recorded for ``backward``."""
    return modes.grad


def is_inference_mode_enabled() -> bool:
    """Return whether inference mode is on."""
    return modes.inference


class GradMode(ContextDecorator):
    """Base of the contexts that set the grad mode, as ``with`` blocks and as decorators."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._previous: list[bool] = []

    def __enter__(self) -> Self:
        self._previous.append(modes.grad)
        modes.grad = self.mode
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        modes.grad = self._previous.pop()


class no_grad(GradMode):
    """Operations inside are not recorded; their results do not require grad."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(GradMode):
    """Operations inside are recorded again, even within ``no_grad``."""

    def __init__(self) -> None:
        super().__init__(True)
