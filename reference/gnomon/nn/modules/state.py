"""The state of a module as a dictionary of tensors by name, and back."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping
from typing import NamedTuple, TypeAlias, cast

from gnomon.graph.modes import no_grad
from gnomon.hooks import RemovableHandle
from gnomon.nn.modules.core import Hook, ModuleCore
from gnomon.nn.modules.global_hooks import add_hook
from gnomon.nn.parameter import Parameter, is_lazy
from gnomon.tensor import Tensor

StateDict: TypeAlias = "OrderedDict[str, object]"
Metadata: TypeAlias = "dict[str, object]"

_EXTRA_STATE = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """The keys a module lacked in a state, and those it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys!r}, "
            f"unexpected_keys={self.unexpected_keys!r})"
        )


class LoadReport(NamedTuple):
    """What loading a state found wrong, as hooks get to see and change it."""

    missing_keys: list[str]
    unexpected_keys: list[str]
    error_msgs: list[str]


class StateMethods(ModuleCore):
    """Saving and loading of parameters and persistent buffers."""

    def state_dict(
        self,
        *args: object,
        destination: StateDict | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> StateDict:
        """Return parameters and persistent buffers, those of submodules included, by name.

        The tensors share the module's memory; they are detached unless ``keep_vars``. The
        versions of the modules' layouts are in the attribute ``_metadata``.

        >>> import gnomon as torch
        >>> list(torch.nn.Linear(2, 1).state_dict())
        ['weight', 'bias']
        """
        if args:
            warnings.warn(
                "state_dict: positional arguments are deprecated. Name destination, prefix and "
                "keep_vars.",
                FutureWarning,
                stacklevel=2,
            )
            given = (*args, *(destination, prefix, keep_vars)[len(args) :])
            destination, prefix, keep_vars = cast("tuple[StateDict | None, str, bool]", given)
        if destination is None:
            destination = OrderedDict()
            vars(destination)["_metadata"] = OrderedDict()
        own: Metadata = {"version": self._version}
        metadata = _metadata_of(destination)
        if metadata is not None:
            metadata[prefix[:-1]] = own
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, child in self._modules.items():
            if isinstance(child, StateMethods):
                child.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, own)
            if result is not None:
                if getattr(hook, "_from_public_api", False):
                    raise RuntimeError("state_dict post-hook must return None.")
                destination = cast(StateDict, result)
        return destination

    def _save_to_state_dict(self, destination: StateDict, prefix: str, keep_vars: bool) -> None:
        """Add this module's own entries, not those of submodules."""
        for name, tensor in self._own_state():
            if tensor is not None:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not StateMethods.get_extra_state:
            destination[prefix + _EXTRA_STATE] = self.get_extra_state()

    def _own_state(self) -> Iterator[tuple[str, Tensor | None]]:
        yield from self._parameters.items()
        for name, buffer in self._buffers.items():
            if name not in self._non_persistent_buffers_set:
                yield name, buffer

    def get_extra_state(self) -> object:
        """Return what else belongs in ``state_dict``; for subclasses to define."""
        raise RuntimeError(
            f"get_extra_state: {type(self).__name__} has no extra state. Define "
            "get_extra_state() and set_extra_state()."
        )

    def set_extra_state(self, state: object) -> None:
        """Take over what ``get_extra_state`` returned; for subclasses to define."""
        raise RuntimeError(
            f"set_extra_state: {type(self).__name__} has no extra state. Define "
            "get_extra_state() and set_extra_state()."
        )

    def load_state_dict(
        self, state_dict: Mapping[str, object], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy parameters and buffers from ``state_dict``; return the keys that do not match.

        ``assign`` takes over the tensors themselves instead of their values. Raises
        RuntimeError, once everything else is loaded, that lists tensors of another shape and,
        if ``strict``, missing and unexpected keys; TypeError for what is no mapping.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        report = LoadReport([], [], [])
        metadata = _metadata_of(state_dict)
        copied = OrderedDict(state_dict)
        if metadata is not None:
            vars(copied)["_metadata"] = metadata
        self._load_tree(copied, "", metadata or {}, assign, report)
        missing, unexpected, errors = report
        if strict:
            # The report names what is missing first.
            for keys, kind in ((unexpected, "Unexpected"), (missing, "Missing")):
                if keys:
                    listed = ", ".join(f'"{key}"' for key in keys)
                    errors.insert(0, f"{kind} key(s) in state_dict: {listed}. ")
        if errors:
            raise RuntimeError(
                "\n\t".join(
                    [f"Error(s) in loading state_dict for {type(self).__name__}:", *errors]
                )
            )
        return IncompatibleKeys(missing, unexpected)

    def _load_tree(
        self,
        state_dict: StateDict,
        prefix: str,
        metadata: MutableMapping[str, Metadata],
        assign: bool,
        report: LoadReport,
    ) -> None:
        """Load this module and those below it from the entries whose keys begin with
        ``prefix``.
        """
        own = metadata.get(prefix[:-1], {})
        if assign:
            own["assign_to_params_buffers"] = True
        # Even in a load that is not strict, the keys that do not match are reported.
        self._load_from_state_dict(state_dict, prefix, own, True, *report)
        for name, child in self._modules.items():
            if isinstance(child, StateMethods):
                below = f"{prefix}{name}."
                part = OrderedDict(
                    (key, value) for key, value in state_dict.items() if key.startswith(below)
                )
                child._load_tree(part, below, metadata, assign, report)
        keys = IncompatibleKeys(report.missing_keys, report.unexpected_keys)
        for hook in self._load_state_dict_post_hooks.values():
            if hook(self, keys) is not None:
                raise AssertionError(
                    "Hooks registered with register_load_state_dict_post_hook must return "
                    "None. Change the keys in place instead."
                )

    def _load_from_state_dict(
        self,
        state_dict: StateDict,
        prefix: str,
        local_metadata: Metadata,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own entries and add to the three lists what is wrong."""
        for hook in self._load_state_dict_pre_hooks.values():
            hook(
                state_dict,
                prefix,
                local_metadata,
                strict,
                missing_keys,
                unexpected_keys,
                error_msgs,
            )
        assign = bool(local_metadata.get("assign_to_params_buffers", False))
        present = {name: tensor for name, tensor in self._own_state() if tensor is not None}
        for name, tensor in present.items():
            key = prefix + name
            if key in state_dict:
                error = self._load_entry(name, key, tensor, state_dict[key], assign)
                if error:
                    error_msgs.append(error)
            elif strict:
                missing_keys.append(key)
        extra = prefix + _EXTRA_STATE
        has_extra_state = type(self).set_extra_state is not StateMethods.set_extra_state
        if has_extra_state and extra in state_dict:
            self.set_extra_state(state_dict[extra])
        elif strict and has_extra_state:
            missing_keys.append(extra)
        elif strict and extra in state_dict:
            unexpected_keys.append(extra)
        if strict:
            for key in state_dict:
                if key.startswith(prefix) and key != extra:
                    first, dot, _ = key[len(prefix) :].partition(".")
                    if first not in (self._modules if dot else present):
                        unexpected_keys.append(key)

    def _load_entry(
        self, name: str, key: str, tensor: Tensor, given: object, assign: bool
    ) -> str | None:
        """Load one tensor; return what is wrong with it, if anything."""
        if not isinstance(given, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or '
                f"Tensor-like object from checkpoint but received {type(given)}"
            )
        if is_lazy(tensor) and is_lazy(given):
            return None
        if not tensor.ndim and given.shape == (1,):
            given = given[0]  # Files written before there were 0-d tensors.
        if given.shape != tensor.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {given.shape} from "
                f"checkpoint, the shape in current model is {tensor.shape}."
            )
        try:
            with no_grad():
                if assign:
                    setattr(self, name, _assignable(given, tensor))
                else:
                    tensor.copy_(given)
        except Exception as error:  # whatever a backend or a subclass raises is reported by key
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model '
                f"are {tensor.size()} and whose dimensions in the checkpoint are "
                f"{given.size()}, an exception occurred : {error.args}."
            )
        return None

    def register_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after ``state_dict``.

        It changes the dictionary in place and returns None.
        """
        vars(hook)["_from_public_api"] = True
        return add_hook(self._state_dict_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before ``state_dict``."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def _register_state_dict_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after ``state_dict``.

        What it returns, unless None, replaces the dictionary.
        """
        return add_hook(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)`` before loading.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Hook, with_module: bool = False
    ) -> RemovableHandle:
        if with_module:
            hook = _WithModule(hook, self)
        return add_hook(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after loading.

        It changes the two lists in place and returns None; keys that it removes are no error.
        """
        return add_hook(self._load_state_dict_post_hooks, hook)


class _WithModule:
    """A hook that gets its module as well; a copy of the module gets the copy."""

    def __init__(self, hook: Hook, module: ModuleCore) -> None:
        self.hook = hook
        self.module = module

    def __call__(self, *args: object) -> object:
        return self.hook(self.module, *args)


def _metadata_of(state_dict: Mapping[str, object]) -> MutableMapping[str, Metadata] | None:
    metadata = getattr(state_dict, "_metadata", None)
    return cast("MutableMapping[str, Metadata] | None", metadata)


def _assignable(given: Tensor, replaced: Tensor) -> Tensor:
    """Return ``given`` as what can stand in the place of ``replaced``."""
    if not isinstance(replaced, Parameter):
        return given
    if isinstance(given, Parameter):
        return given.requires_grad_(replaced.requires_grad)
    return Parameter(given, requires_grad=replaced.requires_grad)
