"""Tensors a node saves for its backward pass, and the check that nobody wrote to them since."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from gnomon.core import Edge, Node, TensorCore
from gnomon.graph.edges import AccumulateGrad, edge_of, join
from gnomon.graph.modes import SavedTensorHooks, modes, no_grad

if TYPE_CHECKING:
    from collections.abc import Callable


@final
class SavedTensor:
    """One tensor a node will need again: its elements, and where its gradient goes.

    Only a leaf is kept as the object it is. Any other tensor may be written to in place later,
    and then its history may lead to the very node that saved it: a circle that would not be
    freed. So its operand and its present edge are kept, and unpacking puts them together again.
    """

    __slots__ = ("_edge", "_hooks", "_output_index", "_packed", "_tensor", "_version")

    _tensor: TensorCore

    def __init__(self, tensor: TensorCore, output_index: int | None = None) -> None:
        """Save an input, or the node's own output number ``output_index``."""
        if tensor.made_for_inference:
            raise RuntimeError(
                "save for backward: Inference tensors cannot be saved for backward, given "
                f"{tensor.describe()}. clone() it outside inference mode, or use no_grad() "
                "instead of inference_mode()."
            )
        self._output_index = output_index
        self._version = tensor.operand.storage.version
        # The edge of an output leads to the node that saves it, and would be a circle as well.
        self._edge = edge_of(tensor) if output_index is None else None
        self._hooks = modes.saved_tensor_hooks
        self._packed: object = None
        if self._hooks is not None:
            self._pack(tensor if output_index is None else _alias(tensor), self._hooks)
        elif self._edge is not None and isinstance(self._edge.node, AccumulateGrad):
            self._tensor = tensor
        else:
            self._tensor = _alias(tensor)

    def unpack(self, owner: Node) -> TensorCore:
        """Return the tensor for ``owner``'s backward pass.

        Raises RuntimeError when its storage was written to since it was saved.
        """
        index = self._output_index
        edge = self._edge if index is None else Edge(owner, index)
        if self._hooks is not None:
            with no_grad():
                tensor = self._hooks.unpack(self._packed)
            if not isinstance(tensor, TensorCore):
                raise TypeError(
                    "Output of saved tensor unpack_hook expected to be a Tensor but got result "
                    f"of type {type(tensor).__name__}"
                )
        else:
            tensor = self._tensor
            self._check_version(owner, edge)
            if edge is not None and isinstance(edge.node, AccumulateGrad):
                return tensor
        if edge is None:
            return tensor
        again = _alias(tensor)
        join(again, edge)
        return again

    def register_hooks(
        self,
        pack_hook: Callable[[TensorCore], object],
        unpack_hook: Callable[[object], TensorCore],
    ) -> None:
        """Pack this tensor with ``pack_hook`` now, and unpack it with ``unpack_hook`` when
        needed.
        """
        if self._hooks is not None:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor that has hooks already."
            )
        self._hooks = SavedTensorHooks(pack_hook, unpack_hook)
        self._pack(self._tensor, self._hooks)
        del self._tensor

    def _pack(self, tensor: TensorCore, hooks: SavedTensorHooks) -> None:
        version = tensor.operand.storage.version
        with no_grad():
            self._packed = hooks.pack(tensor)
        if tensor.operand.storage.version != version:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place, given "
                f"{tensor.describe()}. Return a new tensor, or clone() the input first."
            )

    def _check_version(self, owner: Node, edge: Edge | None) -> None:
        tensor = self._tensor
        version = tensor.operand.storage.version
        if version == self._version:
            return
        made_by = ""
        if edge is not None and not isinstance(edge.node, AccumulateGrad):
            made_by = f", which is output {edge.output} of {edge.node.name()},"
        raise RuntimeError(
            f"{owner.name()}: one of the variables needed for gradient computation has been "
            f"modified by an inplace operation: {tensor.describe()}{made_by} is at version "
            f"{version}; expected version {self._version} instead. Clone the tensor before "
            "writing to it, or use the out-of-place operation; "
            "gnomon.autograd.set_detect_anomaly(True) shows the forward call."
        )


def _alias(tensor: TensorCore) -> TensorCore:
    """Return a tensor of the same elements, outside any graph."""
    alias = tensor.like(tensor.operand)
    alias.is_wrapped_number = tensor.is_wrapped_number
    return alias


def released(owner: str) -> RuntimeError:
    """Return the error for a second backward pass through a node whose tensors are gone."""
    return RuntimeError(
        f"{owner}: Trying to backward through the graph a second time (or directly access "
        "saved tensors after they have already been freed): what the node saved is freed by a "
        "backward pass. Specify retain_graph=True for every pass but the last."
    )
