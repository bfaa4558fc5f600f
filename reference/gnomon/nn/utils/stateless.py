"""Calling a module with other parameters, under its older name."""

from __future__ import annotations

from collections.abc import Mapping

from gnomon.errors import warn
from gnomon.func import functional_call as call
from gnomon.nn.modules.module import Module
from gnomon.tensor import Tensor

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: Mapping[str, Tensor],
    args: object = None,
    kwargs: Mapping[str, object] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> object:
    """Do what ``func.functional_call`` does; deprecated."""
    warn(
        "nn.utils.stateless.functional_call is deprecated. Use func.functional_call.",
        FutureWarning,
    )
    return call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )
