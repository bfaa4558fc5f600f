"""Calling a module: its forward computation among its hooks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, TypeVar, cast

from gnomon.core import Cotangents
from gnomon.graph.edges import gradient_node
from gnomon.graph.modes import modes
from gnomon.graph.notes import Glance
from gnomon.hooks import RemovableHandle
from gnomon.nn.modules import global_hooks as everywhere
from gnomon.nn.modules.backward_hooks import BackwardHooks
from gnomon.nn.modules.core import Hook, ModuleCore
from gnomon.nn.modules.global_hooks import add_hook
from gnomon.tensor import Tensor

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


def _standing(module: ModuleCore) -> tuple[object, ...]:
    """Return what a recorded call of ``module`` relies on: its options and its mode, which
    modules it has, and where its tensors are.
    """
    tensors = [*module._parameters.values(), *module._buffers.values()]
    return (
        *[value for value in vars(module).values() if isinstance(value, _OPTIONS)],
        *module._modules.values(),
        *[None if each is None else each.operand for each in tensors],
    )


def _look(module: ModuleCore, glance: Glance) -> None:
    """Lead ``glance`` to what ``_standing`` comes from."""
    tensors = (module._parameters.values(), module._buffers.values())
    glance.look_at(vars(module).values(), module._modules.values(), *tensors)
    glance.locate([each for each in chain(*tensors) if each is not None])


#: Of which types the options of layers are, such as a probability, a padding or a mode.
_OPTIONS: Final = (int, float, str, tuple, type(None))


class HasForward(Protocol[P, R_co]):
    """A module whose ``forward`` has the parameters ``P``: those of calling it."""

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


class CallingMethods(ModuleCore):
    """The call, and the hooks before and after the forward and the backward computation."""

    if TYPE_CHECKING:
        # Each layer's forward has parameters of its own, which those of the call follow.
        forward: Callable[..., object]
    else:

        def forward(self, *input: object) -> object:
            """Compute the module's result; what a subclass defines."""
            raise NotImplementedError(
                f'Module [{type(self).__name__}] is missing the required "forward" function. '
                "Define forward() in the class."
            )

    def __call__(self: HasForward[P, R_co], *args: P.args, **kwargs: P.kwargs) -> R_co:
        assert isinstance(self, CallingMethods)
        if modes.notes is not None:
            modes.notes.rely_on(self, partial(_standing, self), partial(_look, self))
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or any(everywhere.CALL_HOOKS)
        ):
            return cast(R_co, self._call_with_hooks(args, kwargs))
        return self.forward(*args, **kwargs)

    def _call_with_hooks(
        self, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> object:
        hooks = _ForwardHooks(self)
        try:
            return self._hooked(hooks, args, kwargs)
        except Exception:
            hooks.call_remaining()
            raise

    def _hooked(
        self, hooks: _ForwardHooks, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> object:
        args, kwargs = self._before(args, kwargs)
        backward = self._backward_hooks_of_call()
        if backward is not None:
            args = backward.watch_inputs(args)
        hooks.args, hooks.kwargs = args, kwargs
        hooks.result = self.forward(*args, **kwargs)
        hooks.call()
        result = hooks.result
        if backward is not None:
            if not isinstance(result, Tensor | tuple):
                warnings.warn(
                    "For backward hooks to be called, module output should be a Tensor or a "
                    f"tuple of Tensors but received {type(result)}.",
                    UserWarning,
                    stacklevel=4,
                )
            result = backward.watch_outputs(result)
        self._watch_last_node(result)
        return result

    def _before(
        self, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> tuple[tuple[object, ...], Mapping[str, object]]:
        """Return the arguments as the forward pre-hooks leave them."""
        for identifier, hook in (
            *everywhere.forward_pre_hooks.items(),
            *self._forward_pre_hooks.items(),
        ):
            if identifier in self._forward_pre_hooks_with_kwargs:
                returned = hook(self, args, kwargs)
                if returned is None:
                    continue
                if not isinstance(returned, tuple) or len(returned) != 2:
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, "
                        f"new_kwargs), but got {returned}."
                    )
                args, kwargs = returned
            else:
                returned = hook(self, args)
                if returned is not None:
                    args = returned if isinstance(returned, tuple) else (returned,)
        return args, kwargs

    def _backward_hooks_of_call(self) -> BackwardHooks | None:
        prehooks = [*everywhere.backward_pre_hooks.values()]
        prehooks.extend(self._backward_pre_hooks.values())
        hooks = list(everywhere.full_backward_hooks.values())
        if self._is_full_backward_hook is True:
            hooks.extend(self._backward_hooks.values())
        return BackwardHooks(self, hooks, prehooks) if hooks or prehooks else None

    def _watch_last_node(self, result: object) -> None:
        """Put the hooks of the older kind, which see one node's gradients, on the last node."""
        hooks = list(everywhere.backward_hooks.values())
        if self._is_full_backward_hook is False:
            hooks.extend(self._backward_hooks.values())
        tensor = _first_tensor(result) if hooks else None
        node = None if tensor is None else gradient_node(tensor)
        if node is not None:
            for hook in hooks:
                node.register_hook(_OfModule(hook, self))

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)``, or ``hook(module, args, kwargs)``, before ``forward``.

        What it returns, unless None, replaces the arguments: one, or a tuple; with
        ``with_kwargs`` a tuple and a dictionary. ``prepend`` puts it before the others.
        """
        flags = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return add_hook(self._forward_pre_hooks, hook, flags, prepend)

    def register_forward_hook(
        self,
        hook: Hook,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after ``forward``, or with ``with_kwargs``
        ``hook(module, args, kwargs, output)``.

        What it returns, unless None, replaces the output. ``always_call`` calls it after an
        exception as well.
        """
        flags = [self._forward_hooks_with_kwargs] if with_kwargs else []
        if always_call:
            flags.append(self._forward_hooks_always_called)
        return add_hook(self._forward_hooks, hook, flags, prepend)

    def register_full_backward_pre_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs arrive.

        What it returns, unless None, replaces them.
        """
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs have
        been computed; what it returns, unless None, replaces those.

        Raises RuntimeError beside a hook of ``register_backward_hook``.
        """
        self._set_kind_of_backward_hooks(full=True)
        return add_hook(self._backward_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` with the gradients of the last node of
        ``forward``; deprecated, ``register_full_backward_hook`` gives those of the module.
        """
        self._set_kind_of_backward_hooks(full=False)
        return add_hook(self._backward_hooks, hook)

    def _set_kind_of_backward_hooks(self, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single "
                "Module. Please use only one of them."
            )
        self._is_full_backward_hook = full


class _ForwardHooks:
    """The forward hooks of one call, each of which runs at most once."""

    def __init__(self, module: CallingMethods) -> None:
        self.module = module
        self.args: tuple[object, ...] = ()
        self.kwargs: Mapping[str, object] = {}
        self.result: object = None
        self._waiting = {**everywhere.forward_hooks, **module._forward_hooks}
        self._with_kwargs = {
            *everywhere.forward_hooks_with_kwargs,
            *module._forward_hooks_with_kwargs,
        }

    def call(self) -> None:
        """Call the hooks in turn, each with the result that the one before has left."""
        for identifier in list(self._waiting):
            returned = self._called(identifier)
            if returned is not None:
                self.result = returned

    def call_remaining(self) -> None:
        """Call the hooks that are to run after an exception as well, without hiding it."""
        always = self.module._forward_hooks_always_called
        for identifier in list(self._waiting):
            if identifier in always or identifier in everywhere.forward_hooks_always_called:
                try:
                    self._called(identifier)
                except Exception as error:
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception "
                        f"that was silenced as another error was raised in forward: {error}.",
                        UserWarning,
                        stacklevel=4,
                    )

    def _called(self, identifier: int) -> object:
        hook = self._waiting.pop(identifier)
        given = (self.args, self.kwargs) if identifier in self._with_kwargs else (self.args,)
        return hook(self.module, *given, self.result)


class _OfModule:
    """A hook of a module as one of a node."""

    def __init__(self, hook: Hook, module: ModuleCore) -> None:
        self._hook = hook
        self._module = module

    def __call__(self, grad_inputs: Cotangents, grad_outputs: Cotangents) -> Cotangents | None:
        returned = self._hook(self._module, tuple(grad_inputs), tuple(grad_outputs))
        return cast("Cotangents | None", returned)


def _first_tensor(result: object) -> Tensor | None:
    """Return the first tensor in nested dictionaries and sequences, if there is one."""
    while not isinstance(result, Tensor):
        values = result.values() if isinstance(result, Mapping) else result
        if not isinstance(values, Iterable) or isinstance(values, str | bytes):
            return None
        result = next(iter(values), None)
    return result
