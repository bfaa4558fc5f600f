"""The exponential of rows and of attention, against the correctly rounded one."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import numpy as np
import pyopencl as cl

from gnomon.backend import float32
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import exponential_text, whole_source

from .devices import default_backend

COUNT = 1 << 16
EDGES = (0.0, -0.0, 1e-30, -1e-30, 88.7228, 88.7229, -87.3366, -103.97, -104.0, 1e30, -1e30)


@pytest.mark.parametrize("lanes", [1, 8])
def test_it_is_within_two_ulps(lanes: int) -> None:
    runtime = default_backend().runtime
    given = np.random.default_rng(3).uniform(-110, 95, COUNT).astype(np.float32)
    given[: len(EDGES)] = EDGES
    given[-3:] = -math.inf, math.inf, math.nan
    found = np.empty_like(given)
    traits = replace(runtime.traits, is_processor=True)
    vector = "float" if lanes == 1 else f"float{lanes}"
    source = whole_source(
        exponential_text(element_type(float32), lanes, traits),
        "__kernel void exponentials(__global float *p) {"
        f" __global {vector} *at = (__global {vector} *)p + get_global_id(0);"
        " *at = EXP(*at); }",
    )
    program = cl.Program(runtime.context, source).build()
    queue = cl.CommandQueue(runtime.context)
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
    buffer = cl.Buffer(runtime.context, flags, hostbuf=given)
    program.exponentials(queue, (COUNT // lanes,), None, buffer)
    cl.enqueue_copy(queue, found, buffer)
    with np.errstate(over="ignore"):
        exact = np.exp(given.astype(np.float64))
        rounded = exact.astype(np.float32)
    finite = np.isfinite(rounded)
    ulps = np.spacing(np.abs(rounded[finite])).astype(np.float64)
    assert (np.abs(found[finite] - exact[finite]) <= 2 * ulps).all()
    assert (np.isnan(found) == np.isnan(given)).all()
    # What is beyond the largest float by less than 2 ULPs may be finite.
    assert (found[~finite & ~np.isnan(given)] >= 3.4028e38).all()
    assert found[0] == found[1] == 1 and found[-3] == 0
