"""Tensors that a module takes as its own: parameters, which learn, and buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.ops.copying import clone
from gnomon.tensor import Tensor
from gnomon.tensor.factories import empty

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A leaf tensor over the memory of ``data`` that a module registers when it is assigned.

    Results of operations on it are plain tensors. Raises RuntimeError when ``requires_grad`` is
    asked of a dtype that is not floating-point.

    >>> import gnomon as torch
    >>> Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Self:
        source = empty(0) if data is None else data
        parameter = object.__new__(cls)
        parameter.operand = source.operand
        parameter.made_for_inference = source.made_for_inference
        return parameter.requires_grad_(requires_grad)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        known = memo.get(id(self))
        if isinstance(known, type(self)):
            return known
        copied = type(self)(clone(self.data), self.requires_grad)
        memo[id(self)] = copied
        return copied

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor over the memory of ``data`` that a module registers as a buffer when assigned.

    A buffer that is not ``persistent`` is left out of ``state_dict``.

    >>> import gnomon as torch
    >>> module = torch.nn.Module()
    >>> module.mean = Buffer(torch.zeros(2))
    >>> [name for name, _ in module.named_buffers()]
    ['mean']
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Self:
        source = empty(0) if data is None else data
        buffer = object.__new__(cls)
        buffer.operand = source.operand
        buffer.made_for_inference = source.made_for_inference
        buffer.persistent = persistent
        return buffer.requires_grad_(source.requires_grad)
