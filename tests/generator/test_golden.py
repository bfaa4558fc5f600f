"""Every draw gives the numbers PyTorch 2.13 gave, where PyTorch is not installed either."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

import golden
import pytest

from generator.draws import COUNTS, FAMILIES, Arguments, assert_close, dtype_named
from gnomon.generator import MersenneTwister

FILE: Final = "generator.json"
LISTED: Final = 23
"""Of longer draws the file holds every ninth number, which meets each place of a block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Golden:
    """One draw's numbers, and the word its generator gives next."""

    draw: str
    dtype: str
    seed: int
    count: int
    arguments: Arguments
    numbers: list[float]
    next_word: int


def thinned(numbers: list[float]) -> list[float]:
    return numbers if len(numbers) <= LISTED else numbers[::9]


def read() -> list[Golden]:
    entries = [Golden(**entry) for entry in json.loads(golden.read(FILE))]
    assert {entry.draw for entry in entries} == set(FAMILIES)
    return entries


@pytest.mark.parametrize("name", FAMILIES)
def test_golden_numbers(name: str) -> None:
    family = FAMILIES[name]
    entries = [entry for entry in read() if entry.draw == name]
    assert {entry.dtype for entry in entries} == set(family.dtypes)
    for entry in entries:
        generator = MersenneTwister(entry.seed)
        arguments = tuple(entry.arguments)
        numbers = family.draw(generator, entry.count, dtype_named(entry.dtype), arguments)
        assert_close(thinned([*numbers]), entry.numbers, family, entry.dtype)
        assert generator.random() == entry.next_word


def test_write_golden(write_golden: bool) -> None:
    if not write_golden:
        pytest.skip("only with --write-golden")
    oracle = pytest.importorskip("generator.oracle", reason="it needs PyTorch")
    lines = []
    for name, family in FAMILIES.items():
        regimes = name in ("uniform", "normal")
        for dtype in family.dtypes:
            for arguments in family.arguments[: 2 if regimes else None]:
                for count in COUNTS if regimes else (5,):
                    for seed in (0, 2**40 + 7):
                        numbers = oracle.draw(name, dtype, count, arguments, seed)
                        entry = Golden(
                            draw=name,
                            dtype=dtype,
                            seed=seed,
                            count=count,
                            arguments=arguments,
                            numbers=thinned(numbers),
                            next_word=MersenneTwister.from_state_bytes(oracle.state()).random(),
                        )
                        lines.append(json.dumps(asdict(entry)))
    golden.write(FILE, "[\n" + ",\n".join(lines) + "\n]\n")
