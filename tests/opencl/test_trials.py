"""Compilers may abort: they are tried in a process of their own."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")


from gnomon.backend import float32
from gnomon_opencl import (
    drivers,
    provider,
    trial_of_long_vectors,
    trial_of_wide_elements,
    trials,
)
from gnomon_opencl.drivers import announce_installed_drivers, patient_threads, set_up_pocl
from gnomon_opencl.kernels import tiles

from .devices import default_backend, wait_for_trials

Ended = list[tuple[int, str]]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Ended]:
    """Return how trials end from now on, the last first, none of them known before."""
    default_backend()
    endings: Ended = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        status, words = endings.pop()
        return subprocess.CompletedProcess(command, status, words.encode())

    monkeypatch.setenv("GNOMON_CACHE_DIR", str(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(trials.subprocess, "run", run)
        yield endings
    trials._tried.cache_clear()


PRODUCT = ("float", 6, 4, 16, False, False, False)


@pytest.mark.parametrize(("status", "safe"), ((0, True), (3, False), (-6, False)))
def test_the_outcome_is_kept(ended: Ended, status: int, safe: bool) -> None:
    (device,) = default_backend().runtime.context.devices
    ended.append((status, ""))
    # The second time finds the first's outcome: there is no other ending.
    for _ in range(2):
        trials._tried.cache_clear()
        assert trials.wide_vectors_are_safe(device, *PRODUCT) is safe


@pytest.mark.parametrize("status", [1, 2, -2, -9])
def test_what_ended_a_trial_from_outside_is_not_held_against_the_device(
    ended: Ended, tmp_path: Path, status: int
) -> None:
    (device,) = default_backend().runtime.context.devices
    ended += [(0, ""), (status, "")]
    trials._tried.cache_clear()
    assert not trials.wide_vectors_are_safe(device, *PRODUCT)
    assert trials.compiler_is_trusted(device)
    trials._tried.cache_clear()
    assert trials.wide_vectors_are_safe(device, *PRODUCT)


def test_threads_that_ask_for_the_same_trial_wait_for_one(ended: Ended) -> None:
    (device,) = default_backend().runtime.context.devices
    ended.append((0, ""))  # a second trial would find no ending
    trials._tried.cache_clear()
    trials.begin_wide_vectors(device, [PRODUCT] * 4)
    assert trials.wide_vectors_are_safe(device, *PRODUCT)
    wait_for_trials()
    assert not ended


def test_what_begins_is_what_products_of_floats_ask_for(
    ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[object, ...]] = []
    asked: list[tuple[object, ...]] = []

    def safe(_: object, *product: object) -> bool:
        asked.append(product)
        return True

    backend = default_backend()
    runtime = backend.runtime
    traits = replace(runtime.traits, is_processor=True, register_bytes=64)
    monkeypatch.setattr(runtime, "traits", traits)
    monkeypatch.setattr(tiles, "begin_wide_vectors", lambda _, products: begun.extend(products))
    monkeypatch.setattr(tiles, "wide_vectors_are_safe", safe)
    tiles.begin_trials(runtime)
    tile = tiles.fitting(float32, True, 512, 512, 512)
    # What was found out of this device with its own registers is remembered.
    monkeypatch.setattr(tiles, "_has_wide_vectors", tiles._has_wide_vectors.__wrapped__)
    tiles._has_wide_vectors(runtime)
    for is_direct in (False, True):
        tiles.runs_wide.__wrapped__(runtime, float32, tile, tiles.Form(is_direct=is_direct))
    assert set(begun) == set(asked)


def test_a_damaged_outcome_is_tried_again(ended: Ended, tmp_path: Path) -> None:
    (device,) = default_backend().runtime.context.devices
    ended += [(0, ""), (3, "")]
    trials._tried.cache_clear()
    assert not trials.wide_vectors_are_safe(device, *PRODUCT)
    (kept,) = (tmp_path / "opencl").iterdir()
    kept.write_bytes(b"\xff")
    trials._tried.cache_clear()
    assert trials.wide_vectors_are_safe(device, *PRODUCT)


def test_a_compiler_that_works_passes_its_trial() -> None:
    (device,) = default_backend().runtime.context.devices
    number = trials.all_devices().index(device)
    command = [sys.executable, "-m", "gnomon_opencl.trial_of_compiler", str(number)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(command, env=environment, check=False).returncode == 0


@pytest.mark.parametrize(
    ("trial", "right", "wrong"),
    [
        (trial_of_long_vectors, "vstore8(v, 0, y);", "vstore8(v + 1, 0, y);"),
        (trial_of_wide_elements, "x", "x * 1.001f"),
        (trial_of_wide_elements, "exp(log(x))", "no function(x)"),
    ],
)
def test_trials_of_vectors_tell_right_from_wrong(
    trial: ModuleType, right: str, wrong: str
) -> None:
    context = default_backend().runtime.context
    (device,) = context.devices
    with warnings.catch_warnings(action="ignore"):
        assert trial.is_right(context, device, right)
        assert not trial.is_right(context, device, wrong)


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        (3, "BUILD_PROGRAM_FAILURE", "BUILD_PROGRAM_FAILURE"),
        (-6, "", r"aborts the process \(signal 6\)"),
        (2, "", "ends the process with status 2"),
    ],
)
def test_a_device_whose_compiler_fails_is_last_and_says_so(
    ended: Ended, monkeypatch: pytest.MonkeyPatch, status: int, words: str, reason: str
) -> None:
    devices = trials.all_devices()
    ended += [(status, words), *[(0, "")] * (len(devices) - 1)]
    trials._tried.cache_clear()
    for device in devices[1:]:
        trials.compiler_works(device)
    found = provider._devices.__wrapped__()
    assert found[-1] == devices[0]
    monkeypatch.setattr(provider, "_devices", lambda: found)
    with pytest.raises(RuntimeError, match=f"runs no kernels: .*{reason}.*Update its driver"):
        provider.opened.__wrapped__(len(found) - 1)
    assert "DOES NOT WORK" in provider.Provider().describe(len(found) - 1)


def test_a_driver_that_pip_installed_is_announced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GNOMON_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("OCL_ICD_VENDORS", "")  # so that it is put back at the end
    monkeypatch.delenv("OCL_ICD_VENDORS")
    system = tmp_path / "vendors"
    (tmp_path / "lib").mkdir()
    system.mkdir()
    (system / "card.icd").write_text("libcard.so\n")
    announce_installed_drivers(str(tmp_path), system)
    assert "OCL_ICD_VENDORS" not in os.environ
    library = tmp_path / "lib" / "libintelocl.so"
    library.touch()
    announce_installed_drivers(str(tmp_path), system)
    announced = {path.name: path.read_text() for path in _vendors().iterdir()}
    assert announced == {"card.icd": "libcard.so\n", "gnomon-intel.icd": f"{library}\n"}
    monkeypatch.setenv("OCL_ICD_VENDORS", "chosen")
    announce_installed_drivers(str(tmp_path), system)
    assert os.environ["OCL_ICD_VENDORS"] == "chosen"


def _vendors() -> Path:
    return Path(os.environ["OCL_ICD_VENDORS"])


@pytest.mark.parametrize(
    ("given", "cores", "found"),
    [
        ({}, 4, "1"),
        ({}, 3, None),  # PoCL's first threads would have cores that the process may not use
        ({"POCL_MAX_PTHREAD_COUNT": "2"}, 4, None),
        ({"POCL_AFFINITY": "0"}, 4, "0"),
        ({"PYTEST_XDIST_WORKER": "gw0"}, 4, None),
    ],
)
def test_each_thread_of_pocl_gets_a_core_if_there_are_as_many(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], cores: int, found: str | None
) -> None:
    pocl = ("POCL_AFFINITY", "POCL_MAX_PTHREAD_COUNT", "POCL_WORK_GROUP_SPECIALIZATION")
    for name in (*pocl, "GNOMON_OPENCL_BOUND", "PYTEST_XDIST_WORKER"):
        monkeypatch.setenv(name, "")  # so that it is put back at the end
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    set_up_pocl()
    assert os.environ.get("POCL_AFFINITY") == found
    assert os.environ["POCL_WORK_GROUP_SPECIALIZATION"] == "0"


@pytest.mark.parametrize(
    ("affinity", "by_parent", "found"),
    [("1", "1", None), ("1", None, "1"), ("0", "1", "0"), (None, "1", None)],
)
def test_threads_of_processes_of_a_pool_share_the_cores(
    monkeypatch: pytest.MonkeyPatch,
    affinity: str | None,
    by_parent: str | None,
    found: str | None,
) -> None:
    given = {"POCL_AFFINITY": affinity, "GNOMON_OPENCL_BOUND": by_parent}
    for name in (*given, "POCL_MAX_PTHREAD_COUNT", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(_affinity_of_pocl).result() == found


def _affinity_of_pocl() -> str | None:
    set_up_pocl()
    return os.environ.get("POCL_AFFINITY")


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="this system has no such policy")
def test_threads_of_a_driver_do_not_interrupt_the_program() -> None:
    policies = []

    def look() -> None:
        policies.append(os.sched_getscheduler(threading.get_native_id()))

    for context in (patient_threads(), nullcontext()):
        with context:
            thread = threading.Thread(target=look)
            thread.start()
        thread.join()
    assert policies == [os.SCHED_BATCH, os.SCHED_OTHER]
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


_BEFORE = "movbe f16c abm bmi1 avx2 bmi2 fma"
_WIDE = f"{_BEFORE} avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    ("flags", "processor"),
    [
        ("sse2 avx", None),
        (_BEFORE, "haswell"),
        (f"{_BEFORE} avx512f", "haswell"),
        (_WIDE, "skylake-avx512"),
    ],
)
def test_pocl_3_0_compiles_kernels_for_the_processor_of_its_library(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    flags: str,
    processor: str | None,
) -> None:
    about = tmp_path / "cpuinfo"
    about.write_text(f"model name\t: a processor\nflags\t\t: {flags}\nbugs\t\t: avx\n")
    monkeypatch.setattr(drivers, "_PROCESSOR", about)
    monkeypatch.setattr(drivers.platform, "machine", lambda: "x86_64")
    text, plain, other = "void f() {}", "OpenCL 3.0 PoCL 3.0-rc2", "OpenCL 3.0 PoCL 3.1"
    drivers._library_processor.cache_clear()
    try:
        placed = drivers.text_for(plain, text)
        assert (placed == text) == (processor is None)
        assert processor is None or f'"arch={processor}"' in placed
        assert text in placed
        assert drivers.text_for(other, text) == text
        # It refuses kernels that fetch ahead.
        assert "FETCH" in drivers.text_for("OpenCL 1.2 (Oclgrind 21.10)", text)
    finally:
        drivers._library_processor.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux shows a process its own memory")
@pytest.mark.parametrize(
    ("driver", "names", "found"),
    [
        ("OpenCL 3.0 PoCL 3.0-rc2", [b"generic"], [b"haswell"]),
        ("OpenCL 3.0 PoCL 3.0-rc2", [b"znver3"], [b"znver3"]),
        ("OpenCL 3.0 PoCL 3.0-rc2", [b"generic", b"generic"], [b"generic", b"generic"]),
        ("OpenCL 3.0 PoCL 3.1", [b"generic"], [b"generic"]),
    ],
)
def test_pocl_3_0_is_told_of_a_processor_that_it_does_not_know(
    monkeypatch: pytest.MonkeyPatch, driver: str, names: list[bytes], found: list[bytes]
) -> None:
    """PoCL's record of a device holds numbers and texts of any kind, and places of nothing."""
    monkeypatch.setattr(drivers, "_library_processor", lambda: "haswell")
    held = (ctypes.c_void_p * drivers._RECORD_BYTES)()
    texts = [ctypes.create_string_buffer(name) for name in names]
    held[0], held[1], held[2] = 1, None, 2**64 - 1
    for index, text in enumerate(texts):
        held[3 + index] = ctypes.addressof(text)
    drivers.name_processor(driver, ctypes.addressof(held))
    assert [ctypes.string_at(held[3 + index] or 0) for index in range(len(names))] == found
    assert [text.value for text in texts] == names, "a text of another's was written to"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux shows a process its own memory")
def test_a_sandbox_may_hide_the_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(drivers, "_library_processor", lambda: "haswell")
    monkeypatch.setattr(drivers, "_OWN_MEMORY", tmp_path / "hidden")
    text = ctypes.create_string_buffer(b"generic")
    held = (ctypes.c_void_p * drivers._RECORD_BYTES)(ctypes.addressof(text))
    drivers.name_processor("OpenCL 3.0 PoCL 3.0-rc2", ctypes.addressof(held))
    assert held[0] == ctypes.addressof(text)
