"""Images cut into the columns of their windows, and columns added up to images again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, final

from gnomon.composite.padding import constant_pad_nd
from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.layout import Layout
from gnomon.op.arguments import IntegerArgument, integer_or_integers
from gnomon.op.copying import clone_as
from gnomon.op.linear import linear
from gnomon.op.view import accumulate
from gnomon.ops.views import reshape

T = TypeVar("T", bound=TensorCore)
Pair = tuple[int, int]


@final
@dataclass(frozen=True, slots=True)
class _Windows:
    """Where the windows over an image lie; each pair is for rows and for columns."""

    operation: str
    kernel: Pair
    dilation: Pair
    padding: Pair
    stride: Pair

    def margins(self) -> tuple[int, int, int, int]:
        rows, columns = self.padding
        return columns, columns, rows, rows

    def counts(self, image: Sequence[int]) -> Pair:
        """Return how many windows lie down and across an image of this height and width."""
        rows, columns = [
            (size + 2 * margin - step * (length - 1) - 1) // stride + 1
            for size, margin, step, length, stride in zip(
                image, self.padding, self.dilation, self.kernel, self.stride, strict=True
            )
        ]
        return rows, columns

    def over(self, padded: Layout, counts: Pair) -> Layout:
        """Return (N, C, kernel, kernel, windows, windows) of (N, C, H, W), margins included."""
        batch, channels = padded.shape[:2]
        *outer, row, column = padded.strides
        return Layout(
            (batch, channels, *self.kernel, *counts),
            (
                *outer,
                row * self.dilation[0],
                column * self.dilation[1],
                row * self.stride[0],
                column * self.stride[1],
            ),
            padded.offset,
        )


def unfold(
    input: T,
    kernel_size: IntegerArgument,
    dilation: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    stride: IntegerArgument = 1,
) -> T:
    """Return the windows of images (N, C, H, W) or (C, H, W) as columns: (N, C kh kw, windows).

    Raises RuntimeError for other ranks, for sizes out of range, and where no window fits.

    >>> import gnomon as torch
    >>> from gnomon.composite.folding import unfold
    >>> unfold(torch.arange(4.0).view(1, 1, 2, 2), (1, 2))
    tensor([[[0., 2.],
             [1., 3.]]])
    """
    windows = _windows("unfold", kernel_size, dilation, padding, stride)
    _check_floating("unfold", input)
    shape = input.operand.layout.shape
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        rule = f"expected 3D or 4D with non-zero dims but for the batch, got {list(shape)}"
        raise RuntimeError(explain("unfold", rule, input, remedy="Give images (N, C, H, W)"))
    counts = windows.counts(shape[-2:])
    if min(counts) < 1:
        rule = f"the windows do not fit: their numbers would be {counts}"
        raise RuntimeError(
            explain("unfold", rule, input, remedy="Pad more, or choose smaller ones")
        )
    free = reshape(input.like(input.operand), (-1, *shape[-3:]) if len(shape) == 3 else shape)
    padded = constant_pad_nd(free, windows.margins()).operand
    seen = input.like(padded.under(windows.over(padded.layout, counts)))
    columns = clone_as(seen, Layout.contiguous(seen.operand.layout.shape)).operand
    height = shape[-3] * windows.kernel[0] * windows.kernel[1]
    column_shape = (*shape[:-3], height, counts[0] * counts[1])
    result = input.like(columns.under(Layout.contiguous(column_shape)))
    return linear(
        "Im2ColBackward0",
        input,
        result,
        lambda g: fold(g, shape[-2:], kernel_size, dilation, padding, stride),
    )


def fold(
    input: T,
    output_size: IntegerArgument,
    kernel_size: IntegerArgument,
    dilation: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    stride: IntegerArgument = 1,
) -> T:
    """Return columns (N, C kh kw, windows) added up to images (N, C, H, W) of ``output_size``.

    Raises RuntimeError for other ranks, and where the columns are not those of such images.

    >>> import gnomon as torch
    >>> from gnomon.composite.folding import fold
    >>> fold(torch.ones(1, 2, 2), (1, 3), (1, 2))
    tensor([[[[1., 2., 1.]]]])
    """
    windows = _windows("fold", kernel_size, dilation, padding, stride)
    height, width = _pair("fold", output_size, "output_size", 1)
    _check_floating("fold", input)
    shape = input.operand.layout.shape
    counts = windows.counts((height, width))
    area = windows.kernel[0] * windows.kernel[1]
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        rule = f"expected 2D or 3D with non-zero dims but for the batch, got {list(shape)}"
    elif shape[-2] % area:
        rule = f"size {shape[-2]} of dimension 1 is not divisible by the kernel's size {area}"
    elif min(counts) < 1 or shape[-1] != counts[0] * counts[1]:
        rule = f"expected {counts[0]} x {counts[1]} windows, got {shape[-1]} columns"
    else:
        rule = ""
    if rule:
        raise RuntimeError(explain("fold", rule, input, remedy="Give what unfold returns"))
    batch, channels = (shape[0] if len(shape) == 3 else 1), shape[-2] // area
    rows, columns = windows.padding
    whole = Layout.contiguous((batch, channels, height + 2 * rows, width + 2 * columns))
    parts = reshape(input.like(input.operand), (batch, channels, *windows.kernel, *counts))
    cells = accumulate(parts, windows.over(whole, counts), whole.numel)
    image = input.like(cells.operand.under(whole))
    cropped = constant_pad_nd(image, [-margin for margin in windows.margins()])
    result = reshape(cropped, (*shape[:-2], channels, height, width))
    return linear(
        "Col2ImBackward0",
        input,
        result,
        lambda g: unfold(g, kernel_size, dilation, padding, stride),
    )


def _check_floating(operation: str, input: TensorCore) -> None:
    if not input.operand.dtype.is_floating_point:
        raise NotImplementedError(
            explain(
                operation,
                f"not implemented for {input.operand.dtype.name}",
                input,
                remedy="Convert it with .to(gnomon.float32)",
            )
        )


def _windows(
    operation: str,
    kernel_size: IntegerArgument,
    dilation: IntegerArgument,
    padding: IntegerArgument,
    stride: IntegerArgument,
) -> _Windows:
    return _Windows(
        operation,
        _pair(operation, kernel_size, "kernel_size", 1),
        _pair(operation, dilation, "dilation", 1),
        _pair(operation, padding, "padding", 0),
        _pair(operation, stride, "stride", 1),
    )


def _pair(operation: str, given: IntegerArgument, name: str, least: int) -> Pair:
    """Return what holds for rows and for columns; one number holds for both."""
    numbers = integer_or_integers(operation, given)
    pair = (numbers,) if isinstance(numbers, int) else numbers
    if len(pair) == 1:
        pair = (pair[0], pair[0])
    if len(pair) != 2 or min(pair) < least:
        raise RuntimeError(
            f"{operation}: {name} should be one or two integers from {least} on, got {given}."
        )
    return pair[0], pair[1]
