"""Where the tests run, which ``pytest --device`` chooses, and how exact that place is.

On the reference a test means what it says. Elsewhere a record may be off by its tolerance, sums
by ``n * eps * sum |x|``, and random numbers are those of accelerators. A test that is about the
reference alone is marked ``reference_only``, with the reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import gnomon
from backends.accelerator import ToyBackend
from gnomon import registry
from gnomon.cpu import ReferenceBackend

IS_REFERENCE = gnomon.get_default_device().type == "cpu"
reference_only = pytest.mark.reference_only

# How a tensor's text names the accelerator it is on.
_NAMED = re.compile(r", device='(opencl|toy):\d+'")

#: Units in the last place that a few records in a row may be off by: the loosest allows 16.
FEW_RECORDS = 64


def without_device(text: str) -> str:
    """Return what ``repr`` gives, without the accelerator that tensors are on."""
    return _NAMED.sub("", text)


def are_near(found: object, expected: object) -> bool:
    """Return whether what JSON holds is the same on an accelerator, where numbers, in words
    too, may differ by what float32 records are off by, and by the last of six digits.
    """
    if IS_REFERENCE or type(found) is not type(expected):
        return False
    if isinstance(found, dict) and isinstance(expected, dict):
        alike = [are_near(found[key], expected.get(key)) for key in found]
        return found.keys() == expected.keys() and all(alike)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(are_near, found, expected))
    try:
        numbers = [float(str(side)) for side in (found, expected)]
    except ValueError:
        return found == expected
    return found == expected or math.isclose(*numbers, rel_tol=1e-5, abs_tol=1e-6)


@contextmanager
def stand_in() -> Iterator[None]:
    """Run on an accelerator that is the reference itself, so that its answers are the truth for
    all others: what names the device, what only memory of the host can do, random numbers.
    """
    before = dict(registry._backends)
    backend = ToyBackend(0, frozenset())
    backend.kernels = ReferenceBackend().kernels
    registry.register_backend(backend)
    try:
        with gnomon.device("toy:0"):
            yield
    finally:
        registry._backends.clear()
        registry._backends.update(before)
