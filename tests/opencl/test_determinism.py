"""Results are the same bits on every run: in one process, fused or not, and in two."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import gnomon as torch
from gnomon import Tensor
from gnomon.nn import functional

from .devices import default_backend

ROOT = Path(__file__).parent.parent.parent


def sums(device: str) -> list[Tensor]:
    x = torch.randn(300_000, device=device)
    y = x.reshape(300, 1000)
    return [x.sum(), x.mean(), y.sum(0), y.sum(1), y.var(0), y.logsumexp(1), x.cumsum(0)]


def lookups(device: str) -> list[Tensor]:
    index = torch.randint(0, 50, (5000,), device=device)
    x = torch.randn(5000, 8, device=device)
    table = torch.zeros(50, 8, device=device)
    order = (x * 4).round().sort(0)
    return [table.index_add(0, index, x), *order, x[index], table.scatter(0, index[:, None], x)]


def products(device: str) -> list[Tensor]:
    a, b = torch.randn(130, 700, device=device), torch.randn(700, 90, device=device)
    picture = torch.randn(2, 3, 17, 19, device=device)
    return [
        a @ b,
        a.t() @ a,
        functional.conv2d(picture, torch.randn(4, 3, 3, 3, device=device)),
    ]


def chains(device: str) -> list[Tensor]:
    x = torch.randn(4099, device=device)
    return [(x * 1.5 + 0.25).sigmoid() * x + 0.5 * x.tanh(), functional.softmax(x, 0)]


def training(device: str) -> list[Tensor]:
    model = torch.nn.Sequential(
        torch.nn.Linear(40, 30), torch.nn.GELU(), torch.nn.Dropout(0.1), torch.nn.Linear(30, 7)
    )
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x = torch.randn(64, 40, device=device)
    target = torch.randint(0, 7, (64,), device=device)
    for _ in range(4):
        optimizer.zero_grad()
        functional.cross_entropy(model(x), target).backward()
        optimizer.step()
    return [parameter.detach() for parameter in model.parameters()]


PROGRAMS: dict[str, Callable[[str], list[Tensor]]] = {
    program.__name__: program for program in (sums, lookups, products, chains, training)
}


def digest(program: str, device: str) -> str:
    """Return a name of all bits that a program results in."""
    torch.manual_seed(3)
    bits = hashlib.sha256()
    for result in PROGRAMS[program](device):
        bits.update(result.cpu().numpy().tobytes())
    return bits.hexdigest()


@pytest.mark.parametrize("program", PROGRAMS)
def test_runs_of_one_process_agree(program: str) -> None:
    device = str(default_backend().device)
    # The first run finds no chain it has seen before; the others fuse.
    assert len({digest(program, device) for _ in range(3)}) == 1


def test_runs_of_two_processes_agree() -> None:
    device = str(default_backend().device)
    folders = [ROOT / name for name in ("reference", "accel_opencl", "tests")]
    finished = subprocess.run(
        [sys.executable, "-m", "opencl.test_determinism", device],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.split() == [digest(program, device) for program in PROGRAMS]


if __name__ == "__main__":
    print(*(digest(program, sys.argv[1]) for program in PROGRAMS))
