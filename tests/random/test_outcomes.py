"""Every expression in ``expressions.txt`` has the outcome that PyTorch gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

import gnomon
from outcomes import agree, check, expressions, outcome_of, store, stored

FOLDER = Path(__file__).parent
EXPRESSIONS = expressions((FOLDER / "expressions.txt").read_text(encoding="utf-8"))
GOLDEN = FOLDER / "golden.json"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_outcome(expression: str) -> None:
    check(lambda: outcome_of(expression, gnomon), stored(GOLDEN)[expression])


def test_golden_outcomes_are_pytorchs(write_golden: bool) -> None:
    torch = pytest.importorskip("torch", reason="the oracle of these outcomes is PyTorch")
    found = {text: outcome_of(text, torch) for text in EXPRESSIONS}
    if write_golden:
        store(GOLDEN, found)
    golden = stored(GOLDEN)
    assert list(golden) == EXPRESSIONS
    assert [text for text in EXPRESSIONS if not agree(golden[text], found[text])] == []
