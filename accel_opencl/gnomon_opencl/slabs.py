"""Memory for temporaries that are never used at the same time: a few slabs, shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Final

from pyopencl.tools import PooledBuffer

from gnomon_opencl.memory import Pool

#: A slab serves a temporary that fills at least this part of it.
_FILLED: Final = 0.5
#: Below this, whatever fits.
_SMALL: Final = 4096


def shared_slabs(
    used: Sequence[Set[int]], sizes: Mapping[int, int], pool: Pool
) -> dict[int, PooledBuffer]:
    """Return a slab for each temporary of ``sizes`` bytes, given which each launch uses."""
    last: dict[int, int] = {}
    for place, numbers in enumerate(used):
        last.update(dict.fromkeys(numbers, place))
    memory: dict[int, PooledBuffer] = {}
    free: list[PooledBuffer] = []
    for place, numbers in enumerate(used):
        for number in sorted(numbers - memory.keys(), key=lambda n: -sizes[n]):
            memory[number] = _slab(sizes[number], free) or pool.take(sizes[number])
        free += [memory[number] for number in sorted(numbers) if last[number] == place]
    return memory


def _slab(nbytes: int, free: list[PooledBuffer]) -> PooledBuffer | None:
    """Take the smallest slab that fits from those that are free."""
    fitting = [slab for slab in free if nbytes <= slab.size <= max(nbytes / _FILLED, _SMALL)]
    if not fitting:
        return None
    slab = min(fitting, key=lambda each: each.size)
    free.remove(slab)
    return slab
