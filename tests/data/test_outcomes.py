"""Every expression in ``expressions.txt`` and every program has PyTorch's outcome."""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, deque, namedtuple
from pathlib import Path
from types import ModuleType

import numpy
import pytest
from _pytest.mark import ParameterSet

import gnomon
from data.programs import PROGRAMS, Program
from device import reference_only
from outcomes import Outcome, agree, check, described, expressions, outcome_of, store, stored

FOLDER = Path(__file__).parent
EXPRESSIONS = expressions((FOLDER / "expressions.txt").read_text(encoding="utf-8"))
GOLDEN = FOLDER / "golden.json"
GOLDEN_PROGRAMS = FOLDER / "golden_programs.json"
NAMES = {
    "OrderedDict": OrderedDict,
    "Point": namedtuple("Point", ["x", "y"]),
    "defaultdict": defaultdict,
    "deque": deque,
    "numpy": numpy,
}

FORKED = reference_only("drivers do not work in the worker processes that are forked")


def outcome_of_program(program: Program, module: ModuleType) -> Outcome:
    module.manual_seed(2024)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return described(program(module), module)


def declared(text: str, case: object) -> ParameterSet:
    """Return a parameter, marked if it is about worker processes."""
    forks = "workers" in text
    return pytest.param(case, marks=[FORKED] if forks else [], id=text)


@pytest.mark.parametrize("expression", [declared(text, text) for text in EXPRESSIONS])
def test_outcome(expression: str) -> None:
    check(lambda: outcome_of(expression, gnomon, **NAMES), stored(GOLDEN)[expression])


@pytest.mark.parametrize("program", [declared(each.__name__, each) for each in PROGRAMS])
def test_program(program: Program) -> None:
    check(
        lambda: outcome_of_program(program, gnomon), stored(GOLDEN_PROGRAMS)[program.__name__]
    )


def test_golden_outcomes_are_pytorchs(write_golden: bool) -> None:
    torch = pytest.importorskip("torch", reason="the oracle of these outcomes is PyTorch")
    found = {text: outcome_of(text, torch, **NAMES) for text in EXPRESSIONS}
    programs = {each.__name__: outcome_of_program(each, torch) for each in PROGRAMS}
    if write_golden:
        store(GOLDEN, found)
        store(GOLDEN_PROGRAMS, programs)
    golden, golden_programs = stored(GOLDEN), stored(GOLDEN_PROGRAMS)
    assert list(golden) == EXPRESSIONS
    assert [text for text in EXPRESSIONS if not agree(golden[text], found[text])] == []
    assert [name for name in programs if not agree(golden_programs[name], programs[name])] == []
