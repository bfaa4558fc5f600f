"""The programs of this folder show what PyTorch 2.13 showed."""

from __future__ import annotations

import json

import pytest
from golden import read, write

import gnomon
from autograd import (
    backward_programs,
    function_programs,
    functional_programs,
    hooks_programs,
    in_place_programs,
    modes_programs,
)
from autograd.observing import PROGRAMS, Observation, observe
from device import are_near

GOLDEN = "autograd.json"
TOPICS = (
    backward_programs,
    function_programs,
    functional_programs,
    hooks_programs,
    in_place_programs,
    modes_programs,
)


def expected() -> dict[str, Observation]:
    observations: dict[str, Observation] = json.loads(read(GOLDEN))
    return observations


def as_stored(observation: Observation) -> Observation:
    return json.loads(json.dumps(observation))


def test_golden_values_are_written_when_asked_for(write_golden: bool) -> None:
    if write_golden:
        torch = pytest.importorskip("torch", reason="golden values come from PyTorch")
        shown = {name: observe(torch, run) for name, run in PROGRAMS.items()}
        write(GOLDEN, json.dumps(shown, indent=1) + "\n")
    assert set(expected()) == set(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_shows_what_pytorch_showed(name: str) -> None:
    found = as_stored(observe(gnomon, PROGRAMS[name]))
    assert found == expected()[name] or are_near(found, expected()[name])


def test_every_error_says_what_it_should() -> None:
    # An error with another text than the program names would be compared by class alone.
    assert [name for name, shown in expected().items() if " lacks " in json.dumps(shown)] == []


def test_every_topic_has_programs() -> None:
    topics = {topic.__name__.rpartition(".")[2].removesuffix("_programs") for topic in TOPICS}
    assert {name.partition(":")[0] for name in PROGRAMS} == topics
