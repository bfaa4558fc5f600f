"""Weights divided by their spectral norm, computed before every call.

Source: T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks" (2018).
"""

from __future__ import annotations

from typing import TypeVar, cast

from gnomon.composite.linalg.pseudoinverses import pinv
from gnomon.graph.modes import no_grad
from gnomon.nn import functional as F
from gnomon.nn.modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from gnomon.nn.modules.module import Module
from gnomon.nn.modules.state import Metadata, StateDict
from gnomon.nn.parameter import Parameter, is_lazy
from gnomon.tensor import Tensor

__all__ = [
    "SpectralNorm",
    "SpectralNormLoadStateDictPreHook",
    "SpectralNormStateDictHook",
    "remove_spectral_norm",
    "spectral_norm",
]

M = TypeVar("M", bound=Module)


class SpectralNorm:
    """The forward pre-hook that makes ``name`` of ``name_orig``, ``name_u`` and ``name_v``."""

    _version: int = 1

    def __init__(
        self,
        name: str = "weight",
        n_power_iterations: int = 1,
        dim: int = 0,
        eps: float = 1e-12,
    ) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def reshape_weight_to_matrix(self, weight: Tensor) -> Tensor:
        """Return the weight with a row for each index of its dim."""
        return weight.movedim(self.dim, 0).reshape(weight.size(self.dim), -1)

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """Return the weight over its norm, after power iterations if asked for."""
        weight, u, v = [
            cast(Tensor, getattr(module, self.name + suffix))
            for suffix in ("_orig", "_u", "_v")
        ]
        matrix = self.reshape_weight_to_matrix(weight)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.mT.mv(u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix.mv(v), dim=0, eps=self.eps))
                # The vectors change at the next call, maybe before this one's backward.
                u, v = u.clone(), v.clone()
        return weight / u.dot(matrix.mv(v))

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again, of its present value."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for suffix in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: tuple[object, ...]) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))

    def _solve_v_and_rescale(self, matrix: Tensor, u: Tensor, sigma: Tensor) -> Tensor:
        """Return the shortest ``v`` that ``matrix`` takes to ``u``, scaled for ``sigma``."""
        v = pinv(matrix.mT @ matrix).mv(matrix.mT.mv(u))
        return v * (sigma / u.dot(matrix.mv(v)))

    @staticmethod
    def apply(
        module: Module, name: str, n_power_iterations: int, dim: int, eps: float
    ) -> SpectralNorm:
        """Replace the parameter ``name`` by what the hook computes it from."""
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, SpectralNorm) and hook.name == name:
                raise RuntimeError(
                    f"Cannot register two spectral_norm hooks on the same parameter {name}"
                )
        made = SpectralNorm(name, n_power_iterations, dim, eps)
        weight = module._parameters[name]
        if weight is None or is_lazy(weight):
            raise ValueError(
                f"`SpectralNorm` cannot be applied as parameter `{name}` is None or "
                "uninitialized. Call a lazy module with a batch first."
            )
        sizes = made.reshape_weight_to_matrix(weight).shape
        with no_grad():
            u, v = [
                F.normalize(weight.new_empty(size).normal_(0, 1), dim=0, eps=eps)
                for size in sizes
            ]
        delattr(module, name)
        module.register_parameter(f"{name}_orig", cast(Parameter, weight))
        # A plain attribute, which the next call replaces.
        setattr(module, name, weight.data)
        module.register_buffer(f"{name}_u", u)
        module.register_buffer(f"{name}_v", v)
        module.register_forward_pre_hook(made)
        module._register_state_dict_hook(SpectralNormStateDictHook(made))
        module._register_load_state_dict_pre_hook(SpectralNormLoadStateDictPreHook(made))
        return made


class SpectralNormLoadStateDictPreHook:
    """Makes ``name_v`` for states of the first version, which had the weight instead."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(
        self,
        state_dict: StateDict,
        prefix: str,
        local_metadata: Metadata,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        fn = self.fn
        key = prefix + fn.name
        versions = cast("dict[str, int]", local_metadata.get("spectral_norm", {}))
        version = versions.get(f"{fn.name}.version")
        complete = all(key + suffix in state_dict for suffix in ("_orig", "_u", "_v"))
        if version is not None and version >= 1:
            return
        if version is None and complete and key not in state_dict:
            return
        missing = [
            key + suffix for suffix in ("_orig", "", "_u") if key + suffix not in state_dict
        ]
        if missing:
            if strict:
                missing_keys += missing
            return
        with no_grad():
            original = cast(Tensor, state_dict[f"{key}_orig"])
            sigma = (original / cast(Tensor, state_dict.pop(key))).mean()
            u = cast(Tensor, state_dict[f"{key}_u"])
            matrix = fn.reshape_weight_to_matrix(original)
            state_dict[f"{key}_v"] = fn._solve_v_and_rescale(matrix, u, sigma)


class SpectralNormStateDictHook:
    """Writes down the version of the hook's entries."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(
        self, module: Module, state_dict: StateDict, prefix: str, local_metadata: Metadata
    ) -> None:
        versions = cast("dict[str, int]", local_metadata.setdefault("spectral_norm", {}))
        key = f"{self.fn.name}.version"
        if key in versions:
            raise RuntimeError(f"Unexpected key in metadata['spectral_norm']: {key}")
        versions[key] = self.fn._version


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Divide the parameter ``name`` by its spectral norm before every call; return ``module``.

    The arguments are those of ``parametrizations.spectral_norm``, which is the newer way.

    >>> import gnomon as torch
    >>> layer = spectral_norm(torch.nn.Linear(20, 40))
    >>> [name for name, _ in layer.named_parameters()], layer.weight_u.shape
    (['bias', 'weight_orig'], torch.Size([40]))
    """
    if dim is None:
        dim = int(isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d))
    SpectralNorm.apply(module, name, n_power_iterations, dim, eps)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make the parameter ``name`` one again, of its present value.

    Raises ValueError when it is no weight of :func:`spectral_norm`.
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            break
    else:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    for hooks, kind in (
        (module._state_dict_hooks, SpectralNormStateDictHook),
        (module._load_state_dict_pre_hooks, SpectralNormLoadStateDictPreHook),
    ):
        for key, each in hooks.items():
            if isinstance(each, kind) and each.fn.name == name:
                del hooks[key]
                break
    return module
