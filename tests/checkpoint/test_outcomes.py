"""Every program about checkpoints has PyTorch's outcome, and checkpoints keep little."""

from __future__ import annotations

import gc
import warnings
import weakref
from pathlib import Path
from types import ModuleType

import pytest

import gnomon
from checkpoint.programs import PROGRAMS, Program
from device import reference_only
from gnomon.utils.checkpoint import checkpoint, checkpoint_sequential
from outcomes import Outcome, agree, described, store, stored

GOLDEN = Path(__file__).parent / "golden_programs.json"


def outcome_of(program: Program, module: ModuleType) -> Outcome:
    module.manual_seed(2024)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return described(program(module), module)


@reference_only("some of the numbers are drawn, by the CPU's generator")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_program(program: Program) -> None:
    found = outcome_of(program, gnomon)
    assert agree(found, stored(GOLDEN)[program.__name__]), found


def test_golden_outcomes_are_pytorchs(write_golden: bool) -> None:
    torch = pytest.importorskip("torch", reason="the oracle of these outcomes is PyTorch")
    programs = {each.__name__: outcome_of(each, torch) for each in PROGRAMS}
    if write_golden:
        store(GOLDEN, programs)
    golden = stored(GOLDEN)
    assert [name for name in programs if not agree(golden[name], programs[name])] == []


@pytest.mark.parametrize("reentrant", [True, False])
def test_what_is_computed_between_is_not_kept(reentrant: bool) -> None:
    kept: list[weakref.ref[object]] = []

    def function(x: gnomon.Tensor) -> gnomon.Tensor:
        for _ in range(4):
            x = x.exp().sin()
            kept.append(weakref.ref(x.operand.storage))
        return x

    x = gnomon.rand(100, requires_grad=True)
    y = checkpoint(function, x, use_reentrant=reentrant)
    gc.collect()
    assert [ref() is not None for ref in kept] == [False, False, False, True]
    y.sum().backward()
    assert x.grad is not None


def test_more_segments_than_functions_are_refused() -> None:
    with pytest.raises(ValueError, match="1 functions cannot be cut into 3 segments"):
        checkpoint_sequential([gnomon.exp], 3, gnomon.ones(1), use_reentrant=False)


@reference_only("it opens the accelerator itself")
def test_an_accelerator_draws_the_same_again() -> None:
    pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")
    from opencl.devices import default_backend

    default_backend()
    for reentrant in (True, False):
        x = gnomon.ones(64, device="opencl", requires_grad=True)
        y = checkpoint(lambda x: gnomon.dropout(x, 0.5, True), x, use_reentrant=reentrant)
        y.sum().backward()
        assert x.grad is not None and x.grad.tolist() == y.tolist()
