"""Switches of PyTorch's that have nothing to switch here; they keep what a program sets.

Every operation is deterministic, products have full precision, and the reference is one thread.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "set_num_threads",
    "use_deterministic_algorithms",
]

_PRECISIONS: Final = ("highest", "high", "medium")
_MODES: Final = ("default", "warn", "error")

_settings: dict[str, int | str] = {
    "threads": 1,
    "interop_threads": 1,
    "precision": "highest",
    "deterministic": 0,
}


def set_num_threads(number: int) -> None:
    """Keep ``number``; how many threads a device uses is its own choice.

    Raises RuntimeError unless it is at least 1.
    """
    _settings["threads"] = _positive("set_num_threads", number)


def get_num_threads() -> int:
    """Return what was set, at first 1.

    >>> get_num_threads()
    1
    """
    return int(_settings["threads"])


def set_num_interop_threads(number: int) -> None:
    """Keep ``number``; operations run one after the other.

    Raises RuntimeError unless it is at least 1.
    """
    _settings["interop_threads"] = _positive("set_num_interop_threads", number)


def get_num_interop_threads() -> int:
    """Return what was set, at first 1."""
    return int(_settings["interop_threads"])


def set_float32_matmul_precision(precision: str) -> None:
    """Keep ``precision``: "highest", "high" or "medium"; products are as with "highest".

    Raises ValueError for another word.
    """
    if precision not in _PRECISIONS:
        raise ValueError(
            f"set_float32_matmul_precision: {precision!r} is none of {', '.join(_PRECISIONS)}."
        )
    _settings["precision"] = precision


def get_float32_matmul_precision() -> str:
    """Return what was set, at first "highest"."""
    return str(_settings["precision"])


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Keep ``mode``; operations are deterministic either way."""
    _settings["deterministic"] = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Return what was set, at first False."""
    return _settings["deterministic"] != 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Return whether only warnings were asked for."""
    return _settings["deterministic"] == 1


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Keep a mode of ``use_deterministic_algorithms``: "default", "warn", "error", or 0 to 2.

    Raises ValueError for anything else.
    """
    mode = _MODES.index(debug_mode) if debug_mode in _MODES else debug_mode
    if mode not in (0, 1, 2):
        raise ValueError(
            f"set_deterministic_debug_mode: {debug_mode!r} is none of {', '.join(_MODES)}."
        )
    _settings["deterministic"] = mode


def get_deterministic_debug_mode() -> int:
    """Return the mode that was set as a number, at first 0."""
    return int(_settings["deterministic"])


def set_flush_denormal(mode: bool) -> bool:
    """Return whether subnormal numbers can be taken for zero, which they can't unless
    ``mode`` is False.
    """
    return not mode


def _positive(function: str, number: int) -> int:
    if number < 1:
        raise RuntimeError(f"{function}: expects a positive number of threads, given {number}.")
    return number
