"""``Variable``, which made a tensor one with gradients before every tensor could have them."""

from __future__ import annotations

from gnomon.tensor import Tensor

__all__ = ["Variable"]


class _LegacyVariable(type):
    """The type of ``Variable``, by which every tensor is an instance of it."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_LegacyVariable):
    """PyTorch's name of old for a tensor with gradients; calling it returns a plain tensor.

    >>> import gnomon as torch
    >>> x = torch.autograd.Variable(torch.ones(2), requires_grad=True)
    >>> x, isinstance(x, torch.autograd.Variable)
    (tensor([1., 1.], requires_grad=True), True)
    """

    def __new__(  # type: ignore[misc]  # the name is a function that isinstance() knows
        cls, data: Tensor | None = None, requires_grad: bool = False, volatile: bool = False
    ) -> Tensor:
        """Return a leaf that shares the memory of ``data``; an empty one without ``data``.

        ``volatile``, the ``no_grad`` of old, has no meaning any more, as in PyTorch. Raises
        TypeError for data that is no tensor, RuntimeError to ask for gradients of integers.
        """
        if data is None:
            data = Tensor()
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Variable data has to be a tensor, but got {type(data).__name__}. Use "
                "gnomon.tensor(data, requires_grad=...)."
            )
        return data.detach().requires_grad_(requires_grad)
