"""``DataParallel`` and its kin, for programs that wrap their model in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from gnomon import distributed
from gnomon.devices import Device
from gnomon.errors import explain
from gnomon.nn.modules.module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


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


class DistributedDataParallel(Module):
    """``module`` under the name "module", trained by a group of one process.

    Its gradients are those of the whole batch already; the arguments, which say how several
    processes would exchange theirs, change nothing. Raises ValueError where there is no group,
    RuntimeError for a module with nothing to train.

    >>> import gnomon as torch
    >>> torch.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> list(DistributedDataParallel(torch.nn.Linear(2, 1)).state_dict())
    ['module.weight', 'module.bias']
    >>> torch.distributed.destroy_process_group()
    """

    module: Module

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[int | Device] | None = None,
        output_device: int | Device | None = None,
        dim: int = 0,
        broadcast_buffers: bool = True,
        init_sync: bool = True,
        process_group: None = None,
        bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False,
        check_reduction: bool = False,
        gradient_as_bucket_view: bool = False,
        static_graph: bool = False,
    ) -> None:
        super().__init__()
        distributed.get_world_size()
        if not any(parameter.requires_grad for parameter in module.parameters()):
            raise RuntimeError(
                explain(
                    "DistributedDataParallel",
                    "no parameter of the module requires a gradient",
                    remedy="Use the module itself",
                )
            )
        self.module = module
        self.require_backward_grad_sync = True

    def forward(self, *inputs: object, **kwargs: object) -> object:
        """Return ``module(*inputs, **kwargs)``."""
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Run the block: gradients are summed up as ever."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before


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
