"""The storage behind a tensor: looking at it, changing it, copying and pickling the tensor."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsIndex, TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.devices import CPU, aliased
from gnomon.dispatch import allocate
from gnomon.dtypes import DType
from gnomon.errors import explain
from gnomon.graph.edges import gradient_node
from gnomon.layout import Layout
from gnomon.op.arguments import integer_sequence
from gnomon.op.output import ensure_capacity
from gnomon.tensor.storages import TypedStorage, UntypedStorage, address

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T", bound=TensorCore)

# What a tensor's attributes are besides those a program gave it.
OWN_ATTRIBUTES = frozenset(
    {"autograd", "counts_writes", "is_wrapped_number", "made_for_inference", "operand"}
)


class StorageMethods(TensorCore):
    """The storage of a tensor, and copies that keep what tensors share."""

    def untyped_storage(self) -> UntypedStorage:
        """Return the bytes behind the tensor, one object for all tensors that share them."""
        return UntypedStorage.of(self.operand.storage)

    def storage(self) -> TypedStorage:
        """Return the storage as elements of the tensor's dtype; deprecated, as in PyTorch."""
        warnings.warn(
            "storage: TypedStorage is deprecated. Use untyped_storage().",
            UserWarning,
            stacklevel=2,
        )
        return TypedStorage(dtype=self.operand.dtype, wrap_storage=self.untyped_storage())

    def data_ptr(self) -> int:
        """Return the address of the first element; 0 if there is none.

        On other devices than the CPU it is a number that tells elements apart, not an address.
        """
        storage, layout, dtype = self.operand
        if not layout.numel:
            return 0
        return address(storage) + layout.offset * dtype.itemsize

    def is_shared(self) -> bool:
        """Return False: no storage is shared between processes."""
        return False

    def is_set_to(self, tensor: TensorCore) -> bool:
        """Return whether both tensors are the same elements of the same storage."""
        mine, other = self.operand, tensor.operand
        return mine.storage is other.storage and mine.layout == other.layout

    def set_(
        self,
        source: TensorCore | TypedStorage | UntypedStorage | None = None,
        storage_offset: int = 0,
        size: Sequence[SupportsIndex] | None = None,
        stride: Sequence[SupportsIndex] | None = None,
    ) -> Self:
        """Let the tensor be one of another storage: of ``source``, from an offset on.

        Without ``source`` it becomes empty. Raises RuntimeError for a source of another dtype,
        and for a tensor that a graph knows of.
        """
        if gradient_node(self) is not None:
            raise RuntimeError(
                explain("set_", "not possible on a tensor that was computed", self)
            )
        storage, _, dtype = self.operand
        if source is None:
            self.operand = allocate(storage.backend, Layout.contiguous((0,)), dtype)
            return self
        given = source.operand.dtype if isinstance(source, TensorCore) else dtype
        if isinstance(source, TypedStorage):
            given = source.dtype
        if given is not dtype:
            raise RuntimeError(
                f"set_: Could not set tensor of type {given.name} to a tensor of type "
                f"{dtype.name}. Convert it first, or pass its untyped_storage()."
            )
        if isinstance(source, TensorCore):
            if size is None:
                self.operand = source.operand
                return self
            target = source.operand.storage
        else:
            untyped = source.untyped() if isinstance(source, TypedStorage) else source
            target = untyped.storage
        shape = (
            (target.nbytes // dtype.itemsize,)
            if size is None
            else integer_sequence("set_", size)
        )
        layout = Layout.contiguous(shape)
        strides = layout.strides if stride is None else integer_sequence("set_", stride)
        self.operand = Operand(target, layout.as_strided(shape, strides, storage_offset), dtype)
        _, end = self.operand.layout.span
        ensure_capacity(self, end * dtype.itemsize)
        return self

    def share_memory_(self) -> Self:
        """Raise RuntimeError: no storage here can be shared between processes."""
        raise RuntimeError(
            explain(
                "share_memory_",
                "storages are not shared between processes",
                self,
                remedy="Send the tensor to the other process, which pickles it",
            )
        )

    def pin_memory(self) -> Self:
        """Return this tensor: the device that "cuda" means copies from any memory of the CPU.

        Raises RuntimeError where "cuda" means nothing, and for tensors elsewhere.
        """
        if aliased("cuda") is None:
            raise RuntimeError(
                explain("pin_memory", "no accelerator with pinned memory is available", self)
            )
        if self.operand.storage.device != CPU:
            raise RuntimeError(
                explain("pin_memory", "only tensors on the CPU can be pinned", self)
            )
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        if gradient_node(self) is not None:
            raise RuntimeError(
                "deepcopy: Only Tensors created explicitly by the user (graph leaves) support "
                f"the deepcopy protocol, given {self.describe()}. detach() or clone it instead."
            )
        _, layout, dtype = self.operand
        copied = copy.deepcopy(self.untyped_storage(), memo)
        result = object.__new__(type(self))
        result.operand = Operand(copied.storage, layout, dtype)
        result.is_wrapped_number = self.is_wrapped_number
        memo[id(self)] = result
        state = self.autograd
        if state is not None:
            result.autograd_state().requires_grad = state.requires_grad
            result.autograd_state().grad = copy.deepcopy(state.grad, memo)
        result.__dict__.update(copy.deepcopy(self.given_attributes(), memo))
        return result

    def __reduce_ex__(
        self, protocol: SupportsIndex
    ) -> tuple[object, tuple[object, ...], dict[str, object] | None]:
        """Pickle the storage, as one object for all tensors of it, and how to read it."""
        _, (shape, strides, offset), dtype = self.operand
        read = (dtype, tuple(shape), strides, offset)
        arguments = (type(self), self.untyped_storage(), *read, self.tracked)
        return rebuilt_tensor, arguments, self.given_attributes() or None

    def given_attributes(self) -> dict[str, object]:
        """Return the attributes that a program gave the tensor."""
        return {
            name: value for name, value in self.__dict__.items() if name not in OWN_ATTRIBUTES
        }


def rebuilt_tensor(
    kind: type[T],
    storage: UntypedStorage,
    dtype: DType,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
    requires_grad: bool,
) -> T:
    """Return the tensor that was pickled, as a leaf; what a pickle calls."""
    tensor = object.__new__(kind)
    tensor.operand = Operand(storage.storage, Layout(shape, strides, offset), dtype)
    if requires_grad:
        tensor.autograd_state().requires_grad = True
    return tensor
