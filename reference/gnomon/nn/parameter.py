"""Tensors that a module takes as its own: parameters, which learn, and buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from gnomon.core import TensorCore
from gnomon.ops.copying import clone
from gnomon.tensor import Tensor
from gnomon.tensor.factories import empty

if TYPE_CHECKING:
    from typing import Self

    from gnomon.backend import Operand
    from gnomon.devices import Device
    from gnomon.dtypes import DType
    from gnomon.layout import Size
    from gnomon.tensor.options import DeviceLike, DTypeLike

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "UninitializedTensorMixin",
    "is_lazy",
]


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


class UninitializedTensorMixin(Tensor):
    """A tensor whose dtype and device are known and whose shape is not, until it is made.

    It can be converted and moved; whatever needs elements raises ValueError, and asking for the
    shape RuntimeError.
    """

    cls_to_become: ClassVar[type[Tensor]]

    @property
    def operand(self) -> Operand:
        raise ValueError(
            f"Attempted to use an uninitialized tensor, a {type(self).__name__}. Call the lazy "
            "module with a batch first, which makes its parameters."
        )

    # What the tensor will have of its operand, dtype and device, waits under the same name.
    @operand.setter
    def operand(self, operand: Operand) -> None:
        self.__dict__["operand"] = operand

    @property
    def data(self) -> Self:
        """An empty tensor of the dtype and on the device that this one will have."""
        return self.like(self.__dict__["operand"])

    @data.setter
    def data(self, data: TensorCore) -> None:
        self.operand = data.operand

    @property
    def dtype(self) -> DType:
        return self.data.dtype

    @property
    def device(self) -> Device:
        return self.data.device

    @property
    def shape(self) -> Size:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. Call the lazy "
            "module with a batch first, or load its state dict into a lazy module."
        )

    def materialize(
        self,
        shape: Sequence[SupportsIndex],
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        """Become a tensor of ``shape``, not filled, by default of the dtype and device known.

        >>> import gnomon as torch
        >>> weight = UninitializedParameter(dtype=torch.float64)
        >>> weight.materialize((2, 3))
        >>> type(weight).__name__, weight.shape, weight.dtype
        ('Parameter', torch.Size([2, 3]), torch.float64)
        """
        fresh = empty(
            shape,
            device=self.device if device is None else device,
            dtype=self.dtype if dtype is None else dtype,
        )
        self.__class__ = self.cls_to_become  # type: ignore[assignment]  # what it is from now on
        self.operand = fresh.operand

    def share_memory_(self) -> Self:
        """Raise RuntimeError, as for every tensor."""
        raise RuntimeError("Can't share memory on an uninitialized parameter or buffer.")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(
        self, protocol: SupportsIndex
    ) -> tuple[object, tuple[object, ...], dict[str, object] | None]:
        return type(self), (self.requires_grad, self.device, self.dtype), None


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is not known yet; ``materialize`` makes it one.

    >>> UninitializedParameter()
    <UninitializedParameter>
    """

    cls_to_become = Parameter

    def __new__(
        cls,
        requires_grad: bool = True,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> Self:
        parameter = object.__new__(cls)
        parameter.operand = empty(0, device=device, dtype=dtype).operand
        parameter.autograd_state().requires_grad = requires_grad
        return parameter

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        known = memo.get(id(self))
        if isinstance(known, type(self)):
            return known
        copied = type(self)(self.requires_grad, self.device, self.dtype)
        memo[id(self)] = copied
        return copied


class UninitializedBuffer(UninitializedTensorMixin, Buffer):
    """A buffer whose shape is not known yet."""

    cls_to_become = Tensor

    def __new__(
        cls,
        requires_grad: bool = False,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
        persistent: bool = True,
    ) -> Self:
        buffer = object.__new__(cls)
        buffer.operand = empty(0, device=device, dtype=dtype).operand
        buffer.autograd_state().requires_grad = requires_grad
        buffer.persistent = persistent
        return buffer


def is_lazy(param: object) -> bool:
    """Return whether ``param`` is a parameter or buffer whose shape is not known yet."""
    return isinstance(param, UninitializedTensorMixin)
