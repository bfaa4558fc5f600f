"""Images made larger or smaller."""

from __future__ import annotations

import warnings

from gnomon.composite.interpolation import Scales, Sizes, interpolate
from gnomon.tensor import Tensor

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]


def upsample(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: Scales | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """Return ``interpolate`` of ``input``, which is the name to use."""
    _deprecated("upsample", "interpolate")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor, size: Sizes | None = None, scale_factor: Scales | None = None
) -> Tensor:
    """Return ``interpolate`` of ``input`` with mode "nearest"."""
    _deprecated("upsample_nearest", "interpolate")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(
    input: Tensor, size: Sizes | None = None, scale_factor: Scales | None = None
) -> Tensor:
    """Return ``interpolate`` of ``input`` with mode "bilinear" and aligned corners."""
    _deprecated("upsample_bilinear", "interpolate")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _deprecated(name: str, successor: str) -> None:
    warnings.warn(
        f"nn.functional.{name} is deprecated. Use nn.functional.{successor} instead.",
        UserWarning,
        stacklevel=3,
    )
