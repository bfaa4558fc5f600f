"""TensorCore: an operand and its place in the graph of derivatives; nothing that needs an
operation.
"""

from __future__ import annotations

import weakref
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, final

from gnomon.hooks import RemovableHandle

if TYPE_CHECKING:
    from typing import Self

    from gnomon.backend import Operand
    from gnomon.devices import Device
    from gnomon.dtypes import DType

_sequence = count()


class Edge(NamedTuple):
    """A way from a node to the node that made one of its inputs, as that node's output number
    ``output``.
    """

    node: Node
    output: int


class InputMetadata(NamedTuple):
    """What a gradient must look like to be handed to an output of a node."""

    shape: tuple[int, ...]
    dtype: DType
    device: Device


Cotangents = Sequence["TensorCore | None"]
#: ``(cotangents of the inputs, those of the outputs) -> other ones of the inputs, or None``
NodeHook = Callable[[Cotangents, Cotangents], "Cotangents | TensorCore | None"]
#: ``(cotangents of the outputs) -> other ones, or None``
NodePrehook = Callable[[Cotangents], "Cotangents | TensorCore | None"]
#: ``(cotangent) -> another one, or None``; called with None where no cotangent arrives.
TensorHook = Callable[["TensorCore | None"], "TensorCore | None"]


# Abstract by its abstract methods alone, as TensorCore: an ABC would make each ``isinstance`` a
# call of Python code, and a backward pass asks several times for each node.
class Node:
    """One step of the graph: turns cotangents of an operation's outputs into those of its
    inputs.
    """

    __slots__ = (
        "__weakref__",
        "_metadata",
        "edges",
        "hooks",
        "outputs",
        "prehooks",
        "retain_hooks",
        "sequence",
        "tensor_hooks",
        "trace",
    )

    def __init__(
        self, edges: tuple[Edge | None, ...], outputs: tuple[InputMetadata, ...]
    ) -> None:
        self.edges = edges
        self.outputs = outputs
        self.sequence = next(_sequence)
        self._metadata: dict[str, object] | None = None
        self.hooks: OrderedDict[int, NodeHook] | None = None
        self.prehooks: OrderedDict[int, NodePrehook] | None = None
        self.tensor_hooks: dict[int, OrderedDict[int, TensorHook]] | None = None
        self.retain_hooks: dict[int, weakref.ref[TensorCore]] | None = None
        #: The forward call that made the node, if it was recorded in anomaly mode.
        self.trace: str | None = None

    @abstractmethod
    def name(self) -> str:
        """Return the name PyTorch gives the node, such as ``MulBackward0``."""

    @abstractmethod
    def backward(self, cotangents: Cotangents) -> Cotangents:
        """Return one cotangent per edge, None for "no gradient"."""

    @abstractmethod
    def release(self) -> None:
        """Let go of what was saved for ``backward``, which raises when it misses it."""

    @property
    def is_released(self) -> bool:
        """Whether ``backward`` would miss what was saved."""
        return False

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes this one hands its results to, each with the number of their output."""
        return tuple((edge.node, edge.output) if edge else (None, 0) for edge in self.edges)

    @property
    def metadata(self) -> dict[str, object]:
        """A place for notes of the user's own."""
        if self._metadata is None:
            self._metadata = {}
        return self._metadata

    def register_hook(self, fn: NodeHook) -> RemovableHandle:
        """Call ``fn(grad_inputs, grad_outputs)`` after the node has run.

        What it returns, unless None, replaces the cotangents of the inputs.
        """
        if self.hooks is None:
            self.hooks = OrderedDict()
        handle = RemovableHandle(self.hooks)
        self.hooks[handle.id] = fn
        return handle

    def register_prehook(self, fn: NodePrehook) -> RemovableHandle:
        """Call ``fn(grad_outputs)`` before the node runs.

        What it returns, unless None, replaces the cotangents of the outputs.
        """
        if self.prehooks is None:
            self.prehooks = OrderedDict()
        handle = RemovableHandle(self.prehooks)
        self.prehooks[handle.id] = fn
        return handle

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class ViewKind(Enum):
    """How a view came about, which decides whether it may be written to in place."""

    DIFFERENTIABLE = "differentiable"
    NO_GRAD = "created in no_grad mode"
    MULTIPLE = "one of several views a function returned"
    CUSTOM = "created inside a custom Function"
    INFERENCE = "created in inference mode"


class ViewRelation:
    """That a tensor is a view: of which base, how made, and for which version its node was
    made.
    """

    __slots__ = ("base", "kind", "remake", "version")

    def __init__(
        self,
        base: TensorCore,
        kind: ViewKind,
        version: int,
        remake: Callable[[TensorCore, TensorCore], Node],
    ) -> None:
        """``remake(base, view)`` gives the view a node again after the base was written to."""
        self.base = base
        self.kind = kind
        self.version = version
        self.remake = remake


@final
class AutogradState:
    """A tensor's place in the graph; tensors outside any graph have none."""

    __slots__ = (
        "accumulator",
        "grad",
        "node",
        "output_index",
        "post_accumulate_hooks",
        "requires_grad",
        "retains_grad",
        "tensor_hooks",
        "view",
    )

    def __init__(self) -> None:
        self.requires_grad = False
        self.node: Node | None = None
        self.output_index = 0
        self.grad: TensorCore | None = None
        self.accumulator: weakref.ref[Node] | None = None
        self.view: ViewRelation | None = None
        self.tensor_hooks: OrderedDict[int, TensorHook] | None = None
        self.post_accumulate_hooks: OrderedDict[int, Callable[[TensorCore], None]] | None = None
        self.retains_grad = False


# Abstract by its abstract method alone, as Node: each operation asks for it several times.
class TensorCore:
    """What every tensor is: an operand, and its place in the graph if it has one."""

    operand: Operand
    autograd: AutogradState | None = None
    #: A Python number in tensor form: it takes part in promotion as a Python number does.
    is_wrapped_number: bool = False
    #: False for ``.data``, whose writes the version counter does not see.
    counts_writes: bool = True
    #: Made in inference mode: it takes no part in any graph, for good.
    made_for_inference: bool = False

    @abstractmethod
    def like(self, operand: Operand) -> Self:
        """Return a tensor of the same kind over ``operand``, outside any graph."""

    def autograd_state(self) -> AutogradState:
        """Return the tensor's place in the graph, made on demand."""
        state = self.autograd
        if state is None:
            state = self.autograd = AutogradState()
        return state

    @property
    def tracked(self) -> bool:
        """Whether a gradient can flow to this tensor (``requires_grad``)."""
        state = self.autograd
        return state is not None and (
            state.requires_grad
            or state.node is not None
            or (state.view is not None and state.view.base.tracked)
        )

    def describe(self) -> str:
        """Return dtype and shape, as error messages show them."""
        return self.operand.describe()
