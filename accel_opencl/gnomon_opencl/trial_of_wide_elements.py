"""Compute functions of vectors of sixteen floats on a device; see ``trials``.

``python -m gnomon_opencl.trial_of_wide_elements 0`` ends with status 0 if they are right.
"""

from __future__ import annotations

import sys
import warnings
from typing import Final

import numpy as np
import pyopencl as cl

from gnomon_opencl.attempts import attempts_for
from gnomon_opencl.builder import program_of
from gnomon_opencl.trials import FAILED, all_devices

_LANES: Final = 16
#: What is to leave positive numbers as they are. The mildest comes first: a compiler that fails
#: it is given none on which it might abort.
_VALUES: Final = (
    "x",
    "vload16(0, (const float *)&x)",
    "fabs(select(x, -x, x < 2.0f))",
    "as_float16(as_uint16(x) << 1 >> 1)",
    "x > 2.0f ? x : x * 1.0f",
    "exp(log(x))",
    "sqrt(x * x)",
    "x * (sin(x) * sin(x) + cos(x) * cos(x))",
    "pow(x, (float16)(1.0f))",
    "asin(tanh(x)) * x / asin(tanh(x))",
    "x + erf(x) - erf(x)",
)
_SOURCE: Final = """
typedef float16 Cells __attribute__((aligned(4)));
__kernel void keep(__global const float *given, __global float *found) {{
    const float16 x = *(__global const Cells *)(given + 1);
    *(__global Cells *)(found + 1) = {};
}}
"""


def is_right(context: cl.Context, device: cl.Device, value: str) -> bool:
    """Return whether ``value`` is nearly what it is made of."""
    queue = cl.CommandQueue(context, device)
    given = np.linspace(0.25, 4.0, 1 + _LANES, dtype=np.float32)
    found = np.zeros_like(given)
    flags = cl.mem_flags.READ_ONLY | cl.mem_flags.COPY_HOST_PTR
    source = cl.Buffer(context, flags, hostbuf=given)
    target = cl.Buffer(context, cl.mem_flags.WRITE_ONLY, given.nbytes)
    version = device.platform.version
    program = program_of(
        context, device, attempts_for(version, _SOURCE.format(value), ["-cl-std=CL1.2"])
    )
    if program is None:
        return False
    cl.Kernel(program, "keep")(queue, (1,), None, source, target)
    cl.enqueue_copy(queue, found, target)
    return bool(np.allclose(found[1:], given[1:], rtol=1e-5))


def main() -> int:
    """Return 0 if the device named computes in such vectors rightly, else FAILED."""
    warnings.simplefilter("ignore", cl.CompilerWarning)
    device = all_devices()[int(sys.argv[1])]
    try:
        # PoCL reads its library of built-in functions once for each context.
        context = cl.Context([device])
        right = all(is_right(context, device, value) for value in _VALUES)
        return 0 if right else FAILED
    except cl.Error:
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
