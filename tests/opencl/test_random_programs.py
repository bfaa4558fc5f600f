"""Random programs, compiled, do on the device what they do uncompiled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gnomon
from gnomon import Tensor
from gnomon.compiler import Compiled
from gnomon_conformance.checks.random_programs import ACTIONS, SHAPES, Program, Step

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import default_backend

Call = Callable[[Tensor, Tensor], list[Tensor]]

_STEPS = st.builds(
    Step,
    st.sampled_from(sorted(ACTIONS)),
    st.integers(0, 3),
    st.integers(0, 5),
    st.integers(0, 3),
)
_PROGRAMS = st.lists(_STEPS, min_size=3, max_size=14).map(lambda steps: Program(tuple(steps)))


def _left(program: Program, way: Callable[[Call], Call]) -> tuple[list[object], Call]:
    """Return what calls with inputs of two shapes return, and the function called."""
    gnomon.manual_seed(0)
    state = gnomon.zeros(SHAPES[0], device="opencl")
    run = way(lambda x, y: program.run(x, y, state))
    results = []
    for call in range(10):
        rows, columns = SHAPES[call % 2]
        numbers = gnomon.arange(float(rows * columns)).reshape(rows, columns)
        x = ((numbers * (call + 3)) % 9 - 4).to("opencl")
        results.append([*run(x, x.flip(0)), state.clone()])
    return [[each.tolist() for each in left] for left in results], run


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_PROGRAMS)
def test_a_compiled_program_is_the_program(program: Program) -> None:
    default_backend()
    expected, _ = _left(program, lambda call: call)
    found, run = _left(program, gnomon.compile)
    assert found == expected
    assert isinstance(run, Compiled)
    assert run.explain().count("replayed:") == len(SHAPES)
