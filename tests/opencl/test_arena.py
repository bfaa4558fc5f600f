"""Places of temporaries: what is in use at once stands apart, and nothing is wasted."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.arena import Span, arranged

ALIGNMENT = 16


def _spans(chance: random.Random, launches: int) -> dict[int, Span]:
    spans = {}
    for name in range(25):
        first = chance.randrange(launches)
        last = min(launches - 1, first + chance.randrange(6))
        spans[name] = Span(chance.choice([1, 16, 40, 100, 256]), first, last)
    return spans


def _most_at_once(spans: dict[int, Span], launches: int) -> int:
    def rounded(span: Span) -> int:
        return -(-span.nbytes // ALIGNMENT) * ALIGNMENT

    return max(
        sum(rounded(span) for span in spans.values() if span.first <= launch <= span.last)
        for launch in range(launches)
    )


@pytest.mark.parametrize("most", [1 << 40, 300])
@pytest.mark.parametrize("seed", range(100))
def test_what_is_in_use_at_once_stands_apart(seed: int, most: int) -> None:
    spans = _spans(random.Random(seed), 12)
    spots, blocks = arranged(spans, ALIGNMENT, most)
    assert spots.keys() == spans.keys()
    for name, (block, offset) in spots.items():
        assert offset % ALIGNMENT == 0
        assert offset + spans[name].nbytes <= blocks[block]
        for other, (its_block, its_offset) in spots.items():
            if other == name or its_block != block or not spans[other].meets(spans[name]):
                continue
            apart = (
                offset + spans[name].nbytes <= its_offset
                or its_offset + spans[other].nbytes <= offset
            )
            assert apart
    assert all(size <= most for size in blocks)
    # No order of placing reaches the least there is, of which this stays near.
    least = _most_at_once(spans, 12)
    assert least <= sum(blocks)
    if most > sum(blocks):
        assert len(blocks) == 1 and blocks[0] <= 1.3 * least


def test_chains_take_turns_and_large_ones_have_blocks_of_their_own() -> None:
    chain = {place: Span(100, place, place + 1) for place in range(10)}
    assert arranged(chain, ALIGNMENT, 1000).blocks == [224]
    assert arranged({0: Span(500, 0, 0), 1: Span(10, 0, 0)}, 16, 300).blocks == [512, 16]
    assert arranged({}, ALIGNMENT, 1000) == ({}, [])
