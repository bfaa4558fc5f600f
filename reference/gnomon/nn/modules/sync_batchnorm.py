"""Batch norms whose statistics are those of all processes; there is one process here."""

from __future__ import annotations

from typing import cast

from gnomon.nn.modules.batchnorm import _BatchNorm
from gnomon.nn.modules.module import Module
from gnomon.tensor import Tensor
from gnomon.tensor.options import DeviceLike, DTypeLike

__all__ = ["SyncBatchNorm"]


class SyncBatchNorm(_BatchNorm):
    """A batch norm of (N, C, \\*), for any number of further dims.

    >>> import gnomon as torch
    >>> SyncBatchNorm(2)(torch.ones(3, 2, 4)).shape
    torch.Size([3, 2, 4])
    """

    process_group: object

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: object = None,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected at least 2D input (got {input.ndim}D input)")
        if not input.size(1):
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: object = None) -> Module:
        """Return ``module`` with every batch norm in it replaced by one of this class.

        >>> import gnomon as torch
        >>> net = torch.nn.Sequential(torch.nn.BatchNorm1d(2))
        >>> type(SyncBatchNorm.convert_sync_batchnorm(net)[0]).__name__
        'SyncBatchNorm'
        """
        converted = module
        if isinstance(module, _BatchNorm):
            converted = cls._like(module, process_group)
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted

    @classmethod
    def _like(cls, norm: _BatchNorm, process_group: object) -> SyncBatchNorm:
        made = cls(
            norm.num_features,
            norm.eps,
            norm.momentum,
            norm.affine,
            norm.track_running_stats,
            process_group,
            bias=norm.bias is not None,
        )
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            setattr(made, name, cast("Tensor | None", getattr(norm, name)))
        return made.train(norm.training)
