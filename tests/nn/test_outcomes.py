"""Every expression in ``expressions.txt`` and every program has PyTorch's outcome."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections import OrderedDict
from pathlib import Path
from types import ModuleType

import pytest

import gnomon
from nn.programs import PROGRAMS, Program
from outcomes import Outcome, agree, check, described, expressions, outcome_of, store, stored

FOLDER = Path(__file__).parent
EXPRESSIONS = expressions((FOLDER / "expressions.txt").read_text(encoding="utf-8"))
GOLDEN = FOLDER / "golden.json"
GOLDEN_PROGRAMS = FOLDER / "golden_programs.json"
NAMES = {"OrderedDict": OrderedDict, "copy": copy, "pickle": pickle}


def outcome_of_program(program: Program, module: ModuleType) -> Outcome:
    module.manual_seed(2024)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return described(program(module), module)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_outcome(expression: str) -> None:
    check(lambda: outcome_of(expression, gnomon, **NAMES), stored(GOLDEN)[expression])


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
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
