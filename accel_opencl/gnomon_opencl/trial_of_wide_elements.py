"""Compute functions of vectors of sixteen floats on a device; see ``trials``.

``python -m gnomon_opencl.trial_of_wide_elements 0`` ends with status 0 if they are right.
"""

from __future__ import annotations

import sys
from typing import Final

import numpy as np
import pyopencl as cl

from gnomon_opencl.keeping import kept, status_of
from gnomon_opencl.traits import WIDE_LANES

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
    given = np.linspace(0.25, 4.0, 1 + WIDE_LANES, dtype=np.float32)
    found = kept(context, device, _SOURCE.format(value), given)
    return found is not None and bool(np.allclose(found[1:], given[1:], rtol=1e-5))


if __name__ == "__main__":
    sys.exit(status_of(is_right, lambda _: _VALUES))
