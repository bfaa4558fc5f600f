"""The public tensor: a class whose methods are grouped in one file a family."""

from gnomon.tensor.tensor import Tensor

__all__ = ["Tensor"]
