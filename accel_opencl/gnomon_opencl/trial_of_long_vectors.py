"""Move and convert vectors of eight 64-bit elements on a device; see ``trials``.

``python -m gnomon_opencl.trial_of_long_vectors 0`` ends with status 0 if the results are right.
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
    queue = cl.CommandQueue(context, device)
    given = np.arange(1, _LANES + 1, dtype=np.int64)
    found = np.zeros_like(given)
    flags = cl.mem_flags.READ_ONLY | cl.mem_flags.COPY_HOST_PTR
    source = cl.Buffer(context, flags, hostbuf=given)
    target = cl.Buffer(context, cl.mem_flags.WRITE_ONLY, given.nbytes)
    version = device.platform.version
    attempts = attempts_for(version, _SOURCE.format(statement), ["-cl-std=CL1.2"])
    program = program_of(context, device, attempts)
    if program is None:
        return False
    cl.Kernel(program, "keep")(queue, (1,), None, source, target)
    cl.enqueue_copy(queue, found, target)
    return bool((found == given).all())


def main() -> int:
    """Return 0 if the device named gets long vectors right, else FAILED."""
    warnings.simplefilter("ignore", cl.CompilerWarning)
    device = all_devices()[int(sys.argv[1])]
    statements = list(_STATEMENTS)
    if "cl_khr_fp64" in device.extensions.split():
        statements.append(_OF_DOUBLES)
    try:
        # PoCL reads its library of built-in functions once for each context, which takes longer
        # than to compile all of this.
        context = cl.Context([device])
        right = all(is_right(context, device, statement) for statement in statements)
        return 0 if right else FAILED
    except cl.Error:
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
