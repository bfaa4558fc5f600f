"""Hooks of every module there is, for debugging and profiling."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from gnomon.hooks import RemovableHandle
from gnomon.nn.modules.core import (
    Hook,
    Hooks,
    buffer_registration_hooks,
    module_registration_hooks,
    parameter_registration_hooks,
)

Flags = OrderedDict[int, bool]

forward_pre_hooks: Hooks = OrderedDict()
forward_hooks: Hooks = OrderedDict()
forward_hooks_with_kwargs: Flags = OrderedDict()
forward_hooks_always_called: Flags = OrderedDict()
backward_pre_hooks: Hooks = OrderedDict()
full_backward_hooks: Hooks = OrderedDict()
backward_hooks: Hooks = OrderedDict()

#: What a call has to look at.
CALL_HOOKS = (
    forward_pre_hooks,
    forward_hooks,
    backward_pre_hooks,
    full_backward_hooks,
    backward_hooks,
)


def add_hook(
    hooks: Hooks, hook: Hook, flags: Sequence[Flags] = (), prepend: bool = False
) -> RemovableHandle:
    """Put ``hook`` into a registry, with a mark in each of ``flags``."""
    handle = RemovableHandle(hooks, extra_dict=flags)
    hooks[handle.id] = hook
    for each in flags:
        each[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, param)`` before any module registers a parameter.

    What it returns, unless None, is registered instead.
    """
    return add_hook(parameter_registration_hooks, hook)


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` before any module registers a buffer.

    What it returns, unless None, is registered instead.
    """
    return add_hook(buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` before any module registers a submodule.

    What it returns, unless None, is registered instead.
    """
    return add_hook(module_registration_hooks, hook)


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, args)`` before any module's ``forward``, and before its own hooks.

    >>> import gnomon as torch
    >>> with register_module_forward_pre_hook(lambda module, args: print(module)):
    ...     _ = torch.nn.Identity()(torch.ones(1))
    Identity()
    """
    return add_hook(forward_pre_hooks, hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after any module's ``forward``, with ``with_kwargs``
    ``hook(module, args, kwargs, output)``; with ``always_call`` after an exception as well.
    """
    flags = [forward_hooks_with_kwargs] if with_kwargs else []
    if always_call:
        flags.append(forward_hooks_always_called)
    return add_hook(forward_hooks, hook, flags)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` when gradients arrive at any module's outputs."""
    return add_hook(backward_pre_hooks, hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when the gradients of any module's inputs
    have been computed.

    Raises RuntimeError beside a hook of ``register_module_backward_hook``.
    """
    _refuse_beside(backward_hooks)
    return add_hook(full_backward_hooks, hook)


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` with the gradients of the last node of any
    module's ``forward``; deprecated for ``register_module_full_backward_hook``.
    """
    _refuse_beside(full_backward_hooks)
    return add_hook(backward_hooks, hook)


def _refuse_beside(others: Hooks) -> None:
    if others:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module "
            "hook. Please use only one of them."
        )
