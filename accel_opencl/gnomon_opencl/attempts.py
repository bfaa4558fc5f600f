"""The ways in which a driver may be given a program, the quickest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, final

from gnomon_opencl.declarations import HAS_DECLARATIONS, declarations_for
from gnomon_opencl.drivers import can_declare, text_for


@final
class Attempt(NamedTuple):
    """A text, and the options that it is compiled with."""

    text: str
    options: list[str]


def attempts_for(driver: str, source: str, options: Sequence[str]) -> list[Attempt]:
    """Return the ways to compile ``source``; the driver is told by its platform's version."""
    attempts = [Attempt(text_for(driver, source), list(options))]
    if can_declare(driver):
        text = text_for(driver, declarations_for(source) + source)
        # Where that does not do, the driver's own declarations are needed after all.
        attempts.insert(0, Attempt(text, [*options, HAS_DECLARATIONS]))
    return attempts
