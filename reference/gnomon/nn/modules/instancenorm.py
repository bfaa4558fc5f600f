"""Instance norms as layers: each channel of each sample by itself."""

from __future__ import annotations

import warnings

from gnomon.nn import functional as F
from gnomon.nn.modules.batchnorm import _NormBase
from gnomon.tensor import Tensor
from gnomon.tensor.options import DeviceLike, DTypeLike

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class _InstanceNorm(_NormBase):
    """An instance norm, of which subclasses say for which ranks, without a batch dim first."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self._set_up(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` normalized."""
        self._check_input_dim(input)
        channels = input.ndim - self._ranks[0]
        if input.size(channels) != self.num_features:
            rule = f"expected input's size at dim={channels} to match num_features"
            sizes = f"({self.num_features}), but got: {input.size(channels)}."
            if self.affine:
                raise ValueError(f"{rule} {sizes}")
            warnings.warn(f"{rule} {sizes}", UserWarning, stacklevel=2)
        if channels:
            return self._normalized(input)
        return self._normalized(input.unsqueeze(0)).squeeze(0)

    def _normalized(self, input: Tensor) -> Tensor:
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """Mean 0 and variance 1 in each channel of each signal, (N, C, L) or (C, L).

    >>> import gnomon as torch
    >>> InstanceNorm1d(1, eps=0.0)(torch.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.,  1.]]])
    """

    _ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Mean 0 and variance 1 in each channel of each image, (N, C, H, W) or (C, H, W).

    >>> import gnomon as torch
    >>> InstanceNorm2d(3)(torch.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    _ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Mean 0 and variance 1 in each channel of each volume, (N, C, D, H, W) or (C, D, H, W).

    >>> import gnomon as torch
    >>> InstanceNorm3d(3)(torch.ones(2, 3, 2, 2, 2)).shape
    torch.Size([2, 3, 2, 2, 2])
    """

    _ranks = (4, 5)
