"""Convolutions as layers, and transposed ones.

Sizes are one number for all spatial dims, or one for each. Weight and bias are drawn uniformly
within 1 / sqrt(the number of inputs that one output sees).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from gnomon.nn import functional as F
from gnomon.nn import init
from gnomon.nn.modules.module import Module
from gnomon.nn.parameter import Parameter
from gnomon.tensor import Tensor
from gnomon.tensor.factories import empty
from gnomon.tensor.options import DeviceLike, DTypeLike

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
]

Size: TypeAlias = int | Sequence[int]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def _each(size: Size, count: int) -> tuple[int, ...]:
    return (size,) * count if isinstance(size, int) else tuple(size)


class _ConvNd(Module):
    """What convolutions and transposed convolutions share: parameters and their drawing."""

    _dims: ClassVar[int]
    _transposed: ClassVar[bool] = False

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...] | str
    dilation: tuple[int, ...]
    transposed: bool
    output_padding: tuple[int, ...]
    groups: int
    padding_mode: str
    weight: Parameter
    bias: Parameter | None

    def _set_up(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size,
        padding: Size | str,
        dilation: Size,
        output_padding: Size,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: DeviceLike,
        dtype: DTypeLike | None,
    ) -> None:
        count = self._dims
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _each(kernel_size, count)
        self.stride = _each(stride, count)
        self.padding = padding if isinstance(padding, str) else _each(padding, count)
        self.dilation = _each(dilation, count)
        self.transposed = self._transposed
        self.output_padding = _each(output_padding, count)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check()
        outer, inner = in_channels, out_channels
        if not self.transposed:
            outer, inner = out_channels, in_channels
        shape = (outer, inner // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _check(self) -> None:
        if self.groups <= 0:
            raise ValueError("groups must be a positive integer")
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        if self.out_channels % self.groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(self.padding, str):
            if self.padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {self.padding!r}, should be one of 'same', 'valid'"
                )
            if self.padding == "same" and any(step != 1 for step in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if self.padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {_PADDING_MODES}, but got {self.padding_mode!r}"
            )

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        # Within gain * sqrt(3 / fan_in), the gain of this slope being 1 / sqrt(3).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            seen = math.prod(self.weight.shape[1:])
            if seen:
                bound = 1 / math.sqrt(seen)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        count = self._dims
        if self.padding != (0,) * count:
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * count:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != (0,) * count:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(_ConvNd):
    """A convolution, of which subclasses say in how many dims."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self._set_up(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _padded(self, input: Tensor) -> tuple[Tensor, tuple[int, ...] | str]:
        """Return ``input``, padded unless with zeros, and what the convolution has to pad."""
        if self.padding_mode == "zeros":
            return input, self.padding
        return F.pad(input, self._margins(), mode=self.padding_mode), (0,) * self._dims

    def _margins(self) -> list[int]:
        """Return the padding as ``pad`` takes it: last dim first, before and after."""
        if not isinstance(self.padding, str):
            return [margin for margin in reversed(self.padding) for _ in range(2)]
        if self.padding == "valid":
            return [0, 0] * self._dims
        sides = []
        for step, size in zip(reversed(self.dilation), reversed(self.kernel_size), strict=True):
            total = step * (size - 1)
            sides += [total // 2, total - total // 2]
        return sides


class Conv1d(_Conv):
    """The cross-correlation of signals (N, C, L) or (C, L) with learned kernels, plus a bias.

    >>> import gnomon as torch
    >>> Conv1d(16, 33, 3, stride=2)(torch.ones(2, 16, 9)).shape
    torch.Size([2, 33, 4])
    """

    _dims = 1

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of ``input``."""
        input, padding = self._padded(input)
        return F.conv1d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv2d(_Conv):
    """The cross-correlation of images (N, C, H, W) or (C, H, W) with learned kernels.

    >>> import gnomon as torch
    >>> Conv2d(3, 8, 3, padding=1)
    Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    """

    _dims = 2

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of ``input``."""
        input, padding = self._padded(input)
        return F.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv3d(_Conv):
    """The cross-correlation of volumes (N, C, D, H, W) or (C, D, H, W) with learned kernels.

    >>> import gnomon as torch
    >>> Conv3d(1, 2, (1, 2, 2))(torch.ones(1, 1, 3, 3, 3)).shape
    torch.Size([1, 2, 3, 2, 2])
    """

    _dims = 3

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of ``input``."""
        input, padding = self._padded(input)
        return F.conv3d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class _ConvTranspose(_ConvNd):
    """A transposed convolution, of which subclasses say in how many dims."""

    _transposed = True
    padding: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(
                f'Only "zeros" padding mode is supported for {type(self).__name__}'
            )
        self._set_up(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _extra(self, input: Tensor, output_size: Sequence[int] | None) -> tuple[int, ...]:
        """Return the output padding that gives ``output_size``; None: the layer's own."""
        if output_size is None:
            return self.output_padding
        count = self._dims
        wanted = tuple(output_size)
        if len(wanted) == input.ndim:
            wanted = wanted[-count:]
        if len(wanted) != count:
            raise ValueError(
                f"{type(self).__name__}: for {input.ndim}D input, output_size must have "
                f"{count} or {input.ndim} elements (got {len(wanted)})"
            )
        extra = []
        for dim, size in enumerate(wanted):
            reach = self.dilation[dim] * (self.kernel_size[dim] - 1) + 1
            inner = input.size(dim - count) - 1
            least = inner * self.stride[dim] - 2 * self.padding[dim] + reach
            if not least <= size < least + self.stride[dim]:
                raise ValueError(
                    f"requested an output size of {list(wanted)}, but valid sizes of dim {dim} "
                    f"range from {least} to {least + self.stride[dim] - 1}"
                )
            extra.append(size - least)
        return tuple(extra)


class ConvTranspose1d(_ConvTranspose):
    """The transpose of ``Conv1d``: it makes signals longer.

    >>> import gnomon as torch
    >>> ConvTranspose1d(4, 2, 3, stride=2)(torch.ones(1, 4, 5)).shape
    torch.Size([1, 2, 11])
    """

    _dims = 1

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the transposed convolution; ``output_size`` chooses among possible sizes."""
        return F.conv_transpose1d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._extra(input, output_size),
            self.groups,
            self.dilation,
        )


class ConvTranspose2d(_ConvTranspose):
    """The transpose of ``Conv2d``: it makes images larger.

    >>> import gnomon as torch
    >>> grow = ConvTranspose2d(4, 2, 3, stride=2, padding=1)
    >>> grow(torch.ones(1, 4, 5, 5), output_size=(10, 10)).shape
    torch.Size([1, 2, 10, 10])
    """

    _dims = 2

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the transposed convolution; ``output_size`` chooses among possible sizes."""
        return F.conv_transpose2d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._extra(input, output_size),
            self.groups,
            self.dilation,
        )


class ConvTranspose3d(_ConvTranspose):
    """The transpose of ``Conv3d``: it makes volumes larger.

    >>> import gnomon as torch
    >>> ConvTranspose3d(1, 1, 2, stride=2)(torch.ones(1, 1, 1, 1, 1)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    _dims = 3

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the transposed convolution; ``output_size`` chooses among possible sizes."""
        return F.conv_transpose3d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._extra(input, output_size),
            self.groups,
            self.dilation,
        )
