"""DLPack capsules by function, as programs asked for them before arrays had ``__dlpack__``."""

from gnomon.tensor import Tensor
from gnomon.tensor.creation import from_dlpack as from_dlpack

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> object:
    """Return a capsule that hands over the memory of ``tensor``; to be used once.

    >>> import gnomon as torch
    >>> x = torch.arange(3)
    >>> y = from_dlpack(to_dlpack(x))
    >>> x += 1
    >>> y
    tensor([1, 2, 3])
    """
    return tensor.__dlpack__()
