"""Workers end with their loader, say how they failed, and keep to what they were told."""

# ruff: noqa: ANN401  # options and batches may be anything

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gnomon
from device import reference_only
from gnomon.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

REFERENCE = str(Path(gnomon.__file__).parent.parent)
PATIENCE = 20.0

pytestmark = [
    reference_only("drivers do not work in the worker processes that are forked"),
    pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(),
        reason="the datasets here are local to a test, which only forked workers can have",
    ),
]


class Squares(Dataset[int]):
    def __init__(self, length: int = 4) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int, /) -> int:
        return index * index


class Pids(Squares):
    def __getitem__(self, index: int, /) -> int:
        return os.getpid()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return False
    return state[0] != "Z"


def wait_until_gone(pids: list[int]) -> list[int]:
    """Return those of the processes that are still there after a while."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and any(map(is_running, pids)):
        time.sleep(0.02)
    return [pid for pid in pids if is_running(pid)]


def forked(dataset: object, **options: Any) -> DataLoader[Any]:
    """Return a loader of single samples from forked workers."""
    return DataLoader(dataset, None, multiprocessing_context="fork", **options)


def pids_of(loader: DataLoader[Any]) -> list[int]:
    return sorted({int(str(pid)) for pid in loader})


def test_workers_end_with_the_epoch() -> None:
    pids = pids_of(forked(Pids(), num_workers=2))
    assert len(pids) == 2 and os.getpid() not in pids
    assert multiprocessing.active_children() == []


def test_workers_end_with_an_abandoned_iterator() -> None:
    loader = forked(Pids(100), num_workers=2)
    for _ in loader:
        break
    assert multiprocessing.active_children() == []


def test_persistent_workers_are_the_same_in_every_epoch_and_end_with_the_loader() -> None:
    loader = forked(Pids(), num_workers=2, persistent_workers=True)
    first = pids_of(loader)
    next(iter(loader))
    assert pids_of(loader) == first
    assert all(map(is_running, first))
    del loader
    assert multiprocessing.active_children() == []


def test_a_slow_worker_of_an_abandoned_iterator_is_not_waited_for_long() -> None:
    class Slow(Squares):
        def __getitem__(self, index: int, /) -> int:
            time.sleep(0.3 if index else 0.0)
            return index

    loader = forked(Slow(50), num_workers=1, prefetch_factor=20)
    started = time.monotonic()
    assert next(iter(loader)) == 0
    assert time.monotonic() - started < 3.0


def test_a_worker_that_is_killed_is_reported() -> None:
    class Deadly(Squares):
        def __getitem__(self, index: int, /) -> int:
            if index == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return index

    loader = forked(Deadly(), num_workers=2)
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid \d+\) .*SIGKILL"):
        list(loader)
    assert multiprocessing.active_children() == []


def test_workers_end_with_an_error_that_is_handled() -> None:
    class Broken(Squares):
        def __getitem__(self, index: int, /) -> int:
            raise ValueError("no")

    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(ValueError):
            list(forked(Broken(), num_workers=2))
        assert multiprocessing.active_children() == []
    finally:
        gc.enable()


def test_a_loader_whose_workers_are_gone_starts_others(tmp_path: Path) -> None:
    trigger = tmp_path / "trigger"
    trigger.touch()

    class DeadlyOnce(Squares):
        def __getitem__(self, index: int, /) -> int:
            if index == 2 and trigger.exists():
                trigger.unlink()
                os._exit(1)
            return index

    loader = forked(DeadlyOnce(), num_workers=2, persistent_workers=True)
    batches = iter(loader)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(batches)
    with pytest.raises(RuntimeError, match="Iterate the loader anew"):
        next(batches)
    assert list(loader) == list(loader) == [0, 1, 2, 3]


def test_a_worker_that_exits_is_reported() -> None:
    class Leaving(Squares):
        def __getitem__(self, index: int, /) -> int:
            if index == 1:
                os._exit(7)
            return index

    loader = forked(Leaving(), num_workers=2)
    with pytest.raises(RuntimeError, match=r"exited unexpectedly, with exit code 7"):
        list(loader)


def test_a_batch_that_does_not_come_in_time_is_an_error() -> None:
    class Slow(Squares):
        def __getitem__(self, index: int, /) -> int:
            time.sleep(1)
            return index

    loader = forked(Slow(), num_workers=1, timeout=0.1)
    with pytest.raises(RuntimeError, match=r"timed out after 0.1 seconds"):
        next(iter(loader))


def test_a_batch_that_cannot_be_sent_is_an_error_of_its_worker() -> None:
    loader = forked(Squares(), num_workers=1, collate_fn=lambda sample: lambda: sample)
    with pytest.raises(Exception, match="in DataLoader worker process 0"):
        next(iter(loader))


def test_an_error_whose_class_cannot_be_sent_is_a_runtime_error() -> None:
    class Own(Exception):
        pass

    class Broken(Squares):
        def __getitem__(self, index: int, /) -> int:
            raise Own("mine")

    loader = forked(Broken(), num_workers=1)
    with pytest.raises(RuntimeError, match=r"Caught Own in DataLoader worker(.|\n)*Own: mine"):
        next(iter(loader))


def test_batches_come_as_they_are_finished_when_order_does_not_matter() -> None:
    class Uneven(Squares):
        def __getitem__(self, index: int, /) -> int:
            info = get_worker_info()
            time.sleep(0.4 if info is not None and info.id == 0 else 0.0)
            return index

    loader = forked(Uneven(6), num_workers=2, in_order=False)
    found = list(loader)
    assert found[0] == 1 and sorted(map(str, found)) == list("012345")


def test_an_iterable_dataset_without_order() -> None:
    class Endings(IterableDataset[int]):
        def __iter__(self) -> Iterator[int]:
            info = get_worker_info()
            return iter(range(3 if info is not None and info.id else 1))

    loader = forked(Endings(), num_workers=2, in_order=False)
    assert sorted(map(str, loader)) == ["0", "0", "1", "2"]


def test_a_later_loader_does_not_keep_the_workers_of_an_earlier_one_alive() -> None:
    loaders = [forked(Pids(), num_workers=1, persistent_workers=True) for _ in range(2)]
    (first,), (second,) = map(pids_of, loaders)
    del loaders[0]
    assert wait_until_gone([first]) == []
    assert is_running(second) and pids_of(loaders[0]) == [second]


def test_large_batches_and_large_lists_of_indices_do_not_block_each_other() -> None:
    class Large(Squares):
        def __getitems__(self, indices: list[int]) -> list[bytes]:
            return [bytes(1_000_000)]

    batches = [list(range(100_000))] * 6
    loader = DataLoader(
        Large(),
        batch_sampler=batches,
        num_workers=2,
        collate_fn=len,
        multiprocessing_context="fork",
    )
    assert list(loader) == [1] * 6


def test_tensors_of_a_worker_keep_what_they_share() -> None:
    class Sharing(Dataset[tuple[gnomon.Tensor, gnomon.Tensor]]):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int, /) -> tuple[gnomon.Tensor, gnomon.Tensor]:
            base = gnomon.arange(6).view(2, 3)
            return base, base.t()

    loader = forked(Sharing(), num_workers=1, collate_fn=tuple)
    ((base, turned),) = loader
    base[0, 1] = 9
    assert turned[1, 0] == 9 and turned.stride() == (1, 3)


SPAWNED = """
import gnomon as torch
from torch_free_dataset import Own
from gnomon.utils.data import DataLoader

if __name__ == "__main__":
    torch.manual_seed(1)
    loader = DataLoader(Own(), 2, num_workers=2, multiprocessing_context="spawn")
    print([batch.tolist() for batch in loader])
"""


def run(program: str, folder: Path, **options: object) -> str:
    (folder / "program.py").write_text(program, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{REFERENCE}{os.pathsep}{folder}"}
    command = [sys.executable, str(folder / "program.py")]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout


def test_spawned_workers(tmp_path: Path) -> None:
    dataset = (
        "import gnomon\n"
        "class Own(gnomon.utils.data.Dataset):\n"
        "    def __len__(self): return 3\n"
        "    def __getitem__(self, index): return index + gnomon.initial_seed() % 2\n"
    )
    (tmp_path / "torch_free_dataset.py").write_text(dataset, encoding="utf-8")
    found = run(SPAWNED, tmp_path)
    gnomon.manual_seed(1)
    seed = gnomon.empty((), dtype=gnomon.int64).random_().item()
    assert found == f"{[[seed % 2, 1 + seed % 2], [2 + (seed + 1) % 2]]}\n"


ENDLESS = """
import os, sys, time
import gnomon as torch
from gnomon.utils.data import DataLoader

class Pids(torch.utils.data.Dataset):
    def __len__(self): return 1000
    def __getitem__(self, index):
        if index >= 4: time.sleep(1000)
        return os.getpid()

loader = DataLoader(
    Pids(), None, num_workers=2, persistent_workers=True, multiprocessing_context="fork"
)
print(*{pid for _, pid in zip(range(4), loader)}, flush=True)
"""


def started(program: str, folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """Start ``program``, which prints the process ids of its workers; return these."""
    (folder / "program.py").write_text(program, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(folder / "program.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": REFERENCE},
        start_new_session=True,
    )
    assert process.stdout is not None
    return process, [int(pid) for pid in process.stdout.readline().split()]


@pytest.mark.parametrize("last", ["list(loader)", "time.sleep(1000)"])
def test_an_interrupt_ends_program_and_workers(last: str, tmp_path: Path) -> None:
    process, pids = started(ENDLESS + last, tmp_path)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert len(pids) == 2 and wait_until_gone(pids) == []
    assert errors.count("Traceback") == 1 and errors.endswith("KeyboardInterrupt\n"), errors


def test_a_program_that_is_killed_leaves_no_worker(tmp_path: Path) -> None:
    process, pids = started(ENDLESS + "time.sleep(1000)", tmp_path)
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert len(pids) == 2 and wait_until_gone(pids) == []


def test_a_program_that_ends_in_the_midst_of_an_epoch_leaves_no_worker(tmp_path: Path) -> None:
    process, pids = started(ENDLESS, tmp_path)
    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert wait_until_gone(pids) == []
