"""Reductions and scans: functions of rows, whose last dim is what they go along.

Floats arrive as float64 and are rounded once at the end; integers are added in 64 bits, modulo
2**64, which is what wrapping means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np

from gnomon.backend import Scalar
from gnomon_numpy.cells import Array

Fold: TypeAlias = Callable[[Array, Sequence[Scalar]], Array]
Running: TypeAlias = Callable[[Array], Array]


def _widest(rows: Array) -> np.dtype:
    """Return what sums and products of ``rows`` are made in."""
    wide = {"f": np.float64, "u": np.uint64}.get(rows.dtype.kind, np.int64)
    return np.dtype(wide)


def _sum(rows: Array, _: Sequence[Scalar] = ()) -> Array:
    return rows.sum(-1, _widest(rows), initial=0)


def _mean(rows: Array, _: Sequence[Scalar] = ()) -> Array:
    return _sum(rows) / rows.shape[-1] if rows.shape[-1] else _sum(rows) + np.nan


def _var(rows: Array, parameters: Sequence[Scalar]) -> Array:
    (correction,) = parameters
    deviations = rows - _mean(rows)[..., None]
    return _sum(deviations * deviations) / np.float64(max(rows.shape[-1] - correction, 0))


def _largest(rows: Array, _: Sequence[Scalar]) -> Array:
    """The first of the largest, which the sign of a zero shows."""
    return np.take_along_axis(rows, rows.argmax(-1)[..., None], -1)[..., 0]


def _smallest(rows: Array, _: Sequence[Scalar]) -> Array:
    return np.take_along_axis(rows, rows.argmin(-1)[..., None], -1)[..., 0]


def _logsumexp(rows: Array, _: Sequence[Scalar]) -> Array:
    largest = rows.max(-1, initial=-np.inf)
    sums = np.exp(rows - largest[..., None]).sum(-1)
    return np.where(np.isfinite(largest), largest + np.log(sums), largest)


def _vector_norm(rows: Array, parameters: Sequence[Scalar]) -> Array:
    order = float(parameters[0])
    sizes = np.abs(rows)
    if order == 0:
        return np.count_nonzero(rows, -1)
    if order == np.inf:
        return sizes.max(-1, initial=0.0)
    if order == -np.inf:
        return sizes.min(-1)
    if order == 1:
        return _sum(sizes)
    if order != 2:
        return np.power(_sum(np.power(sizes, order)), 1 / order)
    # Scaled by a power of two, so that no square overflows or vanishes.
    largest = sizes.max(-1, initial=0.0)
    exponent = np.where(np.isfinite(largest), np.frexp(largest)[1], 0)
    scaled = np.ldexp(sizes, -exponent[..., None])
    return np.ldexp(np.sqrt(_sum(scaled * scaled)), exponent)


FOLDS: Final[dict[str, Fold]] = {
    "sum": _sum,
    "nansum": lambda rows, _: _sum(np.where(rows == rows, rows, 0)),
    "mean": _mean,
    "prod": lambda rows, _: rows.prod(-1, _widest(rows)),
    "var": _var,
    "std": lambda rows, parameters: np.sqrt(_var(rows, parameters)),
    "amax": _largest,
    "amin": _smallest,
    "max": _largest,
    "min": _smallest,
    "argmax": lambda rows, _: rows.argmax(-1),
    "argmin": lambda rows, _: rows.argmin(-1),
    "count_nonzero": lambda rows, _: np.count_nonzero(rows, -1),
    "any": lambda rows, _: np.logical_or.reduce(rows, -1),
    "all": lambda rows, _: np.logical_and.reduce(rows, -1),
    "logsumexp": _logsumexp,
    "vector_norm": _vector_norm,
}


def _last_places(rows: Array, running: Array) -> Array:
    """Return where each element of ``rows`` last was the running extreme, or NaN."""
    places = np.where((rows == running) | (rows != rows), np.arange(rows.shape[-1]), 0)
    return np.maximum.accumulate(places, -1)


def _log_sums(rows: Array) -> Array:
    """Return the running log(sum(exp(x))), kept as a maximum and a sum relative to it.

    Each step doubles how many elements a sum goes back over.
    """
    largest, relative = rows.copy(), np.ones_like(rows)
    reach = 1
    while reach < rows.shape[-1]:
        parts = (slice(None, -reach), slice(reach, None))
        higher = np.maximum(*[largest[..., part] for part in parts])
        sums = np.zeros_like(higher)
        for part in parts:
            below = np.where(largest[..., part] == higher, 0, largest[..., part] - higher)
            sums += relative[..., part] * np.exp(below)
        largest[..., reach:], relative[..., reach:] = higher, sums
        reach *= 2
    return np.where(np.isfinite(largest), largest + np.log(relative), largest)


SCANS: Final[dict[str, Running]] = {
    # A sum starts from 0.0, so that none is -0.0.
    "cumsum": lambda rows: np.add.accumulate(rows, -1, _widest(rows)) + _widest(rows).type(0),
    "cumprod": lambda rows: np.multiply.accumulate(rows, -1, _widest(rows)),
    "logcumsumexp": _log_sums,
    "cummax_positions": lambda rows: _last_places(rows, np.maximum.accumulate(rows, -1)),
    "cummin_positions": lambda rows: _last_places(rows, np.minimum.accumulate(rows, -1)),
}
