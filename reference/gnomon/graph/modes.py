"""The modes that decide whether operations are recorded; each thread has its own.

>>> with no_grad():
...     is_grad_enabled()
False
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from types import FunctionType
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, Protocol, TypeVar, cast, overload

from gnomon.core import Edge, Node, TensorCore
from gnomon.graph.notes import CallNotes

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

P = ParamSpec("P")
R = TypeVar("R")

# inspect.CO_GENERATOR; importing inspect would double gnomon's import time.
_GENERATOR_FLAG = 0x20


class SavedTensorHooks(NamedTuple):
    """How saved tensors are packed when a node is made, and unpacked when it runs."""

    pack: Callable[[TensorCore], object]
    unpack: Callable[[object], TensorCore]


class BackwardPass(Protocol):
    """A backward pass, as hooks can ask it."""

    @property
    def inputs(self) -> Sequence[Edge] | None:
        """Where the gradients go that are asked for; None for those of every leaf."""

    def will_run(self, node: Node) -> bool:
        """Return whether the pass sends a gradient to ``node``, or has done so."""

    def asks_for(self, place: int) -> bool:
        """Return whether a gradient is needed of the input at ``place`` of the node at work."""


class Modes(threading.local):
    """The modes of the running thread."""

    #: Whether operations are recorded: grad mode is on, and inference mode is off.
    grad: bool = True
    grad_enabled: bool = True
    inference: bool = False
    anomaly: bool = False
    anomaly_checks_nan: bool = True
    saved_tensor_hooks: SavedTensorHooks | None = None
    #: The pass that is running, the innermost one if there are several.
    backward_pass: BackwardPass | None = None
    #: The notes of the call that is being recorded, if one is.
    notes: CallNotes | None = None
    #: Why hooks on saved tensors are refused, if they are.
    saved_tensor_hooks_refusal: str | None = None

    def set(self, grad_enabled: bool, inference: bool) -> None:
        """Set grad mode and inference mode together."""
        self.grad_enabled = grad_enabled
        self.inference = inference
        self.grad = grad_enabled and not inference


modes = Modes()


@contextmanager
def unnoted() -> Iterator[None]:
    """Let what is done inside be none of the call that is being recorded."""
    notes, modes.notes = modes.notes, None
    try:
        yield
    finally:
        modes.notes = notes


def is_grad_enabled() -> bool:
    """Return whether grad mode is on: operations are being recorded for ``backward``."""
    return modes.grad_enabled


def is_inference_mode_enabled() -> bool:
    """Return whether inference mode is on."""
    return modes.inference


class ModeContext(ABC):
    """A context that sets the modes: for a ``with`` block, a function, or each step of a
    generator.

    An instance may be entered again while it is active; each exit undoes its own entry.
    """

    def __init__(self) -> None:
        self._previous: list[tuple[bool, bool]] = []

    @abstractmethod
    def _again(self) -> ModeContext:
        """Return a fresh context that sets the same modes."""

    @abstractmethod
    def _set(self) -> None:
        """Set the modes."""

    def __enter__(self) -> Self:
        self._previous.append((modes.grad_enabled, modes.inference))
        self._set()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        modes.set(*self._previous.pop())

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return ``function`` run in this context, as a decorator does."""
        if isinstance(function, FunctionType) and function.__code__.co_flags & _GENERATOR_FLAG:
            return cast("Callable[P, R]", self._each_step(function))

        @wraps(function)
        def inside(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._again():
                return function(*args, **kwargs)

        return inside

    def _each_step(
        self, function: Callable[P, Generator[object, object, object]]
    ) -> Callable[P, Generator[object, object, object]]:
        """Run a generator's own code in this context, and what runs while it is suspended
        outside.
        """

        @wraps(function)
        def steps(*args: P.args, **kwargs: P.kwargs) -> Generator[object, object, object]:
            with self._again():
                generator = function(*args, **kwargs)
            sent: object = None
            thrown: BaseException | None = None
            while True:
                try:
                    with self._again():
                        if thrown is None:
                            produced = generator.send(sent)
                        else:
                            produced = generator.throw(thrown)
                except StopIteration as end:
                    return end.value
                sent = thrown = None
                try:
                    sent = yield produced
                except GeneratorExit:
                    with self._again():
                        generator.close()
                    raise
                except BaseException as error:
                    thrown = error

        return steps


class GradMode(ModeContext):
    """Operations inside are recorded or not, as ``mode`` says."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.mode = mode

    def _again(self) -> GradMode:
        return GradMode(self.mode)

    def _set(self) -> None:
        modes.set(self.mode, modes.inference)


class no_grad(GradMode):
    """Operations inside are not recorded; their results do not require grad.

    Also a decorator, with or without parentheses.
    """

    @overload
    def __new__(cls, orig_func: None = None) -> Self: ...
    @overload
    def __new__(  # type: ignore[misc]  # used as a bare decorator it gives a function, as PyTorch's
        cls, orig_func: Callable[P, R]
    ) -> Callable[P, R]: ...
    def __new__(  # type: ignore[misc]  # as above
        cls, orig_func: Callable[P, R] | None = None
    ) -> Self | Callable[P, R]:
        return object.__new__(cls) if orig_func is None else GradMode(False)(orig_func)

    def __init__(self, orig_func: None = None) -> None:
        super().__init__(False)


class enable_grad(GradMode):
    """Operations inside are recorded again, even within ``no_grad``.

    Also a decorator, with or without parentheses.
    """

    @overload
    def __new__(cls, orig_func: None = None) -> Self: ...
    @overload
    def __new__(  # type: ignore[misc]  # used as a bare decorator it gives a function, as PyTorch's
        cls, orig_func: Callable[P, R]
    ) -> Callable[P, R]: ...
    def __new__(  # type: ignore[misc]  # as above
        cls, orig_func: Callable[P, R] | None = None
    ) -> Self | Callable[P, R]:
        return object.__new__(cls) if orig_func is None else GradMode(True)(orig_func)

    def __init__(self, orig_func: None = None) -> None:
        super().__init__(True)


class set_grad_enabled(GradMode):
    """Turn recording on or off, at once; as a ``with`` block, until its end.

    >>> previous = set_grad_enabled(False)
    >>> is_grad_enabled()
    False
    >>> _ = set_grad_enabled(True)
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._before = (modes.grad_enabled, modes.inference)
        self._set()

    def __enter__(self) -> Self:
        self._previous.append(self._before)
        self._set()
        return self

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        modes.set(*self._before)
        return super().__call__(function)


class inference_mode(ModeContext):
    """Like ``no_grad``, and tensors made inside take no part in any graph, for good.

    ``inference_mode(False)`` leaves inference mode. Also a decorator, with or without
    parentheses.
    """

    @overload
    def __new__(cls, mode: bool = True) -> Self: ...
    @overload
    def __new__(  # type: ignore[misc]  # used as a bare decorator it gives a function, as PyTorch's
        cls, mode: Callable[P, R]
    ) -> Callable[P, R]: ...
    def __new__(  # type: ignore[misc]  # as above
        cls, mode: bool | Callable[P, R] = True
    ) -> Self | Callable[P, R]:
        return object.__new__(cls) if isinstance(mode, bool) else inference_mode()(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = mode

    def _again(self) -> inference_mode:
        return inference_mode(self.mode)

    def _set(self) -> None:
        modes.set(not self.mode, self.mode)
