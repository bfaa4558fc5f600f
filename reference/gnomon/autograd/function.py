"""Operations of the user's own, with a derivative of their own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import FunctionType
from typing import ClassVar, NoReturn

from gnomon.core import Cotangents, InputMetadata, Node, TensorCore, ViewKind, ViewRelation
from gnomon.devices import CPU
from gnomon.dispatch import filled
from gnomon.dtypes import Kind, bool_
from gnomon.graph.anomaly import forward_call
from gnomon.graph.edges import edge_of, metadata_of, recording, set_history
from gnomon.graph.modes import modes, no_grad
from gnomon.graph.nodes import OperationNode
from gnomon.graph.saved import SavedTensor, released
from gnomon.op.in_place import rebase_history
from gnomon.op.output import count_write
from gnomon.op.view import alias_of
from gnomon.registry import backend_for
from gnomon.tensor import Tensor

__all__ = ["Function", "FunctionCtx", "once_differentiable"]

# The place of an output that is no tensor: no gradient ever arrives there.
_NO_TENSOR = InputMetadata((), bool_, CPU)


class FunctionCtx(Node):
    """What ``forward`` hands to ``backward``: saved tensors, and any attribute set on it.

    It is also the node of the graph: ``output.grad_fn``.
    """

    #: Whether each argument of ``apply`` is a tensor that requires grad.
    needs_input_grad: tuple[bool, ...] = ()
    materialize_grads: bool = True
    to_save: Sequence[TensorCore | None] = ()
    dirty_tensors: Sequence[TensorCore] = ()
    non_differentiable: Sequence[TensorCore] = ()
    _function: ClassVar[type[Function]]
    _are_tensors: Sequence[bool] = ()
    _saved: Sequence[SavedTensor | None] | None = ()

    def save_for_backward(self, *tensors: TensorCore | None) -> None:
        """Keep inputs or outputs of ``forward`` for ``backward``, as ``ctx.saved_tensors``."""
        for position, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, TensorCore):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {position} is of "
                    f"type {type(tensor).__name__}. Set other values as attributes of ctx."
                )
        self.to_save = tensors

    def mark_dirty(self, *args: TensorCore) -> None:
        """Declare inputs that ``forward`` has written to in place; it must return them."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: TensorCore) -> None:
        """Declare outputs that have no gradient."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Choose what ``backward`` gets for an output without gradient: zeros, or None."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[TensorCore | None, ...]:
        """What ``save_for_backward`` kept.

        Raises RuntimeError when it was freed by an earlier pass, or was written to since.
        """
        if self._saved is None:
            raise released(self.name())
        return tuple([None if saved is None else saved.unpack(self) for saved in self._saved])

    def name(self) -> str:
        return type(self).__name__

    def backward(self, cotangents: Cotangents) -> Cotangents:
        given = cotangents
        if self.materialize_grads:
            given = [
                _zeros(metadata) if value is None else value
                for value, metadata in zip(cotangents, self.outputs, strict=True)
            ]
        returned = self._function._derivative()(self, *given)
        return self._checked(returned if isinstance(returned, tuple) else (returned,))

    def _checked(self, gradients: tuple[object, ...]) -> Cotangents:
        expected = len(self._are_tensors)
        while len(gradients) > expected and gradients[-1] is None:
            gradients = gradients[:-1]
        if len(gradients) != expected:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{expected}, got {len(gradients)}). Return one per argument of forward, None "
                "for those without."
            )
        checked: list[TensorCore | None] = []
        for position, (gradient, is_tensor) in enumerate(
            zip(gradients, self._are_tensors, strict=True), 1
        ):
            if gradient is not None and not isinstance(gradient, TensorCore):
                raise RuntimeError(
                    f"function {self.name()}: expected Variable or None (got "
                    f"{type(gradient).__name__}) at position {position}."
                )
            if is_tensor:
                checked.append(gradient)
            elif gradient is not None:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at "
                    f"position {position}, but the corresponding forward input was not a "
                    "Variable. Return None for it."
                )
        return checked

    def release(self) -> None:
        if self._saved:
            self._saved = None

    @property
    def is_released(self) -> bool:
        return self._saved is None


def _zeros(metadata: InputMetadata) -> Tensor | None:
    if metadata is _NO_TENSOR:
        return None
    return Tensor.over(filled(backend_for(metadata.device), metadata.shape, metadata.dtype, 0))


def _no_forward(*args: object) -> NoReturn:
    raise NotImplementedError(
        "You must implement the forward function for custom autograd.Function."
    )


def _no_backward(*args: object) -> NoReturn:
    raise NotImplementedError(
        "You must implement either the backward or vjp method for your custom "
        "autograd.Function to use it with backward mode AD."
    )


def _no_setup_context(*args: object) -> NoReturn:
    raise NotImplementedError("setup_context is not implemented.")


class Function:
    """Base of an operation with a derivative of its own.

    A subclass has static methods: ``forward(ctx, *args)``, which computes the result and saves
    in ``ctx`` what the derivative needs, and ``backward(ctx, *grad_outputs)``, which returns
    one gradient per argument, None for those without. Or ``forward(*args)`` only computes, and
    ``setup_context(ctx, inputs, output)`` saves. The operation is called by ``apply``.

    >>> import gnomon as torch
    >>> class Cube(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return grad_output * 3 * x * x
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    # Callables of any signature: that is what a subclass chooses.
    forward: ClassVar[Callable[..., object]] = staticmethod(_no_forward)
    backward: ClassVar[Callable[..., object]] = staticmethod(_no_backward)
    vjp: ClassVar[Callable[..., object]] = staticmethod(_no_backward)
    setup_context: ClassVar[Callable[..., object]] = staticmethod(_no_setup_context)
    _node_class: ClassVar[type[FunctionCtx]] = FunctionCtx

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._node_class = type(
            f"{cls.__name__}Backward",
            (FunctionCtx,),
            {"_function": cls, "__module__": cls.__module__},
        )

    def __init__(self) -> None:
        warnings.warn(
            f"{type(self).__name__} should not be instantiated. Methods on autograd functions "
            "are all static: call apply() on the class itself.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: object) -> NoReturn:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated, given "
            f"{type(self).__name__}. Use static methods, and call "
            f"{type(self).__name__}.apply()."
        )

    @classmethod
    def _derivative(cls) -> Callable[..., object]:
        return cls.vjp if cls.backward is _no_backward else cls.backward

    @classmethod
    def apply(cls, *args: object, **kwargs: object) -> object:
        """Call the operation: ``forward`` without recording, then one node for all of it.

        Raises RuntimeError when ``forward`` does not return what it marked as written to.
        """
        separate = cls.setup_context is not _no_setup_context
        if kwargs or separate:
            args = _bound(cls.forward, args, kwargs, 0 if separate else 1)
        tensors = [value for value in args if isinstance(value, TensorCore)]
        records = recording(*tensors)
        edges = [edge_of(value) if records else None for value in tensors]
        node = cls._node_class(tuple(edges), ())
        node.needs_input_grad = tuple(
            [isinstance(value, TensorCore) and value.tracked for value in args]
        )
        node._are_tensors = [isinstance(value, TensorCore) for value in args]
        if records and modes.anomaly:
            node.trace = forward_call()
        with no_grad():
            if separate:
                output = cls.forward(*args)
                cls.setup_context(node, args, output)
            else:
                output = cls.forward(node, *args)
        outputs = output if isinstance(output, tuple) else (output,)
        outputs = _connected(node, tensors, outputs, records)
        return outputs if isinstance(output, tuple) else outputs[0]


def _connected(
    node: FunctionCtx,
    inputs: Sequence[TensorCore],
    outputs: tuple[object, ...],
    records: bool,
) -> tuple[object, ...]:
    """Make the differentiable outputs those of ``node``, and save what it wants saved."""
    dirty = {id(tensor) for tensor in node.dirty_tensors}
    if dirty - {id(output) for output in outputs}:
        raise RuntimeError(
            f"{node.name()}: Some elements marked as dirty during the forward method were not "
            "returned as output. The inputs that are modified inplace must all be outputs of "
            "the Function."
        )
    for tensor in node.dirty_tensors:
        count_write(tensor)
    constant = {id(tensor) for tensor in node.non_differentiable}
    given = {id(tensor) for tensor in inputs}
    node.outputs = tuple(
        [
            metadata_of(value) if isinstance(value, TensorCore) else _NO_TENSOR
            for value in outputs
        ]
    )
    connected: list[object] = []
    made: dict[int, int] = {}
    views: list[ViewRelation] = []
    for index, value in enumerate(outputs):
        if not isinstance(value, TensorCore):
            connected.append(value)
            continue
        identity = id(value)
        differentiable = (
            records and identity not in constant and value.operand.dtype.kind >= Kind.FLOAT
        )
        if identity in dirty:
            if differentiable:
                _check_dirty(node, value)
                rebase_history(value, node, index)
        else:
            if identity in given:
                with no_grad():
                    value = alias_of(value, value.operand.layout)
            if value.autograd is not None and value.autograd.view is not None:
                value.autograd.view.kind = ViewKind.CUSTOM
                views.append(value.autograd.view)
            if differentiable:
                set_history(value, node, index)
        if differentiable:
            made[identity] = index
        connected.append(value)
    if len(made) > 1:
        for view in views:
            view.kind = ViewKind.MULTIPLE
    if records:
        node._saved = [
            None if tensor is None else SavedTensor(tensor, made.get(id(tensor)))
            for tensor in node.to_save
        ]
    node.to_save = node.dirty_tensors = node.non_differentiable = ()
    return tuple(connected)


def _check_dirty(node: FunctionCtx, tensor: TensorCore) -> None:
    state = tensor.autograd
    if state is None:
        return
    base = tensor if state.view is None else state.view.base
    if base.autograd is not None and base.autograd.requires_grad and base.autograd.node is None:
        raise RuntimeError(
            f"{node.name()}: a leaf Variable that requires grad has been used in an in-place "
            "operation. Write to a clone of it."
        )


def _bound(
    forward: Callable[..., object],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    skipped: int,
) -> tuple[object, ...]:
    """Return positional arguments for ``forward``, whose first ``skipped`` parameters are not
    among them: keywords in their places, and defaults where nothing was given.
    """
    if not isinstance(forward, FunctionType):
        if kwargs:
            raise TypeError("apply() takes keyword arguments only for a forward in Python.")
        return args
    code = forward.__code__
    names = code.co_varnames[skipped : code.co_argcount]
    defaults = dict(zip(reversed(names), reversed(forward.__defaults__ or ()), strict=False))
    unknown = set(kwargs) - set(names[len(args) :])
    if unknown:
        raise TypeError(f"apply() got unexpected keyword arguments {sorted(unknown)}")
    bound = list(args)
    for name in names[len(args) :]:
        if name in kwargs:
            bound.append(kwargs[name])
        elif name in defaults:
            bound.append(defaults[name])
        else:
            raise TypeError(f"apply() misses the argument {name!r}")
    return tuple(bound)


def once_differentiable(
    fn: Callable[..., object],
) -> Callable[..., object]:
    """Decorate a ``backward`` that is not itself differentiable: differentiating its results
    raises RuntimeError instead of giving wrong values.
    """

    @wraps(fn)
    def wrapper(ctx: FunctionCtx, *args: TensorCore | None) -> object:
        with no_grad():
            outputs = fn(ctx, *args)
        if not recording(*args):
            return outputs
        listed = outputs if isinstance(outputs, tuple) else (outputs,)
        tensors = [value for value in listed if isinstance(value, TensorCore)]
        node = OperationNode("Error", args, tensors, (), _refuse_second_derivative)
        fresh = iter(range(len(tensors)))
        result = []
        for value in listed:
            if isinstance(value, TensorCore):
                value = value.like(value.operand)
                set_history(value, node, next(fresh))
            result.append(value)
        return tuple(result) if isinstance(outputs, tuple) else result[0]

    return wrapper


def _refuse_second_derivative(
    cotangents: Cotangents, saved: Sequence[TensorCore | None]
) -> NoReturn:
    raise RuntimeError(
        "trying to differentiate twice a function that was marked with @once_differentiable"
    )
