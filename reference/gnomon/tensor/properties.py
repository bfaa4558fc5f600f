"""What a tensor is: shape, dtype, device and strides, its elements as Python numbers, its
text.
"""

from __future__ import annotations

from operator import index, mul
from typing import SupportsIndex, TypeAlias, overload

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.devices import Device
from gnomon.dispatch import item_of, values_of
from gnomon.dtypes import DType, Kind, Scalar, get_default_dtype
from gnomon.graph.nodes import gradient_node
from gnomon.layout import Layout, Size, normalize_dim
from gnomon.op.numpy_names import numpy_names
from gnomon.printing import tensor_repr

Nested: TypeAlias = "Scalar | list[Nested]"


class PropertyMethods(TensorCore):
    """Shape, dtype, device and strides, and the way to Python numbers."""

    @property
    def shape(self) -> Size:
        """The number of elements in each dimension."""
        return Size.of(self.operand.layout.shape)

    @property
    def dtype(self) -> DType:
        """What an element is."""
        return self.operand.dtype

    @property
    def device(self) -> Device:
        """Where the elements live."""
        return self.operand.storage.backend.device

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.operand.layout.shape)

    @property
    def itemsize(self) -> int:
        """The size of an element in bytes."""
        return self.operand.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The size of all elements in bytes, as if none were shared."""
        return self.operand.layout.numel * self.operand.dtype.itemsize

    @overload
    def size(self, dim: None = None) -> Size: ...
    @overload
    def size(self, dim: SupportsIndex) -> int: ...
    @numpy_names
    def size(self, dim: SupportsIndex | None = None) -> Size | int:
        """Return the shape, or the size of one dimension."""
        shape = self.operand.layout.shape
        if dim is None:
            return Size.of(shape)
        self._require_dims("size")
        return shape[normalize_dim(index(dim), len(shape), "size")]

    @overload
    def stride(self, dim: None = None) -> tuple[int, ...]: ...
    @overload
    def stride(self, dim: SupportsIndex) -> int: ...
    @numpy_names
    def stride(self, dim: SupportsIndex | None = None) -> tuple[int, ...] | int:
        """Return, per dimension or of one, how many elements apart its neighbours are
        stored.
        """
        strides = self.operand.layout.strides
        if dim is None:
            return strides
        self._require_dims("stride")
        return strides[normalize_dim(index(dim), len(strides), "stride")]

    def _require_dims(self, operation: str) -> None:
        if not self.operand.layout.shape:
            raise IndexError(
                f"{operation}: Dimension specified but the tensor has no dimensions."
            )

    def storage_offset(self) -> int:
        """Return at which element of the storage the tensor begins."""
        return self.operand.layout.offset

    def dim(self) -> int:
        """Return the number of dimensions."""
        return len(self.operand.layout.shape)

    ndimension = dim

    def numel(self) -> int:
        """Return the number of elements."""
        return self.operand.layout.numel

    nelement = numel

    def element_size(self) -> int:
        """Return the size of an element in bytes."""
        return self.operand.dtype.itemsize

    def is_floating_point(self) -> bool:
        """Return whether the dtype is a floating-point one."""
        return self.operand.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Return whether the dtype is a complex one."""
        return self.operand.dtype.is_complex

    def is_signed(self) -> bool:
        """Return whether the dtype has negative values."""
        return self.operand.dtype.is_signed

    def item(self) -> Scalar:
        """Return the only element as a Python number.

        Raises RuntimeError unless the tensor has exactly one element.
        """
        count = self.operand.layout.numel
        if count != 1:
            raise RuntimeError(
                f"item: a Tensor with {count} elements cannot be converted to Scalar, given "
                f"{self.describe()}. Select one element first, or use tolist()."
            )
        return item_of(self.operand)

    def tolist(self) -> Nested:
        """Return the elements as nested lists of Python numbers, a number for 0-d."""
        values = list(values_of(self.operand))
        shape = self.operand.layout.shape
        if not shape:
            return values[0]
        nested: list[Nested] = list(values)
        for dim in range(len(shape) - 1, 0, -1):
            size = shape[dim]
            count = 1
            for outer in shape[:dim]:
                count *= outer
            nested = [nested[row * size : (row + 1) * size] for row in range(count)]
        return nested

    def __len__(self) -> int:
        shape = self.operand.layout.shape
        if not shape:
            raise TypeError("len() of a 0-d tensor")
        return shape[0]

    def __bool__(self) -> bool:
        count = self.operand.layout.numel
        if count != 1:
            raise RuntimeError(
                f"bool: Boolean value of Tensor with {'no' if not count else 'more than one'} "
                f"value{'' if count else 's'} is ambiguous, given {self.describe()}. Use any() "
                "or all()."
            )
        return bool(item_of(self.operand))

    def __int__(self) -> int:
        return int(self._only_element())

    def __float__(self) -> float:
        return float(self._only_element())

    def __complex__(self) -> complex:
        return complex(self._only_element())

    def _only_element(self) -> Scalar:
        if self.operand.layout.numel != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars, given "
                f"{self.describe()}. Select one element first."
            )
        return item_of(self.operand)

    def __index__(self) -> int:
        if self.operand.dtype.kind >= Kind.FLOAT or self.operand.layout.numel != 1:
            raise TypeError(
                "only integer tensors of a single element can be converted to an index, given "
                f"{self.describe()}"
            )
        return int(item_of(self.operand))

    def is_nonzero(self) -> bool:
        """Return whether the only element is not zero; RuntimeError if there are others."""
        return bool(self)

    @numpy_names
    def is_same_size(self, other: TensorCore) -> bool:
        """Return whether both tensors have the same shape."""
        return self.operand.layout.shape == other.operand.layout.shape

    def dim_order(self) -> tuple[int, ...]:
        """Return the dims from the outermost in memory to the innermost."""
        strides = self.operand.layout.strides
        return tuple(sorted(range(len(strides)), key=lambda dim: -strides[dim]))

    def __format__(self, specification: str) -> str:
        if not self.operand.layout.shape:
            return format(self.item(), specification)
        return object.__format__(self, specification)

    def _node_name(self) -> str | None:
        try:
            node = gradient_node(self)
        except RuntimeError:
            # A view that can't have a history any more can still be looked at.
            return "Invalid"
        return None if node is None else node.name()

    def __repr__(self) -> str:
        storage, layout, dtype = self.operand
        offset, strides = layout.offset, layout.strides

        def element(place: tuple[int, ...]) -> Scalar:
            position = offset + sum(map(mul, place, strides))
            return item_of(Operand(storage, Layout((), (), position), dtype))

        return tensor_repr(
            layout.shape,
            element,
            dtype=dtype.name,
            default_dtype=get_default_dtype().name,
            device=str(storage.device),
            requires_grad=self.tracked,
            grad_fn=self._node_name(),
        )
