"""Kernels that are to keep numbers as they are, which trials of vectors run; see ``trials``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable

import numpy as np
import pyopencl as cl
from numpy.typing import NDArray

from gnomon_opencl.attempts import attempts_for
from gnomon_opencl.builder import program_of
from gnomon_opencl.trials import FAILED, all_devices


def kept(
    context: cl.Context, device: cl.Device, source: str, given: NDArray[np.generic]
) -> NDArray[np.generic] | None:
    """Return what one item of the kernel ``keep`` of ``source`` makes of zeros, given as many
    numbers besides; None if it does not build.
    """
    queue = cl.CommandQueue(context, device)
    found = np.zeros_like(given)
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
    read = cl.Buffer(context, flags, hostbuf=given)
    written = cl.Buffer(context, flags, hostbuf=found)
    attempts = attempts_for(device.platform.version, source, ["-cl-std=CL1.2"])
    program = program_of(context, device, attempts)
    if program is None:
        return None
    cl.Kernel(program, "keep")(queue, (1,), None, read, written)
    cl.enqueue_copy(queue, found, written)
    return found


def status_of(
    is_right: Callable[[cl.Context, cl.Device, str], bool],
    texts_for: Callable[[cl.Device], Iterable[str]],
) -> int:
    """Return 0 if the device that the command line names gets all texts right, else FAILED."""
    warnings.simplefilter("ignore", cl.CompilerWarning)
    device = all_devices()[int(sys.argv[1])]
    try:
        # PoCL reads its library of built-in functions once for each context, which takes longer
        # than to compile all of this.
        context = cl.Context([device])
        right = all(is_right(context, device, text) for text in texts_for(device))
        return 0 if right else FAILED
    except cl.Error:
        return FAILED
