"""Recordings: the launches of one call, which a backend can run again without the call.

While a call is recorded it runs as ever, and its backend takes down what it launches. Numbers
and bytes that must be made anew each time, such as a learning rate or the offset of a random
stream, are ``LiveNumber`` and ``LiveBytes``: ordinary values now, which know how to be asked
again. Everything else is what it was when it was recorded.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from types import FrameType
from typing import NamedTuple, TypeAlias, cast, final

from gnomon.memory import Memory

Number: TypeAlias = int | float
NumberSource: TypeAlias = Callable[[], float]


class NotRecordable(Exception):
    """What a call did cannot be run again without it; the message says why."""


def located(obstacle: str) -> str:
    """Return ``obstacle`` with the line of the program that met it: the innermost one that
    called gnomon.
    """
    frame: FrameType | None = sys._getframe(1)
    inside = False
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        ours = name.startswith("gnomon.")
        if inside and not ours:
            return f"{obstacle} (in {frame.f_code.co_filename}, line {frame.f_lineno})"
        inside, frame = inside or ours, frame.f_back
    return obstacle


@final
class LiveNumber(float):
    """A number that is computed anew at each replay, and so is what is computed from it.

    >>> rate = [0.1]
    >>> step = -LiveNumber(lambda: rate[0]) / 2
    >>> step
    -0.05
    >>> rate[0] = 0.2
    >>> step.now()
    -0.1
    """

    __slots__ = ("_form", "_inputs", "_itself")

    #: The expression of the number in Python, in which braces stand for the inputs.
    _form: str
    _inputs: tuple[Number | Callable[..., float], ...]
    _itself: LiveNumbers | None

    def __new__(cls, source: NumberSource) -> LiveNumber:
        """Return the number that ``source`` gives now and later."""
        return cls._of(source(), "{}()", source)

    @classmethod
    def _of(cls, value: float, form: str, *inputs: Number | Callable[..., float]) -> LiveNumber:
        made = super().__new__(cls, value)
        made._form, made._inputs, made._itself = form, inputs, None
        return made

    def now(self) -> float:
        """Return the number as it is by now."""
        if self._itself is None:
            self._itself = LiveNumbers([self])
        (value,) = self._itself.now()
        return value

    def through(self, function: Callable[[float], float]) -> LiveNumber:
        """Return what ``function`` makes of the number, now and later."""
        return self._of(float(function(float(self))), "float({}({}))", function, self)

    def __neg__(self) -> LiveNumber:
        return self._of(-float(self), "-{}", self)

    def __add__(self, other: Number) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(float(self) + other, "{} + {}", self, other)

    def __radd__(self, other: Number) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(other + float(self), "{} + {}", other, self)

    def __sub__(self, other: Number) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(float(self) - other, "{} - {}", self, other)

    def __rsub__(self, other: Number) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(other - float(self), "{} - {}", other, self)

    def __mul__(self, other: Number) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(float(self) * other, "{} * {}", self, other)

    def __rmul__(self, other: Number) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(other * float(self), "{} * {}", other, self)

    def __truediv__(self, other: Number) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(float(self) / other, "{} / {}", self, other)

    def __rtruediv__(self, other: Number) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(other / float(self), "{} / {}", other, self)

    def __pow__(self, other: Number, modulo: None = None) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(float(float(self) ** other), "float({} ** {})", self, other)

    def __rpow__(self, other: Number, modulo: None = None) -> LiveNumber:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._of(float(other ** float(self)), "float({} ** {})", other, self)


@final
class LiveNumbers:
    """Live numbers that are computed anew together: what they have in common, once.

    They become one function: an optimizer has some numbers for each parameter, at every step.

    >>> rate = [0.1]
    >>> live = LiveNumber(lambda: rate[0])
    >>> numbers = LiveNumbers([live, 1 - live])
    >>> rate[0] = 0.25
    >>> numbers.now()
    [0.25, 0.75]
    """

    def __init__(self, numbers: Iterable[LiveNumber]) -> None:
        #: Variables, by the identity of what is in them and by the expression of it.
        self._known: dict[int | str, str] = {}
        self._given: dict[str, object] = {}
        self._lines = ["def values():"]
        results = ", ".join([self._name_of(number) for number in numbers])
        text = "\n ".join([*self._lines, f"return [{results}]"])
        exec(text, self._given)
        self._values = cast("Callable[[], list[float]]", self._given["values"])

    def now(self) -> list[float]:
        """Return the numbers as they are by now."""
        return self._values()

    def _name_of(self, value: Number | Callable[..., float]) -> str:
        """Return the variable that a number or a function is in."""
        name = self._known.get(id(value))
        if name is None:
            name = self._known[id(value)] = self._new_name_of(value)
        return name

    def _new_name_of(self, value: Number | Callable[..., float]) -> str:
        name = f"v{len(self._known)}"
        if not isinstance(value, LiveNumber):
            self._given[name] = value
            return name
        expression = value._form.format(*map(self._name_of, value._inputs))
        if expression not in self._known:
            name = self._known[expression] = f"v{len(self._known)}"
            self._lines.append(f"{name} = {expression}")
        return self._known[expression]


@final
class LiveBytes(bytes):
    """Bytes that are made anew at each replay."""

    _source: Callable[[], bytes]

    def __new__(cls, source: Callable[[], bytes]) -> LiveBytes:
        """Return the bytes that ``source`` gives now and later."""
        made = super().__new__(cls, source())
        made._source = source
        return made

    def now(self) -> bytes:
        """Return the bytes as they are by now."""
        return self._source()


@final
class PlannedBuffer(NamedTuple):
    """Memory that a replay uses."""

    #: "input"; "captured", which is there before a replay; "result"; or "temporary".
    kind: str
    nbytes: int


@final
class PlannedKernel(NamedTuple):
    """A kernel of a replay; the numbers of buffers are their places in the plan."""

    name: str
    #: The operations it runs.
    operations: tuple[str, ...]
    items: int
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    #: Bytes read and written.
    nbytes: int
    #: Floating-point operations.
    flops: float
    #: Seconds, by the speed of the device, and of one replay; None where they are not known.
    predicted: float | None
    measured: float | None


@final
class ReplayPlan(NamedTuple):
    """What a replay runs, in order."""

    kernels: tuple[PlannedKernel, ...]
    buffers: tuple[PlannedBuffer, ...]


class Recording(ABC):
    """What one call launched on one device."""

    @abstractmethod
    def matches(self, other: Recording) -> bool:
        """Return whether ``other`` is of the same launches, live values apart.

        A call that makes the same launches twice in a row is taken to do so again.
        """

    @abstractmethod
    def prepare(self) -> None:
        """Make ready to be replayed: fuse, plan memory, build kernels."""

    @abstractmethod
    def replay(self, inputs: Sequence[Memory]) -> list[Memory]:
        """Run the launches on other inputs; return fresh memory for each result."""

    @abstractmethod
    def explain(self) -> ReplayPlan:
        """Return what a replay runs, and measure it where that is possible."""


class Recorder(ABC):
    """Takes down the launches of one device, from when it is made until it is finished."""

    @property
    @abstractmethod
    def has_launches(self) -> bool:
        """Whether there was any launch."""

    @abstractmethod
    def made(self, memory: Memory) -> bool:
        """Return whether ``memory`` was allocated by the call."""

    @abstractmethod
    def held(self) -> list[Memory]:
        """Return the memory made by the call that is still in use."""

    def demand(self, memory: Memory, place: int) -> bool | None:
        """Return whether the bool at ``place`` in ``memory`` is true, and have replays report
        when the host waits next that it was not; None if they can't: then it is read.
        """
        return None

    @abstractmethod
    def finish(self, inputs: Sequence[Memory], results: Sequence[Memory]) -> Recording:
        """Stop, and return the recording.

        ``inputs`` are what a replay is given others of, ``results`` what it makes anew; memory
        that was there before and is no input is captured: a replay uses and changes it. Raises
        NotRecordable when a value was read, or when other memory made by the call lives on.
        """

    @abstractmethod
    def cancel(self) -> None:
        """Stop, and forget what was taken down."""
