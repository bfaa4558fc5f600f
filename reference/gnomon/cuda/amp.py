"""Mixed precision on the device that "cuda" means, by the older names: ``torch.cuda.amp``."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, overload

from gnomon import amp
from gnomon.dtypes import DType, float16

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]

P = ParamSpec("P")
R = TypeVar("R")


class autocast(amp.autocast):
    """``amp.autocast("cuda", dtype, enabled)``, the arguments in another order."""

    def __init__(
        self, enabled: bool = True, dtype: DType = float16, cache_enabled: bool = True
    ) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """``amp.GradScaler("cuda", ...)``."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )


@overload
def custom_fwd(fwd: Callable[P, R], *, cast_inputs: DType | None = None) -> Callable[P, R]: ...
@overload
def custom_fwd(
    fwd: None = None, *, cast_inputs: DType | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def custom_fwd(
    fwd: Callable[P, R] | None = None, *, cast_inputs: DType | None = None
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Return ``fwd`` as it is; with no ``fwd``, a decorator that does."""
    if fwd is None:
        return amp.custom_fwd(device_type="cuda", cast_inputs=cast_inputs)
    return amp.custom_fwd(fwd, device_type="cuda", cast_inputs=cast_inputs)


def custom_bwd(bwd: Callable[P, R]) -> Callable[P, R]:
    """Return ``bwd`` as it is."""
    return amp.custom_bwd(bwd, device_type="cuda")
