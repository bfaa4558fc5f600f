"""``DataParallel``, for programs that wrap their model in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gnomon.devices import Device
from gnomon.nn.modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """``module`` under the name "module", computed on the device that it is on.

    Batches are not parted among devices; the result is the same.

    >>> import gnomon as torch
    >>> list(DataParallel(torch.nn.Linear(2, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    module: Module
    device_ids: list[int]

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[int | Device] | None = None,
        output_device: int | Device | None = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids = []

    def forward(self, *inputs: object, **kwargs: object) -> object:
        """Return ``module(*inputs, **kwargs)``."""
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: object,
    device_ids: Sequence[int | Device] | None = None,
    output_device: int | Device | None = None,
    dim: int = 0,
    module_kwargs: Mapping[str, object] | None = None,
) -> object:
    """Return ``module(*inputs, **module_kwargs)``; inputs that are no tuple are one."""
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*given, **(module_kwargs or {}))
