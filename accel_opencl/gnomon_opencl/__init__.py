"""The OpenCL accelerator of gnomon: a backend that uses nothing but gnomon's public names.

Devices are ``opencl:0``, ``opencl:1``, ..., GPUs first. ``GNOMON_OPENCL_DEVICE`` puts one in
front, by index or part of its name; ``GNOMON_OPENCL_VERBOSE=1`` shows kernels as they are
built.
"""

from __future__ import annotations

from gnomon_opencl.drivers import announce_installed_drivers

try:
    announce_installed_drivers()  # before pyopencl loads the OpenCL loader, which asks once
    import pyopencl
except ImportError as error:
    raise ImportError(
        f"gnomon_opencl needs pyopencl, which does not import ({error}). Install it with "
        "`pip install 'gnomon[opencl]'`, which also brings a driver for this processor."
    ) from error

from gnomon_opencl.provider import Provider
from gnomon_opencl.public import *
