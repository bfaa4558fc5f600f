"""Tensors a node saves for its backward pass, and the check that nobody wrote to them since."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from gnomon.core import AutogradState, Node, TensorCore
from gnomon.graph.modes import SavedTensorHooks, modes, no_grad

if TYPE_CHECKING:
    from gnomon.backend import Operand


@final
class SavedTensor:
    """One tensor a node will need again.

    An input is kept as it is. An output would make a cycle (tensor, node, saved tensor), so only its
    operand is kept, and unpacking makes the tensor anew as the node's ``index``-th output.
    """

    __slots__ = ("_hooks", "_index", "_packed", "_tensor", "_version")

    _tensor: TensorCore

    def __init__(self, tensor: TensorCore, output_index: int | None = None) -> None:
        self._index = output_index
        self._version = tensor.operand.storage.version
        self._hooks: SavedTensorHooks | None = modes.saved_tensor_hooks
        self._packed: object = None
        if output_index is not None:
            tensor = _detached(tensor, tensor.operand)
        if self._hooks is not None:
            with no_grad():
                self._packed = self._hooks.pack(tensor)
        else:
            self._tensor = tensor

    def unpack(self, owner: Node) -> TensorCore:
        """Return the tensor for ``owner``'s backward pass.

        Raises RuntimeError when its storage was written to since it was saved.
        """
        if self._hooks is not None:
            with no_grad():
                tensor = self._hooks.unpack(self._packed)
        else:
            tensor = self._tensor
            self._check_version(owner)
        if self._index is None:
            return tensor
        again = _detached(tensor, tensor.operand)
        state = again.autograd = AutogradState()
        state.node = owner
        state.output_index = self._index
        return again

    def register_hooks(self, hooks: SavedTensorHooks) -> None:
        """Pack this tensor with ``hooks`` from now on."""
        if self._hooks is not None:
            raise RuntimeError("register_hooks: this saved tensor has hooks already.")
        with no_grad():
            self._packed = hooks.pack(self._tensor)
        self._hooks = hooks
        del self._tensor

    def _check_version(self, owner: Node) -> None:
        storage = self._tensor.operand.storage
        if storage.version == self._version:
            return
        made_by = ""
        node = owner if self._index is not None else _node_of(self._tensor)
        if node is not None:
            made_by = f", an output of {node.name()},"
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace "
            f"operation: {self._tensor.describe()}{made_by} is at version {storage.version}; "
            f"{owner.name()} saved it at version {self._version}. Clone the tensor before writing to "
            "it, or use the out-of-place operation; gnomon.autograd.set_detect_anomaly(True) shows "
            "the forward call."
        )


def _detached(tensor: TensorCore, operand: Operand) -> TensorCore:
    copy = tensor.like(operand)
    copy.is_wrapped_number = tensor.is_wrapped_number
    return copy


def _node_of(tensor: TensorCore) -> Node | None:
    return tensor.autograd.node if tensor.autograd is not None else None


def released(owner: str) -> RuntimeError:
    """Return the error for a second backward pass through a node whose tensors are gone."""
    return RuntimeError(
        f"Trying to backward through the graph a second time: what {owner} saved was freed by the "
        "first pass. Give retain_graph=True to every pass but the last."
    )
