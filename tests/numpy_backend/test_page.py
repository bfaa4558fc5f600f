"""The page that builds the backend shows code that is there, and its first backend works."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import gnomon
from gnomon import registry
from gnomon.backend import Backend
from gnomon.errors import NotSupported
from gnomon_conformance.cases import Level, Selection, Status, Tier
from gnomon_conformance.runner import run
from gnomon_conformance.target import Target

pytest.importorskip("numpy", reason="the backend is made of NumPy")

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "examples" / "numpy_backend"
PAGE = (ROOT / "docs" / "write-a-backend.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:python|toml)\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
EXCERPTS = [block for block in BLOCKS if not block.startswith("# the first backend\n")]


@pytest.mark.parametrize("block", EXCERPTS, ids=range(len(EXCERPTS)))
def test_a_block_is_taken_from_the_package(block: str) -> None:
    named = re.match(r"# (gnomon_numpy/\w+\.py)\n", block)
    file = PACKAGE / (named[1] if named else "pyproject.toml")
    source = file.read_text(encoding="utf-8")
    at = 0
    for part in re.split(r"^\.\.\.\n", block[named.end() if named else 0 :], flags=re.M):
        found = source.find(part.strip("\n") + "\n", at)
        assert found >= 0, f"{file.name} has no such lines (any more):\n{dedent(part)}"
        at = found


@pytest.fixture
def beginning() -> Iterator[Backend]:
    """The backend of the first step, serving its device."""
    (block,) = [block for block in BLOCKS if block not in EXCERPTS]
    names: dict[str, type[Backend]] = {}
    exec(block, names)
    before = dict(registry._backends)
    backend = gnomon.cpu.fallback.FallbackBackend(names["Beginning"]())
    registry.register_backend(backend)
    yield backend
    registry._backends.clear()
    registry._backends.update(before)


def test_the_first_backend_keeps_bytes_and_says_what_it_lacks(beginning: Backend) -> None:
    values = gnomon.arange(12, dtype=gnomon.int16).view(3, 4).t()
    moved = values.to("beginning")
    assert str(moved.device) == "beginning:0"
    assert moved.stride() == values.stride()
    assert moved.cpu().tolist() == values.tolist()
    with pytest.raises(NotSupported, match=r"add: the device beginning:0 .*int16"):
        moved + moved
    with gnomon.fallback("cpu"):
        assert (moved + moved).tolist() == (values + values).tolist()
        assert moved.sum().item() == 66


def test_the_suite_finds_the_one_fault_of_the_first_backend(beginning: Backend) -> None:
    found = run(Target("beginning"), Selection(Tier.QUICK, Level.MEMORY, ()))
    assert [outcome.id for outcome in found.failures] == ["memory/memory/exhausted"]
    assert "`memory/memory/exhausted`" in PAGE
    statuses = Counter(outcome.status for outcome in found.outcomes)
    assert set(statuses) == {
        status.value for status in (Status.PASSED, Status.FAILED, Status.DECLARED)
    }


def test_a_level_that_is_not_offered_is_declared_and_no_failure(beginning: Backend) -> None:
    chosen = Selection(Tier.QUICK, Level.PROGRAM, ("sum/float32", "exp/float32"))
    found = run(Target("beginning"), chosen)
    assert {outcome.status for outcome in found.outcomes} == {Status.DECLARED.value}
