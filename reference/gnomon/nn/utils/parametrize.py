"""Parameters that are computed: what a module holds under a name is a function, made of
modules, of tensors that it holds elsewhere.

>>> import gnomon as torch
>>> class Symmetric(torch.nn.Module):
...     def forward(self, x):
...         return x.triu() + x.triu(1).mT
>>> layer = register_parametrization(torch.nn.Linear(2, 2), "weight", Symmetric())
>>> bool((layer.weight == layer.weight.mT).all())
True
>>> [name for name, _ in layer.named_parameters()]
['bias', 'parametrizations.weight.original']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import TypeVar, cast

from gnomon.graph.modes import no_grad
from gnomon.nn.modules.container import ModuleDict, ModuleList
from gnomon.nn.modules.module import Module
from gnomon.nn.parameter import Parameter
from gnomon.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

M = TypeVar("M", bound=Module)


class _Cache:
    """The tensors computed inside ``cached()``, by module and name."""

    def __init__(self) -> None:
        self.depth = 0
        self.tensors: dict[tuple[int, str], Tensor] = {}


_cache = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once, when it is first asked for, in a ``with`` block.

    >>> import gnomon as torch
    >>> layer = register_parametrization(torch.nn.Linear(2, 2), "weight", torch.nn.Tanh())
    >>> with cached():
    ...     print(layer.weight is layer.weight)
    True
    """
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.tensors = {}


class ParametrizationList(ModuleList):
    """The modules that make one tensor, the first of them from ``original``, or if its
    ``right_inverse`` gave several tensors, from ``original0``, ``original1``, ...

    Unless ``unsafe``, what they make must have the dtype and shape of the original tensor.
    Raises ValueError otherwise.
    """

    original: Tensor
    unsafe: bool
    is_tensor: bool
    ntensors: int

    def __init__(
        self, modules: Sequence[Module], original: Tensor | Parameter, unsafe: bool = False
    ) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        new = self._originals(original)
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if isinstance(new, Tensor) else len(new)
        if isinstance(new, Tensor):
            if new.dtype is not original.dtype or new.device != original.device:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may change neither the dtype "
                    f"nor the device: {original.dtype} on {original.device} became {new.dtype} "
                    f"on {new.device}."
                )
            original.data = new
            _register(self, "original", original)
        else:
            for place, part in enumerate(new):
                if isinstance(original, Parameter):
                    part = Parameter(part, original.requires_grad)
                part.requires_grad_(original.requires_grad)
                _register(self, f"original{place}", part)
        if not unsafe:
            made = _require_tensor(self(), "A parametrization must return a tensor")
            _require_alike(made, "the parametrization", dtype, shape)

    def _originals(self, original: Tensor) -> Tensor | Sequence[Tensor]:
        """Return what the modules would make ``original`` from, as far as they say."""
        new: object = original
        with no_grad():
            for module in reversed(list(self)):
                inverse = _right_inverse(module)
                if inverse is not None:
                    try:
                        new = inverse(new)
                    except NotImplementedError:
                        continue
        if not isinstance(new, Tensor | Sequence):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                f"tuple...). Got {type(new).__name__}"
            )
        for place, part in enumerate(() if isinstance(new, Tensor) else new):
            _require_tensor(
                part, f"'right_inverse' must return tensors. Element {place} is not"
            )
        return new

    def right_inverse(self, value: object) -> None:
        """Change the original tensors so that the modules make ``value``.

        Raises RuntimeError when one of them has no ``right_inverse``, and ValueError when what
        comes out is no value for the originals.
        """
        with no_grad():
            for module in reversed(list(self)):
                inverse = _right_inverse(module)
                if inverse is None:
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement "
                        "right_inverse."
                    )
                value = inverse(value)
        if self.is_tensor:
            new = _require_tensor(value, "`right_inverse` should return a tensor")
            _assign(self.original, new, "original")
            return
        if not isinstance(value, Sequence) or len(value) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of {self.ntensors} tensors. Got "
                f"{type(value).__name__}."
            )
        for place, part in enumerate(value):
            tensor = _require_tensor(part, f"Element {place} of 'right_inverse' is no tensor")
            name = f"original{place}"
            _assign(cast(Tensor, getattr(self, name)), tensor, name)

    def forward(self) -> Tensor:
        """Return the tensor that the modules make."""
        first, *others = self
        if self.is_tensor:
            made = first(self.original)
        else:
            made = first(*[getattr(self, f"original{k}") for k in range(self.ntensors)])
        for module in others:
            made = module(made)
        return cast(Tensor, made)


def _right_inverse(module: Module) -> Callable[[object], object] | None:
    return cast("Callable[[object], object] | None", getattr(module, "right_inverse", None))


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _assign(original: Tensor, new: Tensor, name: str) -> None:
    if new.dtype is not original.dtype:
        raise ValueError(
            f"The tensor returned by `right_inverse` has dtype {new.dtype} while `{name}` has "
            f"dtype {original.dtype}"
        )
    original.data = new


def _require_tensor(value: object, rule: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise ValueError(f"{rule}. Got {type(value).__name__}.")
    return value


def _require_alike(made: Tensor, what: str, dtype: object, shape: tuple[int, ...]) -> None:
    if made.dtype is not dtype or made.shape != shape:
        raise ValueError(
            "Registering a parametrization may change neither dtype nor shape, unless the "
            f"`unsafe` flag is enabled: {what} makes {made.dtype}{list(made.shape)} of "
            f"{dtype}{list(shape)}."
        )


def register_parametrization(
    module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> M:
    """Let ``module``'s tensor of that name be what ``parametrization`` makes of it; return
    ``module``.

    The first one moves the tensor to ``module.parametrizations[tensor_name].original`` and
    changes the module's class; later ones are applied after it. If it has a ``right_inverse``,
    the original is what that gives, and the tensor may be assigned to. Raises ValueError for a
    name that is neither a parameter nor a buffer, and unless ``unsafe`` when dtype or shape
    change.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        present = _lists(module)[tensor_name]
        if not unsafe:
            _check_next(cast(Tensor, getattr(module, tensor_name)), parametrization)
        present.append(parametrization)
        present.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = cast(Tensor, getattr(module, tensor_name))
        made = ParametrizationList([parametrization], original, unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _change_class(module)
            module.parametrizations = ModuleDict()
        _add_property(type(module), tensor_name)
        cast(ModuleDict, module.parametrizations)[tensor_name] = made
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    return module


def _check_next(present: Tensor, parametrization: Module) -> None:
    """Raise ValueError unless ``parametrization`` keeps dtype and shape, both ways."""
    made = _require_tensor(parametrization(present), "A parametrization must return a tensor")
    _require_alike(made, "it", present.dtype, present.shape)
    inverse = _right_inverse(parametrization)
    if inverse is None:
        return
    try:
        given = inverse(made)
    except NotImplementedError:
        return
    back = _require_tensor(given, "parametrization.right_inverse must return a tensor")
    _require_alike(back, "its right_inverse", present.dtype, present.shape)


def _lists(module: Module) -> dict[str, ParametrizationList]:
    """Return the lists of parametrizations of a module by the name of the tensor."""
    parametrizations = cast(ModuleDict, module.parametrizations)
    return {name: cast(ParametrizationList, each) for name, each in parametrizations.items()}


def _deepcopy(self: Module, memo: dict[int, object]) -> Module:
    known = memo.get(id(self))
    if isinstance(known, Module):
        return known
    copied = object.__new__(type(self))
    memo[id(self)] = copied
    vars(copied).update(deepcopy(vars(self), memo))
    return copied


def _no_pickle(self: Module) -> dict[str, object]:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). Save "
        "that, or call remove_parametrizations() first."
    )


def _change_class(module: Module) -> None:
    """Give ``module`` a class of its own, to which properties can be added."""
    kind = type(module)
    methods: dict[str, object] = {"__getstate__": _no_pickle}
    if not hasattr(kind, "__deepcopy__"):
        methods["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), methods)


def _add_property(kind: type[Module], name: str) -> None:
    """Let ``name`` of modules of ``kind`` be what their parametrizations make."""

    def get(module: Module) -> Tensor:
        key = (id(module), name)
        if _cache.depth and key in _cache.tensors:
            return _cache.tensors[key]
        made = _lists(module)[name]()
        if _cache.depth:
            _cache.tensors[key] = made
        return made

    def set(module: Module, value: Tensor) -> None:
        _lists(module)[name].right_inverse(value)

    setattr(kind, name, property(get, set))


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Return whether the tensor of that name, or for None any, is parametrized."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return bool(
        len(parametrizations) if tensor_name is None else tensor_name in parametrizations
    )


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Give ``module`` its tensor back, with the present value, or without
    ``leave_parametrized`` the original; return ``module``.

    Raises ValueError when it is not parametrized, and when there is no single original.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations = _lists(module)[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with no_grad():
                original.data = cast(Tensor, getattr(module, tensor_name))
    elif leave_parametrized:
        present = cast(Tensor, getattr(module, tensor_name))
        original = Parameter(present) if present.requires_grad else present
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del cast(ModuleDict, module.parametrizations)[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type[Module]:
    """Return the class that ``module`` had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: M, tensor_name: str | None = None
) -> M:
    """Parametrize ``to_module`` as ``from_module`` is, with its originals, and return it.

    ``tensor_name`` is the tensor's; None for all of them.
    """
    if not is_parametrized(from_module):
        return to_module
    names = list(_lists(from_module)) if tensor_name is None else [tensor_name]
    for name in names:
        source = _lists(from_module)[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(cast(Tensor, getattr(from_module, name))))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target = _lists(to_module)[name]
        places = [""] if source.is_tensor else [str(place) for place in range(source.ntensors)]
        for place in places:
            setattr(target, f"original{place}", getattr(source, f"original{place}"))
    return to_module
