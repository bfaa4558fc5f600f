"""Traits: what a device is good at, read from its properties, not its vendor's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import pyopencl as cl

#: Eight lanes: PoCL 3.0 aborts the process on some kernels with vectors of sixteen.
_LANES: Final = 8
#: Those of floats where a register holds as many and a trial bears them out.
WIDE_LANES: Final = 16
#: The bytes of elements of the largest dtypes.
_LARGEST: Final = 8
#: Elements that one work-item of a processor goes through: enough to outweigh its start.
_PROCESSOR_CHUNK: Final = 4096
#: Work-items of a group where many run side by side.
_GROUP_SIZE: Final = 128


@final
@dataclass(frozen=True, slots=True)
class Traits:
    """What kernels are chosen and shaped by."""

    #: Elements in the vectors that kernels compute with; 1 where the hardware has lanes itself.
    lanes: int
    #: The same where all elements are float32.
    float_lanes: int
    #: How long vectors may be of elements of several sizes, for a compiler to get them right.
    vector_bytes: int
    #: Elements that one work-item goes through.
    chunk: int
    #: Work-items in a group of an elementwise launch.
    group_size: int
    is_processor: bool
    #: Cores of a processor, or what a card calls its own.
    compute_units: int
    #: How long the registers are that floats are computed in.
    register_bytes: int
    unified_memory: bool
    #: Whether local memory is a memory of its own, faster than the global one.
    local_memory_is_real: bool
    local_memory_bytes: int
    subgroups: bool
    half_arithmetic: bool
    double_arithmetic: bool
    #: Whether float32 division and roots can be had correctly rounded.
    exact_division: bool
    max_group_size: int
    max_allocation: int
    max_parameter_bytes: int
    #: What the place of memory within other memory must be a multiple of, in bytes.
    alignment: int
    global_memory_bytes: int

    @property
    def has_wide_registers(self) -> bool:
        """Whether a register holds as many floats as the widest vectors have."""
        return self.register_bytes >= 4 * WIDE_LANES

    def lanes_of(self, itemsize: int) -> int:
        """Return the lanes of vectors where the largest elements have ``itemsize`` bytes."""
        return min(self.lanes, self.vector_bytes // itemsize)


def traits_of(device: cl.Device) -> Traits:
    """Return the traits of ``device``."""
    extensions = set(device.extensions.split())
    is_processor = bool(device.type & cl.device_type.CPU)
    rounding = cl.device_fp_config.CORRECTLY_ROUNDED_DIVIDE_SQRT
    return Traits(
        lanes=_LANES if is_processor else 1,
        float_lanes=_LANES if is_processor else 1,
        vector_bytes=_LANES * _LARGEST,
        chunk=_PROCESSOR_CHUNK if is_processor else 1,
        group_size=1 if is_processor else min(_GROUP_SIZE, device.max_work_group_size),
        is_processor=is_processor,
        compute_units=device.max_compute_units,
        register_bytes=4 * device.native_vector_width_float,
        unified_memory=bool(device.host_unified_memory),
        local_memory_is_real=device.local_mem_type == cl.device_local_mem_type.LOCAL,
        local_memory_bytes=device.local_mem_size,
        subgroups=bool({"cl_khr_subgroups", "cl_intel_subgroups"} & extensions),
        half_arithmetic="cl_khr_fp16" in extensions,
        double_arithmetic="cl_khr_fp64" in extensions,
        exact_division=bool(device.single_fp_config & rounding),
        max_group_size=device.max_work_group_size,
        max_allocation=device.max_mem_alloc_size,
        max_parameter_bytes=device.max_parameter_size,
        alignment=max(device.mem_base_addr_align // 8, 1),
        global_memory_bytes=device.global_mem_size,
    )
