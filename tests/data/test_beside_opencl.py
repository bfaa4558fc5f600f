"""Workers forked from a program that uses an OpenCL device."""

from __future__ import annotations

import multiprocessing

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import gnomon
from device import reference_only
from gnomon.utils.data import DataLoader, TensorDataset
from opencl.devices import default_backend

pytestmark = [
    reference_only("it opens the accelerator itself"),
    pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(),
        reason="processes cannot be forked",
    ),
]


def loader_of(device: str) -> DataLoader[object]:
    default_backend()
    images = gnomon.arange(8.0, device=device).view(4, 2)
    gnomon.ones(2, device="opencl").tolist()  # the device is in use when the worker is forked
    return DataLoader(TensorDataset(images), 2, num_workers=1, multiprocessing_context="fork")


def test_workers_read_data_on_the_cpu_for_a_program_that_computes_elsewhere() -> None:
    found = [(batch.to("opencl") + 1).tolist() for (batch,) in loader_of("cpu")]
    assert found == [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]


def test_a_worker_that_touches_the_device_says_so() -> None:
    with pytest.raises(RuntimeError, match="does not work in a process forked after its first"):
        next(iter(loader_of("opencl")))


def test_workers_make_tensors_on_the_cpu() -> None:
    default_backend()
    previous = gnomon.get_default_device()
    gnomon.set_default_device("opencl")
    try:
        loader = DataLoader(
            [1.5, 2.5], 2, shuffle=True, num_workers=1, multiprocessing_context="fork"
        )
        assert [str(batch.device) for batch in loader] == ["cpu"]
    finally:
        gnomon.set_default_device(previous)
