"""``Variable``, the name tensors with gradients once had."""

from gnomon.tensor import Tensor as Variable

__all__ = ["Variable"]
