"""The examples in docstrings and in the manual print what they say."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

from device import reference_only

pytestmark = reference_only("examples print where their tensors are")

ROOT = Path(__file__).parent.parent
FOLDERS = ("reference", "accel_opencl", "conformance")


def module_names() -> list[str]:
    names = []
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT / folder).with_suffix("").parts
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


@pytest.mark.parametrize("name", module_names())
def test_docstrings(name: str) -> None:
    if name.startswith("gnomon_opencl"):
        pytest.importorskip("pyopencl", reason="the accelerator's extra is not installed")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def pages() -> list[str]:
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(file.relative_to(ROOT)) for file in files]


@pytest.mark.parametrize("page", pages())
def test_pages(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page, None, None)
    assert doctest.DocTestRunner().run(examples).failed == 0
