"""Device memory is pooled, limited, counted and never shared by accident."""

from __future__ import annotations

import gc
import resource
from collections.abc import Iterator

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import pyopencl as cl

import gnomon
from gnomon.backend import OutOfMemoryError
from gnomon.op.copying import transferred
from gnomon_opencl import public
from gnomon_opencl.backend import OpenCLBackend
from gnomon_opencl.memory import Pool, limit_of

from .devices import default_backend, with_traits_of_a_gpu

MEBIBYTE = 1 << 20


@pytest.fixture
def backend() -> Iterator[OpenCLBackend]:
    """The default device, with nothing in its pool that no tensor uses."""
    gc.collect()
    backend = default_backend()
    backend.empty_cache()
    yield backend
    backend.runtime.pool.set_limit(None, "")


def _hold(pool: Pool, nbytes: int) -> object:
    return pool.allocate(nbytes).buffer.pooled


def test_memory_is_pooled_and_counted(backend: OpenCLBackend) -> None:
    pool = backend.runtime.pool
    before = public.memory_stats()
    buffer = _hold(pool, MEBIBYTE)
    during = public.memory_stats()
    assert during.active_bytes - before.active_bytes == MEBIBYTE
    assert during.active_blocks - before.active_blocks == 1
    del buffer
    after = public.memory_stats()
    assert after.active_bytes == before.active_bytes and after.held_bytes >= MEBIBYTE
    assert after.active_peak >= during.active_bytes
    assert after.reserved_peak >= during.active_bytes + during.held_bytes
    # What blocks in use are rounded up by counts as held, and stays.
    assert public.empty_cache() == after.held_bytes - before.held_bytes
    assert pool.stats().held_bytes == before.held_bytes
    assert public.empty_cache() == 0
    alive = _hold(pool, MEBIBYTE)
    public.reset_peak_memory_stats()
    stats = public.memory_stats()
    assert stats.active_peak == stats.active_bytes >= MEBIBYTE
    del alive


def test_memory_that_no_kernel_touched_is_not_taken(backend: OpenCLBackend) -> None:
    before = public.memory_stats()
    memory = backend.allocate(MEBIBYTE)
    assert memory.nbytes == MEBIBYTE
    assert public.memory_stats().active_bytes == before.active_bytes


def test_many_small_tensors_do_not_grow_memory(backend: OpenCLBackend) -> None:
    pool = backend.runtime.pool
    sizes = [4, 100, 4096, 12_345]

    def churn(rounds: int) -> None:
        for _ in range(rounds):
            for size in sizes:
                _hold(pool, size)

    churn(1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    churn(50_000)
    assert pool.stats().held_blocks <= 2 * len(sizes)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096  # KiB


def test_transfers_are_counted(backend: OpenCLBackend) -> None:
    before = public.memory_stats()
    memory = backend.allocate(16)
    backend.write(memory, 4, memoryview(bytes(range(8))))
    assert bytes(backend.read(memory, 4, 8)) == bytes(range(8))
    with backend.lend(memory, 5, 2) as cells:
        assert bytes(cells) == b"\1\2"
    after = public.memory_stats()
    assert after.bytes_written - before.bytes_written == 8
    assert (after.reads - before.reads, after.bytes_read - before.bytes_read) == (2, 10)


def test_nothing_is_moved_for_nothing(backend: OpenCLBackend) -> None:
    before = public.memory_stats()
    memory = backend.allocate(0)
    backend.write(memory, 0, memoryview(b""))
    assert backend.read(memory, 0, 0).nbytes == 0
    with backend.lend(memory, 0, 0) as cells:
        assert cells.nbytes == 0
    assert backend.to_host(memory, 0, 0).cells("f").nbytes == 0
    after = public.memory_stats()
    assert (after.reads, after.writes) == (before.reads, before.writes)


def test_what_was_read_does_not_change_with_the_device(backend: OpenCLBackend) -> None:
    x = gnomon.tensor([1.0, 2.0, 3.0, 4.0]).to("opencl:0")
    whole, part = x.cpu(), x[1:3].cpu()
    x.add_(1)
    assert x.cpu().tolist() == [2.0, 3.0, 4.0, 5.0]
    assert whole.tolist() == [1.0, 2.0, 3.0, 4.0] and part.tolist() == [2.0, 3.0]
    whole.add_(10)
    assert x.cpu().tolist() == [2.0, 3.0, 4.0, 5.0]


def test_a_read_of_a_part_moves_that_part(backend: OpenCLBackend) -> None:
    x = gnomon.arange(1000.0, device="opencl:0")
    before = public.memory_stats().bytes_read
    assert x[10:20].cpu().tolist() == [float(k) for k in range(10, 20)]
    assert public.memory_stats().bytes_read - before == 40


def test_devices_copy_to_each_other(backend: OpenCLBackend) -> None:
    other = with_traits_of_a_gpu()
    x = gnomon.arange(6.0, device="opencl:0").view(2, 3).t()[1:]
    moved = transferred(x.operand, other)
    assert moved.storage.backend is other
    back = transferred(moved, backend)
    assert gnomon.Tensor.over(back).tolist() == [[1.0, 4.0], [2.0, 5.0]]
    x.add_(1)
    assert gnomon.Tensor.over(back).tolist() == [[1.0, 4.0], [2.0, 5.0]]


def test_too_large_an_allocation_names_the_limit(backend: OpenCLBackend) -> None:
    limit = backend.runtime.traits.max_allocation
    with pytest.raises(OutOfMemoryError, match=f"{limit + 1} bytes.*MAX_MEM_ALLOC_SIZE"):
        backend.allocate(limit + 1)


def test_a_limit_below_what_was_once_reserved_is_kept(backend: OpenCLBackend) -> None:
    pool = backend.runtime.pool
    _hold(pool, 8 * MEBIBYTE)
    backend.empty_cache()
    public.set_memory_limit(pool.stats().active_bytes + 2 * MEBIBYTE)
    with pytest.raises(OutOfMemoryError):
        _hold(pool, 4 * MEBIBYTE)


def test_a_limit_is_kept_and_what_is_unused_given_back_first(backend: OpenCLBackend) -> None:
    pool = backend.runtime.pool
    active = pool.stats().active_bytes
    public.set_memory_limit(active + 5 * MEBIBYTE)
    kept = _hold(pool, 2 * MEBIBYTE)
    _hold(pool, MEBIBYTE)  # goes back to the pool at once
    before = pool.stats()
    assert before.held_bytes >= MEBIBYTE and before.limit == active + 5 * MEBIBYTE
    also_kept = _hold(pool, 2 * MEBIBYTE)
    assert pool.stats().held_blocks == 0
    with pytest.raises(
        OutOfMemoryError,
        match=rf"has no {2 * MEBIBYTE} bytes left: tensors hold \d+ of {before.limit} bytes",
    ):
        _hold(pool, 2 * MEBIBYTE)
    after = pool.stats()
    assert (after.retries - before.retries, after.failures - before.failures) == (1, 1)
    del kept, also_kept
    assert _hold(pool, MEBIBYTE) is not None
    public.set_memory_limit(None)
    traits = backend.runtime.traits
    part = 80 if traits.unified_memory else 100
    assert pool.limit == int(traits.global_memory_bytes * part / 100)


def test_deferred_work_without_memory_is_an_error_and_the_rest_is_computed(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = backend.runtime.pool
    x = gnomon.ones(1000, device="opencl:0")
    backend.synchronize()

    def take(nbytes: int) -> object:
        if nbytes == 4 * 777:
            raise OutOfMemoryError("no bytes left")
        return Pool.take(pool, nbytes)

    with monkeypatch.context() as patched:
        patched.setattr(pool, "take", take)
        before = x + 1
        lost = x[:777] + 2
        x.add_(4)
        after = x * 2
        with pytest.raises(OutOfMemoryError, match=r"^no bytes left"):
            backend.synchronize()
    backend.synchronize()
    assert before[:2].tolist() == [2.0] * 2 and after[:2].tolist() == [10.0] * 2
    assert x[:2].tolist() == [5.0] * 2
    for use in (lost.cpu, lambda: (lost + 1).cpu()):
        with pytest.raises(OutOfMemoryError, match="was not computed: no bytes left"):
            use()
    assert (after * 2)[:2].tolist() == [20.0] * 2


def test_large_results_do_not_wait(backend: OpenCLBackend) -> None:
    x = gnomon.ones(MEBIBYTE // 4, device="opencl:0")
    backend.synchronize()
    pool = backend.runtime.pool
    public.set_memory_limit(pool.stats().active_bytes + 2 * MEBIBYTE)
    kept = [x + 1]
    with pytest.raises(OutOfMemoryError, match=r"has no \d+ bytes left"):
        kept.extend(x + k for k in range(9))
    assert kept[0][:2].tolist() == [2.0] * 2


def test_tensors_in_a_reference_cycle_are_freed_when_memory_is_short(
    backend: OpenCLBackend,
) -> None:
    pool = backend.runtime.pool
    public.set_memory_limit(pool.stats().active_bytes + 4 * MEBIBYTE)
    gc.disable()
    try:
        cycle: list[object] = [_hold(pool, 3 * MEBIBYTE)]
        cycle.append(cycle)
        del cycle
        assert _hold(pool, 3 * MEBIBYTE) is not None
    finally:
        gc.enable()


def test_a_driver_without_memory_names_sizes(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = backend.runtime.pool

    class Full:
        active_bytes, managed_bytes, held_blocks, active_blocks = 30, 40, 1, 1

        def allocate(self, size: int) -> None:
            raise cl.MemoryError("clCreateBuffer failed: MEM_OBJECT_ALLOCATION_FAILURE")

        def free_held(self) -> None:
            self.managed_bytes = 30

    monkeypatch.setattr(pool, "_pool", Full())
    with pytest.raises(OutOfMemoryError, match="has no 64 bytes left: tensors hold 30 of"):
        _hold(pool, 64)
    assert pool.stats().held_bytes == 0


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512", 512),
        ("2K", 2048),
        ("1.5 MiB", 3 << 19),
        ("2g", 2 << 30),
        ("50%", 500),
    ],
)
def test_sizes_may_have_units(text: str, size: int) -> None:
    assert limit_of(text, 1000, "limit") == size


@pytest.mark.parametrize("text", ["much", "-1", "12X", "%"])
def test_what_is_no_size_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=rf"limit: '{text}' is no size"):
        limit_of(text, 1000, "limit")


def test_a_limit_from_the_environment(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = backend.runtime
    monkeypatch.setenv("GNOMON_OPENCL_MEMORY_LIMIT", "3M")
    assert Pool(runtime.timeline, "opencl:98", runtime.traits).limit == 3 * MEBIBYTE
    monkeypatch.setenv("GNOMON_OPENCL_MEMORY_LIMIT", "much")
    with pytest.raises(RuntimeError, match="GNOMON_OPENCL_MEMORY_LIMIT: 'much' is no size"):
        Pool(runtime.timeline, "opencl:98", runtime.traits)


def test_a_device_is_given_by_index_or_name(backend: OpenCLBackend) -> None:
    for device in (None, 0, "opencl", "opencl:0", gnomon.device("opencl:0")):
        assert public.get_device_name(device) == public.get_device_name()
        public.synchronize(device)
    assert public.is_available() and public.device_count() >= 1
    with pytest.raises(ValueError, match="cpu is no OpenCL device"):
        public.memory_stats("cpu")
    with pytest.raises(RuntimeError, match="opencl:77 does not exist"):
        public.memory_stats(77)


@pytest.mark.parametrize("nbytes", [64, 1 << 16, (1 << 16) + 1])
def test_what_was_written_may_change_at_once(backend: OpenCLBackend, nbytes: int) -> None:
    memory = backend.allocate(nbytes)
    data = bytearray(nbytes)
    # More copies than are left under way, each of bytes that are something else already.
    for turn in range(300):
        data[:] = bytes([turn % 251]) * nbytes
        backend.write(memory, 0, memoryview(data))
        data[:] = b"\xff" * nbytes
    assert bytes(backend.read(memory, 0, nbytes)) == bytes([299 % 251]) * nbytes
