"""Looking at the graph, and changing how it keeps tensors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple
from weakref import WeakKeyDictionary

from gnomon.backend import Backend
from gnomon.core import Node, TensorCore
from gnomon.devices import CPU
from gnomon.graph.edges import accumulator_of, gradient_node
from gnomon.graph.modes import BackwardPass, SavedTensorHooks, modes
from gnomon.hooks import RemovableHandle
from gnomon.op.copying import to_backend
from gnomon.registry import backend_for
from gnomon.tensor import Tensor

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "saved_tensors_hooks",
    "save_on_cpu",
    "disable_saved_tensors_hooks",
    "register_multi_grad_hook",
    "Node",
    "GradientEdge",
    "get_gradient_edge",
    "increment_version",
]


class GradientEdge(NamedTuple):
    """Where the gradient of a tensor goes: to output ``output_nr`` of ``node``."""

    node: Node
    output_nr: int


def get_gradient_edge(tensor: TensorCore) -> GradientEdge:
    """Return where the gradient of ``tensor`` goes.

    Raises RuntimeError when it does not require grad.
    """
    if not tensor.tracked:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            f"gradients, given {tensor.describe()}. Call requires_grad_() on it first."
        )
    node = gradient_node(tensor)
    if node is None:
        return GradientEdge(accumulator_of(tensor), 0)
    return GradientEdge(node, tensor.autograd_state().output_index)


def increment_version(tensor: TensorCore | Sequence[TensorCore]) -> None:
    """Count a write to ``tensor`` that gnomon did not see, so that ``backward`` notices it."""
    for written in (tensor,) if isinstance(tensor, TensorCore) else tensor:
        written.operand.storage.count_writes()


class saved_tensors_hooks:
    """In this context, ``pack_hook`` decides what is kept of each tensor that is saved for
    backward, and ``unpack_hook`` makes the tensor of it again.

    Of nested contexts the innermost counts.
    """

    def __init__(
        self,
        pack_hook: Callable[[Tensor], object],
        unpack_hook: Callable[[object], Tensor],
    ) -> None:
        # Saved tensors are those of the program, which are Tensors.
        self._hooks = SavedTensorHooks(pack_hook, unpack_hook)  # type: ignore[arg-type]
        self._previous: list[SavedTensorHooks | None] = []

    def __enter__(self) -> None:
        if modes.saved_tensor_hooks_refusal is not None:
            raise RuntimeError(modes.saved_tensor_hooks_refusal)
        self._previous.append(modes.saved_tensor_hooks)
        modes.saved_tensor_hooks = self._hooks

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        modes.saved_tensor_hooks = self._previous.pop()


class save_on_cpu(saved_tensors_hooks):
    """In this context, tensors are kept for backward in the CPU's memory and come back to their
    device when needed.

    Memory of the CPU is never pinned: ``pin_memory=True`` raises RuntimeError.
    """

    def __init__(self, pin_memory: bool = False) -> None:
        if pin_memory:
            raise RuntimeError(
                "save_on_cpu: gnomon has no pinned memory. Leave pin_memory=True away."
            )
        super().__init__(_to_host, _from_host)


def _to_host(tensor: Tensor) -> tuple[Tensor, Backend]:
    return to_backend(tensor, backend_for(CPU)), tensor.operand.storage.backend


def _from_host(packed: object) -> Tensor:
    assert isinstance(packed, tuple)
    tensor, backend = packed
    assert isinstance(tensor, Tensor)
    return to_backend(tensor, backend)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """In this context, entering :class:`saved_tensors_hooks` raises RuntimeError with this
    message.
    """
    previous = modes.saved_tensor_hooks_refusal
    modes.saved_tensor_hooks_refusal = error_message
    try:
        yield
    finally:
        modes.saved_tensor_hooks_refusal = previous


class _MultipleHandle(RemovableHandle):
    """The one handle of several hooks."""

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor],
    fn: Callable[[Sequence[Tensor | None]], None] | Callable[[Tensor], None],
    *,
    mode: Literal["all", "any"] = "all",
) -> RemovableHandle:
    """Call ``fn`` once in every backward pass that computes gradients of some of ``tensors``.

    ``all``: with the list of gradients, None for tensors the pass does not reach, when the last
    has been computed. ``any``: with the first gradient.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"register_multi_grad_hook: mode is 'all' or 'any', given {mode!r}.")
    lock = threading.Lock()
    # Of every running pass: the gradients so far, and how many are to come. A pass that failed
    # halfway leaves its entry behind until the pass object itself goes.
    progress: WeakKeyDictionary[BackwardPass, _Progress] = WeakKeyDictionary()
    nodes = [get_gradient_edge(tensor).node for tensor in tensors]

    def hook_of(index: int) -> Callable[[Tensor], None]:
        def hook(gradient: Tensor) -> None:
            running = modes.backward_pass
            assert running is not None
            with lock:
                state = progress.get(running)
                if state is None:
                    expected = sum(map(running.will_run, nodes))
                    state = progress[running] = _Progress([None] * len(tensors), expected)
                state.gradients[index] = gradient
                state.remaining -= 1
                first, last = not state.called, state.remaining == 0
                state.called = True
            if mode == "any" and first:
                fn(gradient)  # type: ignore[arg-type]  # the mode says which of the two fn is
            elif mode == "all" and last:
                fn(state.gradients)  # type: ignore[arg-type]  # as above

        return hook

    return _MultipleHandle(
        [tensor.register_hook(hook_of(index)) for index, tensor in enumerate(tensors)]
    )


class _Progress:
    """What one pass has computed of the gradients a hook waits for."""

    def __init__(self, gradients: list[Tensor | None], remaining: int) -> None:
        self.gradients = gradients
        self.remaining = remaining
        self.called = False
