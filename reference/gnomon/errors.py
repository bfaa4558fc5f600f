"""The errors of gnomon and the one rule by which their messages are written.

Error classes are PyTorch's (``RuntimeError``, ``IndexError``, ``TypeError``, ``ValueError``),
so that programs that catch them keep working; gnomon adds two of its own. A message names the
operation, the operands, the rule that was broken, and what to do about it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gnomon.dtypes import DType


class NotSupported(NotImplementedError):
    """A backend lacks an operation or a dtype that the reference defines.

    ``operation`` and ``dtypes`` name the launch that has no kernel, where one is to blame.
    """

    def __init__(self, message: str, operation: str = "", dtypes: Sequence[DType] = ()) -> None:
        super().__init__(message)
        self.operation = operation
        self.dtypes = tuple(dtypes)


class OutOfMemoryError(RuntimeError):
    """A device could not provide the memory that was asked for."""


class Described(Protocol):
    """Anything that can name itself in an error message, such as an operand."""

    def describe(self) -> str: ...


def explain(operation: str, rule: str, *operands: Described, remedy: str = "") -> str:
    """Return the text of an error: operation, rule, operands, remedy.

    >>> explain("mm", "inner sizes 3 and 4 differ", remedy="Transpose one operand.")
    'mm: inner sizes 3 and 4 differ. Transpose one operand.'
    """
    given = ", ".join(operand.describe() for operand in operands)
    parts = [f"{operation}: {rule}", f"given {given}" if given else "", remedy]
    text = ". ".join(part.rstrip(".") for part in parts if part)
    return text + "."


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the program that led here, however deep inside gnomon this is."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        "gnomon."
    ):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
