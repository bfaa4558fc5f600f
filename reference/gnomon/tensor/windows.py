"""Window functions: how a stretch of a signal fades in and out, before its spectrum is taken.

A symmetric window of N points spans 0 to N - 1; a periodic one is that of N + 1 points without
the last. Formulas: Harris, "On the use of windows for harmonic analysis with the discrete
Fourier transform", Proc. IEEE 66, 1978. Computed in float64 and rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import SupportsIndex

from gnomon.dtypes import float64
from gnomon.errors import explain
from gnomon.formats import TensorLayout, strided
from gnomon.op.arguments import integers
from gnomon.op.random_source import write_values
from gnomon.special_functions import i0
from gnomon.tensor.factories import fresh_or_out
from gnomon.tensor.options import DeviceLike, DTypeLike, check_pinning, requiring_grad
from gnomon.tensor.tensor import Tensor

__all__ = [
    "bartlett_window",
    "blackman_window",
    "hamming_window",
    "hann_window",
    "kaiser_window",
]


def hann_window(
    window_length: SupportsIndex,
    periodic: bool = True,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Hann window: a raised cosine, 0 at both ends.

    >>> hann_window(4, periodic=False)
    tensor([0.0000, 0.7500, 0.7500, 0.0000])
    """
    check_pinning("hann_window", pin_memory)

    def value(place: float) -> float:
        return 0.5 - 0.5 * math.cos(2.0 * math.pi * place)

    result = _window("hann_window", window_length, periodic, value, dtype, device)
    return requiring_grad("hann_window", result, requires_grad)


def hamming_window(
    window_length: SupportsIndex,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Hamming window ``alpha - beta * cos(2 pi x)``, which does not reach 0.

    >>> hamming_window(4, periodic=False)
    tensor([0.0800, 0.7700, 0.7700, 0.0800])
    """
    check_pinning("hamming_window", pin_memory)

    def value(place: float) -> float:
        return alpha - beta * math.cos(2.0 * math.pi * place)

    result = _window("hamming_window", window_length, periodic, value, dtype, device)
    return requiring_grad("hamming_window", result, requires_grad)


def blackman_window(
    window_length: SupportsIndex,
    periodic: bool = True,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Blackman window ``0.42 - 0.5 cos(2 pi x) + 0.08 cos(4 pi x)``.

    >>> blackman_window(4, periodic=False)
    tensor([-1.3878e-17,  6.3000e-01,  6.3000e-01, -1.3878e-17])
    """
    check_pinning("blackman_window", pin_memory)

    def value(place: float) -> float:
        turn = 2.0 * math.pi * place
        return 0.42 - 0.5 * math.cos(turn) + 0.08 * math.cos(2.0 * turn)

    result = _window("blackman_window", window_length, periodic, value, dtype, device)
    return requiring_grad("blackman_window", result, requires_grad)


def bartlett_window(
    window_length: SupportsIndex,
    periodic: bool = True,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Bartlett window: a triangle, 0 at both ends.

    >>> bartlett_window(4, periodic=False)
    tensor([0.0000, 0.6667, 0.6667, 0.0000])
    """
    check_pinning("bartlett_window", pin_memory)

    def value(place: float) -> float:
        return 1.0 - abs(2.0 * place - 1.0)

    result = _window("bartlett_window", window_length, periodic, value, dtype, device)
    return requiring_grad("bartlett_window", result, requires_grad)


def kaiser_window(
    window_length: SupportsIndex,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Kaiser window, of the modified Bessel function I0; ``beta`` narrows it.

    >>> kaiser_window(4, periodic=False)
    tensor([5.2773e-05, 5.1884e-01, 5.1884e-01, 5.2773e-05])
    """
    check_pinning("kaiser_window", pin_memory)
    scale = i0(beta)

    def value(place: float) -> float:
        distance = 2.0 * place - 1.0
        return i0(beta * math.sqrt(max(1.0 - distance * distance, 0.0))) / scale

    result = _window("kaiser_window", window_length, periodic, value, dtype, device)
    return requiring_grad("kaiser_window", result, requires_grad)


def _window(
    operation: str,
    window_length: SupportsIndex,
    periodic: bool,
    value: Callable[[float], float],
    dtype: DTypeLike | None,
    device: DeviceLike,
) -> Tensor:
    """Return ``value`` at evenly spaced places from 0 to 1."""
    (length,) = integers(operation, (window_length,))
    if length < 0:
        raise RuntimeError(
            f"{operation}: requires non-negative window_length, got window_length={length}."
        )
    result = fresh_or_out(operation, (length,), dtype, device)
    chosen = result.operand.dtype
    if not chosen.is_floating_point:
        raise RuntimeError(
            explain(operation, "expects floating point dtypes", result, remedy="Give one")
        )
    steps = length if periodic else length - 1
    values = [1.0] * length
    if length > 1:
        values = [value(index / steps) for index in range(length)]
    write_values(result.operand, chosen.convert_all(values, float64))
    return result
