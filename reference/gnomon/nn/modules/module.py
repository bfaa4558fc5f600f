"""``Module``: the base of everything that has parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, cast

from gnomon.nn.modules.calling import CallingMethods
from gnomon.nn.modules.conversion import ConversionMethods
from gnomon.nn.modules.core import ModuleCore
from gnomon.nn.modules.global_hooks import (
    register_module_backward_hook as register_module_backward_hook,
)
from gnomon.nn.modules.global_hooks import (
    register_module_buffer_registration_hook as register_module_buffer_registration_hook,
)
from gnomon.nn.modules.global_hooks import (
    register_module_forward_hook as register_module_forward_hook,
)
from gnomon.nn.modules.global_hooks import (
    register_module_forward_pre_hook as register_module_forward_pre_hook,
)
from gnomon.nn.modules.global_hooks import (
    register_module_full_backward_hook as register_module_full_backward_hook,
)
from gnomon.nn.modules.global_hooks import (
    register_module_full_backward_pre_hook as register_module_full_backward_pre_hook,
)
from gnomon.nn.modules.global_hooks import (
    register_module_module_registration_hook as register_module_module_registration_hook,
)
from gnomon.nn.modules.global_hooks import (
    register_module_parameter_registration_hook as register_module_parameter_registration_hook,
)
from gnomon.nn.modules.state import StateMethods
from gnomon.nn.parameter import Parameter
from gnomon.tensor import Tensor

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Module"]


class Module(CallingMethods, ConversionMethods, StateMethods):
    """Base of all modules: a subclass assigns parameters and submodules to its attributes, and
    defines ``forward``, which a call of the module runs.

    >>> import gnomon as torch
    >>> class Affine(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = torch.nn.Parameter(torch.tensor(2.0))
    ...         self.shift = torch.nn.Parameter(torch.tensor(1.0))
    ...     def forward(self, x):
    ...         return self.slope * x + self.shift
    >>> Affine()(torch.tensor([0.0, 3.0])).tolist()
    [1.0, 7.0]
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Tensor | Module: ...

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield the parameters by name; with ``recurse``, those of submodules as well.

        One that has several names is yielded once, unless ``remove_duplicate`` is False.

        >>> import gnomon as torch
        >>> net = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Linear(1, 1, bias=False))
        >>> [name for name, _ in net.named_parameters()]
        ['0.weight', '0.bias', '1.weight']
        """
        members = self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )
        return cast("Iterator[tuple[str, Parameter]]", members)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the buffers by name; with ``recurse``, those of submodules as well."""
        return self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def _named_members(
        self,
        get_members_fn: Callable[[Module], Iterable[tuple[str, Tensor | None]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Tensor]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, module in modules:
            for name, tensor in get_members_fn(module):
                if tensor is None or id(tensor) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(tensor))
                yield f"{path}.{name}" if path else name, tensor

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules registered here by name, each once."""
        seen: set[int] = set()
        for name, child in self._modules.items():
            if isinstance(child, Module) and id(child) not in seen:
                seen.add(id(child))
                yield name, child

    def children(self) -> Iterator[Module]:
        """Yield the modules registered here, each once."""
        for _, child in self.named_children():
            yield child

    def named_modules(
        self,
        memo: set[Module] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Module]]:
        """Yield this module and all below it by name; this one is called ``prefix``.

        Modules in ``memo`` are left out, and those yielded are added to it.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if isinstance(child, Module):
                path = f"{prefix}.{name}" if prefix else name
                yield from child.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Yield this module and all below it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def get_submodule(self, target: str) -> Module:
        """Return the module at the dotted path ``target``; this one for an empty path.

        Raises AttributeError where there is none.
        """
        module: Module = self
        for name in target.split(".") if target else ():
            child = _attribute(module, name)
            if not isinstance(child, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
            module = child
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put ``module`` at the dotted path ``target``; ``strict`` demands that one is there.

        Raises ValueError for an empty path or what is no module, AttributeError where the path
        leads nowhere.
        """
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        path, _, name = target.rpartition(".")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        parent = self.get_submodule(path)
        if strict:
            _attribute(parent, name)
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at the dotted path ``target``.

        Raises AttributeError where there is none.
        """
        path, _, name = target.rpartition(".")
        parameter = _attribute(self.get_submodule(path), name)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at the dotted path ``target``.

        Raises AttributeError where there is none.
        """
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        _attribute(module, name)
        buffer = module._buffers.get(name)
        if buffer is None:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    def apply(self, fn: Callable[[Module], object]) -> Self:
        """Call ``fn`` with every module below this one, then with this one; return this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set training mode here and below, which changes dropout and batch norm.

        Raises ValueError for other than True and False.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self) -> Self:
        """Leave training mode here and below."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters record gradients, or no longer."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Take the gradients of all parameters away, or fill them with zeros."""
        for parameter in self.parameters():
            gradient = parameter.grad
            if set_to_none:
                parameter.grad = None
            elif gradient is not None:
                if gradient.grad_fn is None:
                    gradient.requires_grad_(False)
                else:
                    gradient.detach_()
                gradient.zero_()

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the parentheses; for subclasses to define."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        own = self.extra_repr().split("\n") if self.extra_repr() else []
        below = [f"({name}): {indented(repr(child))}" for name, child in self._modules.items()]
        if not below and len(own) <= 1:
            return f"{self._get_name()}({''.join(own)})"
        return "\n  ".join([f"{self._get_name()}(", *own, *below]) + "\n)"


def indented(text: str) -> str:
    """Return ``text`` with every line but the first moved in by two spaces."""
    return text.replace("\n", "\n  ")


def _attribute(module: ModuleCore, name: str) -> object:
    if not hasattr(module, name):
        raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
    return getattr(module, name)
