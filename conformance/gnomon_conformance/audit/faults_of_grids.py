"""Faults of images that are read at the points of a grid, put round their meaning."""

from __future__ import annotations

from gnomon.backend import Operand
from gnomon.fusible import grid_samples
from gnomon_conformance.audit.register import decomposed, kernel_fault


def _unaligned(
    x: Operand, grid: Operand, mode: str, padding: str, aligned: bool, y: Operand
) -> bool:
    """Take the ends of images for the edges of their elements always."""
    decomposed(grid_samples, [x, grid], (mode, padding, False), [y])
    return True


def _without_reflection(
    x: Operand, grid: Operand, mode: str, padding: str, aligned: bool, y: Operand
) -> bool:
    within = "border" if padding == "reflection" else padding
    decomposed(grid_samples, [x, grid], (mode, within, aligned), [y])
    return True


kernel_fault(
    "grids aligned with edges always",
    "function/grid-sample-of-border",
    grid_samples,
    _unaligned,
)
kernel_fault(
    "images of grids not reflected",
    "function/grid-sample-by-reflection",
    grid_samples,
    _without_reflection,
)
