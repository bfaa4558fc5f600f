"""Images made larger or smaller: each new element is a weighted sum of old ones near by.

Weights are separate for each dim. Positions are computed in float32 for inputs of float32 and
below, as PyTorch does, since rounding decides which element is the nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor
from typing import Final, TypeAlias, TypeVar, final

from gnomon.composite.average_pools import adaptive_avg_pool, adaptive_avg_pool1d
from gnomon.composite.resampling import Resampling, Taps, resampled
from gnomon.core import TensorCore
from gnomon.dtypes import float32, float64
from gnomon.errors import explain
from gnomon.op.rules import floating

T = TypeVar("T", bound=TensorCore)
_CACHED: Final = 64

#: One number for all spatial dims, or one for each.
Sizes: TypeAlias = "int | Sequence[int]"
Scales: TypeAlias = "float | Sequence[float]"

#: By mode and number of spatial dims, what PyTorch calls the operation.
_NAMES: Final = {
    ("nearest", 1): "UpsampleNearest1D",
    ("nearest", 2): "UpsampleNearest2D",
    ("nearest", 3): "UpsampleNearest3D",
    ("nearest-exact", 1): "UpsampleNearestExact1D",
    ("nearest-exact", 2): "UpsampleNearestExact2D",
    ("nearest-exact", 3): "UpsampleNearestExact3D",
    ("linear", 1): "UpsampleLinear1D",
    ("bilinear", 2): "UpsampleBilinear2D",
    ("bicubic", 2): "UpsampleBicubic2D",
    ("trilinear", 3): "UpsampleTrilinear3D",
}
_INTERPOLATING: Final = ("linear", "bilinear", "bicubic", "trilinear")

# The free parameter of Keys' cubic convolution kernel (IEEE Trans. ASSP 29, 1981): PyTorch's
# choice, and with antialiasing Pillow's, which PyTorch follows there.
_CUBIC: Final = -0.75
_ANTIALIASED_CUBIC: Final = -0.5


def interpolate(
    input: T,
    size: Sizes | None = None,
    scale_factor: Scales | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> T:
    """Return ``input`` (N, C, \\*spatial) with other spatial sizes.

    Sizes are ``size``, or the old ones times ``scale_factor``, rounded down. ``mode`` is
    "nearest", "nearest-exact", "area", or "linear", "bilinear", "bicubic" or "trilinear" by the
    number of dims. With ``align_corners`` the corners' centers stay where they are, otherwise
    the images' edges. ``recompute_scale_factor`` takes the factor that the rounded sizes have.
    ``antialias`` widens the weights of "bilinear" and "bicubic" where images become smaller.

    Raises ValueError for arguments that contradict each other, NotImplementedError for modes
    that do not fit the number of dims, RuntimeError for empty images.

    >>> import gnomon as torch
    >>> interpolate(torch.tensor([[[1.0, 2.0]]]), scale_factor=2, mode="linear")
    tensor([[[1.0000, 1.2500, 1.7500, 2.0000]]])
    """
    if align_corners is not None and mode not in _INTERPOLATING:
        raise ValueError(
            "interpolate: align_corners option can only be set with the interpolating modes: "
            f"{' | '.join(_INTERPOLATING)}, not {mode}."
        )
    count = input.operand.layout.ndim - 2
    shape = input.operand.layout.shape
    sizes, scales = _sizes(shape[2:], size, scale_factor, recompute_scale_factor)
    if antialias and (mode not in ("bilinear", "bicubic") or count != 2):
        raise ValueError(
            "interpolate: Anti-alias option is restricted to bilinear and bicubic modes and "
            f"requires a 4-D tensor as input, not {mode} of {count + 2} dims."
        )
    if (mode != "area" and (mode, count) not in _NAMES) or count not in (1, 2, 3):
        raise NotImplementedError(
            explain(
                "interpolate",
                f"mode {mode} is not for inputs of {count + 2} dims",
                input,
                remedy="Give (N, C, L) for linear, (N, C, H, W) for bilinear and bicubic, "
                "(N, C, D, H, W) for trilinear, any of these for nearest and area",
            )
        )
    if mode == "area":
        one = count == 1
        return (
            adaptive_avg_pool1d(input, sizes) if one else adaptive_avg_pool(count, input, sizes)
        )
    floating("interpolate", input.operand.dtype)
    if 0 in shape[1:] or min(sizes) < 1:
        rule = f"Input and output sizes should be greater than 0, but output is {list(sizes)}"
        raise RuntimeError(explain("interpolate", rule, input, remedy="Give larger sizes"))
    precise = input.operand.dtype is float64
    taps = [
        _taps(mode, _Line(old, new, scale, bool(align_corners), precise, count == 2), antialias)
        for old, new, scale in zip(shape[2:], sizes, scales, strict=True)
    ]
    label = f"{_NAMES[mode, count]}{'Aa' if antialias else ''}Backward0"
    return resampled(label, input, Resampling(tuple(taps), shape[2:]))


def _sizes(
    present: tuple[int, ...],
    size: Sizes | None,
    scale_factor: Scales | None,
    recompute: bool | None,
) -> tuple[tuple[int, ...], list[float | None]]:
    """Return the new sizes, and the factors that positions are computed with, if given."""
    if (size is None) == (scale_factor is None):
        which = "either" if size is None else "only one of"
        raise ValueError(f"interpolate: {which} size or scale_factor should be defined.")
    unknown: list[float | None] = [None] * len(present)
    if size is not None:
        if recompute:
            raise ValueError(
                "interpolate: recompute_scale_factor is not meaningful with an explicit size."
            )
        given = tuple(size) if isinstance(size, Sequence) else (size,) * len(present)
        _check_number("output size", len(given), present)
        return given, unknown
    assert scale_factor is not None
    several = isinstance(scale_factor, Sequence)
    factors = list(scale_factor) if isinstance(scale_factor, Sequence) else [scale_factor]
    if not several:
        factors *= len(present)
    _check_number("scale_factor", len(factors), present)
    scaled = tuple([floor(old * by) for old, by in zip(present, factors, strict=True)])
    return scaled, unknown if recompute else list(map(float, factors))


def _check_number(name: str, given: int, present: tuple[int, ...]) -> None:
    if given != len(present):
        raise ValueError(
            "interpolate: Input and output must have the same number of spatial dimensions, "
            f"but got input with spatial dimensions of {list(present)} and {name} of {given} "
            "numbers."
        )


@final
@dataclass(frozen=True, slots=True)
class _Line:
    """One dim: its old and new size, and where its new elements lie among the old ones."""

    old: int
    new: int
    factor: float | None
    align_corners: bool
    precise: bool
    of_image: bool

    def round(self, value: float) -> float:
        """Return ``value`` as it is in the dtype of positions."""
        return value if self.precise else float(float32.round(value))

    def scale(self) -> float:
        """Return how many old elements one new one is wide."""
        if self.align_corners:
            return self.round((self.old - 1) / (self.new - 1)) if self.new > 1 else 0.0
        if self.factor is not None and self.factor > 0:
            return self.round(1.0 / self.factor)
        return self.round(self.old / self.new)

    def position(self, place: int) -> float:
        """Return where the center of a new element lies, old elements counted from 0."""
        if self.align_corners:
            return self.round(self.scale() * place)
        return self.round(self.round(self.scale() * (place + 0.5)) - 0.5)


@lru_cache(_CACHED)
def _taps(mode: str, line: _Line, antialias: bool) -> Taps:
    if antialias:
        return _antialiased(line, mode)
    of_mode = {"nearest": _nearest, "nearest-exact": _nearest_center, "bicubic": _cubic}
    read = of_mode.get(mode, _linear)
    return tuple([read(line, place) for place in range(line.new)])


def _nearest(line: _Line, place: int) -> tuple[tuple[int, float], ...]:
    if line.new == line.old:
        return ((place, 1.0),)
    # Whatever the factor: PyTorch has this rule for images alone.
    if line.of_image and line.new == 2 * line.old:
        return ((place // 2, 1.0),)
    return ((_nearest_of(line, float(place)), 1.0),)


def _nearest_center(line: _Line, place: int) -> tuple[tuple[int, float], ...]:
    return ((_nearest_of(line, place + 0.5), 1.0),)


def _nearest_of(line: _Line, place: float) -> int:
    # PyTorch computes these positions in float32 whatever the dtype.
    scale = 1.0 / line.factor if line.factor else line.old / line.new
    position = float(float32.round(place * float(float32.round(scale))))
    return min(floor(position), line.old - 1)


def _linear(line: _Line, place: int) -> tuple[tuple[int, float], ...]:
    if line.new == line.old:
        return ((place, 1.0),)
    position = max(line.position(place), 0.0)
    first = min(floor(position), line.old - 1)
    second = min(first + 1, line.old - 1)
    part = line.round(min(max(position - first, 0.0), 1.0))
    return (first, line.round(1.0 - part)), (second, part)


def _cubic(line: _Line, place: int) -> tuple[tuple[int, float], ...]:
    position = line.position(place)
    first = min(floor(position), line.old - 1)
    part = min(max(position - first, 0.0), 1.0)
    return tuple(
        [
            (min(max(first + tap, 0), line.old - 1), _cubic_weight(tap - part, _CUBIC))
            for tap in (-1, 0, 1, 2)
        ]
    )


def _cubic_weight(distance: float, parameter: float) -> float:
    x = abs(distance)
    if x < 1:
        return ((parameter + 2) * x - (parameter + 3)) * x * x + 1
    if x < 2:
        return ((x - 5) * x + 8) * x * parameter - 4 * parameter
    return 0.0


def _linear_weight(distance: float) -> float:
    return max(1.0 - abs(distance), 0.0)


def _antialiased(line: _Line, mode: str) -> Taps:
    """Return weights over all old elements that a new one covers, which sum to 1."""
    weight: Callable[[float], float] = _linear_weight
    reach = 1.0
    if mode == "bicubic":
        weight, reach = lambda distance: _cubic_weight(distance, _ANTIALIASED_CUBIC), 2.0
    scale = line.scale()
    widening = max(scale, 1.0)
    found = []
    for place in range(line.new):
        center = scale * (place + 0.5)
        start = max(int(center - reach * widening + 0.5), 0)
        end = min(int(center + reach * widening + 0.5), line.old)
        weights = [weight((at - center + 0.5) / widening) for at in range(start, end)]
        total = sum(weights) or 1.0
        found.append(tuple([(start + at, each / total) for at, each in enumerate(weights)]))
    return tuple(found)
