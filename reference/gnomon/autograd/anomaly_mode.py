"""Anomaly mode: errors of a backward pass point at the forward call, and NaN is an error."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from gnomon.graph.modes import modes

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "detect_anomaly",
    "set_detect_anomaly",
    "is_anomaly_enabled",
    "is_anomaly_check_nan_enabled",
]


def is_anomaly_enabled() -> bool:
    """Return whether anomaly mode is on."""
    return modes.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """Return whether anomaly mode, when it is on, looks for NaN."""
    return modes.anomaly_checks_nan


class set_detect_anomaly:
    """Turn anomaly mode on or off, at once; as a ``with`` block, until its end.

    While it is on, operations remember the call that recorded them; an error in their backward
    pass is preceded by a warning that shows that call. With ``check_nan``, a NaN among the
    gradients a node returns is such an error.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._previous = (modes.anomaly, modes.anomaly_checks_nan)
        modes.anomaly, modes.anomaly_checks_nan = mode, check_nan

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        modes.anomaly, modes.anomaly_checks_nan = self._previous


class detect_anomaly:
    """Run a ``with`` block in anomaly mode (see :class:`set_detect_anomaly`)."""

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        self._previous: list[tuple[bool, bool]] = []
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and "
            "should only be enabled for debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._previous.append((modes.anomaly, modes.anomaly_checks_nan))
        modes.anomaly, modes.anomaly_checks_nan = True, self._check_nan

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        modes.anomaly, modes.anomaly_checks_nan = self._previous.pop()
