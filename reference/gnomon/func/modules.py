"""Calling a module with other parameters than its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol, TypeAlias

from gnomon.ops.joining import stack
from gnomon.tensor import Tensor

__all__ = ["functional_call", "stack_module_state"]


Registry: TypeAlias = "dict[str, Tensor | None]"


class Module(Protocol):
    """What of ``gnomon.nn.Module`` is needed here."""

    @property
    def _parameters(self) -> Registry: ...
    @property
    def _buffers(self) -> Registry: ...

    # What a module takes is what its own forward takes.
    @property
    def __call__(self) -> Callable[..., object]: ...

    def named_modules(self) -> Iterator[tuple[str, Module]]: ...


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: object = None,
    kwargs: Mapping[str, object] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> object:
    """Return ``module(*args, **kwargs)`` computed with the given parameters and buffers in
    place of its own, which come back afterwards.

    Names are those of ``named_parameters`` and ``named_buffers``. With ``tie_weights``, a
    tensor that the module has under several names is replaced under all of them. ``strict``
    raises RuntimeError unless the names are exactly the module's.
    """
    given = (
        dict(parameter_and_buffer_dicts)
        if isinstance(parameter_and_buffer_dicts, Mapping)
        else _merged(parameter_and_buffer_dicts)
    )
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, given, tie_weights, strict):
        return module(*positional, **(kwargs or {}))


def stack_module_state(
    models: Sequence[Module],
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the parameters and the buffers of several models of one kind, stacked along a new
    first dim, for :func:`functional_call` inside ``vmap``.

    The stacked parameters are leaves that require grad where the models' do.
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({type(model) for model in models}) != 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    places = [_places(model) for model in models]
    parameters: dict[str, Tensor] = {}
    buffers: dict[str, Tensor] = {}
    for name, place in places[0].items():
        tensors = [each[name].tensor for each in places]
        stacked = stack([tensor.detach() for tensor in tensors])
        if place.is_parameter:
            parameters[name] = stacked.requires_grad_(tensors[0].requires_grad)
        else:
            buffers[name] = stacked
    return parameters, buffers


class _Place(NamedTuple):
    """Where a module holds a parameter or buffer."""

    registry: Registry
    key: str
    tensor: Tensor
    is_parameter: bool


def _places(module: Module) -> dict[str, _Place]:
    places = {}
    for prefix, inner in module.named_modules():
        for registry in (inner._parameters, inner._buffers):
            for key, tensor in registry.items():
                if tensor is not None:
                    name = f"{prefix}.{key}" if prefix else key
                    parameter = registry is inner._parameters
                    places[name] = _Place(registry, key, tensor, parameter)
    return places


def _merged(dicts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    merged: dict[str, Tensor] = {}
    for part in dicts:
        repeated = sorted(merged.keys() & part.keys())
        if repeated:
            raise ValueError(f"functional_call: {repeated} appear in more than one dictionary.")
        merged.update(part)
    return merged


@contextmanager
def _replaced(
    module: Module, given: Mapping[str, Tensor], tie_weights: bool, strict: bool
) -> Iterator[None]:
    places = _places(module)
    replacements = {name: tensor for name, tensor in given.items() if name in places}
    if tie_weights:
        for name, place in places.items():
            for other, tensor in given.items():
                if other in places and places[other].tensor is place.tensor:
                    replacements.setdefault(name, tensor)
    if strict:
        _check_names(module, given, places, replacements)
    for name, tensor in replacements.items():
        places[name].registry[places[name].key] = tensor
    try:
        yield
    finally:
        for name in replacements:
            places[name].registry[places[name].key] = places[name].tensor


def _check_names(
    module: Module,
    given: Mapping[str, Tensor],
    places: Mapping[str, _Place],
    replacements: Mapping[str, Tensor],
) -> None:
    unexpected, missing = sorted(given.keys() - places), sorted(places.keys() - replacements)
    if unexpected or missing:
        raise RuntimeError(
            f"functional_call: the names are not those of {type(module).__name__}. Unexpected "
            f"key(s): {unexpected}. Missing key(s): {missing}. Give all of them, or leave "
            "strict=True away."
        )
