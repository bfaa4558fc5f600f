"""The tensor's part in the graph: gradients, hooks, views, and the way out of the graph."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from gnomon.core import AutogradState, Node, TensorCore, TensorHook
from gnomon.dtypes import Kind
from gnomon.graph.edges import gradient_node
from gnomon.graph.gradients import backward, retain_gradient
from gnomon.graph.modes import modes
from gnomon.hooks import RemovableHandle

if TYPE_CHECKING:
    from typing import Self


class AutogradMethods(TensorCore):
    """What PyTorch's ``Tensor`` offers for automatic differentiation."""

    @property
    def requires_grad(self) -> bool:
        """Whether gradients can flow to this tensor."""
        return self.tracked

    @requires_grad.setter
    def requires_grad(self, requires_grad: bool) -> None:
        if not isinstance(requires_grad, bool):
            raise RuntimeError(
                f"requires_grad must be a bool, got {type(requires_grad).__name__}. Give True "
                "or False."
            )
        self.requires_grad_(requires_grad)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let operations on this leaf be recorded from now on, or no longer; return it.

        Raises RuntimeError for a dtype that is not floating-point, and when a tensor that was
        computed is to stop requiring grad.
        """
        if not self.is_leaf:
            if not requires_grad:
                raise RuntimeError(
                    "requires_grad: you can only change requires_grad flags of leaf variables, "
                    f"given {self.describe()}. Use detach() to go on without gradients."
                )
            return self
        if requires_grad:
            if self.operand.dtype.kind < Kind.FLOAT:
                raise RuntimeError(
                    "requires_grad: only Tensors of floating point dtype can require "
                    f"gradients, given {self.describe()}. Convert it first, with "
                    ".to(gnomon.float32)."
                )
            if self.made_for_inference and not modes.inference:
                raise RuntimeError(
                    "Setting requires_grad=True on inference tensor outside InferenceMode is "
                    "not allowed. clone() it first."
                )
        if requires_grad or self.autograd is not None:
            self.autograd_state().requires_grad = bool(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether the tensor was made by the user rather than computed from tensors that
        require grad.
        """
        return gradient_node(self) is None

    @property
    def grad_fn(self) -> Node | None:
        """The node that computed this tensor; None for a leaf."""
        return gradient_node(self)

    @property
    def output_nr(self) -> int:
        """Which output of ``grad_fn`` this tensor is."""
        return self.autograd.output_index if self.autograd is not None else 0

    @property
    def grad(self) -> Self | None:
        """The gradient that ``backward`` added up so far; None before the first."""
        state = self.autograd
        if state is None:
            return None
        if state.grad is None and state.node is not None and not state.retains_grad:
            warnings.warn(
                "grad: The .grad attribute of a Tensor that is not a leaf Tensor is being "
                "accessed; backward() does not fill it. Call retain_grad() on it before, or "
                "look at the leaf.",
                UserWarning,
                stacklevel=2,
            )
        return cast("Self | None", state.grad)

    @grad.setter
    def grad(self, grad: TensorCore | None) -> None:
        if modes.notes is not None:
            modes.notes.touch(self, replaced=True)
        if grad is None:
            if self.autograd is not None:
                self.autograd.grad = None
            return
        self._check_grad(grad)
        self.autograd_state().grad = grad

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    def _check_grad(self, grad: object) -> None:
        if not isinstance(grad, TensorCore):
            raise TypeError(
                "assigned grad expected to be a Tensor or None but got grad of type "
                f"{type(grad).__name__}"
            )
        if grad is self:
            raise RuntimeError("grad: can't assign Variable as its own grad. Assign a clone().")
        given, own = grad.operand, self.operand
        if given.dtype is not own.dtype:
            rule = f"a gradient with dtype {given.dtype.name} to a tensor of {own.dtype.name}"
        elif given.storage.backend is not own.storage.backend:
            rule = (
                f"a gradient with device type {given.storage.device} to a tensor on "
                f"{own.storage.device}"
            )
        elif given.layout.shape != own.layout.shape:
            rule = (
                f"a gradient of size {list(given.layout.shape)} to a tensor of size "
                f"{list(own.layout.shape)}"
            )
        else:
            return
        raise RuntimeError(
            f"grad: attempting to assign {rule}. A gradient is like its tensor; convert it "
            "first."
        )

    def backward(
        self,
        gradient: TensorCore | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: TensorCore | Sequence[TensorCore] | None = None,
    ) -> None:
        """Add the gradient of this tensor, weighted by ``gradient``, to the ``grad`` of the
        leaves it was computed from.

        ``gradient`` has the tensor's shape; a tensor of one element needs none. Raises
        RuntimeError when it is missing or of another shape, when the tensor does not require
        grad, and when the graph was freed by an earlier pass without ``retain_graph``.
        """
        backward(self, gradient, retain_graph, create_graph, inputs)

    def retain_grad(self) -> None:
        """Let ``backward`` fill ``grad`` although this tensor is no leaf.

        Raises RuntimeError when it does not require grad.
        """
        retain_gradient(self)

    @property
    def retains_grad(self) -> bool:
        """Whether ``backward`` fills ``grad`` although this tensor is no leaf."""
        return self.autograd is not None and self.autograd.retains_grad

    def register_hook(self, hook: Callable[[Self], Self | None]) -> RemovableHandle:
        """Call ``hook(gradient)`` whenever the gradient of this tensor has been computed.

        What it returns, unless None, replaces the gradient. Raises RuntimeError when the tensor
        does not require grad.
        """
        if not self.tracked:
            raise RuntimeError(
                "register_hook: cannot register a hook on a tensor that doesn't require "
                f"gradient, given {self.describe()}. Call requires_grad_() first."
            )
        node = gradient_node(self)
        state = self.autograd_state()
        if node is not None:
            if node.tensor_hooks is None:
                node.tensor_hooks = {}
            hooks = node.tensor_hooks.setdefault(state.output_index, OrderedDict())
        else:
            if state.tensor_hooks is None:
                state.tensor_hooks = OrderedDict()
                accumulator = state.accumulator() if state.accumulator is not None else None
                if accumulator is not None:
                    accumulator.tensor_hooks = {0: state.tensor_hooks}
            hooks = state.tensor_hooks
        handle = RemovableHandle(hooks)
        hooks[handle.id] = cast(TensorHook, hook)
        return handle

    def register_post_accumulate_grad_hook(
        self, hook: Callable[[Self], None]
    ) -> RemovableHandle:
        """Call ``hook(tensor)`` whenever ``backward`` has added to the ``grad`` of this leaf.

        Raises RuntimeError when the tensor is no leaf or does not require grad.
        """
        if not self.tracked:
            raise RuntimeError(
                "register_post_accumulate_grad_hook: cannot register a hook on a tensor that "
                f"doesn't require gradient, given {self.describe()}. Call requires_grad_() "
                "first."
            )
        if gradient_node(self) is not None:
            raise RuntimeError(
                "register_post_accumulate_grad_hook: post accumulate grad hooks cannot be "
                f"registered on non-leaf tensors, given {self.describe()}. Use register_hook()."
            )
        state = self.autograd_state()
        if state.post_accumulate_hooks is None:
            state.post_accumulate_hooks = OrderedDict()
        handle = RemovableHandle(state.post_accumulate_hooks)
        state.post_accumulate_hooks[handle.id] = cast("Callable[[TensorCore], None]", hook)
        return handle

    def detach(self) -> Self:
        """Return a tensor of the same storage that is outside the graph.

        Writes to either show in both, and count as writes to both.
        """
        detached = self.like(self.operand)
        detached.counts_writes = self.counts_writes
        detached.made_for_inference = self.made_for_inference
        return detached

    def detach_(self) -> Self:
        """Take this tensor out of the graph and return it.

        Raises RuntimeError for a view, whose history is that of its base.
        """
        state = self.autograd
        if state is not None:
            if state.view is not None:
                raise RuntimeError(
                    "detach_: Can't detach views in-place, given "
                    f"{self.describe()}. Use detach() instead."
                )
            grad = state.grad
            self.autograd = AutogradState()
            self.autograd.grad = grad
        return self

    @property
    def data(self) -> Self:
        """The same storage outside the graph; writes to it are not noticed by ``backward``.

        Assigning another tensor lets this one have its storage, shape and dtype.
        """
        alias = self.like(self.operand)
        alias.counts_writes = False
        return alias

    @data.setter
    def data(self, data: TensorCore) -> None:
        if not isinstance(data, TensorCore):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        if self.tracked and data.operand.dtype.kind < Kind.FLOAT:
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point, given "
                f"{data.describe()}. Convert it first, with .to(gnomon.float32)."
            )
        self.operand = data.operand
        state = self.autograd
        if state is not None:
            # An accumulator made before expects gradients of the former shape and dtype.
            state.accumulator = None

    @property
    def _version(self) -> int:
        """How often the storage was written to, through any of the tensors that share it."""
        if self.made_for_inference:
            raise RuntimeError(
                "Inference tensors do not track version counter. clone() it outside inference "
                "mode."
            )
        return self.operand.storage.version

    def _is_view(self) -> bool:
        """Return whether the tensor shares its history with the tensor it is a view of."""
        return self.autograd is not None and self.autograd.view is not None

    @property
    def _base(self) -> Self | None:
        """The tensor this one is a view of; None if it is no view."""
        state = self.autograd
        return None if state is None or state.view is None else cast("Self", state.view.base)

    def is_inference(self) -> bool:
        """Return whether the tensor was made in inference mode, outside every graph."""
        return self.made_for_inference
