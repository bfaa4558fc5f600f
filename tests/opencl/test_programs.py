"""Programs are built once, shared by processes, and never end the process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import pyopencl as cl

from gnomon_opencl import trials
from gnomon_opencl.caching import bound_size, cache_directory, keep
from gnomon_opencl.drivers import ready_to_run, text_for
from gnomon_opencl.programs import Programs, _quiet

from .devices import default_backend

SOURCE = "__kernel void nothing(__global int *p) { p[get_global_id(0)] = 1; }"
WRONG = "__kernel void wrong() { undeclared_thing(); int = ; }"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    default_backend()
    monkeypatch.setenv("GNOMON_CACHE_DIR", str(tmp_path))
    return tmp_path / "opencl"


def _programs() -> Programs:
    context = default_backend().runtime.context
    (device,) = context.devices
    return Programs(context, device, ())


def _builds() -> int:
    programs = _programs()
    assert programs.kernel(SOURCE, "nothing") is programs.kernel(SOURCE, "nothing")
    return programs.builds


def test_programs_are_kept_on_disk_and_rebuilt_when_damaged(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GNOMON_OPENCL_VERBOSE", "1")
    assert _builds() == 1
    shown = capsys.readouterr().err
    assert "built nothing" in shown and SOURCE in shown
    assert _builds() == 0
    assert "loaded nothing" in capsys.readouterr().err
    (entry,) = cache.glob("*.bin")
    whole = entry.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:40], b""):
        entry.write_bytes(damaged)
        assert _builds() == 1
        assert entry.read_bytes()[32:] != damaged[32:]
        assert _builds() == 0


def test_a_driver_that_refuses_an_entry_builds_anew(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _builds() == 1
    (entry,) = cache.glob("*.bin")
    import hashlib

    nonsense = b"no program"
    entry.write_bytes(hashlib.sha256(nonsense).digest() + nonsense)
    assert _builds() == 1


def test_a_cache_that_can_not_be_written_costs_builds_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("GNOMON_CACHE_DIR", str(blocked))
    assert not keep(cache_directory() / "entry", b"")
    assert _builds() == 1
    assert _builds() == 1


def test_processes_share_the_cache(cache: Path) -> None:
    script = (
        "from gnomon_opencl.provider import opened\n"
        "import gnomon\n"
        "assert (gnomon.tensor([1.0, 2.0], device='opencl') + 1).tolist() == [2.0, 3.0]\n"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "GNOMON_CACHE_DIR": str(cache.parent),
    }
    running = [
        subprocess.Popen([sys.executable, "-c", script], env=environment) for _ in range(2)
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    names = [path.name for path in cache.iterdir()]
    assert names and all(name.endswith((".bin", ".trial")) for name in names)


def test_the_cache_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    for age, name in enumerate(["newest.bin", "middle.bin", "oldest.bin"]):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    bound_size(tmp_path, 300)
    assert len(list(tmp_path.iterdir())) == 3
    bound_size(tmp_path, 250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["middle.bin", "newest.bin"]
    bound_size(tmp_path, 0)
    assert not list(tmp_path.iterdir())
    bound_size(tmp_path / "absent", 0)


def test_a_kernel_that_does_not_build_shows_the_log_and_keeps_the_text(cache: Path) -> None:
    with pytest.raises(
        RuntimeError, match=r"(?s)wrong does not build on.*undeclared"
    ) as caught:
        _programs().kernel(WRONG, "wrong")
    (text,) = cache.glob("*.cl")
    (device,) = default_backend().runtime.context.devices
    assert text.read_text() == text_for(device.platform.version, WRONG)
    assert f"Its text is in {text}." in str(caught.value)


def test_a_program_without_its_kernel_is_built_anew_or_an_error(cache: Path) -> None:
    assert _builds() == 1
    (entry,) = cache.glob("*.bin")
    _programs().kernel(SOURCE.replace("nothing", "something"), "something")
    (other,) = {*cache.glob("*.bin")} - {entry}
    entry.write_bytes(other.read_bytes())
    assert _builds() == 1
    with pytest.raises(RuntimeError, match=r"(?s)absent does not build on.*~/\.cache/pocl"):
        _programs().kernel(SOURCE, "absent")


def test_threads_hide_warnings_in_turns() -> None:
    """Else the one that ends last would leave them hidden."""
    entered = threading.Event()

    def build() -> None:
        with _quiet():
            entered.set()

    before = list(warnings.filters)
    with _quiet():
        thread = threading.Thread(target=build)
        thread.start()
        assert not entered.wait(0.05)
    thread.join()
    assert entered.is_set() and list(warnings.filters) == before


@pytest.mark.parametrize("apart", ["0", "1"])
def test_programs_are_the_same_wherever_they_are_built(
    cache: Path, monkeypatch: pytest.MonkeyPatch, apart: str
) -> None:
    monkeypatch.setenv("GNOMON_OPENCL_BUILD_APART", apart)
    (device,) = default_backend().runtime.context.devices
    assert trials.compiler_is_trusted(device) is (apart == "0")
    runtime = default_backend().runtime
    programs = _programs()
    kernel = programs.kernel(SOURCE, "nothing")
    target = cl.Buffer(runtime.context, cl.mem_flags.READ_WRITE, 16)
    kernel(runtime.timeline.queue, (4,), None, target)
    found = bytearray(16)
    cl.enqueue_copy(runtime.timeline.queue, memoryview(found), target)
    assert bytes(found) == b"\1\0\0\0" * 4
    with pytest.raises(RuntimeError, match=r"(?s)does not build.*undeclared"):
        programs.kernel(WRONG, "wrong")


def test_a_compiler_that_aborts_leaves_an_error(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, -6, b"")

    monkeypatch.setattr(trials.subprocess, "run", run)
    (device,) = default_backend().runtime.context.devices
    trials._tried.__wrapped__(device, "trial_of_wide_vectors", "", ())
    assert not trials.compiler_is_trusted(device)
    with pytest.raises(RuntimeError, match=r"aborts the process \(signal 6\)"):
        _programs().kernel(SOURCE, "nothing")


def test_what_only_compilers_read_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    binary = b"poclbin\0\x0b\0\0\0/program.bc\x02\0\0\0BC and a kernel"
    known, other = "OpenCL 3.0 PoCL 3.1+debian", "OpenCL 3.0 PoCL 5.0"
    monkeypatch.setenv("POCL_WORK_GROUP_SPECIALIZATION", "0")
    ready = ready_to_run(known, binary)
    assert b"program.bc" not in ready and len(ready) == len(binary)
    assert ready_to_run(other, binary) == binary
    monkeypatch.setenv("POCL_WORK_GROUP_SPECIALIZATION", "1")
    assert ready_to_run(known, binary) == binary


def test_loaded_programs_run_in_groups_of_every_size(cache: Path) -> None:
    assert _builds() == 1
    kernel = _programs().kernel(SOURCE, "nothing")
    context = default_backend().runtime.context
    queue = cl.CommandQueue(context)
    buffer = cl.Buffer(context, cl.mem_flags.READ_WRITE, 4 * 96)
    for size in (1, 3, 32):
        cl.enqueue_fill_buffer(queue, buffer, bytes(4), 0, 4 * 96)
        kernel(queue, (96,), (size,), buffer)
        found = bytearray(4 * 96)
        cl.enqueue_copy(queue, found, buffer)
        assert found == bytes([1, 0, 0, 0]) * 96
