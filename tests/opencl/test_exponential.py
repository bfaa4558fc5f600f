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
EDGES = (0.0, -0.0, 1e-30, -1e-30, 64.0, -87.3366, -103.97, -103.98, -104.0, -1e30)


@pytest.mark.parametrize("lanes", [1, 8, 16])
def test_it_is_within_two_ulps(lanes: int) -> None:
    runtime = default_backend().runtime
    given = np.random.default_rng(3).uniform(-110, 64, COUNT).astype(np.float32)
    given[: len(EDGES)] = EDGES
    given[-2:] = -math.inf, math.nan
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
    exact = np.exp(given.astype(np.float64))
    ulps = np.spacing(np.abs(exact[:-1].astype(np.float32))).astype(np.float64)
    assert (np.abs(found[:-1] - exact[:-1]) <= 2 * ulps).all()
    assert np.isnan(found[-1])
    assert found[0] == found[1] == 1 and found[-2] == 0
