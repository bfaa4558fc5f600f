"""Places for temporaries in few blocks of memory, shared by those never used together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple, final

import pyopencl as cl

from gnomon_opencl.memory import SMALLEST, Pool
from gnomon_opencl.traits import Traits


@final
class Span(NamedTuple):
    """The size of a temporary in bytes, and the first and the last launch that uses it."""

    nbytes: int
    first: int
    last: int

    def meets(self, other: Span) -> bool:
        """Whether both are in use at some time."""
        return self.first <= other.last and other.first <= self.last


@final
class Spot(NamedTuple):
    """Where a temporary stands: in which block, from which byte on."""

    block: int
    offset: int


@final
class Arrangement(NamedTuple):
    """Where temporaries stand, and how large the blocks are that they stand in."""

    spots: dict[int, Spot]
    blocks: list[int]


def arranged(spans: Mapping[int, Span], alignment: int, most: int) -> Arrangement:
    """Return places at multiples of ``alignment``, in blocks of ``most`` bytes at most, but for
    a temporary that is larger.

    The largest come first, each in the tightest gap between those that are in use while it is,
    or else where a block grows least (Pisarchyk and Lee, "Efficient Memory Management for Deep
    Neural Net Inference", 2020: greedy by size for offsets).
    """
    made = Arrangement({}, [])
    for name in sorted(spans, key=lambda name: (-spans[name].nbytes, spans[name].first)):
        size = -(-spans[name].nbytes // alignment) * alignment
        choices = [
            (max(spot.offset + size - made.blocks[block], 0), width, spot)
            for block in range(len(made.blocks))
            for width, spot in _gaps(made, block, spans, name, alignment)
            if size <= width and (spot.offset + size <= max(most, made.blocks[block]))
        ]
        spot = min(choices)[2] if choices else Spot(len(made.blocks), 0)
        if spot.block == len(made.blocks):
            made.blocks.append(0)
        made.spots[name] = spot
        made.blocks[spot.block] = max(made.blocks[spot.block], spot.offset + size)
    return made


def _gaps(
    made: Arrangement, block: int, spans: Mapping[int, Span], name: int, alignment: int
) -> Iterator[tuple[int, Spot]]:
    """Yield what is free of a block while ``name`` is in use: how wide and where."""
    taken = sorted(
        (spot.offset, -(-spans[other].nbytes // alignment) * alignment)
        for other, spot in made.spots.items()
        if spot.block == block and spans[other].meets(spans[name])
    )
    offset = 0
    for start, size in taken:
        if start > offset:
            yield start - offset, Spot(block, offset)
        offset = max(offset, start + size)
    yield 1 << 62, Spot(block, offset)


@final
class Arena:
    """Memory for the temporaries of one recording."""

    def __init__(
        self, used: Sequence[Set[int]], sizes: Mapping[int, int], pool: Pool, traits: Traits
    ) -> None:
        """``used`` are the temporaries of each launch, ``sizes`` all there are."""
        spans: dict[int, Span] = {}
        for launch, numbers in enumerate(used):
            for number in numbers:
                first = spans[number].first if number in spans else launch
                spans[number] = Span(max(sizes[number], SMALLEST), first, launch)
        spots, blocks = arranged(spans, traits.alignment, traits.max_allocation)
        self._blocks = [pool.take(size) for size in blocks]
        whole = [cl.Buffer.from_int_ptr(block.int_ptr) for block in self._blocks]
        #: The part of a block that each temporary has.
        self.parts: dict[int, cl.Buffer] = {
            number: whole[spot.block].get_sub_region(spot.offset, spans[number].nbytes)
            for number, spot in spots.items()
        }
