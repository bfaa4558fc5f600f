"""The composite behind every convolution, and its derivative, which is made of convolutions.

A convolution is a product of matrices: the kernel, a row for each result channel, times the
input's windows, a column for each. A transposed one multiplies first and adds the columns up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import TypeAlias, TypeVar

from gnomon.backend import Operand
from gnomon.composite.convolution_geometry import Geometry, Sizes
from gnomon.composite.matrix import bmm
from gnomon.composite.padding import constant_pad_nd
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import float32
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.layout.strides import prefers_channels_last
from gnomon.op.claims import SumOfTerms
from gnomon.op.composite import Composite, record_composite
from gnomon.op.copy import COPY
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import add, sum_of
from gnomon.op.view import accumulate, view_of
from gnomon.ops.slicing import NARROW
from gnomon.ops.views import EXPAND, reshape, transpose

T = TypeVar("T", bound=TensorCore)

#: ``(input (N, C, *spatial), weight, bias or None, geometry, output)``; all of one dtype.
ConvolutionKernel: TypeAlias = Callable[
    [Operand, Operand, "Operand | None", Geometry, Operand], None
]
ConvolutionMeaning: TypeAlias = Callable[
    [TensorCore, TensorCore, "TensorCore | None", Geometry], TensorCore
]


def _convolution(
    input: TensorCore, weight: TensorCore, bias: TensorCore | None, geometry: Geometry
) -> TensorCore:
    product = _read_back if geometry.transposed else _read_windows
    result = product(input, weight, geometry)
    if bias is None:
        return result
    spatial = (1,) * len(geometry.stride)
    return add(result, reshape(bias, (bias.operand.layout.shape[0], *spatial)))


def _read_windows(input: TensorCore, weight: TensorCore, geometry: Geometry) -> TensorCore:
    batch, channels = input.operand.layout.shape[:2]
    rows, _, *kernel = weight.operand.layout.shape
    shape = geometry.output_shape(input.operand.layout.shape, weight.operand.layout.shape)
    padded = constant_pad_nd(input, geometry.margins())

    def windows(images: Layout) -> Layout:
        return geometry.windows(images, tuple(kernel), shape[2:])

    seen = view_of(padded, windows(padded.operand.layout), "AsStridedBackward0", windows)
    groups = geometry.groups
    terms = channels // groups * prod(kernel)
    columns = reshape(seen, (batch * groups, terms, prod(shape[2:])))
    kernels = reshape(weight, (groups, rows // groups, terms))
    return reshape(bmm(_for_every_image(kernels, batch), columns), shape)


def _read_back(input: TensorCore, weight: TensorCore, geometry: Geometry) -> TensorCore:
    batch, channels, *counts = input.operand.layout.shape
    _, width, *kernel = weight.operand.layout.shape
    shape = geometry.output_shape(input.operand.layout.shape, weight.operand.layout.shape)
    groups = geometry.groups
    depth = channels // groups
    kernels = transpose(reshape(weight, (groups, depth, width * prod(kernel))), 1, 2)
    images = reshape(input, (batch * groups, depth, prod(counts)))
    products = bmm(_for_every_image(kernels, batch), images)
    padded = [
        size + 2 * margin for size, margin in zip(shape[2:], geometry.padding, strict=True)
    ]
    whole = Layout.contiguous((*shape[:2], *padded))
    windows = geometry.windows(whole, tuple(kernel), tuple(counts))
    cells = accumulate(reshape(products, windows.shape), windows, whole.numel)
    return constant_pad_nd(reshape(cells, whole.shape), [-each for each in geometry.margins()])


def _for_every_image(kernels: TensorCore, batch: int) -> TensorCore:
    shape = kernels.operand.layout.shape
    return reshape(EXPAND(kernels, (batch, *shape)), (batch * shape[0], *shape[1:]))


convolution_of: Composite[ConvolutionMeaning, ConvolutionKernel] = Composite(
    name="convolution",
    definition="the sum of each window of the input times the kernel of each output channel",
    decompose=_convolution,
    tolerance=SumOfTerms(),
    gradients=("input", "weight", "bias"),
)


def convolved(
    input: T, weight: T, bias: T | None, geometry: Geometry, layout: Layout | None = None
) -> T:
    """Return the convolution of checked operands, as the output of one node.

    It lies as ``layout`` says, otherwise as its operands do.
    """
    layout = layout or _usual_layout(input, weight, geometry)
    result = input.like(_computed(input, weight, bias, geometry, layout))
    record_composite(
        "ConvolutionBackward0",
        (input, weight, bias),
        (result,),
        (input, weight),
        partial(_derivative, geometry),
    )
    return result


def _usual_layout(input: TensorCore, weight: TensorCore, geometry: Geometry) -> Layout:
    given, kernels = input.operand.layout, weight.operand.layout
    layout = Layout.contiguous(geometry.output_shape(given.shape, kernels.shape))
    if prefers_channels_last(given.shape, given.strides) or prefers_channels_last(
        kernels.shape, kernels.strides
    ):
        return layout.channels_last()
    return layout


def _computed(
    input: TensorCore,
    weight: TensorCore,
    bias: TensorCore | None,
    geometry: Geometry,
    layout: Layout,
) -> Operand:
    storage, _, dtype = input.operand
    output = allocate(storage.backend, layout, dtype)
    kernel = convolution_of.kernel_on(storage.backend)
    if kernel is not None:
        offsets = None if bias is None else bias.operand
        kernel(input.operand, weight.operand, offsets, geometry, output)
        return output
    wide = dtype if dtype.itemsize > 2 or not dtype.is_floating_point else float32
    with no_grad():
        whole = convolution_of.decompose(
            to_dtype(input, wide),
            to_dtype(weight, wide),
            None if bias is None else to_dtype(bias, wide),
            geometry,
        )
    storage.backend.elementwise(COPY, (to_dtype(whole, dtype).operand,), output)
    return output


def _derivative(
    geometry: Geometry,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    (g,), (input, weight) = cotangents, saved
    assert g is not None and input is not None and weight is not None
    spatial = tuple(range(2, g.operand.layout.ndim))
    return (
        _input_cotangent(g, input, weight, geometry) if needs[0] else None,
        _weight_cotangent(g, input, weight, geometry) if needs[1] else None,
        sum_of(g, (0, *spatial)) if needs[2] else None,
    )


def _input_cotangent(
    g: TensorCore, input: TensorCore, weight: TensorCore, geometry: Geometry
) -> TensorCore:
    size = input.operand.layout.shape[2:]
    kernel = weight.operand.layout.shape[2:]
    rest: Sizes = ()
    if not geometry.transposed:
        rest = geometry.left_over(size, kernel, g.operand.layout.shape[2:])
    return _cropped(convolved(g, weight, None, geometry.opposite(rest)), size)


def _weight_cotangent(
    g: TensorCore, input: TensorCore, weight: TensorCore, geometry: Geometry
) -> TensorCore:
    """Return the sums over images and windows: a convolution with images for channels.

    They lie as the weight does, so that they can be kept as its gradient uncopied.
    """
    images, kernels = (g, input) if geometry.transposed else (input, g)
    batch, channels, *size = images.operand.layout.shape
    groups = geometry.groups
    depth = channels // groups
    layout = None
    if weight.operand.layout.is_contiguous:
        layout = Layout.contiguous(weight.operand.layout.shape).transpose(0, 1)
    grouped = transpose(reshape(images, (batch, groups, depth, *size)), 0, 2)
    sums = convolved(
        reshape(grouped, (depth, groups * batch, *size)),
        transpose(kernels, 0, 1),
        None,
        geometry.across_weights(
            tuple(size), kernels.operand.layout.shape[2:], weight.operand.layout.shape[2:]
        ),
        layout,
    )
    return transpose(sums, 0, 1)


def _cropped(images: TensorCore, size: Sequence[int]) -> TensorCore:
    """Return the first ``size`` positions along the spatial dims."""
    for dim, (wanted, present) in enumerate(
        zip(size, images.operand.layout.shape[2:], strict=True), 2
    ):
        if wanted != present:
            images = NARROW(images, dim, 0, wanted)
    return images
