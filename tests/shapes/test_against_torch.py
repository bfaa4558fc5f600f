"""Shapes, strides, sharing, values, nodes, gradients and errors are PyTorch's."""

from __future__ import annotations

from itertools import product
from types import ModuleType

import pytest

import gnomon
from gnomon.composite import folding, padding
from gnomon.layout import Layout
from shapes.programs import BINARY, FOLDS, HISTORIES, IN_PLACE, PADDINGS, UNARY
from shapes.twins import MEMORIES, Either, Memory, assert_twins, gradients

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")

MATRICES = (
    Memory((2, 3), (3, 1)),
    Memory((3, 2), (1, 3)),
    Memory((3, 3), (3, 1), 1),
    Memory((1, 4), (4, 1)),
)
PAIRS = tuple(
    product(
        (
            *MATRICES,
            Memory((), ()),
            Memory((3,), (2,)),
            Memory((0,), (1,)),
            Memory((0, 3), (3, 1)),
        ),
        repeat=2,
    )
)


@pytest.mark.parametrize("source", UNARY)
def test_results(source: str) -> None:
    for memory in MEMORIES:
        assert_twins(torch, UNARY[source], [memory])


@pytest.mark.parametrize("source", UNARY)
def test_gradients(source: str) -> None:
    for memory in MEMORIES:
        # PyTorch's second derivative is NaN where no element of an overlapping input is read.
        if "as_strided" in source and (0 in memory.strides or 0 in memory.shape):
            continue
        mine = gradients(UNARY[source], gnomon, [memory])
        assert mine == gradients(UNARY[source], torch, [memory]), memory


@pytest.mark.parametrize("source", BINARY)
def test_results_of_two(source: str) -> None:
    for pair in PAIRS:
        assert_twins(torch, BINARY[source], pair)


@pytest.mark.parametrize("source", BINARY)
def test_gradients_of_two(source: str) -> None:
    for pair in PAIRS:
        # PyTorch forgets that a vector of no elements is a row when it goes back.
        if "block_diag" in source and any(0 in memory.shape for memory in pair):
            continue
        mine = gradients(BINARY[source], gnomon, pair)
        assert mine == gradients(BINARY[source], torch, pair), pair


@pytest.mark.parametrize(("numbers", "mode"), PADDINGS)
def test_padding(numbers: tuple[int, ...], mode: str) -> None:
    def padded(library: ModuleType, x: Either) -> Either:
        pad = library.nn.functional.pad if library is torch else padding.pad
        return pad(x, numbers, mode=mode)

    for memory in MEMORIES:
        # PyTorch shows what memory held when nothing is left to go round.
        if (
            mode == "circular"
            and memory.shape
            and memory.shape[-1] + min(numbers, default=0) < 1
        ):
            continue
        # What lies channels-last stays so in PyTorch; here these modes give contiguous results.
        contiguous = Memory(memory.shape, tuple(Layout.contiguous(memory.shape).strides))
        assert_twins(torch, padded, [contiguous])
        mine = gradients(padded, gnomon, [contiguous])
        assert mine == gradients(padded, torch, [contiguous]), memory


@pytest.mark.parametrize("source", FOLDS)
def test_folds(source: str) -> None:
    def folded(library: ModuleType, x: Either) -> Either:
        return FOLDS[source](torch.nn.functional if library is torch else folding, x)

    for memory in (*MEMORIES, Memory((2, 4, 6), (24, 6, 1)), Memory((1, 2, 6), (12, 1, 2))):
        # PyTorch looks for a third dim of a matrix before it refuses to unfold one.
        if len(memory.shape) > (2 if "unfold" in source else 1):
            assert_twins(torch, folded, [memory])
            mine = gradients(folded, gnomon, [memory])
            assert mine == gradients(folded, torch, [memory]), memory


@pytest.mark.parametrize("source", IN_PLACE)
def test_writes(source: str) -> None:
    def write_to_a_copy(library: ModuleType, x: Either) -> Either:
        return IN_PLACE[source](library, x.clone())

    for memory in MEMORIES:
        assert_twins(torch, write_to_a_copy, [memory])


@pytest.mark.parametrize("source", HISTORIES)
def test_histories(source: str) -> None:
    for pair in product(MATRICES, (*MATRICES, Memory((), ()), Memory((3,), (2,)))):
        mine = gradients(HISTORIES[source], gnomon, pair)
        assert mine == gradients(HISTORIES[source], torch, pair), pair
