"""Convolutions of many sizes and geometries, where a kernel of one's own is cut into tiles.
Whole numbers make every sum exact, so that nothing is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import DType, float64
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case
from gnomon_conformance.checks.kernels import cases_of_sizes, equal, whole
from gnomon_conformance.correct import largest
from gnomon_conformance.functions import channels_last, elements_of, with_gradients
from gnomon_conformance.judging import Evidence
from gnomon_conformance.target import Target, oracle

#: What halves don't hold the sums of.
_NOT_OF_HALVES: Final = frozenset(("deep-convolutions", "long-kernels"))
#: Images, their channels, those of the result, sizes of images and kernels, strides and groups.
_DEEP: Final = (
    (1, 130, 4, 3, 3, 1, 1),
    (2, 9, 75, 3, 3, 2, 1),
    (1, 600, 2, 2, 2, 1, 1),
    (1, 3, 130, 4, 1, 1, 1),
    (35, 2, 40, 2, 2, 1, 1),
    (40, 1, 12, 5, 3, 1, 1),
    (1, 1200, 4, 3, 2, 1, 2),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of convolutions of many sizes."""
    checks = {
        "convolutions": _convolutions,
        "deep-convolutions": _deep_convolutions,
        "long-kernels": _long_kernels,
        "overflows": _overflows,
    }
    yield from cases_of_sizes(checks, _NOT_OF_HALVES, seed)


def _convolutions(dtype: DType, seed: int, target: Target) -> Evidence:
    """Convolutions and pools with all kinds of strides, paddings, dilations and groups."""
    chooser = Random(f"convolutions {dtype.name} {seed}")
    compared = 0
    for turn in range(8):
        groups = chooser.choice((1, 1, 2, 3))
        channels, results = groups * chooser.randint(1, 3), groups * chooser.randint(1, 3)
        if turn > 5:  # one channel a group
            groups = channels
            results = channels * chooser.randint(1, 2)
        kernel = (chooser.randint(1, 3), chooser.randint(1, 4))
        stride = chooser.choice((1, 1, 2, (1, 2)))
        padding = chooser.choice((0, 1, (0, 2)))
        dilation = chooser.choice((1, 1, 2, (1, 2), (2, 1)))
        size = (chooser.randint(7, 9), chooser.randint(7, 11))
        images = 5 if turn == 3 else chooser.randint(1, 3)
        x = whole((images, channels, *size), dtype, target.device, chooser)
        weight = whole((results, channels // groups, *kernel), dtype, target.device, chooser)
        bias = whole((results,), dtype, target.device, chooser)
        if turn % 2:
            x = x.transpose(2, 3).contiguous().transpose(2, 3)
        mine = F.conv2d(x, weight, bias, stride, padding, dilation, groups)
        a, b, c = (each.to(oracle()).to(float64) for each in (x, weight, bias))
        exact = F.conv2d(a, b, c, stride, padding, dilation, groups)
        what = f"conv2d {tuple(x.shape)} {tuple(weight.shape)} {stride} {padding} {dilation}"
        compared += equal(mine, [float(v) for v in elements_of(exact)], what, dtype)
        pooled = F.max_pool2d(x, kernel, stride, 0)
        exact = F.max_pool2d(a, kernel, stride, 0)
        what = f"max_pool2d {tuple(x.shape)} {kernel} {stride}"
        compared += equal(pooled, [float(v) for v in elements_of(exact)], what, dtype)
    return Evidence(compared)


def _convolved(
    convolve: Callable[..., Tensor], stride: int, groups: int, operands: list[Tensor]
) -> list[Tensor]:
    return [convolve(*operands, None, stride, padding=1, groups=groups)]


def _deep_convolutions(dtype: DType, seed: int, target: Target) -> Evidence:
    """Convolutions of more channels than a block has terms, or than there are places, and of
    several images, both ways and with their gradients.
    """
    chooser = Random(f"deep convolutions {dtype.name} {seed}")
    compared = 0
    for turn, (images, channels, results, size, kernel, stride, groups) in enumerate(_DEEP):
        for transposed in (False, True):
            convolve = F.conv_transpose2d if transposed else F.conv2d
            of_weight = (
                (channels, results // groups) if transposed else (results, channels // groups)
            )
            x = whole((images, channels, size, size), dtype, target.device, chooser)
            weight = whole((*of_weight, kernel, kernel), dtype, target.device, chooser)
            if turn % 2:
                x, weight = channels_last(x), channels_last(weight)
            function = with_gradients(partial(_convolved, convolve, stride, groups))
            right = function([each.to(oracle()).to(float64) for each in (x, weight)])
            what = f"{convolve.__name__} {tuple(x.shape)} {tuple(weight.shape)} {stride}"
            for mine, exact in zip(function([x, weight]), right, strict=True):
                compared += equal(mine, [float(v) for v in elements_of(exact)], what, dtype)
    return Evidence(compared)


def _long_kernels(dtype: DType, seed: int, target: Target) -> Evidence:
    """Convolutions of kernels of hundreds of elements, of several channels and groups."""
    chooser = Random(f"long kernels {dtype.name} {seed}")
    compared = 0
    for channels, groups in ((3, 1), (4, 2)):
        x = whole((1, channels, 340), dtype, target.device, chooser)
        weight = whole((4, channels // groups, 300), dtype, target.device, chooser)
        mine = F.conv1d(x, weight, groups=groups)
        a, b = (each.to(oracle()).to(float64) for each in (x, weight))
        exact = F.conv1d(a, b, groups=groups)
        right = [float(value) for value in elements_of(exact)]
        compared += equal(mine, right, f"conv1d of {channels}, {groups} groups", dtype)
    image = channels_last(whole((1, 3, 20, 20), dtype, target.device, chooser))
    weight = whole((9, 3, 17, 17), dtype, target.device, chooser)
    a, b = (each.to(oracle()).to(float64) for each in (image, weight))
    right = [float(value) for value in elements_of(F.conv2d(a, b))]
    compared += equal(F.conv2d(image, weight), right, "conv2d of 17x17", dtype)
    return Evidence(compared)


def _overflows(dtype: DType, seed: int, target: Target) -> Evidence:
    """Convolutions of the largest number, which leave the dtype to both sides."""
    compared = 0
    images = torch.full((2, 3, 4, 4), largest(dtype), dtype=dtype).to(target.device)
    signs = torch.tensor([1.0, -1.0], dtype=dtype).reshape((2, 1, 1, 1)).to(target.device)
    for kernel in (1, 3):
        result = F.conv2d(images, signs.expand(2, 3, kernel, kernel).contiguous())
        places = (5 - kernel) ** 2
        right = ([math.inf] * places + [-math.inf] * places) * 2
        compared += equal(result, right, f"conv2d of {kernel}", dtype)
    return Evidence(compared)
