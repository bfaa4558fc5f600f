"""Distributions have PyTorch's draws, densities, moments, divergences and gradients."""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType

import pytest

import gnomon
from device import reference_only
from distributions.observing import CASES, PAIRS, divergence, observed
from outcomes import Outcome, agree, expressions, outcome_of, store, stored

pytestmark = reference_only("draws are those of the CPU's generator")

FOLDER = Path(__file__).parent
GOLDEN = FOLDER / "golden.json"
GOLDEN_EXPRESSIONS = FOLDER / "golden_expressions.json"
EXPRESSIONS = expressions((FOLDER / "expressions.txt").read_text(encoding="utf-8"))

# PyTorch's slope of a gamma sample is an approximation to four digits, and so are its Bessel
# functions of large arguments.
TOLERANCES = {"rsample": 2e-3}
APPROXIMATE = {"d.VonMises(p(0.5, -1.0), p(2.0, 0.3))": 1e-5, "d.VonMises(0.0, 40.0)": 1e-3}

# docs/departures.md has the reasons.
DEPARTURES = {
    ("d.Weibull(p(0.5, 3.0), p(2.0, 0.8))", "mode"),
    ("d.Kumaraswamy(p(0.5, 3.0), p(2.0, 0.8))", "mode"),
    ("d.FisherSnedecor(p(1.5, 3.0), p(3.0, 5.0))", "variance"),
    ("d.Gamma(2.0, 3.0)", "cdf"),
    ("d.Gamma(p(0.5, 3.0), p(2.0, 0.8))", "cdf"),
    ("d.Chi2(p(0.5, 3.0))", "cdf"),
    ("d.InverseGamma(p(0.5, 3.0), p(2.0, 0.8))", "cdf"),
}


def close(found: Outcome, expected: Outcome, tolerance: float) -> bool:
    if isinstance(found, list) and isinstance(expected, list):
        if found[:1] == ["torch.float32"]:
            tolerance = max(tolerance, 2e-5)
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(close(a, b, tolerance) for a, b in pairs)
    if isinstance(found, float) and isinstance(expected, float):
        if math.isnan(found) or math.isnan(expected):
            return math.isnan(found) and math.isnan(expected)
        return math.isclose(found, expected, rel_tol=tolerance, abs_tol=1e-6 * tolerance)
    return found == expected


def name_of(pair: tuple[str, str]) -> str:
    return " from ".join(pair)


def differences(case: str, found: dict[str, Outcome], expected: Outcome) -> dict[str, Outcome]:
    assert isinstance(expected, dict) and found.keys() == expected.keys()
    return {
        name: answer
        for name, answer in found.items()
        if (case, name) not in DEPARTURES
        and not close(answer, expected[name], TOLERANCES.get(name, APPROXIMATE.get(case, 1e-7)))
    }


@pytest.mark.parametrize("case", CASES)
def test_distribution(case: str) -> None:
    assert differences(case, observed(gnomon, case), stored(GOLDEN)[case]) == {}


@pytest.mark.parametrize("pair", PAIRS, ids=name_of)
def test_divergence(pair: tuple[str, str]) -> None:
    found = divergence(gnomon, pair)
    assert close(found, stored(GOLDEN)[name_of(pair)], 1e-7), found


def outcome(expression: str, module: ModuleType) -> Outcome:
    names = {"d": module.distributions, "c": module.distributions.constraints}
    return outcome_of(expression, module, **names)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression(expression: str) -> None:
    found = outcome(expression, gnomon)
    assert agree(found, stored(GOLDEN_EXPRESSIONS)[expression], "float32"), found


def test_golden_outcomes_are_pytorchs(write_golden: bool) -> None:
    torch = pytest.importorskip("torch", reason="the oracle of these outcomes is PyTorch")
    found: dict[str, Outcome] = {case: dict(observed(torch, case)) for case in CASES}
    found |= {name_of(pair): divergence(torch, pair) for pair in PAIRS}
    expressed = {text: outcome(text, torch) for text in EXPRESSIONS}
    if write_golden:
        store(GOLDEN, found)
        store(GOLDEN_EXPRESSIONS, expressed)
    golden, golden_expressions = stored(GOLDEN), stored(GOLDEN_EXPRESSIONS)
    assert [case for case in found if not close_all(golden[case], found[case])] == []
    assert list(golden_expressions) == EXPRESSIONS
    assert [
        text
        for text in EXPRESSIONS
        if not agree(golden_expressions[text], expressed[text], "float32")
    ] == []


def close_all(found: Outcome, expected: Outcome) -> bool:
    if isinstance(found, dict) and isinstance(expected, dict):
        return all(close(found[name], expected[name], 1e-6) for name in expected)
    return close(found, expected, 1e-6)
