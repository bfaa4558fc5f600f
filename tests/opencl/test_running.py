"""PyTorch programs run on an OpenCL device, whether or not they name one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import default_backend

NAMES_ONE = """
import torch
assert torch.cuda.is_available() and torch.accelerator.is_available()
assert torch.accelerator.current_accelerator().type == "opencl"
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = torch.nn.Linear(3, 2).to(device)
x = torch.rand(4, 3).cuda()
start = torch.cuda.Event(enable_timing=True)
start.record()
loss = model(x).square().mean()
loss.backward()
torch.cuda.synchronize()
assert model.weight.grad.is_cuda and torch.cuda.max_memory_allocated() > 0
assert torch.cuda.get_device_properties(0).total_memory > 0
torch.cuda.empty_cache()
print(x.device, x.get_device(), torch.ones(1).device)
"""
NAMES_NONE = """
import torch
print((torch.ones(2) + 1).device, torch.ones(2).cuda().device)
"""
NEEDS_NONE = "import torch\nprint(torch.ones(2).device)\n"


def _run(folder: Path, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    default_backend()
    (folder / "program.py").write_text(source, "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "gnomon", "run", *arguments, "program.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_cuda_is_the_device(tmp_path: Path) -> None:
    done = _run(tmp_path, NAMES_ONE, "--device", "opencl")
    assert (done.stdout, done.stderr) == ("opencl:0 0 cpu\n", "")


def test_a_program_that_names_no_device_can_be_moved(tmp_path: Path) -> None:
    done = _run(tmp_path, NAMES_NONE, "--default-device", "opencl:0")
    assert (done.stdout, done.stderr) == ("opencl:0 opencl:0\n", "")


def test_a_program_that_leaves_the_device_alone_is_told_how_to_move(tmp_path: Path) -> None:
    done = _run(tmp_path, NEEDS_NONE, "--device", "opencl")
    assert done.stdout == "cpu\n"
    assert "put no tensor on opencl:0" in done.stderr
    assert "--default-device opencl:0" in done.stderr
