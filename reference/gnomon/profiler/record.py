"""Spans that the program names itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar, final

from gnomon.profiler.spans import Span, active

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

P = ParamSpec("P")
R = TypeVar("R")


@final
class record_function:
    """Gives the block, or the calls of the function it decorates, a name in profiles.

    >>> from gnomon.profiler import profile
    >>> with profile() as p, record_function("mine"):
    ...     pass
    >>> [event.name for event in p.events()]
    ['mine']
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args
        self._starts: list[int] = []

    def __enter__(self) -> Self:
        self._starts.append(time.perf_counter_ns())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        start, end = self._starts.pop(), time.perf_counter_ns()
        recording = active()
        if recording is not None:
            thread = threading.get_ident()
            recording.spans.append(Span(self.name, start, end, thread, is_user_annotation=True))

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def named(*args: P.args, **kwargs: P.kwargs) -> R:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return named
