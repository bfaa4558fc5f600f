"""Errors of workers, carried to the loader's process and raised there."""

from __future__ import annotations

import pickle
import sys
import traceback
from contextlib import suppress
from typing import NamedTuple, NoReturn


class Failure(NamedTuple):
    """An error that a worker met: its class, if that can be sent, and its traceback as text."""

    kind: type[Exception] | None
    name: str
    text: str
    worker: int

    def reraise(self) -> NoReturn:
        """Raise an error of the same class whose message has the worker's traceback.

        It is a RuntimeError where the class cannot be sent, or made with one message.
        """
        message = (
            f"Caught {self.name} in DataLoader worker process {self.worker}.\n"
            f"Original {self.text}"
        )
        error: Exception = RuntimeError(message)
        if self.kind is not None:
            with suppress(Exception):  # a constructor of the program's own may want anything
                error = self.kind(_Message(message) if self.kind is KeyError else message)
        try:
            raise error from None
        finally:
            # The error's traceback leads to this frame, and would lead back to the error: a
            # circle that keeps the loop's iterator, and so its workers.
            del error


class _Message(str):
    """A text that KeyError shows with its line breaks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def failure_of(worker: int) -> Failure:
    """Return the error that is being handled, as worker number ``worker`` sends it."""
    kind = sys.exc_info()[0]
    sent = kind if kind is not None and issubclass(kind, Exception) else None
    try:
        pickle.dumps(sent)
    except Exception:
        sent = None
    name = "an error" if kind is None else kind.__name__
    return Failure(sent, name, traceback.format_exc(), worker)
