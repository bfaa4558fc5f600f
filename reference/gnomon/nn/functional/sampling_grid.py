"""Images and volumes read at the points of a grid, and grids that are affine maps.

A point is (x, y) or (x, y, z), each from -1 to 1 across the image: between the centers of its
corner elements with ``align_corners``, otherwise between its edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import SupportsIndex

from gnomon.composite.grid_samples import sampled_at
from gnomon.composite.matrix import bmm
from gnomon.errors import explain
from gnomon.tensor import Tensor
from gnomon.tensor.creation import tensor

__all__ = ["affine_grid", "grid_sample"]


def affine_grid(
    theta: Tensor, size: Sequence[SupportsIndex], align_corners: bool | None = None
) -> Tensor:
    """Return where an affine map sends each element of images or volumes of ``size``.

    ``theta`` (N, 2, 3) and size (N, C, H, W) give (N, H, W, 2); (N, 3, 4) and (N, C, D, H, W)
    give (N, D, H, W, 3). Raises ValueError or RuntimeError for others.

    >>> import gnomon as torch
    >>> affine_grid(torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2))
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    batch, _, *spatial = [each.__index__() for each in size]
    count = len(spatial)
    if not theta.is_floating_point():
        raise ValueError(
            explain("affine_grid", "expected theta to have floating point type", theta)
        )
    if count not in (2, 3):
        raise NotImplementedError("affine_grid: size must be of 4 or 5 numbers.")
    if tuple(theta.shape[1:]) != (count, count + 1) or min(batch, *spatial) < 1:
        rule = f"expected a batch of {count} x {count + 1} matrices and sizes from 1 on"
        raise ValueError(explain("affine_grid", rule, theta))
    lines = [_centers(each, bool(align_corners)) for each in spatial]
    points = [(*reversed(point), 1.0) for point in product(*lines)]
    base = tensor(points, dtype=theta.dtype, device=theta.device)
    places = bmm(base.unsqueeze(0).expand(batch, -1, -1), theta.transpose(1, 2))
    return places.view(batch, *spatial, count)


def _centers(size: int, align_corners: bool) -> list[float]:
    """Return where the elements of a line stand between -1 and 1."""
    if align_corners:
        return [2 * each / (size - 1) - 1 if size > 1 else 0.0 for each in range(size)]
    return [(2 * each + 1) / size - 1 for each in range(size)]


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Return ``input`` (N, C, \\*spatial) at the points of ``grid`` (N, \\*places, dims).

    The result is (N, C, \\*places). ``mode`` is "bilinear", "nearest" or, for images,
    "bicubic"; ``padding_mode`` says what lies outside: "zeros", the "border", or the image by
    "reflection". Raises ValueError and RuntimeError for arguments that do not fit.

    >>> import gnomon as torch
    >>> grid_sample(torch.tensor([[[[1.0, 3.0]]]]), torch.zeros(1, 1, 1, 2))
    tensor([[[[2.]]]])
    """
    _check(input, grid, mode, padding_mode)
    return sampled_at(input, grid, mode, padding_mode, bool(align_corners))


def _check(input: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            "grid_sample: expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: "
            f"{mode!r}."
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "grid_sample: expected padding_mode to be 'zeros', 'border', or 'reflection', but "
            f"got: {padding_mode!r}."
        )
    count = input.ndim - 2
    rule = ""
    if count not in (2, 3) or grid.ndim != input.ndim:
        rule = "expected 4D or 5D input and grid with same number of dimensions"
    elif grid.size(0) != input.size(0) or grid.size(-1) != count:
        rule = f"expected grid of as many samples, and size {count} in its last dimension"
    elif input.dtype != grid.dtype:
        rule = "expected input and grid to have same dtype"
    elif not prod(input.shape[2:]):
        rule = "expected input to have non-empty spatial dimensions"
    elif mode == "bicubic" and count == 3:
        rule = "bicubic interpolation only supports 4D input"
    if rule:
        raise RuntimeError(explain("grid_sample", rule, input, grid))
