"""What convolution is: its sums, its decomposition, and derivatives of its derivatives."""

# Tensors of any number come and go as a list.
# ruff: noqa: ANN401

from __future__ import annotations

import math
from typing import Any

import pytest

import gnomon
from device import reference_only
from gnomon.composite.convolution import convolution_of
from gnomon.composite.convolution_geometry import Geometry

GEOMETRIES = [
    Geometry(stride=(1, 1), padding=(0, 0), dilation=(1, 1)),
    Geometry(stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
    Geometry(stride=(3, 2), padding=(2, 1), dilation=(2, 1)),
    Geometry(
        stride=(1, 1), padding=(0, 0), dilation=(1, 1), transposed=True, output_padding=(0, 0)
    ),
    Geometry(
        stride=(2, 3),
        padding=(1, 1),
        dilation=(1, 2),
        transposed=True,
        output_padding=(1, 2),
        groups=2,
    ),
    Geometry(
        stride=(1, 2), padding=(1, 0), dilation=(2, 1), transposed=True, output_padding=(1, 1)
    ),
]


def operands(geometry: Geometry) -> list[Any]:
    gnomon.manual_seed(3)
    return [
        gnomon.randn(2, 4, 4, 5, dtype=gnomon.float64, requires_grad=True),
        gnomon.randn(4, 4 // geometry.groups, 2, 2, dtype=gnomon.float64, requires_grad=True),
        gnomon.randn(4, dtype=gnomon.float64, requires_grad=True),
    ]


def convolve(geometry: Geometry, *tensors: Any) -> Any:
    output_padding = geometry.output_padding or (0, 0)
    return gnomon.convolution(
        *tensors,
        geometry.stride,
        geometry.padding,
        geometry.dilation,
        geometry.transposed,
        output_padding,
        geometry.groups,
    )


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_kernel_gives_what_the_decomposition_gives(geometry: Geometry) -> None:
    tensors = operands(geometry)
    meant = convolution_of.decompose(*tensors, geometry)
    assert gnomon.allclose(convolve(geometry, *tensors), meant, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_derivatives_are_those_of_the_decomposition(geometry: Geometry) -> None:
    tensors = operands(geometry)
    slopes = []
    for compute in (
        convolve,
        lambda geometry, *each: convolution_of.decompose(*each, geometry),
    ):
        result = compute(geometry, *tensors)
        first = gnomon.autograd.grad((result * result).sum(), tensors, create_graph=True)
        total = sum((slope * slope).sum() for slope in first)
        slopes.append([*first, *gnomon.autograd.grad(total, tensors)])
    for found, meant in zip(*slopes, strict=True):
        # Sums of some hundred terms, whose squares went through two derivatives.
        assert gnomon.allclose(found, meant, rtol=1e-11, atol=1e-9)


@reference_only("only the reference rounds a sum once")
def test_sums_of_float32_are_rounded_once() -> None:
    signal = gnomon.tensor([[[2.0**24, 1.0, -(2.0**24)]]])
    result = gnomon.conv1d(signal, gnomon.ones(1, 1, 3), gnomon.tensor([2.0**-30]))
    assert result.item() == 1.0
    assert gnomon.conv1d(signal, gnomon.ones(1, 1, 3), gnomon.tensor([0.5])).item() == 1.5


@reference_only("where a device multiplies the zeros of the padding, infinities give nan")
def test_an_infinite_weight_does_not_meet_the_padding() -> None:
    weight = gnomon.tensor([[[math.inf, 1.0]]])
    result = gnomon.conv1d(gnomon.tensor([[1.0, 2.0]]), weight, padding=1)
    assert result.tolist() == [[1.0, math.inf, math.inf]]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("turned", [False, True])
def test_the_gradient_of_a_weight_lies_as_the_weight(groups: int, turned: bool) -> None:
    functional = gnomon.nn.functional
    function = functional.conv_transpose2d if turned else functional.conv2d
    x = gnomon.rand(2, 4, 6, 5)
    weight = gnomon.rand(4, 4 // groups, 3, 2, requires_grad=True)
    (gradient,) = gnomon.autograd.grad(function(x, weight, groups=groups).sum(), weight)
    assert gradient.stride() == weight.stride()
