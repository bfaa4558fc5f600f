"""What a device can reach at all: multiply-adds in registers, and copies of large memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, final

import numpy as np
import pyopencl as cl

if TYPE_CHECKING:
    from gnomon_opencl.runtime import Runtime

#: Vectors that every compiler takes: some abort on wider ones.
_LANES: Final = 8
_CHAINS: Final = 8
_LOOPS: Final = 4096
_CELLS: Final = 1 << 24
_REPEATS: Final = 10

_SOURCE: Final = """
__kernel void multiply_add(__global float *out, float a, float b) {
    /* Not the same in all work-items: one would be enough then. */
    const float first = a + get_global_id(0);
    VECTOR START;
    for (int i = 0; i < LOOPS; ++i) { STEP }
    VECTOR sum = SUM;
    out[get_global_id(0)] = TOTAL;
}
__kernel void copy(__global const float *from, __global float *to) {
    size_t first = get_global_id(0) * CHUNK;
    for (size_t i = first; i < first + CHUNK; i += 8) vstore8(vload8(0, from + i), 0, to + i);
}
"""


@final
class Peak(NamedTuple):
    """Floating-point operations and bytes a second."""

    operations: float
    bytes: float


def measured_peak(runtime: Runtime, lanes: int = _LANES) -> Peak:
    """Return what vectors of ``lanes`` reach on a device that has nothing else to do."""
    context, queue = runtime.context, runtime.timeline.queue
    (device,) = context.devices
    chunk = 8192 if runtime.traits.is_processor else 8
    text = _source(lanes, chunk)
    size = 4 * _CELLS
    source, target = (cl.Buffer(context, cl.mem_flags.READ_WRITE, size) for _ in range(2))
    items = 64 * device.max_compute_units if runtime.traits.is_processor else 1 << 16
    compute, copy = [runtime.programs.kernel(text, name) for name in ("multiply_add", "copy")]
    arithmetic = _seconds(
        queue,
        lambda: compute(queue, (items,), None, target, np.float32(0.999), np.float32(0.5)),
    )
    moving = _seconds(queue, lambda: copy(queue, (_CELLS // chunk,), None, source, target))
    return Peak(2.0 * items * _LOOPS * _CHAINS * lanes / arithmetic, 2.0 * size / moving)


def _source(lanes: int, chunk: int) -> str:
    names = [f"v{k}" for k in range(_CHAINS)]
    vector = "float" if lanes == 1 else f"float{lanes}"
    total = "sum" if lanes == 1 else " + ".join(f"sum.s{k:x}" for k in range(lanes))
    words = {
        "VECTOR": vector,
        "START": ", ".join(f"{name} = ({vector})(first + {k})" for k, name in enumerate(names)),
        "STEP": " ".join(f"{name} = {name} * a + b;" for name in names),
        "SUM": " + ".join(names),
        "TOTAL": total,
        "LOOPS": str(_LOOPS),
        "CHUNK": str(chunk),
    }
    text = _SOURCE
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def _seconds(queue: cl.CommandQueue, run: Callable[[], object]) -> float:
    """Return the shortest time of a run: a peak is what is reached undisturbed."""
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        run()
        queue.finish()
        times.append(time.perf_counter() - started)
    return min(times)
