"""What can go wrong outside is an error with the remedy, and never ends the process."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import pyopencl as cl

import gnomon
from gnomon.backend import OutOfMemoryError

from .devices import default_backend


def _python(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | variables
    return subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_pyopencl_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['pyopencl'] = None\n"
        "import gnomon\n"
        "for use in (lambda: gnomon.ones(1, device='opencl'), lambda: gnomon.opencl):\n"
        "    try: use()\n"
        "    except RuntimeError as error: print(error)\n"
        "print(gnomon.accelerator.is_available())\n"
    )
    done = _python(script)
    first, second, available = done.stdout.splitlines()
    for line in (first, second):
        assert "needs pyopencl" in line and "pip install 'gnomon[opencl]'" in line
    assert available == "False"


def test_without_a_platform_the_driver_is_asked_for() -> None:
    script = (
        "import pyopencl as cl\n"
        "def none(): raise cl.LogicError('clGetPlatformIDs failed: PLATFORM_NOT_FOUND_KHR')\n"
        "cl.get_platforms = none\n"
        "import gnomon\n"
        "try: gnomon.ones(1, device='opencl')\n"
        "except RuntimeError as error: print(error)\n"
        "print(gnomon.opencl.is_available(), gnomon.opencl.device_count())\n"
        "from gnomon.command import main\n"
        "main(['devices'])\n"
    )
    done = _python(script)
    error, available, *listed = done.stdout.splitlines()
    assert "finds no platform" in error and "Install the driver of your card" in error
    assert available == "False 0"
    assert any("opencl" in line and "finds no platform" in line for line in listed)


class Lost(cl.RuntimeError):
    """What a driver says of a device that is gone."""

    code = cl.status_code.OUT_OF_RESOURCES


class Refused(cl.LogicError):
    """What a driver says of what it can't do."""

    code = cl.status_code.INVALID_WORK_GROUP_SIZE


class Full(cl.MemoryError):
    """What a driver says without memory."""

    code = cl.status_code.MEM_OBJECT_ALLOCATION_FAILURE


def _raising(error: cl.Error) -> Callable[..., None]:
    def call(*_: object, **__: object) -> None:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            Lost("OUT_OF_RESOURCES"),
            RuntimeError,
            r"opencl:0.* stopped working.*start the program",
        ),
        (Refused("INVALID"), RuntimeError, "refuses.*Report this"),
        (Full("FULL"), OutOfMemoryError, "no memory left.*empty_cache"),
        (cl.RuntimeError("odd"), RuntimeError, "refuses"),
    ],
)
@pytest.mark.parametrize(
    "call", ["enqueue_nd_range_kernel", "enqueue_copy", "enqueue_map_buffer"]
)
def test_errors_of_the_driver_are_explained(
    monkeypatch: pytest.MonkeyPatch,
    error: cl.Error,
    kind: type[RuntimeError],
    message: str,
    call: str,
) -> None:
    backend = default_backend()
    x = gnomon.arange(8.0).to("opencl:0")
    memory = x.operand.storage.memory
    with monkeypatch.context() as patched:
        patched.setattr(cl, call, _raising(error))
        with pytest.raises(kind, match=message) as caught:
            (x.exp() + 1).cpu()
            with backend.lend(memory, 0, 4):
                pass
    assert caught.value.__cause__ is error
    assert (x + 1).tolist() == [float(k) for k in range(1, 9)]


def test_waiting_for_a_lost_device_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    class Queue:
        def finish(self) -> None:
            raise Lost("DEVICE_NOT_AVAILABLE")

    timeline = default_backend().runtime.timeline
    with monkeypatch.context() as patched:
        patched.setattr(timeline, "_queue", Queue())
        with pytest.raises(RuntimeError, match=r"synchronize: opencl:0.*stopped working"):
            timeline.finish()


def test_threads_share_a_device() -> None:
    default_backend()
    shared = gnomon.arange(64.0, device="opencl:0")
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            total = gnomon.zeros(64, device="opencl:0")
            for turn in range(30):
                total = total * 0.5 + shared * number
                if turn % 7 == 0:
                    total.add_(1)
                if turn % 13 == 0:
                    total.sum().item()
            expected = gnomon.zeros(64)
            plain = gnomon.arange(64.0)
            for turn in range(30):
                expected = expected * 0.5 + plain * number
                if turn % 7 == 0:
                    expected.add_(1)
            if total.cpu().tolist() != expected.tolist():
                wrong.append((number, total, expected))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_threads_write_one_tensor_in_turns() -> None:
    default_backend()
    x = gnomon.zeros(256, device="opencl:0")
    threads = [
        threading.Thread(target=lambda: [x.add_(1) for _ in range(100)] and None)
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert x.cpu().tolist() == [400.0] * 256


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_gets_an_error_of_its_own_and_ends() -> None:
    script = (
        "import gnomon, os, sys\n"
        "x = gnomon.ones(4, device='opencl') + 1\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    fresh = lambda: gnomon.ones(2, device='opencl')\n"
        "    for use in (lambda: x + 1, lambda: x.cpu(), fresh):\n"
        "        try: use()\n"
        "        except RuntimeError as error: print(error)\n"
        "    print((gnomon.ones(2) + 1).tolist(), flush=True)\n"
        "    del x\n"
        "    sys.exit(7)\n"
        "status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "print(status, x.tolist())\n"
    )
    default_backend()
    lines = _python(script).stdout.splitlines()
    assert [('start_method("spawn")' in line) for line in lines[:3]] == [True] * 3
    assert lines[3:] == ["[2.0, 2.0]", "7 [2.0, 2.0, 2.0, 2.0]"]


def _doubled(values: list[float]) -> list[float]:
    return (gnomon.tensor(values, device="opencl") * 2).tolist()


def test_spawned_processes_use_the_device() -> None:
    default_backend()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_doubled, ([1.0, 2.0],)) == [2.0, 4.0]
