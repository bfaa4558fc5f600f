"""Every program shows with gnomon what it shows with PyTorch, but for listed differences."""

from __future__ import annotations

import pytest

import gnomon
from indexing.differences import DIFFERENT
from indexing.operations import operations
from indexing.programs import Program, keys, observe

torch = pytest.importorskip("torch", reason="compares with PyTorch")

PROGRAMS = dict([*keys(), *operations()])


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    program: Program = PROGRAMS[name]
    agrees = observe(gnomon, program) == observe(torch, program)
    assert agrees == (name not in DIFFERENT), DIFFERENT.get(name, "differs from PyTorch")


def test_the_differences_are_programs() -> None:
    assert set(DIFFERENT) <= set(PROGRAMS)
