"""The base class of optimizers: parameter groups, steps with hooks, state dicts.

>>> import gnomon as torch
>>> weight = torch.tensor([1.0, 2.0], requires_grad=True)
>>> optimizer = torch.optim.SGD([weight], lr=0.1)
>>> (weight * weight).sum().backward()
>>> optimizer.step()
>>> weight
tensor([0.8000, 1.6000], requires_grad=True)
"""

from __future__ import annotations

import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import chain
from typing import ClassVar, Concatenate, ParamSpec, Protocol, TypeVar, cast, final

from gnomon.errors import explain
from gnomon.graph.modes import modes
from gnomon.graph.notes import Glance, Items
from gnomon.hooks import Hook, RemovableHandle
from gnomon.optim.groups import (
    Group,
    Parameters,
    complete,
    groups_of,
    parameters_of,
)
from gnomon.optim.groups import required as required
from gnomon.optim.saving import Memory, StateDict, packed, unpacked

P = ParamSpec("P")
R = TypeVar("R")
Result = TypeVar("Result", covariant=True)

#: The positional and the keyword arguments of a call of ``step``, the optimizer first.
Arguments = tuple[object, ...]
KeywordArguments = dict[str, object]
PreHook = Callable[
    ["Optimizer", Arguments, KeywordArguments], tuple[Arguments, KeywordArguments] | None
]
PostHook = Callable[["Optimizer", Arguments, KeywordArguments], None]
#: Called with the optimizer.
Notice = Callable[["Optimizer"], None]
#: Called with the optimizer and a state dict; may return another one.
Rewriting = Callable[["Optimizer", StateDict], StateDict | None]


@final
class Attributes:
    """What a step finds in an optimizer, which this does not keep alive."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = weakref.ref(optimizer)

    def __iter__(self) -> Iterator[object]:
        optimizer = self._optimizer()
        return iter(() if optimizer is None else (optimizer.param_groups, optimizer.state))


class Step(Protocol[Result]):
    """A step of an optimizer, called with whatever arguments the hooks decided on."""

    def __call__(self, *args: object, **kwargs: object) -> Result: ...


_pre_hooks_of_all: OrderedDict[int, PreHook] = OrderedDict()
_post_hooks_of_all: OrderedDict[int, PostHook] = OrderedDict()


def register_optimizer_step_pre_hook(hook: PreHook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of every optimizer.

    What it returns, unless None, replaces the arguments of ``step``.
    """
    return _registered(_pre_hooks_of_all, hook)


def register_optimizer_step_post_hook(hook: PostHook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of every optimizer."""
    return _registered(_post_hooks_of_all, hook)


def _registered(
    hooks: OrderedDict[int, Hook], hook: Hook, prepend: bool = False
) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _with_hooks(
    step: Callable[Concatenate[Optimizer, P], R],
) -> Callable[Concatenate[Optimizer, P], R]:
    """Return ``step`` with the hooks called around it; once, when it calls an inherited one."""

    @wraps(step)
    def hooked(self: Optimizer, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._stepping:
            return step(self, *args, **kwargs)
        self._stepping = self.stepped = True
        if modes.notes is not None:
            modes.notes.rely_on(self, self._options, self._look)
            modes.notes.keep_steady(self._rates)
        try:
            return self._hooked_step(
                cast("Step[R]", step), (self, *args), cast("KeywordArguments", kwargs)
            )
        finally:
            self._stepping = False

    return hooked


class Optimizer:
    """The base of all optimizers; a subclass defines ``step``.

    ``params`` are tensors, ``(name, tensor)`` pairs, or dicts of ``params`` and the options
    that differ for them; ``defaults`` are the options of groups that say nothing else. Raises
    TypeError and ValueError where these are no parameters, as ``add_param_group`` does.

    ``param_groups`` are the groups, ``state`` what is remembered of each parameter.
    """

    def __init__(self, params: Parameters, defaults: Group) -> None:
        self.defaults = defaults
        self.state: Memory = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._begin()
        for group in groups_of(params):
            self.add_param_group(group)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "step" in cls.__dict__:
            # A method of any signature is replaced by one of the same signature.
            cls.step = _with_hooks(cls.step)  # type: ignore[assignment, method-assign]

    def _begin(self) -> None:
        """Start without hooks and before the first step, as an unpickled optimizer does too."""
        #: Whether a step has been taken, which schedulers of the learning rate ask.
        self.stepped = False
        self._stepping = False
        self._pre_hooks: OrderedDict[int, PreHook] = OrderedDict()
        self._post_hooks: OrderedDict[int, PostHook] = OrderedDict()
        self._before_saving: OrderedDict[int, Notice] = OrderedDict()
        self._after_saving: OrderedDict[int, Rewriting] = OrderedDict()
        self._before_loading: OrderedDict[int, Rewriting] = OrderedDict()
        self._after_loading: OrderedDict[int, Notice] = OrderedDict()

    def __getstate__(self) -> dict[str, object]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, object]) -> None:
        if "defaults" in state:
            self._begin()
        self.__dict__.update(state)
        # A state dict may come from a PyTorch that did not have all of today's options.
        for group in self.param_groups:
            for name, default in self.defaults.items():
                group.setdefault(name, default)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.extend(["", f"Parameter Group {number}"] if number else ["Parameter Group 0"])
            lines.extend(
                f"    {name}: {group[name]}" for name in sorted(group) if name != "params"
            )
        return "\n".join([*lines, ")"])

    def add_param_group(self, param_group: Group) -> None:
        """Optimize the tensors in ``param_group["params"]`` too, with the options it gives.

        Raises TypeError when the group is no dict or its parameters are no tensors or a set;
        ValueError when one is not a leaf or belongs to a group already, or when an option that
        has no default is missing.
        """
        if not isinstance(param_group, dict):
            raise TypeError(
                explain(
                    "add_param_group",
                    f"param_group must be a dict, but got {type(param_group).__name__}",
                )
            )
        complete(param_group, self.defaults, self.param_groups)
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or set them to zero in place.

        Zeroed gradients are detached from the graph that computed them.
        """
        for parameter in chain.from_iterable(map(parameters_of, self.param_groups)):
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                if parameter.grad.grad_fn is None:
                    parameter.grad.requires_grad_(False)
                else:
                    parameter.grad.detach_()
                parameter.grad.zero_()

    def step(self, closure: Callable[[], R] | None = None) -> R | None:
        """Change the parameters once; return what ``closure``, which computes the loss, does.

        Raises NotImplementedError: the formula is the subclass's.
        """
        raise NotImplementedError(
            explain(
                f"{type(self).__name__}.step",
                "an optimizer must define how it steps",
                remedy="Define step(self, closure=None)",
            )
        )

    def _hooked_step(self, step: Step[R], args: Arguments, kwargs: KeywordArguments) -> R:
        for before in chain(_pre_hooks_of_all.values(), self._pre_hooks.values()):
            changed: object = before(self, args, kwargs)
            if changed is None:
                continue
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(
                    explain(
                        f"{type(self).__name__}.step",
                        "a pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {changed}",
                    )
                )
            args, kwargs = changed
        result = step(*args, **kwargs)
        for after in chain(self._post_hooks.values(), _post_hooks_of_all.values()):
            after(self, args, kwargs)
        return result

    #: The options that a recorded step looks up again whenever it is replayed.
    live_options: ClassVar[tuple[str, ...]] = ()

    def _options(self) -> tuple[object, ...]:
        """Return the options that a recorded step relies on, and where its parameters are."""
        return tuple(
            [
                [parameter.operand for parameter in parameters_of(group)]
                if name == "params"
                else group[name]
                for group in self.param_groups
                for name in self._names_in(group)
            ]
        )

    def _look(self, glance: Glance) -> None:
        """Lead ``glance`` to what the options come from."""
        glance.look_at(Attributes(self), self.param_groups)
        for group in self.param_groups:
            parameters = parameters_of(group)
            glance.look_at(group, Items(group, self._names_in(group)), parameters)
            glance.locate(parameters)

    def _names_in(self, group: Group) -> list[str]:
        """Return which options a recorded step relies on."""
        return [name for name in group if name not in (*self.live_options, "initial_lr")]

    def _rates(self) -> tuple[object, ...]:
        """Return the options that a call with a step in it must not change."""
        return tuple(
            [group.get(name) for group in self.param_groups for name in self.live_options]
        )

    def state_dict(self) -> StateDict:
        """Return ``state`` and ``param_groups``, with numbers in place of the parameters.

        The values are the optimizer's own; copy them to keep them as they are.
        """
        for notice in self._before_saving.values():
            notice(self)
        state_dict = packed(self.param_groups, self.state)
        return self._rewritten(state_dict, self._after_saving)

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Go on from what ``state_dict`` returned, here or in PyTorch.

        Tensors of the state are moved to the device of their parameter, and converted to its
        dtype where it is floating-point. Raises ValueError when the groups differ in size.
        """
        state_dict = self._rewritten(state_dict.copy(), self._before_loading)
        groups, state = unpacked(state_dict, self.param_groups)
        self.__setstate__({"state": state, "param_groups": groups})
        for notice in self._after_loading.values():
            notice(self)

    def _rewritten(
        self, state_dict: StateDict, hooks: OrderedDict[int, Rewriting]
    ) -> StateDict:
        for rewriting in hooks.values():
            rewritten = rewriting(self, state_dict)
            if rewritten is not None:
                state_dict = rewritten
        return state_dict

    def register_step_pre_hook(self, hook: PreHook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step.

        What it returns, unless None, replaces the arguments of ``step``, of which the
        optimizer is the first.
        """
        return _registered(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: PostHook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return _registered(self._post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Notice, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before ``state_dict``, ahead of others if ``prepend``."""
        return _registered(self._before_saving, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Rewriting, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on what ``state_dict`` is about to return.

        What the hook returns, unless None, is returned instead.
        """
        return _registered(self._after_saving, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Rewriting, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on a shallow copy of what is to be loaded.

        What the hook returns, unless None, is loaded instead.
        """
        return _registered(self._before_loading, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Notice, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after ``load_state_dict``."""
        return _registered(self._after_loading, hook, prepend)
