"""Every seventh program shows what it showed with PyTorch 2.13, installed or not."""

from __future__ import annotations

import json
from typing import Final

import golden
import pytest

import gnomon
from indexing.differences import DIFFERENT
from indexing.operations import operations
from indexing.programs import keys, observe

FILE: Final = "indexing.json"

PROGRAMS = {
    name: program
    for name, program in list(dict([*keys(), *operations()]).items())[::7]
    if name not in DIFFERENT
}


def test_programs_show_what_is_stored(write_golden: bool) -> None:
    if write_golden:
        torch = pytest.importorskip("torch", reason="writes what PyTorch shows")
        shown = {name: observe(torch, program) for name, program in PROGRAMS.items()}
        lines = [f"{json.dumps(name)}: {json.dumps(each)}" for name, each in shown.items()]
        golden.write(FILE, "{\n" + ",\n".join(lines) + "\n}\n")
    stored = json.loads(golden.read(FILE))
    assert list(stored) == list(PROGRAMS)
    for name, program in PROGRAMS.items():
        assert observe(gnomon, program) == stored[name], name
