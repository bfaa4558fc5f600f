"""A backend of gnomon on NumPy, complete and small: an example for authors of backends.

The entry point ``numpy`` of the group ``gnomon.backends`` is :class:`Provider`. The page
``docs/write-a-backend.md`` of gnomon's manual builds the package step by step.
"""

from typing import final

import numpy as np

from gnomon_numpy.backend import NumPyBackend

__all__ = ["NumPyBackend", "Provider"]


@final
class Provider:
    """The one device there is."""

    def device_count(self) -> int:
        return 1

    def open(self, index: int) -> NumPyBackend:
        return NumPyBackend()

    def describe(self, index: int) -> str:
        return f"this machine's processor (NumPy {np.__version__})"
