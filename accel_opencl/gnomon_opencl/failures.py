"""What errors of the driver mean, and what to do about them."""

from __future__ import annotations

from typing import Final

import pyopencl as cl

from gnomon.backend import OutOfMemoryError

_OF_MEMORY: Final = (
    cl.status_code.MEM_OBJECT_ALLOCATION_FAILURE,
    cl.status_code.OUT_OF_HOST_MEMORY,
)
#: What drivers say when a device was reset, taken away, or stopped at a fault.
_OF_LOSS: Final = (
    cl.status_code.DEVICE_NOT_AVAILABLE,
    cl.status_code.OUT_OF_RESOURCES,
    cl.status_code.INVALID_COMMAND_QUEUE,
    cl.status_code.INVALID_CONTEXT,
    cl.status_code.EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST,
)


def failure(action: str, device: str, error: cl.Error) -> RuntimeError:
    """Return gnomon's error for one that the driver of ``device`` gave to an action."""
    code = getattr(error, "code", None)
    if code in _OF_MEMORY:
        return OutOfMemoryError(
            f"{action}: {device} has no memory left for this ({error}). Free tensors, make "
            "smaller ones, or call gnomon.opencl.empty_cache()."
        )
    if code in _OF_LOSS:
        return RuntimeError(
            f"{action}: {device} stopped working ({error}): it was reset or unplugged, or a "
            "kernel ran longer than the system allows or met a fault. What was on the device "
            "is lost; start the program again. If it happens again, use smaller tensors, "
            "update the driver, or choose another device (`gnomon devices`)."
        )
    return RuntimeError(
        f"{action}: the driver of {device} refuses ({error}). Report this, and move the "
        "tensors to the CPU meanwhile."
    )
