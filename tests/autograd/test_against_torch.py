"""The same programs, and random ones, run with gnomon and with PyTorch."""

from __future__ import annotations

import warnings

import pytest

import gnomon
from autograd.observing import PROGRAMS, observe
from autograd.random_programs import program, run
from autograd.test_golden import TOPICS

torch = pytest.importorskip("torch", reason="compares with PyTorch itself")


def test_the_programs_are_loaded() -> None:
    assert len(PROGRAMS) > len(TOPICS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_shows_the_same(name: str) -> None:
    assert observe(gnomon, PROGRAMS[name]) == observe(torch, PROGRAMS[name])


@pytest.mark.parametrize("block", range(10))
def test_random_writes_to_views_show_the_same(block: int) -> None:
    with warnings.catch_warnings():
        # Reading the grad of what is no leaf any more warns in both.
        warnings.simplefilter("ignore", UserWarning)
        for seed in range(30 * block, 30 * (block + 1)):
            steps = program(seed)
            assert run(gnomon, steps) == run(torch, steps), f"seed {seed}"
