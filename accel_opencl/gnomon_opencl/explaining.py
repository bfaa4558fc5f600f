"""What a recording runs, told: each kernel's operations, memory, and times."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import pyopencl as cl
from pyopencl.tools import PooledBuffer

from gnomon.backend import PlannedBuffer, PlannedKernel, ReplayPlan
from gnomon_opencl.peaks import Peak

if TYPE_CHECKING:
    from gnomon_opencl.launches import KernelLaunch
    from gnomon_opencl.runtime import Runtime

_MACRO: Final = r"#define {}\s((?:.*\\\n)*.*)"


def explained(
    launches: Sequence[KernelLaunch],
    buffers: Sequence[PlannedBuffer],
    peak: Peak,
    times: Sequence[float] | None,
) -> ReplayPlan:
    """Return the plan of ``launches``, which took ``times``, in seconds."""
    kernels = []
    for number, launch in enumerate(launches):
        operations, flops, nbytes = launch.work
        reads, writes = accesses(launch)
        if nbytes is None:
            nbytes = sum(buffers[each].nbytes for each in (*reads, *writes))
        # Either is done while the other is: what takes longer is what counts.
        predicted = max(nbytes / peak.bytes, flops / peak.operations)
        time = None if times is None else times[number]
        kernels.append(
            PlannedKernel(
                launch.name,
                operations,
                launch.items,
                reads,
                writes,
                nbytes,
                flops,
                predicted,
                time,
            )
        )
    return ReplayPlan(tuple(kernels), tuple(buffers))


def accesses(launch: KernelLaunch) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the numbers of the memory that a kernel reads only, and of that it may write."""
    constant = constant_parameters(launch.source, launch.name)
    reads: dict[int, None] = {}
    writes: dict[int, None] = {}
    for position, number in launch.places():
        known = constant[position] if position < len(constant) else False
        (reads if known else writes)[number] = None
    return tuple(reads), tuple(writes)


def constant_parameters(source: str, name: str) -> list[bool]:
    """Return of each parameter of a kernel whether it points to what is not written.

    >>> constant_parameters("__kernel void f(__global const int *a, __global int *b) {}", "f")
    [True, False]
    """
    found = re.search(rf"void\s+{name}\s*\(([^)]*)\)", source)
    if found is None:
        return []
    parameters: list[str] = []
    for parameter in found[1].split(","):
        macro = re.search(_MACRO.format(re.escape(parameter.strip())), source)
        parameters += [parameter] if macro is None else macro[1].split(",")
    return [_points_to_constants(parameter, source) for parameter in parameters]


def _points_to_constants(parameter: str, source: str) -> bool:
    first, *_ = parameter.split() or [""]
    alias = re.search(rf"typedef ([^;{{}}]*)\b{re.escape(first)};", source)
    text = parameter if alias is None else alias[1]
    return re.search(r"\bconst\b[^*]*\*", text) is not None


def measured(
    runtime: Runtime, run: Callable[[], None], kept: Sequence[PooledBuffer]
) -> list[float] | None:
    """Return the seconds of each kernel that ``run`` queues; what it does to the buffers in
    ``kept`` is undone.

    None while the program takes a profile of its own.
    """
    timeline, pool = runtime.timeline, runtime.pool
    if timeline.is_taking_times:
        return None
    copies = [pool.take(buffer.size) for buffer in kept]
    for copy, buffer in zip(copies, kept, strict=True):
        cl.enqueue_copy(timeline.queue, copy, buffer, byte_count=buffer.size)
    try:
        run()  # once before it counts: caches and pages are warm, as between replays
        timeline.start()
        try:
            run()
        finally:
            events = timeline.stop()
    finally:
        for copy, buffer in zip(copies, kept, strict=True):
            cl.enqueue_copy(timeline.queue, buffer, copy, byte_count=buffer.size)
    return [(event.end - event.start) / 1e9 for event in events]
