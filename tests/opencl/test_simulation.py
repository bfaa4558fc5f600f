"""Oclgrind, under which ``scripts/check_platforms`` runs tests, sees what it is there for."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_platforms"
PROGRAM = """
import sys
import pyopencl as cl

(device,) = cl.get_platforms()[0].get_devices()
context = cl.Context([device])
queue = cl.CommandQueue(context)
program = cl.Program(context, sys.argv[1]).build(options=["-cl-std=CL1.2"], cache_dir=False)
cells = cl.Buffer(context, cl.mem_flags.READ_WRITE, 256)
cl.Kernel(program, "planted")(queue, (64,), (8,), cells)
queue.finish()
"""
#: What work-items do to 64 cells, and what is to be said about it.
PLANTED = {
    "nothing wrong": ("cells[get_global_id(0)] = 1;", ""),
    "a race for a cell": ("cells[0] = get_global_id(0);", "Write-write data race at global"),
    "a barrier left out": (
        "__local int near[8]; const int i = get_local_id(0); near[i] = i;"
        " cells[get_global_id(0)] = near[7 - i];",
        "Read-write data race at local",
    ),
    "a cell beyond the end": ("cells[get_global_id(0) + 64] = 1;", "Invalid write of size 4"),
}


def _script() -> ModuleType:
    loader = SourceFileLoader(SCRIPT.name, str(SCRIPT))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults_are_seen(name: str) -> None:
    script = _script()
    if not script.OCLGRIND.exists():
        pytest.skip("Oclgrind is not installed")
    statements, complaint = PLANTED[name]
    source = f"__kernel void planted(__global int *cells) {{ {statements} }}"
    innocent = "__kernel void planted(__global int *cells) {}"
    with script.simulation() as (environment, complaints):
        # Another process that has nothing to complain of leaves what there is.
        for text in (source, innocent):
            subprocess.run([sys.executable, "-c", PROGRAM, text], env=environment, check=True)
    text = complaints.result()
    assert complaint in text and bool(text.strip()) is bool(complaint)
