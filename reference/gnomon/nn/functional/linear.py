"""Affine maps."""

from gnomon.composite.linear import bilinear, linear

__all__ = ["bilinear", "linear"]
