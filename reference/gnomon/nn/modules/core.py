"""What every module is: named parameters, buffers and submodules, found as attributes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import TypeAlias, TypeVar, cast

from gnomon.nn.parameter import Buffer, Parameter
from gnomon.tensor import Tensor

T = TypeVar("T")

#: A hook is called with what it was registered for: ``(module, args)``, ``(module, args,
#: output)``, and so on, and may name the module's class more narrowly than any one type could.
Hook: TypeAlias = Callable[..., object]
Hooks: TypeAlias = OrderedDict[int, Hook]

#: Hooks ``(module, name, value)`` that see every registration in any module; what they return,
#: unless None, is registered instead.
parameter_registration_hooks: Hooks = OrderedDict()
buffer_registration_hooks: Hooks = OrderedDict()
module_registration_hooks: Hooks = OrderedDict()


class ModuleCore:
    """Registers what is assigned to it: parameters, buffers, modules; gives them back by name.

    Attributes of other kinds are plain ones.
    """

    #: The version of the layout of this class's entries in a ``state_dict``.
    _version: int = 1
    #: Whether ``__init__`` goes on to the next base class, with its arguments.
    call_super_init: bool = False

    training: bool
    _parameters: dict[str, Tensor | None]
    _buffers: dict[str, Tensor | None]
    _non_persistent_buffers_set: set[str]
    _backward_pre_hooks: Hooks
    _backward_hooks: Hooks
    _is_full_backward_hook: bool | None
    _forward_hooks: Hooks
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: Hooks
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]
    _state_dict_hooks: Hooks
    _state_dict_pre_hooks: Hooks
    _load_state_dict_pre_hooks: Hooks
    _load_state_dict_post_hooks: Hooks
    _modules: dict[str, ModuleCore | None]

    def __init__(self, *args: object, **kwargs: object) -> None:
        if not self.call_super_init and (args or kwargs):
            rule = (
                f"takes 1 positional argument but {len(args) + 1} were given"
                if args
                else f"got an unexpected keyword argument {next(iter(kwargs))!r}"
            )
            raise TypeError(f"{type(self).__name__}.__init__() {rule}")
        # Names, order and kinds are PyTorch's, for programs that read __dict__ and for pickles.
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _backward_pre_hooks=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _is_full_backward_hook=None,
            _forward_hooks=OrderedDict(),
            _forward_hooks_with_kwargs=OrderedDict(),
            _forward_hooks_always_called=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _forward_pre_hooks_with_kwargs=OrderedDict(),
            _state_dict_hooks=OrderedDict(),
            _state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_post_hooks=OrderedDict(),
            _modules={},
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add ``param`` under ``name``; None keeps the name free for one.

        Raises KeyError for a name that is taken, empty or has a dot, TypeError for what is no
        parameter, ValueError for a tensor that was computed.
        """
        self._check_name("parameter", name, self.__dict__.get("_parameters"))
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type_name(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required). Wrap the tensor in Parameter()."
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Compute the value in "
                "forward() instead, from parameters that are leaves."
            )
        self._parameters[name] = _registered(self, name, param, parameter_registration_hooks)

    def register_buffer(
        self, name: str, tensor: Tensor | None, persistent: bool = True
    ) -> None:
        """Add ``tensor`` under ``name``: state that is no parameter, such as a running mean.

        It is part of ``state_dict`` if ``persistent``. Raises KeyError for a name that is
        taken, empty or has a dot, TypeError for what is no tensor.
        """
        self._check_name("buffer", name, self.__dict__.get("_buffers"))
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type_name(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required). Make it a tensor first."
            )
        self._buffers[name] = _registered(self, name, tensor, buffer_registration_hooks)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: ModuleCore | None) -> None:
        """Add ``module`` as the child called ``name``.

        Raises KeyError for a name that is taken, empty or has a dot, TypeError for what is no
        module.
        """
        if module is not None and not isinstance(module, ModuleCore):
            raise TypeError(f"{type_name(module)} is not a Module subclass.")
        self._check_name("module", name, self.__dict__.get("_modules"))
        self._modules[name] = _registered(self, name, module, module_registration_hooks)

    def register_module(self, name: str, module: ModuleCore | None) -> None:
        """Do what :meth:`add_module` does."""
        self.add_module(name, module)

    def _check_name(
        self, kind: str, name: str, registry: MutableMapping[str, T] | None
    ) -> None:
        if registry is None:
            raise _not_initialised(kind)
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type_name(name)}.")
        if hasattr(self, name) and name not in registry:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
        if not name:
            raise KeyError(f'{kind} name can\'t be empty string ""')

    def __setattr__(self, name: str, value: object) -> None:
        own = self.__dict__
        if isinstance(value, Parameter):
            if "_parameters" not in own:
                raise _not_initialised("parameters")
            self._forget(name, self._parameters)
            self.register_parameter(name, value)
        elif name in own.get("_parameters", ()):
            _require_none(value, f"parameter '{name}' (torch.nn.Parameter")
            self.register_parameter(name, None)
        elif isinstance(value, ModuleCore):
            if "_modules" not in own:
                raise _not_initialised("module")
            self._forget(name, self._modules)
            self._modules[name] = _registered(self, name, value, module_registration_hooks)
        elif name in own.get("_modules", ()):
            _require_none(value, f"child module '{name}' (torch.nn.Module")
            self._modules[name] = _registered(self, name, None, module_registration_hooks)
        elif isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
        elif name in own.get("_buffers", ()):
            if not isinstance(value, Tensor):
                _require_none(value, f"buffer '{name}' (torch.nn.Buffer, torch.Tensor")
            tensor = cast("Tensor | None", value)
            self._buffers[name] = _registered(self, name, tensor, buffer_registration_hooks)
        else:
            object.__setattr__(self, name, value)

    def _forget(self, name: str, kept: MutableMapping[str, T]) -> None:
        """Remove ``name`` wherever it is registered, except in ``kept``."""
        self.__dict__.pop(name, None)
        self._non_persistent_buffers_set.discard(name)
        for registry in (self._parameters, self._buffers, self._modules):
            if registry is not kept:
                registry.pop(name, None)

    def __getattr__(self, name: str) -> Tensor | ModuleCore:
        # Called only for what is no plain attribute. A registry that is missing means that
        # __init__ did not run yet, as in the first moments of a copy.
        own = self.__dict__
        for registry in ("_parameters", "_buffers", "_modules"):
            entries = own.get(registry)
            if entries is not None and name in entries:
                return cast("Tensor | ModuleCore", entries[name])
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for registry in (self._parameters, self._buffers, self._modules):
            if name in registry:
                del registry[name]
                self._non_persistent_buffers_set.discard(name)
                return
        if name not in self.__dict__:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__}
        names.update(self._parameters, self._buffers, self._modules)
        # The children of a Sequential are no attributes: "0" is no identifier.
        return sorted(name for name in names if not name[:1].isdigit())


def type_name(value: object) -> str:
    """Return the name of a value's type, of a tensor with its dtype."""
    if isinstance(value, Tensor):
        return value.type()
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return module + kind.__qualname__


def _registered(module: ModuleCore, name: str, value: T, hooks: Hooks) -> T:
    for hook in hooks.values():
        replacement = hook(module, name, value)
        if replacement is not None:
            value = cast(T, replacement)
    return value


def _not_initialised(kind: str) -> AttributeError:
    return AttributeError(f"cannot assign {kind} before Module.__init__() call.")


def _require_none(value: object, place: str) -> None:
    if value is not None:
        raise TypeError(f"cannot assign '{type_name(value)}' as {place} or None expected).")
