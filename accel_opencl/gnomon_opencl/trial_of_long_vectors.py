"""Move and convert vectors of eight 64-bit elements on a device; see ``trials``.

``python -m gnomon_opencl.trial_of_long_vectors 0`` ends with status 0 if the results are right.
"""

from __future__ import annotations

import sys
from typing import Final

import numpy as np
import pyopencl as cl

from gnomon_opencl.keeping import kept, status_of

_LANES: Final = 8
#: What is to leave the numbers as they are. The mildest comes first: a compiler that fails it
#: is given none on which it might abort.
_STATEMENTS: Final = (
    " ".join(f"y[{lane}] = v.s{lane};" for lane in range(_LANES)),
    "vstore8(v, 0, y);",
    "vstore8(convert_long8(convert_float8(v)), 0, y);",
)
_OF_DOUBLES: Final = "vstore8(convert_long8(sqrt(convert_double8(v * v))), 0, y);"
_SOURCE: Final = """
__kernel void keep(__global const long *x, __global long *y) {{
    const long8 v = vload8(0, x);
    {}
}}
"""


def is_right(context: cl.Context, device: cl.Device, statement: str) -> bool:
    """Return whether numbers are, after ``statement``, what they were."""
    given = np.arange(1, _LANES + 1, dtype=np.int64)
    found = kept(context, device, _SOURCE.format(statement), given)
    return found is not None and bool((found == given).all())


def statements_for(device: cl.Device) -> tuple[str, ...]:
    """Return the statements that are tried on a device."""
    has_doubles = "cl_khr_fp64" in device.extensions.split()
    return (*_STATEMENTS, _OF_DOUBLES) if has_doubles else _STATEMENTS


if __name__ == "__main__":
    sys.exit(status_of(is_right, statements_for))
