"""Build and run one small kernel on a device; see ``trials``.

``python -m gnomon_opencl.trial_of_compiler 0`` ends with status 0 if the result is right, else
with ``FAILED`` when it has printed what is wrong.
"""

from __future__ import annotations

import sys
import warnings
from typing import Final

import numpy as np
import pyopencl as cl

from gnomon_opencl.trials import FAILED, all_devices

_SIZE: Final = 64
_SOURCE: Final = """
__kernel void triple(__global const float *x, __global float *y) {
    const size_t i = get_global_id(0) * 8;
    vstore8(vload8(0, x + i) * 3.0f, 0, y + i);
}
"""


def is_right(device: cl.Device) -> bool:
    """Return whether three times a number comes out right."""
    context = cl.Context([device])
    queue = cl.CommandQueue(context, device)
    given = np.arange(_SIZE, dtype=np.float32)
    found = np.empty_like(given)
    flags = cl.mem_flags.READ_ONLY | cl.mem_flags.COPY_HOST_PTR
    source = cl.Buffer(context, flags, hostbuf=given)
    target = cl.Buffer(context, cl.mem_flags.WRITE_ONLY, given.nbytes)
    program = cl.Program(context, _SOURCE).build(devices=[device], cache_dir=False)
    cl.Kernel(program, "triple")(queue, (_SIZE // 8,), None, source, target)
    cl.enqueue_copy(queue, found, target)
    return bool((found == 3 * given).all())


def main() -> int:
    """Return 0 if the device named works, else FAILED."""
    warnings.simplefilter("ignore", cl.CompilerWarning)
    try:
        if is_right(all_devices()[int(sys.argv[1])]):
            return 0
        print("a kernel gives wrong results")
    except cl.Error as error:
        complaints = [line for line in str(error).splitlines() if "error:" in line]
        print(" ".join([str(error).splitlines()[0].partition(" - ")[0], *complaints[:1]]))
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
