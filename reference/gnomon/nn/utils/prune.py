"""Pruning: parameters of which some elements are held at 0 by a mask.

A pruned parameter becomes ``name_orig``, which learns, and the buffer ``name_mask``; ``name``
is their product, computed before every call.

>>> import gnomon as torch
>>> layer = l1_unstructured(torch.nn.Linear(2, 2), "weight", amount=0.5)
>>> int((layer.weight == 0).sum()), [name for name, _ in layer.named_buffers()]
(2, ['weight_mask'])
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, TypeVar, cast

from gnomon.composite.norms import norm
from gnomon.nn.modules.module import Module
from gnomon.nn.parameter import Parameter
from gnomon.nn.utils.convert_parameters import parameters_to_vector
from gnomon.tensor import Tensor
from gnomon.tensor.factories import ones_like, zeros_like
from gnomon.tensor.random_factories import rand, rand_like

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]

M = TypeVar("M", bound=Module)


class BasePruningMethod(ABC):
    """A forward pre-hook that masks a parameter; a subclass says what ``compute_mask`` masks.

    ``PRUNING_TYPE`` is "unstructured" (elements), "structured" (slices along ``dim``) or
    "global": what a method that comes after another one gets to see.
    """

    PRUNING_TYPE: ClassVar[str] = ""
    _tensor_name: str

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return the mask for ``t``: 0 where ``default_mask`` is, and where this one prunes."""

    def __call__(self, module: Module, inputs: tuple[object, ...]) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    def apply_mask(self, module: Module) -> Tensor:
        """Return the masked parameter."""
        mask = cast(Tensor, getattr(module, f"{self._tensor_name}_mask"))
        original = cast(Tensor, getattr(module, f"{self._tensor_name}_orig"))
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls,
        module: Module,
        name: str,
        *args: object,
        importance_scores: Tensor | None = None,
        **kwargs: object,
    ) -> BasePruningMethod:
        """Prune the parameter ``name`` by ``cls(*args, **kwargs)``, beside what prunes it now.

        ``importance_scores`` stand for the elements when it is decided which of them go. Raises
        AssertionError for scores of another shape.
        """
        added = cls(*args, **kwargs)
        added._tensor_name = name
        original = cast(Parameter, getattr(module, name))
        scores: Tensor = original if importance_scores is None else importance_scores
        assert scores.shape == original.shape, (
            f"importance_scores should have the same shape as parameter {name} of {module}, "
            f"got {scores.shape} vs {original.shape}"
        )
        present = _hooks(module, name)
        if not present:
            mask = added.compute_mask(scores, ones_like(original))
            del module._parameters[name]
            module.register_parameter(f"{name}_orig", original)
            method: BasePruningMethod = added
        else:
            ((key, hook),) = present.items()
            container = hook if isinstance(hook, PruningContainer) else PruningContainer(hook)
            container.add_pruning_method(added)
            before = cast(Tensor, getattr(module, f"{name}_mask"))
            mask = container.compute_mask(scores, before.detach().clone())
            del module._forward_pre_hooks[key]
            method = container
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(
        self,
        t: Tensor,
        default_mask: Tensor | None = None,
        importance_scores: Tensor | None = None,
    ) -> Tensor:
        """Return ``t`` masked, without any module."""
        scores = t if importance_scores is None else importance_scores
        assert scores.shape == t.shape, (
            "importance_scores should have the same shape as tensor t, got "
            f"{scores.shape} vs {t.shape}"
        )
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, mask)

    def remove(self, module: Module) -> None:
        """Make the parameter one again, of its present, masked value."""
        name = self._tensor_name
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = cast(Parameter, module._parameters.pop(f"{name}_orig"))
        original.data = weight.data
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)


def _hooks(module: Module, name: str) -> dict[int, BasePruningMethod]:
    """Return what prunes the parameter ``name``, by the key of the hook."""
    return {
        key: hook
        for key, hook in module._forward_pre_hooks.items()
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
    }


class PruningContainer(BasePruningMethod):
    """Several methods that prune one parameter, one after the other."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add ``method``; TypeError for what is none, ValueError for that of another tensor."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found "
                f"'{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return the mask after the last method has seen what the ones before left."""
        method = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype, copy=True)
        if method.PRUNING_TYPE == "unstructured":
            left = default_mask == 1
            mask[left] = method.compute_mask(t[left], default_mask[left]).to(dtype=mask.dtype)
            return mask
        if method.PRUNING_TYPE == "global":
            return method.compute_mask(t, default_mask).to(dtype=mask.dtype)
        if method.PRUNING_TYPE != "structured":
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        dim = getattr(method, "dim", None)
        if not isinstance(dim, int):
            raise AttributeError(
                'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` '
                "defined."
            )
        dim = _dim(t, dim)
        others = [k for k in range(t.ndim) if k != dim]
        kept = default_mask.sum(dim=others) != 0
        places: tuple[slice | Tensor, ...] = (*[slice(None)] * dim, kept)
        part = method.compute_mask(t[places], default_mask[places])
        mask[places] = part.to(dtype=mask.dtype)
        return mask


def _dim(t: Tensor, dim: int) -> int:
    if not -t.ndim <= dim < t.ndim:
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")
    return dim % t.ndim


class Identity(BasePruningMethod):
    """Prunes nothing."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask


class _Amount(BasePruningMethod):
    """Prunes a number of elements or slices, or a share of them."""

    def __init__(self, amount: object) -> None:
        if not isinstance(amount, int | float):
            raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
        if amount < 0 or (isinstance(amount, float) and amount > 1):
            raise ValueError(
                f"amount={amount} should either be a float in the range [0, 1] or a "
                "non-negative integer"
            )
        self.amount = amount

    def _count(self, total: int) -> int:
        if isinstance(self.amount, float):
            return round(self.amount * total)
        if self.amount > total:
            raise ValueError(
                f"amount={self.amount} should be smaller than the number of parameters to "
                f"prune={total}"
            )
        return self.amount


class _AmountOfElements(_Amount):
    """Prunes the elements whose ``_scores`` are least."""

    PRUNING_TYPE = "unstructured"

    @abstractmethod
    def _scores(self, t: Tensor) -> Tensor: ...

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        count = self._count(t.numel())
        mask = default_mask.clone()
        if count:
            pruned = self._scores(t).reshape(-1).topk(count, largest=False).indices
            mask.view(-1)[pruned] = 0
        return mask


class RandomUnstructured(_AmountOfElements):
    """Prunes elements at random."""

    def _scores(self, t: Tensor) -> Tensor:
        return -rand_like(t)


class L1Unstructured(_AmountOfElements):
    """Prunes the elements nearest to 0."""

    def _scores(self, t: Tensor) -> Tensor:
        return t.abs()


class _AmountOfSlices(_Amount):
    """Prunes slices along ``dim``; ``_kept`` says which stay."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    @abstractmethod
    def _kept(self, t: Tensor, dim: int, count: int) -> Tensor: ...

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if t.ndim <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found "
                f"tensor of shape {t.shape} with {t.ndim} dims"
            )
        dim = _dim(t, self.dim)
        count = self._count(t.size(dim))
        if not count:
            return default_mask
        mask = zeros_like(t)
        mask[(*[slice(None)] * dim, self._kept(t, dim, count))] = 1
        return mask * default_mask.to(dtype=mask.dtype)


class RandomStructured(_AmountOfSlices):
    """Prunes slices along ``dim`` at random."""

    def _kept(self, t: Tensor, dim: int, count: int) -> Tensor:
        drawn = rand(t.size(dim), device=t.device)
        return drawn > drawn.kthvalue(count).values


class LnStructured(_AmountOfSlices):
    """Prunes the slices along ``dim`` whose norm of order ``n`` is least."""

    def __init__(self, amount: float, n: float | str, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _kept(self, t: Tensor, dim: int, count: int) -> Tensor:
        others = [k for k in range(t.ndim) if k != dim]
        return norm(t, self.n, others).topk(t.size(dim) - count).indices


class CustomFromMask(BasePruningMethod):
    """Prunes where ``mask`` is 0."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        assert default_mask.shape == self.mask.shape, (
            f"default_mask shape {default_mask.shape} must match self.mask shape "
            f"{self.mask.shape}"
        )
        return default_mask * self.mask.to(dtype=default_mask.dtype)


def identity(module: M, name: str) -> M:
    """Prune nothing of the parameter ``name``, but give it a mask; return ``module``."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: M, name: str, amount: float) -> M:
    """Prune ``amount`` elements, or that share of them, at random; return ``module``."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: M, name: str, amount: float, importance_scores: Tensor | None = None
) -> M:
    """Prune the ``amount`` elements, or that share of them, nearest to 0; return ``module``."""
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: M, name: str, amount: float, dim: int) -> M:
    """Prune ``amount`` slices along ``dim``, or that share, at random; return ``module``."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: M,
    name: str,
    amount: float,
    n: float | str,
    dim: int,
    importance_scores: Tensor | None = None,
) -> M:
    """Prune the ``amount`` slices along ``dim``, or that share, of least norm of order ``n``;
    return ``module``.
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: M, name: str, mask: Tensor) -> M:
    """Prune the parameter ``name`` where ``mask`` is 0; return ``module``."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: Mapping[tuple[Module, str], Tensor] | None = None,
    **kwargs: object,
) -> None:
    """Prune elements of several parameters as if they were one, by
    ``pruning_method(**kwargs)``.

    Raises TypeError for a method that is not "unstructured".
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    if not isinstance(importance_scores, Mapping | None):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    places = list(parameters)
    given = importance_scores or {}
    tensors = [cast(Tensor, getattr(module, name)) for module, name in places]
    scores = parameters_to_vector(
        [given.get(place, tensor) for place, tensor in zip(places, tensors, strict=True)]
    )
    masks = parameters_to_vector(
        [
            cast(Tensor, getattr(module, f"{name}_mask", ones_like(tensor)))
            for (module, name), tensor in zip(places, tensors, strict=True)
        ]
    )
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    mask = PruningContainer(method).compute_mask(scores, masks)
    for (module, name), tensor, part in zip(
        places, tensors, mask.split([tensor.numel() for tensor in tensors]), strict=True
    ):
        custom_from_mask(module, name, part.view_as(tensor))


def remove(module: M, name: str) -> M:
    """Make the pruned parameter ``name`` one again, of its masked value; return ``module``.

    Raises ValueError when it is not pruned.
    """
    for key, hook in _hooks(module, name).items():
        hook.remove(module)
        del module._forward_pre_hooks[key]
        return module
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Module) -> bool:
    """Return whether a parameter of ``module``, or of a module below it, is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for each in module.modules()
        for hook in each._forward_pre_hooks.values()
    )
