"""Programs are built in other processes while launches wait, in their order, for kernels."""

from __future__ import annotations

import signal
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import pyopencl as cl

from gnomon_opencl import programs, trials
from gnomon_opencl.attempts import Attempt
from gnomon_opencl.backend import OpenCLBackend
from gnomon_opencl.builders import Builders
from gnomon_opencl.runtime import Runtime

from .devices import default_backend

SOURCE = "__kernel void change(__global int *p) {{ p[get_global_id(0)] = {}; }}"
WRONG = "__kernel void change(__global int *p) { undeclared_thing(); }"
ADDS = "__kernel void change(__global int *p, const int n) { p[0] = p[0] * 3 + n; }"
READS = "__kernel void change(__global const int *p, __global int *q) { q[0] = absent(p[0]); }"

pytestmark = pytest.mark.skipif(
    not default_backend().runtime.traits.is_processor, reason="drivers of cards are left alone"
)


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cl.Device:
    """A device of which nothing is built, with two builders."""
    (device,) = default_backend().runtime.context.devices
    monkeypatch.setenv("GNOMON_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("GNOMON_OPENCL_BUILDERS", "2")
    return device


@pytest.fixture
def runtime(device: cl.Device) -> Runtime:
    return OpenCLBackend(device, 0, default_backend().runtime.traits).runtime


def _attempt(text: str) -> Attempt:
    return Attempt(text, [])


def test_the_first_attempt_that_builds_is_given_back(device: cl.Device) -> None:
    builders = Builders(device)
    right, wrong = _attempt(SOURCE.format("1")), _attempt(WRONG)
    other = _attempt(SOURCE.format("2"))
    found = [builders.build(each) for each in ([wrong, right], [wrong], [other])]
    binaries = [each.result() for each in found]
    assert binaries[1] is None
    context = cl.Context([device])
    for binary in (binaries[0], binaries[2]):
        assert binary is not None
        cl.Kernel(cl.Program(context, [device], [binary]).build(), "change")


def test_a_builder_that_the_compiler_aborts_is_no_more_asked(
    device: cl.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNOMON_OPENCL_BUILDERS", "1")
    builders = Builders(device)
    assert builders.build([_attempt(SOURCE.format("1"))]).result() is not None
    monkeypatch.setattr("gnomon_opencl.builders._built", _ended)
    monkeypatch.setattr(subprocess.Popen, "wait", lambda *_: -signal.SIGABRT)
    assert trials.compiler_is_trusted(device)
    assert builders.build([_attempt(SOURCE.format("2"))]).result() is None
    assert not trials.compiler_is_trusted(device)
    assert builders.build([_attempt(SOURCE.format("3"))]).result() is None


def _ended(builder: object, attempts: object) -> bytes | None:
    raise EOFError


def test_launches_that_wait_keep_their_order(runtime: Runtime) -> None:
    memory = runtime.pool.allocate(4)
    for number in range(5):
        runtime.enqueue(
            SOURCE.format(f"p[0] * 10 + {number + 1}"), "change", [memory.buffer], 1
        )
    assert runtime._backlog
    assert runtime.launches == 5
    runtime.pool.write(memory, 0, memoryview(bytes(4)))
    assert not runtime._backlog
    for number in range(5):
        runtime.enqueue(
            SOURCE.format(f"p[0] * 10 + {number + 1}"), "change", [memory.buffer], 1
        )
    assert runtime.pool.word(memory) == 12345
    assert not runtime._backlog


def test_a_kernel_is_declared_once_when_it_is_launched_often(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared: list[cl.Kernel] = []

    def declare(kernel: cl.Kernel, arguments: Sequence[object]) -> None:
        declared.append(kernel)
        programs.declare(kernel, arguments)

    monkeypatch.setattr("gnomon_opencl.runtime.declare", declare)
    memory = runtime.pool.allocate(4)
    runtime.pool.write(memory, 0, memoryview(bytes(4)))
    right = 0
    for number in range(30):
        runtime.enqueue(ADDS, "change", [memory.buffer, struct.pack("i", number)], 1)
        right = (right * 3 + number) % 2**32
        assert runtime.pool.word(memory) == right
        assert len(declared) == (number >= 11)


def test_small_launches_wait_for_each_other_and_large_ones_for_none(runtime: Runtime) -> None:
    small, large = runtime.pool.allocate(4), runtime.pool.allocate(1 << 20)
    one, more = SOURCE.format("1"), SOURCE.format("p[0] + 1")
    for source in (more, one):
        runtime.enqueue(source, "change", [small.buffer], 1)
        runtime.timeline.finish()
    waiting = []
    for _ in range(9):
        runtime.enqueue(more, "change", [small.buffer], 1)
        waiting.append(len(runtime._backlog))
    assert waiting == [1, 2, 3, 4, 5, 6, 7, 0, 1]
    runtime.enqueue(one, "change", [large.buffer], 1)
    assert not runtime._backlog
    assert runtime.pool.word(small) == 10


def test_a_wait_for_the_device_in_between_changes_no_order(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, fresh = runtime.pool.allocate(4), runtime.pool.allocate(4)
    take = runtime.pool.take

    def take_at_last(nbytes: int) -> object:
        runtime.timeline.finish()  # as if there were no memory left
        return take(nbytes)

    for number in (1, 2):
        runtime.enqueue(SOURCE.format(number), "change", [memory.buffer], 1)
        runtime.timeline.finish()
    runtime.enqueue(SOURCE.format(1), "change", [fresh.buffer], 1)
    runtime.enqueue(SOURCE.format(2), "change", [fresh.buffer], 1)
    monkeypatch.setattr(runtime.pool, "take", take_at_last)
    assert runtime.pool.word(fresh) == 2


def test_a_launch_whose_kernel_does_not_build_loses_what_it_writes(runtime: Runtime) -> None:
    given, lost, other = (runtime.pool.allocate(4) for _ in range(3))
    runtime.enqueue(SOURCE.format(7), "change", [given.buffer], 1)
    runtime.enqueue(READS, "change", [given.buffer, lost.buffer], 1)
    runtime.enqueue(SOURCE.format(8), "change", [other.buffer], 1)
    with pytest.raises(RuntimeError, match=r"does not build"):
        runtime.pool.word(given)
    assert runtime.pool.word(given) == 7
    assert runtime.pool.word(other) == 8
    with pytest.raises(RuntimeError, match="was not computed"):
        runtime.pool.word(lost)


def test_a_number_of_builders_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GNOMON_OPENCL_BUILDERS", "all")
    with pytest.raises(RuntimeError, match=r"BUILDERS='all' is not a number.*0 to build"):
        Builders(default_backend().runtime.context.devices[0])
