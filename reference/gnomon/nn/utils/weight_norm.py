"""Weights as a direction times a length, which learn apart.

Source: T. Salimans and D. P. Kingma, "Weight Normalization" (2016).
"""

from __future__ import annotations

from typing import TypeVar, cast

from gnomon.errors import warn
from gnomon.nn.modules.module import Module
from gnomon.nn.parameter import Parameter
from gnomon.ops.norms import vector_norm
from gnomon.tensor import Tensor

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def lengths(weight: Tensor, dim: int | None) -> Tensor:
    """Return the norm of each slice along ``dim``, or with None or -1 that of the whole.

    >>> import gnomon as torch
    >>> lengths(torch.tensor([[3.0, 4.0], [0.0, 1.0]]), 0)
    tensor([[5.],
            [1.]])
    """
    if dim is None or dim == -1:
        return vector_norm(weight)
    kept = dim % weight.ndim
    return vector_norm(weight, 2, [k for k in range(weight.ndim) if k != kept], True)


class WeightNorm:
    """The forward pre-hook that computes a weight from its length and direction."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = dim

    def compute_weight(self, module: Module) -> Tensor:
        """Return the weight: direction times length over the direction's own length."""
        length = getattr(module, f"{self.name}_g")
        direction = getattr(module, f"{self.name}_v")
        weight: Tensor = direction * (length / lengths(direction, self.dim))
        return weight

    def __call__(self, module: Module, inputs: tuple[object, ...]) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Replace the parameter ``name`` by its length ``name_g`` and direction ``name_v``.

    There is one length for each index of ``dim``, or with None or -1 a single one. The weight
    is computed anew before every call. Raises RuntimeError when that has been done before.

    >>> import gnomon as torch
    >>> layer = weight_norm(torch.nn.Linear(3, 2))
    >>> [(name, tuple(p.shape)) for name, p in layer.named_parameters()]
    [('bias', (2,)), ('weight_g', (2, 1)), ('weight_v', (2, 3))]
    """
    warn(
        "nn.utils.weight_norm is deprecated. Use nn.utils.parametrizations.weight_norm.",
        FutureWarning,
    )
    if _place(module, name) is not None:
        raise RuntimeError(
            f"Cannot register two weight_norm hooks on the same parameter {name}. Take the "
            "first away with remove_weight_norm()."
        )
    hook = WeightNorm(name, dim)
    weight = cast(Parameter, getattr(module, name))
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(lengths(weight, dim).data))
    module.register_parameter(f"{name}_v", Parameter(weight.data))
    hook(module, ())
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make the parameter ``name`` one again, of its present value.

    Raises ValueError when it is no weight of :func:`weight_norm`.
    """
    place = _place(module, name)
    if place is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    hook = cast(WeightNorm, module._forward_pre_hooks.pop(place))
    weight = hook.compute_weight(module)
    for attribute in (name, f"{name}_g", f"{name}_v"):
        delattr(module, attribute)
    setattr(module, name, Parameter(weight.data))
    return module


def _place(module: Module, name: str) -> int | None:
    """Return the key of the hook that computes ``name``, if there is one."""
    for place, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            return place
    return None
