"""Every expression in the ``.txt`` files of this folder has the outcome PyTorch gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

import gnomon
from outcomes import agree, check, expressions, outcome_of, store, stored

FOLDER = Path(__file__).parent
TOPICS = sorted(file.stem for file in FOLDER.glob("*.txt"))
EXPRESSIONS = {
    topic: expressions((FOLDER / f"{topic}.txt").read_text(encoding="utf-8"))
    for topic in TOPICS
}
CASES = [(topic, text) for topic in TOPICS for text in EXPRESSIONS[topic]]


def golden(topic: str) -> Path:
    return FOLDER / f"{topic}.json"


@pytest.mark.parametrize(("topic", "expression"), CASES)
def test_outcome(topic: str, expression: str) -> None:
    check(lambda: outcome_of(expression, gnomon), stored(golden(topic))[expression])


@pytest.mark.parametrize("topic", TOPICS)
def test_golden_outcomes_are_pytorchs(topic: str, write_golden: bool) -> None:
    torch = pytest.importorskip("torch", reason="the oracle of these outcomes is PyTorch")
    found = {text: outcome_of(text, torch) for text in EXPRESSIONS[topic]}
    if write_golden:
        store(golden(topic), found)
    kept = stored(golden(topic))
    assert list(kept) == EXPRESSIONS[topic]
    assert [text for text in kept if not agree(kept[text], found[text])] == []
